//! Sinks that panic, or cannot be made; clocks of the host's own that panic, or look at the pool.

use super::*;

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
fn a_clock_that_panics_costs_no_hit() {
    #[derive(Debug)]
    struct Stopped;
    impl Clock for Stopped {
        fn micros(&self) -> u64 {
            panic!("as told")
        }
    }

    let mut options = options("clock");
    options.clock = Arc::new(Stopped);
    let pool = Pool::with_backoff(options, quick(), does(|batch, _| all(batch, Outcome::Delivered)));
    submit_all(&pool, &hits(3));
    assert!(pool.flush(soon()).unwrap().is_empty());
    let book = stats(&pool);
    assert_balanced(&book);
    assert_eq!(book.delivered, 3);
    assert!(book.panics > 0);
    assert!(pool.close(soon()).unwrap().is_empty());
}

/// A host's clock may take the host's lock, whose holder may be waiting for the pool: here it is one thread.
#[test]
fn a_clock_may_look_at_the_pool() {
    #[derive(Debug, Default)]
    struct Curious(OnceLock<Weak<Pool>>);
    impl Clock for Curious {
        fn micros(&self) -> u64 {
            let pool = self.0.get().and_then(Weak::upgrade);
            pool.map_or(0, |pool| stats(&pool).offered)
        }
    }

    let clock = Arc::new(Curious::default());
    let mut options = options("clock");
    options.clock = clock.clone();
    let deliver = does(|batch, _| all(batch, Outcome::Delivered));
    let pool = Arc::new(Pool::with_backoff(options, quick(), deliver));
    clock.0.set(Arc::downgrade(&pool)).unwrap();
    submit_all(&pool, &hits(3));
    assert!(pool.flush(soon()).unwrap().is_empty());
    assert_eq!(stats(&pool).delivered, 3);
    assert!(pool.close(soon()).unwrap().is_empty());
}
