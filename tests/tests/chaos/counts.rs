//! What a run counts, and the books that it is held against.

use std::fmt;

use trackside_core::{Reason, ledger::Hits};

/// What happened in one run, or in all of them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) runs: u64,
    pub(crate) faults: u64,
    /// Submitted.
    pub(crate) hits: u64,
    /// Which the books say were refused or dropped, as the contract allows.
    pub(crate) given_up: u64,
    /// Sent to a receiver that knows a second copy, or left to another process, and so there twice.
    pub(crate) again: u64,
    /// Which the contract keeps, and which are nowhere.
    pub(crate) lost: u64,
    /// Which have a key, or may not be sent twice, and counted twice.
    pub(crate) doubled: u64,
}

impl Counts {
    /// All of them in one line, for another process.
    pub(crate) fn words(&self) -> String {
        let Self { runs, faults, hits, given_up, again, lost, doubled } = self;
        format!("{runs} {faults} {hits} {given_up} {again} {lost} {doubled}")
    }

    /// What [`words`](Self::words) wrote.
    pub(crate) fn of(words: &str) -> Self {
        let counts: Vec<u64> = words.split(' ').map(|count| count.parse().unwrap()).collect();
        let [runs, faults, hits, given_up, again, lost, doubled] = counts.try_into().unwrap();
        Self { runs, faults, hits, given_up, again, lost, doubled }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.runs += other.runs;
        self.faults += other.faults;
        self.hits += other.hits;
        self.given_up += other.given_up;
        self.again += other.again;
        self.lost += other.lost;
        self.doubled += other.doubled;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { runs, faults, hits, given_up, again, lost, doubled } = self;
        write!(
            f,
            "{runs} runs, {faults} faults, {hits} hits, {given_up} given up and counted, {again} sent again, \
             {lost} lost, {doubled} doubled"
        )
    }
}

/// How many hits were refused or dropped for `reason`.
pub(crate) fn lost(hits: &Hits, reason: Reason) -> u64 {
    let all = hits.refused.iter().chain(&hits.dropped);
    all.filter(|(it, _)| *it == reason).map(|(_, n)| n).sum()
}

/// How many hits were refused or dropped for any reason.
pub(crate) fn all_lost(hits: &Hits) -> u64 {
    hits.refused.iter().chain(&hits.dropped).map(|(_, n)| n).sum()
}

/// offered + adopted = delivered + Σ refused + Σ dropped + pending, and pending counted apart is the same.
pub(crate) fn assert_balanced(hits: &Hits) {
    let ended = hits.delivered + all_lost(hits);
    let came = hits.offered + hits.adopted;
    assert!(ended <= came, "more ended than came: {hits:?}");
    assert_eq!(came - ended, hits.queued + hits.in_flight + hits.spooled, "{hits:?}");
}
