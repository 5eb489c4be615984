//! What is known of each hit: what its state on the disk may be, where it is and who deals with it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use trackside_transports::spool::Stored;

use super::{FIRST, STATE, memory::Place};
use crate::hits::number;

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Fate {
    Begun,
    Ended,
    Waiting,
}

impl Fate {
    /// As the specification has it: what is no state counts as begun.
    fn of(byte: u8) -> Self {
        match byte {
            0x1e => Self::Waiting,
            0x4b | 0x55 | 0x66 => Self::Ended,
            _ => Self::Begun,
        }
    }
}

#[derive(Debug)]
struct One {
    author: u64,
    /// None: it is unknown whether it is there.
    place: Option<Place>,
    /// More than one: its process was killed in the midst of marking it.
    fates: BTreeSet<Fate>,
    /// The process that has read it.
    keeper: Option<u64>,
    /// It cannot be read any more.
    is_gone: bool,
}

#[derive(Debug, Default)]
pub(super) struct Known {
    hits: BTreeMap<usize, One>,
    /// Segments of which one copy of the header is damaged.
    headless: BTreeSet<PathBuf>,
    pub(super) is_damaged: bool,
}

impl Known {
    pub(super) fn written(&mut self, number: usize, author: u64, place: Place) {
        self.add(number, author, Some(place));
    }

    /// Its process was killed in the midst of writing it.
    pub(super) fn perhaps_written(&mut self, number: usize, author: u64) {
        self.add(number, author, None);
    }

    fn add(&mut self, number: usize, author: u64, place: Option<Place>) {
        let fates = [Fate::Waiting].into();
        self.hits.insert(number, One { author, place, fates, keeper: None, is_gone: false });
    }

    /// A hit was offered to `keeper`. Answers who wrote it.
    pub(super) fn read(&mut self, stored: &Stored, keeper: u64) -> u64 {
        let number = number(&stored.hit) as usize;
        let one = self.hits.get_mut(&number).expect("it was written");
        let fate = if stored.is_begun { Fate::Begun } else { Fate::Waiting };
        assert!(one.fates.contains(&fate), "{number} is {fate:?}: {one:?}");
        assert!(!one.is_gone && one.keeper.is_none(), "{number}: {one:?}");
        assert_eq!(stored.is_adopted, one.author != keeper, "{number}: {one:?}");
        one.fates = [fate].into();
        one.keeper = Some(keeper);
        one.author
    }

    /// What was written and not offered to its author.
    pub(super) fn unread_of(&self, author: u64) -> usize {
        let all = self.hits.values().filter(|one| one.author == author && one.place.is_some());
        all.filter(|one| one.keeper.is_none() && !one.fates.contains(&Fate::Ended)).count()
    }

    /// What `process` wrote or read and what has not ended.
    pub(super) fn pending_of(&self, process: u64) -> u64 {
        let is_its = |one: &&One| one.author == process || one.keeper == Some(process);
        self.hits.values().filter(is_its).filter(|one| !one.fates.contains(&Fate::Ended)).count() as u64
    }

    /// `is_killed`: in the midst of it.
    pub(super) fn marked(&mut self, numbers: &[usize], fate: Fate, is_killed: bool) {
        for number in numbers {
            let one = self.hits.get_mut(number).unwrap();
            if !is_killed {
                one.fates.clear();
            }
            one.fates.insert(fate);
        }
    }

    /// The process has closed, or was killed.
    pub(super) fn let_go(&mut self, process: u64) {
        let its = self.hits.values_mut().filter(|one| one.keeper == Some(process));
        its.for_each(|one| one.keeper = None);
    }

    /// Of a segment all was cut off from the byte `at` on.
    pub(super) fn cut(&mut self, path: &Path, at: u64) {
        for one in self.hits.values_mut() {
            one.is_gone |= one.place.as_ref().is_some_and(|it| it.path == path && it.at + it.length > at);
        }
    }

    /// Whether it is known what damage at the byte `at` does. That of both copies of a header is another matter.
    pub(super) fn may_damage(&self, path: &Path, at: u64) -> bool {
        match self.at(path, at) {
            Some((_, one)) => !one.is_gone,
            None => at < FIRST as u64 && !self.headless.contains(path),
        }
    }

    /// The byte `at` of a segment is now `byte`.
    pub(super) fn damaged(&mut self, path: &Path, at: u64, byte: u8) {
        let found = self.at(path, at).map(|(number, one)| (number, one.place.as_ref().unwrap().at));
        let Some((number, begin)) = found else {
            self.headless.insert(path.to_owned());
            return;
        };
        let one = self.hits.get_mut(&number).unwrap();
        if at == begin + STATE {
            one.fates = [Fate::of(byte)].into();
        } else {
            (one.is_gone, self.is_damaged) = (true, true);
        }
    }

    fn at(&self, path: &Path, at: u64) -> Option<(usize, &One)> {
        let is_there =
            |place: &Place| place.path == path && (place.at..place.at + place.length).contains(&at);
        let mut all = self.hits.iter();
        all.find(|(_, one)| one.place.as_ref().is_some_and(is_there)).map(|(number, one)| (*number, one))
    }

    /// How many have ended.
    pub(super) fn ended(&self) -> u64 {
        self.hits.values().filter(|one| one.fates.contains(&Fate::Ended)).count() as u64
    }

    /// Whatever was there, and could be read, has ended.
    pub(super) fn assert_ended(&self) {
        for (number, one) in &self.hits {
            let is_over = one.is_gone || one.place.is_none() || one.fates.contains(&Fate::Ended);
            assert!(is_over, "{number} is lost: {one:?}");
        }
    }
}
