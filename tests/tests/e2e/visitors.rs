//! Who comes, comes again, and is told of the cookie.

use std::{collections::BTreeSet, fs};

use axum::{Router, response::Html, routing::get};
use tower_http::services::ServeDir;
use trackside::Visit;
use trackside_tests::folder::Folder;
use uuid::Uuid;

use crate::kit::{NOON, Site, pages, rows, sqlite};

/// The parts of a visitor cookie: the id, and the three times after it.
fn parts(cookie: &str) -> (Uuid, Vec<u64>) {
    let (id, times) = cookie.split_once('.').unwrap();
    (id.parse().unwrap(), times.split('.').map(|time| time.parse().unwrap()).collect())
}

#[test]
fn a_new_visitor_is_stored_under_the_id_of_its_cookie() {
    let folder = Folder::new().unwrap();
    let store = folder.join("trackside.db");
    let site = Site::open(&sqlite(&store), pages());
    let browser = site.browser();

    let page = browser.get("/page/1?utm_source=mail&token=1");
    assert_eq!((page.status(), page.text().as_str()), (200, "<p>1</p>"));
    assert_eq!(page.header("cache-control"), Some("private"));
    let cookie = browser.cookie("trackside").unwrap();
    let (id, times) = parts(&cookie);
    assert_eq!(times, [NOON; 3]);

    let stats = site.settled();
    assert_eq!((stats.requests.tracked, stats.destinations[0].delivered), (1, 1));
    let [row] = rows(&store).try_into().unwrap();
    assert_eq!((row.kind.as_str(), row.status, row.visitor), ("page", Some(200), Some(id)));
    assert_eq!((row.is_new, row.session, row.first_visit), (true, Some(NOON), Some(NOON)));
    assert_eq!((row.site.as_str(), row.path.as_str()), ("127.0.0.1", "/page/1"));
    assert_eq!((row.query.as_deref(), row.route.as_deref()), (Some("utm_source=mail"), Some("/page/{n}")));
    assert_eq!((row.at, row.ip.as_deref()), (NOON * 1_000_000, Some("127.0.0.0")));
    assert_eq!(row.id.get_version_num(), 7);
}

#[test]
fn a_visitor_who_returns_is_the_same_in_the_same_session() {
    let folder = Folder::new().unwrap();
    let store = folder.join("trackside.db");
    let site = Site::open(&sqlite(&store), pages());
    let browser = site.browser();

    browser.get("/page/1");
    let cookie = browser.cookie("trackside");
    site.at(60);
    assert!(browser.get("/page/2").is_untouched(), "the cookie is young enough");
    // Older than a tenth of the time-out: only what was last seen is written anew.
    site.at(600);
    assert!(browser.get("/page/3").header("set-cookie").is_some());
    let (id, times) = parts(&browser.cookie("trackside").unwrap());
    assert_eq!((id, times), (parts(&cookie.unwrap()).0, vec![NOON, NOON, NOON + 600]));

    assert_eq!(site.settled().requests.tracked, 3);
    let rows = rows(&store);
    let seen: Vec<_> = rows.iter().map(|row| (row.visitor, row.session, row.is_new)).collect();
    assert_eq!(
        seen,
        [(Some(id), Some(NOON), true), (Some(id), Some(NOON), false), (Some(id), Some(NOON), false)]
    );
}

#[test]
fn after_half_an_hour_a_second_session_begins_and_the_browser_keeps_it() {
    let folder = Folder::new().unwrap();
    let store = folder.join("trackside.db");
    let site = Site::open(&sqlite(&store), pages());
    let browser = site.browser();

    for after in [0, 7_200, 7_260] {
        site.at(after);
        browser.get("/");
    }
    let (id, times) = parts(&browser.cookie("trackside").unwrap());
    assert_eq!(times, [NOON, NOON + 7_200, NOON + 7_200]);

    assert_eq!(site.settled().requests.tracked, 3);
    let seen: Vec<_> =
        rows(&store).iter().map(|row| (row.visitor, row.session, row.first_visit, row.is_new)).collect();
    let (id, first) = (Some(id), Some(NOON));
    let later = Some(NOON + 7_200);
    assert_eq!(seen, [(id, first, first, true), (id, later, first, false), (id, later, first, false)]);
}

