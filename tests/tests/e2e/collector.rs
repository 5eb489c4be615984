//! A collector that is slow, down, back or out of its mind: the pages are answered all the same, and the
//! book of hits says what became of each.

use std::collections::BTreeMap;

use trackside::{Reason, ledger::Hits};
use trackside_tests::collector::{Answer, Collector};

use crate::kit::{LIMIT, Site, events, eventually, forms, ga_v1, ga4, lost, page_paths, pages, turn};

fn only(destinations: Vec<Hits>) -> Hits {
    let [hits] = destinations.try_into().unwrap();
    hits
}

/// The paths of what ga4 was sent, in the order of their letters.
fn event_paths(collector: &Collector) -> Vec<String> {
    let mut paths: Vec<_> = events(&collector.requests()).into_iter().map(|event| event.path).collect();
    paths.sort();
    paths
}

#[test]
fn while_the_collector_is_slow_pages_are_answered() {
    let collector = Collector::start().unwrap();
    collector.script([Answer::status(204).held()]);
    let site = Site::open(&ga4(&collector), pages());
    let browser = site.browser();

    turn(&browser, [0]);
    assert!(collector.wait_for_held(1, LIMIT));
    turn(&browser, 1..=60);
    // All are answered, and the first hit still is not.
    let stats = site.balanced();
    let hits = only(stats.destinations);
    assert_eq!((stats.requests.tracked, hits.offered, hits.in_flight), (61, 61, 1));
    assert_eq!((hits.delivered, collector.count()), (0, 1));

    collector.release();
    let hits = only(site.settled().destinations);
    assert_eq!((hits.delivered, hits.offered), (61, 61));
    assert_eq!(event_paths(&collector), page_paths(0..=60));
}

#[test]
fn what_finds_the_collector_down_arrives_once_when_it_is_back() {
    let mut collector = Collector::start().unwrap();
    let site = Site::open(&ga4(&collector), pages());
    let browsers = [site.browser(), site.browser()];

    // On connections that are then kept alive.
    browsers.iter().for_each(|browser| turn(browser, 0..5));
    site.settled();
    collector.down();
    browsers.iter().for_each(|browser| turn(browser, 5..20));
    eventually("a second attempt", || only(site.tracker.stats().destinations).retries > 0);
    browsers.iter().for_each(|browser| turn(browser, 20..25));
    let before = only(site.balanced().destinations);
    assert_eq!((before.delivered, before.offered, collector.count() > 0), (10, 50, true));

    collector.up().unwrap();
    let hits = only(site.settled().destinations);
    assert_eq!((hits.delivered, hits.refused, hits.dropped), (50, vec![], vec![]));
    let mut times: BTreeMap<(String, String), u32> = BTreeMap::new();
    for event in events(&collector.requests()) {
        *times.entry((event.client_id, event.path)).or_default() += 1;
    }
    // Twice 25, each once.
    assert_eq!((times.len(), times.into_values().max()), (50, Some(1)));
}

#[test]
fn what_was_sent_and_not_answered_is_never_sent_twice() {
    let strange = [
        ("hangs up", Answer::hang_up()),
        ("closes unread", Answer::unread()),
        ("talks nonsense", Answer::raw(&b"\0\xff nonsense\r\n\r\n"[..])),
        ("breaks off in the head", Answer::raw("HTTP/1.1 200 OK\r\nContent-")),
        ("fails", Answer::status(500)),
    ];
    for (what, answer) in strange {
        let collector = Collector::start().unwrap();
        collector.always(answer);
        let site = Site::open(&ga4(&collector), pages());
        turn(&site.browser(), 0..3);
        let hits = only(site.settled().destinations);
        assert_eq!((hits.offered, hits.delivered), (3, 0), "{what}");
        assert_eq!(hits.dropped, [(Reason::Ambiguous, 3)], "{what}: {hits:?}");
        assert_eq!(hits.retries, 0, "{what}");
        let paths = if what == "closes unread" { vec![] } else { page_paths(0..3) };
        assert_eq!(event_paths(&collector), paths, "{what}");

        // And it is well again.
        collector.always(Answer::status(204));
        turn(&site.browser(), 3..5);
        let hits = only(site.settled().destinations);
        assert_eq!((hits.offered, hits.delivered, lost(&hits, Reason::Ambiguous)), (5, 2, 3), "{what}");
    }
}

