//! What an observer is told.

use trackside_transports::pool::{Observer, Report};

use super::*;

/// Keeps what it is told.
#[derive(Clone, Debug, Default)]
struct Told(Arc<Mutex<Vec<(String, Report)>>>);

impl Told {
    fn all(&self) -> Vec<(String, Report)> {
        self.0.lock().unwrap().clone()
    }
}

impl Observer for Told {
    fn observe(&self, destination: &str, report: &Report) {
        self.0.lock().unwrap().push((destination.to_owned(), report.clone()));
    }
}

#[test]
fn an_outage_is_told_at_its_begin_and_at_its_end() {
    let told = Told::default();
    let mut options = options("stats");
    options.observer = Some(Arc::new(told.clone()));
    let is_up = Arc::new(AtomicUsize::new(0));
    let up = is_up.clone();
    let (pool, _) = scripted(options, move |_, batch| {
        all(batch, if up.load(SeqCst) == 0 { Outcome::Retry(None) } else { Outcome::Delivered })
    });
    submit_all(&pool, &hits(1));
    eventually("the breaker opens", || !told.all().is_empty());
    is_up.store(1, SeqCst);
    assert!(pool.close(soon()).unwrap().is_empty());
    let told = told.all();
    let [(first, Report::Opened { failures: 5, .. }), (second, Report::Closed { .. })] = &told[..] else {
        panic!("{told:?}")
    };
    assert_eq!((first.as_str(), second.as_str()), ("stats", "stats"));
}

#[test]
fn what_is_lost_is_told_by_reason_when_the_pool_closes_at_the_latest() {
    let told = Told::default();
    let mut options = options("stats");
    options.queue.hits = 2;
    options.observer = Some(Arc::new(told.clone()));
    let (pool, _, door) = held(options);
    submit_all(&pool, &hits(1));
    door.wait_for(1);
    submit_all(&pool, &hits(2));
    for hit in hits(3) {
        assert_eq!(pool.submit(hit), Submitted::Dropped(Reason::QueueFull));
    }
    door.open();
    assert!(pool.close(soon()).unwrap().is_empty());
    assert_eq!(told.all(), [("stats".to_owned(), Report::Lost(vec![(Reason::QueueFull, 3)]))]);
}

#[test]
fn an_observer_that_panics_harms_nothing_and_may_look_at_the_pool() {
    #[derive(Debug, Default)]
    struct Curious(OnceLock<Weak<Pool>>, AtomicUsize);
    impl Observer for Curious {
        fn observe(&self, _: &str, _: &Report) {
            let pool = self.0.get().and_then(Weak::upgrade);
            self.1.fetch_add(pool.map_or(0, |pool| stats(&*pool).offered) as usize, SeqCst);
            panic!("as told");
        }
    }

    let curious = Arc::new(Curious::default());
    let mut options = options("stats");
    options.observer = Some(curious.clone());
    let (pool, _) = scripted(options, |attempt, batch| {
        all(batch, if attempt < 5 { Outcome::Retry(None) } else { Outcome::Delivered })
    });
    let pool = Arc::new(pool);
    curious.0.set(Arc::downgrade(&pool)).unwrap();
    submit_all(&*pool, &hits(1));
    assert!(pool.flush(soon()).unwrap().is_empty());
    eventually("both are told", || stats(&*pool).panics == 2);
    assert_eq!((stats(&*pool).delivered, curious.1.load(SeqCst)), (1, 2));
}
