//! One spelling for all paths that mean the same: `track.canonical`.
//!
//! In this order (RFC 3986 §6.2.2, and what servers do beyond it):
//!
//! 1. Escapes of letters, figures, `-`, `.`, `_` and `~` are decoded, once; the others have capitals; broken ones
//!    stay as they are, and so does what would complete one.
//! 2. What may not stand in a path as it is (RFC 3986 §3.3: blanks, controls, bytes beyond ASCII and the signs
//!    `"<>\^` and `` `{|} ``) is escaped.
//! 3. Empty segments are left out (`//`), and dot segments resolved; the path ends with a slash if it did, or if a dot
//!    segment ended it.
//!
//! Case and a slash at the end are left alone: they may make another page. A path that begins with no slash is left
//! alone, too.

use std::borrow::Cow;

use super::shape::hex;
use crate::request::split;

/// The one spelling of `path`. It allocates only if it does not show at once that it is this.
pub(super) fn canonical(path: &[u8]) -> Cow<'_, [u8]> {
    if !path.starts_with(b"/") || is_canonical(path) {
        return Cow::Borrowed(path);
    }
    Cow::Owned(without_dots(&respelt(path)))
}

/// Whether it shows at once that there is nothing to do. Most paths end here.
fn is_canonical(path: &[u8]) -> bool {
    let mut before = 0;
    path.iter().all(|&byte| {
        let is_plain = byte != b'%' && is_allowed(byte);
        let ends_segment = before == b'/' && matches!(byte, b'/' | b'.');
        before = byte;
        is_plain && !ends_segment
    })
}

fn is_allowed(byte: u8) -> bool {
    matches!(byte, 0x21..=0x7e) && !b"\"<>\\^`{|}".contains(&byte)
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

fn respelt(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::<u8>::with_capacity(path.len() + 16);
    let (mut rest, mut broken) = (path, None);
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match after.split_first_chunk::<2>() {
            Some((&[high, low], beyond)) if byte == b'%' => {
                if let (Some(first), Some(second)) = (hex(high), hex(low)) {
                    rest = beyond;
                    let decoded = first << 4 | second;
                    // Of a broken one, as far as it goes: what is beyond a slash may be hidden next time.
                    let has_begun = broken.is_some_and(|at| match &out[at + 1..] {
                        [] => true,
                        [digit] => digit.is_ascii_hexdigit(),
                        _ => false,
                    });
                    let completes = decoded.is_ascii_hexdigit() && has_begun;
                    if is_unreserved(decoded) && !completes {
                        out.push(decoded)
                    } else {
                        escape(decoded, &mut out)
                    }
                } else {
                    broken = Some(out.len());
                    out.push(byte);
                }
            }
            _ if is_allowed(byte) => {
                if byte == b'%' {
                    broken = Some(out.len());
                }
                out.push(byte);
            }
            _ => escape(byte, &mut out),
        }
    }
    out
}

fn escape(byte: u8, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.extend([b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
}

/// `path`, which begins with a slash, without dot segments and empty ones.
fn without_dots(path: &[u8]) -> Vec<u8> {
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut is_open = false;
    for segment in split(path, b'/').skip(1) {
        is_open = matches!(segment, b"" | b"." | b"..");
        match segment {
            b"" | b"." => {}
            b".." => drop(kept.pop()),
            segment => kept.push(segment),
        }
    }
    let mut out = Vec::with_capacity(path.len());
    for segment in &kept {
        out.push(b'/');
        out.extend_from_slice(segment);
    }
    if is_open {
        out.push(b'/');
    }
    out
}

#[cfg(test)]
#[path = "canonical_test.rs"]
mod test;
