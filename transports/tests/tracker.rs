//! The live facade, whose transport notes what it is told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use trackside_core::{
    Config, Hit,
    config::Policy,
    ledger::Hits,
    transport::{Left, Reentrant, Submitted, Transport},
};
use trackside_transports::Tracker;

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
    assert_eq!(tracker.close(Duration::ZERO), Ok(Left::new(0, 1)));
    drop(tracker);
    assert_eq!(transport.closed.load(SeqCst), 1);
}

#[test]
fn a_close_that_was_refused_is_made_up_for() {
    let transport = Arc::new(Busy { refuses: true, ..Busy::default() });
    let tracker = tracker(&transport);
    assert_eq!(tracker.close(Duration::ZERO), Err(Reentrant));
    drop(tracker);
    assert_eq!(transport.closed.load(SeqCst), 2);
}
