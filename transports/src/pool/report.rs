//! What operators are told of a destination: seldom, and never of one hit. Pure: the time is a parameter.

use std::{
    fmt,
    time::{Duration, Instant},
};

use trackside_core::Reason;

use super::breaker::Change;
use crate::log;

/// No report of one kind comes sooner after another.
const APART: Duration = Duration::from_secs(60);

/// Something about a destination that its operator wants to know.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Report {
    /// The receiver is back, so long after the breaker opened. Told only where that was told.
    Closed {
        /// How long it was away.
        outage: Duration,
    },
    /// The tracker was closed by the exit of the process, or by the end of its last handle, and not by a call of
    /// [`close`](crate::Tracker::close), which would have been answered: so many hits were left at the deadline. Told
    /// once, and only if there are any that may be lost. A [`Lost`](Self::Lost) of before may have some of them.
    Left {
        /// Hits in memory, which were dropped(`shutdown`).
        queued: u64,
        /// Hits inside an attempt, whose end is not known.
        in_flight: u64,
        /// Hits in the spool, for the next process: these are not lost.
        spooled: u64,
    },
    /// Hits were refused or dropped since the last such report: how many for each reason.
    Lost(Vec<(Reason, u64)>),
    /// The receiver failed so often in a row that it is tried with one batch at a time.
    Opened {
        /// Failures in a row.
        failures: u32,
        /// How long until it is tried again.
        pause: Duration,
    },
    /// Something is wrong with the spool, such as a disk that is full or a segment that cannot be read: hits that cannot
    /// be written stay in memory.
    Spool {
        /// What, where and why, and the way out, as in the log.
        problem: String,
    },
}

/// Is told what operators want to know. The log is told in any case.
///
/// It is called on workers, which wait for it: hits queue meanwhile. Of what was [left](Report::Left) a thread of its own
/// tells it: whoever lets go of the tracker waits for that until `shutdown` is over, or for a tenth of it, and the exit of
/// the process for a second at most. Reports of one kind come a minute apart at
/// least, for each destination; what is lost in between is in the next, and the last comes when the pool closes.
pub trait Observer: fmt::Debug + Send + Sync + 'static {
    /// Takes a report about the destination of this name.
    fn observe(&self, destination: &str, report: &Report);
}

/// What has been told.
#[derive(Debug, Default)]
pub(super) struct Reporter {
    lost: Vec<(Reason, u64)>,
    lost_at: Option<Instant>,
    opened_at: Option<Instant>,
    is_opening_told: bool,
}

impl Reporter {
    /// What to tell of a change of the breaker.
    pub(super) fn changed(&mut self, change: Change, now: Instant) -> Option<Report> {
        match change {
            Change::Opened(failures, due) => {
                self.is_opening_told = is_due(self.opened_at, now);
                self.is_opening_told.then(|| {
                    self.opened_at = Some(now);
                    Report::Opened { failures, pause: due.saturating_duration_since(now) }
                })
            }
            Change::Closed(outage) => self.is_opening_told.then_some(Report::Closed { outage }),
        }
    }

    /// What to tell of the hits that have been lost so far, by reason. `is_last`: there will be no other report.
    pub(super) fn lost(
        &mut self,
        counts: impl FnOnce() -> Vec<(Reason, u64)>,
        now: Instant,
        is_last: bool,
    ) -> Option<Report> {
        if !is_last && !is_due(self.lost_at, now) {
            return None;
        }
        let counts = counts();
        let before = |reason| self.lost.iter().find(|(told, _)| *told == reason).map_or(0, |&(_, n)| n);
        let since: Vec<_> = counts
            .iter()
            .map(|&(reason, n)| (reason, n.saturating_sub(before(reason))))
            .filter(|&(_, n)| n > 0)
            .collect();
        if since.is_empty() {
            return None;
        }
        self.lost = counts;
        self.lost_at = Some(now);
        Some(Report::Lost(since))
    }
}

