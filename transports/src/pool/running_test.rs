use std::{
    collections::BTreeSet,
    mem,
    sync::{atomic::AtomicUsize, mpsc},
};

use trackside_core::{
    Annotations, Config, Moment, Request, Response,
    config::Policy,
    hit::Edit,
    judge,
    protocol::{Enriched, Outcome},
    transport::Left,
    visitor::consent::{Choice, Consent},
};

use super::*;
use crate::{
    hooks::{HookError, Hooks},
    pool::{settle::Attempt, turn::Next},
    sink::{AnyFactory, Delivery, Sink, SinkError},
    stage::Stage,
};

/// Long enough for anything that is to happen on a busy machine.
pub(in crate::pool) const LONG: Duration = Duration::from_secs(60);

#[derive(Clone)]
pub(in crate::pool) struct Tells(mpsc::Sender<usize>);

impl Sink for Tells {
    fn deliver(&mut self, batch: &[Enriched<'_>], _: u64) -> Delivery {
        self.0.send(batch.len()).unwrap();
        Delivery::new(batch.len(), Outcome::Delivered)
    }
}

impl AnyFactory for Tells {
    fn make(&self) -> Result<Box<dyn Sink>, SinkError> {
        Ok(Box::new(self.clone()))
    }

    fn share(&self) -> Box<dyn AnyFactory> {
        Box::new(self.clone())
    }

