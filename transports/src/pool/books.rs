//! The book of hits of one pool, and who waits for it to be settled.

use std::sync::{
    Arc, Condvar, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
};
use std::time::{Duration, Instant};

use trackside_core::{
    Hit, Reason,
    ledger::{Counters, Hits},
    protocol::Enriched,
};

use crate::{spool::Spot, stage::Looked};

/// How long a waiting caller goes without looking. What a worker ends is announced at once; a `submit`
/// that drops its hit announces nothing, since it may not take a lock.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Keeps what many threads write apart from what others read.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Padded<T>(pub(super) T);

/// A hit on its way through the pool.
#[derive(Debug)]
pub(super) struct Item {
    /// As it was submitted.
    hit: Hit,
    looked: Option<Arc<Looked>>,
    epoch: Epoch,
    /// Where it is in the spool, if it is. Boxed: most hits are in none, and each is moved through the queue.
    spot: Option<Box<Spot>>,
}

impl Item {
    pub(super) fn new(hit: Hit, epoch: Epoch) -> Self {
        Self { hit, looked: None, epoch, spot: None }
    }

    /// One that was read from the spool.
    pub(super) fn stored(hit: Hit, epoch: Epoch, spot: Spot) -> Self {
        Self { spot: Some(Box::new(spot)), ..Self::new(hit, epoch) }
    }

    /// How many bytes of the queue it holds: its own, and those of its [copy](Self::copied).
    pub(super) fn size(&self) -> usize {
        if self.spot.is_some() { 0 } else { self.hit.size() + self.copied() }
    }

    /// How many bytes of the queue the copy holds that an edit has made of it; 0 if there is none.
    pub(super) fn copied(&self) -> usize {
        match &self.looked {
            Some(looked) if self.spot.is_none() && looked.hit.place() != self.hit.place() => {
                looked.hit.size()
            }
            _ => 0,
        }
    }

    pub(super) fn spot(&self) -> Option<&Spot> {
        self.spot.as_deref()
    }

    pub(super) fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The hit that came.
    pub(super) fn submitted(&self) -> &Hit {
        &self.hit
    }

    /// The hit as it is now.
    pub(super) fn hit(&self) -> &Hit {
        self.looked.as_ref().map_or(&self.hit, |looked| &looked.hit)
    }

    /// What came of the look at it; none if nobody has looked.
    pub(super) fn looked(&self) -> Option<&Looked> {
        self.looked.as_deref()
    }

    pub(super) fn looked_at(&mut self, looked: Arc<Looked>) {
        self.looked = Some(looked);
    }

    pub(super) fn enriched(&self) -> Enriched<'_> {
        match &self.looked {
            Some(looked) => Enriched::with(&looked.hit, &looked.found),
            None => Enriched::new(&self.hit),
        }
    }
}

/// Whether a hit was submitted in an even or in an odd epoch. A flush begins a new epoch and waits for the
/// old one to be settled, so that the hits which keep coming do not hold it up.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Epoch(u8);

impl Epoch {
    /// What the spool keeps of it.
    pub(super) fn tag(self) -> u8 {
        self.0
    }

    /// That of a hit that this process has put into the spool with `tag`.
    pub(super) fn of(tag: u8) -> Self {
        Self(tag & 1)
    }
}

/// How many hits of each epoch end together, and how many bytes they give back.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) hits: u64,
    pub(super) bytes: usize,
    epochs: [u64; 2],
}

impl Tally {
    pub(super) fn of<'a>(items: impl IntoIterator<Item = &'a Item>) -> Self {
        let mut tally = Self::default();
        for item in items {
            tally.add(item.epoch, item.size());
        }
        tally
    }

    /// One hit that is not in the queue and holds no bytes of it.
    pub(super) fn one(epoch: Epoch) -> Self {
        let mut tally = Self::default();
        tally.add(epoch, 0);
        tally
    }

    /// So many hits of one epoch, which hold no bytes.
    pub(super) fn many(epoch: Epoch, hits: u64) -> Self {
        let mut tally = Self { hits, ..Self::default() };
        tally.epochs[usize::from(epoch.0 & 1)] = hits;
        tally
    }

    fn add(&mut self, epoch: Epoch, bytes: usize) {
        self.hits += 1;
        self.bytes += bytes;
        self.epochs[usize::from(epoch.0 & 1)] += 1;
    }
}

/// offered + adopted = delivered + Σ refused + Σ dropped + pending.
///
/// A hit is counted as submitted before anything else is done with it, and what ends is read before what was
/// submitted: so no reader ever sees more hits ended than submitted.
#[derive(Debug, Default)]
pub(super) struct Books {
    submitted: Padded<Submitted>,
    ended: Padded<[AtomicU64; 2]>,
    delivered: AtomicU64,
    /// Of those submitted, the ones that another process had left.
    adopted: AtomicU64,
    reasons: Counters,
    panics: AtomicU64,
    retries: AtomicU64,
    waiting: AtomicUsize,
    settling: Mutex<()>,
    settled: Condvar,
}

/// All that a request looks at.
#[derive(Debug, Default)]
struct Submitted {
    hits: [AtomicU64; 2],
    /// Epochs begun. Changed only under `settling`.
    epochs: AtomicU64,
}

impl Books {
    /// Counts one hit more, before anything else is done with it.
    pub(super) fn submit(&self) -> Epoch {
        let epoch = Epoch((self.submitted.0.epochs.load(SeqCst) & 1) as u8);
        self.submitted.0.hits[usize::from(epoch.0)].fetch_add(1, SeqCst);
        epoch
    }

