//! A pool of one worker and its model in step: each attempt is held until the model has said what it holds.

use std::{
    mem,
    panic::resume_unwind,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU64, Ordering::SeqCst},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use trackside_core::{
    Hit, Reason,
    config::{WhenFull, Workers},
    ledger::Hits,
    protocol::{Enriched, Outcome},
    transport::Transport,
};
use trackside_transports::{
    clock::Clock,
    pool::{Backoff, Options, Pool},
    sink::{Blame, Delivery, Sink, SinkError},
};

use crate::{
    counts::Counts,
    expected::{End, Expected, Item, Rules},
    hits::{Maker, number},
    random::Random,
};

/// Longer than anything takes but what never comes.
const LIMIT: Duration = Duration::from_secs(60);

/// The time of the first hit, in microseconds since the Unix epoch.
const BEGIN: u64 = 1_795_305_600_000_000;

const ORDER: &str = "order";
const HOUR: u64 = 3_600_000_000;

pub(crate) fn run(seed: u64) -> Counts {
    let mut random = Random::new(seed);
    let rules = rules(&mut random);
    let (events, told) = sync_channel(0);
    let (reply, replies) = sync_channel(0);
    let strings = Strings { events, replies: Arc::new(Mutex::new(replies)) };
    let clock = Arc::new(Hands(AtomicU64::new(BEGIN)));
    let backoff = Backoff::new(Duration::from_micros(10), Duration::from_micros(100));
    let pool = Pool::with_backoff(options(rules, &clock), backoff, move || strings.make());
    let mut play = Play {
        pool,
        clock,
        told,
        reply,
        model: Expected::new(rules),
        next: 0,
        faults: 0,
        drops_badly: false,
        percent: random.within(0..90),
        answered: 60,
        doubted: 60,
    };
    for _ in 0..if random.percent(10) { 150 } else { random.within(5..40) } {
        play.step(&mut random);
    }
    if random.percent(20) {
        play.close_at_once(&mut random);
    } else {
        play.drain(&mut random);
    }
    let lost = play.model.given_up();
    Counts { runs: 1, faults: play.faults, hits: play.model.offered(), given_up: lost, ..Counts::default() }
}

fn rules(random: &mut Random) -> Rules {
    Rules {
        batch_hits: if random.percent(20) { 1 } else { random.within(1..12) },
        batch_bytes: if random.percent(50) { random.within(100..2_000) } else { 256 << 10 },
        queue_hits: random.within(1..60),
        queue_bytes: if random.percent(50) { random.within(300..5_000) } else { 16 << 20 },
        when_full: *random.one_of(&[WhenFull::DropNewest, WhenFull::DropOldest]),
        has_lane: random.percent(40),
        dedupe: random.percent(50),
        max_age: Duration::from_secs(3_600),
    }
}

fn options(rules: Rules, clock: &Arc<Hands>) -> Options {
    let destination = maker().destination();
    let (mut queue, mut batch) = (destination.queue.clone(), destination.batch);
    (queue.hits, queue.bytes, queue.when_full) = (rules.queue_hits, rules.queue_bytes, rules.when_full);
    queue.important = if rules.has_lane { vec![ORDER.to_owned()] } else { Vec::new() };
    (batch.hits, batch.bytes, batch.age) = (rules.batch_hits, rules.batch_bytes, Duration::ZERO);
    Options {
        name: "model".to_owned(),
        workers: Workers::Count(1),
        queue,
        batch,
        max_age: rules.max_age,
        dedupe: rules.dedupe,
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        ..Options::of(destination)
    }
}

fn maker() -> &'static Maker {
    static MAKER: OnceLock<Maker> = OnceLock::new();
    MAKER.get_or_init(Maker::new)
}

/// The hits of every run, whose numbers are their places. One in eight is important.
fn hit(place: usize) -> Hit {
    static HITS: OnceLock<Vec<Hit>> = OnceLock::new();
    let hits = HITS.get_or_init(|| {
        let mut random = Random::new(0);
        let make = |place: u64| match place % 8 {
            0 => maker().event(BEGIN + place * 1_000, ORDER),
            _ => maker().page(BEGIN + place * 1_000, random.below(250)),
        };
        let hits: Vec<_> = (0..2_500).map(make).collect();
        assert!((0..).zip(&hits).all(|(place, hit)| number(hit) == place));
        hits
    });
    hits[place].clone()
}