#[test]
fn browsers_are_told_apart_and_one_without_cookies_is_new_each_time() {
    let folder = Folder::new().unwrap();
    let store = folder.join("trackside.db");
    let site = Site::open(&sqlite(&store), pages());
    let (one, other, forgetful) = (site.browser(), site.browser(), site.browser());

    for _ in 0..3 {
        one.get("/page/1");
        other.get("/page/2");
        forgetful.get("/page/3");
        forgetful.forget();
    }
    assert_eq!(site.settled().requests.tracked, 9);
    let rows = rows(&store);
    let visitors_of = |path: &str| -> BTreeSet<_> {
        rows.iter().filter(|row| row.path == path).map(|row| row.visitor.unwrap()).collect()
    };
    assert_eq!(visitors_of("/page/1"), BTreeSet::from([parts(&one.cookie("trackside").unwrap()).0]));
    assert_eq!(visitors_of("/page/2"), BTreeSet::from([parts(&other.cookie("trackside").unwrap()).0]));
    assert_eq!(visitors_of("/page/3").len(), 3);
}

#[test]
fn a_revisit_answered_304_is_a_seen_page_that_changes_no_cookie() {
    let folder = Folder::new().unwrap();
    let store = folder.join("trackside.db");
    let files = folder.join("files");
    fs::create_dir(&files).unwrap();
    fs::write(files.join("index.html"), "<p>Hello</p>").unwrap();
    let site = Site::open(&sqlite(&store), Router::new().fallback_service(ServeDir::new(files)));
    let browser = site.browser();

    let first = browser.get("/");
    assert_eq!((first.status(), first.text().as_str()), (200, "<p>Hello</p>"));
    let modified = first.header("last-modified").unwrap().to_owned();
    let cookie = browser.cookie("trackside").unwrap();
    // Within the session, and when it has lapsed.
    for after in [60, 7_200] {
        site.at(after);
        let again = browser.send("GET", "/", &[("if-modified-since", &modified)]);
        assert_eq!((again.status(), again.text().as_str()), (304, ""));
        assert!(again.is_untouched());
    }
    assert_eq!(browser.cookie("trackside").as_ref(), Some(&cookie));

    assert_eq!(site.settled().requests.tracked, 3);
    let rows = rows(&store);
    let seen: Vec<_> = rows.iter().map(|row| (row.status, row.visitor, row.session)).collect();
    let id = Some(parts(&cookie).0);
    assert_eq!(seen, [(Some(200), id, Some(NOON)), (Some(304), id, Some(NOON)), (Some(304), id, None)]);
}

#[test]
fn the_notice_is_shown_on_the_first_page_only() {
    async fn page(visit: Visit) -> Html<String> {
        Html(visit.notice().map_or_else(|| "nothing to tell".to_owned(), |notice| notice.html()))
    }
    let folder = Folder::new().unwrap();
    let toml = "[consent]\npolicy = 'notice'\nnotice = '{site} uses <1> cookie.'\n";
    let toml = format!("{toml}{}", sqlite(&folder.join("trackside.db")));
    let site = Site::open(&toml, Router::new().route("/", get(page)));
    let browser = site.browser();

    assert_eq!(browser.get("/").text(), "127.0.0.1 uses &lt;1&gt; cookie.");
    assert_eq!(browser.get("/").text(), "nothing to tell");
    site.at(7_200);
    assert_eq!(browser.get("/").text(), "nothing to tell");
    browser.forget();
    assert_eq!(browser.get("/").text(), "127.0.0.1 uses &lt;1&gt; cookie.");
    assert_eq!(site.settled().requests.tracked, 4);
}