    fn hooks(&self) -> Option<&dyn Hooks> {
        None
    }
}

fn config() -> Config {
    Config::builder().consent(Policy::None).build().unwrap()
}

pub(in crate::pool) fn plan() -> (Arc<Plan>, Tells, mpsc::Receiver<usize>) {
    plan_of_age(Duration::ZERO)
}

fn plan_of_age(age: Duration) -> (Arc<Plan>, Tells, mpsc::Receiver<usize>) {
    let (sender, receiver) = mpsc::channel();
    let config = config();
    let destination = &config.destinations()[0];
    let mut options = Options { name: "test".to_owned(), ..Options::of(destination) };
    options.batch.age = age;
    (Arc::new(Plan::new(options, Backoff::default())), Tells(sender), receiver)
}

pub(in crate::pool) fn hit() -> Hit {
    hit_of(Consent::default())
}

fn hit_of(consent: Consent) -> Hit {
    hit_to("/", consent)
}

pub(in crate::pool) fn hit_to(path: &str, consent: Consent) -> Hit {
    let request = Request::new("GET", path, &[("host", "www.example.com")]).with_consent(consent);
    let exchange = judge::begin(&config(), &request, Moment::new(0, [7; 64]), None);
    let response = Response::new(200, &[("content-type", "text/html")]);
    let mut hits = Vec::new();
    let verdict = judge::finish(&config(), exchange, &request, &response, &Annotations::new(), &mut |hit| {
        hits.push(hit);
    });
    assert!(verdict.is_tracked());
    hits.remove(0)
}

pub(in crate::pool) fn eventually(condition: impl Fn() -> bool) {
    let until = Instant::now() + LONG;
    while !condition() {
        assert!(Instant::now() < until);
        std::thread::yield_now();
    }
}

#[test]
fn a_worker_without_hits_parks_and_the_next_hit_wakes_it() {
    let (plan, factory, delivered) = plan();
    let running = Running::new(&plan);
    for _ in 0..2 {
        assert_eq!(running.submit(hit(), &factory), Submitted::Queued);
        assert_eq!(delivered.recv_timeout(LONG), Ok(1));
        eventually(|| running.signal.get() & IDLE != 0);
    }
    // Only the one that lowers IDLE pays for waking.
    assert_eq!(running.submit(hit(), &factory), Submitted::Queued);
    assert_eq!(running.signal.get() & IDLE, 0);
    assert_eq!(delivered.recv_timeout(LONG), Ok(1));
    // Close wakes it, too, and it goes.
    eventually(|| running.signal.get() & IDLE != 0);
    assert_eq!(running.close(Instant::now() + LONG, &factory), Ok(Left::default()));
    assert!(!running.crew.is_alive());
}

#[test]
fn a_third_party_is_not_told_of_who_refused() {
    let (plan, factory, delivered) = plan();
    let refused = || hit_of(Consent::new(Choice::Denied, Choice::Unknown));
    // One's own store is.
    let own = Running::new(&plan);
    assert_eq!(own.submit(refused(), &factory), Submitted::Queued);
    assert_eq!(delivered.recv_timeout(LONG), Ok(1));

    let options = Options { third_party: true, ..plan.options.clone() };
    let running = Running::new(&Arc::new(Plan::new(options, Backoff::default())));
    assert_eq!(running.submit(refused(), &factory), Submitted::Dropped(Reason::NoConsent));
    assert!(!running.crew.is_started());
    assert_eq!(
        running.submit(hit_of(Consent::new(Choice::Granted, Choice::Unknown)), &factory),
        Submitted::Queued
    );
    assert_eq!(delivered.recv_timeout(LONG), Ok(1));
    assert_eq!(running.close(Instant::now() + LONG, &factory), Ok(Left::default()));
    let hits = running.stats();
    assert_eq!((hits.offered, hits.delivered, hits.refused), (2, 1, vec![(Reason::NoConsent, 1)]));
    assert_eq!((hits.dropped, hits.queued, hits.in_flight), (vec![], 0, 0));
}

#[test]
fn the_high_water_mark_wakes_once_a_crossing() {
    let (plan, factory, _) = plan();
    // Nobody works here, so that nothing but the submits moves the mark.
    let running = Running::with_crew(&plan, Crew::without_threads());
    for n in 1..=HIGH_WATER + 1 {
        assert_eq!(running.submit(hit(), &factory), Submitted::Queued);
        assert_eq!(running.signal.get() & NUDGED != 0, n >= HIGH_WATER, "after {n}");
    }
}

#[test]
fn without_a_thread_hits_are_dropped_and_the_next_is_tried_again() {
    let (plan, factory, _) = plan();
    let running = Running::with_crew(&plan, Crew::that_cannot_start());
    for n in 1..=3 {
        assert_eq!(running.submit(hit(), &factory), Submitted::Dropped(Reason::NoWorker));
        let stats = running.stats();
        assert_eq!((stats.offered, stats.dropped), (n, vec![(Reason::NoWorker, n)]));
        assert!(!running.crew.is_started());
    }
    assert_eq!(running.flush(Instant::now() + LONG, &factory), Ok(Left::default()));
    assert_eq!(running.close(Instant::now() + LONG, &factory), Ok(Left::default()));
}

#[test]
fn a_hit_that_slips_in_behind_close_is_still_booked() {
    let (plan, ..) = plan();
    let running = Running::with_crew(&plan, Crew::without_threads());
    // As if `submit` had been held up between its two looks at the signal.
    let epoch = running.books.submit();
    running.give_up(&mut running.desk());
    let item = Item::new(hit(), epoch);
    assert!(running.queue.push(item, |_, _| panic!("there is room")).is_ok());
    assert_eq!(running.stats().queued, 1);
    assert_eq!(running.call(running.signal.get()), Submitted::Dropped(Reason::Closed));
    let stats = running.stats();
    assert_eq!((stats.queued, stats.pending()), (0, 0));
    assert_eq!(stats.dropped, [(Reason::Closed, 1)]);
}

#[test]
fn a_close_does_not_sit_out_a_pause_when_every_hit_has_ended() {
    let (plan, ..) = plan();
    let running = Running::with_crew(&plan, Crew::without_threads());
    let now = Instant::now();
    running.desk().until = Some(now + LONG);
    running.desk().breaker.failed(now, now, |_| LONG / 2);
    assert!(matches!(running.next(0, now, None), Next::Exit));

    let _pending = running.books.submit();
    assert!(matches!(running.next(0, now, None), Next::Wait(wait) if wait == LONG / 2));
}

#[test]
fn one_worker_watches_and_the_others_rest() {
    let (plan, factory, _) = plan();
    let running = Running::with_crew(&plan, Crew::without_threads());
    let now = Instant::now();
    assert!(matches!(running.next(0, now, None), Next::Wait(_)));
    assert!(matches!(running.next(1, now, None), Next::Rest));
    assert!(matches!(running.next(0, now, None), Next::Wait(_)), "it still watches");

    // While one is inside an attempt, the other watches.
    assert_eq!(running.submit(hit(), &factory), Submitted::Queued);
    let Next::Deliver(batch) = running.next(0, now, None) else { panic!("a hit waits") };
    assert!(!running.crew.is_watched());
    assert!(running.crew.recruit(), "the other rests");
    assert!(!running.crew.recruit(), "once");
    assert!(matches!(running.next(1, now, None), Next::Wait(_)));
    running.settle(batch, Attempt::Made(Delivery::new(1, Outcome::Delivered)), now, now, 0.5);
    assert!(matches!(running.next(0, now, None), Next::Rest));

    // Who closes waits for all of them.
    running.desk().until = Some(now + LONG);
    let _pending = running.books.submit();
    assert!(matches!(
        (running.next(0, now, None), running.next(1, now, None)),
        (Next::Wait(_), Next::Wait(_))
    ));
}

#[test]
fn what_is_gathered_while_the_watcher_sleeps_is_waited_for() {
    let (plan, factory, _) = plan_of_age(LONG);
    let running = Running::with_crew(&plan, Crew::without_threads());
    let now = Instant::now() + Duration::from_secs(2);
    assert!(matches!(running.next(0, now, None), Next::Sleep));
    assert!(matches!(running.next(1, now, None), Next::Rest), "nothing has been gathered");

    // The other takes the hit before the watcher is awake, which finds the queue empty and sleeps on.
    assert_eq!(running.submit(hit(), &factory), Submitted::Queued);
    assert!(matches!(running.next(1, now, None), Next::Wait(_)));
    assert!(matches!(running.next(1, now + LONG, None), Next::Deliver(_)));
}

/// The first worker of a pool watches, the others rest.
fn with_workers(count: usize, factory: &dyn AnyFactory) -> Arc<Running> {
    let running = Running::with_crew(&plan().0, Crew::new(count));
    running.start(0, factory).unwrap();
    eventually(|| running.crew.is_watched());
    for seat in 1..count {
        running.start(seat, factory).unwrap();
        eventually(|| running.crew.is_resting(seat));
    }
    running
}

/// A sink whose attempts tell that they have begun, and end when they are let.
#[derive(Clone)]
struct Held {
    begun: mpsc::Sender<()>,
    may_end: Arc<Mutex<mpsc::Receiver<()>>>,
    is_first: Arc<AtomicBool>,
}

impl Sink for Held {
    fn deliver(&mut self, batch: &[Enriched<'_>], _: u64) -> Delivery {
        self.begun.send(()).unwrap();
        if self.is_first.swap(false, SeqCst) {
            self.may_end.lock().unwrap().recv().unwrap();
        }
        Delivery::new(batch.len(), Outcome::Delivered)
    }
}

impl AnyFactory for Held {
    fn make(&self) -> Result<Box<dyn Sink>, SinkError> {
        Ok(Box::new(self.clone()))
    }

