//! What the tests of the pool share: hits, options, and sinks that do as they are told.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part")]

pub mod disk;
#[cfg(unix)]
pub mod forks;
pub mod warnings;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use trackside_core::{
    Annotations, Config, Hit, Moment, Reason, Request, Response,
    config::Policy,
    judge,
    ledger::Hits,
    protocol::{Enriched, Outcome},
    transport::{Submitted, Transport},
};
use trackside_transports::{
    clock::{Clock, System},
    pool::{Backoff, Options},
    sink::{Delivery, Sink, SinkFactory},
    sinks::callback,
};
use uuid::Uuid;

/// A clock that stands where it is put, in microseconds since the Unix epoch.
#[derive(Debug, Default)]
pub struct Hands(AtomicU64);

impl Hands {
    pub fn at(micros: u64) -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(micros)))
    }

    pub fn put(&self, micros: u64) {
        self.0.store(micros, Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn micros(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Long enough for anything that is to happen on a busy machine.
pub const LONG: Duration = Duration::from_secs(60);

pub fn soon() -> Instant {
    Instant::now() + LONG
}

pub fn config() -> Config {
    Config::builder().consent(Policy::None).build().unwrap()
}

/// A page view of its own id, at the time `micros`.
pub fn hit_at(micros: u64) -> Hit {
    hit_of(&config(), micros)
}

pub fn hit() -> Hit {
    hit_at(System.micros())
}

pub fn hits(count: usize) -> Vec<Hit> {
    let config = config();
    (0..count).map(|_| hit_of(&config, System.micros())).collect()
}

/// A page view whose record is larger than usual by `size` bytes, up to 2,000.
pub fn large_hit(size: usize) -> Hit {
    hit_with(&config(), System.micros(), &"x".repeat(size))
}

/// A page view of `/news/` and `path`.
pub fn hit_to(path: &str) -> Hit {
    hit_with(&config(), System.micros(), path)
}

pub fn hit_of(config: &Config, micros: u64) -> Hit {
    hit_with(config, micros, "")
}

fn hit_with(config: &Config, micros: u64, path: &str) -> Hit {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let mut entropy = [0; 64];
    entropy[2..6].copy_from_slice(&std::process::id().to_be_bytes());
    entropy[6..10].copy_from_slice(&(COUNT.fetch_add(1, Ordering::Relaxed) as u32).to_be_bytes());
    let headers = [("host", "www.example.com"), ("accept", "text/html")];
    let path = format!("/news/{path}");
    let request = Request::new("GET", &path, &headers);
    let exchange = judge::begin(config, &request, Moment::new(micros, entropy), None);
    let headers = [("content-type", "text/html")];
    let response = Response::new(200, &headers);
    let mut hits = Vec::new();
    let verdict =
        judge::finish(config, exchange, &request, &response, &Annotations::new(), &mut |hit| hits.push(hit));
    assert!(verdict.is_tracked());
    hits.remove(0)
}

/// The defaults of the configuration, but batches go out at once.
pub fn options(name: &str) -> Options {
    let config = config();
    let destination = &config.destinations()[0];
    let mut options = Options { name: name.to_owned(), ..Options::of(destination) };
    options.batch.age = Duration::ZERO;
    options
}

pub fn quick() -> Backoff {
    Backoff::new(Duration::from_micros(100), Duration::from_millis(1))
}

/// Waits for `condition`, and says what did not come true in time.
pub fn eventually(what: &str, condition: impl Fn() -> bool) {
    let until = soon();
    while !condition() {
        assert!(Instant::now() < until, "not in time: {what}");
        std::thread::yield_now();
    }
}

pub fn stats(transport: &dyn Transport) -> Hits {
    transport.stats().remove(0)
}

pub fn count(counts: &[(Reason, u64)], reason: Reason) -> u64 {
    counts.iter().find(|(r, _)| *r == reason).map_or(0, |(_, n)| *n)
}

/// offered = delivered + Σ refused + Σ dropped + pending, and pending counted apart is the same.
pub fn assert_balanced(hits: &Hits) {
    let sum = |counts: &[(Reason, u64)]| counts.iter().map(|(_, n)| n).sum::<u64>();
    let ended = hits.delivered + sum(&hits.refused) + sum(&hits.dropped);
    let came = hits.offered + hits.adopted;
    assert!(ended <= came, "more ended than came: {hits:?}");
    assert_eq!(came - ended, hits.queued + hits.in_flight + hits.spooled, "{hits:?}");
}

pub fn ids(hits: &[Hit]) -> Vec<Uuid> {
    hits.iter().map(Hit::id).collect()
}

pub fn submit_all(transport: &dyn Transport, hits: &[Hit]) {
    for hit in hits {
        assert_eq!(transport.submit(hit.clone()), Submitted::Queued);
    }
}

/// A sink that does what a closure says, with the batch's hits and the time.
pub struct Does<F>(pub F);

impl<F: FnMut(&[Enriched<'_>], u64) -> Delivery> Sink for Does<F> {
    fn deliver(&mut self, batch: &[Enriched<'_>], now: u64) -> Delivery {
        (self.0)(batch, now)
    }
}

/// A sink that delivers as one closure says, and sees to what is due as another does; then never again.
pub struct Tends<D, T> {
    pub deliver: D,
    pub tend: T,
}

impl<D, T> Sink for Tends<D, T>
where
    D: FnMut(&[Enriched<'_>], u64) -> Delivery,
    T: FnMut(),
{
    fn deliver(&mut self, batch: &[Enriched<'_>], now: u64) -> Delivery {
        (self.deliver)(batch, now)
    }

    fn tend(&mut self, _: u64) -> Duration {
        (self.tend)();
        Duration::MAX
    }
}

/// A factory of sinks that do what `work` says.
pub fn does<F>(work: F) -> impl SinkFactory
where
    F: FnMut(&[Enriched<'_>], u64) -> Delivery + Clone + Send + Sync + 'static,
{
    callback::factory(work)
}

pub fn all(batch: &[Enriched<'_>], outcome: Outcome) -> Delivery {
    Delivery::new(batch.len(), outcome)
}

/// Notes how often each hit came, and answers as told.
#[derive(Clone, Default)]
pub struct Notes(Arc<Mutex<Vec<Vec<Uuid>>>>);

impl Notes {
    pub fn note(&self, batch: &[Enriched<'_>]) {
        self.0.lock().unwrap().push(batch.iter().map(|enriched| enriched.hit.id()).collect());
    }

    /// The attempts so far, each with its hits.
    pub fn batches(&self) -> Vec<Vec<Uuid>> {
        self.0.lock().unwrap().clone()
    }

    pub fn seen(&self) -> BTreeMap<Uuid, usize> {
        let mut seen = BTreeMap::new();
        for id in self.batches().into_iter().flatten() {
            *seen.entry(id).or_default() += 1;
        }
        seen
    }
}

/// A door that holds whoever comes until it is opened.
#[derive(Clone, Debug, Default)]
pub struct Door(Arc<(Mutex<(usize, bool)>, Condvar)>);

impl Door {
    /// Waits at the door.
    pub fn pass(&self) {
        let mut state = self.0.0.lock().unwrap();
        state.0 += 1;
        self.0.1.notify_all();
        drop(self.0.1.wait_while(state, |state| !state.1).unwrap());
    }

    /// Waits until somebody has come.
    pub fn wait_for(&self, count: usize) {
        let state = self.0.0.lock().unwrap();
        let (state, timeout) = self.0.1.wait_timeout_while(state, LONG, |state| state.0 < count).unwrap();
        assert!(!timeout.timed_out(), "{} came to the door, not {count}", state.0);
    }

    pub fn open(&self) {
        self.0.0.lock().unwrap().1 = true;
        self.0.1.notify_all();
    }
}
