//! The worker: the only one that sleeps, and the only one that touches sinks.

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
use trackside_core::{
    Reason,
    protocol::{Enriched, Outcome},
};

use super::{
    books::{Item, Tally},
    desk::{Batch, Desk},
    fork,
    running::{CLOSED, CLOSING, IDLE, NUDGED, Running},
};
use crate::sink::{Delivery, Sink};

/// How often a worker looks at its queue while there is traffic. Being woken for each hit would cost the
/// request thread more than all the rest of its work.
const TICK: Duration = Duration::from_millis(5);

/// So long without a hit, and the worker stops ticking.
const IDLE_AFTER: Duration = Duration::from_secs(1);

/// How many hits are taken from the queue at one look, refused ones included.
const LOOK: usize = 1_024;

/// The longest own wait between attempts while the pool closes and little time remains.
const CLOSING_WAIT: Duration = Duration::from_millis(500);

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
    seat: usize,
    sink: Option<Box<dyn Sink>>,
    random: StdRng,
    /// Whether the last attempt took longer than a tick, so that another worker would be of use. One that was
    /// recruited begins with what its recruiter saw.
    is_slow: bool,
}

/// What a worker does next.
enum Next {
    Deliver(Batch),
    Exit,
    /// There is nothing to do, and there has not been for a while.
    Rest,
    Wait(Duration),
}

/// What came of an attempt.
enum Attempt {
    Made(Delivery),
    NoSink,
    Panicked,
}

impl Worker {
    pub(super) fn new(running: Arc<Running>, seat: usize) -> Self {
        Self { running, seat, sink: None, random: StdRng::from_seed([0; 32]), is_slow: seat > 0 }
    }

    pub(super) fn run(mut self) {
        set_mark(self.running.mark());
        self.running.crew.sit(self.seat);
        if let Ok(random) = StdRng::try_from_rng(&mut SysRng) {
            self.random = random;
        }
        loop {
            let next = self.running.next(Instant::now());
            match next {
                Next::Deliver(batch) => {
                    if self.is_slow {
                        self.recruit();
                    }
                    let began = Instant::now();
                    let attempt = self.attempt(&batch);
                    if self.running.generation != fork::generation() {
                        // The sink forked, and this is the child: all this belongs to the parent.
                        mem::forget((self, batch));
                        return;
                    }
                    let now = Instant::now();
                    self.is_slow = now.duration_since(began) >= TICK;
                    let jitter = self.random.random();
                    self.running.settle(batch, attempt, began, now, jitter);
                }
                Next::Exit => break,
                Next::Rest => self.rest(),
                Next::Wait(wait) => thread::park_timeout(wait),
            }
        }
        self.drop_sink();
        self.running.crew.leave();
        self.running.books.announce();
    }

    fn attempt(&mut self, batch: &Batch) -> Attempt {
        if batch.is_attempted {
            self.running.books.retried();
        }
        let plan = &self.running.plan;
        let sink = &mut self.sink;
        let attempt = catch_unwind(AssertUnwindSafe(|| {
            let sink = match sink {
                Some(sink) => sink,
                None => match plan.factory.make() {
                    Ok(made) => sink.insert(made),
                    Err(error) => return Err(error),
                },
            };
            let enriched: Vec<_> = batch.items.iter().map(|item| Enriched::new(&item.hit)).collect();
            Ok(sink.deliver(&enriched, plan.options.clock.micros()))
        }));
        match attempt {
            Ok(Ok(delivery)) => Attempt::Made(delivery),
            Ok(Err(error)) => {
                self.running.complain(format_args!("the sink cannot be opened, hits are lost: {error}"));
                Attempt::NoSink
            }
            Err(panic) => {
                mem::forget(panic); // Its drop could panic, too.
                self.running.books.panicked();
                self.running.complain(format_args!("the sink panicked and is replaced"));
                let is_made = self.sink.is_some();
                self.drop_sink();
                if is_made { Attempt::Panicked } else { Attempt::NoSink }
            }
        }
    }

