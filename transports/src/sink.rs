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
    /// With what a failure may have to do.
    pub blame: Blame,
}

impl Delivery {
    /// An attempt at the first `taken` hits that ended with `outcome`. Where that is [`Outcome::Unknown`] it is unclear
    /// what a failure has to do with, as the receiver has had to do with the hits; else with nothing of theirs.
    pub fn new(taken: usize, outcome: Outcome) -> Self {
        let blame = if outcome == Outcome::Unknown { Blame::Unclear } else { Blame::Nobody };
        Self { taken, outcome, blame }
    }

    /// The receiver itself answered with the failure: [`Blame::Hits`].
    #[must_use]
    pub fn answered(self) -> Self {
        self.blaming(Blame::Hits)
    }

    /// A failure may have to do with this. [`Blame::of`] tells it by the status of an HTTP answer.
    #[must_use]
    pub fn blaming(self, blame: Blame) -> Self {
        Self { blame, ..self }
    }
}

/// What a failure may lie with. Only where an outcome has hits sent again does it matter.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[allow(clippy::exhaustive_enums, reason = "a pool treats each in its own way")]
pub enum Blame {
    /// The hits, over which the receiver itself failed: three such answers in a row, and others are tried before them.
    /// Hits over which it fails while it takes others are found one by one and refused(`poison`).
    Hits,
    /// Neither the hits nor the receiver: they did not reach it, or were too much for it just then. They are sent again,
    /// before others.
    #[default]
    Nobody,
    /// The hits, or what stands before the receiver, or how busy that is. As with [`Hits`](Self::Hits), but a hit is
    /// refused only when it alone has failed again and again, each time after at least eight others were taken in a row.
    Unclear,
}

impl Blame {
    /// What an HTTP status says. 500: the receiver failed over what it was sent. 501 and above: so it may have, or a
    /// gateway found it busy or away. Every other status is not about the hits, as 429.
    pub fn of(status: u16) -> Self {
        match status {
            500 => Self::Hits,
            501.. => Self::Unclear,
            _ => Self::Nobody,
        }
    }
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
