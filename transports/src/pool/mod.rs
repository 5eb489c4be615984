//! Queue, workers, batching and retry: turns a sink factory into a transport.
//!
//! ```text
//! submit ─► queue ─► worker: stage ─► gather ─► Sink::deliver ─► delivered, refused, dropped
//!   never      bounded in         │      ▲             │
//!   waits      hits and bytes     ▼      └── retry, split, what one request could not hold
//!                              refused
//! ```
//!
//! A worker ticks while there is traffic and sleeps when there is none, so that a request thread hardly ever
//! pays for waking it. Before it sleeps it sees to the keys and has its sink see to what is due, and it wakes up when
//! more is. What workers share lies on a desk under one lock, which no request takes.

mod aside;
mod batch;
mod books;
mod breaker;
mod crew;
mod desk;
mod fan_out;
pub mod fork;
mod patience;
mod queue;
mod report;
mod retry;
mod running;
mod settle;
mod shutdown;
mod store;
mod tell;
mod trial;
mod turn;
mod worker;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use trackside_core::{
    Hit,
    config::{Batch, Destination, Only, Queue, Spooling, Workers},
    hit::Edit,
    ledger::Hits,
    protocol::Protocol,
    transport::{Left, Reentrant, Submitted, Transport},
};

pub(crate) use self::{crew::STACK, report::to_log, tell::observed};
pub use self::{
    fan_out::FanOut,
    report::{Observer, Report},
    retry::Backoff,
};
use self::{
    fork::PerProcess,
    running::{Plan, Running},
};
use crate::{
    clock::{Clock, System},
    keys::Keys,
    sink::{AnyFactory, SinkFactory},
    spool,
    stage::Stage,
};

/// How a pool treats the hits of its destination.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a pool needs to be told all of it")]
pub struct Options {
    /// Names the row of the ledger, the threads, and the pool in the log.
    pub name: String,
    /// How many threads deliver, at most. [`Workers::Auto`] is one, or up to eight where `protocol` says that
    /// a request holds one hit or one visitor. The first starts with the first hit; another when a delivery
    /// takes longer than 5 ms and hits wait.
    pub workers: Workers,
    /// The bounds of the queue. In bytes it bounds all that the pool holds, in hits what waits in the queue
    /// itself: the batches on their way come on top.
    pub queue: Queue,
    /// The bounds of a batch; those of `protocol` hold as well.
    pub batch: Batch,
    /// How old a hit may become before its retrying ends: dropped(`expired`). A first attempt is made at any
    /// age within the receiver's window, but not of a hit that comes from the spool and is older than this.
    pub max_age: Duration,
    /// Which hits the destination takes; the others are refused(`filtered`, `sampled`), when they have been looked at.
    pub only: Only,
    /// What is changed about each hit, for this destination alone, when `stage` has looked at it.
    pub changes: Edit,
    /// Whether somebody else runs the receiver. Hits that are [confined](Hit::is_confined) never enter the queue
    /// then: they are refused(`no-consent`).
    pub third_party: bool,
    /// Whether hits whose fate is *unknown* are sent again, since the receiver knows a second copy by the
    /// hit's id or the operator wants it so; else they are dropped(`ambiguous`).
    pub dedupe: bool,
    /// What says which hits the receiver counts, and which cannot share a request. None: all, and none.
    pub protocol: Option<Arc<dyn Protocol>>,
    /// What looks at hits before they are batched, and filters and edits them. None: nobody looks.
    pub stage: Option<Arc<Stage>>,
    /// The time of day: it dates requests and says how old hits are.
    pub clock: Arc<dyn Clock>,
    /// The keys that a worker tends between its deliveries: tomorrow's is ready then before midnight. Several pools
    /// may be given the same.
    pub keys: Option<Arc<dyn Keys>>,
    /// Which hits go to the disk, and where that is. What the queue has no room for goes there, too, and only where that
    /// has no room either gives something way. None: no hit does.
    pub spool: Option<(Spooling, spool::Options)>,
    /// Who is told what operators want to know, beside the log.
    pub observer: Option<Arc<dyn Observer>>,
}

