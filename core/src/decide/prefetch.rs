//! Speculative loads, in all the forms in which browsers and libraries announce them: `Sec-Purpose`
//! (WICG nav-speculation), the older `Purpose`, `X-Purpose` and `X-Moz`, and the headers of Turbo 8
//! (`X-Sec-Purpose`) and htmx's preload extension (`HX-Preloaded`).

use http::HeaderName;

use super::{Facts, Rule, shown};
use crate::{Headers, ledger::Reason, request::each_value};

pub(super) const RULE: Rule = Rule { name: "prefetch", check, view, holds_events: true };

type IsPrefetch = fn(&[u8]) -> bool;

static FORMS: [(HeaderName, IsPrefetch); 6] = [
    (HeaderName::from_static("sec-purpose"), lists_prefetch),
    (HeaderName::from_static("purpose"), |value| is_one_of(value, &["prefetch"])),
    (HeaderName::from_static("x-purpose"), |value| is_one_of(value, &["prefetch", "preview", "instant"])),
    (HeaderName::from_static("x-moz"), |value| is_one_of(value, &["prefetch"])),
    (HeaderName::from_static("x-sec-purpose"), lists_prefetch),
    (HeaderName::from_static("hx-preloaded"), |value| is_one_of(value, &["true"])),
];

fn check(facts: &Facts<'_>) -> Result<(), Reason> {
    match announced(facts.request.headers) {
        Some(_) => Err(Reason::Prefetch),
        None => Ok(()),
    }
}

fn view(facts: &Facts<'_>) -> String {
    match announced(facts.request.headers) {
        Some((name, value)) => format!("fetched ahead: {name}: {}", shown(value)),
        None => "not announced as fetched ahead".to_owned(),
    }
}

fn announced(headers: &dyn Headers) -> Option<(&'static str, &[u8])> {
    for (name, is_prefetch) in &FORMS {
        let mut found = None;
        each_value(headers, name, |value| {
            if is_prefetch(value) {
                found.get_or_insert(value);
            }
        });
        if let Some(value) = found {
            return Some((name.as_str(), value));
        }
    }
    None
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
