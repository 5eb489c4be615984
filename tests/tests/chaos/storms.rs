//! The receiver, the sinks, the clock and the disk do everything wrong at once, beneath pools that spool their hits and
//! come and go.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use trackside_core::{
    Reason,
    config::{Fsync, Http, Spooling, WhenFull, Workers},
    ledger::Hits,
    protocol::{Needs, Outcome},
    transport::Transport,
};
use trackside_tests::folder::Folder;
use trackside_transports::{
    clock::Clock,
    pool::{Backoff, Options, Pool},
    sinks,
    spool::{self, Budget},
};

use crate::{
    ailing::{Ailing, Mood},
    clock::Unsteady,
    counts::{self, Counts},
    hits::Maker,
    random::Random,
    receiver::{Did, Fault, Profile, Receiver, processed},
    spooled::{self, Ledger},
    watched::{Attempt, Counted, End, Log},
    wire::Wire,
};

pub(crate) fn run(seed: u64) -> Counts {
    let mut random = Random::new(seed);
    let (maker, folder) = (Maker::new(), Folder::new().unwrap());
    let patience = Duration::from_millis(random.within(30..80) as u64);
    let profile = Profile { faults: Fault::ALL.to_vec(), percent: random.within(5..95), patience };
    let storm = Storm {
        receiver: Receiver::start(seed, profile),
        disk: Ailing::new(seed),
        clock: Arc::new(Unsteady::new()),
        log: Log::new(seed, *random.one_of(&[0, 0, 2, 10])),
        patience,
    };
    let options = storm.options(&mut random, &maker, &folder);
    let mut ledger = Ledger::default();
    for _ in 0..random.within(1..4) {
        storm.live(&options, &maker, &mut random, &mut ledger);
    }
    storm.disk.be(Mood::Well);
    storm.receiver.heal();
    storm.log.heal();
    spooled::finish(&folder.join("stats"), || storm.open(&options), &maker, &mut ledger);
    let (faults, unmarked) =
        (storm.receiver.faults() + storm.disk.faults() + storm.clock.jumps(), storm.disk.unmarked());
    let outside =
        Outside { is_key: options.dedupe, attempts: storm.log.take(), did: storm.receiver.close(), unmarked };
    Counts { runs: 1, faults, ..outside.hold_against(&ledger) }
}

struct Storm {
    receiver: Receiver,
    disk: Ailing,
    clock: Arc<Unsteady>,
    log: Arc<Log>,
    patience: Duration,
}

impl Storm {
    fn options(&self, random: &mut Random, maker: &Maker, folder: &Folder) -> Options {
        let destination = maker.destination();
        let (mut queue, mut batch) = (destination.queue.clone(), destination.batch);
        queue.hits = random.within(10..300);
        queue.bytes = if random.percent(50) { random.within(4_000..60_000) } else { queue.bytes };
        queue.when_full = *random.one_of(&[WhenFull::DropNewest, WhenFull::DropOldest]);
        batch.hits = random.within(1..40);
        batch.age = Duration::from_millis(random.within(0..4) as u64);
        let mut needs = Needs::default();
        (needs.dedupe, needs.batch) = (random.percent(50), random.within(1..30));
        let spool = spool::Options {
            folder: folder.join("stats"),
            fsync: *random.one_of(&[Fsync::Never, Fsync::Always, Fsync::Every(Duration::from_millis(20))]),
            budget: Arc::new(Budget::new(*random.one_of(&[400 << 10, 1 << 30]))),
            disk: Arc::new(self.disk.clone()),
        };
        Options {
            name: "chaos".to_owned(),
            workers: Workers::Count(random.within(1..4)),
            queue,
            batch,
            // Of whoever spools, by default: the clock makes no hit as old as that.
            max_age: Duration::from_secs(72 * 3_600),
            dedupe: needs.dedupe,
            protocol: Some(Arc::new(Wire::new(self.receiver.url(), needs, Arc::<Counted>::default()))),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            spool: Some((*random.one_of(&[Spooling::Always, Spooling::Overflow]), spool)),
            ..Options::of(destination)
        }
    }

    fn open(&self, options: &Options) -> Pool {
        let mut http = Http::from(self.patience);
        http.stages.answer = self.patience * 3 / 4;
        let factory = sinks::http::factory(Arc::clone(options.protocol.as_ref().unwrap()), http);
        let quick = Backoff::new(Duration::from_micros(100), Duration::from_millis(3));
        Pool::with_backoff(options.clone(), quick, self.log.watch(factory))
    }

