//! What a pool of one worker does, in memory: which hits each attempt holds, and what the books say after it.
//!
//! Written after the guide's page on delivery, beside the pool and not from it. Batches go out at once.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use trackside_core::{
    Reason,
    config::WhenFull,
    ledger::{Breaker, Hits},
    protocol::Outcome,
    transport::{Left, Submitted},
};

use trackside_transports::sink::Blame;

use crate::trial::{Past, Verdict};

/// What the pool was told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) batch_hits: usize,
    pub(crate) batch_bytes: usize,
    pub(crate) queue_hits: usize,
    pub(crate) queue_bytes: usize,
    pub(crate) when_full: WhenFull,
    /// Whether important hits have a lane of their own.
    pub(crate) has_lane: bool,
    pub(crate) dedupe: bool,
    pub(crate) max_age: Duration,
}

/// A hit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item {
    pub(crate) number: usize,
    pub(crate) size: usize,
    pub(crate) micros: u64,
    pub(crate) is_important: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    pub(crate) items: Vec<Item>,
    is_attempted: bool,
    past: Past,
}

/// How an attempt ended.
#[derive(Clone, Debug)]
pub(crate) enum End {
    /// No sink could be made.
    NoSink,
    Panicked,
    Told {
        taken: usize,
        outcome: Outcome,
        blame: Blame,
    },
}

#[derive(Debug)]
pub(crate) struct Expected {
    rules: Rules,
    bytes: usize,
    queue: VecDeque<Item>,
    lane: VecDeque<Item>,
    ready: VecDeque<Batch>,
    aside: VecDeque<Batch>,
    /// Batches that have stepped aside since the last success.
    stepped: usize,
    /// The last attempt succeeded, and no test has begun since.
    is_going_well: bool,
    flying: Option<Batch>,
    is_closed: bool,
    offered: u64,
    delivered: u64,
    lost: BTreeMap<u16, u64>,
    pub(crate) panics: u64,
    retries: u64,
    failures: u32,
    is_open: bool,
    openings: u64,
}

impl Expected {
    pub(crate) fn new(rules: Rules) -> Self {
        Self {
            rules,
            bytes: 0,
            queue: VecDeque::new(),
            lane: VecDeque::new(),
            ready: VecDeque::new(),
            aside: VecDeque::new(),
            stepped: 0,
            is_going_well: false,
            flying: None,
            is_closed: false,
            offered: 0,
            delivered: 0,
            lost: BTreeMap::new(),
            panics: 0,
            retries: 0,
            failures: 0,
            is_open: false,
            openings: 0,
        }
    }

    pub(crate) fn submit(&mut self, item: Item) -> Submitted {
        self.offered += 1;
        if self.is_closed {
            return self.turn_away(Reason::Closed);
        }
        let Rules { queue_hits, queue_bytes, when_full, has_lane, .. } = self.rules;
        let fits = |bytes: usize, bound: usize| bytes + item.size <= bound;
        if has_lane
            && item.is_important
            && self.lane.len() < queue_hits.div_ceil(10)
            && fits(self.bytes, queue_bytes + queue_bytes.div_ceil(10))
        {
            self.bytes += item.size;
            self.lane.push_back(item);
            return Submitted::Queued;
        }
        let gives_way = when_full == WhenFull::DropOldest && item.size <= queue_bytes;
        let mut tries = if gives_way { 8 } else { 0 };
        loop {
            let bound = if !fits(self.bytes, queue_bytes) {
                Reason::QueueBytes
            } else if self.queue.len() == queue_hits {
                Reason::QueueFull
            } else {
                break;
            };
            let oldest = if tries > 0 { self.queue.pop_front() } else { None };
            let Some(oldest) = oldest else {
                return self.turn_away(bound);
            };
            tries -= 1;
            self.lose(bound, &[oldest]);
        }
        self.bytes += item.size;
        self.queue.push_back(item);
        Submitted::Queued
    }

