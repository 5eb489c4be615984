//! The server, the client, and what was stored and sent.

mod browser;
mod sent;
mod site;
mod stored;

use std::{
    thread,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::Path,
    response::Html,
    routing::{get, post},
};
use trackside::{Event, Reason, Visit, ledger::Hits};
use trackside_tests::collector::Collector;

pub(crate) use self::{
    browser::Browser,
    sent::{events, forms},
    site::{NOON, Site},
    stored::{Row, paths, rows},
};

/// Nothing that is waited for takes this long unless it never comes.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// A front page, and one for each number; what is posted to `/event/…` is no page view, and an event of that name.
pub(crate) fn pages() -> Router {
    let page = |Path(n): Path<u32>| async move { Html(format!("<p>{n}</p>")) };
    Router::new()
        .route("/", get(|| async { Html("<p>Hello</p>") }))
        .route("/page/{n}", get(page))
        .route("/event/{name}", post(event))
}

async fn event(visit: Visit, Path(name): Path<String>) {
    let event = Event::new(name).category("cart").label("SKU-1").value(2.0);
    visit.event(event.property("colour", "red"));
}

/// Asks `browser` for the pages of these numbers, each of which must be whole.
pub(crate) fn turn(browser: &Browser, numbers: impl IntoIterator<Item = u32>) {
    for n in numbers {
        let page = browser.get(&format!("/page/{n}"));
        assert_eq!((page.status(), page.text()), (200, format!("<p>{n}</p>")));
    }
}

/// Has `browser` post what is an event of each of these names.
pub(crate) fn raise<'a>(browser: &Browser, names: impl IntoIterator<Item = &'a str>) {
    for name in names {
        assert_eq!(browser.send("POST", &format!("/event/{name}"), &[]).status(), 200, "{name}");
    }
}

/// The paths of the pages of these numbers, in the order of their letters.
pub(crate) fn page_paths(numbers: impl IntoIterator<Item = u32>) -> Vec<String> {
    let mut paths: Vec<_> = numbers.into_iter().map(|n| format!("/page/{n}")).collect();
    paths.sort();
    paths
}

/// How many hits were refused or dropped for `reason`.
pub(crate) fn lost(hits: &Hits, reason: Reason) -> u64 {
    let all = hits.refused.iter().chain(&hits.dropped);
    all.filter(|(it, _)| *it == reason).map(|(_, n)| n).sum()
}

/// Waits for what announces itself nowhere.
pub(crate) fn eventually(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !condition() {
        assert!(Instant::now() < deadline, "{what}: not within {LIMIT:?}");
        thread::park_timeout(Duration::from_millis(2));
    }
}

/// A destination of type sqlite, in TOML.
pub(crate) fn sqlite(path: &std::path::Path) -> String {
    format!("[[destination]]\ntype = 'sqlite'\npath = '{}'\n", path.display())
}

/// A destination of type ga4, in TOML.
pub(crate) fn ga4(collector: &Collector) -> String {
    let url = collector.url("/mp/collect");
    format!(
        "[[destination]]\ntype = 'ga4'\nurl = '{url}'\nmeasurement_id = 'G-TEST123456'\napi_secret = 's3cret'\n"
    )
}

/// A destination of type ga-v1, in TOML.
pub(crate) fn ga_v1(collector: &Collector) -> String {
    format!(
        "[[destination]]\ntype = 'ga-v1'\nurl = '{}'\ntracking_id = 'UA-1-1'\n",
        collector.url("/collect")
    )
}
