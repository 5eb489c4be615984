//! What the workers of a pool share under one lock, which no request ever takes.

use std::{
    collections::VecDeque,
    mem,
    time::{Duration, Instant},
};

use super::{aside::Aside, batch::Batcher, books::Item, breaker::Breaker, report::Reporter, trial::Trial};

/// Hits that go out together.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) items: Vec<Item>,
    /// Whether an attempt at these hits has been made before.
    pub(super) is_attempted: bool,
    /// What is held against them.
    pub(super) trial: Trial,
}

impl Batch {
    pub(super) fn new(items: Vec<Item>) -> Self {
        Self { items, is_attempted: false, trial: Trial::default() }
    }

    /// Some of its hits, with the same past.
    pub(super) fn with(&self, items: Vec<Item>) -> Self {
        Self { items, ..*self }
    }

    /// Its two halves.
    pub(super) fn halves(mut self) -> [Self; 2] {
        let second = self.items.split_off(self.items.len() / 2);
        let second = self.with(second);
        [self, second]
    }
}

/// What the workers hold that is not inside an attempt, and how the attempts went.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) batcher: Batcher<Item>,
    /// Batches to be delivered, in this order.
    pub(super) ready: VecDeque<Batch>,
    /// Batches that failed so often that others go before them.
    pub(super) aside: Aside,
    /// How many have stepped aside since the last success.
    pub(super) newly_aside: usize,
    /// The last attempt that ended succeeded, and no test has begun since.
    has_succeeded: bool,
    /// Hits that could not be put into the spool, to be delivered from memory.
    pub(super) unsaved: VecDeque<Item>,
    /// Hits that are being put there just now.
    pub(super) saving: usize,
    /// Hits inside an attempt, or being looked at.
    pub(super) in_flight: u64,
    /// Those of them that are in the spool.
    pub(super) spooled_in_flight: u64,
    /// A worker looks at hits: no other takes any from the queue, so that they stay in order.
    pub(super) is_gathering: bool,
    /// While it grants no attempt, nothing is taken from the queue either.
    pub(super) breaker: Breaker,
    /// The deadline of close.
    pub(super) until: Option<Instant>,
    /// Hits that were dropped at that deadline.
    pub(super) shut: u64,
    /// Whether a close has said what was left.
    pub(super) is_told: bool,
    /// When a hit was last taken from the queue.
    pub(super) busy_at: Instant,
    /// The worker that watches does so asleep, until a hit wakes it.
    pub(super) is_asleep: bool,
    pub(super) reporter: Reporter,
    /// What is in the spool and was held here when the pool was closed. Letting go of it may take work on files, which
    /// is not done under the lock.
    pub(super) left: Vec<Item>,
    /// When the log was last told of a problem, and of which.
    complained: Option<(Instant, String)>,
    /// Problems that come up once and that the log could not be told of yet.
    untold: VecDeque<String>,
}

/// So many problems wait to be told, at most.
const UNTOLD: usize = 16;

impl Desk {
    pub(super) fn new(batcher: Batcher<Item>, aside: Aside, now: Instant) -> Self {
        Self {
            batcher,
            ready: VecDeque::new(),
            aside,
            newly_aside: 0,
            has_succeeded: false,
            unsaved: VecDeque::new(),
            saving: 0,
            in_flight: 0,
            spooled_in_flight: 0,
            is_gathering: false,
            breaker: Breaker::default(),
            until: None,
            shut: 0,
            is_told: false,
            busy_at: now,
            is_asleep: false,
            reporter: Reporter::default(),
            left: Vec::new(),
            complained: None,
            untold: VecDeque::new(),
        }
    }

    /// Adds an admitted hit to those that wait for company.
    pub(super) fn gather(&mut self, item: Item, group: u64, now: Instant) {
        let size = item.hit().size();
        let ready = &mut self.ready;
        self.batcher.push(item, size, group, now, &mut |items| {
            ready.push_back(Batch::new(items));
        });
    }

    /// Lets what has been gathered go out.
    pub(super) fn release(&mut self) {
        let ready = &mut self.ready;
        self.batcher.release(&mut |items| ready.push_back(Batch::new(items)));
    }

    /// Puts hits back, to be delivered before any others.
    pub(super) fn put_back(&mut self, batch: Batch) {
        if !batch.items.is_empty() {
            self.ready.push_front(batch);
        }
    }

    /// Hits that wait here and nowhere else.
    pub(super) fn len(&self) -> usize {
        let ready = self.ready.iter().flat_map(|batch| &batch.items);
        let items = self.batcher.iter().chain(ready).chain(self.aside.items()).chain(&self.unsaved);
        items.filter(|item| item.spot().is_none()).count() + self.saving
    }

    /// These are about to be in an attempt, or looked at.
    pub(super) fn take_off(&mut self, items: &[Item]) {
        self.in_flight += items.len() as u64;
        self.spooled_in_flight += spooled(items);
    }

    /// These are not any more.
    pub(super) fn land(&mut self, items: &[Item]) {
        self.in_flight -= items.len() as u64;
        self.spooled_in_flight -= spooled(items);
    }

