//! Pools with a spool beneath them, one life after the other on one folder, and a sink that writes down what it took.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use trackside_core::{
    Reason,
    config::{Fsync, Spooling, Workers},
    ledger::Hits,
    protocol::{Enriched, Outcome},
    transport::{Submitted, Transport},
};
use trackside_transports::{
    clock::{Clock, System},
    pool::{Backoff, Options, Pool},
    sink::Delivery,
    sinks::callback,
    spool::{self, Budget, Disk},
};

use crate::{
    counts::{self, Counts, assert_balanced},
    hits::{Maker, number},
    random::Random,
};

/// Longer than anything takes but what never comes.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// A receiver in memory.
#[derive(Debug)]
pub(crate) struct Taker {
    random: Mutex<Random>,
    /// It is away: all is to be sent again.
    pub(crate) is_away: AtomicBool,
    /// It takes all that comes.
    pub(crate) is_well: AtomicBool,
    took: Mutex<BTreeMap<u64, u64>>,
    /// Hits that it took and did not say so.
    took_silently: AtomicU64,
}

impl Taker {
    pub(crate) fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self {
            random: Mutex::new(Random::of(seed, 3)),
            is_away: AtomicBool::new(false),
            is_well: AtomicBool::new(false),
            took: Mutex::default(),
            took_silently: AtomicU64::new(0),
        })
    }

    fn deliver(&self, batch: &[Enriched<'_>]) -> Delivery {
        let mut random = self.random.lock().unwrap();
        let taken = random.within(1..batch.len() + 1);
        let is_well = self.is_well.load(SeqCst);
        let (outcome, is_processed) = match random.below(10) {
            _ if is_well => (Outcome::Delivered, true),
            _ if self.is_away.load(SeqCst) => (Outcome::Retry(None), false),
            0 => (Outcome::Retry(None), false),
            1 => (Outcome::Unknown, random.percent(50)),
            _ => (Outcome::Delivered, true),
        };
        if is_processed {
            let mut took = self.took.lock().unwrap();
            for enriched in &batch[..taken] {
                *took.entry(number(enriched.hit)).or_default() += 1;
            }
            let is_silent = outcome == Outcome::Unknown;
            self.took_silently.fetch_add(if is_silent { taken as u64 } else { 0 }, SeqCst);
        }
        Delivery::new(taken, outcome)
    }

    /// How often each hit was processed.
    pub(crate) fn took(&self) -> BTreeMap<u64, u64> {
        self.took.lock().unwrap().clone()
    }
}

/// A folder's spool, as it is opened again and again.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    options: Options,
    taker: Arc<Taker>,
}

impl Setting {
    pub(crate) fn new(
        random: &mut Random,
        maker: &Maker,
        folder: &Path,
        disk: Arc<dyn Disk>,
        taker: &Arc<Taker>,
    ) -> Self {
        let destination = maker.destination();
        let (mut queue, mut batch) = (destination.queue.clone(), destination.batch);
        queue.hits = random.within(20..500);
        queue.bytes = if random.percent(50) { random.within(4_000..60_000) } else { queue.bytes };
        batch.hits = random.within(1..40);
        batch.age = Duration::from_millis(random.within(0..3) as u64);
        let fsync = *random.one_of(&[Fsync::Never, Fsync::Always, Fsync::Every(Duration::from_millis(20))]);
        // Room for two segments of the smallest, or for all.
        let bytes = *random.one_of(&[400 << 10, 1 << 30]);
        let spool =
            spool::Options { folder: folder.to_owned(), fsync, budget: Arc::new(Budget::new(bytes)), disk };
        let options = Options {
            name: "chaos".to_owned(),
            workers: Workers::Count(random.within(1..4)),
            queue,
            batch,
            max_age: Duration::from_secs(3_600),
            dedupe: random.percent(50),
            spool: Some((*random.one_of(&[Spooling::Always, Spooling::Always, Spooling::Overflow]), spool)),
            ..Options::of(destination)
        };
        Self { options, taker: Arc::clone(taker) }
    }

    /// Whether the receiver knows a second copy.
    pub(crate) fn is_key(&self) -> bool {
        self.options.dedupe
    }

    /// The same with room for so many bytes on the disk.
    pub(crate) fn with_budget(mut self, bytes: u64) -> Self {
        self.options.spool.as_mut().unwrap().1.budget = Arc::new(Budget::new(bytes));
        self
    }

    /// How many bytes the memory is bounded by.
    pub(crate) fn bytes(&self) -> u64 {
        self.options.queue.bytes as u64
    }

