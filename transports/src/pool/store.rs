//! The pool's end of the spool: what requests put there, and what workers take out and give back.

use std::{
    iter, mem,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use trackside_core::{Hit, Reason, config::Spooling};

use super::{
    books::{Epoch, Item, Tally},
    breaker::Admission,
    desk::Desk,
    report::Report,
    running::{CLOSED, Running},
};
use crate::spool::{Options, Spool, Spot, State};

/// How long a worker goes without looking after the spool, whatever else it waits for.
pub(super) const LOOK_AFTER: Duration = Duration::from_millis(100);

/// For so long a worker writes into the spool at one look what came into memory.
const SAVING: Duration = Duration::from_millis(50);

/// So many hits that the spool has no room for are passed over at one look, for smaller ones behind them.
const TOO_LARGE: usize = 64;

/// So often more is taken from the spool at one look, where all that was taken has ended.
const IN_VAIN: usize = 16;

/// How long it does so in its sleep.
pub(super) const IN_SLEEP: Duration = Duration::from_secs(5);

/// The spool of one pool in one process.
///
/// No lock of the pool is held while a file is read or written: whoever waits for one would wait for the disk.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) spool: Spool,
    /// Whether every hit goes there, or only those that the queue has no room for.
    pub(super) is_always: bool,
    marks: Mutex<Vec<(Spot, State)>>,
    /// Held by the worker that writes them down, so that they stay in order.
    writing: Mutex<()>,
    /// How many of these end a hit.
    ending: AtomicUsize,
    /// No hit of this process is older.
    made: Instant,
}

impl Store {
    /// None if nothing is to be spooled.
    pub(super) fn new(spooling: Spooling, options: Options) -> Option<Self> {
        let is_always = match spooling {
            Spooling::Always => true,
            Spooling::Overflow => false,
            _ => return None,
        };
        Some(Self {
            spool: Spool::new(options),
            is_always,
            marks: Mutex::default(),
            writing: Mutex::default(),
            ending: AtomicUsize::new(0),
            made: Instant::now(),
        })
    }

    /// Writes a hit that the queue has no room for.
    #[cold]
    #[inline(never)]
    pub(super) fn takes_over(&self, hit: &Hit, epoch: Epoch) -> bool {
        !self.is_always && self.spool.write(hit, epoch.tag())
    }

    /// Hits that have not ended, those included of which that is still to be written down.
    pub(super) fn pending(&self) -> u64 {
        let ending = self.ending.load(SeqCst) as u64;
        self.spool.pending().saturating_sub(ending)
    }

    /// Notes what has become of hits, to be written down when no lock is held.
    pub(super) fn note(&self, items: &[Item], state: State) {
        let mut marks = self.marks();
        let before = marks.len();
        marks.extend(items.iter().filter_map(|item| Some((item.spot()?.clone(), state))));
        if state.is_ended() {
            self.ending.fetch_add(marks.len() - before, SeqCst);
        }
    }

    fn marks(&self) -> MutexGuard<'_, Vec<(Spot, State)>> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    /// Writes down what was noted, in the same order.
    fn write_marks(&self, store: &Store) {
        let _writing = store.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let marks = mem::take(&mut *store.marks());
        for run in marks.chunk_by(|(_, one), (_, other)| one == other) {
            let Some(&(_, state)) = run.first() else { continue };
            let ending = if state.is_ended() { run.len() } else { 0 };
            store.spool.mark_and(run.iter().map(|(spot, _)| spot), state, |count| {
                // No snapshot is taken meanwhile, which would miss them twice.
                let _desk = self.desk();
                count();
                store.ending.fetch_sub(ending, SeqCst);
            });
        }
    }

    /// Looks after the spool: what is to be written is written, and what came into memory goes there, too.
    pub(super) fn look_after_spool(&self, now: Instant) {
        let Some(store) = &self.store else {
            return;
        };
        self.write_marks(store);
        store.spool.tend(now);
        if store.is_always {
            self.save_all(store);
        }
        self.tell_troubles(store.spool.troubles(), now, false);
    }

