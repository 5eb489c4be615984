//! What the log and the host's observer are told by workers.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Instant,
};

use super::{
    Options,
    report::{self, Report},
    running::Running,
};
use crate::log;

impl Running {
    /// Tells of the hits that have been lost, if it is time to. `is_last`: this is the last of the worker's turns.
    pub(super) fn report_losses(&self, now: Instant, is_last: bool) {
        let report = self.desk().reporter.lost(|| self.books.reasons(), now, is_last);
        if let Some(report) = report {
            self.tell(&report);
        }
    }

    /// Tells the log and the host's observer, which may take locks of its own: no lock of the pool is held.
    pub(super) fn tell(&self, report: &Report) {
        let Options { name, observer, .. } = &self.plan.options;
        report::to_log(name, report);
        if let Some(observer) = observer
            && let Err(panic) = catch_unwind(AssertUnwindSafe(|| observer.observe(name, report)))
        {
            mem::forget(panic); // Its drop could panic, too.
            self.books.panicked();
        }
    }

    /// Tells the log of a problem, once as long as it lasts.
    pub(super) fn complain(&self, problem: &str) {
        if self.desk().may_complain(Instant::now(), problem) {
            self.to_log(problem);
        }
    }

    pub(super) fn to_log(&self, problem: &str) {
        let name = &self.plan.options.name;
        log::guarded(|| tracing::error!(target: "trackside", "{name}: {problem}"));
    }
}
