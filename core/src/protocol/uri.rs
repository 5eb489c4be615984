//! Addresses as RFC 3986 has them, for receivers that read them: what it does not allow is percent-encoded.

use std::ops::Range;

use memchr::{memchr3, memmem};

use super::common;
use crate::hit::Hit;

/// An address in pieces, at most `max` bytes of it. No piece continues the escape of the one before.
pub(super) struct Uri<'a, const N: usize> {
    pub(super) pieces: [&'a [u8]; N],
    pub(super) max: usize,
}

impl<const N: usize> Uri<'_, N> {
    /// Appends it: printable ASCII without quotation marks and backslashes. It is cut between two escapes.
    pub(super) fn push_to(&self, out: &mut Vec<u8>) {
        let mut left = self.max;
        for piece in self.pieces {
            if piece.len() <= left && is_plain(piece) {
                out.extend_from_slice(piece);
                left -= piece.len();
            } else if !push_encoded(piece, &mut left, out) {
                return;
            }
        }
    }
}

/// Whether all of the piece fitted.
#[cold]
fn push_encoded(piece: &[u8], left: &mut usize, out: &mut Vec<u8>) -> bool {
    let mut rest = piece;
    while let Some((&byte, after)) = rest.split_first() {
        let escape;
        let (unit, next): (&[u8], _) = if begins_escape(byte, after) {
            (&rest[..3], &after[2..])
        } else if byte != b'%' && is_allowed(byte) {
            (&rest[..1], after)
        } else {
            escape = percent_encoding::percent_encode_byte(byte);
            (escape.as_bytes(), after)
        };
        let Some(room) = left.checked_sub(unit.len()) else {
            return false;
        };
        out.extend_from_slice(unit);
        (*left, rest) = (room, next);
    }
    true
}

fn begins_escape(byte: u8, after: &[u8]) -> bool {
    byte == b'%' && after.iter().take(2).filter(|b| b.is_ascii_hexdigit()).count() == 2
}

/// The longest beginning of `piece` of which at most `max` bytes are written.
pub(super) fn first_written(piece: &[u8], max: usize) -> &[u8] {
    // No byte becomes more than an escape.
    if piece.len() <= max / 3 { piece } else { cut(piece, max) }
}

#[cold]
fn cut(piece: &[u8], max: usize) -> &[u8] {
    let (mut left, mut rest) = (max, piece);
    while let Some((&byte, after)) = rest.split_first() {
        let (length, next) = match byte {
            b'%' if begins_escape(byte, after) => (3, &after[2..]),
            byte if byte != b'%' && is_allowed(byte) => (1, after),
            _ => (3, after),
        };
        let Some(room) = left.checked_sub(length) else {
            break;
        };
        (left, rest) = (room, next);
    }
    &piece[..piece.len() - rest.len()]
}

fn is_plain(piece: &[u8]) -> bool {
    // Without a way out of the loop, which looks at many bytes at once.
    piece.iter().fold(true, |plain, &byte| plain & is_allowed(byte)) && has_whole_escapes(piece)
}

fn has_whole_escapes(piece: &[u8]) -> bool {
    memchr::memchr_iter(b'%', piece)
        .all(|at| piece[at..].get(1..3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)))
}

/// Whether a byte may stand in an address as it is: unreserved, or a delimiter other than `#`, which would begin a
/// fragment; `%` begins an escape.
const fn is_allowed(byte: u8) -> bool {
    ALLOWED[byte as usize]
}

const ALLOWED: [bool; 256] = {
    let (mut allowed, mut byte) = ([false; 256], 0);
    while byte < 256 {
        allowed[byte] = (byte as u8).is_ascii_graphic();
        byte += 1;
    }
    let (refused, mut n) = (b"\"#<>\\^`{|}", 0);
    while n < refused.len() {
        allowed[refused[n] as usize] = false;
        n += 1;
    }
    allowed
};

/// The address of the page that `hit` is about; none of an event outside a page.
pub(super) fn page(hit: &Hit) -> Option<Uri<'_, 5>> {
    if hit.site().is_empty() || hit.path().is_empty() {
        return None;
    }
    Some(Uri { pieces: common::page(hit), max: MAX })
}

/// The path of the page.
pub(super) fn path(hit: &Hit) -> Uri<'_, 1> {
    Uri { pieces: [hit.path()], max: MAX }
}

/// A page's referrer, if it is an http or https address of a host that can be one: another could not be read.
pub(super) fn referrer(hit: &Hit) -> Option<Uri<'_, 1>> {
    let referrer = hit.referrer();
    referrer_host(referrer).map(|_| Uri { pieces: [referrer], max: MAX })
}

/// The host of `referrer`, without its port.
pub(super) fn referrer_host(referrer: &[u8]) -> Option<&str> {
    let authority = authority(referrer)?;
    let (host, port) = match memchr::memchr(b':', &referrer[authority.clone()]) {
        Some(colon) => {
            let colon = authority.start + colon;
            (&referrer[authority.start..colon], &referrer[colon + 1..authority.end])
        }
        None => (&referrer[authority], &b""[..]),
    };
    let is_host = !host.is_empty()
        && host.len() <= 255
        && host.iter().all(|&b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-' || b == b'_');
    let is_port = port.len() <= 5 && port.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(host).ok().filter(|_| is_host && is_port)
}

fn authority(address: &[u8]) -> Option<Range<usize>> {
    let scheme = memmem::find(address.get(..8.min(address.len()))?, b"://")?;
    let name = &address[..scheme];
    if !name.eq_ignore_ascii_case(b"http") && !name.eq_ignore_ascii_case(b"https") {
        return None;
    }
    let start = scheme + 3;
    let length = memchr3(b'/', b'?', b'#', &address[start..]).unwrap_or(address.len() - start);
    Some(start..start + length)
}

/// In bytes, for addresses that no receiver has another limit for.
const MAX: usize = 4_096;

#[cfg(test)]
#[path = "uri_test.rs"]
mod test;
