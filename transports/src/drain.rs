//! Delivering what processes left that are gone, without a tracker: what tools for operators need.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use trackside_core::{
    Config,
    config::{Destination, Spooling},
    ledger::Hits,
    transport::Transport,
};

use crate::{
    clock,
    destination::{self, Means, OpenError},
    stage::Stage,
};

/// Of the time, what is kept for letting go of the spool, so that the next who looks finds it free.
const CLOSING: Duration = Duration::from_secs(1);

/// Up to which age a hit is tried again at least whose destination has no spool today: what a spool defaults to. Its own
/// `max_age` was meant for hits in memory.
const MAX_AGE: Duration = Duration::from_secs(72 * 60 * 60);

/// Delivers what processes that are gone left in the spool of `destination`, one of `config`, for at most `within`, and
/// answers what became of it: these hits are `adopted` in the books. What has not ended then stays on the disk, and so
/// does what a living process owns and what cannot be read; the log is told of that.
///
/// It is delivered as a process with this configuration would: batches, retries, `track.bots` and the receiver's own
/// rules; one that has no spool now as if it had, with a `max_age` of at least 72 h. What is older than `max_age` is
/// dropped(`expired`): raise it before, to have it delivered. A program's own filters and editors are not asked: they are
/// part of that program.
///
/// # Errors
///
/// As [`Tracker::open`](crate::Tracker::open) for this destination: one of type `callback` or `celery` has no sink here.
pub fn drain(config: &Config, destination: &Destination, within: Duration) -> Result<Hits, OpenError> {
    let until = Instant::now() + within.min(Duration::from_secs(365 * 24 * 60 * 60));
    let means = Means {
        clock: Arc::new(clock::System),
        keys: None,
        stage: Arc::new(Stage::open(config)?),
        observer: None,
    };
    let mut destination = destination.clone();
    if destination.spool == Spooling::Off {
        // It was another once.
        destination.spool = Spooling::Overflow;
        destination.max_age = destination.max_age.max(MAX_AGE);
    }
    let pool = destination::open_alone(config, &destination, &means)?;
    // This is no worker's thread unless a sink calls it: then nothing is drained, and the books say so.
    let closing = (within / 4).min(CLOSING);
    if pool.drain(until.checked_sub(closing).unwrap_or(until)).is_ok() {
        pool.close(until).ok();
    }
    Ok(pool.stats().pop().unwrap_or_default())
}
