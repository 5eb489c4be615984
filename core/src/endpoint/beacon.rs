//! The beacon: how pages are counted that a cache in front of the server has answered, of which the server
//! never hears. A script of at most 1 KB, and an image for browsers without scripts, tell it.
//!
//! With `beacon.path = "/t/"` trackside answers, to requests of the site's own pages alone:
//!
//! | request | answer |
//! | --- | --- |
//! | `GET /t/s.js` | the script, which caches may keep for a day |
//! | `POST /t/?…` | 204; the script's report of a view |
//! | `GET /t/?…` | an image of one pixel; the report of a browser without scripts |
//!
//! | parameter | meaning | without it |
//! | --- | --- | --- |
//! | `p` | the page's path, with its query | those of the request's `Referer` |
//! | `r` | the page's referrer | none |
//! | `t` | the page's title | none |
//! | `s` | the status with which the page came | 200 |
//! | `n` | anything: the page has a place for the notice | it has none |
//!
//! A report is judged as a `GET` of that page with that referrer would be, by the same rules in the same order,
//! and may set the visitor cookie, as its answer is `private, no-store`. The script reports when a page is
//! shown, when a script changes the page's path or query (`pushState`, `replaceState`, back and forward), and
//! when the browser shows a page again that it had kept (`pageshow` with `persisted`). A page that is rendered
//! ahead is reported once it is shown, and never otherwise. The script keeps nothing in the browser.
//!
//! # How each view is counted once
//!
//! The script cannot see how its page came: a document's own response headers are not shown to it, and what
//! could be shown (`Server-Timing`) would have to be appended to pages, which get no header but the cookie's. The
//! server cannot see whether a page holds the script. So what both know beforehand decides, and they agree by
//! construction:
//!
//! - A page that shared caches may keep is not counted by the server, whether it holds the script or not: which
//!   of its views reach the server is the cache's affair. Its exchange is skipped(`beacon`).
//! - A page that got the script through the host's helper ([`tag`]) is not counted by the server either, because
//!   the helper marks the exchange ([`Annotations::set_beacon`](crate::Annotations::set_beacon)): also where it
//!   turns out to be private. So a template for all pages is right for each of them.
//! - A page that no shared cache may keep, and that did not ask for the script, is counted by the server. Whoever
//!   writes the tag by hand into such a page adds the attribute `data-counted`: the script then leaves out the
//!   view that the server has seen, and reports only those it has not: changes of the path, pages that the
//!   browser kept itself or had fetched ahead.
//!
//! # The notice
//!
//! With `consent.policy = "notice"` a visitor is told of the cookie on its first page, and a page that everybody
//! gets from a cache cannot do so. Where the page has an element with the id `trackside-notice`, the script says
//! so (`n`); the answer to a new visitor's first report then is the notice's text, which the script shows there.
//! Without such an element, and by the image, a new visitor gets no cookie.

use std::borrow::Cow;

use http::{
    HeaderName,
    header::{ACCEPT, ORIGIN, REFERER},
};

use super::{Answer, is_same_origin, parameters::parameter, refuse, refuse_foreign, refuse_method, untold};
use crate::{
    Annotations, Headers, Hit, Moment, Reason, Request, Response,
    config::Config,
    decide,
    judge::{self, Exchange},
    request::first_value,
    visitor::{DailyKey, Notice},
};

/// The script, as browsers get it.
pub static SCRIPT: &str = include_str!("beacon.js");

/// A transparent GIF of one pixel, in 43 bytes.
static PIXEL: [u8; 43] =
    *b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\
    \x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

/// Where the script lies, below `beacon.path`.
const SCRIPT_NAME: &[u8] = b"s.js";

/// The markup that loads the script, and the image where there are no scripts: for the page's head or body. None
/// without `beacon.path`. Whoever gives it to a page marks the page's exchange, too; adapters have one call for
/// both.
pub fn tag(config: &Config) -> Option<&str> {
    config.beacon.as_ref().map(|beacon| beacon.tag.as_str())
}

/// [`tag`] for a path, which has nothing that would have to be escaped.
pub(crate) fn tag_of(path: &str) -> String {
    format!(
        "<script defer src=\"{path}s.js\"></script>\
         <noscript><img src=\"{path}\" width=\"1\" height=\"1\" alt=\"\"></noscript>"
    )
}

