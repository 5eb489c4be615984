//! One turn of a worker: what it is to do next. Short steps under the desk's lock.

use std::{
    iter, mem,
    panic::{AssertUnwindSafe, catch_unwind},
    process,
    sync::{Arc, MutexGuard},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use trackside_core::Reason;

use super::{
    Options,
    books::Item,
    breaker::Admission,
    desk::{Batch, Desk},
    running::{CLOSED, NUDGED, Running},
    store::LOOK_AFTER,
    worker::TICK,
};
use crate::hooks::Hooks;

/// How many hits are taken from the queue at one look, refused ones included.
const LOOK: usize = 1_024;

/// How many of them are looked at under one turn, at most.
const AT_ONCE: usize = 64;

/// How long a worker waits that may not attempt anything while another finds out whether the receiver is back.
const WHILE_PROBED: Duration = Duration::from_millis(20);

/// What a worker does next.
pub(super) enum Next {
    Deliver(Batch),
    Exit,
    /// This is a child that a hook forked: all this belongs to the parent, down to the locks.
    Inherited,
    /// There is nothing to do, and there has not been for a while: watch, asleep.
    Sleep,
    /// There is nothing to do, and another watches.
    Rest,
    Wait(Duration),
}

/// How long until the next tick. The workers of all pools of a process tick together, so that one interrupt
/// wakes them and not one each: it disturbs whatever the processor is about. Processes tick apart from each
/// other, so that those on one store do not all ask for it at once.
fn to_next_tick() -> Duration {
    /// The golden section of a tick: as many neighbours as there may be lie far from each other.
    const APART: u128 = TICK.as_nanos() * 618_034 / 1_000_000;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let into_tick = (since.as_nanos() + u128::from(process::id()) * APART) % TICK.as_nanos();
    TICK - Duration::from_nanos(into_tick as u64)
}

impl Running {
    /// What the worker of `seat` is to do at the time `now`.
    pub(super) fn next(&self, seat: usize, now: Instant, hooks: Option<&dyn Hooks>) -> Next {
        let micros = self.micros();
        self.tend(micros);
        let mut desk = self.desk();
        if self.crew.look_away(seat) {
            desk.is_asleep = false;
        }
        if self.signal.get() & CLOSED != 0 {
            return Next::Exit;
        }
        let until = desk.until;
        if until.is_some_and(|until| now >= until) {
            self.give_up(&mut desk);
            return Next::Exit;
        }
        if until.is_some() && self.books.is_settled() {
            // A pause would be for nothing.
            return Next::Exit;
        }
        match desk.breaker.admission(now) {
            Admission::Granted => {}
            Admission::Until(due) if until.is_some_and(|until| due >= until) => {
                // There will be no other attempt.
                self.give_up(&mut desk);
                return Next::Exit;
            }
            Admission::Until(due) if self.store.is_some() => return Next::Wait((due - now).min(LOOK_AFTER)),
            Admission::Until(due) => return Next::Wait(due - now),
            Admission::Probed => return Next::Wait(WHILE_PROBED),
        }
        loop {
            while let Some(mut batch) = desk.ready.pop_front() {
                self.expire(&mut batch, micros);
                if !batch.items.is_empty() {
                    // Others may have failed, or begun to probe, while the desk was let go.
                    if desk.breaker.admission(now) != Admission::Granted {
                        desk.put_back(batch);
                        return Next::Wait(WHILE_PROBED);
                    }
                    desk.take_off(&batch.items);
                    desk.breaker.begin();
                    return Next::Deliver(batch);
                }
            }
            // Asked before the queue is emptied: a flush that comes meanwhile would have what was taken sent without the
            // rest. So it would while another has the rest in hand, who sees to it as soon as that has landed.
            let is_awaited = self.books.is_awaited();
            let Some((back, has_more)) = self.gather(desk, now, hooks) else {
                return Next::Inherited;
            };
            desk = back;
            if self.signal.get() & CLOSED != 0 {
                return Next::Exit;
            }
            let is_due = desk.batcher.due().is_some_and(|due| due <= now);
            if is_due || until.is_some() || (is_awaited && !desk.is_gathering) {
                desk.release();
            }
            if desk.ready.is_empty() {
                if has_more {
                    // As long as hits come that nobody wants, others would come due, and nothing be tended.
                    return Next::Wait(Duration::ZERO);
                }
                // There is no other that could be tried before it.
                if !desk.try_aside() {
                    break;
                }
            }
        }
        if until.is_some() && self.books.is_settled() {
            return Next::Exit;
        }
        // The queue is empty, unless another gathers: the next crossing of the high-water mark counts again.
        if !desk.is_gathering && self.signal.get() & NUDGED != 0 {
            self.signal.lower(NUDGED);
        }
        let due = desk.batcher.due();
        let tick = to_next_tick();
        let wait = Next::Wait(due.map_or(tick, |due| due.saturating_duration_since(now).min(tick)));
        let watches = self.crew.watch(seat);
        // One that is asleep knows nothing of what has been gathered since.
        if until.is_some() || self.books.is_awaited() || (!watches && desk.is_asleep && due.is_some()) {
            return wait;
        }
        if !watches {
            self.crew.rest(seat, true);
            return Next::Rest;
        }
        let is_idle =
            !desk.is_gathering && now.saturating_duration_since(desk.busy_at) >= self.plan.idle_after;
        desk.is_asleep = due.is_none() && is_idle;
        if desk.is_asleep { Next::Sleep } else { wait }
    }

    /// Takes hits from the queue until there are none, or a batch is ready, or it has been enough for one
    /// look; says whether it was that. None if a hook forked and this is the child.
    ///
    /// What is done with them meanwhile takes its time, and may be code of the host, which takes locks of its own and
    /// asks for the books: no lock of the pool is held.
    fn gather<'a>(
        &'a self,
        mut desk: MutexGuard<'a, Desk>,
        now: Instant,
        hooks: Option<&dyn Hooks>,
    ) -> Option<(MutexGuard<'a, Desk>, bool)> {
        // What stands aside ends first where its copies hold too much.
        if desk.is_gathering || (!desk.aside.is_empty() && self.queue.is_over()) {
            return Some((desk, false));
        }
        let mut count = 0;
        while count < LOOK {
            // What a hook holds for long is to be one hit.
            let most = if hooks.is_some() { 1 } else { desk.batcher.room().min(AT_ONCE) };
            let mut items: Vec<_> =
                iter::from_fn(|| desk.unsaved.pop_front().or_else(|| self.queue.pop())).take(most).collect();
            if items.is_empty() && desk.aside.lets_read() && self.has_spooled() {
                desk.aside.has_read();
                desk.is_gathering = true;
                drop(desk);
                items = self.take_spooled(most, now);
                desk = self.desk();
                desk.is_gathering = false;
            }
            if items.is_empty() {
                return Some((desk, false));
            }
            count += items.len();
            desk.busy_at = now;
            desk.take_off(&items);
            desk.is_gathering = true;
            drop(desk);
            let copied = |items: &[Item]| items.iter().map(Item::copied).sum();
            let before = copied(&items);
            if !self.look_at(&mut items, hooks) {
                mem::forget(items);
                return None;
            }
            let admitted: Vec<_> = items.iter_mut().map(|item| self.admit(item)).collect();
            self.queue.hold_copies(before, copied(&items));
            desk = self.desk();
            desk.land(&items);
            desk.is_gathering = false;
            for (item, admitted) in items.into_iter().zip(admitted) {
                match admitted {
                    Ok(group) => desk.gather(item, group, now),
                    Err(reason) => {
                        self.lose_all(reason, &[item]);
                        self.books.announce();
                    }
                }
            }
            if self.signal.get() & CLOSED != 0 {
                // It was closed meanwhile.
                self.shut(&mut desk);
                return Some((desk, false));
            }
            if !desk.ready.is_empty() {
                return Some((desk, false));
            }
        }
        Some((desk, true))
    }

    /// Has the stage look at what was taken from the queue. False if a hook forked and this is the child.
    fn look_at(&self, items: &mut [Item], hooks: Option<&dyn Hooks>) -> bool {
        let Some(stage) = &self.plan.options.stage else {
            return true;
        };
        let hits = items.iter().map(Item::submitted);
        let Some(looked) = stage.look_at(hits, hooks, &|problem| self.complain(problem)) else {
            return false;
        };
        for (item, looked) in items.iter_mut().zip(looked) {
            self.books.failed(looked.failures);
            item.looked_at(looked);
        }
        true
    }

    /// The hit's group, if the destination takes it, changed as the destination has its hits. A protocol that panics
    /// over a hit does not.
    fn admit(&self, item: &mut Item) -> Result<u64, Reason> {
        let Options { stage, protocol, only, changes, .. } = &self.plan.options;
        let protocol = protocol.as_deref();
        let admitted = catch_unwind(AssertUnwindSafe(|| {
            // Asked of the hit that came: what is put into it decides nothing about it.
            let wanted = only.admit(item.hit());
            match (stage, item.looked()) {
                (Some(stage), Some(looked)) => match stage.change(looked, changes) {
                    Some(changed) => {
                        stage.admit(&changed, protocol)?;
                        item.looked_at(Arc::new(changed));
                    }
                    None => stage.admit(looked, protocol)?,
                },
                _ => protocol.map_or(Ok(()), |protocol| protocol.admit(item.hit()))?,
            }
            wanted?;
            Ok(protocol.map_or(0, |protocol| protocol.group(item.hit())))
        }));
        admitted.unwrap_or_else(|panic| {
            mem::forget(panic);
            self.books.panicked();
            Err(Reason::Rejected)
        })
    }

    /// The time by which hits are dated. The clock may be the host's own, which takes the host's locks: no lock
    /// of the pool is held. With one that panics no hit is ever too old.
    pub(super) fn micros(&self) -> u64 {
        catch_unwind(AssertUnwindSafe(|| self.plan.options.clock.micros())).unwrap_or_else(|panic| {
            mem::forget(panic);
            self.books.panicked();
            0
        })
    }

    /// Sees to the keys, if anything is due, and answers how long nothing is. The source may be the host's own.
    pub(super) fn tend(&self, micros: u64) -> Duration {
        /// So long after a panic it is asked again.
        const AGAIN: Duration = Duration::from_secs(3_600);
        let Some(keys) = &self.plan.options.keys else {
            return Duration::MAX;
        };
        catch_unwind(AssertUnwindSafe(|| keys.tend(micros))).unwrap_or_else(|panic| {
            mem::forget(panic);
            self.books.panicked();
            AGAIN
        })
    }

    /// Drops what the host gave. Should that panic, it is counted.
    pub(super) fn drop_guarded<T>(&self, value: T) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
            mem::forget(panic); // Its drop could panic, too.
            self.books.panicked();
        }
    }

    /// Drops what has become too old at the time `now`, in microseconds since the Unix epoch.
    fn expire(&self, batch: &mut Batch, now: u64) {
        let is_over =
            |item: &mut Item| self.expiry.is_over(item.submitted().micros(), now, batch.is_attempted);
        let expired: Vec<_> = batch.items.extract_if(.., is_over).collect();
        if !expired.is_empty() {
            self.lose_all(Reason::Expired, &expired);
            self.books.announce();
        }
    }
}