    /// The hits of the next attempt, at the time `now`.
    pub(crate) fn next(&mut self, now: u64) -> Option<Vec<usize>> {
        loop {
            while let Some(mut batch) = self.ready.pop_front() {
                let max_age = self.rules.max_age.as_micros() as u64;
                let is_over = |item: &Item| batch.is_attempted && now.saturating_sub(item.micros) >= max_age;
                let (over, left): (Vec<_>, Vec<_>) = batch.items.iter().partition(|item| is_over(item));
                self.lose(Reason::Expired, &over);
                batch.items = left;
                if !batch.items.is_empty() {
                    self.retries += u64::from(batch.is_attempted);
                    let numbers = batch.items.iter().map(|item| item.number).collect();
                    self.flying = Some(batch);
                    return Some(numbers);
                }
            }
            self.gather();
            if self.ready.is_empty() {
                self.call_back(0)?;
            }
        }
    }

    /// Fills one batch, or several where the bytes do not fit into one.
    fn gather(&mut self) {
        let Rules { batch_hits, batch_bytes, .. } = self.rules;
        let mut batch = Batch::default();
        let mut bytes = 0;
        let mut taken = 0;
        // What was taken out for one batch is not put back.
        while taken < batch_hits
            && let Some(item) = self.lane.pop_front().or_else(|| self.queue.pop_front())
        {
            taken += 1;
            if bytes + item.size > batch_bytes && !batch.items.is_empty() {
                self.ready.push_back(std::mem::take(&mut batch));
                bytes = 0;
            }
            bytes += item.size;
            batch.items.push(item);
            if bytes >= batch_bytes {
                self.ready.push_back(std::mem::take(&mut batch));
                bytes = 0;
            }
        }
        if !batch.items.is_empty() {
            self.ready.push_back(batch);
        }
    }

    /// How many hits the attempt holds that is being made.
    pub(crate) fn flying(&self) -> usize {
        self.flying.as_ref().map_or(0, |batch| batch.items.len())
    }

    pub(crate) fn settle(&mut self, end: End) {
        let mut batch = self.flying.take().unwrap();
        match end {
            End::NoSink => {
                self.failed(&mut batch);
                self.lose(Reason::StoreUnavailable, &batch.items);
            }
            End::Panicked => {
                self.panics += 1;
                self.failed(&mut batch);
                self.unknown(batch, Blame::Hits);
            }
            End::Told { taken, outcome, blame } => self.told(batch, taken, outcome, blame),
        }
        if self.is_closed {
            self.give_up();
        }
    }

    fn told(&mut self, mut batch: Batch, taken: usize, outcome: Outcome, blame: Blame) {
        let rest = batch.items.split_off(taken);
        if !rest.is_empty() {
            self.ready.push_front(Batch { items: rest, past: batch.past.untouched(), ..batch });
        }
        if matches!(outcome, Outcome::Retry(_) | Outcome::Unavailable | Outcome::Unknown) {
            self.failed(&mut batch);
        } else {
            self.succeeded(&batch);
        }
        match outcome {
            Outcome::Delivered => self.deliver(&batch.items),
            Outcome::Partial(refused) => {
                let is_refused = |n: usize| refused.iter().any(|(index, _)| *index == n);
                for (n, item) in batch.items.iter().enumerate() {
                    if is_refused(n) { self.lose(Reason::Rejected, &[*item]) } else { self.deliver(&[*item]) }
                }
            }
            Outcome::Refused(reason) => self.lose(reason, &batch.items),
            Outcome::Retry(_) => self.again(batch, blame),
            Outcome::Split if batch.items.len() == 1 => self.lose(Reason::TooLarge, &batch.items),
            Outcome::Split => {
                for half in halves(batch).into_iter().rev() {
                    self.ready.push_front(half);
                }
            }
            Outcome::Unavailable => self.lose(Reason::StoreUnavailable, &batch.items),
            _ => self.unknown(batch, blame),
        }
    }

    fn unknown(&mut self, batch: Batch, blame: Blame) {
        if self.rules.dedupe {
            self.again(batch, blame);
        } else {
            self.lose(Reason::Ambiguous, &batch.items);
        }
    }

    fn again(&mut self, mut batch: Batch, blame: Blame) {
        batch.is_attempted = true;
        let is_alone = batch.items.len() == 1;
        let verdict = match blame {
            Blame::Nobody => Verdict::Again,
            Blame::Unclear => batch.past.failed_perhaps(is_alone, &mut self.stepped),
            Blame::Hits => batch.past.failed(is_alone, &mut self.stepped),
        };
        match verdict {
            Verdict::Again => self.ready.push_front(batch),
            Verdict::Aside => self.aside.push_back(batch),
            Verdict::Halved => self.aside.extend(halves(batch)),
            Verdict::Refused => self.lose(Reason::Poison, &batch.items),
        }
    }

