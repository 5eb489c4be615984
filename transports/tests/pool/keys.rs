//! Keys, which a worker tends between its deliveries.

use trackside_core::visitor::DailyKey;
use trackside_transports::keys::Keys;

use super::*;

/// Counts how often it is tended.
#[derive(Debug)]
struct Tended {
    times: AtomicUsize,
    panics: bool,
}

impl Tended {
    fn new(panics: bool) -> Arc<Self> {
        Arc::new(Self { times: AtomicUsize::new(0), panics })
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
        Duration::ZERO
    }
}

fn pool(keys: &Arc<Tended>) -> Pool {
    let mut options = options("stats");
    options.keys = Some(keys.clone());
    Pool::new(options, does(|batch, _| all(batch, Outcome::Delivered)))
}

#[test]
fn no_worker_no_care() {
    let keys = Tended::new(false);
    let pool = pool(&keys);
    assert_eq!(keys.times(), 0);
    submit_all(&pool, &hits(1));
    eventually("the worker tends the keys", || keys.times() > 0);
}

#[test]
fn a_source_that_panics_stops_nobody() {
    let keys = Tended::new(true);
    let pool = pool(&keys);
    submit_all(&pool, &hits(3));
    assert!(pool.close(soon()).unwrap().is_empty());
    assert!(keys.times() > 0 && stats(&pool).panics > 0);
    assert_eq!(stats(&pool).delivered, 3);
}