/// A run, in which the worker is inside an attempt, or has nothing to do.
struct Play {
    pool: Pool,
    clock: Arc<Hands>,
    told: Receiver<Event>,
    reply: SyncSender<Reply>,
    model: Expected,
    next: usize,
    faults: u64,
    /// Whether the sink panics when it is dropped.
    drops_badly: bool,
    /// How many attempts of a hundred fail.
    percent: usize,
    /// How many failures of a hundred are answers.
    answered: usize,
    /// How many of the others leave it open with what they lie.
    doubted: usize,
}

impl Play {
    /// Submits, waits for an attempt, and ends it.
    fn step(&mut self, random: &mut Random) {
        if random.percent(6) {
            // An outage, or its end.
            self.percent = *random.one_of(&[0, 10, 60, 100, 100]);
            self.answered = *random.one_of(&[0, 60, 100]);
            self.doubted = *random.one_of(&[0, 60, 100]);
        }
        while self.model.flying() == 0 {
            // One alone: with more, the worker would see as many as have come by then.
            self.submit();
            self.await_attempt(random);
        }
        for _ in 0..random.below(14) {
            self.submit();
        }
        if random.percent(20) {
            self.jump(random);
        }
        self.assert_books();
        let end = self.end(random);
        self.answer(end);
        self.await_attempt(random);
    }

    fn submit(&mut self) {
        let hit = hit(self.next);
        let item = Item {
            number: self.next,
            size: hit.size(),
            micros: hit.micros(),
            is_important: hit.name() == ORDER,
        };
        self.next += 1;
        assert_eq!(self.pool.submit(hit), self.model.submit(item), "{item:?}");
    }

    /// The clock goes, or jumps by a day, there or back.
    fn jump(&mut self, random: &mut Random) {
        let now = self.clock.micros();
        let then = match random.below(4) {
            0 => now + 24 * HOUR,
            1 => now - 24 * HOUR,
            2 => now + HOUR / 2,
            _ => BEGIN,
        };
        self.faults += 1;
        self.clock.0.store(then, SeqCst);
    }

    /// Waits for the attempt that the model sees coming, if any; it may have to make a sink first.
    fn await_attempt(&mut self, random: &mut Random) {
        while let Some(expected) = self.model.next(self.clock.micros()) {
            if let Event::Attempt(numbers, now) = self.event() {
                assert_eq!((numbers, now), (expected, self.clock.micros()));
                return;
            }
            // A sink is made for it.
            let fails = random.percent(self.percent / 4);
            let panics = fails && random.percent(50);
            self.drops_badly = !fails && random.percent(10);
            self.faults += u64::from(fails || self.drops_badly);
            self.reply(Reply::Make { fails, panics, drops_badly: self.drops_badly });
            if !fails {
                let Event::Attempt(numbers, now) = self.event() else { panic!("a sink was just made") };
                assert_eq!((numbers, now), (expected, self.clock.micros()));
                return;
            }
            self.model.panics += u64::from(panics);
            self.model.settle(End::NoSink);
        }
        // There is nothing more, as soon as the worker sees it, too.
        self.wait_until(|book| book.pending() == 0);
    }

    fn wait_until(&self, is_so: impl Fn(&Hits) -> bool) {
        let until = Instant::now() + LIMIT;
        while !is_so(&self.pool.stats()[0]) {
            assert!(Instant::now() < until, "{:?}", self.pool.stats());
            thread::yield_now();
        }
    }

    fn event(&self) -> Event {
        self.told.recv_timeout(LIMIT).expect("an attempt is made")
    }

    fn reply(&self, reply: Reply) {
        self.reply.send(reply).unwrap();
    }

    fn end(&mut self, random: &mut Random) -> End {
        let taken =
            if random.percent(70) { self.model.flying() } else { random.within(1..self.model.flying() + 1) };
        let told = |outcome| End::Told { taken, outcome, blame: Blame::Nobody };
        if !random.percent(self.percent) {
            return told(Outcome::Delivered);
        }
        self.faults += 1;
        let blame = match random.percent(self.answered) {
            true => Blame::Hits,
            false if random.percent(self.doubted) => Blame::Unclear,
            false => Blame::Nobody,
        };
        match random.below(24) {
            0 => End::Panicked,
            1 => told(Outcome::Unavailable),
            2 => told(Outcome::Split),
            3 => told(Outcome::Refused(Reason::Rejected)),
            4 => told(Outcome::Partial(vec![(random.below(taken), Reason::Rejected)])),
            5 | 6 => End::Told { taken, outcome: Outcome::Unknown, blame },
            7 => End::Told { taken, outcome: Outcome::Retry(Some(Duration::from_micros(50))), blame },
            _ => End::Told { taken, outcome: Outcome::Retry(None), blame },
        }
    }

