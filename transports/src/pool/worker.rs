//! The worker: the only one that sleeps, and the only one that touches sinks. Where a pool has several, one
//! watches its queue at a time, so that idle ones cost nothing.

use std::{
    cell::Cell,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use rand::{
    RngExt, SeedableRng,
    rngs::{StdRng, SysRng},
};

use super::{
    books::Item,
    desk::Batch,
    fork,
    running::{CLOSED, CLOSING, IDLE, Running},
    settle::Attempt,
    store::{IN_SLEEP, LOOK_AFTER},
    turn::Next,
};
use crate::sink::{AnyFactory, Sink};

/// How often a worker looks at its queue while there is traffic. Being woken for each hit would cost the
/// request thread more than all the rest of its work.
pub(super) const TICK: Duration = Duration::from_millis(5);

/// How often a worker that is awake looks at what has been lost.
const LOOK: Duration = Duration::from_secs(1);

/// So long a worker sleeps at most where anything is ever due: a clock that is set meanwhile makes no wait too long.
const LONGEST: Duration = Duration::from_secs(3_600);

thread_local! {
    /// The pool whose worker this thread is. Without a destructor, so that it can be read during exit.
    static WORKER_OF: Cell<usize> = const { Cell::new(0) };
}

/// The pool whose worker the calling thread is; 0 for none.
pub(super) fn mark() -> usize {
    WORKER_OF.get()
}

pub(super) fn set_mark(mark: usize) {
    WORKER_OF.set(mark);
}

pub(super) struct Worker {
    running: Arc<Running>,
    factory: Box<dyn AnyFactory>,
    seat: usize,
    sink: Option<Box<dyn Sink>>,
    random: StdRng,
    /// How long the last attempt took: what tells whether another worker would be of use. One that is started for
    /// that begins with what its recruiter saw.
    took: Duration,
    /// How long it took for each hit.
    each: Duration,
    /// When it is to look at what has been lost.
    look_at: Instant,
}

impl Worker {
    pub(super) fn new(running: Arc<Running>, factory: Box<dyn AnyFactory>, seat: usize) -> Self {
        let random = StdRng::from_seed([0; 32]);
        let took = if seat > 0 { TICK } else { Duration::ZERO };
        let look_at = Instant::now() + LOOK;
        Self { running, factory, seat, sink: None, random, took, each: Duration::ZERO, look_at }
    }

    pub(super) fn run(mut self) {
        set_mark(self.running.mark());
        self.running.crew.sit(self.seat);
        if let Ok(random) = StdRng::try_from_rng(&mut SysRng) {
            self.random = random;
        }
        loop {
            let now = Instant::now();
            if now >= self.look_at {
                self.look_at = now + LOOK;
                self.running.report_losses(now, false);
            }
            self.running.look_after_spool(now);
            let next = self.running.next(self.seat, now, self.factory.hooks());
            match next {
                Next::Deliver(batch) => {
                    self.hand_on();
                    let began = Instant::now();
                    let Some(attempt) = self.attempt(&batch) else {
                        mem::forget((self, batch));
                        return;
                    };
                    let now = Instant::now();
                    self.note_attempt(now.duration_since(began), batch.items.len());
                    let jitter = self.random.random();
                    if let Some(report) = self.running.settle(batch, attempt, began, now, jitter) {
                        self.running.tell(&report);
                    }
                }
                Next::Exit => break,
                Next::Inherited => {
                    mem::forget(self);
                    return;
                }
                Next::Sleep => {
                    if !self.sleep() {
                        mem::forget(self);
                        return;
                    }
                }
                Next::Rest => self.rest(),
                // A pause may be long, and hits are lost meanwhile.
                Next::Wait(wait) => thread::park_timeout(wait.min(LOOK)),
            }
        }
        self.running.report_losses(Instant::now(), true);
        self.leave();
    }

    /// Lets go of the sink and of what made it before anybody is told, so that none of it outlives `close`.
    fn leave(mut self) {
        self.drop_sink();
        self.running.leave_spool();
        let Self { running, factory, .. } = self;
        running.drop_guarded(factory);
        running.crew.leave();
        running.books.announce_end();
    }

    /// Has the sink make an attempt. None if the sink forked and this is the child: the batch, and all this,
    /// belongs to the parent, down to the locks.
    fn attempt(&mut self, batch: &Batch) -> Option<Attempt> {
        if batch.is_attempted {
            self.running.books.retried();
        }
        self.running.note_begun(&batch.items);
        let now = self.running.micros();
        let factory = &self.factory;
        let sink = &mut self.sink;
        let attempt = catch_unwind(AssertUnwindSafe(|| {
            let sink = match sink {
                Some(sink) => sink,
                None => match factory.make() {
                    Ok(made) => sink.insert(made),
                    Err(error) => return Err(error),
                },
            };
            let enriched: Vec<_> = batch.items.iter().map(Item::enriched).collect();
            Ok(sink.deliver(&enriched, now))
        }));
        if self.running.generation != fork::generation() {
            mem::forget(attempt);
            return None;
        }
        Some(match attempt {
            Ok(Ok(delivery)) => Attempt::Made(delivery),
            Ok(Err(error)) => {
                self.running.complain(&format!("the sink cannot be opened, hits are lost: {error}"));
                Attempt::NoSink
            }
            Err(panic) => {
                mem::forget(panic); // Its drop could panic, too.
                if self.replace_sink() { Attempt::Panicked } else { Attempt::NoSink }
            }
        })
    }

    fn note_attempt(&mut self, took: Duration, hits: usize) {
        self.took = took;
        self.each = took / hits.max(1) as u32;
    }

    /// Has the sink see to what is due at the time `now`, and answers how long nothing is. None as of `attempt`.
    fn tend(&mut self, now: u64) -> Option<Duration> {
        let Some(sink) = &mut self.sink else {
            return Some(Duration::MAX);
        };
        let tended = catch_unwind(AssertUnwindSafe(|| sink.tend(now)));
        if self.running.generation != fork::generation() {
            mem::forget(tended);
            return None;
        }
        Some(tended.unwrap_or_else(|panic| {
            mem::forget(panic);
            self.replace_sink();
            Duration::MAX
        }))
    }

    /// Another sink is made with the next batch, as this one panicked. Says whether there was one.
    fn replace_sink(&mut self) -> bool {
        self.running.books.panicked();
        self.running.complain("the sink panicked and is replaced");
        let is_made = self.sink.is_some();
        self.drop_sink();
        is_made
    }

    fn drop_sink(&mut self) {
        let sink = self.sink.take();
        self.running.drop_guarded(sink);
    }

    /// Before an attempt, however long it may take: one that rests is to watch meanwhile. Where what waits takes this
    /// one longer than a tick, it, or one that is started, is to help in any case.
    fn hand_on(&self) {
        let running = &self.running;
        let is_backlog = self.is_backlog();
        let is_helped = (is_backlog || !running.crew.is_watched()) && running.crew.recruit();
        if is_backlog
            && !is_helped
            && let Some(seat) = running.crew.vacancy()
        {
            // Without a thread to be had, this worker does it alone.
            drop(running.start(seat, &*self.factory));
        }
    }

    fn is_backlog(&self) -> bool {
        let running = &self.running;
        let queued = running.queue.len();
        if self.each.saturating_mul(u32::try_from(queued).unwrap_or(u32::MAX)) >= TICK {
            return true;
        }
        self.took >= TICK && (queued > 0 || !running.desk().ready.is_empty() || running.has_spooled())
    }

    /// Watches, asleep until there is something to do. False if the sink forked and this is the child.
    fn sleep(&mut self) -> bool {
        let running = &self.running;
        running.signal.raise(IDLE);
        // One more look: a hit that came before IDLE was raised woke nobody.
        let has_work = !running.queue.is_empty()
            || running.signal.get() & (CLOSING | CLOSED) != 0
            || running.books.is_awaited();
        if !has_work {
            let now = running.micros();
            let keys = running.tend(now);
            let Some(sink) = self.tend(now) else {
                return false;
            };
            let spool = match &self.running.store {
                // The last look took nothing: it came since, or cannot be read.
                Some(_) if self.running.has_spooled() => LOOK_AFTER,
                Some(_) => IN_SLEEP,
                None => Duration::MAX,
            };
            match keys.min(sink).min(spool) {
                Duration::MAX => thread::park(),
                wait => thread::park_timeout(wait.clamp(TICK, LONGEST)),
            }
        }
        self.running.signal.lower(IDLE);
        true
    }

    /// Rests until it is recruited, or there is an end to wait for.
    fn rest(&self) {
        thread::park();
        self.running.crew.rest(self.seat, false);
    }
}

#[cfg(test)]
#[path = "worker_test.rs"]
mod test;
