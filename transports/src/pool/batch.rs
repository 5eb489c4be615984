//! Gathers hits into batches. Pure: the time is a parameter.

use std::time::{Duration, Instant};

/// The bounds of what is gathered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Hits gathered at most.
    pub(super) gathered: usize,
    /// Hits of one batch at most.
    pub(super) batch: usize,
    /// Bytes gathered at most; a single hit may be larger.
    pub(super) bytes: usize,
    /// How long the first hit waits for others.
    pub(super) age: Duration,
    /// Whether a batch holds hits of one group only.
    pub(super) grouped: bool,
}

/// Hits that wait for company.
#[derive(Debug)]
pub(super) struct Batcher<T> {
    limits: Limits,
    gathered: Vec<(u64, T)>,
    bytes: usize,
    since: Option<Instant>,
}

impl<T> Batcher<T> {
    pub(super) fn new(limits: Limits) -> Self {
        let limits = Limits { gathered: limits.gathered.max(1), batch: limits.batch.max(1), ..limits };
        Self { limits, gathered: Vec::new(), bytes: 0, since: None }
    }

    /// Adds a hit of `size` bytes and of `group` at the time `now`, and hands the batches that it completes
    /// to `out`.
    pub(super) fn push(
        &mut self,
        item: T,
        size: usize,
        group: u64,
        now: Instant,
        out: &mut dyn FnMut(Vec<T>),
    ) {
        if self.bytes.saturating_add(size) > self.limits.bytes {
            self.release(out);
        }
        self.gathered.push((group, item));
        self.bytes = self.bytes.saturating_add(size);
        self.since.get_or_insert(now);
        if self.gathered.len() >= self.limits.gathered || self.bytes >= self.limits.bytes {
            self.release(out);
        }
    }

    /// Hands everything gathered to `out`, in the order of arrival within each group.
    pub(super) fn release(&mut self, out: &mut dyn FnMut(Vec<T>)) {
        if self.limits.grouped {
            self.gathered.sort_by_key(|&(group, _)| group);
        }
        let mut batch = Vec::new();
        let mut last = None;
        let room = self.gathered.len().min(self.limits.batch);
        for (group, item) in self.gathered.drain(..) {
            let is_other = self.limits.grouped && last != Some(group);
            if !batch.is_empty() && (is_other || batch.len() == self.limits.batch) {
                out(std::mem::take(&mut batch));
            }
            if batch.is_empty() && !self.limits.grouped {
                batch.reserve_exact(room);
            }
            batch.push(item);
            last = Some(group);
        }
        if !batch.is_empty() {
            out(batch);
        }
        self.bytes = 0;
        self.since = None;
    }

    /// When the first hit has waited long enough; none if there is no hit.
    pub(super) fn due(&self) -> Option<Instant> {
        self.since.and_then(|since| since.checked_add(self.limits.age))
    }

    /// How many hits more complete what is being gathered, unless they are large.
    pub(super) fn room(&self) -> usize {
        self.limits.gathered.saturating_sub(self.gathered.len()).max(1)
    }

    /// What has been gathered.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.gathered.iter().map(|(_, item)| item)
    }
}

#[cfg(test)]
#[path = "batch_test.rs"]
mod test;