    /// Puts what came into memory into the spool, until there is nothing more, it cannot be written, or there is no time
    /// left: a slow disk keeps no hit from being delivered, and no pool from closing.
    fn save_all(&self, store: &Store) {
        let until = self.saves_until(Instant::now());
        let mut unsaved = Vec::new();
        while Instant::now() < until {
            let mut desk = self.desk();
            let Some(item) = desk.unsaved.pop_front().or_else(|| self.queue.pop()) else {
                break;
            };
            desk.saving += 1;
            drop(desk);
            let is_saved = store.spool.save(item.submitted(), item.epoch().tag());
            if !is_saved {
                let is_too_large = store.spool.is_full_for(item.submitted());
                unsaved.push(item);
                if is_too_large && unsaved.len() < TOO_LARGE {
                    continue;
                }
                break;
            }
            self.desk().saving -= 1;
            self.queue.release(item.size());
            if self.signal.get() & CLOSED != 0 {
                break;
            }
        }
        if unsaved.is_empty() {
            return;
        }
        let mut desk = self.desk();
        desk.saving -= unsaved.len();
        unsaved.into_iter().rev().for_each(|item| desk.unsaved.push_front(item));
        if self.signal.get() & CLOSED != 0 {
            // It was closed meanwhile.
            self.give_up(&mut desk);
        }
    }

    /// How long a worker saves what came into memory. While the pool closes and no attempt will be made any more, until
    /// the deadline, and then what was to be attempted from memory is saved as well.
    fn saves_until(&self, now: Instant) -> Instant {
        let mut desk = self.desk();
        let most = now + SAVING;
        let Some(until) = desk.until else {
            return most;
        };
        if !matches!(desk.breaker.admission(now), Admission::Until(due) if due >= until) {
            return most.min(until);
        }
        desk.release();
        let desk = &mut *desk;
        for batch in desk.ready.iter_mut() {
            desk.unsaved.extend(batch.items.extract_if(.., |item| item.spot().is_none()));
        }
        for mut batch in desk.aside.take() {
            desk.unsaved.extend(batch.items.extract_if(.., |item| item.spot().is_none()));
            desk.aside.push(batch);
        }
        until
    }

    /// Tells the log and the observer of what comes up once: as soon as it may be told, or now if it `is_last`.
    pub(super) fn tell_troubles(&self, troubles: Vec<String>, now: Instant, is_last: bool) {
        let mut desk = self.desk();
        troubles.into_iter().for_each(|trouble| desk.keep_untold(trouble));
        let told: Vec<_> = iter::from_fn(|| desk.next_untold(now, is_last)).collect();
        drop(desk);
        told.into_iter().for_each(|problem| self.tell(&Report::Spool { problem }));
    }

    /// Takes at most `most` hits out of the spool, at the time `now`. Those that have been there for too long end here.
    pub(super) fn take_spooled(&self, most: usize, now: Instant) -> Vec<Item> {
        let Some(store) = &self.store else {
            return Vec::new();
        };
        for _ in 0..IN_VAIN {
            let (items, have_ended) = self.read_spool(store, most, now);
            if !items.is_empty() || !have_ended {
                return items;
            }
        }
        Vec::new()
    }

