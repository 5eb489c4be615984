//! The pool, with sinks that do as they are told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod kit;

use kit::*;
use trackside_core::{protocol::Outcome, transport::Transport};
use trackside_transports::pool::Pool;

#[test]
fn what_is_submitted_is_delivered_in_order() {
    let notes = Notes::default();
    let sink = notes.clone();
    let pool = Pool::new(
        options("stats"),
        does(move |batch, _| {
            sink.note(batch);
            all(batch, Outcome::Delivered)
        }),
    );
    let hits = hits(1_000);
    submit_all(&pool, &hits);
    assert!(pool.flush(soon()).unwrap().is_empty());
    let came: Vec<_> = notes.batches().into_iter().flatten().collect();
    let sent: Vec<_> = hits.iter().map(|hit| hit.id()).collect();
    assert_eq!(came, sent);
    let book = stats(&pool);
    assert_balanced(&book);
    assert_eq!((book.name.as_str(), book.offered, book.delivered), ("stats", 1_000, 1_000));
    assert!(pool.close(soon()).unwrap().is_empty());
}
