//! The spool and a model of it in step, on a disk in memory: hits are written, read, marked, cut, damaged and adopted by
//! processes of which any may be killed at any change of the disk.
//!
//! Written after the specification of the files, which is the documentation of the module `spool` in `transports`.

mod brim;
mod known;
mod life;
mod memory;

use std::{path::Path, sync::OnceLock, thread, time::Duration};

use trackside_core::Hit;
use trackside_transports::spool::State;

use self::{
    known::{Fate, Known},
    life::Life,
    memory::Memory,
};
use crate::{counts::Counts, hits::Maker, random::Random};

/// Where a header ends.
const FIRST: usize = 64;
/// Where the state of a hit stands in its frame.
const STATE: u64 = 2;
/// The size of the smallest segments.
const SEGMENT: u64 = 160 << 10;

/// One run of so many is of a pool.
const BRIM: u64 = 20;

/// One run of so many goes on with a disk that failed.
const PATIENT: u64 = 250;

/// After a failure nothing is written for a little less than that.
const AWAY: Duration = Duration::from_millis(1_100);

/// Hits of a run, at most.
const MOST: usize = 4_000;

const FOLDER: &str = "/spool/stats";

pub(crate) fn run(seed: u64) -> Counts {
    if seed.is_multiple_of(BRIM) {
        return brim::run(seed);
    }
    let mut random = Random::new(seed);
    // Few fill a segment.
    let (burst, limit) =
        if random.percent(5) { (150, *random.one_of(&[SEGMENT, SEGMENT * 5 / 2])) } else { (20, 1 << 30) };
    let mut play = Play {
        memory: Memory::default(),
        burst,
        limit,
        known: Known::default(),
        lives: Vec::new(),
        next: 0,
        faults: 0,
        waits: if seed % PATIENT == 1 { 2 } else { 0 },
    };
    for _ in 0..random.within(20..80) {
        play.step(&mut random);
    }
    play.finish(&mut random);
    Counts {
        runs: 1,
        faults: play.faults,
        hits: play.next as u64,
        given_up: play.next as u64 - play.known.ended(),
        ..Counts::default()
    }
}

/// Hits with their places as numbers; half of them large.
fn hit(place: usize) -> Hit {
    static HITS: OnceLock<Vec<Hit>> = OnceLock::new();
    let hits = HITS.get_or_init(|| {
        let (maker, mut random) = (Maker::new(), Random::new(0));
        let mut size = || if random.percent(50) { random.below(250) } else { random.within(1_000..1_900) };
        (0..MOST).map(|_| maker.page(0, size())).collect()
    });
    hits[place].clone()
}

struct Play {
    memory: Memory,
    /// Hits written at a time, fewer than that.
    burst: usize,
    limit: u64,
    known: Known,
    /// Processes that live.
    lives: Vec<Life>,
    next: usize,
    faults: u64,
    /// How often a failure is waited out.
    waits: usize,
}

impl Play {
    fn step(&mut self, random: &mut Random) {
        if self.lives.is_empty() || (self.lives.len() < 3 && random.percent(10)) {
            return self.begin(random);
        }
        let which = random.below(self.lives.len());
        match random.below(100) {
            ..30 => (0..random.within(1..self.burst)).for_each(|_| self.write(which, false, random)),
            30..34 => {
                self.faults += 1;
                self.lives[which].disk.tear(random.percent(50));
                self.write(which, true, random);
                self.lives[which].disk.mend();
                self.wait(which);
            }
            34..54 => self.read(which, 1 + random.below(30)),
            54..76 => self.mark(which, random),
            76..84 => self.lives[which].tend(),
            84..90 => {
                self.faults += 1;
                self.lives[which].disk.die_at(1 + random.below(30) as u64);
            }
            90..93 => {
                self.faults += 1;
                self.lives[which].disk.die();
            }
            93..96 => self.close(which),
            _ => self.damage(random),
        }
        self.bury();
    }

    fn begin(&mut self, random: &mut Random) {
        self.lives.push(Life::new(&self.memory, random.next(), self.limit));
    }

