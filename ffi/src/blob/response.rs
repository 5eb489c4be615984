//! The block of a response.

use trackside_core::Annotations;

use super::{
    VERSION, annotations,
    table::{self, Packed, long, short},
    wrong::Wrong,
};
use crate::{error::Failure, headers::Walked, response::Head};

/// Shows `look` the response in `block`, as it lies there, and what it has of annotations.
#[inline]
pub(super) fn read<'f, T>(
    block: &'f [u8],
    look: impl FnOnce(&Head<'f, Packed<'f>>, &mut Annotations<'f>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (head, rest) = table::head::<8>(block)?;
    let [version, flags, ..] = *head;
    if version != VERSION {
        return Err(Wrong::version(version).into());
    }
    if flags != 0 {
        return Err(Wrong::new(format_args!("has the flags {flags:#x}, of which none is known")).into());
    }
    let (count, added) = (short(head, 4), short(head, 6));
    let tables = table::rows(rest, count.into()).and_then(|(lengths, rest)| {
        let (payloads, bytes) = table::rows(rest, added.into())?;
        Some((lengths, payloads, bytes))
    });
    let (lengths, payloads, bytes) = tables.ok_or_else(|| {
        Wrong::new(format_args!(
            "announces {count} headers and {added} annotations, and ends within their lengths"
        ))
    })?;
    let length = bytes.len() as u64;
    let added = Packed::left(length, lengths);
    let left = added.and_then(|added| table::left(added, payloads.iter().map(|row| long(row, 4))));
    let (Some(added), Some(0)) = (added, left) else {
        let added: u64 = payloads.iter().map(|row| u64::from(long(row, 4))).sum();
        return Err(table::wrong_length(Packed::announced(lengths) + added, bytes.len()).into());
    };
    let headers = length - added;

    let mut parts = table::Rest(bytes);
    let headers = Walked::of(Packed::new(lengths, table::Rest(parts.take(headers))));
    let mut annotations = Annotations::new();
    annotations::parse(payloads, parts, &mut annotations)?;
    look(&Head { status: short(head, 2), headers }, &mut annotations)
}
