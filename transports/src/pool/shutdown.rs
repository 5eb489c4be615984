//! Flush and close: waiting for the workers under one absolute deadline.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use trackside_core::{
    Reason,
    transport::{Left, Reentrant},
};

use super::{
    books::Tally,
    crew,
    desk::Desk,
    fork,
    running::{CLOSED, CLOSING, Running},
    worker,
};
use crate::sink::AnyFactory;

/// How long the workers of a pool that was dropped without `close` go on, at most.
const GRACE: Duration = Duration::from_secs(5);

impl Running {
    pub(super) fn flush(
        self: &Arc<Self>,
        until: Instant,
        factory: &dyn AnyFactory,
    ) -> Result<Left, Reentrant> {
        self.refuse_reentry()?;
        let awaiting = self.books.await_end();
        self.rouse(factory);
        if awaiting.wait_for_epoch(until) {
            return Ok(Left::default());
        }
        let desk = self.desk();
        Ok(Left::new(self.waiting_in(&desk), desk.in_flight).with_spooled(self.spooled_in(&desk)))
    }

    /// Delivers what others left in the spool, and says whether all of it has ended.
    pub(super) fn drain(
        self: &Arc<Self>,
        until: Instant,
        factory: &dyn AnyFactory,
    ) -> Result<bool, Reentrant> {
        self.refuse_reentry()?;
        let Some(store) = &self.store else {
            return Ok(true);
        };
        let awaiting = self.books.await_end();
        // Finds what there is, before anybody asks whether there is anything left.
        let now = Instant::now();
        store.spool.tend(now);
        self.tell_troubles(store.spool.troubles(), now, true);
        if store.spool.is_blind() {
            return Ok(false);
        }
        if !store.spool.is_drained() && !self.crew.is_started() && self.start_first(factory).is_err() {
            // Logged there.
            return Ok(false);
        }
        self.crew.wake_all();
        Ok(awaiting.wait(until, || store.spool.is_drained()))
    }

    pub(super) fn close(
        self: &Arc<Self>,
        until: Instant,
        factory: &dyn AnyFactory,
    ) -> Result<Left, Reentrant> {
        self.refuse_reentry()?;
        let until = self.begin_close(until);
        let awaiting = self.books.await_end();
        self.rouse(factory);
        awaiting.wait(until, || {
            // What the workers left in the spool ends elsewhere.
            let is_over = self.books.is_settled() || self.signal.get() & CLOSED != 0;
            is_over && !self.crew.is_alive()
        });
        let mut desk = self.desk();
        self.give_up(&mut desk);
        desk.is_told = true;
        // What is being put into the spool ends there or, late, in the books.
        let in_flight = desk.in_flight + desk.saving as u64;
        let left = Left::new(desk.shut, in_flight).with_spooled(self.spooled_in(&desk));
        drop(desk);
        self.let_go();
        Ok(left)
    }

    /// The handle is gone: nobody waits, but what is in memory gets its chance.
    pub(super) fn abandon(self: &Arc<Self>, factory: &dyn AnyFactory) {
        self.begin_close(Instant::now() + GRACE);
        self.rouse(factory);
    }

    /// Stops for good: what is in memory alone is dropped(`shutdown`). The caller holds the desk.
    pub(super) fn give_up(&self, desk: &mut Desk) {
        self.signal.raise(CLOSING | CLOSED);
        desk.release();
        let in_memory = Self::in_memory(desk);
        let mut tally = |items: &[_]| {
            let tally = Tally::of(items);
            desk.shut += tally.hits;
            self.lose(Reason::Shutdown, tally);
        };
        tally(&in_memory);
        while let Some(item) = self.queue.pop() {
            tally(&[item]);
        }
        self.books.announce_end();
        self.crew.wake_all();
    }

    /// Begins to close, and answers the deadline that holds: several may close at once or one after the other,
    /// as the exit of the process does after `close`, and the earliest rules.
    fn begin_close(&self, until: Instant) -> Instant {
        self.signal.raise(CLOSING);
        let mut desk = self.desk();
        let is_first = desk.until.is_none();
        let until = desk.until.map_or(until, |before| before.min(until));
        desk.until = Some(until);
        // What would wait beyond the deadline gets a last chance now.
        if is_first {
            desk.breaker.cut_short(until);
        }
        until
    }

    /// Wakes the workers, or starts one if hits wait and there is none.
    fn rouse(self: &Arc<Self>, factory: &dyn AnyFactory) {
        if !self.books.is_settled() && !self.crew.is_started() && self.start_first(factory).is_err() {
            // Logged there; the deadline ends the wait.
            return;
        }
        self.crew.wake_all();
    }

    pub(super) fn refuse_reentry(&self) -> Result<(), Reentrant> {
        if worker::mark() == self.mark() { Err(Reentrant) } else { Ok(()) }
    }
}

/// Does `work` on all `items` at once, each on a thread of its own but the first, and answers what came of
/// it, in the same order. Without threads to be had, one after the other. What panics has no answer.
pub(super) fn in_parallel<T, R>(items: Vec<T>, work: impl Fn(T) -> R + Clone + Send + 'static) -> Vec<R>
where
    T: Clone + Send + 'static,
    R: Send + 'static,
{
    let mark = worker::mark();
    let mut items = items.into_iter();
    let first = items.next();
    let others: Vec<_> = items
        .map(|item| {
            let (work, here) = (work.clone(), item.clone());
            // Whoever may not wait may not do so by proxy either.
            let (sender, receiver) = mpsc::channel();
            let spawned = fork::spawn("trackside", crew::STACK, move || {
                worker::set_mark(mark);
                // Whoever asked waits for it.
                sender.send(work(here)).ok();
            });
            spawned.map(|()| receiver).map_err(|_| item)
        })
        .collect();
    let here = |item| catch_unwind(AssertUnwindSafe(|| work(item))).ok();
    let first = first.and_then(here);
    let others = others.into_iter().filter_map(|other| match other {
        // OK to wait for: `work` has a deadline of its own.
        Ok(receiver) => receiver.recv().ok(),
        Err(item) => here(item),
    });
    first.into_iter().chain(others).collect()
}
