//! Sinks with somebody who looks over their shoulders, and that panic now and then: what the pool was told of each
//! attempt.

use std::{
    cell::Cell,
    collections::BTreeMap,
    panic::resume_unwind,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::Instant,
};

use trackside_core::protocol::{Enriched, Outcome};
use trackside_transports::sink::{Delivery, Sink, SinkFactory};

use crate::{hits::number, random::Random, receiver::Did, wire::Attempts};

thread_local! {
    /// The attempt that this worker makes, once it has begun.
    static ATTEMPT: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Counts attempts.
#[derive(Debug, Default)]
pub(crate) struct Counted(AtomicU64);

impl Attempts for Counted {
    fn begin(&self, _: &[u64]) -> u64 {
        let attempt = self.0.fetch_add(1, SeqCst);
        ATTEMPT.set(Some(attempt));
        attempt
    }
}

/// How an attempt ended, as the pool was told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum End {
    Panicked,
    Told(Outcome),
}

/// An attempt, as the pool was told of it.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// None: the sink panicked before there was a request.
    pub(crate) number: Option<u64>,
    /// Of one that panicked the whole batch, whatever a request of it holds.
    pub(crate) hits: Vec<u64>,
    pub(crate) end: End,
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
}

impl Attempt {
    /// What the pool was told of it is what the receiver did, or that nobody knows.
    pub(crate) fn assert_true(&self, did: &BTreeMap<u64, Did>) {
        let did = self.number.and_then(|number| did.get(&number));
        let is_same = |did: &Did| match self.end {
            End::Panicked => self.hits.starts_with(&did.hits),
            End::Told(_) => self.hits == did.hits,
        };
        assert!(did.is_none_or(is_same), "{self:?} of {did:?}");
        let is_processed = did.is_some_and(|did| did.is_processed);
        let is_true = match self.end {
            End::Told(Outcome::Delivered) => is_processed,
            End::Told(Outcome::Unknown) | End::Panicked => true,
            End::Told(_) => !is_processed,
        };
        assert!(is_true, "{self:?} of {did:?}");
    }
}

/// All attempts, in the order in which they ended.
#[derive(Debug)]
pub(crate) struct Log {
    random: Mutex<Random>,
    /// So many attempts of a hundred end in a panic.
    percent: usize,
    is_well: AtomicBool,
    attempts: Mutex<Vec<Attempt>>,
}

/// When a sink panics.
enum Panic {
    /// Nothing was sent.
    Before,
    After,
}

impl Log {
    pub(crate) fn new(seed: u64, percent: usize) -> Arc<Self> {
        Arc::new(Self {
            random: Mutex::new(Random::of(seed, 5)),
            percent,
            is_well: AtomicBool::new(false),
            attempts: Mutex::default(),
        })
    }

    /// No sink panics from now on.
    pub(crate) fn heal(&self) {
        self.is_well.store(true, SeqCst);
    }

    pub(crate) fn take(&self) -> Vec<Attempt> {
        std::mem::take(&mut *self.attempts.lock().unwrap())
    }

    /// Those sinks, watched.
    pub(crate) fn watch(self: &Arc<Self>, factory: impl SinkFactory) -> impl SinkFactory {
        let log = Arc::clone(self);
        move || Ok(Box::new(Watched { sink: factory()?, log: Arc::clone(&log) }) as Box<dyn Sink>)
    }

    fn draw(&self) -> Option<Panic> {
        let mut random = self.random.lock().unwrap();
        let panics = random.percent(self.percent) && !self.is_well.load(SeqCst);
        panics.then(|| if random.percent(50) { Panic::Before } else { Panic::After })
    }

    fn note(&self, hits: &[Enriched<'_>], end: End, began: Instant) {
        let hits = hits.iter().map(|enriched| number(enriched.hit)).collect();
        let attempt = Attempt { number: ATTEMPT.take(), hits, end, began, ended: Instant::now() };
        self.attempts.lock().unwrap().push(attempt);
    }
}

struct Watched {
    sink: Box<dyn Sink>,
    log: Arc<Log>,
}

impl Sink for Watched {
    fn deliver(&mut self, batch: &[Enriched<'_>], now: u64) -> Delivery {
        let began = Instant::now();
        let panic = self.log.draw();
        if let Some(Panic::Before) = panic {
            self.log.note(batch, End::Panicked, began);
            fail();
        }
        let delivery = self.sink.deliver(batch, now);
        if let Some(Panic::After) = panic {
            self.log.note(batch, End::Panicked, began);
            fail();
        }
        self.log.note(&batch[..delivery.taken], End::Told(delivery.outcome.clone()), began);
        delivery
    }
}

/// Panics without a word.
fn fail() -> ! {
    resume_unwind(Box::new("as it was drawn"));
}