    fn share(&self) -> Box<dyn AnyFactory> {
        Box::new(self.clone())
    }

    fn hooks(&self) -> Option<&dyn Hooks> {
        None
    }
}

#[test]
fn a_worker_that_rests_takes_what_comes_during_a_long_attempt() {
    let (begun, attempts) = mpsc::channel();
    let (let_end, may_end) = mpsc::channel();
    let may_end = Arc::new(Mutex::new(may_end));
    let factory = Held { begun, may_end, is_first: Arc::new(AtomicBool::new(true)) };
    let running = with_workers(2, &factory);
    for _ in 0..3 {
        assert_eq!(running.submit(hit(), &factory), Submitted::Queued);
        attempts.recv_timeout(LONG).unwrap();
    }
    eventually(|| running.stats().delivered == 2);
    let_end.send(()).unwrap();
    assert_eq!(running.close(Instant::now() + LONG, &factory), Ok(Left::default()));
}

#[test]
fn a_close_wakes_those_who_rest_though_no_thread_is_to_be_had() {
    let (.., factory, _delivered) = plan();
    let running = with_workers(3, &factory);
    running.crew.refuse_threads();
    assert_eq!(running.submit(hit(), &factory), Submitted::Queued);
    let until = Instant::now() + LONG;
    assert_eq!(running.close(until, &factory), Ok(Left::default()));
    assert!(Instant::now() < until, "nobody told the one who rests");
}

/// Many hits stand aside while the receiver fails, each with its copy. Where these hold too much nothing more is taken
/// from the queue, though there is nothing else to be tried.
#[test]
fn copies_that_wait_for_a_receiver_that_fails_are_within_the_bytes_of_the_queue() {
    const HITS: usize = 100;
    const BYTES: usize = 70_000;
    let (plan, factory, _) = plan();
    let mut options = plan.options.clone();
    options.stage = Some(Arc::new(Stage::open(&config()).unwrap()));
    // By ten kilobytes.
    let large = "x".repeat(1_000);
    (0..10).for_each(|n| options.changes.property(format!("p{n}"), large.clone()));
    (options.queue.bytes, options.batch.hits, options.max_age) = (BYTES, 1, Duration::MAX);
    let running =
        Running::with_crew(&Arc::new(Plan::new(options, Backoff::default())), Crew::without_threads());
    let hits: Vec<_> = (0..HITS).map(|n| hit_to(&format!("/{n:03}"), Consent::default())).collect();
    let own = hits[0].size();
    for hit in hits {
        assert_eq!(running.submit(hit, &factory), Submitted::Queued);
    }
    let (mut tried, mut copy, mut now) = (BTreeSet::new(), 0, Instant::now());
    // The first steps aside after three failures, the others after one each.
    for _ in 0..HITS {
        now += Duration::from_secs(60);
        let Next::Deliver(batch) = running.next(0, now, None) else { panic!("nothing to be tried") };
        tried.insert(batch.items[0].hit().path().to_vec());
        copy = batch.items[0].hit().size();
        let answer = Delivery::new(1, Outcome::Retry(None)).answered();
        running.settle(batch, Attempt::Made(answer), now, now, 0.0);
    }
    assert!(copy > 10_000, "{copy}");
    // As many as fit beside what waits, and the one with which it was seen.
    assert_eq!(tried.len(), (BYTES - HITS * own) / copy + 1, "{own} and {copy} bytes");
}

/// Code of the host that does this about each hit.
struct Does<F>(F);

impl<F: Fn() + Send + Sync + 'static> Hooks for Does<F> {
    fn filter(&self, _: &Enriched<'_>) -> Result<bool, HookError> {
        (self.0)();
        Ok(true)
    }

