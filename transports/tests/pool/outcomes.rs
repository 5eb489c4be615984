//! What becomes of hits after each outcome of an attempt.

use super::*;

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
fn a_clock_that_jumps_a_day_ahead_expires_what_was_tried_and_nothing_else() {
    const DAY: u64 = 24 * 3_600_000_000;
    let mut options = options("jumps");
    let clock = Hands::at(DAY);
    options.clock = clock.clone();
    options.batch.hits = 1;
    let at = clock.clone();
    let (pool, notes) = scripted(options, move |attempt, batch| match attempt {
        0 => {
            at.put(2 * DAY);
            all(batch, Outcome::Retry(None))
        }
        // And back, to before any of the hits.
        2 => {
            at.put(0);
            all(batch, Outcome::Retry(None))
        }
        _ => all(batch, Outcome::Delivered),
    });
    let hits = [hit_at(DAY), hit_at(DAY), hit_at(DAY)];
    submit_all(&pool, &hits);
    assert!(pool.flush(soon()).unwrap().is_empty());
    let book = stats(&pool);
    assert_balanced(&book);
    assert_eq!((book.delivered, book.dropped), (2, vec![(Reason::Expired, 1)]));
    let [tried, waited, back] = hits.map(|hit| notes.seen()[&hit.id()]);
    assert_eq!((tried, waited, back), (1, 1, 2));
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
fn what_a_receiver_did_not_count_is_refused() {
    let mut options = options("counted");
    options.batch.hits = 4;
    options.batch.age = Duration::from_secs(3_600);
    let (pool, _) = scripted(options, |attempt, batch| match attempt {
        0 => all(batch, Outcome::Took(3, Reason::Rejected)),
        1 => all(batch, Outcome::Took(0, Reason::Rejected)),
        // Of the first two alone.
        2 => Delivery::new(2, Outcome::Took(1, Reason::Quota)),
        _ => all(batch, Outcome::Took(9, Reason::Rejected)),
    });
    submit_all(&pool, &hits(12));
    assert!(pool.flush(soon()).unwrap().is_empty());
    let book = stats(&pool);
    assert_balanced(&book);
    assert_eq!((book.delivered, book.retries), (3 + 1 + 2, 0));
    assert_eq!(book.refused, [(Reason::Rejected, 1 + 4), (Reason::Quota, 1)]);
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
