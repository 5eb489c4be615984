use http::{
    HeaderName,
    header::{ACCEPT, CONTENT_TYPE},
};
use memchr::memchr;

use super::{Asked, Facts, Rule, shown};
use crate::{
    Request,
    ledger::Reason,
    request::{each_value, first_value, is_word},
};

pub(super) const RULE: Rule = Rule { name: "content-type", check, view, holds_events: false };

/// Where the response is to be shown (W3C Fetch Metadata §2.1).
pub(super) static SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

const HTML: [&str; 2] = ["text/html", "application/xhtml+xml"];

/// The content types that count: `track.content_types`, in lower case, without parameters.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum ContentTypes {
    /// Any type, or none: what `count = "api"` stands for.
    Any,
    /// These.
    Only(Vec<String>),
}

fn check(facts: &Facts<'_>) -> Result<(), Reason> {
    let (ContentTypes::Only(types), Some(response)) = (&facts.config.track.content_types, facts.response)
    else {
        return Ok(());
    };
    // What a library asks for it puts in the page's place, whatever it is: JSON, for Inertia.
    if matches!(facts.asked, Asked::Visit(_)) {
        return Ok(());
    }
    let is_wanted = |media: &[u8]| types.iter().any(|t| is_word(media, t));
    let given = first_value(response.headers, &CONTENT_TYPE).map(essence).filter(|media| !media.is_empty());
    let counts = match given {
        Some(media) => is_wanted(media),
        // A 304 seldom names its type: what was asked for tells.
        None => match destination(facts.request) {
            Some(destination) => destination == b"document",
            None => accepts(facts.request, is_wanted) == Some(true),
        },
    };
    if counts { Ok(()) } else { Err(Reason::ContentType) }
}

fn view(facts: &Facts<'_>) -> String {
    let wanted = match &facts.config.track.content_types {
        ContentTypes::Any => "any".to_owned(),
        ContentTypes::Only(types) => types.join(", "),
    };
    if matches!(facts.asked, Asked::Visit(_)) {
        return "any, as a script asked for the page".to_owned();
    }
    let given = facts.response.and_then(|response| first_value(response.headers, &CONTENT_TYPE));
    match given.map(essence).filter(|media| !media.is_empty()) {
        Some(media) => format!("{}; counted: {wanted}", shown(media)),
        None => {
            let destination = destination(facts.request).map_or_else(|| "none".to_owned(), shown);
            let accept = first_value(facts.request.headers, &ACCEPT).map_or_else(|| "none".to_owned(), shown);
            format!(
                "none given, so judged by Sec-Fetch-Dest ({destination}), else Accept ({accept}); counted: {wanted}"
            )
        }
    }
}

/// Whether the request may be answered with a page for a person: where a notice can be shown. A missing
/// `Accept` or `*/*` will do, and so will a page that a library fetches, whose `Sec-Fetch-Dest` is `empty`.
pub(crate) fn wants_html(facts: &Facts<'_>) -> bool {
    match destination(facts.request) {
        Some(destination) if !matches!(facts.asked, Asked::Visit(_)) => destination == b"document",
        _ => accepts(facts.request, |media| media == b"*/*" || is_html(media)).unwrap_or(true),
    }
}

/// Whether `media` is a type of HTML.
pub(super) fn is_html(media: &[u8]) -> bool {
    HTML.iter().any(|html| is_word(media, html))
}

fn destination<'a>(request: &Request<'a>) -> Option<&'a [u8]> {
    first_value(request.headers, &SEC_FETCH_DEST)
}

/// Whether a media range of `Accept` that is not ruled out by a weight of zero satisfies `is_wanted`; none
/// without an `Accept` (RFC 9110 §12.5.1).
pub(super) fn accepts(request: &Request<'_>, is_wanted: impl Fn(&[u8]) -> bool) -> Option<bool> {
    let mut answer = None;
    each_value(request.headers, &ACCEPT, |value| {
        let named =
            value.split(|&b| b == b',').any(|range| is_wanted(essence(range)) && !is_ruled_out(range));
        answer = Some(answer.unwrap_or(false) || named);
    });
    answer
}

fn is_ruled_out(range: &[u8]) -> bool {
    range.split(|&b| b == b';').skip(1).any(|parameter| {
        let mut parts = parameter.splitn(2, |&b| b == b'=');
        let name = parts.next().unwrap_or_default().trim_ascii();
        let weight = parts.next().unwrap_or_default().trim_ascii();
        name.eq_ignore_ascii_case(b"q")
            && weight.starts_with(b"0")
            && weight.iter().all(|b| matches!(b, b'0' | b'.'))
    })
}

/// The media type without its parameters.
pub(super) fn essence(value: &[u8]) -> &[u8] {
    value[..memchr(b';', value).unwrap_or(value.len())].trim_ascii()
}

#[cfg(test)]
#[path = "content_type_test.rs"]
mod test;
