//! The pool, with sinks that do as they are told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod bounds;
mod broken;
mod closing;
mod keys;
#[path = "../kit/mod.rs"]
mod kit;
mod model;
mod outages;
mod outcomes;
mod protocol;
mod reports;
mod spool;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Barrier, Mutex, OnceLock, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use kit::*;
use trackside_core::{
    Headers, Hit, Reason,
    config::{IpPolicy, WhenFull, Workers},
    protocol::{Enriched, Needs, Outcome, Outgoing, Protocol},
    transport::{Left, Reentrant, Submitted, Transport},
};
use trackside_transports::{
    clock::Clock,
    pool::{FanOut, Options, Pool},
    sink::{Blame, Delivery, Sink, SinkError},
};

/// A pool that answers each attempt as `answer` says, given the attempt's number from 0, and its notes.
fn scripted(
    options: Options,
    answer: impl Fn(usize, &[Enriched<'_>]) -> Delivery + Send + Sync + 'static,
) -> (Pool, Notes) {
    let (notes, answer, attempts) = (Notes::default(), Arc::new(answer), Arc::new(AtomicUsize::new(0)));
    let sink = notes.clone();
    let factory = does(move |batch: &[Enriched<'_>], _| {
        sink.note(batch);
        answer(attempts.fetch_add(1, SeqCst), batch)
    });
    (Pool::with_backoff(options, quick(), factory), notes)
}

/// A pool whose sink waits at the door in each attempt.
fn held(options: Options) -> (Pool, Notes, Door) {
    let door = Door::default();
    let at = door.clone();
    let (pool, notes) = scripted(options, move |_, batch| {
        at.pass();
        all(batch, Outcome::Delivered)
    });
    (pool, notes, door)
}

struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn what_is_submitted_is_delivered_in_order() {
    let (pool, notes) = scripted(options("stats"), |_, batch| all(batch, Outcome::Delivered));
    let hits = hits(1_000);
    submit_all(&pool, &hits);
    assert!(pool.flush(soon()).unwrap().is_empty());
    assert_eq!(notes.batches().concat(), ids(&hits));
    let book = stats(&pool);
    assert_balanced(&book);
    assert_eq!((book.name.as_str(), book.offered, book.delivered), ("stats", 1_000, 1_000));
    assert_eq!(pool.close(soon()), Ok(Left::default()));
}

#[test]
fn a_batch_holds_no_more_than_its_limits() {
    let mut options = options("batches");
    options.batch.hits = 7;
    options.batch.age = Duration::from_secs(3_600);
    let (pool, notes) = scripted(options, |_, batch| all(batch, Outcome::Delivered));
    submit_all(&pool, &hits(21));
    eventually("three full batches go out by themselves", || stats(&pool).delivered == 21);
    assert_eq!(notes.batches().iter().map(Vec::len).collect::<Vec<_>>(), [7, 7, 7]);
}

#[test]
fn flush_and_close_do_not_wait_for_a_batch_to_fill() {
    let mut options = options("batches");
    options.batch.age = Duration::from_secs(3_600);
    let (pool, notes) = scripted(options, |_, batch| all(batch, Outcome::Delivered));
    submit_all(&pool, &hits(2));
    assert!(pool.flush(soon()).unwrap().is_empty());
    submit_all(&pool, &hits(3));
    assert!(pool.close(soon()).unwrap().is_empty());
    assert_eq!(notes.batches().iter().map(Vec::len).sum::<usize>(), 5);
}
