//! Keys, which a worker tends between its deliveries.

use trackside_core::visitor::DailyKey;
use trackside_transports::keys::Keys;

use super::*;

/// Counts how often it is tended, and asks to be again after `wait`.
#[derive(Debug)]
struct Tended {
    times: AtomicUsize,
    wait: Duration,
    panics: bool,
}

impl Tended {
    fn every(wait: Duration) -> Arc<Self> {
        Arc::new(Self { times: AtomicUsize::new(0), wait, panics: false })
    }

    fn times(&self) -> usize {
        self.times.load(SeqCst)
    }
}

impl Keys for Tended {
    fn key(&self, _: u64) -> Option<DailyKey> {
        None
    }

    fn tend(&self, _: u64) -> Duration {
        self.times.fetch_add(1, SeqCst);
        assert!(!self.panics, "as it was told");
        self.wait
    }
}

fn pool(keys: &Arc<Tended>) -> Pool {
    let mut options = options("stats");
    options.keys = Some(keys.clone());
    Pool::new(options, does(|batch, _| all(batch, Outcome::Delivered)))
}

#[test]
fn no_worker_no_care() {
    let keys = Tended::every(Duration::ZERO);
    let pool = pool(&keys);
    assert_eq!(keys.times(), 0);
    submit_all(&pool, &hits(1));
    eventually("the worker tends the keys", || keys.times() > 0);
}

#[test]
fn a_worker_that_sleeps_wakes_up_for_the_keys() {
    let keys = Tended::every(Duration::from_millis(20));
    let pool = pool(&keys);
    submit_all(&pool, &hits(1));
    assert!(pool.flush(soon()).unwrap().is_empty());
    // After a second without a hit it sleeps.
    thread::sleep(Duration::from_millis(1_200));
    let before = keys.times();
    eventually("it is awake again and again", || keys.times() > before + 10);
    submit_all(&pool, &hits(1));
    assert!(pool.close(soon()).unwrap().is_empty());
    assert_eq!(stats(&pool).delivered, 2);
}

#[test]
fn a_source_that_panics_stops_nobody() {
    let keys = Arc::new(Tended { times: AtomicUsize::new(0), wait: Duration::ZERO, panics: true });
    let pool = pool(&keys);
    submit_all(&pool, &hits(3));
    assert!(pool.close(soon()).unwrap().is_empty());
    assert!(keys.times() > 0 && stats(&pool).panics > 0);
    assert_eq!(stats(&pool).delivered, 3);
}