    /// The next hits in the spool that are to be delivered, and whether others have ended that were read with them.
    fn read_spool(&self, store: &Store, most: usize, now: Instant) -> (Vec<Item>, bool) {
        let mut adopted = Epoch::default();
        let read = store.spool.read_and(most, |read, count| {
            // No snapshot is taken meanwhile, which would find it in one of the books alone.
            let _desk = self.desk();
            count();
            for (tag, &lost) in (0..).zip(&read.lost) {
                self.books.lost(Reason::Corrupt, Tally::many(Epoch::of(tag), lost));
            }
            let hits = read.hits.iter().filter(|stored| stored.is_adopted).count() as u64;
            adopted = self.books.adopt(hits + read.adopted_lost);
            self.books.lost(Reason::Corrupt, Tally::many(adopted, read.adopted_lost));
        });
        if !read.troubles.is_empty() {
            self.tell_troubles(read.troubles, now, false);
        }
        let options = &self.plan.options;
        let micros = self.micros();
        let uptime = now.saturating_duration_since(store.made);
        let (mut items, mut ambiguous, mut confined, mut expired) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for stored in read.hits {
            let uptime = (!stored.is_adopted).then_some(uptime);
            let is_over = self.expiry.is_over_in_spool(stored.hit.micros(), micros, uptime);
            let epoch = if stored.is_adopted { adopted } else { Epoch::of(stored.tag) };
            let item = Item::stored(stored.hit, epoch, stored.spot);
            if options.third_party && item.submitted().is_confined() {
                // The destination was not a third party's when it was written.
                confined.push(item);
            } else if stored.is_begun && !options.dedupe {
                ambiguous.push(item);
            } else if is_over {
                expired.push(item);
            } else {
                items.push(item);
            }
        }
        let have_ended = !(ambiguous.is_empty() && confined.is_empty() && expired.is_empty());
        let desk = self.desk();
        self.lose_all(Reason::Ambiguous, &ambiguous);
        self.lose_all(Reason::NoConsent, &confined);
        self.lose_all(Reason::Expired, &expired);
        drop(desk);
        if items.is_empty() {
            self.books.announce();
        }
        (items, have_ended)
    }

    /// Before an attempt: what is not to be made twice is written down, so that it is known after a crash.
    pub(super) fn note_begun(&self, items: &[Item]) {
        if let Some(store) = &self.store
            && !self.plan.options.dedupe
        {
            self.write_marks(store);
            store.spool.mark(items.iter().filter_map(Item::spot), State::Begun);
        }
    }

    /// These were certainly not processed.
    pub(super) fn note_waiting(&self, items: &[Item]) {
        if let Some(store) = &self.store
            && !self.plan.options.dedupe
        {
            store.note(items, State::Waiting);
        }
    }

    /// These were refused or dropped, and give back their bytes.
    pub(super) fn lose_all(&self, reason: Reason, items: &[Item]) {
        if let Some(store) = &self.store {
            store.note(items, if reason.number() < 200 { State::Refused } else { State::Dropped });
        }
        self.lose(reason, Tally::of(items));
    }

    /// The receiver took these.
    pub(super) fn note_delivered(&self, items: &[Item]) {
        if let Some(store) = &self.store {
            store.note(items, State::Delivered);
        }
    }

    /// Lets go of the spool, so that another process can have what is left.
    pub(super) fn leave_spool(&self) {
        let Some(store) = &self.store else {
            return;
        };
        self.write_marks(store);
        store.spool.close_and(|lost, count| {
            let _desk = self.desk();
            count();
            for (tag, lost) in (0..).zip(lost) {
                self.books.lost(Reason::Corrupt, Tally::many(Epoch::of(tag), lost));
            }
        });
        self.tell_troubles(store.spool.troubles(), Instant::now(), true);
        self.let_go();
    }

    /// Lets go of hits that stay in the spool. Where they were the last of a directory, that is work on files.
    pub(super) fn let_go(&self) {
        let left = mem::take(&mut self.desk().left);
        drop(left);
    }

    /// Whether a worker would find something in the spool.
    pub(super) fn has_spooled(&self) -> bool {
        self.store.as_ref().is_some_and(|store| store.spool.has_unread())
    }

    /// What is in memory alone of these; the others stay in the spool, and are kept until no lock is held.
    pub(super) fn in_memory(desk: &mut Desk) -> Vec<Item> {
        let batches = desk.ready.drain(..).chain(desk.aside.take()).flat_map(|batch| batch.items);
        let (left, in_memory): (Vec<_>, Vec<_>) =
            batches.chain(desk.unsaved.drain(..)).partition(|item| item.spot().is_some());
        desk.left.extend(left);
        in_memory
    }
}

#[cfg(test)]
#[path = "store_test.rs"]
pub(super) mod test;