impl Options {
    /// What the configuration says of `destination`, by the system's clock: without what is made of it, which is
    /// `dedupe`, `protocol`, `stage`, `keys`, `spool` and `observer`.
    pub fn of(destination: &Destination) -> Self {
        Self {
            name: destination.name.clone(),
            workers: destination.workers,
            queue: destination.queue.clone(),
            batch: destination.batch,
            max_age: destination.max_age,
            only: destination.only.clone(),
            changes: destination.changes.clone(),
            third_party: destination.third_party,
            dedupe: false,
            protocol: None,
            stage: None,
            clock: Arc::new(System),
            keys: None,
            spool: None,
            observer: None,
        }
    }
}

/// A transport that queues hits and delivers them in batches on threads of its own.
///
/// Making one starts no thread and no sink: the first hit does. In a forked child the pool begins anew, with
/// an empty queue and an empty ledger; what was queued before the fork is the parent's.
///
/// A pool that is dropped without [`close`](Transport::close) does not wait: its workers go on for up to five
/// seconds with what is in memory, as long as the process lives, and then end.
pub struct Pool {
    plan: Arc<Plan>,
    factory: Box<dyn AnyFactory>,
    running: PerProcess<Arc<Running>>,
}

impl Pool {
    /// A pool of the sinks that `factory` makes, which retries as [`Backoff::default`] says.
    pub fn new(options: Options, factory: impl SinkFactory) -> Self {
        Self::with_backoff(options, Backoff::default(), factory)
    }

    /// A pool of the sinks that `factory` makes, which retries as `backoff` says.
    pub fn with_backoff(options: Options, backoff: Backoff, factory: impl SinkFactory) -> Self {
        Self::of(options, backoff, Box::new(factory))
    }

    pub(crate) fn of(options: Options, backoff: Backoff, factory: Box<dyn AnyFactory>) -> Self {
        fork::install();
        Self { plan: Arc::new(Plan::new(options, backoff)), factory, running: PerProcess::new() }
    }

    /// Delivers what processes that are gone left in the spool, until all of that has ended or until the instant
    /// `until`, though no hit was submitted, and says whether it has. True if there is no spool. What cannot be read
    /// stays where it is, and the log is told.
    ///
    /// # Errors
    ///
    /// [`Reentrant`] when called from a worker.
    pub fn drain(&self, until: Instant) -> Result<bool, Reentrant> {
        self.running().drain(until, &*self.factory)
    }

    fn running(&self) -> &Arc<Running> {
        self.running.get(|| Running::new(&self.plan))
    }
}

impl Transport for Pool {
    fn submit(&self, hit: Hit) -> Submitted {
        self.running().submit(hit, &*self.factory)
    }

    /// Where the queue is full it waits for room until then, and only after that answers dropped(`queue-full` or
    /// `queue-bytes`). With [`WhenFull::DropOldest`](trackside_core::config::WhenFull::DropOldest) nobody gives way to it
    /// before. Hits that are important wait for room among their like or the others. Where there is a spool that takes the
    /// hit, it waits for nothing.
    fn submit_until(&self, hit: Hit, until: Instant) -> Result<Submitted, Reentrant> {
        self.running().submit_until(hit, until, &*self.factory)
    }

    fn flush(&self, until: Instant) -> Result<Left, Reentrant> {
        self.running().flush(until, &*self.factory)
    }

    fn close(&self, until: Instant) -> Result<Left, Reentrant> {
        self.running().close(until, &*self.factory)
    }

    fn stats(&self) -> Vec<Hits> {
        vec![self.running().stats()]
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("options", &self.plan.options).finish_non_exhaustive()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if let Some(running) = self.running.current() {
            running.abandon(&*self.factory);
        }
    }
}
