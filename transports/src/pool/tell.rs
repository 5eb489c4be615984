//! What the log and the host's observer are told.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Instant,
};

use super::{
    Options,
    report::{self, Observer, Report},
    running::Running,
};
use crate::log;

/// Tells the host's observer, if there is one, and says whether it panicked.
pub(crate) fn observed(observer: Option<&Arc<dyn Observer>>, name: &str, report: &Report) -> bool {
    let Some(observer) = observer else {
        return false;
    };
    let told = catch_unwind(AssertUnwindSafe(|| observer.observe(name, report)));
    told.map_err(mem::forget).is_err() // Its drop could panic, too.
}

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
        if observed(observer.as_ref(), name, report) {
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
