//! Speculative loads, in all the forms in which browsers and libraries announce them: `Sec-Purpose`
//! (WICG nav-speculation), the older `Purpose`, `X-Purpose` and `X-Moz`, and the headers of Turbo 8
//! (`X-Sec-Purpose`) and htmx's preload extension (`HX-Preloaded`).

use super::{Facts, Rule, shown};
use crate::ledger::Reason;

pub(super) const RULE: Rule = Rule { name: "prefetch", check, view, holds_events: true };

fn check(facts: &Facts<'_>) -> Result<(), Reason> {
    match facts.prefetch {
        Some(_) => Err(Reason::Prefetch),
        None => Ok(()),
    }
}

fn view(facts: &Facts<'_>) -> String {
    match facts.prefetch {
        Some((name, value)) => format!("fetched ahead: {name}: {}", shown(value)),
        None => "not announced as fetched ahead".to_owned(),
    }
}

/// The headers that may announce one, the foremost first.
pub(super) const HEADERS: [&str; 6] =
    ["sec-purpose", "purpose", "x-purpose", "x-moz", "x-sec-purpose", "hx-preloaded"];

/// A form and its value.
type Announced<'a> = (&'static str, &'a [u8]);

/// Which of two is told of: the foremost form, and of one form what came first. The order in which headers come does
/// not count, since not every host keeps it.
pub(super) fn foremost<'a>(
    seen: Option<Announced<'a>>,
    next: Option<Announced<'a>>,
) -> Option<Announced<'a>> {
    let place = |(form, _): &Announced<'_>| HEADERS.iter().position(|name| name == form);
    seen.into_iter().chain(next).min_by_key(place)
}

/// The form and its value, if this header announces a speculative load.
pub(super) fn announced<'a>(name: &[u8], value: &'a [u8]) -> Option<Announced<'a>> {
    type Announces = fn(&[u8]) -> bool;
    let (form, announces): (_, Announces) = match name.len() {
        5 => ("x-moz", |value| is_one_of(value, &["prefetch"])),
        7 => ("purpose", |value| is_one_of(value, &["prefetch"])),
        9 => ("x-purpose", |value| is_one_of(value, &["prefetch", "preview", "instant"])),
        11 => ("sec-purpose", lists_prefetch),
        12 => ("hx-preloaded", |value| is_one_of(value, &["true"])),
        13 => ("x-sec-purpose", lists_prefetch),
        _ => return None,
    };
    if !name.eq_ignore_ascii_case(form.as_bytes()) {
        return None;
    }
    let value = value.trim_ascii();
    announces(value).then_some((form, value))
}

/// Whether a structured-field list (RFC 9651 §3.1) has the token `prefetch`, with any parameters.
fn lists_prefetch(value: &[u8]) -> bool {
    value.split(|&b| b == b',').any(|member| {
        let token = member.split(|&b| b == b';').next().unwrap_or_default();
        token.trim_ascii().eq_ignore_ascii_case(b"prefetch")
    })
}

fn is_one_of(value: &[u8], words: &[&str]) -> bool {
    words.iter().any(|word| value.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
#[path = "prefetch_test.rs"]
mod test;
