//! The bounded queue between the request threads and the workers.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use trackside_core::{
    Reason,
    config::{self, WhenFull},
};

use super::books::{Item, Padded};

/// How many waiting hits a sender removes, at most, to make room for its own.
const EVICTIONS: usize = 8;

/// Bounded in hits, and in bytes: these are taken before a hit is queued and given back when it has ended,
/// so that what the workers hold counts too.
#[derive(Debug)]
pub(super) struct Queue {
    sender: Sender<Item>,
    receiver: Receiver<Item>,
    bytes: Padded<AtomicUsize>,
    limit: usize,
    when_full: WhenFull,
}

impl Queue {
    pub(super) fn new(bounds: &config::Queue) -> Self {
        let (sender, receiver) = bounded(bounds.hits.max(1));
        let (limit, when_full) = (bounds.bytes, bounds.when_full);
        Self { sender, receiver, bytes: Padded::default(), limit, when_full }
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
        let size = item.size();
        let mut evictions = match self.when_full {
            WhenFull::DropOldest if size <= self.limit => EVICTIONS,
            _ => 0,
        };
        while !self.reserve(size) {
            let oldest = if evictions > 0 { self.pop() } else { None };
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
            if let Some(oldest) = self.pop() {
                self.release(oldest.size());
                evicted(oldest, Reason::QueueFull);
            }
        }
    }

    /// The hit that has waited longest. Its bytes stay taken.
    pub(super) fn pop(&self) -> Option<Item> {
        self.receiver.try_recv().ok()
    }

    /// Gives back the bytes of hits that have ended.
    pub(super) fn release(&self, bytes: usize) {
        self.bytes.0.fetch_sub(bytes, SeqCst);
    }

    pub(super) fn len(&self) -> usize {
        self.receiver.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.receiver.is_empty()
    }

    fn reserve(&self, size: usize) -> bool {
        let taken = self.bytes.0.fetch_add(size, SeqCst);
        let fits = taken.saturating_add(size) <= self.limit;
        if !fits {
            self.release(size);
        }
        fits
    }
}
