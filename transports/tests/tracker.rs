//! The live facade, whose transport notes what it is told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use trackside_core::{
    Annotations, Config, Hit, Reason, Request, Response,
    config::Policy,
    judge::Verdict,
    ledger::{Hits, Requests},
    transport::{Left, Recording, Reentrant, Submitted, Transport},
};
use trackside_transports::{Tracker, clock::Clock};

/// Always has something left, and counts how often it is closed. The first close may be refused.
#[derive(Debug, Default)]
struct Busy {
    refuses: bool,
    closed: AtomicUsize,
}

impl Transport for Busy {
    fn submit(&self, _: Hit) -> Submitted {
        Submitted::Queued
    }

    fn submit_until(&self, hit: Hit, _: Instant) -> Result<Submitted, Reentrant> {
        Ok(self.submit(hit))
    }

    fn flush(&self, _: Instant) -> Result<Left, Reentrant> {
        Ok(Left::new(0, 1))
    }

    fn close(&self, _: Instant) -> Result<Left, Reentrant> {
        let before = self.closed.fetch_add(1, SeqCst);
        if self.refuses && before == 0 { Err(Reentrant) } else { Ok(Left::new(0, 1)) }
    }

    fn stats(&self) -> Vec<Hits> {
        Vec::new()
    }
}

fn tracker(transport: &Arc<Busy>) -> Tracker {
    let config = Config::builder().consent(Policy::None).build().unwrap();
    Tracker::builder(config).transport(transport.clone()).open().unwrap()
}

#[test]
fn the_last_clone_closes_what_nobody_closed() {
    let transport = Arc::new(Busy::default());
    let one = tracker(&transport);
    let other = one.clone();
    drop(one);
    assert_eq!(transport.closed.load(SeqCst), 0);
    drop(other);
    assert_eq!(transport.closed.load(SeqCst), 1);
}

#[test]
fn what_was_closed_is_not_waited_for_again() {
    let transport = Arc::new(Busy::default());
    let tracker = tracker(&transport);
    assert_eq!(tracker.close(Duration::ZERO).unwrap().left, Left::new(0, 1));
    drop(tracker);
    assert_eq!(transport.closed.load(SeqCst), 1);
}

/// Both books of the whole life, as `stats` would tell them, with the requests that were skipped.
#[test]
fn close_answers_both_books() {
    let config = Config::builder().toml("visitor.identity = 'none'").build().unwrap();
    let tracker = Tracker::builder(config).transport(Arc::new(Recording::new())).open().unwrap();
    for status in [200, 404, 200] {
        let request = Request::new("GET", "/", &[("host", "www.example.com")]);
        let response = Response::new(status, &[("content-type", "text/html")]);
        let verdict = tracker.begin(&request).finish(&request, &response, &Annotations::new());
        assert_eq!(verdict.is_tracked(), status == 200);
    }
    let closed = tracker.close(Duration::ZERO).unwrap();
    assert!(closed.is_empty());
    let (requests, hits) = (&closed.stats.requests, &closed.stats.destinations[0]);
    assert_eq!((requests.seen(), requests.tracked), (3, 2));
    assert_eq!(requests.skipped, [(Reason::Status, 1)]);
    assert_eq!((hits.offered, hits.delivered, hits.pending()), (2, 2, 0));
    assert_eq!(closed.stats, tracker.stats());
}

#[test]
fn a_close_that_was_refused_is_made_up_for() {
    let transport = Arc::new(Busy { refuses: true, ..Busy::default() });
    let tracker = tracker(&transport);
    assert_eq!(tracker.close(Duration::ZERO), Err(Reentrant));
    drop(tracker);
    assert_eq!(transport.closed.load(SeqCst), 2);
}

#[test]
fn an_exchange_that_is_kept_ends_once() {
    let tracker = tracker(&Arc::default());
    let headers = [("host", "www.example.com")];
    let request = Request::new("GET", "/", &headers);
    let html = [("content-type", "text/html")];
    let (response, nothing) = (Response::new(200, &html), Annotations::new());

    let mut exchange = tracker.begin(&request);
    assert!(!exchange.is_over());
    assert!(exchange.end(&request, &response, &nothing).is_tracked());
    assert!(exchange.is_over());
    assert_eq!(exchange.end(&request, &response, &nothing), Verdict::skip(Reason::Abandoned));
    exchange.abandon();
    exchange.count_late();
    drop(exchange);
    assert_eq!(tracker.stats().requests, Requests::new(1, vec![], 1));

    let mut exchange = tracker.begin(&request);
    exchange.abandon();
    assert!(exchange.is_over());
    assert_eq!(exchange.end(&request, &response, &nothing), Verdict::skip(Reason::Abandoned));
    drop(exchange);
    assert_eq!(tracker.stats().requests, Requests::new(1, vec![(Reason::Abandoned, 1)], 1));
}

/// Breaks while it takes a hit.
#[derive(Debug)]
struct Broken;

impl Transport for Broken {
    fn submit(&self, _: Hit) -> Submitted {
        panic!("a bug");
    }

    fn submit_until(&self, hit: Hit, _: Instant) -> Result<Submitted, Reentrant> {
        Ok(self.submit(hit))
    }

    fn flush(&self, _: Instant) -> Result<Left, Reentrant> {
        Ok(Left::default())
    }

    fn close(&self, _: Instant) -> Result<Left, Reentrant> {
        Ok(Left::default())
    }

    fn stats(&self) -> Vec<Hits> {
        Vec::new()
    }
}

#[test]
fn an_exchange_that_a_panic_ends_is_counted() {
    let config = Config::builder().consent(Policy::None).build().unwrap();
    let tracker = Tracker::builder(config).transport(Arc::new(Broken)).open().unwrap();
    let headers = [("host", "www.example.com")];
    let request = Request::new("GET", "/", &headers);
    let html = [("content-type", "text/html")];
    let exchange = tracker.begin(&request);
    let finish = || exchange.finish(&request, &Response::new(200, &html), &Annotations::new());
    assert!(catch_unwind(AssertUnwindSafe(finish)).is_err());
    assert_eq!(tracker.stats().requests, Requests::new(0, vec![(Reason::Abandoned, 1)], 0));
}

#[test]
fn a_request_has_one_explanation_at_one_time() {
    #[derive(Debug)]
    struct Still;
    impl Clock for Still {
        fn micros(&self) -> u64 {
            1_784_714_400_000_000
        }
    }

    let config = Config::builder().consent(Policy::Notice).build().unwrap();
    let tracker = Tracker::builder(config).clock(Arc::new(Still)).open().unwrap();
    let explained = || {
        let headers = [("host", "www.example.com")];
        let response = [("content-type", "text/html")];
        let request = Request::new("GET", "/", &headers);
        tracker.explain(&request, &Response::new(200, &response), &Annotations::new()).to_string()
    };
    let text = explained();
    assert!(text.contains("visitor: new, would be 07070707-0707-4707-8707-070707070707\n"), "{text}");
    assert_eq!(explained(), text);
}