fn is_due(last: Option<Instant>, now: Instant) -> bool {
    last.is_none_or(|last| now.saturating_duration_since(last) >= APART)
}

/// Tells the log.
pub(crate) fn to_log(destination: &str, report: &Report) {
    log::guarded(|| match report {
        Report::Closed { outage } => {
            tracing::info!(target: "trackside", "{destination}: the receiver is back after {outage:.1?}");
        }
        Report::Opened { failures, pause } => tracing::warn!(
            target: "trackside",
            "{destination}: the receiver failed {failures} times in a row; it is tried again in {pause:.1?}, with \
             one batch at a time until it is back"
        ),
        Report::Left { queued, in_flight, spooled } => tracing::warn!(
            target: "trackside",
            "{destination}: hits were left as the process ended or let go of the tracker: {queued} given up, {in_flight} in \
             flight, their end unknown, {spooled} in the spool, for the next process; a longer `shutdown` gives them more time"
        ),
        Report::Spool { problem } => tracing::error!(target: "trackside", "{destination}: {problem}"),
        Report::Lost(reasons) => {
            let listed: Vec<_> = reasons
                .iter()
                .filter(|(reason, _)| is_a_problem(*reason))
                .map(|(reason, n)| format!("{n} {reason}"))
                .collect();
            if !listed.is_empty() {
                tracing::warn!(target: "trackside", "{destination}: hits were lost: {}", listed.join(", "));
            }
        }
    });
}

/// Whether an operator could do something about it, and has not been told with its cause.
fn is_a_problem(reason: Reason) -> bool {
    match reason {
        // The log has the cause of these.
        Reason::NoWorker | Reason::StoreUnavailable => false,
        // As configured, or as the visitor wants it.
        Reason::Bot | Reason::Filtered | Reason::NoConsent | Reason::NoVisitor | Reason::Sampled => false,
        // Whoever closed the tracker knows.
        Reason::Closed | Reason::Shutdown => false,
        _ => true,
    }
}

#[cfg(test)]
mod test {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn losses_are_told_a_minute_apart_and_each_once() {
        let (begin, mut reporter) = (Instant::now(), Reporter::default());
        let mut told = |second, counts: &[(Reason, u64)], is_last| {
            reporter.lost(|| counts.to_vec(), begin + seconds(second), is_last)
        };
        let (full, bot) = (Reason::QueueFull, Reason::Bot);
        assert_eq!(told(0, &[], false), None);
        assert_eq!(told(1, &[(full, 3)], false), Some(Report::Lost(vec![(full, 3)])));
        assert_eq!(told(60, &[(full, 5)], false), None);
        assert_eq!(told(61, &[(bot, 1), (full, 5)], false), Some(Report::Lost(vec![(bot, 1), (full, 2)])));
        assert_eq!(told(200, &[(bot, 1), (full, 5)], false), None, "nothing since");
        assert_eq!(told(201, &[(bot, 1), (full, 6)], false), Some(Report::Lost(vec![(full, 1)])));
        assert_eq!(told(202, &[(bot, 1), (full, 9)], true), Some(Report::Lost(vec![(full, 3)])));
        assert_eq!(told(203, &[(bot, 1), (full, 9)], true), None);
    }

    #[test]
    fn a_breaker_that_flaps_is_told_of_once_a_minute_and_in_pairs() {
        let (begin, mut reporter) = (Instant::now(), Reporter::default());
        let mut told = |second, opens: bool| {
            let now = begin + seconds(second);
            let change = if opens { Change::Opened(5, now + seconds(3)) } else { Change::Closed(seconds(2)) };
            reporter.changed(change, now)
        };
        let (opened, closed) = (
            Some(Report::Opened { failures: 5, pause: seconds(3) }),
            Some(Report::Closed { outage: seconds(2) }),
        );
        assert_eq!((told(0, true), told(2, false)), (opened.clone(), closed.clone()));
        assert_eq!((told(3, true), told(59, false)), (None, None));
        assert_eq!((told(60, true), told(61, false)), (opened, closed));
    }
}
