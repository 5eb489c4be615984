use std::{
    fmt,
    sync::{
        Mutex, OnceLock, Weak,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use trackside_core::{
    protocol::{Enriched, Outcome},
    transport::{Left, Submitted},
    visitor::DailyKey,
};

use super::*;
use crate::{
    clock::Clock,
    hooks::Hooks,
    keys::Keys,
    pool::{
        Backoff, Options,
        crew::Crew,
        running::{
            Plan,
            test::{LONG, eventually, hit, plan},
        },
        store::test::{Place, disk::Faulty, fill, running as spooled},
    },
    sink::{Delivery, SinkError},
};

/// The time of day, which stands still.
const NOW: u64 = 1_784_116_800_000_000;

#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn micros(&self) -> u64 {
        NOW
    }
}

/// A sink and keys that are tended, and see whether the worker is about to sleep then.
#[derive(Clone, Default)]
struct Tended(Arc<State>);

#[derive(Default)]
struct State {
    running: OnceLock<Weak<Running>>,
    /// How long there is nothing to see to, each time the sink is asked; then never.
    waits: Mutex<Vec<Duration>>,
    panics: bool,
    sinks: AtomicUsize,
    /// How often the sink was asked.
    tended: AtomicUsize,
    /// How often the keys were, by a worker about to sleep.
    keys: AtomicUsize,
}

impl Tended {
    fn with(waits: &[Duration]) -> Self {
        Self(Arc::new(State { waits: Mutex::new(waits.to_vec()), ..State::default() }))
    }

    fn times(&self) -> usize {
        self.0.tended.load(SeqCst)
    }

    fn is_idle(&self) -> bool {
        let running = self.0.running.get().and_then(Weak::upgrade);
        running.is_some_and(|running| running.signal.get() & IDLE != 0)
    }
}

impl Sink for Tended {
    fn deliver(&mut self, batch: &[Enriched<'_>], _: u64) -> Delivery {
        Delivery::new(batch.len(), Outcome::Delivered)
    }

    fn tend(&mut self, now: u64) -> Duration {
        assert_eq!(now, NOW);
        assert!(self.is_idle());
        self.0.tended.fetch_add(1, SeqCst);
        assert!(!self.0.panics, "as it was told");
        self.0.waits.lock().unwrap().pop().unwrap_or(Duration::MAX)
    }
}

impl AnyFactory for Tended {
    fn make(&self) -> Result<Box<dyn Sink>, SinkError> {
        self.0.sinks.fetch_add(1, SeqCst);
        Ok(Box::new(self.clone()))
    }

    fn share(&self) -> Box<dyn AnyFactory> {
        Box::new(self.clone())
    }

    fn hooks(&self) -> Option<&dyn Hooks> {
        None
    }
}

impl fmt::Debug for Tended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tended")
    }
}

impl Keys for Tended {
    fn key(&self, _: u64) -> Option<DailyKey> {
        None
    }

    fn tend(&self, _: u64) -> Duration {
        self.0.keys.fetch_add(usize::from(self.is_idle()), SeqCst);
        Duration::ZERO
    }
}

/// A pool that sleeps as soon as there is nothing to do.
fn running(tended: &Tended, keys: Option<Arc<dyn Keys>>) -> Arc<Running> {
    let (plan, ..) = plan();
    let options = Options { clock: Arc::new(Still), keys, ..plan.options.clone() };
    let mut plan = Plan::new(options, Backoff::default());
    plan.idle_after = Duration::ZERO;
    let running = Running::new(&Arc::new(plan));
    tended.0.running.set(Arc::downgrade(&running)).unwrap();
    running
}

fn deliver(running: &Arc<Running>, tended: &Tended, hits: u64) {
    let before = running.stats().delivered;
    for n in 1..=hits {
        assert_eq!(running.submit(hit(), tended), Submitted::Queued);
        eventually(|| running.stats().delivered == before + n);
    }
}

fn close(running: &Arc<Running>, tended: &Tended) {
    assert_eq!(running.close(Instant::now() + LONG, tended), Ok(Left::default()));
}

