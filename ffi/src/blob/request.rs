//! The block of a request.

use std::net::IpAddr;

use super::{
    VERSION,
    table::{self, Packed, long, short},
    wrong::{Parsed, Wrong},
};
use crate::{headers::Picked, request};

/// The only flag.
const SECURE: u8 = 1;

/// The request in `block`, as it lies there.
pub(super) fn parse(block: &[u8]) -> Parsed<request::Parts<'_, Packed<'_>>> {
    let (head, rest) = table::head::<20>(block)?;
    let [version, flags, ..] = *head;
    if version != VERSION {
        return Err(Wrong::version(version));
    }
    if flags & !SECURE != 0 {
        return Err(Wrong::new(format_args!("has the flags {flags:#x}, of which only {SECURE:#x} is known")));
    }
    let count = short(head, 2);
    let (method, target, authority, peer) = (long(head, 4), long(head, 8), long(head, 12), long(head, 16));
    if !matches!(peer, 0 | 4 | 16) {
        return Err(Wrong::new(format_args!("has a peer of {peer} bytes, and not of 0, 4 or 16")));
    }
    let (lengths, bytes) = table::rows(rest, count.into()).ok_or_else(|| {
        Wrong::new(format_args!("announces {count} headers, and ends within their lengths"))
    })?;
    let line = u64::from(method) + u64::from(target) + u64::from(authority) + u64::from(peer);
    table::check(line + Packed::announced(lengths), bytes)?;

    let mut parts = table::Parts(bytes);
    Ok(request::Parts {
        method: parts.take(method),
        target: parts.take(target),
        authority: Some(parts.take(authority)).filter(|authority| !authority.is_empty()),
        peer: address(parts.take(peer)),
        secure: flags & SECURE != 0,
        headers: Picked::of(Packed::new(lengths, parts)),
    })
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = || <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let v6 = || <[u8; 16]>::try_from(bytes).map(IpAddr::from);
    v4().or_else(|_| v6()).ok()
}
