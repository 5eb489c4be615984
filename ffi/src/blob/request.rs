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
    request::{self, LENT, Parts, RESOLVED, SECURE},
};

/// Shows `look` the request in `block`, as it lies there.
#[inline]
pub(super) fn read<T>(
    block: &[u8],
    look: impl FnOnce(&Parts<'_, '_, Packed<'_>>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut picks = Picks::new();
    let Some((flags, peer, headers)) = pick(block, &mut picks) else {
        return Err(wrong(block).into());
    };
    picks.settle();
    look(&Parts {
        picks: &picks,
        peer,
        secure: flags & SECURE != 0,
        resolved: flags & RESOLVED != 0,
        lent: flags & LENT != 0,
        headers: Walked::of(headers),
    })
}

/// Puts what is read of a block into `picks`, and answers with its flags, the peer and all headers; none if it is
/// [`wrong`].
#[inline]
fn pick<'f>(block: &'f [u8], picks: &mut Picks<'f>) -> Option<(u8, Peer, Packed<'f>)> {
    let (head, rest) = block.split_first_chunk::<20>()?;
    let [version, flags, ..] = *head;
    let [method, target, authority, peer] = line(head);
    if version != VERSION || request::are_unknown(flags) || !is_peer(peer) {
        return None;
    }
    let (lengths, bytes) = table::rows(rest, short(head, 2).into())?;
    let mut parts = table::Rest(bytes);
    picks.put_line(parts.all(method)?, parts.all(target)?, parts.all(authority)?);
    let peer = Peer::of(parts.all(peer)?);
    let headers = Packed::new(lengths, parts);
    headers.put_into(picks)?;
    Some((flags, peer, headers))
}

/// The lengths of the method, the target, the authority and the peer.
#[inline]
fn line(head: &[u8; 20]) -> [u32; 4] {
    [long(head, 4), long(head, 8), long(head, 12), long(head, 16)]
}

/// Whether a peer may have so many bytes.
#[inline]
fn is_peer(length: u32) -> bool {
    matches!(length, 0 | 4 | 16)
}

/// What is wrong with a block of which something is. To look again is no matter here, and keeps all that says so out of
/// the way of those that are right.
#[cold]
#[inline(never)]
fn wrong(block: &[u8]) -> Wrong {
    let (head, rest) = match table::head::<20>(block) {
        Ok(parts) => parts,
        Err(wrong) => return wrong,
    };
    let [version, flags, ..] = *head;
    if version != VERSION {
        return Wrong::version(version);
    }
    if let Err(problem) = request::check_flags(flags) {
        return Wrong::new(format_args!("has the flags {problem}"));
    }
    let (count, peer) = (short(head, 2), long(head, 16));
    if !is_peer(peer) {
        return Wrong::new(format_args!("has a peer of {peer} bytes, and not of 0, 4 or 16"));
    }
    let Some((lengths, bytes)) = table::rows(rest, count.into()) else {
        return Wrong::new(format_args!("announces {count} headers, and ends within their lengths"));
    };
    let announced = line(head).into_iter().map(u64::from).sum::<u64>() + Packed::announced(lengths);
    table::wrong_length(announced, bytes.len())
}