    /// Counts so many hits more, which another process left.
    pub(super) fn adopt(&self, hits: u64) -> Epoch {
        let epoch = Epoch((self.submitted.0.epochs.load(SeqCst) & 1) as u8);
        self.submitted.0.hits[usize::from(epoch.0)].fetch_add(hits, SeqCst);
        self.adopted.fetch_add(hits, SeqCst);
        epoch
    }

    /// The receiver took these.
    pub(super) fn delivered(&self, tally: Tally) {
        self.delivered.fetch_add(tally.hits, SeqCst);
        self.end(tally);
    }

    /// These were refused or dropped.
    pub(super) fn lost(&self, reason: Reason, tally: Tally) {
        // A sink can give any reason; one that belongs to requests would fall out of this book.
        let reason = if reason.number() < 100 { Reason::Rejected } else { reason };
        self.reasons.add(reason, tally.hits);
        self.end(tally);
    }

    fn end(&self, tally: Tally) {
        for (ended, n) in self.ended.0.iter().zip(tally.epochs) {
            if n > 0 {
                ended.fetch_add(n, SeqCst);
            }
        }
    }

    pub(super) fn panicked(&self) {
        self.failed(1);
    }

    /// Counts so many failures of the host's code.
    pub(super) fn failed(&self, times: u64) {
        if times > 0 {
            self.panics.fetch_add(times, SeqCst);
        }
    }

    pub(super) fn retried(&self) {
        self.retries.fetch_add(1, SeqCst);
    }

    /// The counters, what ended first.
    pub(super) fn snapshot(&self, name: &str) -> Hits {
        let mut hits = Hits::default();
        hits.name = name.to_owned();
        hits.delivered = self.delivered.load(SeqCst);
        let reasons = self.reasons.snapshot();
        (hits.refused, hits.dropped) = reasons.into_iter().partition(|(reason, _)| reason.number() < 200);
        hits.panics = self.panics.load(SeqCst);
        hits.retries = self.retries.load(SeqCst);
        // Counted after they are submitted, and so read before.
        hits.adopted = self.adopted.load(SeqCst);
        let submitted: u64 = self.submitted.0.hits.iter().map(|n| n.load(SeqCst)).sum();
        hits.offered = submitted - hits.adopted;
        hits
    }

    /// How many hits were refused and dropped, by reason.
    pub(super) fn reasons(&self) -> Vec<(Reason, u64)> {
        self.reasons.snapshot()
    }

    /// Whether every hit has ended, at least at the moment this was called.
    pub(super) fn is_settled(&self) -> bool {
        self.is_epoch_settled(0) && self.is_epoch_settled(1)
    }

    fn is_epoch_settled(&self, parity: usize) -> bool {
        let ended = self.ended.0[parity].load(SeqCst);
        self.submitted.0.hits[parity].load(SeqCst) == ended
    }

    /// Whether somebody waits, so that batches go out without waiting for company.
    pub(super) fn is_awaited(&self) -> bool {
        self.waiting.load(SeqCst) > 0
    }

    /// Announces that hits ended.
    pub(super) fn announce(&self) {
        if self.has_news() {
            self.announce_end();
        }
    }

    /// Whether hits have ended for which somebody waits. To wake them for each would cost as much as a request.
    fn has_news(&self) -> bool {
        if !self.is_awaited() {
            return false;
        }
        let current = (self.submitted.0.epochs.load(SeqCst) & 1) as usize;
        self.is_epoch_settled(1 - current)
    }

    /// Announces that a worker ended, or that no hit will be delivered any more.
    pub(super) fn announce_end(&self) {
        if self.is_awaited() {
            drop(self.settling());
            self.settled.notify_all();
        }
    }

    /// Marks a caller as waiting for as long as the answer lives.
    pub(super) fn await_end(&self) -> Awaiting<'_> {
        self.waiting.fetch_add(1, SeqCst);
        Awaiting(self)
    }

    fn settling(&self) -> MutexGuard<'_, ()> {
        self.settling.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A caller that waits.
#[derive(Debug)]
pub(super) struct Awaiting<'a>(&'a Books);

impl Awaiting<'_> {
    /// Waits until `is_done`, or until the instant `until`, and says whether it is done. `is_done` is asked
    /// under a lock and takes none itself.
    pub(super) fn wait(&self, until: Instant, mut is_done: impl FnMut() -> bool) -> bool {
        let mut guard = self.0.settling();
        loop {
            if is_done() {
                return true;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.0.settled.wait_timeout(guard, left.min(LOOK_AGAIN));
            guard = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until everything submitted before the call has ended, or until the instant `until`.
    pub(super) fn wait_for_epoch(&self, until: Instant) -> bool {
        let books = self.0;
        let mut begun = None;
        self.wait(until, || {
            let epochs = books.submitted.0.epochs.load(SeqCst);
            let parity = (epochs & 1) as usize;
            match begun {
                // A new epoch begins only when the one before the current is settled: there are never hits of
                // more than two.
                None if books.is_epoch_settled(1 - parity) => {
                    books.submitted.0.epochs.store(epochs + 1, SeqCst);
                    begun = Some(epochs + 1);
                    books.is_epoch_settled(parity)
                }
                None => false,
                // Somebody else's next epoch has begun: so ours is settled.
                Some(begun) if begun < epochs => true,
                Some(_) => books.is_epoch_settled(1 - parity),
            }
        })
    }
}

impl Drop for Awaiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, SeqCst);
    }
}

#[cfg(test)]
#[path = "books_test.rs"]
mod test;
