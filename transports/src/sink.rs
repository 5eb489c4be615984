//! What makes one attempt at delivering one batch.

use std::{error::Error, fmt, sync::Arc, time::Duration};

use trackside_core::protocol::{Enriched, Outcome};

use crate::hooks::Hooks;

/// Makes one attempt at delivering one batch, and says how it went.
///
/// A sink lives on one worker. It never sleeps, batches, retries, spools or counts: the pool does.
pub trait Sink {
    /// Makes one request for the leading hits of `batch`, which is never empty, at `now` microseconds
    /// since the Unix epoch, and says how many it took and what became of them.
    fn deliver(&mut self, batch: &[Enriched<'_>], now: u64) -> Delivery;

    /// Called by a worker that has nothing to do, before it sleeps: sees to what is due at `now`, as a store that
    /// deletes what has become too old, and answers how long there is nothing more to see to. Defaults to nothing
    /// ever being due.
    ///
    /// One call is to be no longer than an attempt: hits that come meanwhile wait. The worker asks again when that
    /// time is over, but after 5 ms at the earliest and after an hour at the latest, and each time that it has had
    /// something else to do. A sink is made for the first batch: until then nobody asks. A panic is counted, and
    /// the sink replaced with the next batch.
    fn tend(&mut self, _now: u64) -> Duration {
        Duration::MAX
    }
}

/// How one attempt went.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Delivery {
    /// How many of the batch's leading hits the attempt was about: at least one.
    pub taken: usize,
    /// What became of them.
    pub outcome: Outcome,
    /// Whether a failure was the receiver's own answer, so that it may lie with the hits: three in a row, and
    /// others are tried before them. What never reached the receiver, or was too much for it just then, says nothing
    /// about the hits: see [`accuses`].
    pub is_answered: bool,
}

impl Delivery {
    /// An attempt at the first `taken` hits that ended with `outcome`.
    pub fn new(taken: usize, outcome: Outcome) -> Self {
        Self { taken, outcome, is_answered: false }
    }

    /// The receiver itself answered with the failure.
    #[must_use]
    pub fn answered(mut self) -> Self {
        self.is_answered = true;
        self
    }
}

/// Whether an HTTP status says that the receiver failed over what it was sent, so that [`Delivery::answered`] is to
/// be said: 500 alone. Every other failure may be the way to it, or how busy it is, as 429, 502, 503, 504 and what
/// gateways make up beyond, of which no hit is the cause.
pub fn accuses(status: u16) -> bool {
    status == 500
}

/// Makes sinks: one for each worker, again after a panic, and again in a forked child. It is called on
/// the worker.
///
/// The pool has one and each worker a clone of it, which a worker drops after its sink and before it ends: when
/// the pool is closed and dropped, all clones are gone but those of workers stuck inside a sink. A forked child
/// drops the pool's, and clones that it made itself; those of the parent's workers it never drops.
pub trait SinkFactory: Fn() -> Result<Box<dyn Sink>, SinkError> + Clone + Send + Sync + 'static {}

impl<F: Fn() -> Result<Box<dyn Sink>, SinkError> + Clone + Send + Sync + 'static> SinkFactory for F {}

/// [`SinkFactory`] as an object.
pub(crate) trait AnyFactory: Send + Sync {
    fn make(&self) -> Result<Box<dyn Sink>, SinkError>;

    fn share(&self) -> Box<dyn AnyFactory>;

    /// What a worker that this was given asks about hits.
    fn hooks(&self) -> Option<&dyn Hooks>;
}

impl<F: SinkFactory> AnyFactory for F {
    fn make(&self) -> Result<Box<dyn Sink>, SinkError> {
        self()
    }

    fn share(&self) -> Box<dyn AnyFactory> {
        Box::new(self.clone())
    }

    fn hooks(&self) -> Option<&dyn Hooks> {
        None
    }
}

/// A factory, and the hooks for the workers to ask.
pub(crate) struct WithHooks {
    pub(crate) factory: Box<dyn AnyFactory>,
    pub(crate) hooks: Arc<dyn Hooks>,
}

impl AnyFactory for WithHooks {
    fn make(&self) -> Result<Box<dyn Sink>, SinkError> {
        self.factory.make()
    }

    fn share(&self) -> Box<dyn AnyFactory> {
        Box::new(Self { factory: self.factory.share(), hooks: Arc::from(self.hooks.share()) })
    }

    fn hooks(&self) -> Option<&dyn Hooks> {
        Some(&*self.hooks)
    }
}

/// A sink could not be made. Its hits are dropped(`store-unavailable`) and the worker tries again with
/// the next batch.
#[derive(Debug)]
pub struct SinkError(Box<dyn Error + Send + Sync>);

impl SinkError {
    /// Says why, and names what could not be opened.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

impl fmt::Display for SinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for SinkError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}
