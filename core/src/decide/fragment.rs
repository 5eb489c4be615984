//! What a request asks for: a page, a visit that a library makes in the browser's place, or a fragment of a
//! page.
//!
//! The first line that applies decides:
//!
//! | the request | is | source |
//! | --- | --- | --- |
//! | `Sec-Fetch-Dest: document` | a page: scripts cannot set this header | W3C Fetch Metadata §2.1 |
//! | `Sec-Fetch-Dest` other than `empty` | a fragment: a frame, an image | |
//! | `Turbo-Frame` | a fragment | Turbo's frames |
//! | `RSC` | a fragment | React Server Components |
//! | `X-Livewire` | a fragment | Livewire's updates |
//! | `X-Inertia-Partial-Component` | a fragment | Inertia's partial reloads |
//! | `X-Inertia` | a visit | Inertia |
//! | `HX-History-Restore-Request`, `HX-Boosted` | a visit | htmx |
//! | `HX-Request` | a fragment | htmx |
//! | `X-Up-Target` that names a layer's whole: `body`, `html`, `main`, `:main`, `:layer` or `[up-main…]` | a visit | Unpoly |
//! | another `X-Up-Target` | a fragment | Unpoly |
//! | `X-Livewire-Navigate`, `X-PJAX` | a visit | Livewire, pjax |
//! | `Accept` is `text/html, application/xhtml+xml` and no more | a visit | Turbo Drive, Turbolinks, swup |
//! | `Sec-Fetch-Dest: empty` with `Sec-Fetch-Mode: navigate` | a page: a link that is downloaded | Fetch |
//! | another `Sec-Fetch-Dest: empty` | a fragment: a script's own request | |
//! | `X-Requested-With: XMLHttpRequest` | a fragment (other values come from apps that show pages) | |
//! | `Accept` that allows no HTML | a fragment | RFC 9110 §12.5.1 |
//! | any other | a page | |
//!
//! Where a library's header is said to be there, its value does not matter.

use http::{HeaderName, header::ACCEPT};

use super::{
    Facts, Rule,
    content_type::{SEC_FETCH_DEST, accepts, is_html},
    shown,
};
use crate::{
    Request,
    ledger::Reason,
    request::{each_value, first_value, is_word},
};

pub(super) const RULE: Rule = Rule { name: "fragment", check, view, holds_events: false };

static SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// What those ask for that fetch a page by script, and nobody else.
const TURBO: &[u8] = b"text/html, application/xhtml+xml";