    /// An attempt succeeded: a problem that comes back is a new one, and one of those who stand aside is next.
    pub(super) fn succeeded(&mut self, trial: Trial) {
        if let Some((_, problem)) = &mut self.complained {
            problem.clear();
        }
        self.newly_aside = 0;
        self.has_succeeded = true;
        let is_evidence = trial.is_evidence();
        for batch in self.aside.iter_mut() {
            if is_evidence {
                batch.trial.excuse();
            }
            batch.trial.compare();
        }
        if let Some(batch) = self.aside.pop_due() {
            self.try_again(batch);
        }
    }

    /// An attempt failed at a batch with this past. If it follows upon a failure it may be the consequence of that, such as
    /// a server that starts again.
    pub(super) fn failed(&mut self, trial: &mut Trial) {
        if mem::take(&mut self.has_succeeded) {
            trial.note_evidence();
        }
    }

    /// Has the next of those that stand aside tried again, if there is one.
    pub(super) fn try_aside(&mut self) -> bool {
        let batch = self.aside.pop(self.has_succeeded);
        batch.map(|batch| self.try_again(batch)).is_some()
    }

    fn try_again(&mut self, batch: Batch) {
        // What fails with a test at its side may do so in consequence.
        self.has_succeeded &= !batch.trial.is_tested();
        self.put_back(batch);
    }

    /// Whether the log may be told of `problem` at the time `now`: once as long as it lasts, and of anything
    /// only once a minute.
    pub(super) fn may_complain(&mut self, now: Instant, problem: &str) -> bool {
        let may = self.complained.as_ref().is_none_or(|(at, last)| {
            last != problem && now.saturating_duration_since(*at) >= Duration::from_secs(60)
        });
        if may {
            self.complained = Some((now, problem.to_owned()));
        }
        may
    }

    /// Keeps a problem that does not come up again by itself until the log may be told of it.
    pub(super) fn keep_untold(&mut self, problem: String) {
        if self.untold.len() < UNTOLD && !self.untold.contains(&problem) {
            self.untold.push_back(problem);
        }
    }

    /// The next of these that the log may be told of at the time `now`. `is_last`: there will be no other time.
    pub(super) fn next_untold(&mut self, now: Instant, is_last: bool) -> Option<String> {
        while let Some(problem) = self.untold.pop_front() {
            if self.complained.as_ref().is_some_and(|(_, last)| *last == problem) {
                // It was the last of which the log was told, and lasts.
                continue;
            }
            if self.may_complain(now, &problem) || is_last {
                return Some(problem);
            }
            self.untold.push_front(problem);
            break;
        }
        None
    }
}

/// How many of these are in the spool.
fn spooled(items: &[Item]) -> u64 {
    items.iter().filter(|item| item.spot().is_some()).count() as u64
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::pool::batch::Limits;

    #[test]
    fn what_comes_up_once_is_told_as_soon_as_it_may_be() {
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let limits = Limits { gathered: 1, batch: 1, bytes: 1, age: Duration::ZERO, grouped: false };
        let mut desk = Desk::new(Batcher::new(limits), aside(), begin);
        assert!(desk.may_complain(at(0), "no store"));
        for problem in ["a segment", "a segment", "a lock", "a folder"] {
            desk.keep_untold(problem.to_owned());
        }
        assert_eq!(desk.next_untold(at(59), false), None, "once a minute");
        assert_eq!(desk.next_untold(at(60), false).as_deref(), Some("a segment"));
        assert_eq!(desk.next_untold(at(61), false), None);
        desk.keep_untold("a segment".to_owned());
        assert_eq!(desk.next_untold(at(120), false).as_deref(), Some("a lock"), "each once");
        assert_eq!(desk.next_untold(at(121), true).as_deref(), Some("a folder"), "there is no other time");
        assert_eq!(desk.next_untold(at(122), true).as_deref(), Some("a segment"), "it came up again");
        assert_eq!(desk.next_untold(at(999), true), None);
        (0..100).for_each(|n| desk.keep_untold(n.to_string()));
        assert_eq!((0..100).filter_map(|_| desk.next_untold(at(999), true)).count(), 16);
    }

    fn aside() -> Aside {
        let config =
            trackside_core::Config::builder().consent(trackside_core::config::Policy::None).build().unwrap();
        Aside::new(&config.destinations()[0].queue)
    }

    #[test]
    fn a_problem_is_told_once_until_it_has_gone() {
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let limits = Limits { gathered: 1, batch: 1, bytes: 1, age: Duration::ZERO, grouped: false };
        let mut desk = Desk::new(Batcher::new(limits), aside(), begin);
        assert!(desk.may_complain(at(0), "no store"));
        assert!(!desk.may_complain(at(59), "a panic"), "once a minute");
        assert!(!desk.may_complain(at(3_600), "no store"), "once as long as it lasts");
        assert!(desk.may_complain(at(3_600), "a panic"));
        desk.succeeded(Trial::default());
        assert!(!desk.may_complain(at(3_659), "a panic"));
        assert!(desk.may_complain(at(3_660), "a panic"), "it came back");
    }
}
