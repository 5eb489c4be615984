//! The block of a response.

use trackside_core::Annotations;

use super::{
    VERSION, annotations,
    table::{self, Packed, long, short},
    wrong::{Parsed, Wrong},
};
use crate::{headers::Walked, response::Head};

/// The response in `block`, as it lies there. What it adds is added to `annotations`.
pub(super) fn parse<'f>(block: &'f [u8], annotations: &mut Annotations<'f>) -> Parsed<Head<'f, Packed<'f>>> {
    let (head, rest) = table::head::<8>(block)?;
    let [version, flags, ..] = *head;
    if version != VERSION {
        return Err(Wrong::version(version));
    }
    if flags != 0 {
        return Err(Wrong::new(format_args!("has the flags {flags:#x}, of which none is known")));
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
    let headers = Packed::announced(lengths);
    let behind: u64 = payloads.iter().map(|row| u64::from(long(row, 4))).sum();
    table::check(headers + behind, bytes)?;

    let mut parts = table::Parts(bytes);
    let headers = Walked::of(Packed::new(lengths, table::Parts(parts.take(headers))));
    annotations::parse(payloads, parts, annotations)?;
    Ok(Head { status: short(head, 2), headers })
}
