use std::{
    sync::{Arc, mpsc},
    thread,
};

use super::*;

const LONG: Duration = Duration::from_secs(60);

/// Begins a flush on a thread of its own, and answers when its epoch has begun.
fn flush(books: &Arc<Books>) -> mpsc::Receiver<bool> {
    let (sender, receiver) = mpsc::channel();
    let before = books.submitted.0.epochs.load(SeqCst);
    let waiting = Arc::clone(books);
    thread::spawn(move || sender.send(waiting.await_end().wait_for_epoch(Instant::now() + LONG)));
    let until = Instant::now() + LONG;
    while books.submitted.0.epochs.load(SeqCst) == before {
        assert!(Instant::now() < until);
        thread::yield_now();
    }
    receiver
}

fn end(books: &Books, epoch: Epoch) {
    books.delivered(Tally::one(epoch));
    books.announce();
}

#[test]
fn a_flush_waits_for_what_came_before_it_and_not_for_what_comes_after() {
    let books = Arc::new(Books::default());
    let before = books.submit();
    let flushed = flush(&books);
    let after = books.submit();
    assert_eq!(flushed.try_recv(), Err(mpsc::TryRecvError::Empty));
    end(&books, before);
    assert_eq!(flushed.recv_timeout(LONG), Ok(true));
    assert!(!books.is_settled());
    end(&books, after);
    assert!(books.is_settled());
}

#[test]
fn a_later_flush_waits_for_an_earlier_ones_hits_too() {
    let books = Arc::new(Books::default());
    let first = books.submit();
    let one = flush(&books);
    let second = books.submit();
    let awaiting = books.await_end();
    // Its epoch cannot begin before the first one's is settled.
    assert!(!awaiting.wait_for_epoch(Instant::now() + Duration::from_millis(20)));
    end(&books, first);
    assert_eq!(one.recv_timeout(LONG), Ok(true));
    assert!(!awaiting.wait_for_epoch(Instant::now() + Duration::from_millis(20)));
    end(&books, second);
    assert!(awaiting.wait_for_epoch(Instant::now() + LONG));
}

#[test]
fn who_flushes_is_woken_by_the_last_hit_that_it_waits_for() {
    let books = Arc::new(Books::default());
    let before = [books.submit(), books.submit()];
    let flushed = flush(&books);
    let after = books.submit();
    books.delivered(Tally::one(before[0]));
    assert!(!books.has_news());
    books.delivered(Tally::one(after));
    assert!(!books.has_news());
    books.delivered(Tally::one(before[1]));
    assert!(books.has_news());
    books.announce();
    assert_eq!(flushed.recv_timeout(LONG), Ok(true));
}

#[test]
fn a_flush_of_nothing_does_not_wait() {
    let books = Books::default();
    assert!(books.await_end().wait_for_epoch(Instant::now()));
    end(&books, books.submit());
    assert!(books.await_end().wait_for_epoch(Instant::now()));
}

#[test]
fn only_a_waiting_caller_is_announced_to() {
    let books = Books::default();
    assert!(!books.is_awaited());
    let awaiting = books.await_end();
    assert!(books.is_awaited());
    drop(awaiting);
    assert!(!books.is_awaited());
}
