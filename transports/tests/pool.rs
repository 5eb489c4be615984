//! The pool, with sinks that do as they are told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod kit;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering::SeqCst},
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
    pool::{FanOut, Options, Pool},
    sink::{Delivery, Sink, SinkError},
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

#[test]
fn a_full_queue_turns_the_newest_away() {
    let mut options = options("full");
    options.queue.hits = 4;
    let (pool, notes, door) = held(options);
    let hits = hits(6);
    submit_all(&pool, &hits[..1]);
    door.wait_for(1);
    submit_all(&pool, &hits[1..5]);
    assert_eq!(pool.submit(hits[5].clone()), Submitted::Dropped(Reason::QueueFull));
    let book = stats(&pool);
    assert_balanced(&book);
    assert_eq!((book.queued, book.in_flight), (4, 1));
    door.open();
    assert!(pool.flush(soon()).unwrap().is_empty());
    assert_eq!(notes.batches().concat(), ids(&hits[..5]));
    assert_eq!(count(&stats(&pool).dropped, Reason::QueueFull), 1);
}

#[test]
fn a_full_queue_lets_the_oldest_go() {
    let mut options = options("full");
    options.queue.hits = 4;
    options.queue.when_full = WhenFull::DropOldest;
    let (pool, notes, door) = held(options);
    let hits = hits(7);
    submit_all(&pool, &hits[..1]);
    door.wait_for(1);
    submit_all(&pool, &hits[1..]);
    assert_balanced(&stats(&pool));
    door.open();
    assert!(pool.flush(soon()).unwrap().is_empty());
    assert_eq!(notes.batches().concat(), ids(&[&hits[..1], &hits[3..]].concat()));
    assert_eq!(count(&stats(&pool).dropped, Reason::QueueFull), 2);
}

#[test]
fn the_queue_is_bounded_in_bytes_with_what_is_in_flight() {
    let hits = hits(4);
    let mut options = options("bytes");
    options.queue.bytes = hits[0].size() * 3;
    let (pool, notes, door) = held(options);
    submit_all(&pool, &hits[..1]);
    door.wait_for(1);
    submit_all(&pool, &hits[1..3]);
    assert_eq!(pool.submit(hits[3].clone()), Submitted::Dropped(Reason::QueueBytes));
    door.open();
    assert!(pool.flush(soon()).unwrap().is_empty());
    submit_all(&pool, &hits[3..]);
    assert!(pool.flush(soon()).unwrap().is_empty());
    assert_eq!(notes.batches().concat(), ids(&hits));
    assert_balanced(&stats(&pool));
}

#[test]
fn the_oldest_give_way_to_a_large_hit_eight_at_most() {
    let small = hits(20);
    let mut options = options("bytes");
    options.queue.bytes = small[0].size() * 20;
    options.queue.when_full = WhenFull::DropOldest;
    let (pool, notes, door) = held(options);
    submit_all(&pool, &small[..1]);
    door.wait_for(1);
    submit_all(&pool, &small[1..]);
    let fits_for_eight = large_hit(small[0].size() * 7);
    let needs_nine = large_hit(small[0].size() * 8);
    assert!(fits_for_eight.size() <= small[0].size() * 8 && needs_nine.size() > small[0].size() * 8);
    assert_eq!(pool.submit(needs_nine), Submitted::Dropped(Reason::QueueBytes));
    assert_eq!(count(&stats(&pool).dropped, Reason::QueueBytes), 9);
    assert_eq!(pool.submit(fits_for_eight.clone()), Submitted::Queued);
    assert_balanced(&stats(&pool));
    door.open();
    assert!(pool.flush(soon()).unwrap().is_empty());
    let expected = [&small[..1], &small[9..], &[fits_for_eight]].concat();
    assert_eq!(notes.batches().concat(), ids(&expected));
}

