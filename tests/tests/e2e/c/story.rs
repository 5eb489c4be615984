//! One visitor after the other, in one process with threads.

use trackside_tests::{collector::Collector, folder::Folder};
use uuid::Uuid;

use super::program::Program;
use crate::kit::{events, ga4, rows, sqlite};

#[test]
fn visitors_are_told_counted_and_known_again() {
    let folder = Folder::new().unwrap();
    let store = folder.join("hits.db");
    let collector = Collector::start().unwrap();
    let toml = format!(
        "track.ignore = ['/admin/']\n[consent]\npolicy = 'notice'\nnotice = '{{site}} uses <1> cookie.'\n{}{}",
        sqlite(&store),
        ga4(&collector)
    );
    let server = Program::start(&folder, &toml, 0);
    let browser = server.browser();

    // A new visitor is told, and gets the cookie.
    let page = browser.get("/railway?utm_source=mail&token=1");
    assert_eq!(page.status(), 200);
    assert!(page.text().contains("<footer>127.0.0.1 uses &lt;1&gt; cookie.</footer>"), "{}", page.text());
    assert_eq!(page.header("cache-control"), Some("private"));
    let cookie = browser.cookie("trackside").unwrap();
    let visitor: Uuid = cookie.split('.').next().unwrap().parse().unwrap();

    // One who returns is told nothing and given nothing.
    let page = browser.get("/");
    assert!(page.is_untouched() && page.text().contains("<footer></footer>"), "{}", page.text());

    // An order is an event, whatever becomes of the request that makes it.
    let ordered = browser.send("POST", "/order", &[]);
    assert_eq!((ordered.status(), ordered.header("location")), (303, Some("/thanks")));
    assert!(ordered.is_untouched());

    // What is not counted stays as it is.
    let stranger = server.browser();
    for (method, target, status) in [("GET", "/nowhere", 404), ("GET", "/admin/", 200), ("HEAD", "/", 200)] {
        let page = stranger.send(method, target, &[]);
        assert_eq!((page.status(), page.is_untouched()), (status, true), "{method} {target}");
        assert_eq!(page.text().is_empty(), method == "HEAD");
    }
    assert_eq!(stranger.cookie("trackside"), None);

    assert_eq!(server.asked(), 6);
    // Their connections are closed with them.
    drop((browser, stranger));
    server.terminate();
    let books = server.books();
    assert_eq!(books.processes(), 1);
    let requests = books.sum("requests");
    assert_eq!((requests["seen"], requests["tracked"], requests["skipped"]), (6, 2, 4), "{requests:?}");
    // POST and HEAD are skipped for their method.
    assert_eq!((requests["method"], requests["ignored"], requests["status"]), (2, 1, 1), "{requests:?}");
    for destination in ["hits to sqlite", "hits to ga4"] {
        let hits = books.sum(destination);
        assert_eq!((hits["offered"], hits["delivered"]), (3, 3), "{destination}: {hits:?}");
    }

    let rows = rows(&store);
    let kept: Vec<_> = rows
        .iter()
        .map(|row| (row.kind.as_str(), row.path.as_str(), row.query.as_deref(), row.status, row.is_new))
        .collect();
    assert_eq!(
        kept,
        [
            ("page", "/railway", Some("utm_source=mail"), Some(200), true),
            ("page", "/", None, Some(200), false),
            ("event", "/order", None, Some(303), false),
        ]
    );
    assert!(rows.iter().all(|row| row.visitor == Some(visitor) && row.session == rows[0].session));
    assert!(rows.iter().all(|row| row.site == "127.0.0.1" && row.ip.as_deref() == Some("127.0.0.0")));
    assert_eq!(
        (rows[0].title.as_deref(), rows[1].title.as_deref()),
        (Some("Along the old railway"), Some("Walks"))
    );
    assert_eq!((rows[2].name.as_deref(), rows[2].value), (Some("order"), Some(12.5)));

    let mut events = events(&collector.requests());
    events.sort_by_key(|event| event.micros);
    let sent: Vec<_> =
        events.iter().map(|event| (event.name.as_str(), event.path.as_str(), event.micros)).collect();
    assert_eq!(
        sent,
        [
            ("page_view", "/railway?utm_source=mail", rows[0].at),
            ("page_view", "/", rows[1].at),
            ("order", "/order", rows[2].at),
        ]
    );
}
