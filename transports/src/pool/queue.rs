//! The bounded queue between the request threads and the workers.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use trackside_core::{
    Hit, Reason,
    config::{self, WhenFull},
};

use super::books::{Item, Padded};

/// How many waiting hits a sender removes, at most, to make room for its own.
const EVICTIONS: usize = 8;

/// Of both bounds, how much the important hits have for themselves.
const TENTH: usize = 10;

/// Bounded in hits, and in bytes: these are taken before a hit is queued and given back when it has ended,
/// so that what the workers hold counts too, copies that were edited included.
///
/// Important hits have a lane of their own, which is read first and gives way to nobody. Where it is full they go
/// with the others. They may take a tenth more bytes than those, so that some fit when the others have taken all.
#[derive(Debug)]
pub(super) struct Queue {
    sender: Sender<Item>,
    receiver: Receiver<Item>,
    bytes: Padded<AtomicUsize>,
    limit: usize,
    when_full: WhenFull,
    important: Option<Important>,
}

/// The lane of important hits.
#[derive(Debug)]
struct Important {
    sender: Sender<Item>,
    receiver: Receiver<Item>,
    /// Those of the bytes that they may take beside the others.
    bytes: usize,
    events: Box<[String]>,
}

impl Important {
    fn takes(&self, hit: &Hit) -> bool {
        let name = hit.name();
        !name.is_empty() && self.events.iter().any(|event| event == name)
    }
}

impl Queue {
    pub(super) fn new(bounds: &config::Queue) -> Self {
        let (sender, receiver) = bounded(bounds.hits.max(1));
        let (limit, when_full) = (bounds.bytes, bounds.when_full);
        let important = (!bounds.important.is_empty()).then(|| {
            let (sender, receiver) = bounded(bounds.hits.div_ceil(TENTH).max(1));
            let events = bounds.important.as_slice().into();
            Important { sender, receiver, bytes: limit.div_ceil(TENTH), events }
        });
        Self { sender, receiver, bytes: Padded::default(), limit, when_full, important }
    }

    /// Queues `item`, and hands to `evicted` what had to give way. Never waits.
    ///
    /// # Errors
    ///
    /// The item comes back, with the bound that kept it out.
    #[inline]
    pub(super) fn push(
        &self,
        mut item: Item,
        mut evicted: impl FnMut(Item, Reason),
    ) -> Result<(), (Item, Reason)> {
        if let Some(important) = &self.important {
            item = match self.push_important(important, item) {
                Ok(()) => return Ok(()),
                Err(item) => item,
            };
        }
        let evictions = match self.when_full {
            WhenFull::DropOldest => EVICTIONS,
            _ => 0,
        };
        self.push_among_others(item, evictions, &mut evicted)
    }

    /// As [`push`](Self::push), but the oldest give way in any case.
    #[cold]
    #[inline(never)]
    pub(super) fn push_over(
        &self,
        item: Item,
        mut evicted: impl FnMut(Item, Reason),
    ) -> Result<(), (Item, Reason)> {
        self.push_among_others(item, EVICTIONS, &mut evicted)
    }

    #[inline]
    fn push_among_others(
        &self,
        mut item: Item,
        evictions: usize,
        evicted: &mut impl FnMut(Item, Reason),
    ) -> Result<(), (Item, Reason)> {
        // What is queued has no copy.
        let size = item.submitted().size();
        let mut evictions = if size <= self.limit { evictions } else { 0 };
        while !self.reserve(size, self.limit) {
            let oldest = if evictions > 0 { self.pop_oldest() } else { None };
            let Some(oldest) = oldest else {
                return Err((item, Reason::QueueBytes));
            };
            evictions -= 1;
            self.release(oldest.size());
            evicted(oldest, Reason::QueueBytes);
        }
        loop {
            item = match self.sender.try_send(item) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(item) | TrySendError::Disconnected(item)) => item,
            };
            if evictions == 0 {
                self.release(size);
                return Err((item, Reason::QueueFull));
            }
            evictions -= 1;
            // None: a worker was faster, and there is room now.
            if let Some(oldest) = self.pop_oldest() {
                self.release(oldest.size());
                evicted(oldest, Reason::QueueFull);
            }
        }
    }

    /// Queues `item` before all others, if it is important and there is room among those; else it comes back.
    #[cold]
    #[inline(never)]
    fn push_important(&self, important: &Important, item: Item) -> Result<(), Item> {
        if !important.takes(item.submitted()) {
            return Err(item);
        }
        let size = item.submitted().size();
        if !self.reserve(size, self.limit.saturating_add(important.bytes)) {
            return Err(item);
        }
        important.sender.try_send(item).map_err(|error| {
            self.release(size);
            error.into_inner()
        })
    }

    /// The next hit to be delivered. Its bytes stay taken.
    pub(super) fn pop(&self) -> Option<Item> {
        let important = self.important.as_ref().and_then(|important| important.receiver.try_recv().ok());
        important.or_else(|| self.pop_oldest())
    }

    /// The hit that has waited longest, of those that may give way.
    fn pop_oldest(&self) -> Option<Item> {
        self.receiver.try_recv().ok()
    }

    /// Gives back the bytes of hits that have ended.
    pub(super) fn release(&self, bytes: usize) {
        self.bytes.0.fetch_sub(bytes, SeqCst);
    }

    /// Copies of hits that were taken out hold so many bytes now, and held so many `before`. There may be more than fit:
    /// then nothing comes in until others have ended.
    pub(super) fn hold_copies(&self, before: usize, now: usize) {
        if now != before {
            self.bytes.0.fetch_add(now, SeqCst);
            self.release(before);
        }
    }

    /// Whether copies hold more bytes than there are.
    pub(super) fn is_over(&self) -> bool {
        let important = self.important.as_ref().map_or(0, |important| important.bytes);
        self.bytes.0.load(SeqCst) > self.limit.saturating_add(important)
    }

    /// Whether there is a lane for `hit` alone and its like.
    pub(super) fn is_important(&self, hit: &Hit) -> bool {
        self.important.as_ref().is_some_and(|important| important.takes(hit))
    }

    /// Whether a hit of `size` bytes would find room at this moment.
    pub(super) fn has_room(&self, size: usize, is_important: bool) -> bool {
        let bytes = self.bytes.0.load(SeqCst).saturating_add(size);
        let has_own = self.own_lane(is_important).is_some_and(|important| {
            !important.sender.is_full() && bytes <= self.limit.saturating_add(important.bytes)
        });
        has_own || (!self.sender.is_full() && bytes <= self.limit)
    }

    /// Whether a hit of `size` bytes would find room if it were alone.
    pub(super) fn could_hold(&self, size: usize, is_important: bool) -> bool {
        let more = self.own_lane(is_important).map_or(0, |important| important.bytes);
        size <= self.limit.saturating_add(more)
    }

    fn own_lane(&self, is_important: bool) -> Option<&Important> {
        self.important.as_ref().filter(|_| is_important)
    }

    pub(super) fn len(&self) -> usize {
        self.receiver.len() + self.important.as_ref().map_or(0, |important| important.receiver.len())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn reserve(&self, size: usize, limit: usize) -> bool {
        let taken = self.bytes.0.fetch_add(size, SeqCst);
        let fits = taken.saturating_add(size) <= limit;
        if !fits {
            self.release(size);
        }
        fits
    }
}

#[cfg(test)]
#[path = "queue_test.rs"]
mod test;