    /// A pool is opened, used and closed while everything changes.
    fn live(&self, options: &Options, maker: &Maker, random: &mut Random, ledger: &mut Ledger) {
        let pool = self.open(options);
        for _ in 0..random.within(10..50) {
            match random.below(20) {
                0..4 => self.disk.be(*random.one_of(&Mood::ALL)),
                4 => self.receiver.flap(Duration::from_millis(random.within(0..30) as u64)),
                5 => self.clock.jump(random),
                _ => {}
            }
            for _ in 0..random.below(15) {
                ledger.submit(&pool, maker.page(self.clock.micros(), random.below(300)));
            }
            let book = pool.stats().remove(0);
            assert!(book.delivered + counts::all_lost(&book) <= book.offered + book.adopted, "{book:?}");
            thread::sleep(Duration::from_micros(random.below(10_000) as u64));
        }
        // As a process that has no time, or some.
        let within = *random.one_of(&[0, 20, 1_000]);
        ledger.close(&pool, Instant::now() + Duration::from_millis(within));
    }
}

/// What is known of a run without asking the books.
struct Outside {
    is_key: bool,
    attempts: Vec<Attempt>,
    did: BTreeMap<u64, Did>,
    /// How often it could not be written down what had become of a hit: each may be tried again by the next, or be
    /// given up by it as one of which nobody knows.
    unmarked: u64,
}

impl Outside {
    fn hold_against(&self, ledger: &Ledger) -> Counts {
        let mut ended: BTreeMap<&str, u64> = BTreeMap::new();
        let (mut fates, mut once_more): (BTreeSet<u64>, u64) = (BTreeSet::new(), 0);
        for attempt in &self.attempts {
            attempt.assert_true(&self.did);
            let fate = match attempt.end {
                End::Told(Outcome::Delivered) => "delivered",
                End::Told(Outcome::Refused(Reason::Rejected)) => "rejected",
                End::Told(Outcome::Split) if attempt.hits.len() == 1 => "too large",
                End::Told(Outcome::Retry(_) | Outcome::Split) => continue,
                End::Told(Outcome::Unknown) | End::Panicked if self.is_key => continue,
                End::Told(Outcome::Unknown) | End::Panicked => "ambiguous",
                ref other => panic!("no receiver here answers {other:?}"),
            };
            *ended.entry(fate).or_default() += attempt.hits.len() as u64;
            once_more += attempt.hits.iter().filter(|hit| !fates.insert(**hit)).count() as u64;
        }
        assert!(once_more <= self.unmarked, "{once_more} hits were tried again after their end");
        let sum = |of: &dyn Fn(&Hits) -> u64| ledger.lives.iter().map(of).sum::<u64>();
        let lost = |reason| sum(&|book| counts::lost(book, reason));
        let fated = |fate: &str| ended.get(fate).copied().unwrap_or_default();
        let panics = self.attempts.iter().filter(|attempt| attempt.end == End::Panicked).count() as u64;
        assert_eq!(sum(&|book| book.offered), ledger.offered);
        assert_eq!(sum(&|book| book.panics), panics);
        assert_eq!(sum(&|book| book.delivered), fated("delivered"));
        assert_eq!(lost(Reason::Rejected), fated("rejected"));
        assert_eq!(lost(Reason::TooLarge), fated("too large"));
        let more = lost(Reason::Ambiguous).checked_sub(fated("ambiguous"));
        assert!(more.is_some_and(|more| more <= self.unmarked), "{more:?}, {} unmarked", self.unmarked);
        assert_eq!(lost(Reason::Expired), 0, "no hit is three days old");
        let has_failed = self.did.values().any(|did| did.fault == Some(Fault::ServerError)) || panics > 0;
        assert!(lost(Reason::Poison) == 0 || has_failed, "nobody but a server that fails accuses a hit");

        let processed = processed(&self.did);
        let is_nowhere = |hit: &&u64| !processed.contains_key(hit) && !fates.contains(hit);
        let missing = ledger.queued.iter().filter(is_nowhere).count() as u64;
        let given_up = sum(&counts::all_lost);
        let told: u64 = ["rejected", "too large", "ambiguous"].map(fated).iter().sum();
        let twice: u64 = processed.values().map(|times| times - 1).sum();
        Counts {
            hits: ledger.offered,
            given_up,
            again: if self.is_key { twice } else { twice.min(self.unmarked) },
            lost: missing.saturating_sub(given_up - ledger.turned_away - told),
            doubled: if self.is_key { 0 } else { twice.saturating_sub(self.unmarked) },
            ..Counts::default()
        }
    }
}