#[test]
fn a_hit_larger_than_the_whole_queue_evicts_nothing() {
    let mut options = options("bytes");
    let small = hits(2);
    options.queue.bytes = small[0].size() * 2;
    options.queue.when_full = WhenFull::DropOldest;
    let (pool, _, door) = held(options);
    submit_all(&pool, &small[..1]);
    door.wait_for(1);
    submit_all(&pool, &small[1..]);
    assert_eq!(pool.submit(large_hit(1_500)), Submitted::Dropped(Reason::QueueBytes));
    assert_eq!(stats(&pool).queued, 1);
    door.open();
}

#[test]
fn deadlines_hold_though_a_sink_is_stuck() {
    let (pool, _, door) = held(options("stuck"));
    submit_all(&pool, &hits(1));
    door.wait_for(1);
    submit_all(&pool, &hits(5));
    assert_eq!(pool.flush(Instant::now()), Ok(Left::new(5, 1)));
    assert_eq!(pool.flush(Instant::now() + Duration::from_millis(20)), Ok(Left::new(5, 1)));
    assert_eq!(pool.close(Instant::now() + Duration::from_millis(20)), Ok(Left::new(5, 1)));
    let book = stats(&pool);
    assert_balanced(&book);
    assert_eq!((count(&book.dropped, Reason::Shutdown), book.in_flight, book.pending()), (5, 1, 1));

    // The late outcome counts.
    door.open();
    eventually("the late outcome is counted", || stats(&pool).delivered == 1);
    assert_eq!(pool.close(soon()), Ok(Left::new(5, 0)));
    assert_eq!(stats(&pool).pending(), 0);
}

#[test]
fn who_closes_later_waits_no_longer_than_the_first() {
    let (pool, _, door) = held(options("stuck"));
    submit_all(&pool, &hits(1));
    door.wait_for(1);
    assert_eq!(pool.close(Instant::now() + Duration::from_millis(20)), Ok(Left::new(0, 1)));
    // As the exit of the process does.
    let until = soon();
    assert_eq!(pool.close(until), Ok(Left::new(0, 1)));
    assert!(Instant::now() < until);
    door.open();
}

#[test]
fn what_comes_back_after_the_deadline_has_no_second_chance() {
    let mut options = options("late");
    options.batch.hits = 2;
    options.batch.age = Duration::from_secs(3_600);
    let door = Door::default();
    let at = door.clone();
    let (pool, notes) = scripted(options, move |_, _| {
        at.pass();
        Delivery::new(1, Outcome::Retry(None))
    });
    submit_all(&pool, &hits(2));
    door.wait_for(1);
    assert_eq!(pool.close(Instant::now()), Ok(Left::new(0, 2)));
    door.open();
    eventually("both are dropped", || stats(&pool).pending() == 0);
    assert_eq!(stats(&pool).dropped, [(Reason::Shutdown, 2)]);
    assert_eq!(notes.batches().len(), 1);
}

#[test]
fn a_worker_cannot_wait_for_its_own_pool() {
    let transport: Arc<OnceLock<Arc<dyn Transport>>> = Arc::default();
    let answers: Arc<Mutex<Vec<Result<Left, Reentrant>>>> = Arc::default();
    let (inside, heard) = (transport.clone(), answers.clone());
    let (pool, _) = scripted(options("reentrant"), move |_, batch| {
        let transport = inside.wait();
        let mut heard = heard.lock().unwrap();
        heard.push(transport.flush(soon()));
        heard.push(transport.close(soon()));
        all(batch, Outcome::Delivered)
    });
    let pool = Arc::new(pool);
    let other = Arc::new(scripted(options("other"), |_, batch| all(batch, Outcome::Delivered)).0);
    // Through a fan-out, whose destinations are closed on threads of their own.
    let both: Arc<dyn Transport> = Arc::new(FanOut::new(vec![
        (IpPolicy::Masked, other.clone() as Arc<dyn Transport>),
        (IpPolicy::Masked, pool.clone()),
    ]));
    transport.set(both).unwrap();
    submit_all(&pool, &hits(1));
    assert!(pool.flush(soon()).unwrap().is_empty());
    assert_eq!(*answers.lock().unwrap(), [Err(Reentrant), Err(Reentrant)]);
    // It was not closed by that.
    submit_all(&pool, &hits(1));
}