    pub(crate) fn open(&self) -> Pool {
        let taker = Arc::clone(&self.taker);
        let quick = Backoff::new(Duration::from_micros(100), Duration::from_millis(2));
        let deliver = move |batch: &[Enriched<'_>], _: u64| taker.deliver(batch);
        Pool::with_backoff(self.options.clone(), quick, callback::factory(deliver))
    }

    /// Delivers all that was left.
    pub(crate) fn finish(&self, maker: &Maker, ledger: &mut Ledger) {
        finish(&self.options.spool.as_ref().unwrap().1.folder, || self.open(), maker, ledger);
    }
}

/// Delivers all that was left in `folder`, with a disk and a receiver that are well: by as many lives as it takes, since
/// one looks for others' directories once, and then only each half minute.
pub(crate) fn finish(folder: &Path, open: impl Fn() -> Pool, maker: &Maker, ledger: &mut Ledger) {
    // The file of a lock that could not be removed is in nobody's way.
    let directories = || {
        let entries = fs::read_dir(folder).into_iter().flatten().map(Result::unwrap);
        entries.filter(|entry| entry.path().extension().is_none()).count()
    };
    let until = Instant::now() + LIMIT;
    loop {
        let pool = open();
        // The first hit opens the spool, and what was left is found then.
        ledger.submit(&pool, maker.page(System.micros(), 0));
        let patience = Instant::now() + Duration::from_secs(1);
        // One is its own.
        while (pool.stats()[0].pending() > 0 || directories() > 1) && Instant::now() < patience {
            thread::yield_now();
        }
        ledger.close(&pool, until);
        if directories() == 0 {
            return;
        }
        assert!(Instant::now() < until, "hits stay in {}", folder.display());
    }
}

/// What became of hits in all lives, as pools said it.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) lives: Vec<Hits>,
    pub(crate) queued: Vec<u64>,
    pub(crate) offered: u64,
    pub(crate) turned_away: u64,
}

impl Ledger {
    pub(crate) fn submit(&mut self, pool: &Pool, hit: trackside_core::Hit) {
        let number = number(&hit);
        let answer = pool.submit(hit);
        self.note(number, answer);
    }

    fn note(&mut self, number: u64, answer: Submitted) {
        self.offered += 1;
        match answer {
            Submitted::Queued => self.queued.push(number),
            Submitted::Dropped(_) => self.turned_away += 1,
        }
    }

    /// Closes a pool, waits until nothing more is made of its hits, and keeps its book.
    pub(crate) fn close(&mut self, pool: &Pool, until: Instant) {
        let left = pool.close(until).unwrap();
        let limit = Instant::now() + LIMIT;
        while pool.stats()[0].in_flight + pool.stats()[0].queued > 0 {
            assert!(Instant::now() < limit, "{left:?}");
            thread::yield_now();
        }
        let book = pool.stats().remove(0);
        assert_balanced(&book);
        assert_eq!(book.queued, 0, "{book:?}");
        // Whatever came late was in flight when `close` told of it.
        let shut = counts::lost(&book, Reason::Shutdown);
        assert!((left.queued..=left.queued + left.in_flight).contains(&shut), "{left:?}, {book:?}");
        assert!(book.spooled <= left.spooled + left.in_flight, "{left:?}, {book:?}");
        assert_eq!(counts::lost(&book, Reason::Corrupt), 0, "{book:?}");
        self.lives.push(book);
    }

    /// Holds what was said against what the receiver has. A hit may come twice for each time that it could not be
    /// written down what had become of one.
    pub(crate) fn counts(&self, setting: &Setting, unmarked: u64) -> Counts {
        let sum = |of: &dyn Fn(&Hits) -> u64| self.lives.iter().map(of).sum::<u64>();
        assert_eq!((sum(&|book| book.offered), sum(&|book| book.panics)), (self.offered, 0));
        let given_up = sum(&counts::all_lost);
        let took = setting.taker.took();
        let (is_key, twice) = (setting.is_key(), took.values().map(|times| times - 1).sum::<u64>());
        // Of those given up, some were taken all the same.
        let silently = if is_key { 0 } else { setting.taker.took_silently.load(SeqCst) };
        let missing = self.queued.iter().filter(|hit| !took.contains_key(hit)).count() as u64;
        Counts {
            runs: 1,
            hits: self.offered,
            given_up,
            again: if is_key { twice } else { twice.min(unmarked) },
            lost: missing.saturating_sub(given_up - self.turned_away - silently),
            doubled: if is_key { 0 } else { twice.saturating_sub(unmarked) },
            ..Counts::default()
        }
    }
}
