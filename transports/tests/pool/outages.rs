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

/// By one worker. An attempt that waits until all have been submitted would call others to help.
fn one_at_a_time(name: &str) -> Options {
    Options { workers: Workers::Count(1), ..batches_of_four(name) }
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
    let (is_up, is_open) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let (up, inside, most) = (is_up.clone(), AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
    let (opened, seen) = (is_open.clone(), most.clone());
    let (pool, _) = scripted(options, move |_, batch| {
        if up.load(SeqCst) == 1 {
            return all(batch, Outcome::Delivered);
        }
        let now = inside.fetch_add(1, SeqCst) + 1;
        if opened.load(SeqCst) {
            seen.fetch_max(now, SeqCst);
        }
        // Slower than a worker's tick, so that others are called to help.
        let began = Instant::now();
        eventually("a slow failure", || began.elapsed() > Duration::from_millis(6));
        inside.fetch_sub(1, SeqCst);
        all(batch, Outcome::Retry(None))
    });
    submit_all(&pool, &hits(40));
    eventually("the breaker opens, and who began before is back", || {
        let book = stats(&pool);
        book.openings == 1 && book.in_flight == 0
    });
    is_open.store(true, SeqCst);
    let before = stats(&pool).retries;
    eventually("many attempts", || stats(&pool).retries > before + 40);
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
    let (is_up, all_here) = (up.clone(), Door::default());
    let here = all_here.clone();
    let (pool, notes) = scripted(one_at_a_time("outage"), move |_, batch| {
        here.pass();
        if is_up.load(SeqCst) == 0 { failed(batch) } else { all(batch, Outcome::Delivered) }
    });
    let hits = hits(12);
    submit_all(&pool, &hits);
    all_here.open();
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
        let mut options = one_at_a_time("poison");
        options.dedupe = true;
        let hits = hits(8);
        let (poison, all_here) = (hits[place].id(), Door::default());
        let here = all_here.clone();
        let (pool, notes) = scripted(options, move |_, batch| {
            here.pass();
            let is_here = batch.iter().any(|enriched| enriched.hit.id() == poison);
            if is_here { all(batch, answer.clone()).answered() } else { all(batch, Outcome::Delivered) }
        });
        submit_all(&pool, &hits);
        all_here.open();
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
    let options = batches_of_four("unreachable");
    let hits = hits(8);
    let first = hits[0].id();
    let times = AtomicUsize::new(0);
    let (pool, notes) = scripted(options, move |_, batch| {
        let is_here = batch.iter().any(|enriched| enriched.hit.id() == first);
        let fails = is_here && times.fetch_add(1, SeqCst) < 10;
        all(batch, if fails { Outcome::Retry(None) } else { Outcome::Delivered })
    });
    submit_all(&pool, &hits);
    assert!(pool.flush(soon()).unwrap().is_empty());
    assert_eq!(stats(&pool).delivered, 8);
    assert_eq!(notes.batches().len(), 12, "the first batch eleven times, and the second");
}

#[test]
fn a_batch_that_steps_aside_is_in_the_books_and_goes_at_close() {
    let mut options = one_at_a_time("aside");
    options.max_age = Duration::from_secs(3_600);
    let (door, all_here) = (Door::default(), Door::default());
    let (at, here) = (door.clone(), all_here.clone());
    let (pool, notes) = scripted(options, move |attempt, batch| {
        here.pass();
        if attempt < 3 {
            return failed(batch);
        }
        at.pass();
        failed(batch)
    });
    let hits = hits(8);
    submit_all(&pool, &hits);
    all_here.open();
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

/// As a gateway answers for a receiver that is away, busy, or brought down by what it was sent.
fn doubted(batch: &[Enriched<'_>]) -> Delivery {
    all(batch, Outcome::Retry(None)).blaming(Blame::Unclear)
}

#[test]
fn a_hit_that_brings_the_receiver_down_is_found_and_refused_and_no_other() {
    // The receiver needs a while to come back, in which so many others fail, too.
    for (place, outcome, away) in
        [(0, Outcome::Retry(None), 0), (2, Outcome::Unknown, 3), (3, Outcome::Unknown, 20)]
    {
        let mut options = batches_of_four("killer");
        options.dedupe = true;
        let hits = hits(8);
        let killer = hits[place].id();
        let left = Mutex::new(0);
        let (pool, notes) = scripted(options, move |_, batch| {
            let mut left = left.lock().unwrap();
            let is_here = batch.iter().any(|enriched| enriched.hit.id() == killer);
            if is_here {
                *left = away;
                return all(batch, outcome.clone()).blaming(Blame::Unclear);
            }
            if *left > 0 {
                *left -= 1;
                return all(batch, outcome.clone()).blaming(Blame::Unclear);
            }
            all(batch, Outcome::Delivered)
        });
        submit_all(&pool, &hits);
        let others = settle_by_comparison(&pool);
        let book = stats(&pool);
        assert_balanced(&book);
        assert_eq!((book.delivered, book.refused), (7 + others, vec![(Reason::Poison, 1)]), "place {place}");
        // Two halvings after eight successes each, and four tests. The second batch and the other halves are some of them.
        assert!(others >= 8 + 8 + 8 + 9 + 10 + 11 - 3, "{others} are too few to tell");
        let alone = notes.batches().iter().filter(|batch| **batch == [killer]).count();
        assert!(alone >= 4, "{alone}");
    }
}

#[test]
fn several_that_bring_the_receiver_down_are_all_found() {
    for workers in [1, 3] {
        let mut options = batches_of_four("killers");
        options.workers = Workers::Count(workers);
        let hits = hits(40);
        let killers = [hits[1].id(), hits[2].id(), hits[17].id(), hits[39].id()];
        let (pool, _) = scripted(options, move |_, batch| {
            let is_here = batch.iter().any(|enriched| killers.contains(&enriched.hit.id()));
            if is_here { doubted(batch) } else { all(batch, Outcome::Delivered) }
        });
        submit_all(&pool, &hits);
        let others = settle_by_comparison(&pool);
        let book = stats(&pool);
        assert_balanced(&book);
        assert_eq!(
            (book.delivered, book.refused),
            (36 + others, vec![(Reason::Poison, 4)]),
            "{workers} workers"
        );
    }
}

#[test]
fn a_hit_that_brings_the_receiver_down_holds_up_no_other() {
    let hits = hits(40);
    let first = hits[0].id();
    let (pool, _) = scripted(batches_of_four("killer"), move |_, batch| {
        let is_here = batch.iter().any(|enriched| enriched.hit.id() == first);
        if is_here { doubted(batch) } else { all(batch, Outcome::Delivered) }
    });
    submit_all(&pool, &hits);
    eventually("the others are delivered", || stats(&pool).delivered >= 36);
    assert_eq!(stats(&pool).refused, []);
}

#[test]
fn an_outage_of_which_a_gateway_tells_accuses_no_hit() {
    let up = Arc::new(AtomicUsize::new(0));
    let is_up = up.clone();
    let (pool, notes) = scripted(batches_of_four("outage"), move |_, batch| {
        if is_up.load(SeqCst) == 0 { doubted(batch) } else { all(batch, Outcome::Delivered) }
    });
    submit_all(&pool, &hits(100));
    eventually("many attempts", || notes.batches().len() > 100);
    up.store(1, SeqCst);
    assert!(pool.flush(soon()).unwrap().is_empty());
    let book = stats(&pool);
    assert_eq!((book.delivered, book.refused.len()), (100, 0), "{book:?}");
}

#[test]
fn a_balancer_with_a_server_down_has_no_hit_refused() {
    for servers in 2..=12 {
        let mut options = options("balancer");
        options.batch.hits = 1;
        let (pool, _) = scripted(options, move |attempt, batch| {
            if attempt % servers == 0 { doubted(batch) } else { all(batch, Outcome::Delivered) }
        });
        submit_all(&pool, &hits(2_000));
        assert!(pool.flush(soon()).unwrap().is_empty());
        let book = stats(&pool);
        assert_eq!((book.delivered, book.refused), (2_000, vec![]), "{servers} servers");
    }
}

#[test]
fn a_receiver_that_fails_at_random_has_no_hit_refused() {
    for (seed, percent) in (1..).zip([2_u64, 5, 10, 20, 50, 80]) {
        let mut options = options("random");
        options.batch.hits = 1 + seed as usize % 3;
        options.workers = Workers::Count(1 + seed as usize % 2);
        let random = Mutex::new(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed));
        let (pool, _) = scripted(options, move |_, batch| {
            let mut random = random.lock().unwrap();
            *random ^= *random << 13;
            *random ^= *random >> 7;
            *random ^= *random << 17;
            if *random % 100 < percent { doubted(batch) } else { all(batch, Outcome::Delivered) }
        });
        let hits = hits(3_000);
        submit_all(&pool, &hits);
        assert!(pool.flush(soon()).unwrap().is_empty());
        let book = stats(&pool);
        assert_eq!((book.delivered, book.refused), (3_000, vec![]), "{percent} of a hundred");
    }
}

#[test]
fn without_another_to_compare_with_no_doubt_refuses_anything() {
    let mut options = options("alone");
    let clock = Hands::at(10_000_000);
    options.clock = clock.clone();
    let (pool, notes) = scripted(options, |_, batch| doubted(batch));
    submit_all(&pool, &[hit_at(10_000_000)]);
    eventually("many attempts", || notes.batches().len() > 50);
    clock.put(10_000_000 + 3_600_000_000);
    assert!(pool.flush(soon()).unwrap().is_empty());
    let book = stats(&pool);
    assert_eq!((book.refused, book.dropped), (Vec::new(), vec![(Reason::Expired, 1)]));
}
