//! A pool whose queue is full, and then its spool: what gives way in memory, and what of it outlives its process.

use std::{
    collections::VecDeque,
    path::Path,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use trackside_core::{
    Reason,
    config::{Fsync, Spooling, WhenFull, Workers},
    ledger::Hits,
    protocol::{Enriched, Outcome},
    transport::{Submitted, Transport},
};
use trackside_transports::{
    pool::{Backoff, Options, Pool},
    sink::Delivery,
    sinks::callback,
    spool::{self, Budget},
};

use super::{
    FOLDER, SEGMENT, hit,
    memory::{Memory, Process},
};
use crate::{
    counts::{Counts, assert_balanced, lost},
    hits::{Maker, number},
    random::Random,
    spooled::LIMIT,
};

pub(super) fn run(seed: u64) -> Counts {
    let mut random = Random::new(seed);
    let memory = Memory::default();
    let rules = Rules {
        hits: random.within(1..40),
        when_full: *random.one_of(&[WhenFull::DropNewest, WhenFull::DropOldest]),
        limit: *random.one_of(&[1 << 30, SEGMENT, SEGMENT * 5 / 2]),
    };
    let disk = memory.process(seed);
    let mut brim = Brim::new(rules, &disk);
    brim.submit(0);
    assert_eq!(brim.attempt(), [0]);
    // The worker is inside the attempt: whatever comes now stays where it was put.
    let hits = random.within(20..400);
    for n in 1..hits {
        brim.submit(n as u64);
        assert!(memory.bytes() <= rules.limit, "{} bytes", memory.bytes());
    }
    let is_killed = random.percent(50);
    let mut expected: Vec<u64> = brim.spooled.clone();
    let (dropped, delivered) = if is_killed {
        disk.die();
        let dropped = brim.leave();
        let heir = Brim::new(Rules { limit: 1 << 30, ..rules }, &memory.process(seed));
        (dropped, heir.deliver(Some(hits), &mut expected))
    } else {
        expected.extend(&brim.queue);
        (brim.dropped, brim.deliver(None, &mut expected))
    };
    assert_eq!(delivered, expected);
    assert!(memory.is_bare(Path::new(FOLDER)), "{memory:?}");
    Counts {
        runs: 1,
        faults: u64::from(is_killed),
        hits: hits as u64 + 1,
        given_up: dropped,
        ..Counts::default()
    }
}

#[derive(Clone, Copy, Debug)]
struct Rules {
    hits: usize,
    when_full: WhenFull,
    limit: u64,
}

/// A pool of one worker, and what it should hold.
struct Brim {
    rules: Rules,
    pool: Pool,
    told: Receiver<Vec<u64>>,
    reply: SyncSender<Outcome>,
    queue: VecDeque<u64>,
    spooled: Vec<u64>,
    dropped: u64,
    is_held: bool,
}

impl Brim {
    fn new(rules: Rules, disk: &Process) -> Self {
        let (events, told) = sync_channel(0);
        let (reply, replies) = sync_channel(0);
        let replies = Arc::new(Mutex::new(replies));
        let deliver = move |batch: &[Enriched<'_>], _: u64| {
            events.send(batch.iter().map(|enriched| number(enriched.hit)).collect()).ok();
            let outcome = replies.lock().unwrap().recv_timeout(LIMIT).unwrap_or(Outcome::Retry(None));
            Delivery::new(batch.len(), outcome)
        };
        let backoff = Backoff::new(Duration::from_micros(10), Duration::from_micros(100));
        let pool = Pool::with_backoff(options(rules, disk), backoff, callback::factory(deliver));
        Self {
            rules,
            pool,
            told,
            reply,
            queue: VecDeque::new(),
            spooled: Vec::new(),
            dropped: 0,
            is_held: false,
        }
    }

    fn submit(&mut self, number: u64) {
        let before = self.book().spooled;
        let is_first = number == 0;
        let answer = self.pool.submit(hit(number as usize));
        if is_first {
            assert_eq!(answer, Submitted::Queued);
            return;
        }
        let book = self.book();
        let has_room = self.queue.len() < self.rules.hits;
        let mut expected = Submitted::Queued;
        if book.spooled > before {
            assert!(!has_room, "it goes to the spool only if it has to");
            self.spooled.push(number);
        } else if has_room {
            self.queue.push_back(number);
        } else {
            self.dropped += 1;
            if self.rules.when_full == WhenFull::DropOldest {
                self.queue.pop_front();
                self.queue.push_back(number);
            } else {
                expected = Submitted::Dropped(Reason::QueueFull);
            }
        }
        assert_eq!(answer, expected);
        let counted = (book.queued, book.spooled, lost(&book, Reason::QueueFull), book.in_flight);
        assert_eq!(
            counted,
            (self.queue.len() as u64, self.spooled.len() as u64, self.dropped, 1),
            "{book:?}"
        );
    }

    /// The hits of an attempt, which waits for a reply.
    fn attempt(&mut self) -> Vec<u64> {
        self.is_held = true;
        self.told.recv_timeout(LIMIT).unwrap()
    }

    fn book(&self) -> Hits {
        let book = self.pool.stats().remove(0);
        assert_balanced(&book);
        book
    }

    /// The process is gone; its worker, which is not, finds nothing more to do. Answers what was in memory.
    fn leave(self) -> u64 {
        self.pool.close(Instant::now()).unwrap();
        self.reply.send(Outcome::Retry(None)).unwrap();
        let until = Instant::now() + LIMIT;
        while self.book().in_flight > 0 {
            assert!(Instant::now() < until, "{:?}", self.book());
            thread::yield_now();
        }
        self.dropped + self.queue.len() as u64 + 1
    }

    /// Has all delivered, and the hit `last`, and answers what that was besides the first; `expected` is put into the
    /// same order.
    fn deliver(self, last: Option<usize>, expected: &mut Vec<u64>) -> Vec<u64> {
        let mut delivered = Vec::new();
        let until = Instant::now() + LIMIT;
        if self.is_held {
            self.reply.send(Outcome::Delivered).unwrap();
        }
        if let Some(last) = last {
            // It opens the spool.
            assert_eq!(self.pool.submit(hit(last)), Submitted::Queued);
            expected.push(last as u64);
        }
        while delivered.len() < expected.len() || self.book().pending() > 0 {
            assert!(Instant::now() < until, "{:?} of {expected:?}", self.book());
            if let Ok(numbers) = self.told.recv_timeout(Duration::from_millis(1)) {
                delivered.extend(numbers);
                self.reply.send(Outcome::Delivered).unwrap();
            }
        }
        assert!(self.pool.close(until).unwrap().is_empty());
        // In memory the first is the first.
        let in_memory = |n: &u64| self.queue.contains(n);
        let ordered: Vec<_> = delivered.iter().copied().filter(in_memory).collect();
        assert_eq!(ordered, Vec::from(self.queue.clone()));
        expected.sort_unstable();
        delivered.sort_unstable();
        delivered
    }
}

fn options(rules: Rules, disk: &Process) -> Options {
    let maker = Maker::new();
    let destination = maker.destination();
    let (mut queue, mut batch) = (destination.queue.clone(), destination.batch);
    (queue.hits, queue.when_full) = (rules.hits, rules.when_full);
    (batch.hits, batch.age) = (20, Duration::ZERO);
    let spool = spool::Options {
        folder: FOLDER.into(),
        fsync: Fsync::Never,
        budget: Arc::new(Budget::new(rules.limit)),
        disk: Arc::new(disk.clone()),
    };
    Options {
        name: "brim".to_owned(),
        workers: Workers::Count(1),
        queue,
        batch,
        // The hits are of 1970.
        max_age: Duration::from_secs(100 * 366 * 86_400),
        dedupe: true,
        spool: Some((Spooling::Overflow, spool)),
        ..Options::of(destination)
    }
}