    fn failed(&mut self, batch: &mut Batch) {
        if std::mem::take(&mut self.is_going_well) {
            batch.past.breaks_a_row();
        }
        self.failures += 1;
        if self.failures >= 5 && !self.is_open {
            self.is_open = true;
            self.openings += 1;
        }
    }

    fn succeeded(&mut self, batch: &Batch) {
        (self.failures, self.is_open, self.stepped, self.is_going_well) = (0, false, 0, true);
        let by_itself = batch.past.is_telling();
        self.aside.iter_mut().for_each(|batch| batch.past.another_succeeded(by_itself));
        if let Some(called) = self.aside.iter().position(|batch| batch.past.is_called()) {
            self.call_back(called);
        }
    }

    /// Has one that stands aside tried next.
    fn call_back(&mut self, place: usize) -> Option<()> {
        let mut batch = self.aside.remove(place)?;
        let is_test = batch.past.comes_back(self.is_going_well);
        self.is_going_well &= !is_test;
        self.ready.push_front(batch);
        Some(())
    }

    /// Closes at a deadline that has passed.
    pub(crate) fn close(&mut self) -> Left {
        self.is_closed = true;
        let before = self.waiting();
        self.give_up();
        Left::new(before, self.flying() as u64)
    }

    fn give_up(&mut self) {
        let batches = self.ready.drain(..).chain(self.aside.drain(..)).flat_map(|batch| batch.items);
        let left: Vec<_> = batches.chain(self.lane.drain(..)).chain(self.queue.drain(..)).collect();
        self.lose(Reason::Shutdown, &left);
    }

    /// Hits in memory that are in no attempt.
    fn waiting(&self) -> u64 {
        let batches = self.ready.iter().chain(&self.aside).map(|batch| batch.items.len());
        (self.queue.len() + self.lane.len() + batches.sum::<usize>()) as u64
    }

    fn deliver(&mut self, items: &[Item]) {
        self.delivered += items.len() as u64;
        self.bytes -= items.iter().map(|item| item.size).sum::<usize>();
    }

    fn turn_away(&mut self, reason: Reason) -> Submitted {
        *self.lost.entry(reason.number()).or_default() += 1;
        Submitted::Dropped(reason)
    }

    fn lose(&mut self, reason: Reason, items: &[Item]) {
        if !items.is_empty() {
            *self.lost.entry(reason.number()).or_default() += items.len() as u64;
        }
        self.bytes -= items.iter().map(|item| item.size).sum::<usize>();
    }

    /// Holds the books against what they should be.
    pub(crate) fn assert_books(&self, book: &Hits) {
        let lost =
            book.refused.iter().chain(&book.dropped).map(|(reason, n)| (reason.number(), *n)).collect();
        assert_eq!(
            (&self.lost, self.delivered, self.offered),
            (&lost, book.delivered, book.offered),
            "{book:?}"
        );
        let counted = (book.queued, book.in_flight, book.panics, book.retries, book.openings);
        let flying = self.flying() as u64;
        assert_eq!((self.waiting(), flying, self.panics, self.retries, self.openings), counted, "{book:?}");
        assert_eq!(book.breaker != Breaker::Closed, self.is_open, "{book:?}");
        let lane = if self.rules.has_lane { self.rules.queue_bytes.div_ceil(10) } else { 0 };
        assert!(self.bytes <= self.rules.queue_bytes + lane, "{} bytes", self.bytes);
        // What ended gave back its bytes.
        assert!(book.pending() > 0 || self.bytes == 0, "{} bytes", self.bytes);
    }

    pub(crate) fn offered(&self) -> u64 {
        self.offered
    }

    /// Refused or dropped.
    pub(crate) fn given_up(&self) -> u64 {
        self.lost.values().sum()
    }
}

fn halves(mut batch: Batch) -> [Batch; 2] {
    let second = batch.items.split_off(batch.items.len() / 2);
    let second = Batch { items: second, ..batch };
    [batch, second]
}