/// Answers what was asked for below `beacon.path`; none if it is the host's.
pub(super) fn answer(
    config: &Config,
    request: &Request<'_>,
    name: &[u8],
    query: &[u8],
    draw: impl FnOnce() -> (Moment, Option<DailyKey>),
    emit: &mut dyn FnMut(Hit),
) -> Option<Answer> {
    match (name, request.method) {
        (SCRIPT_NAME, b"GET" | b"HEAD") => Some(script(config)),
        (SCRIPT_NAME, _) => Some(refuse_method(config, "GET, HEAD")),
        (b"", b"GET" | b"POST") => Some(report(config, request, query, draw, emit)),
        (b"", _) => Some(refuse_method(config, "GET, POST")),
        _ => None,
    }
}

fn script(config: &Config) -> Answer {
    let answer = untold(config, 200, Reason::Endpoint);
    // It is the same for everybody.
    let answer =
        Answer { headers: vec![("Cache-Control", Cow::Borrowed("public, max-age=86400"))], ..answer };
    answer.body("text/javascript; charset=utf-8", SCRIPT.as_bytes())
}

fn report(
    config: &Config,
    request: &Request<'_>,
    query: &[u8],
    draw: impl FnOnce() -> (Moment, Option<DailyKey>),
    emit: &mut dyn FnMut(Hit),
) -> Answer {
    if let Some(refusal) = refuse_foreign(config, request) {
        return refusal;
    }
    let has_place = has_place(request, query);
    let judged = with_page(request, query, |page, response, annotations| {
        let (moment, key) = draw();
        let (exchange, notice) = begin(config, has_place, page, moment, key.as_ref());
        (judge::finish(config, exchange, page, response, annotations, emit), notice)
    });
    let Some((verdict, notice)) = judged else {
        return refuse(config, 400, Reason::Endpoint, "This names no page.\n");
    };
    let notice = notice.filter(|_| has_place);

    let reason = verdict.reason();
    let answer = match (request.method, notice.filter(|_| reason.is_none())) {
        (b"GET", _) => Answer::new(200, reason).body("image/gif", &PIXEL[..]),
        (_, None) => Answer::new(204, reason),
        (_, Some(notice)) => Answer::new(200, reason)
            .body("text/plain; charset=utf-8", Cow::Owned(notice.text().as_bytes().to_vec())),
    };
    let cookies = verdict.headers().filter(|(name, _)| *name == "Set-Cookie");
    cookies.fold(answer, |answer, (name, value)| answer.header(name, value.to_owned()))
}

