//! The batches that failed so often that others go before them, and how many of them memory is to hold.

use std::collections::VecDeque;

use trackside_core::config;

use super::{books::Item, desk::Batch};

/// Batches that stand aside, the next one first.
///
/// What is in memory alone is bounded by the queue. What was read from the spool is not, so that it is counted here:
/// as much of it stands aside as the queue may hold. Beyond that the spool is read only after each that stands aside
/// was tried once more: its hits may be what it takes to tell a receiver that is away from hits that it fails over. So
/// few batches step aside before one succeeds, and so few successes end them, that little comes on top.
#[derive(Debug)]
pub(super) struct Aside {
    batches: VecDeque<Batch>,
    spooled: Weight,
    most: Weight,
    /// How many were tried again since the spool was last read.
    tried: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Weight {
    hits: usize,
    bytes: usize,
}

impl Weight {
    fn of(batch: &Batch) -> Self {
        let spooled = batch.items.iter().filter(|item| item.spot().is_some());
        spooled.fold(Self::default(), |sum, item| Self {
            hits: sum.hits + 1,
            bytes: sum.bytes + item.hit().size(),
        })
    }
}

impl Aside {
    pub(super) fn new(bounds: &config::Queue) -> Self {
        Self {
            batches: VecDeque::new(),
            spooled: Weight::default(),
            most: Weight { hits: bounds.hits, bytes: bounds.bytes },
            tried: 0,
        }
    }

    pub(super) fn push(&mut self, batch: Batch) {
        let more = Weight::of(&batch);
        self.spooled.hits += more.hits;
        self.spooled.bytes += more.bytes;
        self.batches.push_back(batch);
    }

    /// The next that is to be tried again after a success.
    pub(super) fn pop_due(&mut self) -> Option<Batch> {
        let at = self.batches.iter().position(|batch| batch.trial.is_due())?;
        self.take_out(at, true)
    }

    /// The next that is to be tried again where there is nothing else. `has_succeeded`: the last attempt did.
    pub(super) fn pop(&mut self, has_succeeded: bool) -> Option<Batch> {
        self.take_out(0, has_succeeded)
    }

    fn take_out(&mut self, at: usize, has_succeeded: bool) -> Option<Batch> {
        let mut batch = self.batches.remove(at)?;
        batch.trial.step_back(has_succeeded);
        let less = Weight::of(&batch);
        self.spooled.hits -= less.hits;
        self.spooled.bytes -= less.bytes;
        self.tried = self.tried.saturating_add(1);
        Some(batch)
    }

    /// Whether more may be taken from the spool.
    pub(super) fn lets_read(&self) -> bool {
        let is_full = self.spooled.hits >= self.most.hits || self.spooled.bytes >= self.most.bytes;
        !is_full || self.tried >= self.batches.len()
    }

    /// Something was.
    pub(super) fn has_read(&mut self) {
        self.tried = 0;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    pub(super) fn items(&self) -> impl Iterator<Item = &Item> {
        self.batches.iter().flat_map(|batch| &batch.items)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Batch> {
        self.batches.iter_mut()
    }

    /// Empties it.
    pub(super) fn take(&mut self) -> VecDeque<Batch> {
        self.spooled = Weight::default();
        std::mem::take(&mut self.batches)
    }
}
