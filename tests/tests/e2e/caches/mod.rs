//! Pages behind Varnish and behind nginx, configured as the guide's recipes say: nobody gets another's cookie, each
//! view is counted once, and the cache answers as often as it would without trackside.

mod front;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{Router, response::Html, routing::get};
use trackside::Visit;
use trackside_tests::folder::Folder;

use self::front::{Front, nginx, varnish};
use crate::kit::{Browser, Site, rows, sqlite};

/// What pages say to caches.
const PAGES: [(&str, &str); 5] = [
    ("/public", "public, max-age=600"),
    ("/shared", "s-maxage=600, max-age=0"),
    ("/with-beacon", "max-age=600"),
    ("/private", "private"),
    ("/no-store", "no-store"),
];
const SHARED: [&str; 3] = ["/public", "/shared", "/with-beacon"];

/// How often each page was made.
type Made = Arc<BTreeMap<&'static str, AtomicU64>>;

/// A page that says `caching`, with the beacon's markup, and one more of each visitor that says nothing.
fn pages(made: &Made) -> Router {
    let mut app = Router::new();
    for (path, caching) in PAGES {
        let made = Arc::clone(made);
        app = app.route(
            path,
            get(move |visit: Visit| async move {
                made[path].fetch_add(1, Ordering::SeqCst);
                let tag = if path == "/with-beacon" { visit.beacon().unwrap_or_default() } else { "" };
                ([("cache-control", caching)], Html(format!("<p>{path}</p>{tag}")))
            }),
        );
    }
    app.route("/unsaid", get(|| async { Html("<p>/unsaid</p>") }))
}

fn counters() -> Made {
    Arc::new(PAGES.map(|(path, _)| (path, AtomicU64::new(0))).into())
}

/// A browser that looks at every page, and reports those that the beacon counts.
fn look(browser: &Browser) {
    for (path, _) in PAGES {
        let page = browser.get(path);
        assert!(page.status() == 200 && page.text().starts_with(&format!("<p>{path}</p>")));
        assert_eq!(page.header("vary"), None, "{path}");
        if SHARED.contains(&path) {
            assert_eq!(page.header("set-cookie"), None, "{path}");
            report(browser, path);
        }
    }
}

fn report(browser: &Browser, path: &str) {
    let own =
        [("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "same-origin"), ("sec-fetch-dest", "empty")];
    let answer = browser.send("POST", &format!("/t/?p={path}&t=A+title"), &own);
    assert_eq!((answer.status(), answer.header("cache-control")), (204, Some("private, no-store")));
}

/// The visitor's id, out of its cookie.
fn id(browser: &Browser) -> String {
    browser
        .cookie("trackside")
        .and_then(|value| Some(value.split_once('.')?.0.to_owned()))
        .unwrap_or_default()
}

const VISITORS: usize = 3;
const ROUNDS: usize = 3;

/// How often each page was made for the same visits, with trackside in this mode.
fn made_in(mode: &str, folder: &Folder, start: fn(&Path, &Site) -> Front) -> BTreeMap<&'static str, u64> {
    let made = counters();
    let toml = format!("mode = '{mode}'\nbeacon.path = '/t/'\n{}", sqlite(&folder.join("of-mode.db")));
    let site = Site::open(&toml, pages(&made));
    let front = start(folder.path(), &site);
    let browsers: Vec<_> = (0..VISITORS).map(|_| front.browser()).collect();
    for _ in 0..ROUNDS {
        browsers.iter().for_each(look);
    }
    made.iter().map(|(path, count)| (*path, count.load(Ordering::SeqCst))).collect()
}

fn counts_each_view_once(start: fn(&Path, &Site) -> Front) {
    let folder = Folder::new().unwrap();
    let store = folder.join("hits.db");
    let made = counters();
    let site = Site::open(&format!("beacon.path = '/t/'\n{}", sqlite(&store)), pages(&made));
    let front = start(folder.path(), &site);
    let browsers: Vec<_> = (0..VISITORS).map(|_| front.browser()).collect();
    for _ in 0..ROUNDS {
        browsers.iter().for_each(look);
    }
    // The cache had answered, or this would show nothing.
    for path in SHARED {
        assert_eq!(made[path].load(Ordering::SeqCst), 1, "{path}");
    }
    let ids: BTreeSet<_> = browsers.iter().map(id).collect();
    assert_eq!(ids.len(), VISITORS, "each visitor has an id of its own: {ids:?}");
    assert!(!ids.contains(""));

    let left = site.tracker.flush(crate::kit::LIMIT).unwrap();
    assert!(left.is_empty(), "{left:?}");
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    for row in rows(&store) {
        let visitor = row.visitor.map(|visitor| visitor.to_string()).unwrap_or_default();
        *seen.entry((row.path.clone(), visitor)).or_default() += 1;
    }
    let expected: BTreeMap<_, _> = PAGES
        .iter()
        .flat_map(|(path, _)| ids.iter().map(move |id| (((*path).to_owned(), id.clone()), ROUNDS)))
        .collect();
    assert_eq!(seen, expected, "each view of each visitor is counted once, and as that visitor's");
}

fn hands_nobody_anothers_cookie(start: fn(&Path, &Site) -> Front) {
    let folder = Folder::new().unwrap();
    // Without a beacon, and so with the cookie on pages alone.
    let site = Site::open(&sqlite(&folder.join("hits.db")), pages(&counters()));
    let front = start(folder.path(), &site);
    let browsers: Vec<_> = (0..4).map(|_| front.browser()).collect();
    let mut ids = BTreeMap::new();
    for round in 0..3 {
        for (n, browser) in browsers.iter().enumerate() {
            for path in ["/unsaid", "/public", "/private", "/unsaid"] {
                let page = browser.get(path);
                if let Some(cookie) = page.header("set-cookie") {
                    let id = cookie.split(['=', '.']).nth(1).unwrap().to_owned();
                    let caching = page.header("cache-control").unwrap_or_default();
                    assert!(caching.contains("private"), "{path}: {caching}");
                    assert_eq!(ids.entry(id).or_insert(n), &n, "round {round}, {path}");
                }
            }
        }
    }
    assert_eq!(ids.len(), browsers.len(), "{ids:?}");
}

fn answers_as_often_as_without(start: fn(&Path, &Site) -> Front) {
    let folder = Folder::new().unwrap();
    let with = made_in("on", &folder, start);
    let (off, dry) = (made_in("off", &folder, start), made_in("dry-run", &folder, start));
    assert_eq!(with, off);
    assert_eq!(with, dry);
    assert_eq!(with["/public"], 1);
    assert_eq!(with["/private"], (VISITORS * ROUNDS) as u64);
}

#[test]
fn behind_varnish_each_view_is_counted_once() {
    counts_each_view_once(varnish);
}

#[test]
fn behind_nginx_each_view_is_counted_once() {
    counts_each_view_once(nginx);
}

#[test]
fn behind_varnish_nobody_gets_anothers_cookie() {
    hands_nobody_anothers_cookie(varnish);
}

#[test]
fn behind_nginx_nobody_gets_anothers_cookie() {
    hands_nobody_anothers_cookie(nginx);
}

#[test]
fn varnish_answers_as_often_as_without_trackside() {
    answers_as_often_as_without(varnish);
}

#[test]
fn nginx_answers_as_often_as_without_trackside() {
    answers_as_often_as_without(nginx);
}
