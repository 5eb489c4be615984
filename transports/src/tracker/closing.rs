//! The end of a tracker that nobody closed. `close` answers what was left; here there is nobody to be answered, so the
//! log and the observer are told.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering, mpsc},
    time::Duration,
};

use trackside_core::{Reason, ledger::Hits};

use super::{Live, deadline};
use crate::pool::{self, Observer, Report, fork};

/// For so long the exit of the process waits for a log or an observer.
const LAST_WORDS: Duration = Duration::from_secs(1);

impl fork::CloseAtExit for Live {
    fn close_at_exit(&self) {
        let left = self.close_unasked();
        if left.is_empty() {
            return;
        }
        // What logs or observers keep for each thread is gone on the one that exits.
        let (told, is_told) = mpsc::channel();
        let observer = self.observer.clone();
        let spawned = fork::spawn("trackside", 256 << 10, move || {
            tell(observer.as_ref(), &left);
            // Nobody waits any more if it took too long.
            told.send(()).ok();
        });
        if spawned.is_ok() {
            // Too late is as good as never: the process ends.
            is_told.recv_timeout(LAST_WORDS).ok();
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        tell(self.observer.as_ref(), &self.close_unasked());
    }
}

impl Live {
    /// Closes within `shutdown`, unless a call has closed it. Answers what was left of each destination.
    fn close_unasked(&self) -> Vec<(String, Report)> {
        if self.closed_in.swap(fork::generation(), Ordering::SeqCst) == fork::generation() {
            return Vec::new();
        }
        // A worker that ends the process cannot wait for itself.
        match self.transport.close(deadline(self.config.shutdown())) {
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

fn tell(observer: Option<&Arc<dyn Observer>>, left: &[(String, Report)]) {
    for (name, report) in left {
        pool::to_log(name, report);
        if let Some(observer) = observer
            && let Err(panic) = catch_unwind(AssertUnwindSafe(|| observer.observe(name, report)))
        {
            mem::forget(panic); // Its drop could panic, too.
        }
    }
}
