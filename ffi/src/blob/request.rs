//! The block of a request.

use super::{
    VERSION,
    table::{self, Packed, long, short},
    wrong::Wrong,
};
use crate::{
    error::Failure,
    peer::Peer,
    request::{self, Parts, RESOLVED, SECURE},
};

/// Shows `look` the request in `block`, as it lies there.
#[inline]
pub(super) fn read<T>(
    block: &[u8],
    look: impl FnOnce(&Parts<'_, Packed<'_>>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (head, rest) = table::head::<20>(block)?;
    let [version, flags, ..] = *head;
    if version != VERSION {
        return Err(Wrong::version(version).into());
    }
    request::check_flags(flags).map_err(|problem| Wrong::new(format_args!("has the flags {problem}")))?;
    let count = short(head, 2);
    let (method, target, authority, peer) = (long(head, 4), long(head, 8), long(head, 12), long(head, 16));
    if !matches!(peer, 0 | 4 | 16) {
        return Err(Wrong::new(format_args!("has a peer of {peer} bytes, and not of 0, 4 or 16")).into());
    }
    let (lengths, bytes) = table::rows(rest, count.into()).ok_or_else(|| {
        Wrong::new(format_args!("announces {count} headers, and ends within their lengths"))
    })?;
    let line = [method, target, authority, peer];
    let left = table::left(bytes.len() as u64, line).and_then(|left| Packed::left(left, lengths));
    if left != Some(0) {
        let announced = line.into_iter().map(u64::from).sum::<u64>() + Packed::announced(lengths);
        return Err(table::wrong_length(announced, bytes.len()).into());
    }

    let mut parts = table::Rest(bytes);
    look(&Parts {
        method: parts.take(method),
        target: parts.take(target),
        authority: Some(parts.take(authority)).filter(|authority| !authority.is_empty()),
        peer: Peer::of(parts.take(peer)),
        secure: flags & SECURE != 0,
        resolved: flags & RESOLVED != 0,
        headers: Packed::new(lengths, parts),
    })
}
