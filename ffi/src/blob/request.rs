//! The block of a request.

use super::{
    VERSION,
    table::{self, Packed, long, short},
    wrong::Wrong,
};
use crate::{
    error::Failure,
    headers::Walked,
    peer::Peer,
    picks::Picks,
    request::{self, Parts, RESOLVED, SECURE},
};

/// Shows `look` the request in `block`, as it lies there.
#[inline]
pub(super) fn read<T>(
    block: &[u8],
    look: impl FnOnce(&Parts<'_, '_, Packed<'_>>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (head, rest) = table::head::<20>(block)?;
    let [version, flags, ..] = *head;
    if version != VERSION {
        return Err(Wrong::version(version).into());
    }
    request::check_flags(flags).map_err(|problem| Wrong::new(format_args!("has the flags {problem}")))?;
    let count = short(head, 2);
    let peer = long(head, 16);
    if !matches!(peer, 0 | 4 | 16) {
        return Err(Wrong::new(format_args!("has a peer of {peer} bytes, and not of 0, 4 or 16")).into());
    }
    let (lengths, bytes) = table::rows(rest, count.into()).ok_or_else(|| {
        Wrong::new(format_args!("announces {count} headers, and ends within their lengths"))
    })?;
    let mut picks = Picks::new();
    let Some((peer, headers)) = pick(line(head), lengths, bytes, &mut picks) else {
        return Err(wrong_length(head, lengths, bytes));
    };
    picks.settle();
    look(&Parts {
        picks: &picks,
        peer,
        secure: flags & SECURE != 0,
        resolved: flags & RESOLVED != 0,
        headers: Walked::of(headers),
    })
}

/// The lengths of the method, the target, the authority and the peer.
#[inline]
fn line(head: &[u8; 20]) -> [u32; 4] {
    [long(head, 4), long(head, 8), long(head, 12), long(head, 16)]
}

#[cold]
#[inline(never)]
fn wrong_length(head: &[u8; 20], lengths: &[table::Pair], bytes: &[u8]) -> Failure {
    let announced = line(head).into_iter().map(u64::from).sum::<u64>() + Packed::announced(lengths);
    table::wrong_length(announced, bytes.len()).into()
}

/// Puts what is read into `picks`, and answers with the peer and all headers; none if the bytes are not as many as
/// announced.
#[inline]
fn pick<'f>(
    [method, target, authority, peer]: [u32; 4],
    lengths: &'f [table::Pair],
    bytes: &'f [u8],
    picks: &mut Picks<'f>,
) -> Option<(Peer, Packed<'f>)> {
    let mut parts = table::Rest(bytes);
    picks.put_line(parts.all(method)?, parts.all(target)?, parts.all(authority)?);
    let peer = Peer::of(parts.all(peer)?);
    let headers = Packed::new(lengths, parts);
    headers.put_into(picks)?;
    Some((peer, headers))
}
