//! One pool in one process: the queue, the desk, the books and the crew.

use std::{
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU8, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use trackside_core::{
    Hit, Reason,
    config::{self, WhenFull, Workers},
    ledger::Hits,
    protocol::Needs,
    transport::Submitted,
};

use super::{
    Options,
    aside::Aside,
    batch::{Batcher, Limits},
    books::{Books, Item, Padded, Tally},
    crew::Crew,
    desk::Desk,
    fork,
    queue::Queue,
    retry::{Backoff, Expiry},
    store::Store,
    worker::Worker,
};
use crate::{log, sink::AnyFactory};

/// So many waiting hits wake the worker before its next tick.
const HIGH_WATER: usize = 64;

/// How many workers `auto` means where a request holds one hit or one visitor.
const MOST: usize = 8;

/// So long without a hit, and the worker stops ticking.
const IDLE_AFTER: Duration = Duration::from_secs(1);

/// No hit may be submitted any more.
pub(super) const CLOSING: u8 = 1;
/// No hit will be delivered any more.
pub(super) const CLOSED: u8 = 1 << 1;
/// The worker that watches is parked, or about to.
pub(super) const IDLE: u8 = 1 << 2;
/// A worker has been woken for the high-water mark.
pub(super) const NUDGED: u8 = 1 << 3;

/// What a pool is built from, in this process and in every forked child.
pub(super) struct Plan {
    pub(super) options: Options,
    pub(super) backoff: Backoff,
    pub(super) needs: Option<Needs>,
    /// How long a worker ticks on without a hit.
    pub(super) idle_after: Duration,
}

impl Plan {
    pub(super) fn new(options: Options, backoff: Backoff) -> Self {
        let needs = options.protocol.as_ref().map(|protocol| protocol.needs());
        Self { options, backoff, needs, idle_after: IDLE_AFTER }
    }

    /// What the queue has no room for goes to the spool, if there is one; at first nothing gives way.
    fn queue(&self) -> config::Queue {
        let mut queue = self.options.queue.clone();
        if self.options.spool.is_some() {
            queue.when_full = WhenFull::DropNewest;
        }
        queue
    }

    fn limits(&self) -> Limits {
        let batch = &self.options.batch;
        let most = self.needs.map_or(usize::MAX, |needs| needs.batch.max(1)).min(batch.hits);
        let grouped = self.needs.is_some_and(|needs| needs.one_visitor);
        Limits {
            // Where a request holds one visitor, several visitors gather side by side.
            gathered: if grouped { batch.hits } else { most },
            batch: most,
            bytes: batch.bytes,
            age: batch.age,
            grouped,
        }
    }

    fn workers(&self) -> usize {
        let is_narrow = self.needs.is_some_and(|needs| needs.batch == 1 || needs.one_visitor);
        match self.options.workers {
            Workers::Count(count) => count.clamp(1, 64),
            _ if is_narrow => MOST,
            _ => 1,
        }
    }
}

/// What the request thread and the worker that watches tell each other: one byte that is read with every hit and
/// written seldom.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Signal(AtomicU8);

impl Signal {
    pub(super) fn get(&self) -> u8 {
        self.0.load(SeqCst)
    }

    /// Raises `bits` and answers what was raised before.
    pub(super) fn raise(&self, bits: u8) -> u8 {
        self.0.fetch_or(bits, SeqCst)
    }

    /// Lowers `bits` and answers what was raised before.
    pub(super) fn lower(&self, bits: u8) -> u8 {
        self.0.fetch_and(!bits, SeqCst)
    }
}

pub(super) struct Running {
    pub(super) plan: Arc<Plan>,
    pub(super) generation: u64,
    pub(super) expiry: Expiry,
    pub(super) queue: Queue,
    pub(super) books: Books,
    pub(super) signal: Signal,
    pub(super) crew: Crew,
    pub(super) store: Option<Store>,
    desk: Padded<Mutex<Desk>>,
    has_complained: AtomicBool,
}

impl Running {
    pub(super) fn new(plan: &Arc<Plan>) -> Arc<Self> {
        Self::with_crew(plan, Crew::new(plan.workers()))
    }

    pub(super) fn with_crew(plan: &Arc<Plan>, crew: Crew) -> Arc<Self> {
        let window = plan.needs.map(|needs| Duration::from_secs(needs.window));
        Arc::new(Self {
            generation: fork::generation(),
            expiry: Expiry::new(plan.options.max_age, window),
            queue: Queue::new(&plan.queue()),
            books: Books::default(),
            signal: Signal::default(),
            crew,
            desk: Padded(Mutex::new(Desk::new(
                Batcher::new(plan.limits()),
                Aside::new(&plan.options.queue),
                Instant::now(),
            ))),
            has_complained: AtomicBool::new(false),
            store: plan.options.spool.clone().and_then(|(spooling, options)| Store::new(spooling, options)),
            plan: Arc::clone(plan),
        })
    }

    /// Takes a hit. It never waits, allocates nothing and takes no lock; a system call it makes only to start
    /// the first worker, whose sink comes from `factory`, or to wake one from its sleep.
    pub(super) fn submit(self: &Arc<Self>, hit: Hit, factory: &dyn AnyFactory) -> Submitted {
        let epoch = self.books.submit();
        if let Err(reason) = self.admits(&hit, factory) {
            return self.turn_away(reason, Tally::one(epoch));
        }
        if self.store.as_ref().is_some_and(|store| store.is_always && store.spool.write(&hit, epoch.tag())) {
            return self.spooled();
        }
        let pushed = self.queue.push(Item::new(hit, epoch), |oldest, reason| {
            self.books.lost(reason, Tally::of([&oldest]));
        });
        if let Err((item, reason)) = pushed {
            return self.overflow(item, reason);
        }
        self.pushed()
    }

    /// The queue has no room for a hit, for this reason: it goes to the spool, or others give way to it, or it does.
    #[cold]
    #[inline(never)]
    pub(super) fn overflow(&self, item: Item, reason: Reason) -> Submitted {
        let epoch = item.epoch();
        let Some(store) = &self.store else {
            return self.turn_away(reason, Tally::one(epoch));
        };
        if store.takes_over(item.submitted(), epoch) {
            return self.spooled();
        }
        let pushed = match self.plan.options.queue.when_full {
            WhenFull::DropOldest => self.queue.push_over(item, |oldest, reason| {
                self.books.lost(reason, Tally::of([&oldest]));
            }),
            _ => Err((item, reason)),
        };
        match pushed {
            Ok(()) => self.pushed(),
            Err((_, reason)) => self.turn_away(reason, Tally::one(epoch)),
        }
    }

    /// A hit is in the spool: sees to it that a worker comes for it.
    pub(super) fn spooled(&self) -> Submitted {
        // Asked after the hit has been written: the worker raises IDLE before it looks a last time.
        let signal = self.signal.get();
        if signal & IDLE != 0 {
            return self.call(signal & !CLOSED);
        }
        Submitted::Queued
    }

    /// Whether a hit, which has been counted, may be queued.
    ///
    /// # Errors
    ///
    /// The reason for which it may not.
    #[inline]
    pub(super) fn admits(self: &Arc<Self>, hit: &Hit, factory: &dyn AnyFactory) -> Result<(), Reason> {
        // Asked after the hit has been counted: a worker that sees CLOSING and every hit ended may go, and no
        // hit comes after it.
        if self.signal.get() & CLOSING != 0 {
            return Err(Reason::Closed);
        }
        if self.plan.options.third_party && hit.is_confined() {
            return Err(Reason::NoConsent);
        }
        if !self.crew.is_started() && self.start_first(factory).is_err() {
            return Err(Reason::NoWorker);
        }
        Ok(())
    }

    /// A hit has been queued: sees to it that a worker comes for it.
    #[inline]
    pub(super) fn pushed(&self) -> Submitted {
        // Asked after the hit has been queued: the worker raises IDLE before it looks a last time.
        let signal = self.signal.get();
        if signal & (CLOSED | IDLE) != 0 || (signal & NUDGED == 0 && self.queue.len() >= HIGH_WATER) {
            return self.call(signal);
        }
        Submitted::Queued
    }

    /// The rare end of `submit`.
    #[cold]
    fn call(&self, signal: u8) -> Submitted {
        if signal & CLOSED != 0 {
            // The queue was emptied for the last time, perhaps before this hit came. Who comes so late takes one
            // hit out, its own or that of another who does the same: as many are answered as are counted.
            return match self.queue.pop() {
                Some(item) => {
                    self.lose(Reason::Closed, Tally::of([&item]));
                    Submitted::Dropped(Reason::Closed)
                }
                // It came in time to be dropped(shutdown).
                None => Submitted::Queued,
            };
        }
        if signal & IDLE != 0 {
            if self.signal.lower(IDLE) & IDLE != 0 {
                self.crew.wake();
            }
        } else if self.signal.raise(NUDGED) & NUDGED == 0 {
            self.crew.wake();
        }
        Submitted::Queued
    }

    pub(super) fn turn_away(&self, reason: Reason, tally: Tally) -> Submitted {
        self.books.lost(reason, tally);
        Submitted::Dropped(reason)
    }

    /// These hits were refused or dropped, and give back their bytes.
    pub(super) fn lose(&self, reason: Reason, tally: Tally) {
        self.queue.release(tally.bytes);
        self.books.lost(reason, tally);
    }

    pub(super) fn stats(&self) -> Hits {
        let desk = self.desk();
        let mut hits = self.books.snapshot(&self.plan.options.name);
        hits.queued = self.waiting_in(&desk);
        hits.in_flight = desk.in_flight;
        hits.spooled = self.spooled_in(&desk);
        if self.store.as_ref().is_some_and(|store| store.is_always) {
            hits.volatile = hits.queued + desk.in_flight - desk.spooled_in_flight;
        }
        (hits.breaker, hits.openings) = desk.breaker.state(Instant::now());
        hits
    }

    /// Hits in the spool that are not inside an attempt.
    pub(super) fn spooled_in(&self, desk: &Desk) -> u64 {
        let pending = self.store.as_ref().map_or(0, Store::pending);
        pending.saturating_sub(desk.spooled_in_flight)
    }

    /// Hits in memory alone that are not inside an attempt.
    pub(super) fn waiting_in(&self, desk: &Desk) -> u64 {
        (self.queue.len() + desk.len()) as u64
    }

    pub(super) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn is_desk_free(&self) -> bool {
        self.desk.0.try_lock().is_ok()
    }

    /// Starts the first worker, unless it has been.
    ///
    /// # Errors
    ///
    /// The system's, if it has no thread to give: logged once, and tried again with a later hit.
    #[cold]
    pub(super) fn start_first(self: &Arc<Self>, factory: &dyn AnyFactory) -> io::Result<()> {
        let started = self.start(0, factory);
        if let Err(error) = &started
            && !self.has_complained.swap(true, SeqCst)
        {
            let name = &self.plan.options.name;
            log::guarded(|| {
                tracing::error!(target: "trackside", "{name}: no worker could be started, hits are lost: {error}");
            });
        }
        started
    }

    pub(super) fn start(self: &Arc<Self>, seat: usize, factory: &dyn AnyFactory) -> io::Result<()> {
        self.crew.start(seat, &self.plan.options.name, || {
            let (running, factory) = (Arc::clone(self), factory.share());
            move || Worker::new(running, factory, seat).run()
        })
    }

    /// A number that no other pool of the process has while this one lives.
    pub(super) fn mark(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

#[cfg(test)]
#[path = "running_test.rs"]
pub(super) mod test;
