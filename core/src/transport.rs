//! What takes hits on the request thread, and the two transports that need no thread: none at all, and
//! one that records.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use crate::{
    hit::Hit,
    ledger::{Hits, Reason},
};

/// Takes hits on the request thread.
///
/// `submit` never waits. The others take one absolute instant, which every destination shares.
/// There are no default methods, so that a transport which forwards to another cannot forget one.
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Hands over one hit.
    fn submit(&self, hit: Hit) -> Submitted;

    /// [`submit`](Self::submit) for importers, who rather wait than lose a hit: where there is no room for it, waits for
    /// some until the instant `until`. What is dropped for another reason than that does not wait.
    ///
    /// # Errors
    ///
    /// [`Reentrant`] when called from one of the transport's own workers, which would wait for itself: the hit was not
    /// taken, and is in no book.
    fn submit_until(&self, hit: Hit, until: Instant) -> Result<Submitted, Reentrant>;

    /// Waits until everything submitted so far has ended, or until the instant `until`.
    ///
    /// # Errors
    ///
    /// [`Reentrant`] when called from one of the transport's own workers.
    fn flush(&self, until: Instant) -> Result<Left, Reentrant>;

    /// Delivers what can be delivered until the instant `until`, then stops for good. What is still in
    /// memory then is dropped(`shutdown`); later hits are dropped(`closed`). Calling it again does no harm.
    ///
    /// # Errors
    ///
    /// [`Reentrant`] when called from one of the transport's own workers.
    fn close(&self, until: Instant) -> Result<Left, Reentrant>;

    /// The book of hits, one entry a destination.
    fn stats(&self) -> Vec<Hits>;
}

/// What became of a hit at the moment it was submitted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use = "a dropped hit has a reason"]
#[allow(clippy::exhaustive_enums, reason = "a hit is taken or it is not")]
pub enum Submitted {
    /// No destination took it, for this reason.
    Dropped(Reason),
    /// It waits for delivery.
    Queued,
}

/// What `flush` or `close` left undone at its deadline.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Left {
    /// Hits waiting in memory; after `close`, those that were dropped(`shutdown`).
    pub queued: u64,
    /// Hits inside a delivery attempt, whose late outcome will still be counted.
    pub in_flight: u64,
    /// Hits in the spool, which another process can deliver.
    pub spooled: u64,
}

impl Left {
    /// `queued` hits in memory and `in_flight` ones inside an attempt.
    pub fn new(queued: u64, in_flight: u64) -> Self {
        Self { queued, in_flight, spooled: 0 }
    }

    /// The same, and `spooled` hits in the spool.
    #[must_use]
    pub fn with_spooled(self, spooled: u64) -> Self {
        Self { spooled, ..self }
    }

    /// Whether nothing was left.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// What two destinations left together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self::new(self.queued + other.queued, self.in_flight + other.in_flight)
            .with_spooled(self.spooled + other.spooled)
    }
}

/// Something that waits was called from one of the transport's own workers, which cannot wait for itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(clippy::exhaustive_structs, reason = "there is nothing more to say")]
pub struct Reentrant;

impl fmt::Display for Reentrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("reentrant: a worker cannot wait for its own transport; call this from another thread")
    }
}

impl std::error::Error for Reentrant {}

macro_rules! forward {
    ($($pointer:ty),+) => {$(
        impl<T: Transport + ?Sized> Transport for $pointer {
            fn submit(&self, hit: Hit) -> Submitted {
                (**self).submit(hit)
            }

            fn submit_until(&self, hit: Hit, until: Instant) -> Result<Submitted, Reentrant> {
                (**self).submit_until(hit, until)
            }

            fn flush(&self, until: Instant) -> Result<Left, Reentrant> {
                (**self).flush(until)
            }

            fn close(&self, until: Instant) -> Result<Left, Reentrant> {
                (**self).close(until)
            }

            fn stats(&self) -> Vec<Hits> {
                (**self).stats()
            }
        }
    )+};
}

forward!(&'static T, Box<T>, std::sync::Arc<T>);

/// Takes every hit and keeps none.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "it holds nothing")]
pub struct Null;

impl Transport for Null {
    fn submit(&self, _: Hit) -> Submitted {
        Submitted::Queued
    }

    fn submit_until(&self, hit: Hit, _: Instant) -> Result<Submitted, Reentrant> {
        Ok(self.submit(hit))
    }

    fn flush(&self, _: Instant) -> Result<Left, Reentrant> {
        Ok(Left::default())
    }

    fn close(&self, _: Instant) -> Result<Left, Reentrant> {
        Ok(Left::default())
    }

    fn stats(&self) -> Vec<Hits> {
        Vec::new()
    }
}

/// Keeps every hit in memory, in the order of arrival, for a test to look at. It is not made for forks: a
/// child begins with the parent's hits, and may wait for ever if another thread was recording just then.
///
/// ```
/// use std::sync::Arc;
/// use trackside_core::transport::{Recording, Transport};
///
/// let recording = Arc::new(Recording::new());
/// let transport: Arc<dyn Transport> = recording.clone();
/// assert!(recording.hits().is_empty());
/// ```
#[derive(Debug, Default)]
pub struct Recording(Mutex<Recorded>);

#[derive(Debug, Default)]
struct Recorded {
    hits: Vec<Hit>,
    offered: u64,
    closed: u64,
    is_closed: bool,
}

impl Recording {
    /// A recording of nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The hits so far.
    pub fn hits(&self) -> Vec<Hit> {
        self.recorded().hits.clone()
    }

    /// How many hits it has.
    pub fn len(&self) -> usize {
        self.recorded().hits.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The hit that came after `index` others, if it has.
    pub fn get(&self, index: usize) -> Option<Hit> {
        self.recorded().hits.get(index).cloned()
    }

    /// The hits so far, which are then forgotten.
    pub fn take(&self) -> Vec<Hit> {
        std::mem::take(&mut self.recorded().hits)
    }

    fn recorded(&self) -> std::sync::MutexGuard<'_, Recorded> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for Recording {
    fn submit(&self, hit: Hit) -> Submitted {
        let mut recorded = self.recorded();
        recorded.offered += 1;
        if recorded.is_closed {
            recorded.closed += 1;
            return Submitted::Dropped(Reason::Closed);
        }
        recorded.hits.push(hit);
        Submitted::Queued
    }

    fn submit_until(&self, hit: Hit, _: Instant) -> Result<Submitted, Reentrant> {
        // There is always room.
        Ok(self.submit(hit))
    }

    fn flush(&self, _: Instant) -> Result<Left, Reentrant> {
        Ok(Left::default())
    }

    fn close(&self, _: Instant) -> Result<Left, Reentrant> {
        self.recorded().is_closed = true;
        Ok(Left::default())
    }

    fn stats(&self) -> Vec<Hits> {
        let recorded = self.recorded();
        vec![Hits {
            name: "recording".to_owned(),
            offered: recorded.offered,
            delivered: recorded.offered - recorded.closed,
            dropped: (recorded.closed > 0).then_some((Reason::Closed, recorded.closed)).into_iter().collect(),
            ..Hits::default()
        }]
    }
}