    fn answer(&mut self, end: End) {
        self.reply(match &end {
            End::Told { taken, outcome, blame } => {
                Reply::Deliver(Delivery::new(*taken, outcome.clone()).blaming(*blame))
            }
            End::Panicked | End::NoSink => Reply::Panic,
        });
        if matches!(end, End::Panicked) {
            // Its sink is dropped then.
            self.model.panics += u64::from(mem::take(&mut self.drops_badly));
        }
        self.model.settle(end);
    }

    fn assert_books(&self) {
        self.model.assert_books(&self.pool.stats().remove(0));
    }

    /// Everything that comes is taken from now on, until there is nothing more.
    fn drain(&mut self, random: &mut Random) {
        self.percent = 0;
        while self.model.flying() > 0 {
            let taken = self.model.flying();
            self.answer(End::Told { taken, outcome: Outcome::Delivered, blame: Blame::Nobody });
            self.await_attempt(random);
        }
        assert!(self.pool.close(Instant::now() + LIMIT).unwrap().is_empty());
        self.model.panics += u64::from(self.drops_badly);
        self.assert_books();
    }

    /// Closes at a deadline that has passed, perhaps in the midst of an attempt, which ends as it ends.
    fn close_at_once(&mut self, random: &mut Random) {
        assert_eq!(self.pool.close(Instant::now()).unwrap(), self.model.close());
        self.submit();
        if self.model.flying() > 0 {
            self.assert_books();
            let end = self.end(random);
            self.answer(end);
        }
        self.model.panics += u64::from(self.drops_badly);
        let panics = self.model.panics;
        self.wait_until(|book| book.pending() == 0 && book.panics >= panics);
        self.assert_books();
    }
}

/// What the worker asks.
enum Event {
    Attempt(Vec<usize>, u64),
    Make,
}

/// What it is told.
enum Reply {
    Deliver(Delivery),
    Make { fails: bool, panics: bool, drops_badly: bool },
    Panic,
}

/// By which the test moves sinks and their factory.
#[derive(Clone)]
struct Strings {
    events: SyncSender<Event>,
    replies: Arc<Mutex<Receiver<Reply>>>,
}

impl Strings {
    fn ask(&self, event: Event) -> Reply {
        self.events.send(event).ok();
        self.replies.lock().unwrap().recv_timeout(LIMIT).unwrap()
    }

    fn make(&self) -> Result<Box<dyn Sink>, SinkError> {
        match self.ask(Event::Make) {
            Reply::Make { panics: true, .. } => fail(),
            Reply::Make { fails: true, .. } => Err(SinkError::new("as told")),
            Reply::Make { drops_badly, .. } => Ok(Box::new(Puppet { strings: self.clone(), drops_badly })),
            Reply::Deliver(_) | Reply::Panic => panic!("no sink was made"),
        }
    }
}

/// Does as it is told.
struct Puppet {
    strings: Strings,
    drops_badly: bool,
}

impl Sink for Puppet {
    fn deliver(&mut self, batch: &[Enriched<'_>], now: u64) -> Delivery {
        let numbers = batch.iter().map(|enriched| number(enriched.hit) as usize).collect();
        match self.strings.ask(Event::Attempt(numbers, now)) {
            Reply::Deliver(delivery) => delivery,
            Reply::Panic | Reply::Make { .. } => fail(),
        }
    }
}

impl Drop for Puppet {
    fn drop(&mut self) {
        if self.drops_badly && !thread::panicking() {
            fail();
        }
    }
}

/// Panics without a word, and with what panics once more when it is dropped.
fn fail() -> ! {
    struct Sore;
    impl Drop for Sore {
        fn drop(&mut self) {
            if !thread::panicking() {
                resume_unwind(Box::new("sore"));
            }
        }
    }
    resume_unwind(Box::new(Sore));
}

/// A clock that stands where it is put, in microseconds since the Unix epoch.
#[derive(Debug)]
struct Hands(AtomicU64);

impl Clock for Hands {
    fn micros(&self) -> u64 {
        self.0.load(SeqCst)
    }
}