#[test]
fn an_answer_that_takes_too_long_is_given_up() {
    let collector = Collector::start().unwrap();
    collector.script([Answer::status(204).held()]);
    let site = Site::open(&format!("{}timeout = '100ms'\n", ga_v1(&collector)), pages());

    turn(&site.browser(), [1]);
    let hits = only(site.settled().destinations);
    assert_eq!((hits.delivered, hits.dropped), (0, vec![(Reason::Ambiguous, 1)]));
    // On a slow machine before it was sent to its end.
    assert!(collector.count() <= 1);
}

#[test]
fn what_the_collector_will_not_have_is_refused() {
    let answers =
        [Answer::status(400), Answer::status(302).header("Location", "/elsewhere"), Answer::status(404)];
    for answer in answers {
        let collector = Collector::start().unwrap();
        collector.always(answer);
        let site = Site::open(&ga_v1(&collector), pages());
        turn(&site.browser(), 0..3);
        let hits = only(site.settled().destinations);
        assert_eq!((hits.offered, hits.refused, hits.dropped), (3, vec![(Reason::Rejected, 3)], vec![]));
        assert_eq!(forms(&collector.requests()).len(), 3, "each once, and no redirect is followed");
    }
}

#[test]
fn what_the_collector_puts_off_is_sent_again() {
    let collector = Collector::start().unwrap();
    let later = |status| Answer::status(status).header("Retry-After", "0");
    collector.script([later(429), later(503), later(429)]);
    let site = Site::open(&format!("{}workers = 1\n", ga_v1(&collector)), pages());

    turn(&site.browser(), 0..4);
    let hits = only(site.settled().destinations);
    assert_eq!((hits.offered, hits.delivered, hits.retries), (4, 4, 3));
    let mut paths: Vec<_> = forms(&collector.requests()).iter().map(|form| form["dp"].clone()).collect();
    assert_eq!(paths.len(), 7);
    paths.sort();
    paths.dedup();
    assert_eq!(paths, page_paths(0..4));
}

#[test]
fn an_answer_of_any_length_is_an_answer() {
    let collector = Collector::start().unwrap();
    collector.always(Answer::status(200).body(vec![b'x'; 4 << 20]));
    let site = Site::open(&ga_v1(&collector), pages());

    turn(&site.browser(), 0..3);
    assert_eq!(only(site.settled().destinations).delivered, 3);
    assert_eq!(collector.count(), 3);
}

#[test]
fn a_full_queue_drops_and_counts_what_comes_then() {
    let collector = Collector::start().unwrap();
    collector.script([Answer::status(204).held()]);
    let queue = "workers = 1\nqueue.hits = 10\n";
    let site = Site::open(&format!("{}{queue}", ga_v1(&collector)), pages());
    let browser = site.browser();

    turn(&browser, [0]);
    assert!(collector.wait_for_held(1, LIMIT));
    turn(&browser, 1..=40);
    let hits = only(site.balanced().destinations);
    assert_eq!((hits.offered, hits.in_flight), (41, 1));
    assert_eq!(hits.dropped, [(Reason::QueueFull, 40 - hits.queued)]);

    collector.release();
    let hits = only(site.settled().destinations);
    assert_eq!(hits.delivered + lost(&hits, Reason::QueueFull), 41);
    // Those that came first.
    let delivered = u32::try_from(hits.delivered).unwrap();
    let mut paths: Vec<_> = forms(&collector.requests()).iter().map(|form| form["dp"].clone()).collect();
    paths.sort();
    assert_eq!(paths, page_paths(0..delivered));
    assert!((11..=12).contains(&delivered), "a queue of 10, and what the worker holds: {delivered}");
}
