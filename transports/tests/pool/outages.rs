//! A receiver that fails: what it is asked meanwhile, and what is found out about hits over which it fails.

use trackside_core::ledger::Breaker;

use super::*;

/// Batches of four, which wait for company.
fn batches_of_four(name: &str) -> Options {
    let mut options = options(name);
    options.batch.hits = 4;
    options.batch.age = Duration::from_secs(3_600);
    options
}

fn failed(batch: &[Enriched<'_>]) -> Delivery {
    all(batch, Outcome::Retry(None)).answered()
}

/// A poison hit is found by comparison with others: submits such until all have ended, and answers how many.
fn settle_by_comparison(pool: &Pool) -> u64 {
    let until = soon();
    let mut others = 0;
    while !pool.flush(Instant::now() + Duration::from_millis(5)).unwrap().is_empty() {
        assert!(Instant::now() < until, "{:?}", stats(pool));
        submit_all(pool, &[hit()]);
        others += 1;
    }
    others
}

#[test]
fn while_the_receiver_is_away_one_attempt_at_a_time_looks_for_it() {
    let mut options = options("breaker");
    options.workers = Workers::Count(4);
    options.batch.hits = 1;
    let is_up = Arc::new(AtomicUsize::new(0));
    let (up, inside, most) = (is_up.clone(), AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
    let seen = most.clone();
    let (pool, _) = scripted(options, move |attempt, batch| {
        if up.load(SeqCst) == 1 {
            return all(batch, Outcome::Delivered);
        }
        let now = inside.fetch_add(1, SeqCst) + 1;
        if attempt > 20 {
            // By then the breaker has opened, and who began before is back.
            seen.fetch_max(now, SeqCst);
        }
        // Slower than a worker's tick, so that others are called to help.
        let began = Instant::now();
        eventually("a slow failure", || began.elapsed() > Duration::from_millis(6));
        inside.fetch_sub(1, SeqCst);
        all(batch, Outcome::Retry(None))
    });
    submit_all(&pool, &hits(40));
    eventually("many attempts", || stats(&pool).retries > 60);
    let book = stats(&pool);
    assert_balanced(&book);
    assert_ne!(book.breaker, Breaker::Closed);
    assert_eq!(book.openings, 1);
    assert_eq!(most.load(SeqCst), 1, "attempts side by side");
    is_up.store(1, SeqCst);
    assert!(pool.flush(soon()).unwrap().is_empty());
    let book = stats(&pool);
    assert_eq!((book.delivered, book.breaker, book.openings), (40, Breaker::Closed, 1));
}

#[test]
fn an_outage_accuses_no_hit() {
    let up = Arc::new(AtomicUsize::new(0));
    let is_up = up.clone();
    let (pool, notes) = scripted(batches_of_four("outage"), move |_, batch| {
        if is_up.load(SeqCst) == 0 { failed(batch) } else { all(batch, Outcome::Delivered) }
    });
    let hits = hits(12);
    submit_all(&pool, &hits);
    eventually("many attempts", || notes.batches().len() > 40);
    up.store(1, SeqCst);
    assert!(pool.flush(soon()).unwrap().is_empty());
    let book = stats(&pool);
    assert_balanced(&book);
    assert_eq!((book.delivered, book.refused.len()), (12, 0), "{book:?}");
    let tried: Vec<_> = notes.batches().iter().map(|batch| batch[0]).collect();
    let others = tried.windows(4).filter(|window| window.iter().all(|id| *id == window[0])).count();
    assert_eq!(others, 0, "after three failures another batch is tried");
}

#[test]
fn a_poison_hit_is_found_and_refused_and_no_other() {
    for (place, answer) in [(0, Outcome::Retry(None)), (2, Outcome::Unknown), (3, Outcome::Retry(None))] {
        let mut options = batches_of_four("poison");
        options.dedupe = true;
        let hits = hits(8);
        let poison = hits[place].id();
        let (pool, notes) = scripted(options, move |_, batch| {
            let is_here = batch.iter().any(|enriched| enriched.hit.id() == poison);
            if is_here { all(batch, answer.clone()).answered() } else { all(batch, Outcome::Delivered) }
        });
        submit_all(&pool, &hits);
        let others = settle_by_comparison(&pool);
        let book = stats(&pool);
        assert_balanced(&book);
        assert_eq!((book.delivered, book.refused), (7 + others, vec![(Reason::Poison, 1)]), "place {place}");
        let batches = notes.batches();
        assert_eq!(batches[..3], [ids(&hits[..4]), ids(&hits[..4]), ids(&hits[..4])]);
        assert_eq!(batches[3], ids(&hits[4..]), "the next batch is tried");
        assert_eq!(batches[4], ids(&hits[..4]), "and the first again");
        let seen = notes.seen();
        assert!(hits[4..].iter().all(|hit| seen[&hit.id()] == 1));
        let alone = batches.iter().filter(|batch| **batch == [poison]).count();
        assert!(alone >= 2, "{alone}");
    }
}

#[test]
fn two_poison_hits_are_both_found() {
    let mut options = batches_of_four("poison");
    options.batch.hits = 8;
    let hits = hits(16);
    let poison = [hits[1].id(), hits[6].id()];
    let (pool, _) = scripted(options, move |_, batch| {
        let is_here = batch.iter().any(|enriched| poison.contains(&enriched.hit.id()));
        if is_here { failed(batch) } else { all(batch, Outcome::Delivered) }
    });
    submit_all(&pool, &hits);
    let others = settle_by_comparison(&pool);
    let book = stats(&pool);
    assert_balanced(&book);
    assert_eq!((book.delivered, book.refused), (14 + others, vec![(Reason::Poison, 2)]));
}

#[test]
fn without_another_to_compare_with_nothing_is_refused() {
    let mut options = options("alone");
    let clock = Hands::at(10_000_000);
    options.clock = clock.clone();
    let (pool, notes) = scripted(options, |_, batch| failed(batch));
    submit_all(&pool, &[hit_at(10_000_000)]);
    eventually("many attempts", || notes.batches().len() > 10);
    clock.put(10_000_000 + 3_600_000_000);
    assert!(pool.flush(soon()).unwrap().is_empty());
    let book = stats(&pool);
    assert_eq!((book.refused, book.dropped), (Vec::new(), vec![(Reason::Expired, 1)]));
}

#[test]
fn what_never_reached_the_receiver_accuses_nobody() {
    let mut options = batches_of_four("unreachable");
    options.dedupe = true;
    let hits = hits(8);
    let first = hits[0].id();
    let times = AtomicUsize::new(0);
    let (pool, notes) = scripted(options, move |_, batch| {
        let is_here = batch.iter().any(|enriched| enriched.hit.id() == first);
        let fails = is_here && times.fetch_add(1, SeqCst) < 10;
        all(batch, if fails { Outcome::Unknown } else { Outcome::Delivered })
    });
    submit_all(&pool, &hits);
    assert!(pool.flush(soon()).unwrap().is_empty());
    assert_eq!(stats(&pool).delivered, 8);
    assert_eq!(notes.batches().len(), 12, "the first batch eleven times, and the second");
}

#[test]
fn a_batch_that_steps_aside_is_in_the_books_and_goes_at_close() {
    let mut options = batches_of_four("aside");
    options.max_age = Duration::from_secs(3_600);
    let door = Door::default();
    let at = door.clone();
    let (pool, notes) = scripted(options, move |attempt, batch| {
        if attempt < 3 {
            return failed(batch);
        }
        at.pass();
        failed(batch)
    });
    let hits = hits(8);
    submit_all(&pool, &hits);
    door.wait_for(1);
    assert_eq!(notes.batches()[3], ids(&hits[4..]));
    let book = stats(&pool);
    assert_balanced(&book);
    assert_eq!((book.queued, book.in_flight), (4, 4));
    assert_eq!(pool.close(Instant::now()), Ok(Left::new(4, 4)));
    door.open();
    eventually("all have ended", || stats(&pool).pending() == 0);
    assert_eq!(stats(&pool).dropped, [(Reason::Shutdown, 8)]);
}

/// A receiver that fails over some hits, that is out of reach now and then, and that takes all else.
#[test]
fn whichever_hits_are_poison_they_alone_are_refused() {
    for seed in 1..=60_u64 {
        let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut below = move |n: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % n
        };
        let mut options = options("poison");
        options.dedupe = below(2) == 0;
        options.batch.hits = 1 + below(9) as usize;
        options.workers = Workers::Count(1 + below(3) as usize);
        let (often, outages) = (2 + below(20), below(6));
        let hits = hits(10 + below(60) as usize);
        let poison: Vec<_> = ids(&hits).into_iter().filter(|_| below(often) == 0).collect();
        let (found, outage) = (poison.clone(), Mutex::new(below));
        let (pool, notes) = scripted(options, move |_, batch| {
            if outages > 0 && (outage.lock().unwrap())(4 + outages) == 0 {
                return all(batch, Outcome::Retry(None));
            }
            let is_here = batch.iter().any(|enriched| found.contains(&enriched.hit.id()));
            if is_here { failed(batch) } else { all(batch, Outcome::Delivered) }
        });
        submit_all(&pool, &hits);
        let others = settle_by_comparison(&pool);
        assert!(pool.close(soon()).unwrap().is_empty());
        let book = stats(&pool);
        assert_balanced(&book);
        assert_eq!(book.delivered, hits.len() as u64 - poison.len() as u64 + others, "seed {seed}: {book:?}");
        assert_eq!(count(&book.refused, Reason::Poison), poison.len() as u64, "seed {seed}: {book:?}");
        let seen = notes.seen();
        assert!(ids(&hits).iter().all(|id| seen.contains_key(id)));
    }
}
