//! How it ends: a close with its deadline, exchanges that come to nothing, and the modes that send nothing.

use std::{io::Write, net::TcpStream, path::Path, sync::mpsc, time::Duration};

use axum::{Router, response::Html, routing::get};
use trackside::{Event, Reason, Visit};
use trackside_tests::{
    collector::{Answer, Collector},
    folder::Folder,
};

use crate::kit::{LIMIT, Site, eventually, forms, ga_v1, lost, page_paths, pages, paths, rows, sqlite, turn};

#[test]
fn close_delivers_what_there_is_and_later_hits_are_dropped() {
    let folder = Folder::new().unwrap();
    let store = folder.join("trackside.db");
    let site = Site::open(&sqlite(&store), pages());
    let browser = site.browser();

    turn(&browser, 0..50);
    assert!(site.tracker.close(LIMIT).unwrap().is_empty());
    assert_eq!(paths(&rows(&store)), page_paths(0..50));
    turn(&browser, 50..53);
    assert!(site.tracker.close(LIMIT).unwrap().is_empty());
    let stats = site.balanced();
    assert_eq!((stats.requests.tracked, stats.destinations[0].delivered), (53, 50));
    assert_eq!(stats.destinations[0].dropped, [(Reason::Closed, 3)]);
    assert_eq!(rows(&store).len(), 50);
}

#[test]
fn close_with_a_stalled_collector_returns_and_says_what_was_left() {
    let collector = Collector::start().unwrap();
    collector.script([Answer::status(204).held()]);
    let site = Site::open(&format!("{}workers = 1\n", ga_v1(&collector)), pages());
    let browser = site.browser();

    turn(&browser, [0]);
    assert!(collector.wait_for_held(1, LIMIT));
    turn(&browser, 1..20);
    let left = site.tracker.close(Duration::from_millis(50)).unwrap().left;
    assert_eq!((left.in_flight, left.queued), (1, 19));
    let hits = &site.balanced().destinations[0];
    assert_eq!((hits.offered, hits.delivered, hits.in_flight), (20, 0, 1));
    assert_eq!(hits.dropped, [(Reason::Shutdown, 19)]);
    turn(&browser, [20]);

    // What was in flight is still counted when its answer comes.
    collector.release();
    eventually("the late answer", || site.tracker.stats().destinations[0].delivered == 1);
    let hits = &site.balanced().destinations[0];
    assert_eq!((hits.offered, hits.pending()), (21, 0));
    assert_eq!((lost(hits, Reason::Shutdown), lost(hits, Reason::Closed)), (19, 1));
    let [form] = forms(&collector.requests()).try_into().unwrap();
    assert_eq!(form["dp"], "/page/0");
}

#[test]
fn close_while_the_collector_is_down_gives_up_all_and_says_so() {
    let mut collector = Collector::start().unwrap();
    collector.down();
    let site = Site::open(&ga_v1(&collector), pages());

    turn(&site.browser(), 0..10);
    let left = site.tracker.close(Duration::from_millis(50)).unwrap().left;
    assert_eq!(left.queued + left.in_flight, 10, "{:?}", site.balanced());
    eventually("the end of every attempt", || site.tracker.stats().destinations[0].pending() == 0);
    let hits = &site.balanced().destinations[0];
    assert_eq!((hits.offered, hits.delivered), (10, 0));
    assert_eq!(hits.dropped, [(Reason::Shutdown, 10)]);
    assert_eq!(collector.count(), 0);
}

#[test]
fn a_visitor_who_leaves_before_the_answer_is_not_counted() {
    let folder = Folder::new().unwrap();
    let store = folder.join("trackside.db");
    let (started, starts) = mpsc::channel();
    let app = Router::new().route(
        "/slow",
        get(move |visit: Visit| async move {
            visit.event(Event::new("never sent"));
            started.send(()).unwrap();
            std::future::pending::<Html<&str>>().await
        }),
    );
    let site = Site::open(&sqlite(&store), app.merge(pages()));

    site.asked_once_more();
    let mut stream = TcpStream::connect(site.address).unwrap();
    write!(stream, "GET /slow HTTP/1.1\r\nHost: www.example.com\r\n\r\n").unwrap();
    starts.recv_timeout(LIMIT).unwrap();
    drop(stream);
    eventually("abandoned", || site.tracker.stats().requests.skipped == [(Reason::Abandoned, 1)]);
    turn(&site.browser(), [1]);
    let stats = site.settled();
    assert_eq!((stats.requests.tracked, stats.requests.skipped), (1, vec![(Reason::Abandoned, 1)]));
    assert_eq!(paths(&rows(&store)), ["/page/1"]);
}

#[test]
fn a_handler_that_panics_is_not_counted_and_harms_nobody_else() {
    async fn panics(visit: Visit) -> Html<&'static str> {
        visit.event(Event::new("never sent"));
        panic!("on purpose: {:?}", visit.id())
    }
    let folder = Folder::new().unwrap();
    let store = folder.join("trackside.db");
    let site = Site::open(&sqlite(&store), pages().route("/panic", get(panics)));

    let browser = site.browser();
    turn(&browser, [1]);
    assert!(browser.open("GET", "/panic", &[]).is_err());
    turn(&browser, [2]);
    // The connection is closed before the request's end is told.
    eventually("abandoned", || site.tracker.stats().requests.skipped == [(Reason::Abandoned, 1)]);
    let stats = site.settled();
    assert_eq!((stats.requests.tracked, stats.requests.skipped), (2, vec![(Reason::Abandoned, 1)]));
    assert_eq!(paths(&rows(&store)), page_paths([1, 2]));
}

/// Nothing was added to a page, nothing offered, and no store made.
fn leaves_no_trace(site: &Site, store: &Path) {
    let page = site.browser().get("/page/1");
    assert_eq!((page.status(), page.text().as_str()), (200, "<p>1</p>"));
    assert!(page.is_untouched());
    assert!(site.settled().destinations.iter().all(|hits| hits.offered == 0));
    assert!(!store.exists());
}

#[test]
fn a_dry_run_judges_and_leaves_no_trace() {
    let folder = Folder::new().unwrap();
    let store = folder.join("trackside.db");
    let site = Site::open(&format!("mode = 'dry-run'\n{}", sqlite(&store)), pages());
    leaves_no_trace(&site, &store);
    assert_eq!(site.browser().get("/none").status(), 404);
    let requests = site.settled().requests;
    assert_eq!((requests.tracked, requests.skipped), (1, vec![(Reason::Status, 1)]));
}

#[test]
fn switched_off_it_counts_requests_and_leaves_no_trace() {
    let folder = Folder::new().unwrap();
    let store = folder.join("trackside.db");
    let site = Site::open(&format!("mode = 'off'\n{}", sqlite(&store)), pages());
    leaves_no_trace(&site, &store);
    let requests = site.settled().requests;
    assert_eq!((requests.tracked, requests.skipped), (0, vec![(Reason::Off, 1)]));
}
