//! The pool and its HTTP sink before a receiver that does everything wrong, by a clock that is set ahead and back, with
//! sinks that panic.

use std::{
    collections::BTreeMap,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use trackside_core::{
    Reason,
    config::{Http, WhenFull, Workers},
    ledger::Hits,
    protocol::{Needs, Outcome},
    transport::{Submitted, Transport},
};
use trackside_transports::{
    clock::Clock,
    pool::{Backoff, Options, Pool},
    sinks,
};

use crate::{
    clock::Unsteady,
    counts::{self, Counts, assert_balanced},
    door::Door,
    hits::Maker,
    random::Random,
    receiver::{Did, Fault, Profile, Receiver, processed},
    watched::{Attempt, Counted, End, Log},
    wire::Wire,
};

/// The name of events that travel before all others.
const ORDER: &str = "order";

/// A wait that a receiver asked for and that is longer ends with the pool.
const LONG: Duration = Duration::from_secs(60);

pub(crate) fn run(seed: u64) -> Counts {
    let mut random = Random::new(seed);
    let maker = Maker::new();
    let profile = profile(&mut random);
    let flaps = if random.percent(40) { random.within(1..6) } else { 0 };
    let jumps = if random.percent(40) { random.within(1..8) } else { 0 };
    let log = Log::new(seed, *random.one_of(&[0, 0, 2, 10]));
    let clock = Arc::new(Unsteady::new());
    let receiver = Receiver::start(seed, profile.clone());
    let options = options(&mut random, &maker, receiver.url(), &clock);
    let pool = Arc::new(pool(options.clone(), &log, profile.patience));
    let door = Door::new(Arc::clone(&pool), Arc::clone(&options.clock));
    let seeds: Vec<_> = (0..random.within(1..4)).map(|_| random.next()).collect();
    thread::scope(|scope| {
        for &seed in &seeds {
            let (pool, door, maker, options) = (&pool, &door, &maker, &options);
            scope.spawn(move || submit(pool, door, maker, options, Random::new(seed)));
        }
        for n in 0..flaps + jumps {
            thread::sleep(Duration::from_millis(random.within(5..80) as u64));
            if n < flaps {
                receiver.flap(Duration::from_millis(random.within(0..30) as u64));
            } else {
                clock.jump(&mut random);
            }
        }
    });
    receiver.heal();
    log.heal();
    let left = pool.close(Instant::now() + 2 * LONG).unwrap();
    assert!(left.is_empty(), "{left:?}");
    let book = pool.stats().remove(0);
    assert_balanced(&book);
    assert_eq!(book.pending(), 0, "{book:?}");
    let answers = door.close();
    let outside =
        Outside { answers, attempts: log.take(), did: receiver.close(), options, jumps: clock.jumps() };
    let faults = receiver.faults() + clock.jumps() + book.panics;
    Counts { runs: 1, faults, ..outside.hold_against(&book) }
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

fn options(random: &mut Random, maker: &Maker, url: &str, clock: &Arc<Unsteady>) -> Options {
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
        workers: Workers::Count(*random.one_of(&[1, 1, 2, 3, 4])),
        queue,
        batch,
        dedupe: needs.dedupe,
        protocol: Some(Arc::new(Wire::new(url, needs, Arc::<Counted>::default()))),
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        ..Options::of(destination)
    }
}

fn pool(options: Options, log: &Arc<Log>, patience: Duration) -> Pool {
    let mut http = Http::from(patience);
    http.stages.answer = patience * 3 / 4;
    let protocol = Arc::clone(options.protocol.as_ref().unwrap());
    let quick = Backoff::new(Duration::from_micros(100), Duration::from_millis(3));
    Pool::with_backoff(options, quick, log.watch(sinks::http::factory(protocol, http)))
}

/// Submits hits in bursts, some of them by requests, and looks at the bounds meanwhile.
fn submit(pool: &Pool, door: &Door, maker: &Maker, options: &Options, mut random: Random) {
    let least = maker.page(0, 0).size();
    let lane = options.queue.bytes.div_ceil(10);
    let bound = options.queue.bytes + if options.queue.important.is_empty() { 0 } else { lane };
    for _ in 0..random.within(10..60) {
        for _ in 0..random.below(12) {
            let now = options.clock.micros();
            // The door notes what is said to each.
            match random.below(10) {
                0 => drop(door.submit(maker.event(now, ORDER))),
                1..4 => door.visit(maker, &mut random),
                _ => drop(door.submit(maker.page(now, random.below(300)))),
            }
        }
        let book = pool.stats().remove(0);
        // Others submit meanwhile: what is pending was counted before what was offered.
        assert!(book.delivered + counts::all_lost(&book) <= book.offered, "{book:?}");
        let held = (book.queued + book.in_flight) as usize * least;
        assert!(held <= bound, "{held} bytes at least are held, {bound} are allowed: {book:?}");
        thread::sleep(Duration::from_micros(random.below(12_000) as u64));
    }
}

/// What is known of a run without asking the books.
struct Outside {
    answers: Vec<(u64, Submitted)>,
    attempts: Vec<Attempt>,
    did: BTreeMap<u64, Did>,
    options: Options,
    jumps: u64,
}

impl Outside {
    fn hold_against(&self, book: &Hits) -> Counts {
        let is_key = self.options.dedupe;
        let mut fates: BTreeMap<u64, &'static str> = BTreeMap::new();
        for attempt in &self.attempts {
            attempt.assert_true(&self.did);
            let fate = match attempt.end {
                End::Told(Outcome::Delivered) => "delivered",
                End::Told(Outcome::Refused(Reason::Rejected)) => "rejected",
                End::Told(Outcome::Retry(_)) => "waiting",
                End::Told(Outcome::Split) if attempt.hits.len() == 1 => "too large",
                End::Told(Outcome::Split) => "waiting",
                End::Told(Outcome::Unknown) | End::Panicked if is_key => "waiting",
                End::Told(Outcome::Unknown) | End::Panicked => "ambiguous",
                ref other => panic!("no receiver here answers {other:?}"),
            };
            for hit in &attempt.hits {
                let before = fates.insert(*hit, fate);
                assert!(matches!(before, None | Some("waiting")), "hit {hit} was {before:?} and is {fate}");
            }
        }
        self.assert_waits_were_kept();
        let fated = |fate: &str| fates.values().filter(|it| **it == fate).count() as u64;
        let turned_away =
            |reason| self.answers.iter().filter(|it| it.1 == Submitted::Dropped(reason)).count() as u64;
        let queued = || self.answers.iter().filter(|it| it.1 == Submitted::Queued).map(|it| it.0);
        let evicted = queued().filter(|hit| !fates.contains_key(hit)).count() as u64;
        let panics = self.attempts.iter().filter(|attempt| attempt.end == End::Panicked).count() as u64;
        assert_eq!((book.offered, book.panics), (self.answers.len() as u64, panics), "{book:?}");
        assert_eq!(book.delivered, fated("delivered"), "{book:?}");
        assert_eq!(counts::lost(book, Reason::Rejected), fated("rejected"), "{book:?}");
        assert_eq!(counts::lost(book, Reason::TooLarge), fated("too large"), "{book:?}");
        assert_eq!(counts::lost(book, Reason::Ambiguous), fated("ambiguous"), "{book:?}");
        // Whom the receiver failed over while it took others is refused for that; what was tried and is a day old, by a
        // clock that was set ahead, is given up.
        let (poison, expired) = (counts::lost(book, Reason::Poison), counts::lost(book, Reason::Expired));
        assert_eq!(poison + expired, fated("waiting"), "{book:?}");
        assert!(expired == 0 || self.jumps > 0, "no hit is an hour old: {book:?}");
        let has_failed = self.did.values().any(|did| did.fault == Some(Fault::ServerError)) || panics > 0;
        assert!(poison == 0 || has_failed, "nobody but a server that fails accuses a hit: {book:?}");
        let full = [Reason::QueueFull, Reason::QueueBytes];
        let dropped: u64 = full.iter().map(|reason| counts::lost(book, *reason)).sum();
        assert_eq!(dropped, full.map(turned_away).iter().sum::<u64>() + evicted, "{book:?}");
        assert!(evicted == 0 || self.options.queue.when_full == WhenFull::DropOldest);
        let (mut again, mut doubled) = (0, 0);
        let processed = processed(&self.did);
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

    /// What the receiver asked for is what the pool was told, and what its only worker did: where there are several, one
    /// may be about to begin while another hears of it.
    fn assert_waits_were_kept(&self) {
        for attempt in &self.attempts {
            let asked = attempt.number.and_then(|number| self.did.get(&number)?.asked);
            if let (Some(asked), End::Told(Outcome::Retry(told))) = (asked, &attempt.end) {
                asked.assert_understood(*told, self.jumps > 0);
            }
        }
        if !matches!(self.options.workers, Workers::Count(1)) {
            return;
        }
        for pair in self.attempts.windows(2) {
            if let End::Told(Outcome::Retry(Some(wait))) = pair[0].end
                && wait < LONG
            {
                let waited = pair[1].began.duration_since(pair[0].ended);
                assert!(waited >= wait, "{waited:?} instead of {wait:?}");
            }
        }
    }
}