#[test]
fn after_close_hits_are_dropped() {
    let (pool, notes) = scripted(options("closed"), |_, batch| all(batch, Outcome::Delivered));
    submit_all(&pool, &hits(1));
    assert!(pool.close(soon()).unwrap().is_empty());
    assert_eq!(pool.submit(hit()), Submitted::Dropped(Reason::Closed));
    assert!(pool.close(soon()).unwrap().is_empty());
    let book = stats(&pool);
    assert_balanced(&book);
    assert_eq!((book.offered, book.delivered, count(&book.dropped, Reason::Closed)), (2, 1, 1));
    assert_eq!(notes.batches().len(), 1);
}

#[test]
fn a_pool_that_was_never_used_closes_without_a_thread() {
    let (pool, _) = scripted(options("unused"), |_, batch| all(batch, Outcome::Delivered));
    assert!(pool.flush(Instant::now()).unwrap().is_empty());
    assert!(pool.close(Instant::now()).unwrap().is_empty());
}

#[test]
fn many_may_submit_and_close_at_once() {
    for _ in 0..20 {
        let (pool, notes) = scripted(options("busy"), |_, batch| all(batch, Outcome::Delivered));
        let queued = AtomicUsize::new(0);
        let hit = hit();
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while pool.submit(hit.clone()) != Submitted::Dropped(Reason::Closed) {
                        queued.fetch_add(1, SeqCst);
                    }
                });
            }
            for _ in 0..2 {
                scope.spawn(|| {
                    eventually("traffic", || queued.load(SeqCst) > 50);
                    pool.close(soon()).unwrap();
                });
            }
        });
        let book = stats(&pool);
        assert_balanced(&book);
        assert_eq!(book.pending(), 0);
        let full = count(&book.dropped, Reason::QueueFull);
        let lost = count(&book.dropped, Reason::Shutdown);
        assert_eq!(book.delivered + full + lost, queued.load(SeqCst) as u64);
        assert_eq!(notes.batches().concat().len() as u64, book.delivered);
    }
}

#[test]
fn only_what_was_certainly_not_processed_is_sent_again() {
    let answers = [Outcome::Retry(None), Outcome::Retry(None), Outcome::Delivered];
    let (pool, notes) = scripted(options("retry"), move |attempt, batch| {
        all(batch, answers.get(attempt).cloned().unwrap_or(Outcome::Unknown))
    });
    let hits = hits(2);
    submit_all(&pool, &hits[..1]);
    assert!(pool.flush(soon()).unwrap().is_empty());
    submit_all(&pool, &hits[1..]);
    assert!(pool.flush(soon()).unwrap().is_empty());
    assert_eq!(notes.seen(), BTreeMap::from([(hits[0].id(), 3), (hits[1].id(), 1)]));
    let book = stats(&pool);
    assert_balanced(&book);
    assert_eq!((book.delivered, book.retries), (1, 2));
    assert_eq!(book.dropped, [(Reason::Ambiguous, 1)]);
}

#[test]
fn the_unknown_is_sent_again_where_a_second_copy_is_known() {
    let mut options = options("unknown");
    options.dedupe = true;
    let (pool, notes) = scripted(options, |attempt, batch| {
        all(batch, if attempt == 0 { Outcome::Unknown } else { Outcome::Delivered })
    });
    submit_all(&pool, &hits(1));
    assert!(pool.flush(soon()).unwrap().is_empty());
    assert_eq!(notes.batches().len(), 2);
    let book = stats(&pool);
    assert_eq!((book.delivered, book.retries, book.dropped), (1, 1, Vec::new()));
}

