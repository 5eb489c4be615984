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
        if let Some(advice) = self.add(reason) {
            log::guarded(|| {
                tracing::warn!(
                    target: "trackside",
                    "the first {MANY} requests were all skipped({reason}), and none was counted: {advice}"
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

    /// Answers where to look when there have been many, all skipped for `reason`. It allocates nothing.
    fn add(&self, reason: Reason) -> Option<&'static str> {
        let is_many = self.skipped.add(reason, 1) == MANY;
        let is_telling = is_many && self.tracked.load(SeqCst) == 0 && self.skipped.is_only(reason);
        advice(reason).filter(|_| is_telling)
    }
}

/// Where to look when everything is skipped for `reason`: at the key that does it, where one does. Nowhere for
/// `mode = "off"`, which says so itself.
fn advice(reason: Reason) -> Option<&'static str> {
    Some(match reason {
        Reason::Off => return None,
        Reason::Abandoned => {
            "the host gives no response to what it begins, so that there is nothing to judge; look at its adapter"
        }
        Reason::Beacon => {
            "see `beacon.path` in the configuration, and whether pages load the beacon's script"
        }
        Reason::Consent => "see `consent.before` in the configuration",
        Reason::ContentType => "see `track.content_types` in the configuration",
        Reason::CrossOrigin => "see `site` in the configuration, and whether proxies keep the Host header",
        Reason::Endpoint => {
            "see `beacon.path` in the configuration, and whether pages load the beacon's script"
        }
        Reason::Download => "see `track.downloads` in the configuration",
        Reason::Fragment => "see `track.fragments` in the configuration",
        Reason::Ignored => "see `track.ignore` in the configuration",
        Reason::Method => "see `track.methods` in the configuration",
        Reason::NotFound => "see `track.not_found` in the configuration",
        Reason::NotOnly => "see `track.only` in the configuration",
        Reason::Prefetch => {
            "all say that they fetch ahead of any view (Sec-Purpose and the like); look at the proxy"
        }
        Reason::Status => "see `track.status` in the configuration",
        Reason::UnknownSite => "see `site` in the configuration, and `proxy`, whose host may be meant",
        Reason::Upgrade => "all left HTTP (101); count the pages' server, too",
        _ => "no key decides this",
    })
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
        assert_eq!(
            last(&book, Reason::UnknownSite, 100),
            Some("see `site` in the configuration, and `proxy`, whose host may be meant")
        );
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

    /// For each of them; numbers below 100 are reasons to skip.
    #[test]
    fn every_reason_has_its_advice_but_off() {
        for &reason in Reason::ALL.iter().filter(|reason| reason.number() < 100) {
            let told = last(&RequestBook::default(), reason, 100);
            assert_eq!(told.is_none(), reason == Reason::Off, "{reason}");
            assert_ne!(told, Some("no key decides this"), "{reason} has no advice of its own");
        }
        assert_eq!(last(&RequestBook::default(), Reason::Off, 200), None);
    }
}
