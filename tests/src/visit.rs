//! A visitor in Chrome who has been here before.

use std::error::Error;

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CONTENT_TYPE, COOKIE},
};
use trackside_core::{Annotations, Config, Request, Response, judge::Verdict};
use trackside_transports::Tracker;

use crate::{collector::Collector, folder::Folder};

/// What the visitor asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(clippy::exhaustive_enums, reason = "tests name each")]
pub enum Page {
    /// A page under a path that is not counted: skipped in `begin`.
    Ignored,
    /// A page that is not there: skipped in `finish`, for its status.
    Missing,
    /// A page that counts.
    Tracked,
}

/// The visitor, and the tracker of the site.
#[derive(Debug)]
pub struct Returning {
    tracker: Tracker,
    request: HeaderMap,
    response: HeaderMap,
}

impl Returning {
    /// Visits for the first time, and keeps the cookie.
    ///
    /// # Errors
    ///
    /// When `tracker` hands out no cookie.
    pub fn to(tracker: Tracker) -> Result<Self, Box<dyn Error>> {
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        let response = HeaderMap::from_iter([(CONTENT_TYPE, html)]);
        let mut visitor = Self { tracker, request: chrome(), response };
        let verdict = visitor.visit(Page::Tracked);
        let cookie = verdict.headers().find(|(name, _)| *name == "Set-Cookie").map(|(_, value)| value);
        let pair = cookie.and_then(|cookie| cookie.split(';').next()).ok_or("no cookie was handed out")?;
        visitor.request.insert(COOKIE, HeaderValue::from_str(pair)?);
        Ok(visitor)
    }

    /// Visits once more.
    pub fn visit(&self, page: Page) -> Verdict {
        let (target, status) = match page {
            Page::Ignored => ("/admin/walks/", 200),
            Page::Missing => (TARGET, 404),
            Page::Tracked => (TARGET, 200),
        };
        let request = Request::new("GET", target, &self.request)
            .with_peer(Some([203, 0, 113, 9].into()))
            .with_secure(true);
        let exchange = self.tracker.begin(&request);
        let annotations = Annotations::new().title("Twelve walks along the old railway");
        exchange.finish(&request, &Response::new(status, &self.response), &annotations)
    }

    /// The site's tracker.
    pub fn tracker(&self) -> &Tracker {
        &self.tracker
    }
}

/// The page that counts.
const TARGET: &str = "/walks/twelve-walks/?utm_source=newsletter&utm_medium=mail&page=2";

/// The fourteen headers that Chrome sends when somebody follows a link.
pub fn chrome() -> HeaderMap {
    let headers = [
        ("host", "www.example.com"),
        ("sec-ch-ua", r#""Chromium";v="141", "Google Chrome";v="141", "Not?A_Brand";v="8""#),
        ("sec-ch-ua-mobile", "?0"),
        ("sec-ch-ua-platform", "\"Linux\""),
        ("upgrade-insecure-requests", "1"),
        (
            "user-agent",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 \
             Safari/537.36",
        ),
        (
            "accept",
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
        ),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-user", "?1"),
        ("sec-fetch-dest", "document"),
        ("referer", "https://www.example.org/search/results/walks-and-cycling?region=valley"),
        ("accept-encoding", "gzip, deflate, br, zstd"),
        ("accept-language", "en-GB,en;q=0.9,de;q=0.8"),
    ];
    headers
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .into_iter()
        .collect()
}

/// A site that ignores `/admin/`, with the first `destinations` of SQLite, GA4 and a file.
///
/// # Errors
///
/// When the configuration is refused or cannot be opened.
pub fn site(destinations: usize, folder: &Folder, collector: &Collector) -> Result<Tracker, Box<dyn Error>> {
    let all = [
        format!("type = 'sqlite'\npath = '{}'", folder.join("hits.db").display()),
        format!(
            "type = 'ga4'\nmeasurement_id = 'G-TEST000001'\napi_secret = 'secret'\nurl = '{}'",
            collector.url("/mp/collect")
        ),
        format!("type = 'file'\npath = '{}'", folder.join("hits.jsonl").display()),
    ];
    let mut toml =
        "site = ['www.example.com']\nconsent.policy = 'notice'\ntrack.ignore = ['/admin/']\n".to_owned();
    for keys in all.iter().take(destinations) {
        toml.push_str(&format!("[[destination]]\n{keys}\n"));
    }
    Ok(Tracker::open(Config::builder().toml(&toml).build()?)?)
}