/// Begins the exchange of the page that a request reports, as [`answer`] does, for whoever explains it; none if it
/// reports none.
pub(crate) fn reported<T>(
    config: &Config,
    request: &Request<'_>,
    (moment, key): (Moment, Option<&DailyKey>),
    look: impl FnOnce(&Request<'_>, &Response<'_>, &Annotations<'_>, Exchange, Option<Notice>) -> T,
) -> Option<T> {
    let (path, query) = decide::path_and_query(request.target);
    let is_report = path == config.beacon.as_ref()?.path.as_bytes()
        && matches!(request.method, b"GET" | b"POST")
        && is_same_origin(config, request);
    if !is_report {
        return None;
    }
    with_page(request, query, |page, response, annotations| {
        let (exchange, notice) = begin(config, has_place(request, query), page, moment, key);
        look(page, response, annotations, exchange, notice)
    })
}

/// Shows `look` the request for the page that a report tells of, its response, and what the page says of itself; none
/// if the report names no page.
fn with_page<T>(
    request: &Request<'_>,
    query: &[u8],
    look: impl FnOnce(&Request<'_>, &Response<'_>, &Annotations<'_>) -> T,
) -> Option<T> {
    let target = page(request, query)?;
    let referrer = parameter(query, b'r').filter(|value| is_plain(value)).unwrap_or_default();
    let headers = Reported { headers: request.headers, referrer: &referrer };
    let page = Request { method: b"GET", target: &target, headers: &headers, ..*request };
    let response_headers = [("content-type", "text/html"), ("cache-control", "private, no-store")];
    let response = Response::new(status(query), &response_headers);
    let mut annotations = Annotations::new();
    if let Some(title) = title(query) {
        annotations.set_title(title);
    }
    Some(look(&page, &response, &annotations))
}

/// Begins the exchange of a page that was reported, whose visitor gets no id if it cannot be told so.
fn begin(
    config: &Config,
    has_place: bool,
    page: &Request<'_>,
    moment: Moment,
    key: Option<&DailyKey>,
) -> (Exchange, Option<Notice>) {
    let mut exchange = judge::begin(config, page, moment, key);
    let notice = judge::notice(config, &exchange, page);
    if notice.is_some() && !has_place {
        exchange.hand_out_nothing();
    }
    (exchange, notice)
}

/// Whether the page has a place for the notice, and a script to put it there: an image shows none.
fn has_place(request: &Request<'_>, query: &[u8]) -> bool {
    request.method == b"POST" && parameter(query, b'n').is_some()
}

/// The page that the report tells of: its path and query.
fn page(request: &Request<'_>, query: &[u8]) -> Option<Vec<u8>> {
    let target = match parameter(query, b'p') {
        Some(page) => page,
        None => decide::target_of(first_value(request.headers, &REFERER)?)?.to_vec(),
    };
    (target.starts_with(b"/") && is_plain(&target)).then_some(target)
}

/// Whether there are no control bytes, which no request line and no header could have brought.
fn is_plain(value: &[u8]) -> bool {
    !value.iter().any(u8::is_ascii_control)
}

fn title(query: &[u8]) -> Option<String> {
    let title = parameter(query, b't')?;
    let title = String::from_utf8_lossy(&title).replace(char::is_control, "");
    Some(title).filter(|title| !title.is_empty())
}

fn status(query: &[u8]) -> u16 {
    let status = parameter(query, b's').filter(|text| text.len() == 3 && text.iter().all(u8::is_ascii_digit));
    let status = status.and_then(|text| str::from_utf8(&text).ok()?.parse().ok());
    status.filter(|status| (100..600).contains(status)).unwrap_or(200)
}

/// The headers of a request for the page: those of the report, but for what says where it came from and what it
/// is for.
struct Reported<'a> {
    headers: &'a dyn Headers,
    referrer: &'a [u8],
}

/// The headers that only the report has.
static REPLACED: [HeaderName; 8] = [
    REFERER,
    ACCEPT,
    ORIGIN,
    HeaderName::from_static("sec-fetch-dest"),
    HeaderName::from_static("sec-fetch-mode"),
    HeaderName::from_static("sec-fetch-site"),
    HeaderName::from_static("sec-fetch-user"),
    HeaderName::from_static("x-requested-with"),
];

impl<'a> Reported<'a> {
    /// What a header is in place of what the report says, if it is any other.
    fn page(&self, name: &[u8]) -> Option<Option<&'a [u8]>> {
        let name =
            REPLACED.iter().find(|replaced| replaced.as_str().as_bytes().eq_ignore_ascii_case(name))?;
        Some(match name.as_str() {
            "referer" => Some(self.referrer).filter(|referrer| !referrer.is_empty()),
            "accept" => Some(b"text/html"),
            "sec-fetch-dest" => Some(b"document"),
            "sec-fetch-mode" => Some(b"navigate"),
            _ => None,
        })
    }
}

impl Headers for Reported<'_> {
    fn value(&self, name: &HeaderName) -> Option<&[u8]> {
        self.page(name.as_str().as_bytes()).unwrap_or_else(|| self.headers.value(name))
    }

    fn each<'a>(&'a self, name: &HeaderName, visit: &mut dyn FnMut(&'a [u8])) {
        match self.page(name.as_str().as_bytes()) {
            Some(value) => value.into_iter().for_each(visit),
            None => self.headers.each(name, visit),
        }
    }

    fn all<'a>(&'a self, visit: &mut dyn FnMut(&[u8], &'a [u8])) {
        self.headers.all(&mut |name, value| {
            if self.page(name).is_none() {
                visit(name, value);
            }
        });
        for name in &REPLACED {
            let name = name.as_str().as_bytes();
            if let Some(Some(value)) = self.page(name) {
                visit(name, value);
            }
        }
    }
}
