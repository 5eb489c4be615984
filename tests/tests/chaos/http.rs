//! The pool and its HTTP sink before a receiver that does everything wrong.

use std::{
    cell::Cell,
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use trackside_core::{
    Reason,
    config::{Http, Only, WhenFull, Workers},
    ledger::Hits,
    protocol::{Enriched, Needs, Outcome},
    transport::{Submitted, Transport},
};
use trackside_transports::{
    clock::{Clock, System},
    pool::{Backoff, Options, Pool},
    sink::{Delivery, Sink},
    sinks,
};

use crate::{
    counts::{self, Counts, assert_balanced},
    hits::{Maker, number},
    random::Random,
    receiver::{Did, Fault, Profile, Receiver},
    wire::{Attempts, Wire},
};

/// The name of events that travel before all others.
const ORDER: &str = "order";

pub(crate) fn run(seed: u64) -> Counts {
    let mut random = Random::new(seed);
    let maker = Maker::new();
    let profile = profile(&mut random);
    let flaps = if random.percent(40) { random.within(1..6) } else { 0 };
    let receiver = Receiver::start(seed, profile.clone());
    let options = options(&mut random, &maker, receiver.url());
    let log = Arc::new(Log::default());
    let pool = pool(options.clone(), &log, profile.patience);
    let seeds: Vec<_> = (0..random.within(1..4)).map(|_| random.next()).collect();
    let answers: Vec<(u64, Submitted)> = thread::scope(|scope| {
        let threads: Vec<_> = seeds
            .iter()
            .map(|&seed| {
                scope.spawn({
                    let (pool, maker, options) = (&pool, &maker, &options);
                    move || submit(pool, maker, options, Random::new(seed))
                })
            })
            .collect();
        for _ in 0..flaps {
            thread::sleep(Duration::from_millis(random.within(5..80) as u64));
            receiver.flap(Duration::from_millis(random.within(0..30) as u64));
        }
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    receiver.heal();
    let left = pool.close(Instant::now() + Duration::from_secs(120)).unwrap();
    assert!(left.is_empty(), "{left:?}");
    let book = pool.stats().remove(0);
    assert_balanced(&book);
    assert_eq!((book.pending(), book.panics), (0, 0), "{book:?}");
    let outside = Outside { answers, attempts: log.take(), did: receiver.close(), options };
    Counts { runs: 1, faults: receiver.faults(), ..outside.hold_against(&book) }
}

fn profile(random: &mut Random) -> Profile {
    let kinds = random.within(1..Fault::ALL.len());
    // Half of the time anything may happen.
    let faults = if random.percent(50) {
        Fault::ALL.to_vec()
    } else {
        (0..kinds).map(|_| *random.one_of(&Fault::ALL)).collect()
    };
    let patience = Duration::from_millis(random.within(30..80) as u64);
    Profile { faults, percent: random.within(5..95), patience }
}

fn options(random: &mut Random, maker: &Maker, url: &str) -> Options {
    let destination = maker.destination();
    let (mut queue, mut batch) = (destination.queue.clone(), destination.batch);
    queue.hits = random.within(10..400);
    queue.bytes = if random.percent(50) { random.within(2_000..60_000) } else { queue.bytes };
    queue.when_full = *random.one_of(&[WhenFull::DropNewest, WhenFull::DropOldest]);
    queue.important = if random.percent(30) { vec![ORDER.to_owned()] } else { Vec::new() };
    batch.hits = random.within(1..40);
    batch.age = Duration::from_millis(random.within(0..4) as u64);
    let mut needs = Needs::default();
    needs.dedupe = random.percent(50);
    needs.batch = random.within(1..30);
    needs.gzip = random.percent(30);
    Options {
        name: "chaos".to_owned(),
        workers: Workers::Count(random.within(1..5)),
        queue,
        batch,
        max_age: destination.max_age,
        only: Only::default(),
        changes: trackside_core::hit::Edit::new(),
        third_party: false,
        dedupe: needs.dedupe,
        protocol: Some(Arc::new(Wire::new(url, needs, Arc::<Counted>::default()))),
        stage: None,
        clock: Arc::new(System),
        keys: None,
        spool: None,
        observer: None,
    }
}

fn pool(options: Options, log: &Arc<Log>, patience: Duration) -> Pool {
    let mut http = Http::from(patience);
    http.stages.answer = patience * 3 / 4;
    let protocol = Arc::clone(options.protocol.as_ref().unwrap());
    let (factory, log) = (sinks::http::factory(protocol, http), Arc::clone(log));
    let quick = Backoff::new(Duration::from_micros(100), Duration::from_millis(3));
    Pool::with_backoff(options, quick, move || {
        Ok(Box::new(Watched { sink: factory()?, log: Arc::clone(&log) }) as Box<dyn Sink>)
    })
}

/// Submits hits in bursts, looks at the bounds meanwhile, and answers what was said to each.
fn submit(pool: &Pool, maker: &Maker, options: &Options, mut random: Random) -> Vec<(u64, Submitted)> {
    let mut answers = Vec::new();
    let least = maker.page(0, 0).size();
    let lane = options.queue.bytes.div_ceil(10);
    let bound = options.queue.bytes + if options.queue.important.is_empty() { 0 } else { lane };
    for _ in 0..random.within(10..60) {
        for _ in 0..random.below(12) {
            let hit = if random.percent(10) {
                maker.event(System.micros(), ORDER)
            } else {
                maker.page(System.micros(), random.below(300))
            };
            let number = number(&hit);
            answers.push((number, pool.submit(hit)));
        }
        let book = pool.stats().remove(0);
        // Others submit meanwhile: what is pending was counted before what was offered.
        assert!(book.delivered + counts::all_lost(&book) <= book.offered, "{book:?}");
        let held = (book.queued + book.in_flight) as usize * least;
        assert!(held <= bound, "{held} bytes at least are held, {bound} are allowed: {book:?}");
        thread::sleep(Duration::from_micros(random.below(12_000) as u64));
    }
    answers
}

thread_local! {
    /// The attempt that this worker makes.
    static ATTEMPT: Cell<u64> = const { Cell::new(0) };
}

/// Counts attempts.
#[derive(Debug, Default)]
struct Counted(AtomicU64);

impl Attempts for Counted {
    fn begin(&self, _: &[u64]) -> u64 {
        let attempt = self.0.fetch_add(1, SeqCst);
        ATTEMPT.set(attempt);
        attempt
    }
}

/// An attempt, as the pool was told of it.
struct Attempt {
    number: u64,
    hits: Vec<u64>,
    outcome: Outcome,
}

#[derive(Default)]
struct Log(Mutex<Vec<Attempt>>);

impl Log {
    fn take(&self) -> Vec<Attempt> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// The HTTP sink, and somebody who looks over its shoulder.
struct Watched {
    sink: Box<dyn Sink>,
    log: Arc<Log>,
}

impl Sink for Watched {
    fn deliver(&mut self, batch: &[Enriched<'_>], now: u64) -> Delivery {
        let delivery = self.sink.deliver(batch, now);
        let hits = batch[..delivery.taken].iter().map(|enriched| number(enriched.hit)).collect();
        let attempt = Attempt { number: ATTEMPT.get(), hits, outcome: delivery.outcome.clone() };
        self.log.0.lock().unwrap().push(attempt);
        delivery
    }
}

/// What is known of a run without asking the books.
struct Outside {
    answers: Vec<(u64, Submitted)>,
    attempts: Vec<Attempt>,
    did: BTreeMap<u64, Did>,
    options: Options,
}

impl Outside {
    fn hold_against(&self, book: &Hits) -> Counts {
        let is_key = self.options.dedupe;
        let mut fates: BTreeMap<u64, &'static str> = BTreeMap::new();
        for attempt in &self.attempts {
            self.assert_true(attempt);
            let fate = match attempt.outcome {
                Outcome::Delivered => "delivered",
                Outcome::Refused(Reason::Rejected) => "rejected",
                Outcome::Retry(_) => "waiting",
                Outcome::Split if attempt.hits.len() == 1 => "too large",
                Outcome::Split => "waiting",
                Outcome::Unknown if is_key => "waiting",
                Outcome::Unknown => "ambiguous",
                ref other => panic!("no receiver here answers {other:?}"),
            };
            for hit in &attempt.hits {
                let before = fates.insert(*hit, fate);
                assert!(matches!(before, None | Some("waiting")), "hit {hit} was {before:?} and is {fate}");
            }
        }
        let fated = |fate: &str| fates.values().filter(|it| **it == fate).count() as u64;
        let turned_away =
            |reason| self.answers.iter().filter(|it| it.1 == Submitted::Dropped(reason)).count() as u64;
        let queued = || self.answers.iter().filter(|it| it.1 == Submitted::Queued).map(|it| it.0);
        let evicted = queued().filter(|hit| !fates.contains_key(hit)).count() as u64;
        assert_eq!(book.offered, self.answers.len() as u64);
        assert_eq!(book.delivered, fated("delivered"), "{book:?}");
        assert_eq!(counts::lost(book, Reason::Rejected), fated("rejected"), "{book:?}");
        assert_eq!(counts::lost(book, Reason::TooLarge), fated("too large"), "{book:?}");
        assert_eq!(counts::lost(book, Reason::Ambiguous), fated("ambiguous"), "{book:?}");
        // Whom the receiver failed over while it took others is refused for that.
        assert_eq!(counts::lost(book, Reason::Poison), fated("waiting"), "{book:?}");
        let has_failed = self.did.values().any(|did| did.fault == Some(Fault::ServerError));
        assert!(
            fated("waiting") == 0 || has_failed,
            "nobody but a server that fails accuses a hit: {book:?}"
        );
        let full = [Reason::QueueFull, Reason::QueueBytes];
        let dropped: u64 = full.iter().map(|reason| counts::lost(book, *reason)).sum();
        assert_eq!(dropped, full.map(turned_away).iter().sum::<u64>() + evicted, "{book:?}");
        assert!(evicted == 0 || self.options.queue.when_full == WhenFull::DropOldest);
        let (mut again, mut doubled) = (0, 0);
        let processed = self.processed();
        for times in processed.values() {
            *(if is_key { &mut again } else { &mut doubled }) += times - 1;
        }
        let lost =
            fates.iter().filter(|(hit, fate)| **fate == "delivered" && !processed.contains_key(hit)).count();
        Counts {
            hits: book.offered,
            given_up: counts::all_lost(book),
            again,
            lost: lost as u64,
            doubled,
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

    /// What the pool was told of an attempt is what the receiver did, or that nobody knows.
    fn assert_true(&self, attempt: &Attempt) {
        let did = self.did.get(&attempt.number);
        if let Some(did) = did {
            assert_eq!(did.hits, attempt.hits);
        }
        let is_processed = did.is_some_and(|did| did.is_processed);
        let is_true = match attempt.outcome {
            Outcome::Delivered => is_processed,
            Outcome::Unknown => true,
            _ => !is_processed,
        };
        assert!(is_true, "{:?} of {did:?}", attempt.outcome);
    }
}