#[test]
fn an_outage_fills_the_queue_and_loses_nothing_that_fits() {
    let mut options = options("outage");
    options.queue.hits = 50;
    options.batch.hits = 10;
    let is_up = Arc::new(AtomicUsize::new(0));
    let up = is_up.clone();
    let (pool, notes) = scripted(options, move |_, batch| {
        let outcome = if up.load(SeqCst) == 0 { Outcome::Retry(None) } else { Outcome::Delivered };
        all(batch, outcome)
    });
    let hits = hits(52);
    submit_all(&pool, &hits[..1]);
    eventually("the first hit failed", || stats(&pool).retries > 2);
    // One waits for its retry, fifty fit into the queue.
    submit_all(&pool, &hits[1..51]);
    assert_eq!(pool.submit(hits[51].clone()), Submitted::Dropped(Reason::QueueFull));
    is_up.store(1, SeqCst);
    assert!(pool.flush(soon()).unwrap().is_empty());
    let mut seen: Vec<_> = notes.seen().into_keys().collect();
    let mut sent = ids(&hits[..51]);
    seen.sort();
    sent.sort();
    assert_eq!(seen, sent);
    let book = stats(&pool);
    assert_eq!((book.delivered, book.dropped), (51, vec![(Reason::QueueFull, 1)]));
}

#[test]
fn a_wait_that_was_asked_for_is_kept_until_close_gives_a_last_chance() {
    let hour = Duration::from_secs(3_600);
    let (pool, notes) = scripted(options("asked"), move |attempt, batch| {
        all(batch, if attempt == 0 { Outcome::Retry(Some(hour)) } else { Outcome::Delivered })
    });
    let hits = hits(3);
    submit_all(&pool, &hits[..1]);
    eventually("it was refused for an hour", || notes.batches().len() == 1 && stats(&pool).in_flight == 0);
    submit_all(&pool, &hits[1..]);
    assert_eq!(pool.flush(Instant::now() + Duration::from_millis(50)), Ok(Left::new(3, 0)));
    assert_eq!(notes.batches().len(), 1);
    assert!(pool.close(soon()).unwrap().is_empty());
    assert_eq!(notes.seen(), BTreeMap::from([(hits[0].id(), 2), (hits[1].id(), 1), (hits[2].id(), 1)]));
    assert_eq!(stats(&pool).delivered, 3);
}

#[test]
fn close_does_not_wait_for_what_cannot_succeed_in_time() {
    let (pool, notes) =
        scripted(options("asked"), |_, batch| all(batch, Outcome::Retry(Some(Duration::from_secs(3_600)))));
    submit_all(&pool, &hits(1));
    // The last chance fails, and the next would be after the deadline.
    let left = pool.close(soon()).unwrap();
    assert_eq!(left, Left::new(1, 0));
    assert_eq!(stats(&pool).dropped, [(Reason::Shutdown, 1)]);
    assert!(notes.batches().len() <= 2);
}

#[test]
fn retrying_ends_when_a_hit_is_too_old() {
    let mut options = options("old");
    let clock = Hands::at(10_000_000);
    options.clock = clock.clone();
    options.max_age = Duration::from_secs(5);
    let at = clock.clone();
    let (pool, notes) = scripted(options, move |attempt, batch| {
        if attempt == 1 {
            at.put(15_000_000);
        }
        all(batch, Outcome::Retry(None))
    });
    submit_all(&pool, &[hit_at(10_000_000), hit_at(10_000_000)]);
    assert!(pool.flush(soon()).unwrap().is_empty());
    let book = stats(&pool);
    assert_balanced(&book);
    assert_eq!(book.dropped, [(Reason::Expired, 2)]);
    assert!(notes.seen().into_values().all(|attempts| attempts <= 2));
}

#[test]
fn too_many_for_one_request_are_halved() {
    let mut options = options("split");
    options.batch.hits = 8;
    options.batch.age = Duration::from_secs(3_600);
    let (pool, notes) = scripted(options, |_, batch| {
        all(batch, if batch.len() > 2 { Outcome::Split } else { Outcome::Delivered })
    });
    let hits = hits(8);
    submit_all(&pool, &hits);
    assert!(pool.flush(soon()).unwrap().is_empty());
    assert_eq!(notes.batches().iter().map(Vec::len).collect::<Vec<_>>(), [8, 4, 2, 2, 4, 2, 2]);
    let delivered: Vec<_> = notes.batches().into_iter().filter(|batch| batch.len() == 2).flatten().collect();
    assert_eq!(delivered, ids(&hits));
    assert_eq!((stats(&pool).delivered, stats(&pool).retries), (8, 0));
}

