//! Taking hits from who can wait: importers.

use std::{sync::Arc, time::Instant};

use trackside_core::{
    Hit, Reason,
    transport::{Reentrant, Submitted},
};

use super::{
    books::{Item, Tally},
    running::{CLOSING, Running},
    store::LOOK_AFTER,
};
use crate::sink::AnyFactory;

impl Running {
    /// [`submit`](Self::submit) that waits for room until the instant `until`, for as long as the pool is open.
    pub(super) fn submit_until(
        self: &Arc<Self>,
        hit: Hit,
        until: Instant,
        factory: &dyn AnyFactory,
    ) -> Result<Submitted, Reentrant> {
        self.refuse_reentry()?;
        let (size, is_important) = (hit.size(), self.queue.is_important(&hit));
        if !self.queue.could_hold(size, is_important) {
            // It would wait in vain.
            return Ok(self.submit(hit, factory));
        }
        let epoch = self.books.submit();
        if let Err(reason) = self.admits(&hit, factory) {
            return Ok(self.turn_away(reason, Tally::one(epoch)));
        }
        // Who can wait for room can wait for a slow disk.
        let saves = |hit: &Hit| self.store.as_ref().is_some_and(|store| store.spool.save(hit, epoch.tag()));
        if self.store.as_ref().is_some_and(|store| store.is_always) && saves(&hit) {
            return Ok(self.spooled());
        }
        let mut item = Item::new(hit, epoch);
        loop {
            let mut has_room = self.queue.has_room(size, is_important);
            if !has_room {
                if saves(item.submitted()) {
                    return Ok(self.spooled());
                }
                has_room = self.await_room(size, is_important, self.look_again(until));
                if !has_room && Instant::now() < until {
                    continue;
                }
            }
            if self.signal.get() & CLOSING != 0 {
                return Ok(self.turn_away(Reason::Closed, Tally::one(epoch)));
            }
            let pushed = self.queue.push(item, |oldest, reason| {
                self.books.lost(reason, Tally::of([&oldest]));
            });
            item = match pushed {
                Ok(()) => return Ok(self.pushed()),
                // Others were faster.
                Err((item, _)) if has_room => item,
                Err((item, reason)) => return Ok(self.overflow(item, reason)),
            };
        }
    }

    /// Where there is a spool it may take a moment later what it does not take now.
    fn look_again(&self, until: Instant) -> Instant {
        if self.store.is_some() { until.min(Instant::now() + LOOK_AFTER) } else { until }
    }

    /// Waits until there is room for a hit of `size` bytes, or the pool closes, or until the instant `until`; says whether
    /// it came to that.
    fn await_room(&self, size: usize, is_important: bool, until: Instant) -> bool {
        let awaiting = self.books.await_end();
        self.crew.wake_all();
        awaiting.wait(until, || self.queue.has_room(size, is_important) || self.signal.get() & CLOSING != 0)
    }
}