    fn drop_sink(&mut self) {
        let sink = self.sink.take();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(sink))) {
            mem::forget(panic);
            self.running.books.panicked();
        }
    }

    /// Another worker is of use when this one is slow and hits wait.
    fn recruit(&self) {
        let running = &self.running;
        let is_backlog = !running.queue.is_empty() || !running.desk().ready.is_empty();
        if is_backlog && let Some(seat) = running.crew.recruit() {
            // Without a thread to be had, this worker does it alone.
            drop(running.start(seat));
        }
    }

    /// Sleeps until there is something to do.
    fn rest(&self) {
        let running = &self.running;
        if self.seat > 0 {
            running.crew.rest(self.seat, true);
        } else {
            running.signal.raise(IDLE);
        }
        // One more look: a hit that came before IDLE was raised woke nobody.
        let has_work = !running.queue.is_empty()
            || running.signal.get() & (CLOSING | CLOSED) != 0
            || running.books.is_awaited();
        if !has_work {
            thread::park();
        }
        if self.seat > 0 {
            running.crew.rest(self.seat, false);
        } else {
            running.signal.lower(IDLE);
        }
    }
}

impl Running {
    fn next(&self, now: Instant) -> Next {
        let mut desk = self.desk();
        if self.signal.get() & CLOSED != 0 {
            return Next::Exit;
        }
        let until = desk.until;
        if until.is_some_and(|until| now >= until) {
            self.give_up(&mut desk);
            return Next::Exit;
        }
        if let Some(due) = desk.pause {
            if due > now && until.is_some_and(|until| due >= until) {
                // There will be no other attempt.
                self.give_up(&mut desk);
                return Next::Exit;
            }
            if due > now {
                return Next::Wait(due - now);
            }
            desk.pause = None;
        }
        loop {
            while let Some(mut batch) = desk.ready.pop_front() {
                self.expire(&mut batch);
                if !batch.items.is_empty() {
                    desk.in_flight += batch.items.len() as u64;
                    return Next::Deliver(batch);
                }
            }
            let has_more = self.gather(&mut desk, now);
            let is_due = desk.batcher.due().is_some_and(|due| due <= now);
            if is_due || until.is_some() || self.books.is_awaited() {
                desk.release();
            }
            if desk.ready.is_empty() && !has_more {
                break;
            }
        }
        if until.is_some() && self.books.is_settled() {
            return Next::Exit;
        }
        // The queue is empty: the next crossing of the high-water mark counts again.
        if self.signal.get() & NUDGED != 0 {
            self.signal.lower(NUDGED);
        }
        let is_quiet = now.saturating_duration_since(desk.busy_at) >= IDLE_AFTER;
        match desk.batcher.due() {
            None if is_quiet && until.is_none() && !self.books.is_awaited() => Next::Rest,
            None => Next::Wait(TICK),
            Some(due) => Next::Wait(due.saturating_duration_since(now).min(TICK)),
        }
    }

    /// Takes hits from the queue until there are none, or a batch is ready, or it has been enough for one
    /// look; says whether it was that.
    fn gather(&self, desk: &mut Desk, now: Instant) -> bool {
        for _ in 0..LOOK {
            let Some(item) = self.queue.pop() else {
                return false;
            };
            desk.busy_at = now;
            match self.admit(&item) {
                Ok(group) => desk.gather(item, group, now),
                Err(reason) => {
                    self.lose(reason, Tally::of([&item]));
                    self.books.announce();
                }
            }
            if !desk.ready.is_empty() {
                return false;
            }
        }
        true
    }

    /// The hit's group, if the receiver would count it. A protocol that panics over a hit would not.
    fn admit(&self, item: &Item) -> Result<u64, Reason> {
        let Some(protocol) = &self.plan.options.protocol else {
            return Ok(0);
        };
        let admitted = catch_unwind(AssertUnwindSafe(|| {
            protocol.admit(&item.hit)?;
            Ok(protocol.group(&item.hit))
        }));
        admitted.unwrap_or_else(|panic| {
            mem::forget(panic);
            self.books.panicked();
            Err(Reason::Rejected)
        })
    }