    fn edit(&self, _: &Enriched<'_>, _: &mut Edit) -> Result<(), HookError> {
        Ok(())
    }

    fn share(&self) -> Box<dyn Hooks> {
        panic!("there is no other worker")
    }
}

#[test]
fn a_flush_does_not_send_without_the_rest_what_another_worker_has_in_hand() {
    let (plan, factory, _) = plan_of_age(LONG);
    let stage = Some(Arc::new(Stage::open(&config()).unwrap()));
    let plan = Plan::new(Options { stage, ..plan.options.clone() }, Backoff::default());
    let running = Running::with_crew(&Arc::new(plan), Crew::without_threads());
    for _ in 0..3 {
        assert_eq!(running.submit(hit(), &factory), Submitted::Queued);
    }
    let now = Instant::now();
    let (hits, other) = (AtomicUsize::new(0), Arc::clone(&running));
    let hooks = Does(move || {
        // The last is asked about while a flush begins and another worker has its turn.
        if hits.fetch_add(1, SeqCst) == 2 {
            mem::forget(other.books.await_end());
            assert!(!matches!(other.next(0, now, None), Next::Deliver(_)), "two of three");
        }
    });
    assert!(!matches!(running.next(0, now, Some(&hooks)), Next::Deliver(_)), "nobody flushed yet");
    let Next::Deliver(batch) = running.next(0, now, Some(&hooks)) else { panic!("a flush waits") };
    assert_eq!(batch.items.len(), 3);
}
