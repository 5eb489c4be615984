//! The annotations in a block.

use std::borrow::Cow;

use trackside_core::{Annotations, Event, Value};

use super::{
    table::{self, Pair, Rest, long},
    wrong::{Parsed, Wrong},
};
use crate::{
    error::Failure,
    property::{TRACKSIDE_TYPE_NUMBER, TRACKSIDE_TYPE_TEXT, TRACKSIDE_TYPE_TRUTH, trackside_type},
    view,
};

/// Adds the annotations of these tags and lengths.
#[inline]
pub(super) fn parse<'f>(
    rows: &[Pair],
    mut payloads: Rest<'f>,
    annotations: &mut Annotations<'f>,
) -> Result<(), Failure> {
    for (n, row) in rows.iter().enumerate() {
        let (tag, payload) = (long(row, 0), payloads.take(long(row, 4)));
        if add_text(tag, payload, annotations).is_none() {
            add_other(n, tag, payload, annotations)?;
        }
    }
    Ok(())
}

/// Adds what most of them are, a text; none if it is none.
#[inline]
fn add_text<'f>(tag: u32, payload: &'f [u8], annotations: &mut Annotations<'f>) -> Option<()> {
    if !matches!(tag, 1..=3) {
        return None;
    }
    let text = view::text(payload)?;
    match tag {
        1 => annotations.set_title(text),
        2 => annotations.set_user_id(text),
        _ => annotations.set_route(text),
    }
    Some(())
}

/// Adds the `n`th, which is another one, or none.
#[inline(never)]
fn add_other<'f>(
    n: usize,
    tag: u32,
    payload: &'f [u8],
    annotations: &mut Annotations<'f>,
) -> Result<(), Failure> {
    let added = match tag {
        1 => Err(Wrong::not_utf8("title")),
        2 => Err(Wrong::not_utf8("user id")),
        3 => Err(Wrong::not_utf8("route")),
        4 => property(payload).map(|(key, value)| annotations.add_property(key, value)),
        5 => event(payload).map(|event| annotations.add_event(event)),
        _ => Err(Wrong::new(format_args!("has the tag {tag}, and only 1 to 5 are known"))),
    };
    added.map_err(|wrong| wrong.inside(format_args!("annotation {n}")).into())
}

fn property(payload: &[u8]) -> Parsed<(&str, Value<'_>)> {
    let (head, rest) = table::head::<8>(payload)?;
    let (kind, length) = (long(head, 0), long(head, 4));
    if u64::from(length) > rest.len() as u64 {
        let has = rest.len();
        return Err(Wrong::new(format_args!(
            "announces a key of {length} bytes, and has {has} behind its head"
        )));
    }
    let mut parts = Rest(rest);
    let (key, rest) = (text(parts.take(length), "key")?, parts.0);
    let value = match trackside_type::try_from(kind) {
        Ok(TRACKSIDE_TYPE_TEXT) => Value::Text(Cow::Borrowed(text(rest, "text")?)),
        Ok(TRACKSIDE_TYPE_NUMBER) => match <[u8; 8]>::try_from(rest) {
            Ok(number) => Value::Number(f64::from_le_bytes(number)),
            Err(_) => {
                return Err(Wrong::new(format_args!("has a number of {} bytes, and not of 8", rest.len())));
            }
        },
        Ok(TRACKSIDE_TYPE_TRUTH) => match rest {
            [0] => Value::Truth(false),
            [1] => Value::Truth(true),
            _ => return Err(Wrong::new(format_args!("has a truth that is not one byte of 0 or 1"))),
        },
        _ => return Err(Wrong::new(format_args!("has the type {kind}, and only 0 to 2 are known"))),
    };
    Ok((key, value))
}

fn event(payload: &[u8]) -> Parsed<Event<'_>> {
    let (head, rest) = table::head::<24>(payload)?;
    let (name, category, label, count) = (long(head, 0), long(head, 4), long(head, 8), long(head, 12));
    let [.., a, b, c, d, e, f, g, h] = *head;
    let value = f64::from_le_bytes([a, b, c, d, e, f, g, h]);
    let rows = usize::try_from(count).ok().and_then(|count| table::rows::<4>(rest, count));
    let (lengths, bytes) = rows.ok_or_else(|| {
        Wrong::new(format_args!("announces {count} properties, and ends within their lengths"))
    })?;
    let all = [name, category, label].into_iter().chain(lengths.iter().map(|row| long(row, 0)));
    table::check(all.map(u64::from).sum(), bytes)?;

    let mut parts = Rest(bytes);
    let mut event = Event::new(text(parts.take(name), "name")?);
    if category > 0 {
        event = event.category(text(parts.take(category), "category")?);
    }
    if label > 0 {
        event = event.label(text(parts.take(label), "label")?);
    }
    if value.is_finite() {
        event = event.value(value);
    }
    for (n, row) in lengths.iter().enumerate() {
        let (key, value) =
            property(parts.take(long(row, 0))).map_err(|wrong| wrong.inside(format_args!("property {n}")))?;
        event = event.property(key, value);
    }
    Ok(event)
}

fn text<'f>(bytes: &'f [u8], what: &str) -> Parsed<&'f str> {
    view::text(bytes).ok_or_else(|| Wrong::not_utf8(what))
}
