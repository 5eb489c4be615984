//! The two books: every request ends as tracked or skipped(reason), every hit offered to a destination
//! as delivered, refused(reason), dropped(reason) or pending.
//!
//! ```text
//! requests                 seen    = tracked + Σ skipped(reason)
//! hits, per destination    offered + adopted = delivered + Σ refused(reason) + Σ dropped(reason) + pending
//! ```

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

macro_rules! reasons {
    ($($(#[$doc:meta])+ $variant:ident = $number:literal, $code:literal;)+) => {
        /// Why something was skipped, refused or dropped. Numbers and codes are forever.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[non_exhaustive]
        #[repr(u16)]
        pub enum Reason {
            $($(#[$doc])+ $variant = $number,)+
        }

        impl Reason {
            /// Every reason there is, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable name, as it stands in reports and vectors.
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }
        }
    };
}

// 1-99: a request is skipped. 100-199: a receiver refuses a hit. 200-299: a hit is dropped.
reasons! {
    /// Skipped: `mode = "off"`.
    Off = 1, "off";
    /// Skipped: the method is not among `track.methods`.
    Method = 2, "method";
    /// Skipped: the request's host is not among `site`, or it names no valid host, or a target without a `/` first.
    UnknownSite = 3, "unknown-site";
    /// Skipped: a pattern of `track.ignore` covers the path.
    Ignored = 4, "ignored";
    /// Skipped: no pattern of `track.only` covers the path.
    NotOnly = 5, "not-only";
    /// Skipped: the browser or a library fetched ahead of any view.
    Prefetch = 6, "prefetch";
    /// Skipped: the connection left HTTP (101).
    Upgrade = 7, "upgrade";
    /// Skipped: the status is not among `track.status`.
    Status = 8, "status";
    /// Skipped: the content type is not among `track.content_types`.
    ContentType = 9, "content-type";
    /// Skipped: the exchange was dropped, or abandoned, before it was finished.
    Abandoned = 10, "abandoned";
    /// Skipped: the visitor has not agreed, and `consent.before` or `consent.denied` says "skip".
    Consent = 11, "consent";
    /// Skipped: the beacon counts this page, as `beacon.path` is set and a shared cache may keep the page, or the
    /// page was given the beacon's script.
    Beacon = 12, "beacon";
    /// Skipped: a part of a page, or something else that is not shown as one, was asked for.
    Fragment = 13, "fragment";
    /// Skipped: a download, which is recorded as an event, as `track.downloads` asks for.
    Download = 14, "download";
    /// Skipped: a page that is not there, which is recorded as an event, as `track.not_found` asks for.
    NotFound = 15, "not-found";
    /// Skipped: an answer of trackside's own to what tells of no page view, such as a request for the beacon's
    /// script.
    Endpoint = 22, "endpoint";
    /// Skipped: a request that trackside itself answers, and that no page of the site sent.
    CrossOrigin = 23, "cross-origin";

    /// Refused: the receiver needs a visitor and the hit has none.
    NoVisitor = 100, "no-visitor";
    /// Refused: the receiver would not count an event of this name.
    BadName = 101, "bad-name";
    /// Refused: the receiver answered that it will not have the hit.
    Rejected = 102, "rejected";
    /// Refused: one hit alone is larger than the receiver takes.
    TooLarge = 103, "too-large";
    /// Refused: the receiver cannot count a page view without a site.
    NoSite = 104, "no-site";
    /// Refused: a bot's, which `track.bots` drops, or which the receiver could not tell from persons.
    Bot = 105, "bot";
    /// Refused: it is not for third parties, for the visitor refused or has not agreed.
    NoConsent = 106, "no-consent";
    /// Refused: the host's own filter, or the destination's `only.hits` or `only.sites`, did not want it, or a hook made
    /// nothing of it.
    Filtered = 107, "filtered";
    /// Refused: the receiver failed whenever it was sent this hit, and took others.
    Poison = 108, "poison";
    /// Refused: the receiver answered that its quota is used up, and threw the hit away.
    Quota = 109, "quota";
    /// Refused: the receiver took it for a bot's, and threw it away.
    BotThere = 110, "bot-there";
    /// Refused: a filter of the receiver's own threw it away.
    FilteredThere = 111, "filtered-there";
    /// Refused: the visitor is not among those of whom the destination takes a sample: its `only.visitors`.
    Sampled = 112, "sampled";

    /// Dropped: the queue held as many hits as it may.
    QueueFull = 200, "queue-full";
    /// Dropped: the queue held as many bytes as it may.
    QueueBytes = 201, "queue-bytes";
    /// Dropped: submitted after `close`.
    Closed = 202, "closed";
    /// Dropped: still in memory at the deadline of `close`.
    Shutdown = 203, "shutdown";
    /// Dropped: perhaps delivered, perhaps not, and the receiver could not tell a second copy.
    Ambiguous = 204, "ambiguous";
    /// Dropped: the store cannot be opened or written.
    StoreUnavailable = 205, "store-unavailable";
    /// Dropped: attempted in vain, or in the spool, and older than `max_age`, or older than the receiver's window.
    Expired = 206, "expired";
    /// Dropped: no worker could be started.
    NoWorker = 207, "no-worker";
    /// Dropped: its record in the spool is damaged.
    Corrupt = 208, "corrupt";
}

impl Reason {
    /// The number of this reason, the same in every language and version.
    pub fn number(self) -> u16 {
        self as u16
    }

    fn index(self) -> usize {
        match self.number() {
            n @ 1..=99 => usize::from(n) - 1,
            n @ 100..=199 => usize::from(n) - 100 + SKIPPED,
            n => usize::from(n) - 200 + SKIPPED + REFUSED,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

// Room for each range to grow; `index` and the test below hold them together.
const SKIPPED: usize = 24;
const REFUSED: usize = 16;
const DROPPED: usize = 16;

/// A counter for each reason, to be added to from any thread.
pub struct Counters([AtomicU64; SKIPPED + REFUSED + DROPPED]);

impl Counters {
    /// Counters that stand at zero.
    pub const fn new() -> Self {
        Self([const { AtomicU64::new(0) }; SKIPPED + REFUSED + DROPPED])
    }

    /// Counts `n` more of `reason`, and answers how many there are now.
    pub fn add(&self, reason: Reason, n: u64) -> u64 {
        self.0[reason.index()].fetch_add(n, Ordering::SeqCst) + n
    }

    /// Whether no other reason than `reason` occurred.
    pub fn is_only(&self, reason: Reason) -> bool {
        let mut others = Reason::ALL.iter().filter(|&&other| other != reason);
        others.all(|other| self.0[other.index()].load(Ordering::SeqCst) == 0)
    }

    /// The reasons that occurred, with their counts, in the order of their numbers.
    pub fn snapshot(&self) -> Vec<(Reason, u64)> {
        Reason::ALL
            .iter()
            .map(|&reason| (reason, self.0[reason.index()].load(Ordering::SeqCst)))
            .filter(|&(_, count)| count > 0)
            .collect()
    }
}

impl Default for Counters {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.snapshot()).finish()
    }
}

/// The book of requests at one instant.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Requests {
    /// Requests that ended as a tracked page view.
    pub tracked: u64,
    /// Requests that did not, by reason.
    pub skipped: Vec<(Reason, u64)>,
    /// Annotations that came too late to be used: after the response head, or after `abandoned`.
    pub late: u64,
}

impl Requests {
    /// A book of these counts.
    pub fn new(tracked: u64, skipped: Vec<(Reason, u64)>, late: u64) -> Self {
        Self { tracked, skipped, late }
    }

    /// Requests that ended so far: `tracked` and every `skipped`.
    pub fn seen(&self) -> u64 {
        self.tracked + self.skipped.iter().map(|(_, n)| n).sum::<u64>()
    }
}

/// The book of hits of one destination at one instant.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Hits {
    /// The destination's `name`.
    pub name: String,
    /// Hits handed to the destination.
    pub offered: u64,
    /// Hits that another process left in the spool and this one has read there.
    pub adopted: u64,
    /// Hits that the receiver took.
    pub delivered: u64,
    /// Hits that the receiver, or its protocol, would not have, by reason.
    pub refused: Vec<(Reason, u64)>,
    /// Hits that were given up, by reason.
    pub dropped: Vec<(Reason, u64)>,
    /// Hits waiting in memory alone, counted apart from the books.
    pub queued: u64,
    /// Hits inside a delivery attempt, counted apart from the books.
    pub in_flight: u64,
    /// Hits waiting in the spool, counted apart from the books.
    pub spooled: u64,
    /// Of the hits that are pending with `spool = "always"`, those that a crash would lose, as they are in memory alone.
    pub volatile: u64,
    /// How often the host's code failed on a worker: sinks that panicked and were replaced, filters and editors that
    /// panicked or could not do their work.
    pub panics: u64,
    /// Delivery attempts that were made again.
    pub retries: u64,
    /// Whether deliveries are attempted at present.
    pub breaker: Breaker,
    /// How often the breaker has opened: outages of the receiver.
    pub openings: u64,
}

/// Whether a destination's deliveries are attempted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Breaker {
    /// They are, perhaps after a pause.
    #[default]
    Closed,
    /// One is, which shows whether the receiver is back.
    HalfOpen,
    /// None is: the receiver failed too often in a row.
    Open,
}

impl Breaker {
    /// How it is written in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half-open",
            Self::Open => "open",
        }
    }
}

impl Hits {
    /// Hits whose end is not known yet. Equals `queued + in_flight + spooled` whenever no call is running.
    pub fn pending(&self) -> u64 {
        let ended = self.delivered + sum(&self.refused) + sum(&self.dropped);
        (self.offered + self.adopted).saturating_sub(ended)
    }
}

fn sum(counts: &[(Reason, u64)]) -> u64 {
    counts.iter().map(|(_, n)| n).sum()
}

/// Both books at one instant: what `stats` and `close` return.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// The book of requests. Empty where only a transport was asked.
    pub requests: Requests,
    /// The book of hits, one entry a destination, in the order of the configuration.
    pub destinations: Vec<Hits>,
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn every_reason_has_a_counter_of_its_own() {
        let counters = Counters::new();
        for (n, &reason) in (1..).zip(Reason::ALL) {
            assert_eq!(counters.add(reason, n), n);
            assert_eq!(counters.is_only(reason), n == 1);
        }
        let expected: Vec<_> = Reason::ALL.iter().copied().zip(1..).collect();
        assert_eq!(counters.snapshot(), expected);
    }

    #[test]
    fn codes_are_distinct() {
        let mut codes: Vec<_> = Reason::ALL.iter().map(|r| r.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Reason::ALL.len());
    }
}
