//! What is recorded of a path, and of the rest of a referrer.

use std::borrow::Cow;

use super::{
    query::is_secret,
    shape::{Shape, TOKEN, shape},
};
use crate::{config::PathPolicy, request::split};

/// What stands in a secret's place.
pub(super) const HIDDEN: &[u8] = b"***";

/// What `policy` leaves of a path, or of an address from its path on: segments that look like e-mail addresses,
/// tokens or ids give way to what they are, and the values of parameters of secret names (`;jsessionid=…`) to
/// [`HIDDEN`]. It allocates only if there is something to hide.
pub(super) fn recorded(path: &[u8], policy: PathPolicy) -> Cow<'_, [u8]> {
    let least = match policy {
        PathPolicy::Full => return Cow::Borrowed(path),
        PathPolicy::Redacted if is_harmless(path) => return Cow::Borrowed(path),
        PathPolicy::Redacted => Shape::Token,
        PathPolicy::Anonymous | PathPolicy::Route => Shape::Id,
    };
    without_shapes(path, least)
}

#[inline(never)] // As most paths show at once that there is nothing to hide.
fn without_shapes(path: &[u8], least: Shape) -> Cow<'_, [u8]> {
    let telling = |segment: &[u8]| shape(segment).filter(|&shape| shape >= least);
    if !split(path, b'/').any(|segment| telling(segment).is_some() || has_secret(segment)) {
        return Cow::Borrowed(path);
    }
    let mut out = Vec::with_capacity(path.len());
    for (n, segment) in split(path, b'/').enumerate() {
        if n > 0 {
            out.push(b'/');
        }
        // Secrets go first, so that what is left looks the same when it comes back.
        let segment = without_secrets(segment);
        out.extend_from_slice(match telling(&segment) {
            Some(Shape::Email) => b":email",
            Some(Shape::Token) => b":token",
            Some(Shape::Id) => b":id",
            None => &segment,
        });
    }
    Cow::Owned(out)
}

/// Whether it shows at once that no segment is an e-mail address or a token and has no parameters.
fn is_harmless(path: &[u8]) -> bool {
    if memchr::memchr3(b'@', b'%', b';', path).is_some() {
        return false;
    }
    let may_be_token = |piece: &[u8]| piece.len() >= TOKEN && may_have_figure(piece);
    !may_be_token(path) || !split(path, b'/').any(may_be_token)
}

/// Whether there may be a figure, without which nothing is a token.
fn may_have_figure(piece: &[u8]) -> bool {
    const EACH: u64 = u64::from_ne_bytes([1; 8]);
    // Eight bytes at a time: those that have a figure's high half, which are few others.
    let has_some = |word: &[u8; 8]| {
        let halves = (u64::from_ne_bytes(*word) ^ (0x30 * EACH)) & (0xf0 * EACH);
        halves.wrapping_sub(EACH) & !halves & (0x80 * EACH) != 0
    };
    let (words, rest) = piece.as_chunks::<8>();
    words.iter().any(has_some) || rest.iter().any(u8::is_ascii_digit)
}

/// Where the value of a parameter begins whose name is a secret's.
fn secret_value(parameter: &[u8]) -> Option<usize> {
    let equals = memchr::memchr(b'=', parameter)?;
    is_secret(&parameter[..equals]).then_some(equals + 1)
}

fn has_secret(segment: &[u8]) -> bool {
    split(segment, b';').skip(1).any(|parameter| secret_value(parameter).is_some())
}

fn without_secrets(segment: &[u8]) -> Cow<'_, [u8]> {
    if !has_secret(segment) {
        return Cow::Borrowed(segment);
    }
    let mut out = Vec::with_capacity(segment.len());
    for (n, parameter) in split(segment, b';').enumerate() {
        if n > 0 {
            out.push(b';');
        }
        match secret_value(parameter).filter(|_| n > 0) {
            Some(value) => {
                out.extend_from_slice(&parameter[..value]);
                out.extend_from_slice(HIDDEN);
            }
            None => out.extend_from_slice(parameter),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
#[path = "path_test.rs"]
mod test;
