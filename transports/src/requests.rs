//! The book of requests of one process, and a word of warning where none of them counts.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use trackside_core::{
    Reason,
    ledger::{Counters, Requests},
};

use crate::log;

/// So many requests, all skipped for one reason, are hardly what was meant.
const MANY: u64 = 100;

#[derive(Default)]
pub(crate) struct RequestBook {
    tracked: AtomicU64,
    skipped: Counters,
    late: AtomicU64,
}

impl RequestBook {
    /// Counts a request that ended as a tracked page view.
    pub(crate) fn track(&self) {
        self.tracked.fetch_add(1, SeqCst);
    }

    /// Counts a request that was skipped, and warns if all were, for the same reason.
    pub(crate) fn skip(&self, reason: Reason) {
        if let Some(key) = self.add(reason) {
            log::guarded(|| {
                tracing::warn!(
                    target: "trackside",
                    "the first {MANY} requests were all skipped({reason}), and none was counted: see `{key}` \
                     in the configuration"
                );
            });
        }
    }

    /// Counts an annotation that came too late.
    pub(crate) fn late(&self) {
        self.late.fetch_add(1, SeqCst);
    }

    pub(crate) fn snapshot(&self) -> Requests {
        Requests::new(self.tracked.load(SeqCst), self.skipped.snapshot(), self.late.load(SeqCst))
    }

    /// Answers the key to look at when there have been many, all skipped for `reason`. It allocates nothing.
    fn add(&self, reason: Reason) -> Option<&'static str> {
        let is_many = self.skipped.add(reason, 1) == MANY;
        let is_telling = is_many && self.tracked.load(SeqCst) == 0 && self.skipped.is_only(reason);
        key(reason).filter(|_| is_telling)
    }
}

/// The key that skips for `reason`. None where none does, and for `mode = "off"`, which says so itself.
fn key(reason: Reason) -> Option<&'static str> {
    match reason {
        Reason::Consent => Some("consent.before"),
        Reason::ContentType => Some("track.content_types"),
        Reason::Fragment => Some("track.fragments"),
        Reason::Ignored => Some("track.ignore"),
        Reason::Method => Some("track.methods"),
        Reason::NotOnly => Some("track.only"),
        Reason::Status => Some("track.status"),
        Reason::UnknownSite => Some("site"),
        _ => None,
    }
}

#[cfg(test)]
mod test {
    use super::*;

    /// What is answered to the last of `count` requests, and that nothing is to those before.
    fn last(book: &RequestBook, reason: Reason, count: u64) -> Option<&'static str> {
        (1..count).for_each(|n| assert_eq!(book.add(reason), None, "{n}"));
        book.add(reason)
    }

    #[test]
    fn the_hundredth_of_one_reason_is_told_once_with_its_key() {
        let book = RequestBook::default();
        assert_eq!(last(&book, Reason::UnknownSite, 100), Some("site"));
        assert_eq!(last(&book, Reason::UnknownSite, 200), None);
        assert_eq!(book.snapshot(), Requests::new(0, vec![(Reason::UnknownSite, 300)], 0));
    }

    #[test]
    fn nothing_is_told_where_something_counts_or_reasons_differ() {
        let book = RequestBook::default();
        book.track();
        assert_eq!(last(&book, Reason::Ignored, 200), None);
        let book = RequestBook::default();
        book.skip(Reason::Method);
        assert_eq!(last(&book, Reason::Ignored, 200), None);
    }

    #[test]
    fn what_no_key_decides_is_not_told() {
        for reason in [Reason::Off, Reason::Prefetch, Reason::Upgrade, Reason::Abandoned] {
            assert_eq!(last(&RequestBook::default(), reason, 200), None);
        }
    }
}
