//! Events of importers, who wait for room.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod kit;

use std::{
    sync::{Arc, Mutex, OnceLock},
    thread,
    time::{Duration, Instant},
};

use kit::*;
use trackside_core::{
    Config, Event, Reason, Request,
    protocol::Outcome,
    transport::{Reentrant, Submitted},
    visitor::Visitor,
};
use trackside_transports::Tracker;

/// Two hits wait at most, and each delivery holds one.
const MINE: &str = "[[destination]]\ntype = 'callback'\nname = 'mine'\nqueue.hits = 2\nbatch.hits = 1\n";

fn config_of(destinations: &str) -> Config {
    Config::builder().toml("consent.policy = 'none'").toml(destinations).build().unwrap()
}

/// A tracker of one destination whose sink waits at the door.
fn held(door: &Door) -> Tracker {
    let at = door.clone();
    let sink = does(move |batch, _| {
        at.pass();
        all(batch, Outcome::Delivered)
    });
    Tracker::builder(config_of(MINE)).sink("mine", sink).open().unwrap()
}

fn visitor(tracker: &Tracker) -> Visitor {
    let request = Request::new("GET", "/", &[("host", "www.example.com")]);
    tracker.begin(&request).visitor(&request).unwrap()
}

fn imported() -> Event<'static> {
    Event::new("imported")
}

#[test]
fn an_importer_waits_for_the_slowest_destination_and_loses_nothing() {
    let other = MINE.replace("mine", "other").replace("= 2", "= 50");
    let deliver = does(|batch, _| all(batch, Outcome::Delivered));
    let builder = Tracker::builder(config_of(&format!("{MINE}{other}")));
    let tracker = builder.sink("mine", deliver.clone()).sink("other", deliver).open().unwrap();
    let visitor = visitor(&tracker);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..250 {
                    let submitted = tracker.event_within(&visitor, &imported(), LONG);
                    assert_eq!(submitted, Ok(Submitted::Queued));
                }
            });
        }
    });
    assert!(tracker.close(LONG).unwrap().is_empty());
    for book in tracker.stats().destinations {
        assert_eq!((book.offered, book.delivered), (1_000, 1_000), "{book:?}");
    }
}

#[test]
fn an_importer_waits_no_longer_than_it_says() {
    let door = Door::default();
    let tracker = held(&door);
    let visitor = visitor(&tracker);
    assert_eq!(tracker.event(&visitor, &imported()), Submitted::Queued);
    door.wait_for(1);
    (0..2).for_each(|_| assert_eq!(tracker.event(&visitor, &imported()), Submitted::Queued));
    let (began, within) = (Instant::now(), Duration::from_millis(30));
    let full = Ok(Submitted::Dropped(Reason::QueueFull));
    assert_eq!(tracker.event_within(&visitor, &imported(), within), full);
    assert!(began.elapsed() >= within);
    let waits = thread::spawn({
        let (tracker, visitor) = (tracker.clone(), visitor.clone());
        move || tracker.event_within(&visitor, &imported(), LONG)
    });
    eventually("it waits", || tracker.stats().destinations[0].offered == 5);
    door.open();
    assert_eq!(waits.join().unwrap(), Ok(Submitted::Queued));
    assert!(tracker.close(LONG).unwrap().is_empty());
    let book = tracker.stats().destinations.remove(0);
    assert_eq!((book.delivered, book.dropped), (4, vec![(Reason::QueueFull, 1)]));
    let closed = Ok(Submitted::Dropped(Reason::Closed));
    assert_eq!(tracker.event_within(&visitor, &imported(), LONG), closed, "it waits for nothing");
}

#[test]
fn what_nobody_wants_is_not_waited_for() {
    let tracker = Tracker::open(config_of("mode = 'off'")).unwrap();
    let visitor = visitor(&Tracker::open(config_of("")).unwrap());
    let off = Ok(Submitted::Dropped(Reason::Off));
    assert_eq!(tracker.event_within(&visitor, &imported(), LONG), off);
}

#[test]
fn a_worker_that_imports_does_not_wait_for_itself() {
    let place: Arc<OnceLock<Tracker>> = Arc::default();
    let (inside, answers) = (place.clone(), Arc::new(Mutex::new(Vec::new())));
    let heard = answers.clone();
    let mine = does(move |batch, _| {
        let tracker = inside.wait();
        heard.lock().unwrap().push(tracker.event_within(&visitor(tracker), &imported(), LONG));
        all(batch, Outcome::Delivered)
    });
    let other = MINE.replace("mine", "other");
    let builder = Tracker::builder(config_of(&format!("{other}{MINE}")));
    let other = does(|batch, _| all(batch, Outcome::Delivered));
    let tracker = builder.sink("mine", mine).sink("other", other).open().unwrap();
    assert!(place.set(tracker.clone()).is_ok());
    assert_eq!(tracker.event(&visitor(&tracker), &imported()), Submitted::Queued);
    assert!(tracker.close(LONG).unwrap().is_empty());
    assert_eq!(*answers.lock().unwrap(), [Err(Reentrant)]);
    let offered: Vec<_> = tracker.stats().destinations.iter().map(|book| book.offered).collect();
    assert_eq!(offered, [1, 1], "neither has it");
}
