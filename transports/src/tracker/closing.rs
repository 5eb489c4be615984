//! The end of a tracker. `close` answers what was left; where nobody closed it there is nobody to be answered, so the
//! log and the observer are told.

use std::{
    sync::{atomic::Ordering, mpsc},
    time::{Duration, Instant},
};

use trackside_core::{
    Reason,
    ledger::{Hits, Stats},
    transport::Left,
};

use super::{Live, deadline};
use crate::pool::{self, Report, fork};

/// For so long the exit of the process waits for a log or an observer.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What [`Tracker::close`](super::Tracker::close) answers: what was left, and both books of the whole life.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Closed {
    /// What was left undone at the deadline.
    pub left: Left,
    /// Both books when it was closed. What was in flight then may still end, as
    /// [`Tracker::stats`](super::Tracker::stats) will tell.
    pub stats: Stats,
}

impl Closed {
    /// Whether nothing was left.
    pub fn is_empty(&self) -> bool {
        self.left.is_empty()
    }
}

impl fork::CloseAtExit for Live {
    fn close_at_exit(&self) {
        let left = self.close_unasked(deadline(self.config.shutdown()));
        let observer = self.observer.clone();
        // What logs or observers keep for each thread is gone on the one that exits.
        in_time(deadline(LAST_WORDS), left, move |left| {
            for (name, report) in left {
                pool::to_log(&name, &report);
                pool::observed(observer.as_ref(), &name, &report);
            }
        });
    }
}

impl Drop for Live {
    /// Perhaps at the end of a request: the host's observer, which may take any time, is waited for until the close's
    /// deadline, or for a tenth of `shutdown` if the close took all of it, and then goes on by itself.
    fn drop(&mut self) {
        let shutdown = self.config.shutdown();
        let until = deadline(shutdown);
        let left = self.close_unasked(until);
        left.iter().for_each(|(name, report)| pool::to_log(name, report));
        let Some(observer) = self.observer.take() else {
            return;
        };
        in_time(deadline(shutdown / 10).max(until), left, move |left| {
            for (name, report) in left {
                pool::observed(Some(&observer), &name, &report);
            }
        });
    }
}

impl Live {
    /// Closes until then, unless a call has closed it. Answers what was left of each destination.
    fn close_unasked(&self, until: Instant) -> Vec<(String, Report)> {
        if self.closed_in.swap(fork::generation(), Ordering::SeqCst) == fork::generation() {
            return Vec::new();
        }
        // A worker that ends the process cannot wait for itself.
        match self.transport.close(until) {
            Ok(left) if left.queued + left.in_flight > 0 => {
                self.transport.stats().into_iter().filter_map(left_of).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// What a destination left that may be lost.
fn left_of(hits: Hits) -> Option<(String, Report)> {
    let Hits { name, dropped, in_flight, spooled, .. } = hits;
    let given_up = dropped.iter().find(|(reason, _)| *reason == Reason::Shutdown);
    let queued = given_up.map_or(0, |&(_, count)| count);
    (queued + in_flight > 0).then_some((name, Report::Left { queued, in_flight, spooled }))
}

/// Has another thread tell what was `left`, if anything was, and waits for it until then at most. Without a thread to be had
/// nobody is told.
fn in_time(
    until: Instant,
    left: Vec<(String, Report)>,
    tell: impl FnOnce(Vec<(String, Report)>) + Send + 'static,
) {
    if left.is_empty() {
        return;
    }
    let (told, is_told) = mpsc::channel();
    let spawned = fork::spawn("trackside", pool::STACK, move || {
        tell(left);
        // Nobody waits any more if it took too long.
        told.send(()).ok();
    });
    if spawned.is_ok() {
        // Too late is as good as never.
        is_told.recv_timeout(until.saturating_duration_since(Instant::now())).ok();
    }
}
