//! Random actions beside a model in memory, with crashes and faults between them.

use super::*;
use std::collections::BTreeMap;
use uuid::Uuid;

/// What the model knows of a hit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fate {
    Begun,
    Ended,
    Waiting,
}

struct Random(u64);

impl Random {
    /// A number below `n`, from a linear congruential generator.
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}

/// A spool and a model of it. `held` is what was read and has not ended.
struct Run {
    place: Place,
    disk: Faulty,
    spool: Spool,
    now: Instant,
    model: BTreeMap<Uuid, Fate>,
    held: Vec<Stored>,
    written: u64,
    crashes: u64,
}

impl Run {
    fn new() -> Self {
        let place = Place::new();
        let disk = Faulty::default();
        let spool = Self::spool(&place, &disk);
        let now = Instant::now();
        Self { place, disk, spool, now, model: BTreeMap::new(), held: Vec::new(), written: 0, crashes: 0 }
    }

    fn spool(place: &Place, disk: &Faulty) -> Spool {
        let mut options = place.options();
        options.budget = Arc::new(Budget::new(4 << 20));
        options.disk = Arc::new(disk.clone());
        open(options)
    }

    fn step(&mut self, random: &mut Random) {
        match random.below(100) {
            0..40 => {
                let hit = hit();
                // A worker is turned away only by a disk that failed.
                if self.spool.save(&hit, random.below(2) as u8) {
                    self.model.insert(hit.id(), Fate::Waiting);
                    self.written += 1;
                }
            }
            40..60 => {
                let read = self.spool.read(1 + random.below(20));
                assert_eq!((read.lost, read.adopted_lost), ([0, 0], 0));
                for stored in read.hits {
                    let fate = self.model[&stored.hit.id()];
                    assert_ne!(fate, Fate::Ended, "offered again");
                    assert_eq!(stored.is_begun, fate == Fate::Begun);
                    assert!(self.held.iter().all(|held| held.hit.id() != stored.hit.id()), "offered twice");
                    self.held.push(stored);
                }
            }
            60..90 => {
                let state = [State::Delivered, State::Refused, State::Dropped, State::Begun, State::Waiting]
                    [random.below(5)];
                let fate = match state {
                    State::Begun => Fate::Begun,
                    State::Waiting => Fate::Waiting,
                    _ => Fate::Ended,
                };
                for _ in 0..random.below(20) {
                    if self.held.is_empty() {
                        break;
                    }
                    let n = random.below(self.held.len());
                    let stored = &self.held[n];
                    self.spool.mark([&stored.spot].into_iter(), state);
                    self.model.insert(stored.hit.id(), fate);
                    if fate == Fate::Ended {
                        self.held.swap_remove(n);
                    }
                }
            }
            90..94 => {
                self.now += Duration::from_secs(40);
                self.spool.tend(self.now);
            }
            94..96 => {
                // A write that is cut short costs its hit and a new segment.
                self.disk.faults().torn.store(1 + random.below(60) as u64, SeqCst);
                assert!(!self.spool.save(&hit(), 0) || self.disk.faults().torn.swap(0, SeqCst) > 0);
                self.disk.faults().torn.store(0, SeqCst);
            }
            96..98 => self.replace(true),
            _ => self.replace(false),
        }
    }

    /// The process ends, and another begins.
    fn replace(&mut self, is_crash: bool) {
        let spool = Self::spool(&self.place, &self.disk);
        let old = std::mem::replace(&mut self.spool, spool);
        if is_crash {
            self.crashes += 1;
            std::mem::forget(std::mem::take(&mut self.held));
            kill(old, &self.place.0);
            // The new one's own lock has gone, too, and it is let go of as well.
            self.spool.close();
            self.spool = Self::spool(&self.place, &self.disk);
        } else {
            old.close();
            self.held.clear();
        }
    }

    /// Everything that has not ended is there.
    fn end(mut self) -> (u64, u64) {
        self.replace(false);
        let mut left: BTreeMap<_, _> = self.model.iter().filter(|(_, fate)| **fate != Fate::Ended).collect();
        for _ in 0..500 {
            self.now += Duration::from_secs(40);
            self.spool.tend(self.now);
            for stored in read(&self.spool) {
                assert!(left.remove(&stored.hit.id()).is_some(), "what has ended, or was never there");
                self.spool.mark([&stored.spot].into_iter(), State::Delivered);
            }
        }
        assert!(left.is_empty(), "lost: {left:?}");
        self.spool.close();
        (self.written, self.crashes)
    }
}

#[test]
fn whatever_happens_each_hit_is_offered_until_it_has_ended() {
    let (mut written, mut crashes) = (0, 0);
    for seed in 1..=60 {
        println!("seed {seed}");
        let mut random = Random(seed);
        let mut run = Run::new();
        for _ in 0..400 {
            run.step(&mut random);
        }
        let done = run.end();
        written += done.0;
        crashes += done.1;
    }
    println!("model: 60 runs, {written} hits, {crashes} crashes");
    assert!(written > 5_000 && crashes > 200, "{written} {crashes}");
}