#[test]
fn a_worker_that_sleeps_wakes_up_for_its_sink() {
    // The last is asked for first, and an hour is what the test does not wait.
    let tended = Tended::with(&[LONG * 60, Duration::ZERO, Duration::from_micros(1), Duration::ZERO]);
    let running = running(&tended, None);
    deliver(&running, &tended, 1);
    eventually(|| tended.times() >= 4);
    // It is asleep, and a hit wakes it all the same.
    for n in 5..=6 {
        deliver(&running, &tended, 1);
        eventually(|| tended.times() >= n);
    }
    close(&running, &tended);
    assert_eq!((tended.0.sinks.load(SeqCst), running.stats().panics), (1, 0));
}

#[test]
fn a_sink_is_asked_each_time_that_there_was_something_else_to_do() {
    let tended = Tended::default();
    let running = running(&tended, None);
    for n in 1..=3 {
        deliver(&running, &tended, 1);
        eventually(|| tended.times() >= n);
    }
    close(&running, &tended);
}

#[test]
fn a_sink_that_panics_then_is_replaced_with_the_next_batch() {
    let tended = Tended(Arc::new(State { panics: true, ..State::default() }));
    let running = running(&tended, None);
    for n in 1..=3 {
        deliver(&running, &tended, 1);
        eventually(|| running.stats().panics == n && tended.times() as u64 == n);
    }
    assert_eq!(tended.0.sinks.load(SeqCst), 3);
    close(&running, &tended);
}

#[test]
fn a_worker_that_sleeps_wakes_up_for_the_keys() {
    let tended = Tended::default();
    let running = running(&tended, Some(Arc::new(tended.clone())));
    deliver(&running, &tended, 1);
    eventually(|| tended.0.keys.load(SeqCst) > 10);
    deliver(&running, &tended, 1);
    close(&running, &tended);
}

#[test]
fn a_worker_whose_spool_cannot_be_read_sleeps_between_its_looks() {
    let (place, disk, tended) = (Place::new(), Faulty::default(), Tended::default());
    let (running, factory) = spooled(&place, &disk, |options| options.keys = Some(Arc::new(tended.clone())));
    fill(&running, &factory, 1);
    disk.faults().is_unreadable.store(true, SeqCst);
    assert!(running.take_spooled(1, Instant::now()).is_empty() && running.has_spooled());
    tended.0.running.set(Arc::downgrade(&running)).unwrap();
    let mut worker = Worker::new(running, factory.share(), 0);
    assert!(worker.sleep());
    assert_eq!(tended.0.keys.load(SeqCst), 1, "it did not sleep");
}

#[test]
fn a_slow_worker_has_another_help_with_what_waits_in_the_spool() {
    let (place, disk) = (Place::new(), Faulty::default());
    let (running, factory) = spooled(&place, &disk, |_| {});
    fill(&running, &factory, 1);
    // Another watches already, so that it is for the backlog alone that the third is called.
    assert!(running.crew.watch(0));
    running.crew.rest(1, true);
    let mut worker = Worker::new(Arc::clone(&running), factory.share(), 0);
    worker.took = TICK;
    worker.hand_on();
    assert!(!running.crew.is_resting(1));
    // With nothing there it rests on.
    assert_eq!(running.take_spooled(1, Instant::now()).len(), 1);
    running.crew.rest(1, true);
    worker.hand_on();
    assert!(running.crew.is_resting(1));
}

#[test]
fn a_quick_worker_has_another_help_where_what_waits_takes_longer_than_a_tick() {
    let (plan, factory, _) = plan();
    let running = Running::with_crew(&plan, Crew::without_threads());
    assert!(running.crew.watch(0));
    running.crew.rest(1, true);
    let mut worker = Worker::new(Arc::clone(&running), factory.share(), 0);
    worker.note_attempt(TICK / 5, 2);
    for _ in 0..9 {
        assert_eq!(running.submit(hit(), &factory), Submitted::Queued);
        worker.hand_on();
        assert!(running.crew.is_resting(1));
    }
    assert_eq!(running.submit(hit(), &factory), Submitted::Queued);
    worker.hand_on();
    assert!(!running.crew.is_resting(1));
}
