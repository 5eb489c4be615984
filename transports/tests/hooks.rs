//! Filters and editors: what they see, what becomes of their answers, and what of their mistakes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod kit;

use std::{
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use kit::*;
use trackside_core::{
    Annotations, Config, Reason, Request, Response, enrich::Class, hit::Text, ledger::Hits, protocol::Outcome,
};
use trackside_transports::{Builder, Tracker};

const TWO: &str = "visitor.identity = 'none'
    [[destination]]
    type = 'callback'
    name = 'one'
    [[destination]]
    type = 'callback'
    name = 'two'
    ";

type Seen = Arc<Mutex<Vec<(String, Option<Class>)>>>;

/// A tracker of two destinations, and what arrives at the first.
fn noting(hooks: impl FnOnce(Builder) -> Builder) -> (Tracker, Seen) {
    let config = Config::builder().toml(TWO).build().unwrap();
    let seen = Seen::default();
    let arrived = Arc::clone(&seen);
    let builder = Tracker::builder(config)
        .sink(
            "one",
            does(move |batch, _| {
                arrived.lock().unwrap().extend(batch.iter().map(|one| {
                    let class = one.found.unwrap().bot().map(|bot| bot.class());
                    (String::from_utf8(one.hit.path().to_vec()).unwrap(), class)
                }));
                all(batch, Outcome::Delivered)
            }),
        )
        .sink("two", does(|batch, _| all(batch, Outcome::Delivered)));
    (hooks(builder).open().unwrap(), seen)
}

fn visit(tracker: &Tracker, path: &str) {
    let headers = [("host", "www.example.com"), ("user-agent", "curl/8.5.0")];
    let request = Request::new("GET", path, &headers);
    let response = Response::new(200, &[("content-type", "text/html")]);
    assert!(tracker.begin(&request).finish(&request, &response, &Annotations::new()).is_tracked());
}

fn close(tracker: &Tracker) -> Vec<Hits> {
    assert!(tracker.close(Duration::from_secs(60)).unwrap().is_empty());
    tracker.stats().destinations
}

#[test]
fn workers_look_at_every_hit() {
    let (tracker, seen) = noting(|builder| builder);
    visit(&tracker, "/");
    close(&tracker);
    assert_eq!(*seen.lock().unwrap(), [("/".to_owned(), Some(Class::Library))]);
}

#[test]
fn what_the_filter_does_not_want_is_refused() {
    let (tracker, seen) = noting(|builder| builder.filter(|hit| hit.hit.path() != b"/no"));
    ["/a", "/no", "/b"].iter().for_each(|path| visit(&tracker, path));
    let books = close(&tracker);
    let paths: Vec<_> = seen.lock().unwrap().iter().map(|(path, _)| path.clone()).collect();
    assert_eq!(paths, ["/a", "/b"]);
    for book in books {
        assert_eq!((book.offered, book.delivered, book.panics), (3, 2, 0));
        assert_eq!(book.refused, [(Reason::Filtered, 1)]);
    }
}

#[test]
fn an_edited_hit_is_looked_at_again_and_keeps_its_id() {
    let before = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&before);
    let (tracker, seen) = noting(|builder| {
        builder.edit(move |hit, edit| {
            noted.lock().unwrap().push((hit.hit.id(), hit.found.unwrap().bot().is_some()));
            edit.set(Text::Path, format!("/edited/{}", hit.hit.path().len()));
            edit.set(Text::Agent, "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0");
        })
    });
    visit(&tracker, "/secret");
    for book in close(&tracker) {
        assert_eq!((book.delivered, book.pending(), book.queued), (1, 0, 0), "bytes and hits are given back");
    }
    assert_eq!(*seen.lock().unwrap(), [("/edited/7".to_owned(), None)]);
    let before = before.lock().unwrap();
    assert_eq!(before.len(), 2, "each destination's is edited for itself");
    assert!(before[0] == before[1] && before[0].1, "as it was recorded");
}

#[test]
fn hooks_that_panic_are_counted_and_the_hit_goes_on() {
    let (tracker, seen) = noting(|builder| {
        builder.filter(|_| panic!("the host's mistake")).edit(|_, edit| {
            edit.set(Text::Path, "/never");
            panic!("another");
        })
    });
    (0..3).for_each(|_| visit(&tracker, "/"));
    for book in close(&tracker) {
        assert_eq!((book.delivered, book.panics), (3, 6));
    }
    assert_eq!(*seen.lock().unwrap(), vec![("/".to_owned(), Some(Class::Library)); 3]);
}

/// They hold no lock of the pool, so that a hook may ask what is going on; but it cannot wait for itself.
#[test]
fn a_hook_may_use_the_tracker() {
    let own: Arc<OnceLock<Tracker>> = Arc::default();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (tracker, asks) = (Arc::clone(&own), Arc::clone(&asked));
    let (opened, seen) = noting(move |builder| {
        builder.filter(move |_| {
            let tracker = tracker.get().unwrap();
            let pending: u64 = tracker.stats().destinations.iter().map(Hits::pending).sum();
            asks.lock().unwrap().push((pending > 0, tracker.flush(Duration::ZERO).is_err()));
            true
        })
    });
    own.set(opened.clone()).unwrap();
    visit(&opened, "/");
    close(&opened);
    assert_eq!(seen.lock().unwrap().len(), 1);
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|&(is_pending, is_refused)| is_pending && is_refused), "{asked:?}");
}

/// What a hook holds when the deadline comes is in flight, and dropped when it comes back.
#[test]
fn closing_does_not_wait_for_a_hook() {
    let gate = Arc::new(Door::default());
    let inside = Arc::clone(&gate);
    let (tracker, seen) = noting(move |builder| {
        builder.filter(move |_| {
            inside.pass();
            true
        })
    });
    visit(&tracker, "/");
    let left = tracker.close(Duration::from_millis(200)).unwrap();
    assert!(!left.is_empty(), "{left:?}");
    gate.open();
    let until = std::time::Instant::now() + LONG;
    while tracker.stats().destinations.iter().any(|book| book.pending() > 0) {
        assert!(std::time::Instant::now() < until);
        std::thread::sleep(Duration::from_millis(1));
    }
    for book in tracker.stats().destinations {
        assert_eq!(book.dropped, [(Reason::Shutdown, 1)]);
    }
    assert!(seen.lock().unwrap().is_empty());
}
