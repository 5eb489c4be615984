//! Deadlines, and what is left behind.

use super::*;

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
    // Neither was closed by that.
    submit_all(&pool, &hits(1));
    submit_all(&other, &hits(1));
}

#[test]
fn workers_of_two_pools_do_not_wait_for_each_other() {
    let both: Arc<OnceLock<Arc<dyn Transport>>> = Arc::default();
    let (inside, answers) = (Arc::new(Barrier::new(2)), Arc::new(Mutex::new(Vec::new())));
    let pool = |name| {
        let (both, inside, answers) = (both.clone(), inside.clone(), answers.clone());
        let answer = move |_, batch: &[Enriched<'_>]| {
            // Each is at work while the other asks.
            inside.wait();
            let answer = both.wait().flush(soon());
            inside.wait();
            answers.lock().unwrap().push(answer);
            all(batch, Outcome::Delivered)
        };
        Arc::new(scripted(options(name), answer).0)
    };
    let pools = ["first", "second"].map(pool);
    let fan_out = pools.each_ref().map(|pool| (IpPolicy::Masked, pool.clone() as Arc<dyn Transport>));
    assert!(both.set(Arc::new(FanOut::new(fan_out.into()))).is_ok());
    pools.iter().for_each(|pool| submit_all(pool, &hits(1)));
    assert!(both.wait().close(soon()).unwrap().is_empty());
    assert_eq!(*answers.lock().unwrap(), [Err(Reentrant), Err(Reentrant)]);
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
