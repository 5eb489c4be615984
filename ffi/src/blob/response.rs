//! The block of a response.

use trackside_core::Annotations;

use super::{
    VERSION, annotations,
    table::{self, Packed, Pair, Rest, long, short},
    wrong::Wrong,
};
use crate::{error::Failure, headers::Walked, response::Head};

/// Shows `look` the response in `block`, as it lies there, and what it has of annotations.
#[inline]
pub(super) fn read<'f, T>(
    block: &'f [u8],
    look: impl FnOnce(&Head<'f, Packed<'f>>, &mut Annotations<'f>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let Some((status, headers, payloads, parts)) = split(block) else {
        return Err(wrong(block).into());
    };
    let mut annotations = Annotations::new();
    annotations::parse(payloads, parts, &mut annotations)?;
    look(&Head { status, headers: Walked::of(headers) }, &mut annotations)
}

/// The status, the headers, and what announces the annotations and is announced; none if the block is [`wrong`].
#[inline]
fn split(block: &[u8]) -> Option<(u16, Packed<'_>, &[Pair], Rest<'_>)> {
    let (head, rest) = block.split_first_chunk::<8>()?;
    let [version, flags, ..] = *head;
    if version != VERSION || flags != 0 {
        return None;
    }
    let (lengths, payloads, bytes) = tables(head, rest)?;
    let length = bytes.len() as u64;
    let added = Packed::left(length, lengths)?;
    if table::left(added, payloads.iter().map(|row| long(row, 4)))? != 0 {
        return None;
    }
    let mut parts = Rest(bytes);
    let headers = Packed::new(lengths, Rest(parts.take(length - added)));
    Some((short(head, 2), headers, payloads, parts))
}

/// The lengths of the headers, those of the annotations, and what stands behind them.
#[inline]
fn tables<'f>(head: &[u8; 8], rest: &'f [u8]) -> Option<(&'f [Pair], &'f [Pair], &'f [u8])> {
    let (lengths, rest) = table::rows(rest, short(head, 4).into())?;
    let (payloads, bytes) = table::rows(rest, short(head, 6).into())?;
    Some((lengths, payloads, bytes))
}

/// What is wrong with a block of which something is, before its annotations. As it is of a request.
#[cold]
#[inline(never)]
fn wrong(block: &[u8]) -> Wrong {
    let (head, rest) = match table::head::<8>(block) {
        Ok(parts) => parts,
        Err(wrong) => return wrong,
    };
    let [version, flags, ..] = *head;
    if version != VERSION {
        return Wrong::version(version);
    }
    if flags != 0 {
        return Wrong::new(format_args!("has the flags {flags:#x}, of which none is known"));
    }
    let Some((lengths, payloads, bytes)) = tables(head, rest) else {
        let (count, added) = (short(head, 4), short(head, 6));
        return Wrong::new(format_args!(
            "announces {count} headers and {added} annotations, and ends within their lengths"
        ));
    };
    let added: u64 = payloads.iter().map(|row| u64::from(long(row, 4))).sum();
    table::wrong_length(Packed::announced(lengths) + added, bytes.len())
}
