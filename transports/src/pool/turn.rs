//! One turn of a worker: what it is to do next, and what came of it. Short steps under the desk's lock.

use std::{
    iter, mem,
    panic::{AssertUnwindSafe, catch_unwind},
    process,
    sync::MutexGuard,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use trackside_core::{Reason, protocol::Outcome};

use super::{
    Options,
    books::{Item, Tally},
    breaker::Admission,
    desk::{Batch, Desk},
    report::{self, Report},
    running::{CLOSED, NUDGED, Running},
    store::LOOK_AFTER,
    trial::Ruling,
    worker::TICK,
};
use crate::{hooks::Hooks, log, sink::Delivery};

/// How many hits are taken from the queue at one look, refused ones included.
const LOOK: usize = 1_024;

/// How many of them are looked at under one turn, at most.
const AT_ONCE: usize = 64;

/// The longest own wait between attempts while the pool closes and little time remains.
const CLOSING_WAIT: Duration = Duration::from_millis(500);

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

/// What came of an attempt.
pub(super) enum Attempt {
    Made(Delivery),
    NoSink,
    Panicked,
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
            let Some((back, has_more)) = self.gather(desk, now, hooks) else {
                return Next::Inherited;
            };
            desk = back;
            if self.signal.get() & CLOSED != 0 {
                return Next::Exit;
            }
            let is_due = desk.batcher.due().is_some_and(|due| due <= now);
            if is_due || until.is_some() || self.books.is_awaited() {
                desk.release();
            }
            if desk.ready.is_empty() && !has_more {
                match desk.aside.pop() {
                    // There is no other that could be tried before it.
                    Some(batch) => desk.put_back(batch),
                    None => break,
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
        if desk.is_gathering {
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
                items = self.take_spooled(most);
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
            if !self.look_at(&mut items, hooks) {
                mem::forget(items);
                return None;
            }
            let admitted: Vec<_> = items.iter().map(|item| self.admit(item)).collect();
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

    /// The hit's group, if the destination takes it. A protocol that panics over a hit does not.
    fn admit(&self, item: &Item) -> Result<u64, Reason> {
        let Options { stage, protocol, .. } = &self.plan.options;
        let protocol = protocol.as_deref();
        let admitted = catch_unwind(AssertUnwindSafe(|| {
            match (stage, item.looked()) {
                (Some(stage), Some(looked)) => stage.admit(looked, protocol)?,
                _ => protocol.map_or(Ok(()), |protocol| protocol.admit(item.hit()))?,
            }
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

    /// Books what came of an attempt, and puts back what is to be attempted again. Answers what is to be told of it.
    pub(super) fn settle(
        &self,
        mut batch: Batch,
        attempt: Attempt,
        began: Instant,
        now: Instant,
        jitter: f64,
    ) -> Option<Report> {
        let mut desk = self.desk();
        desk.land(&batch.items);
        let backoff = &self.plan.backoff;
        let is_closing = desk.until.is_some();
        let in_time = |own: Duration| if is_closing { own.min(CLOSING_WAIT) } else { own };
        let change = match attempt {
            Attempt::NoSink => {
                self.unavailable(&mut desk, batch);
                desk.breaker.failed(began, now, |failures| backoff.ceiling(failures))
            }
            Attempt::Panicked => {
                self.unknown(&mut desk, batch, true);
                desk.breaker.failed(began, now, |failures| backoff.ceiling(failures))
            }
            Attempt::Made(Delivery { taken, outcome, is_answered }) => {
                let rest = batch.items.split_off(taken.clamp(1, batch.items.len()));
                self.note_waiting(&rest);
                let rest = Batch { trial: batch.trial.untouched(), ..batch.with(rest) };
                desk.put_back(rest);
                let change = match outcome {
                    Outcome::Retry(asked) => desk.breaker.failed(began, now, |failures| {
                        let own = in_time(backoff.wait(failures, jitter));
                        asked.map_or(own, |asked| asked.max(own))
                    }),
                    Outcome::Unavailable => {
                        desk.breaker.failed(began, now, |failures| backoff.ceiling(failures))
                    }
                    Outcome::Unknown => {
                        desk.breaker.failed(began, now, |failures| in_time(backoff.wait(failures, jitter)))
                    }
                    _ => {
                        desk.succeeded();
                        desk.breaker.succeeded(now)
                    }
                };
                self.apply(&mut desk, batch, outcome, is_answered);
                change
            }
        };
        let report = change.and_then(|change| desk.reporter.changed(change, now));
        if self.signal.get() & CLOSED != 0 {
            self.shut(&mut desk);
        }
        drop(desk);
        self.books.announce();
        report
    }

    /// Tells of the hits that have been lost, if it is time to. `is_last`: this is the last of the worker's turns.
    pub(super) fn report_losses(&self, now: Instant, is_last: bool) {
        let report = self.desk().reporter.lost(|| self.books.reasons(), now, is_last);
        if let Some(report) = report {
            self.tell(&report);
        }
    }

    /// Tells the log and the host's observer, which may take locks of its own: no lock of the pool is held.
    pub(super) fn tell(&self, report: &Report) {
        let Options { name, observer, .. } = &self.plan.options;
        report::to_log(name, report);
        if let Some(observer) = observer
            && let Err(panic) = catch_unwind(AssertUnwindSafe(|| observer.observe(name, report)))
        {
            mem::forget(panic); // Its drop could panic, too.
            self.books.panicked();
        }
    }

    /// What was in flight at the deadline and comes back has no second chance.
    fn shut(&self, desk: &mut Desk) {
        let before = desk.shut;
        self.give_up(desk);
        if desk.is_told {
            // As in flight.
            desk.shut = before;
        }
    }

    fn apply(&self, desk: &mut Desk, mut batch: Batch, outcome: Outcome, is_answered: bool) {
        match outcome {
            Outcome::Delivered => self.deliver(&batch.items),
            Outcome::Partial(mut refused) => {
                refused.sort_by_key(|&(index, _)| index);
                refused.dedup_by_key(|&mut (index, _)| index);
                for (index, reason) in refused.into_iter().rev() {
                    if index < batch.items.len() {
                        let item = batch.items.remove(index);
                        self.lose_all(reason, &[item]);
                    }
                }
                self.deliver(&batch.items);
            }
            Outcome::Refused(reason) => self.lose_all(reason, &batch.items),
            Outcome::Retry(_) => {
                self.note_waiting(&batch.items);
                self.again(desk, batch, is_answered);
            }
            Outcome::Split if batch.items.len() > 1 => {
                self.note_waiting(&batch.items);
                let [first, second] = batch.halves();
                desk.put_back(second);
                desk.put_back(first);
            }
            Outcome::Split => self.lose_all(Reason::TooLarge, &batch.items),
            // The sink has said why in the log.
            Outcome::Unavailable => self.unavailable(desk, batch),
            _ => self.unknown(desk, batch, is_answered),
        }
    }

    /// These are to be attempted again, unless the receiver's answers show that it fails over them alone.
    fn again(&self, desk: &mut Desk, mut batch: Batch, is_answered: bool) {
        batch.is_attempted = true;
        let ruling = if is_answered {
            batch.trial.strike(batch.items.len(), &mut desk.newly_aside)
        } else {
            Ruling::Again
        };
        match ruling {
            Ruling::Again => desk.put_back(batch),
            Ruling::Aside => desk.aside.push(batch),
            Ruling::Halve => batch.halves().into_iter().for_each(|half| desk.aside.push(half)),
            Ruling::Refuse => self.lose_all(Reason::Poison, &batch.items),
        }
    }

    fn deliver(&self, items: &[Item]) {
        let tally = Tally::of(items);
        self.note_delivered(items);
        self.queue.release(tally.bytes);
        self.books.delivered(tally);
    }

    /// The store cannot be opened or written: what is in memory is dropped, so that it does not fill; what is in the
    /// spool waits.
    fn unavailable(&self, desk: &mut Desk, batch: Batch) {
        let mut batch = Batch { is_attempted: true, ..batch };
        let in_memory: Vec<_> = batch.items.extract_if(.., |item| item.spot().is_none()).collect();
        if !in_memory.is_empty() {
            self.lose_all(Reason::StoreUnavailable, &in_memory);
        }
        self.note_waiting(&batch.items);
        desk.put_back(batch);
    }

    /// Perhaps processed, perhaps not: sent again only where the receiver knows a second copy.
    fn unknown(&self, desk: &mut Desk, batch: Batch, is_answered: bool) {
        if self.plan.options.dedupe {
            self.again(desk, batch, is_answered);
        } else {
            self.lose_all(Reason::Ambiguous, &batch.items);
        }
    }

    /// Drops what the host gave. Should that panic, it is counted.
    pub(super) fn drop_guarded<T>(&self, value: T) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
            mem::forget(panic); // Its drop could panic, too.
            self.books.panicked();
        }
    }

    /// Tells the log of a problem, once as long as it lasts.
    pub(super) fn complain(&self, problem: &str) {
        if self.desk().may_complain(Instant::now(), problem) {
            self.to_log(problem);
        }
    }

    pub(super) fn to_log(&self, problem: &str) {
        let name = &self.plan.options.name;
        log::guarded(|| tracing::error!(target: "trackside", "{name}: {problem}"));
    }
}