    /// `is_torn`: the next write fails.
    fn write(&mut self, which: usize, is_torn: bool, random: &mut Random) {
        let life = &mut self.lives[which];
        if life.disk.is_dead() || self.next == MOST {
            return;
        }
        let number = self.next;
        self.next += 1;
        let is_written = life.write(&hit(number), random.below(2) as u8);
        match (is_written, life.disk.is_dead()) {
            (true, _) => {
                let place = life.disk.wrote();
                life.is_in(&place.path);
                self.known.written(number, life.id, place);
            }
            (false, true) => self.known.perhaps_written(number, life.id),
            // Unless the disk failed there is no room for a segment more.
            (false, false) => assert!(
                is_torn || life.has_failed || self.memory.bytes() + SEGMENT > self.limit,
                "hit {number} was turned away"
            ),
        }
        life.has_failed |= !is_written;
        assert!(life.own_bytes(&self.memory) <= self.limit, "{} bytes", self.limit);
    }

    /// Until the disk is tried again.
    fn wait(&mut self, which: usize) {
        let life = &mut self.lives[which];
        if self.waits > 0 && life.has_failed && !life.disk.is_dead() {
            self.waits -= 1;
            thread::sleep(AWAY);
            life.has_failed = false;
        }
    }

    fn read(&mut self, which: usize, most: usize) {
        let life = &mut self.lives[which];
        let (stored, lost) = life.read(most);
        if life.disk.is_dead() {
            return;
        }
        assert!(lost == 0 || self.known.is_damaged, "{lost} damaged hits, of none");
        assert!(stored.len() <= most);
        let (id, is_all) = (life.id, stored.len() < most);
        for stored in stored {
            let author = self.known.read(&stored, id);
            assert!(!stored.is_adopted || self.lives.iter().all(|life| life.id != author), "it lives");
            self.lives[which].held.push(stored);
        }
        assert!(!is_all || self.known.unread_of(id) == 0, "its own were not read");
        self.assert_pending(which);
    }

    fn mark(&mut self, which: usize, random: &mut Random) {
        let life = &mut self.lives[which];
        let (state, fate) = *random.one_of(&[
            (State::Delivered, Fate::Ended),
            (State::Refused, Fate::Ended),
            (State::Dropped, Fate::Ended),
            (State::Begun, Fate::Begun),
            (State::Waiting, Fate::Waiting),
        ]);
        let count = random.below(life.held.len() + 1);
        let first = random.below(life.held.len() - count + 1);
        let marked = life.mark(first..first + count, state);
        self.known.marked(&marked, fate, life.disk.is_dead());
        if !life.disk.is_dead() {
            self.assert_pending(which);
        }
    }

    fn assert_pending(&self, which: usize) {
        let life = &self.lives[which];
        assert_eq!(life.spool.pending(), self.known.pending_of(life.id));
    }

    fn close(&mut self, which: usize) {
        let life = self.lives.swap_remove(which);
        self.known.let_go(life.id);
        life.close();
    }

    /// Lets go of those that were killed.
    fn bury(&mut self) {
        for life in self.lives.extract_if(.., |life| life.disk.is_dead()) {
            self.known.let_go(life.id);
        }
    }

    /// Damages what was left: a bit, or all from some byte on.
    fn damage(&mut self, random: &mut Random) {
        let left = self.memory.left();
        if left.is_empty() {
            return;
        }
        let path = random.one_of(&left);
        let length = self.memory.edit(path, |bytes| bytes.len());
        if length == 0 {
            return;
        }
        let at = random.below(length);
        if random.percent(30) {
            self.memory.edit(path, |bytes| bytes.truncate(at));
            self.known.cut(path, at as u64);
        } else if self.known.may_damage(path, at as u64) {
            let byte = self.memory.edit(path, |bytes| {
                bytes[at] ^= 1 << random.below(8);
                bytes[at]
            });
            self.known.damaged(path, at as u64, byte);
        } else {
            return;
        }
        self.faults += 1;
    }

    /// Everything that has not ended is there, and then nothing.
    fn finish(&mut self, random: &mut Random) {
        while !self.lives.is_empty() {
            if random.percent(50) {
                self.lives[0].disk.die();
                self.bury();
            } else {
                self.close(0);
            }
        }
        self.begin(random);
        for round in 0.. {
            assert!(round < 1_000, "it comes to no end: {:?}", self.memory.segments());
            self.lives[0].tend();
            self.read(0, 50);
            let count = self.lives[0].held.len();
            let marked = self.lives[0].mark(0..count, State::Delivered);
            self.known.marked(&marked, Fate::Ended, false);
            if count == 0 && self.memory.segments().is_empty() {
                break;
            }
        }
        self.close(0);
        self.known.assert_ended();
        assert!(self.memory.is_bare(Path::new(FOLDER)), "{:?}", self.memory);
    }
}
