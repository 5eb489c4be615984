//! What is known of a run without asking the pools' books, and these held against it.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    diary::{Diary, How},
    setting::Setting,
};
use crate::{counts::Counts, receiver::Did};

pub(super) struct Outside {
    pub(super) setting: Setting,
    pub(super) diaries: BTreeMap<u64, Diary>,
    pub(super) did: BTreeMap<u64, Did>,
}

impl Outside {
    pub(super) fn counts(&self) -> Counts {
        self.assert_attempts_are_true();
        let processed = self.processed();
        let submitted: BTreeSet<_> = self.diaries.values().flat_map(|diary| &diary.submitted).collect();
        assert!(processed.keys().all(|hit| submitted.contains(hit)), "hits from nowhere");
        let unknown: BTreeSet<_> =
            self.diaries.values().flat_map(|diary| diary.hits_of(How::Unknown)).collect();
        // Without a key what may have been processed is dropped(ambiguous).
        let is_given_up = |hit: &u64| !self.setting.is_key && unknown.contains(hit);
        let is_missing = |hit: &&u64| !processed.contains_key(hit) && !is_given_up(hit);
        let mut missing =
            self.diaries.values().flat_map(|diary| &diary.sure).filter(is_missing).count() as u64;
        let (mut given_up, mut killed) = (0, 0);
        for diary in self.diaries.values() {
            let Some(end) = diary.end else {
                killed += 1;
                continue;
            };
            assert_eq!(end.offered, diary.submitted.len() as u64, "{end:?}");
            assert_eq!(end.offered, diary.queued.len() as u64 + diary.turned_away, "{end:?}");
            assert_eq!(end.delivered, diary.hits_of(How::Delivered).count() as u64, "{end:?}");
            // What was never sure may have been dropped, as the book of one that ended well says.
            let unsure = diary.queued.difference(&diary.sure).filter(is_missing).count() as u64;
            missing += unsure.saturating_sub(end.given_up - diary.turned_away);
            given_up += end.given_up;
        }
        let twice = processed.values().map(|times| times - 1).sum();
        let is_key = self.setting.is_key;
        Counts {
            hits: submitted.len() as u64,
            given_up,
            again: if is_key { twice } else { 0 },
            lost: missing.saturating_sub(killed * self.setting.about_to()),
            doubled: if is_key { 0 } else { twice },
            ..Counts::default()
        }
    }

    /// How often each hit was processed.
    fn processed(&self) -> BTreeMap<u64, u64> {
        let mut processed = BTreeMap::new();
        for hit in self.did.values().filter(|did| did.is_processed).flat_map(|did| &did.hits) {
            *processed.entry(*hit).or_default() += 1;
        }
        processed
    }

    /// What processes were told of attempts is what the receiver did, or that nobody knows.
    fn assert_attempts_are_true(&self) {
        for (number, attempt) in self.diaries.values().flat_map(|diary| &diary.attempts) {
            let did = self.did.get(number);
            let is_processed = did.is_some_and(|did| did.is_processed);
            assert!(did.is_none_or(|did| did.hits == attempt.hits));
            let is_true = match attempt.outcome {
                How::Again => !is_processed,
                How::Delivered => is_processed,
                How::Unknown => true,
            };
            assert!(is_true, "{attempt:?} of {did:?}");
        }
    }
}