    /// Drops what has become too old.
    fn expire(&self, batch: &mut Batch) {
        let now = self.plan.options.clock.micros();
        let is_over = |item: &mut Item| self.expiry.is_over(item.hit.micros(), now, batch.is_attempted);
        let expired: Vec<_> = batch.items.extract_if(.., is_over).collect();
        if !expired.is_empty() {
            self.lose(Reason::Expired, Tally::of(&expired));
            self.books.announce();
        }
    }

    /// Books what came of an attempt, and puts back what is to be attempted again.
    fn settle(&self, batch: Batch, attempt: Attempt, began: Instant, now: Instant, jitter: f64) {
        let Batch { mut items, is_attempted } = batch;
        let mut desk = self.desk();
        desk.in_flight -= items.len() as u64;
        let backoff = &self.plan.backoff;
        let is_closing = desk.until.is_some();
        let in_time = |own: Duration| if is_closing { own.min(CLOSING_WAIT) } else { own };
        match attempt {
            Attempt::NoSink => {
                desk.failed(began, now, |failures| backoff.ceiling(failures));
                self.lose(Reason::StoreUnavailable, Tally::of(&items));
            }
            Attempt::Panicked => {
                desk.failed(began, now, |failures| backoff.ceiling(failures));
                self.unknown(&mut desk, items);
            }
            Attempt::Made(Delivery { taken, outcome }) => {
                let rest = items.split_off(taken.clamp(1, items.len()));
                desk.put_back(rest, is_attempted);
                match outcome {
                    Outcome::Retry(asked) => desk.failed(began, now, |failures| {
                        let own = in_time(backoff.wait(failures, jitter));
                        asked.map_or(own, |asked| asked.max(own))
                    }),
                    Outcome::Unavailable => {
                        desk.failed(began, now, |failures| backoff.ceiling(failures));
                    }
                    Outcome::Unknown => {
                        desk.failed(began, now, |failures| in_time(backoff.wait(failures, jitter)));
                    }
                    _ => desk.succeeded(),
                }
                self.apply(&mut desk, items, is_attempted, outcome);
            }
        }
        if self.signal.get() & CLOSED != 0 {
            // What was in flight at the deadline and comes back has no second chance.
            let before = desk.shut;
            self.give_up(&mut desk);
            if desk.is_told {
                // As in flight.
                desk.shut = before;
            }
        }
        drop(desk);
        self.books.announce();
    }

    fn apply(&self, desk: &mut Desk, mut items: Vec<Item>, is_attempted: bool, outcome: Outcome) {
        match outcome {
            Outcome::Delivered => self.deliver(&items),
            Outcome::Partial(mut refused) => {
                refused.sort_by_key(|&(index, _)| index);
                refused.dedup_by_key(|&mut (index, _)| index);
                for (index, reason) in refused.into_iter().rev() {
                    if index < items.len() {
                        let item = items.remove(index);
                        self.lose(reason, Tally::of([&item]));
                    }
                }
                self.deliver(&items);
            }
            Outcome::Refused(reason) => self.lose(reason, Tally::of(&items)),
            Outcome::Retry(_) => desk.put_back(items, true),
            Outcome::Split if items.len() > 1 => {
                let second = items.split_off(items.len() / 2);
                desk.put_back(second, is_attempted);
                desk.put_back(items, is_attempted);
            }
            Outcome::Split => self.lose(Reason::TooLarge, Tally::of(&items)),
            // The sink has said why in the log.
            Outcome::Unavailable => self.lose(Reason::StoreUnavailable, Tally::of(&items)),
            _ => self.unknown(desk, items),
        }
    }

    fn deliver(&self, items: &[Item]) {
        let tally = Tally::of(items);
        self.queue.release(tally.bytes);
        self.books.delivered(tally);
    }

    /// Perhaps processed, perhaps not: sent again only where the receiver knows a second copy.
    fn unknown(&self, desk: &mut Desk, items: Vec<Item>) {
        if self.plan.options.dedupe {
            desk.put_back(items, true);
        } else {
            self.lose(Reason::Ambiguous, Tally::of(&items));
        }
    }

    /// Tells the log of a problem, at most once a minute.
    fn complain(&self, problem: std::fmt::Arguments<'_>) {
        if self.desk().may_complain(Instant::now()) {
            tracing::error!(target: "trackside", "{}: {problem}", self.plan.options.name);
        }
    }
}