/// What a request asks for, and the header that tells so; empty for the lack of any.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Asked {
    /// A part of a page, or nothing that is shown as one.
    Fragment(&'static str),
    /// A page, of the browser.
    Page(&'static str),
    /// A page, of a library that puts it in place of the one shown.
    Visit(&'static str),
}

fn check(facts: &Facts<'_>) -> Result<(), Reason> {
    match facts.asked {
        Asked::Fragment(_) if !facts.config.track.fragments => Err(Reason::Fragment),
        _ => Ok(()),
    }
}

fn view(facts: &Facts<'_>) -> String {
    let (what, by) = match facts.asked {
        Asked::Fragment(by) => ("a part of a page", by),
        Asked::Page(by) => ("a page", by),
        Asked::Visit(by) => ("a page, by script", by),
    };
    let value = HeaderName::from_bytes(by.as_bytes()).ok();
    let value = value.and_then(|name| first_value(facts.request.headers, &name));
    let by =
        value.map_or_else(|| "as no header says otherwise".to_owned(), |v| format!("{by}: {}", shown(v)));
    let counted = if facts.config.track.fragments { "pages and parts" } else { "pages" };
    format!("{what} ({by}); counted: {counted}")
}

/// What was seen of the headers that tell what is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Marks<'a> {
    destination: Option<&'a [u8]>,
    /// A bit for each of [`TELLING`], or of what follows them.
    seen: u16,
}

/// The libraries' headers, in the order in which they decide.
const TELLING: [(&str, Asked); 12] = [
    ("turbo-frame", Asked::Fragment("turbo-frame")),
    ("rsc", Asked::Fragment("rsc")),
    ("x-livewire", Asked::Fragment("x-livewire")),
    ("x-inertia-partial-component", Asked::Fragment("x-inertia-partial-component")),
    ("x-inertia", Asked::Visit("x-inertia")),
    ("hx-history-restore-request", Asked::Visit("hx-history-restore-request")),
    ("hx-boosted", Asked::Visit("hx-boosted")),
    ("hx-request", Asked::Fragment("hx-request")),
    (UNPOLY, Asked::Visit(UNPOLY)),
    ("", Asked::Fragment(UNPOLY)),
    ("x-livewire-navigate", Asked::Visit("x-livewire-navigate")),
    ("x-pjax", Asked::Visit("x-pjax")),
];
const UNPOLY: &str = "x-up-target";
/// All that tell but `sec-fetch-dest`.
pub(super) const HEADERS: [&str; TELLING.len() + 1] = {
    let mut headers = [REQUESTED_WITH; TELLING.len() + 1];
    let mut place = 0;
    while place < TELLING.len() {
        headers[place] = TELLING[place].0;
        place += 1;
    }
    headers
};
/// Of an Unpoly request for less than a layer.
const UNPOLY_PART: usize = 9;
/// Of a script's own request.
const XHR: usize = TELLING.len();
const REQUESTED_WITH: &str = "x-requested-with";

impl<'a> Marks<'a> {
    /// The value of `sec-fetch-dest`; the first counts.
    pub(super) fn came_for(&mut self, value: &'a [u8]) {
        self.destination = self.destination.or(Some(value.trim_ascii()));
    }

    /// Looks at one of the other headers.
    pub(super) fn note(&mut self, name: &[u8], value: &[u8]) {
        let found = TELLING.iter().position(|(telling, _)| is_word(name, telling));
        let mark = match found {
            Some(place) if TELLING[place].0 == UNPOLY && !names_layer(value) => UNPOLY_PART,
            Some(place) => place,
            None if is_word(name, REQUESTED_WITH) && is_word(value.trim_ascii(), "XMLHttpRequest") => XHR,
            None => return,
        };
        self.seen |= 1 << mark;
    }

    /// What the request asks for, whose headers were all looked at.
    #[inline]
    pub(super) fn asked(self, request: &Request<'_>) -> Asked {
        match self.destination {
            Some(b"document") => Asked::Page(SEC_FETCH_DEST.as_str()),
            Some(b"empty") | None => self.asked_by_library(request),
            Some(_) => Asked::Fragment(SEC_FETCH_DEST.as_str()),
        }
    }

    fn asked_by_library(self, request: &Request<'_>) -> Asked {
        let is_seen = |place: usize| self.seen & 1 << place != 0;
        if let Some(place) = (0..TELLING.len()).find(|&place| is_seen(place)) {
            return TELLING[place].1;
        }
        let (mut values, mut is_turbo) = (0, false);
        each_value(request.headers, &ACCEPT, |value| {
            values += 1;
            is_turbo = value.eq_ignore_ascii_case(TURBO);
        });
        if values == 1 && is_turbo {
            return Asked::Visit(ACCEPT.as_str());
        }
        if self.destination.is_some() {
            let is_followed = first_value(request.headers, &SEC_FETCH_MODE) == Some(b"navigate");
            let destination = SEC_FETCH_DEST.as_str();
            return if is_followed { Asked::Page(destination) } else { Asked::Fragment(destination) };
        }
        if is_seen(XHR) {
            return Asked::Fragment(REQUESTED_WITH);
        }
        let allows = |media: &[u8]| media == b"*/*" || is_word(media, "text/*") || is_html(media);
        match values > 0 && accepts(request, allows) == Some(false) {
            true => Asked::Fragment(ACCEPT.as_str()),
            false => Asked::Page(""),
        }
    }
}

/// Whether one of the selectors of `X-Up-Target` stands for all that a layer shows.
fn names_layer(targets: &[u8]) -> bool {
    targets.split(|&b| b == b',').map(<[u8]>::trim_ascii).any(|target| {
        matches!(target, b"body" | b"html" | b"main" | b":main" | b":layer")
            || target.starts_with(b"[up-main")
    })
}

#[cfg(test)]
#[path = "fragment_test.rs"]
mod test;