#[test]
fn one_hit_that_is_too_large_is_refused() {
    let large = hit();
    let id = large.id();
    let mut options = options("split");
    options.batch.hits = 4;
    options.batch.age = Duration::from_secs(3_600);
    let (pool, _) = scripted(options, move |_, batch| {
        let is_here = batch.iter().any(|enriched| enriched.hit.id() == id);
        all(batch, if is_here { Outcome::Split } else { Outcome::Delivered })
    });
    submit_all(&pool, &[hit(), hit(), large, hit()]);
    assert!(pool.flush(soon()).unwrap().is_empty());
    let book = stats(&pool);
    assert_eq!((book.delivered, book.refused), (3, vec![(Reason::TooLarge, 1)]));
}

#[test]
fn a_part_may_be_refused() {
    let mut options = options("partial");
    options.batch.hits = 4;
    options.batch.age = Duration::from_secs(3_600);
    let (pool, _) = scripted(options, |_, batch| {
        // Twice the same, one that is not there, and a reason that belongs to requests.
        let refused =
            vec![(2, Reason::Rejected), (0, Reason::BadName), (2, Reason::BadName), (9, Reason::Off)];
        all(batch, Outcome::Partial(refused))
    });
    submit_all(&pool, &hits(4));
    assert!(pool.flush(soon()).unwrap().is_empty());
    let book = stats(&pool);
    assert_balanced(&book);
    assert_eq!((book.delivered, book.refused), (2, vec![(Reason::BadName, 1), (Reason::Rejected, 1)]));
}

#[test]
fn a_sink_may_refuse_all_of_it_and_its_reason_is_booked() {
    let (pool, _) = scripted(options("refused"), |attempt, batch| {
        all(batch, Outcome::Refused(if attempt == 0 { Reason::StoreUnavailable } else { Reason::Off }))
    });
    for hit in hits(2) {
        submit_all(&pool, &[hit]);
        assert!(pool.flush(soon()).unwrap().is_empty());
    }
    let book = stats(&pool);
    assert_balanced(&book);
    assert_eq!(book.dropped, [(Reason::StoreUnavailable, 1)]);
    assert_eq!(book.refused, [(Reason::Rejected, 1)], "a request's reason has no place among hits");
}

#[test]
fn a_store_that_cannot_be_written_costs_the_batch_and_is_tried_with_the_next() {
    // Also where a second copy would be known: waiting does not help.
    let mut options = options("store");
    options.dedupe = true;
    let (pool, _) = scripted(options, |attempt, batch| {
        all(batch, if attempt == 0 { Outcome::Unavailable } else { Outcome::Delivered })
    });
    for hit in hits(2) {
        submit_all(&pool, &[hit]);
        assert!(pool.flush(soon()).unwrap().is_empty());
    }
    let book = stats(&pool);
    assert_balanced(&book);
    assert_eq!((book.delivered, book.retries), (1, 0));
    assert_eq!(book.dropped, [(Reason::StoreUnavailable, 1)]);
}

#[test]
fn what_one_request_does_not_hold_goes_with_the_next() {
    let (pool, notes) = scripted(options("taken"), |_, _| Delivery::new(2, Outcome::Delivered));
    let hits = hits(5);
    submit_all(&pool, &hits);
    assert!(pool.flush(soon()).unwrap().is_empty());
    assert_eq!(stats(&pool).delivered, 5);
    assert_balanced(&stats(&pool));
    let firsts: Vec<_> =
        notes.batches().iter().flat_map(|batch| batch[..batch.len().min(2)].to_vec()).collect();
    assert_eq!(firsts, ids(&hits));
}

