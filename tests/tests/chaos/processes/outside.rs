//! What is known of a run without asking the pools' books, and these held against it.

use std::collections::{BTreeMap, BTreeSet};

use trackside_core::config::Spooling;

use super::{
    diary::{Attempt, Diary, End, How},
    setting::Setting,
};
use crate::{
    counts::Counts,
    receiver::{Did, processed},
};

/// Of a sink that panics over so many attempts at one hit nobody can tell that the hit is not to blame: three until it
/// steps aside, and two more when it is alone.
const TO_BLAME: usize = 5;

pub(super) struct Outside {
    pub(super) setting: Setting,
    pub(super) diaries: BTreeMap<u64, Diary>,
    pub(super) did: BTreeMap<u64, Did>,
}

impl Outside {
    pub(super) fn counts(&self) -> Counts {
        self.assert_attempts_are_true();
        let is_key = self.setting.is_key;
        let processed = processed(&self.did);
        let submitted: BTreeSet<_> = self.diaries.values().flat_map(|diary| &diary.submitted).collect();
        assert!(processed.keys().all(|hit| submitted.contains(hit)), "hits from nowhere");
        let may_be_given_up = self.may_be_given_up();
        let is_missing = |hit: &&u64| !processed.contains_key(hit) && !may_be_given_up.contains(hit);
        let mut lost = self.diaries.values().flat_map(|diary| &diary.sure).filter(is_missing).count() as u64;
        let mut given_up = 0;
        for diary in self.diaries.values() {
            let Some(end) = diary.end else {
                self.assert_few_were_in_flight(diary);
                continue;
            };
            self.assert_book_is_true(diary, end);
            given_up += end.given_up;
            // What never was sure is in no spool: the book says how many of these there were at the end.
            let unsure = diary.queued.difference(&diary.sure).filter(is_missing).count() as u64;
            lost += unsure.saturating_sub(end.shut);
        }
        let twice = processed.values().map(|times| times - 1).sum();
        Counts {
            hits: submitted.len() as u64,
            given_up,
            again: if is_key { twice } else { 0 },
            lost,
            doubled: if is_key { 0 } else { twice },
            ..Counts::default()
        }
    }

    /// Hits that the contract gives up: without a key all of which nobody knows whether they were processed, those of
    /// killed processes as these wrote it down; and over which sinks panicked again and again.
    fn may_be_given_up(&self) -> BTreeSet<u64> {
        let mut all: BTreeSet<u64> = BTreeSet::new();
        for diary in self.diaries.values() {
            if !self.setting.is_key {
                all.extend(diary.unknown());
                all.extend(&diary.begun);
            }
            all.extend(to_blame(diary));
        }
        all
    }

    /// At most one attempt of each worker is torn by a kill.
    fn assert_few_were_in_flight(&self, diary: &Diary) {
        let torn: Vec<&Attempt> = diary.attempts_that(How::Torn).collect();
        assert!(torn.len() <= self.setting.workers, "{torn:?}");
    }

    /// The book of a process that ended well says what was seen of it.
    fn assert_book_is_true(&self, diary: &Diary, end: End) {
        assert_eq!(diary.attempts_that(How::Torn).count(), 0, "{end:?}");
        assert_eq!(end.offered, diary.submitted.len() as u64, "{end:?}");
        assert_eq!(end.offered, diary.queued.len() as u64 + diary.turned_away, "{end:?}");
        assert_eq!(end.delivered, diary.hits_of(How::Delivered).count() as u64, "{end:?}");
        assert_eq!(end.panics, diary.attempts_that(How::Panicked).count() as u64, "{end:?}");
        assert_eq!(end.given_up, diary.turned_away + end.ambiguous + end.shut + end.poison, "{end:?}");
        let unknown = if self.setting.is_key { 0 } else { diary.unknown().count() as u64 };
        // Where there is a spool, what others left as being attempted comes on top, and nothing else.
        let left = self.diaries.values().map(|diary| diary.begun.len() as u64).sum::<u64>();
        assert!((unknown..=unknown + left).contains(&end.ambiguous), "{unknown}, {left}: {end:?}");
        assert!(end.poison <= to_blame(diary).count() as u64, "{end:?}");
        if self.setting.spooling == Spooling::Off {
            assert_eq!(end.offered, end.delivered + end.given_up, "{end:?}");
        }
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
                How::Panicked | How::Torn | How::Unknown => true,
            };
            assert!(is_true, "{attempt:?} of {did:?}");
        }
    }
}

/// Hits over which the sinks of a process panicked so often that it may have refused them for it.
fn to_blame(diary: &Diary) -> impl Iterator<Item = u64> {
    let mut panics: BTreeMap<u64, usize> = BTreeMap::new();
    diary.hits_of(How::Panicked).for_each(|hit| *panics.entry(hit).or_default() += 1);
    panics.into_iter().filter(|(_, times)| *times >= TO_BLAME).map(|(hit, _)| hit)
}
