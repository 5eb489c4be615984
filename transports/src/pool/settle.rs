//! What came of an attempt: it is booked, and what is to be attempted again goes back to the desk.

use std::time::{Duration, Instant};

use trackside_core::{Reason, protocol::Outcome};

use super::{
    books::{Item, Tally},
    desk::{Batch, Desk},
    report::Report,
    running::{CLOSED, Running},
    trial::Ruling,
};
use crate::sink::{Blame, Delivery};

/// The longest own wait between attempts while the pool closes and little time remains.
const CLOSING_WAIT: Duration = Duration::from_millis(500);

/// What came of an attempt.
pub(super) enum Attempt {
    Made(Delivery),
    NoSink,
    Panicked,
}

impl Attempt {
    /// Whether it is to be made again, if it may.
    fn has_failed(&self) -> bool {
        match self {
            Self::Made(delivery) => {
                matches!(delivery.outcome, Outcome::Retry(_) | Outcome::Unavailable | Outcome::Unknown)
            }
            Self::NoSink | Self::Panicked => true,
        }
    }
}

impl Running {
    /// Books what came of an attempt, and puts back what is to be attempted again. Answers what is to be told of it.
    pub(super) fn settle(
        &self,
        mut batch: Batch,
        attempt: Attempt,
        began: Instant,
        now: Instant,
        jitter: f64,
    ) -> Option<Report> {
        let mut desk = self.desk();
        desk.land(&batch.items);
        let backoff = &self.plan.backoff;
        let is_closing = desk.until.is_some();
        let in_time = |own: Duration| if is_closing { own.min(CLOSING_WAIT) } else { own };
        if attempt.has_failed() {
            desk.failed(&mut batch.trial);
        }
        let change = match attempt {
            Attempt::NoSink => {
                self.unavailable(&mut desk, batch);
                desk.breaker.failed(began, now, |failures| backoff.ceiling(failures))
            }
            Attempt::Panicked => {
                self.unknown(&mut desk, batch, Blame::Hits);
                desk.breaker.failed(began, now, |failures| backoff.ceiling(failures))
            }
            Attempt::Made(Delivery { taken, outcome, blame }) => {
                let rest = batch.items.split_off(taken.clamp(1, batch.items.len()));
                self.note_waiting(&rest);
                let rest = Batch { trial: batch.trial.untouched(), ..batch.with(rest) };
                desk.put_back(rest);
                let change = match outcome {
                    Outcome::Retry(asked) => desk.breaker.failed(began, now, |failures| {
                        let own = in_time(backoff.wait(failures, jitter));
                        asked.map_or(own, |asked| asked.max(own))
                    }),
                    Outcome::Unavailable => {
                        desk.breaker.failed(began, now, |failures| backoff.ceiling(failures))
                    }
                    Outcome::Unknown => {
                        desk.breaker.failed(began, now, |failures| in_time(backoff.wait(failures, jitter)))
                    }
                    _ => {
                        desk.succeeded(batch.trial);
                        desk.breaker.succeeded(now)
                    }
                };
                self.apply(&mut desk, batch, outcome, blame);
                change
            }
        };
        let report = change.and_then(|change| desk.reporter.changed(change, now));
        if self.signal.get() & CLOSED != 0 {
            self.shut(&mut desk);
        }
        drop(desk);
        self.books.announce();
        report
    }

    /// What was in flight at the deadline and comes back has no second chance.
    pub(super) fn shut(&self, desk: &mut Desk) {
        let before = desk.shut;
        self.give_up(desk);
        if desk.is_told {
            // As in flight.
            desk.shut = before;
        }
    }

    fn apply(&self, desk: &mut Desk, mut batch: Batch, outcome: Outcome, blame: Blame) {
        match outcome.of(batch.items.len()) {
            Outcome::Delivered => self.deliver(&batch.items),
            Outcome::Partial(mut refused) => {
                refused.sort_by_key(|&(index, _)| index);
                refused.dedup_by_key(|&mut (index, _)| index);
                for (index, reason) in refused.into_iter().rev() {
                    if index < batch.items.len() {
                        let item = batch.items.remove(index);
                        self.lose_all(reason, &[item]);
                    }
                }
                self.deliver(&batch.items);
            }
            Outcome::Refused(reason) => self.lose_all(reason, &batch.items),
            Outcome::Retry(_) => {
                self.note_waiting(&batch.items);
                self.again(desk, batch, blame);
            }
            Outcome::Split if batch.items.len() > 1 => {
                self.note_waiting(&batch.items);
                let [first, second] = batch.halves();
                desk.put_back(second);
                desk.put_back(first);
            }
            Outcome::Split => self.lose_all(Reason::TooLarge, &batch.items),
            // The sink has said why in the log.
            Outcome::Unavailable => self.unavailable(desk, batch),
            _ => self.unknown(desk, batch, blame),
        }
    }

    /// These are to be attempted again, unless the receiver's answers show that it fails over them alone.
    fn again(&self, desk: &mut Desk, mut batch: Batch, blame: Blame) {
        batch.is_attempted = true;
        let ruling = match blame {
            Blame::Nobody => Ruling::Again,
            Blame::Unclear => batch.trial.doubt(batch.items.len(), &mut desk.newly_aside),
            Blame::Hits => batch.trial.strike(batch.items.len(), &mut desk.newly_aside),
        };
        match ruling {
            Ruling::Again => desk.put_back(batch),
            Ruling::Aside => desk.aside.push(batch),
            Ruling::Halve => batch.halves().into_iter().for_each(|half| desk.aside.push(half)),
            Ruling::Refuse => self.lose_all(Reason::Poison, &batch.items),
        }
    }

    fn deliver(&self, items: &[Item]) {
        let tally = Tally::of(items);
        self.note_delivered(items);
        self.queue.release(tally.bytes);
        self.books.delivered(tally);
    }

    /// The store cannot be opened or written: what is in memory is dropped, so that it does not fill; what is in the
    /// spool waits.
    fn unavailable(&self, desk: &mut Desk, batch: Batch) {
        let mut batch = Batch { is_attempted: true, ..batch };
        let in_memory: Vec<_> = batch.items.extract_if(.., |item| item.spot().is_none()).collect();
        if !in_memory.is_empty() {
            self.lose_all(Reason::StoreUnavailable, &in_memory);
        }
        self.note_waiting(&batch.items);
        desk.put_back(batch);
    }

    /// Perhaps processed, perhaps not: sent again only where the receiver knows a second copy.
    fn unknown(&self, desk: &mut Desk, batch: Batch, blame: Blame) {
        if self.plan.options.dedupe {
            self.again(desk, batch, blame);
        } else {
            self.lose_all(Reason::Ambiguous, &batch.items);
        }
    }
}