#[test]
fn a_sink_that_claims_nothing_or_too_much_is_taken_at_one_or_all() {
    let (pool, _) = scripted(options("taken"), |attempt, _| {
        Delivery::new(if attempt % 2 == 0 { 0 } else { usize::MAX }, Outcome::Delivered)
    });
    submit_all(&pool, &hits(9));
    assert!(pool.flush(soon()).unwrap().is_empty());
    assert_eq!(stats(&pool).delivered, 9);
}

#[test]
fn a_sink_that_panics_is_replaced() {
    for dedupe in [false, true] {
        let mut options = options("panic");
        options.dedupe = dedupe;
        let (made, dropped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (makes, drops) = (made.clone(), dropped.clone());
        let pool = Pool::with_backoff(options, quick(), move || {
            let panics = makes.fetch_add(1, SeqCst) < 2;
            let counted = Counted(drops.clone());
            let sink: Box<dyn Sink> = Box::new(Does(move |batch: &[Enriched<'_>], _| {
                let _counted = &counted;
                assert!(!panics, "as told");
                all(batch, Outcome::Delivered)
            }));
            Ok(sink)
        });
        for hit in hits(3) {
            submit_all(&pool, &[hit]);
            assert!(pool.flush(soon()).unwrap().is_empty());
        }
        let book = stats(&pool);
        assert_balanced(&book);
        assert_eq!(book.panics, 2);
        assert_eq!(book.delivered, if dedupe { 3 } else { 1 });
        assert_eq!(count(&book.dropped, Reason::Ambiguous), if dedupe { 0 } else { 2 });
        assert!(pool.close(soon()).unwrap().is_empty());
        assert_eq!((made.load(SeqCst), dropped.load(SeqCst)), (3, 3), "no sink is left when close returns");
    }
}

struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn a_sink_that_always_panics_does_not_spin() {
    let mut options = options("panic");
    options.dedupe = true;
    // An hour's pause after the first panic.
    let hour = Duration::from_secs(3_600);
    let pool = Pool::with_backoff(
        options,
        trackside_transports::pool::Backoff::new(hour, hour),
        does(|_, _| -> Delivery { panic!("as told") }),
    );
    submit_all(&pool, &hits(1));
    eventually("the first panic", || stats(&pool).panics == 1 && stats(&pool).in_flight == 0);
    assert_eq!(pool.flush(Instant::now() + Duration::from_millis(50)), Ok(Left::new(1, 0)));
    assert_eq!(stats(&pool).panics, 1);
    // Close gives one last chance and does not wait for another.
    assert_eq!(pool.close(soon()), Ok(Left::new(1, 0)));
    assert_eq!(stats(&pool).panics, 2);
}

#[test]
fn a_sink_that_cannot_be_made_costs_its_batch_and_is_tried_again() {
    let made = Arc::new(AtomicUsize::new(0));
    let makes = made.clone();
    let pool = Pool::with_backoff(options("store"), quick(), move || match makes.fetch_add(1, SeqCst) {
        0 => Err(SinkError::new("no such folder: /nowhere")),
        1 => panic!("as told"),
        _ => Ok(Box::new(Does(|batch: &[Enriched<'_>], _| all(batch, Outcome::Delivered))) as Box<dyn Sink>),
    });
    for hit in hits(4) {
        submit_all(&pool, &[hit]);
        assert!(pool.flush(soon()).unwrap().is_empty());
    }
    let book = stats(&pool);
    assert_balanced(&book);
    assert_eq!((book.delivered, book.panics), (2, 1));
    assert_eq!(book.dropped, [(Reason::StoreUnavailable, 2)]);
    assert_eq!(made.load(SeqCst), 3, "a sink that works is kept");
}

#[test]
fn a_pool_that_is_dropped_goes_on_with_what_it_has() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let (notes, drops) = (Notes::default(), dropped.clone());
    let sink = notes.clone();
    let mut options = options("dropped");
    options.batch.age = Duration::from_secs(3_600);
    let pool = Pool::new(options, move || {
        let (sink, counted) = (sink.clone(), Counted(drops.clone()));
        Ok(Box::new(Does(move |batch: &[Enriched<'_>], _| {
            let _counted = &counted;
            sink.note(batch);
            all(batch, Outcome::Delivered)
        })) as Box<dyn Sink>)
    });
    let hits = hits(3);
    submit_all(&pool, &hits);
    drop(pool);
    eventually("the worker has gone", || dropped.load(SeqCst) == 1);
    assert_eq!(notes.batches().concat(), ids(&hits));
}

/// A receiver of one visitor or one hit a request, which refuses hits of other sites' paths.
#[derive(Debug)]
struct Narrow {
    batch: usize,
    one_visitor: bool,
}

impl Protocol for Narrow {
    fn needs(&self) -> Needs {
        let mut needs = needs_of_ga4();
        needs.batch = self.batch;
        needs.one_visitor = self.one_visitor;
        needs
    }

    fn admit(&self, hit: &Hit) -> Result<(), Reason> {
        match hit.path() {
            b"/news/panic" => panic!("as told"),
            b"/news/no" => Err(Reason::NoVisitor),
            _ => Ok(()),
        }
    }

    fn group(&self, hit: &Hit) -> u64 {
        hit.path().len() as u64
    }

    fn encode(&self, batch: &[Enriched<'_>], _: u64, _: &mut Outgoing) -> usize {
        batch.len()
    }

    fn classify(&self, _: u16, _: &dyn Headers, _: &[u8]) -> Outcome {
        Outcome::Delivered
    }
}

/// What GA4 needs: `Needs` can be made by core alone.
fn needs_of_ga4() -> Needs {
    let config = trackside_core::Config::builder()
        .consent(trackside_core::config::Policy::None)
        .destination(trackside_core::config::Destination::ga4("G-1", "secret"))
        .build()
        .unwrap();
    trackside_core::protocol::of(&config.destinations()[0].receiver).unwrap().needs()
}

#[test]
fn what_the_protocol_does_not_admit_is_refused_before_it_is_batched() {
    let mut options = options("admit");
    options.protocol = Some(Arc::new(Narrow { batch: 100, one_visitor: false }));
    let (pool, notes) = scripted(options, |_, batch| all(batch, Outcome::Delivered));
    let good = hits(2);
    submit_all(&pool, &[good[0].clone(), hit_to("no"), hit_to("panic"), good[1].clone()]);
    assert!(pool.flush(soon()).unwrap().is_empty());
    assert_eq!(notes.batches().concat(), ids(&good));
    let book = stats(&pool);
    assert_balanced(&book);
    assert_eq!((book.delivered, book.panics), (2, 1));
    assert_eq!(book.refused, [(Reason::NoVisitor, 1), (Reason::Rejected, 1)]);
}

#[test]
fn one_visitor_a_request_means_batches_of_one_group() {
    let mut options = options("groups");
    options.protocol = Some(Arc::new(Narrow { batch: 2, one_visitor: true }));
    options.batch.hits = 6;
    options.batch.age = Duration::from_secs(3_600);
    options.workers = Workers::Count(1);
    let (pool, notes) = scripted(options, |_, batch| all(batch, Outcome::Delivered));
    let [a, b, c] = ["a", "bb", "ccc"].map(|path| move || hit_to(path));
    let hits = [b(), a(), b(), c(), a(), b()];
    submit_all(&pool, &hits);
    assert!(pool.flush(soon()).unwrap().is_empty());
    let id = |n: usize| hits[n].id();
    assert_eq!(notes.batches(), [vec![id(1), id(4)], vec![id(0), id(2)], vec![id(5)], vec![id(3)]]);
}

#[test]
fn a_receiver_of_single_hits_gets_single_hits_and_more_workers_when_it_is_slow() {
    let mut options = options("single");
    options.protocol = Some(Arc::new(Narrow { batch: 1, one_visitor: false }));
    let door = Door::default();
    let at = door.clone();
    let (pool, notes) = scripted(options, move |attempt, batch| {
        if attempt == 0 {
            // Slower than a worker's tick.
            let began = Instant::now();
            eventually("a slow delivery", || began.elapsed() > Duration::from_millis(6));
        } else {
            at.pass();
        }
        all(batch, Outcome::Delivered)
    });
    submit_all(&pool, &hits(30));
    door.wait_for(8);
    assert_eq!(stats(&pool).in_flight, 8);
    door.open();
    assert!(pool.close(soon()).unwrap().is_empty());
    assert_eq!(notes.batches().iter().map(Vec::len).collect::<Vec<_>>(), [1; 30]);
    assert_eq!(stats(&pool).delivered, 30);
}

#[test]
fn the_books_agree_with_the_sinks_own_whatever_it_answers() {
    // Any sink, any answer, any number of threads: the books agree with the sink's own.
    for (seed, dedupe, workers) in [(1, false, 1), (2, true, 1), (3, false, 4), (4, true, 4)] {
        let mut options = options("random");
        options.dedupe = dedupe;
        options.workers = Workers::Count(workers);
        let model = Arc::new(Mutex::new(Model::new(seed)));
        let sink = model.clone();
        let pool = Pool::with_backoff(
            options,
            quick(),
            does(move |batch: &[Enriched<'_>], _| sink.lock().unwrap().answer(batch.len(), dedupe)),
        );
        let full = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for hit in hits(10_000) {
                        match pool.submit(hit) {
                            Submitted::Queued => {}
                            Submitted::Dropped(reason) => {
                                assert_eq!(reason, Reason::QueueFull);
                                full.fetch_add(1, SeqCst);
                            }
                        }
                    }
                });
            }
            scope.spawn(|| {
                let mut before = 0;
                while before < 80_000 {
                    let book = stats(&pool);
                    let sum = |counts: &[(Reason, u64)]| counts.iter().map(|(_, n)| n).sum::<u64>();
                    let ended = book.delivered + sum(&book.refused) + sum(&book.dropped);
                    assert!(ended <= book.offered && before <= book.offered, "{book:?}");
                    before = book.offered;
                }
            });
        });
        assert!(pool.close(soon()).unwrap().is_empty());
        let (book, model) = (stats(&pool), model.lock().unwrap());
        assert_balanced(&book);
        assert_eq!((book.offered, book.pending()), (80_000, 0));
        assert_eq!(count(&book.dropped, Reason::QueueFull), full.load(SeqCst) as u64);
        assert_eq!(book.delivered, model.delivered);
        assert_eq!(count(&book.refused, Reason::Rejected), model.refused);
        assert_eq!(count(&book.refused, Reason::TooLarge), model.too_large);
        assert_eq!(count(&book.dropped, Reason::Ambiguous), model.ambiguous);
    }
}

/// Answers at random from a fixed seed, and keeps a book of its own.
struct Model {
    random: u64,
    delivered: u64,
    refused: u64,
    too_large: u64,
    ambiguous: u64,
}

impl Model {
    fn new(seed: u64) -> Self {
        Self { random: seed, delivered: 0, refused: 0, too_large: 0, ambiguous: 0 }
    }

    /// A number below `n`, from a linear congruential generator.
    fn below(&mut self, n: usize) -> usize {
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) as usize % n
    }

    fn answer(&mut self, length: usize, dedupe: bool) -> Delivery {
        let taken = 1 + self.below(length);
        let hits = taken as u64;
        let outcome = match self.below(12) {
            0 => {
                self.refused += hits;
                Outcome::Refused(Reason::Rejected)
            }
            1 => Outcome::Retry(None),
            2 => Outcome::Retry(Some(Duration::from_micros(50))),
            3 => {
                self.too_large += u64::from(taken == 1);
                Outcome::Split
            }
            4 => {
                self.ambiguous += if dedupe { 0 } else { hits };
                Outcome::Unknown
            }
            5 => {
                let one = self.below(taken);
                self.refused += 1;
                self.delivered += hits - 1;
                Outcome::Partial(vec![(one, Reason::Rejected)])
            }
            _ => {
                self.delivered += hits;
                Outcome::Delivered
            }
        };
        Delivery::new(taken, outcome)
    }
}
