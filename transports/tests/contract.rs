//! What every transport has in common, and that a transport behind a pointer is the same transport.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod kit;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use kit::*;
use trackside_core::{
    Hit, Reason,
    config::IpPolicy,
    ledger::Hits,
    protocol::Outcome,
    transport::{Left, Null, Recording, Reentrant, Submitted, Transport},
};
use trackside_transports::{
    pool::{FanOut, Pool},
    sink::{Delivery, SinkError},
};

fn contract(make: &dyn Fn() -> Box<dyn Transport>) {
    unused_it_closes(&*make());
    it_takes_hits_and_settles_them(&*make());
    its_deadlines_may_have_passed(&*make());
    it_is_used_by_many_at_once(&*make());
    after_close_it_takes_no_more(&*make());
}

fn unused_it_closes(transport: &dyn Transport) {
    assert!(!format!("{transport:?}").is_empty());
    transport.stats().iter().for_each(assert_balanced);
    assert_eq!(transport.flush(Instant::now()), Ok(Left::default()));
    assert_eq!(transport.close(Instant::now()), Ok(Left::default()));
    assert_eq!(transport.close(Instant::now()), Ok(Left::default()));
}

fn it_takes_hits_and_settles_them(transport: &dyn Transport) {
    submit_all(transport, &hits(50));
    assert_eq!(transport.flush(soon()), Ok(Left::default()));
    for book in transport.stats() {
        assert_balanced(&book);
        assert_eq!((book.offered, book.pending()), (50, 0));
    }
    submit_all(transport, &hits(50));
    assert_eq!(transport.close(soon()), Ok(Left::default()));
    for book in transport.stats() {
        assert_balanced(&book);
        assert_eq!((book.offered, book.pending()), (100, 0));
    }
}

fn its_deadlines_may_have_passed(transport: &dyn Transport) {
    submit_all(transport, &hits(50));
    let past = Instant::now().checked_sub(Duration::from_secs(1)).unwrap_or_else(Instant::now);
    transport.flush(past).unwrap();
    let left = transport.close(past).unwrap();
    let dropped: u64 = transport.stats().iter().map(|book| count(&book.dropped, Reason::Shutdown)).sum();
    // What is in flight may fail meanwhile, and is not tried again.
    let may_be = left.queued..=left.queued + left.in_flight;
    assert!(may_be.contains(&dropped), "what was in memory has been dropped: {left:?} {dropped}");
    // A later close has the first one's deadline; what is in flight ends by itself.
    assert_eq!(transport.flush(soon()), Ok(Left::default()));
    assert_eq!(transport.close(soon()).unwrap().in_flight, 0);
    for book in transport.stats() {
        assert_balanced(&book);
        assert_eq!((book.offered, book.pending()), (50, 0));
    }
}

fn it_is_used_by_many_at_once(transport: &dyn Transport) {
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let senders: Vec<_> = (0..4).map(|_| scope.spawn(|| submit_all(transport, &hits(100)))).collect();
        scope.spawn(|| {
            while !is_done.load(SeqCst) {
                assert_eq!(transport.flush(soon()), Ok(Left::default()));
                for book in transport.stats() {
                    assert!(book.delivered + book.pending() <= book.offered);
                }
            }
        });
        senders.into_iter().for_each(|sender| sender.join().unwrap());
        is_done.store(true, SeqCst);
    });
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| assert_eq!(transport.close(soon()), Ok(Left::default())));
        }
    });
    for book in transport.stats() {
        assert_balanced(&book);
        assert_eq!((book.offered, book.pending()), (400, 0));
    }
}

fn after_close_it_takes_no_more(transport: &dyn Transport) {
    transport.close(soon()).unwrap();
    let submitted = transport.submit(hit());
    // What keeps no books takes everything for ever.
    let books = transport.stats();
    assert_eq!(submitted == Submitted::Queued, books.is_empty());
    for book in books {
        assert_eq!((book.offered, book.dropped), (1, vec![(Reason::Closed, 1)]));
    }
    assert_eq!(transport.flush(soon()), Ok(Left::default()));
}

/// A pool whose sink answers as `outcome` says.
fn pool(outcome: Outcome) -> Pool {
    Pool::with_backoff(options("pool"), quick(), does(move |batch, _| all(batch, outcome.clone())))
}

#[test]
fn null() {
    contract(&|| Box::new(Null));
}

#[test]
fn recording() {
    contract(&|| Box::new(Recording::new()));
}

#[test]
fn a_pool_whatever_its_sink_answers() {
    let outcomes = [
        Outcome::Delivered,
        Outcome::Partial(vec![(0, Reason::Rejected)]),
        Outcome::Refused(Reason::Rejected),
        Outcome::Split,
        Outcome::Unavailable,
        Outcome::Unknown,
    ];
    for outcome in outcomes {
        contract(&|| Box::new(pool(outcome.clone())));
    }
}

#[test]
fn a_pool_whose_sink_takes_one_hit_at_a_time() {
    contract(&|| Box::new(Pool::new(options("one"), does(|_, _| Delivery::new(1, Outcome::Delivered)))));
}

#[test]
fn a_pool_whose_sink_wants_every_batch_twice() {
    contract(&|| {
        let seen = Arc::new(Mutex::new(None));
        Box::new(Pool::with_backoff(
            options("twice"),
            quick(),
            does(move |batch, _| {
                let first = Some(batch[0].hit.id());
                let is_second = std::mem::replace(&mut *seen.lock().unwrap(), first) == first;
                all(batch, if is_second { Outcome::Delivered } else { Outcome::Retry(None) })
            }),
        ))
    });
}

#[test]
fn a_pool_whose_sink_panics() {
    contract(&|| {
        Box::new(Pool::with_backoff(
            options("panic"),
            quick(),
            does(|_, _| -> Delivery { panic!("as told") }),
        ))
    });
}

#[test]
fn a_pool_whose_sink_cannot_be_made() {
    contract(&|| Box::new(Pool::with_backoff(options("none"), quick(), || Err(SinkError::new("as told")))));
}

#[test]
fn a_fan_out() {
    contract(&|| {
        let destinations: Vec<(IpPolicy, Arc<dyn Transport>)> = vec![
            (IpPolicy::Masked, Arc::new(pool(Outcome::Delivered))),
            (IpPolicy::Masked, Arc::new(Recording::new())),
            (IpPolicy::Masked, Arc::new(pool(Outcome::Unknown))),
        ];
        Box::new(FanOut::new(destinations))
    });
}

#[test]
fn a_fan_out_of_one() {
    contract(&|| Box::new(FanOut::new(vec![(IpPolicy::Masked, Arc::new(pool(Outcome::Delivered)))])));
}

#[test]
fn transports_behind_pointers() {
    contract(&|| Box::new(Arc::new(pool(Outcome::Delivered))));
    contract(&|| Box::new(Box::new(pool(Outcome::Delivered)) as Box<dyn Transport>));
    contract(&|| Box::new(Arc::new(pool(Outcome::Delivered)) as Arc<dyn Transport>));
    contract(&|| Box::new(&*Box::leak(Box::new(pool(Outcome::Delivered)))));
    contract(&|| Box::new(Arc::new(Box::new(Recording::new()) as Box<dyn Transport>)));
}

/// Notes which method was called, and with what.
#[derive(Debug, Default)]
struct Probe(Mutex<Vec<&'static str>>, Option<Instant>);

impl Probe {
    fn note(&self, method: &'static str, until: Option<Instant>) {
        self.0.lock().unwrap().push(method);
        assert!(until.is_none() || until == self.1);
    }
}

impl Transport for Probe {
    fn submit(&self, _: Hit) -> Submitted {
        self.note("submit", None);
        Submitted::Dropped(Reason::Closed)
    }

    fn submit_until(&self, _: Hit, until: Instant) -> Result<Submitted, Reentrant> {
        self.note("submit_until", Some(until));
        Ok(Submitted::Queued)
    }

    fn flush(&self, until: Instant) -> Result<Left, Reentrant> {
        self.note("flush", Some(until));
        Ok(Left::new(1, 2))
    }

    fn close(&self, until: Instant) -> Result<Left, Reentrant> {
        self.note("close", Some(until));
        Err(Reentrant)
    }

    fn stats(&self) -> Vec<Hits> {
        self.note("stats", None);
        vec![Hits::default()]
    }
}

#[test]
fn every_method_arrives_through_every_pointer() {
    fn through<T: Transport>(wrap: impl Fn(Arc<Probe>) -> T) {
        let until = soon();
        let probe = Arc::new(Probe(Mutex::default(), Some(until)));
        let transport = wrap(probe.clone());
        assert_eq!(transport.submit(hit()), Submitted::Dropped(Reason::Closed));
        assert_eq!(transport.submit_until(hit(), until), Ok(Submitted::Queued));
        assert_eq!(transport.flush(until), Ok(Left::new(1, 2)));
        assert_eq!(transport.close(until), Err(Reentrant));
        assert_eq!(transport.stats(), [Hits::default()]);
        assert_eq!(*probe.0.lock().unwrap(), ["submit", "submit_until", "flush", "close", "stats"]);
    }
    through(|probe| probe);
    through(Box::new);
    through(|probe| probe as Arc<dyn Transport>);
    through(|probe| Box::new(probe) as Box<dyn Transport>);
    through(|probe| &*Box::leak(Box::new(probe)));
    through(|probe| FanOut::new(vec![(IpPolicy::Masked, probe)]));
}

#[test]
fn a_fan_out_hands_each_its_own_record() {
    let record = |ip: IpPolicy| {
        let config = trackside_core::Config::builder()
            .consent(trackside_core::config::Policy::None)
            .ip(ip)
            .build()
            .unwrap();
        hit_of(&config, 0)
    };
    let all = [IpPolicy::Masked, IpPolicy::Full, IpPolicy::None, IpPolicy::Full];
    let recordings: Vec<_> = all.iter().map(|_| Arc::new(Recording::new())).collect();
    let destinations = all.into_iter().zip(recordings.iter().map(|r| r.clone() as Arc<dyn Transport>));
    let fan_out = FanOut::new(destinations.collect());
    let (full, none) = (record(IpPolicy::Full), record(IpPolicy::None));
    assert_eq!(fan_out.submit(full.clone()), Submitted::Queued);
    assert_eq!(fan_out.submit(none.clone()), Submitted::Queued);
    let seen: Vec<_> = recordings.iter().map(|recording| recording.hits()).collect();
    assert_eq!(seen, [vec![], vec![full.clone()], vec![none], vec![full]]);
    assert_eq!(fan_out.stats().iter().map(|book| book.offered).collect::<Vec<_>>(), [0, 1, 1, 1]);
}

#[test]
fn a_fan_out_is_queued_if_any_took_it_else_dropped_for_the_firsts_reason() {
    #[derive(Debug)]
    struct Answers(Submitted);
    impl Transport for Answers {
        fn submit(&self, _: Hit) -> Submitted {
            self.0
        }
        fn submit_until(&self, hit: Hit, _: Instant) -> Result<Submitted, Reentrant> {
            Ok(self.submit(hit))
        }
        fn flush(&self, _: Instant) -> Result<Left, Reentrant> {
            Ok(Left::new(1, 10))
        }
        fn close(&self, _: Instant) -> Result<Left, Reentrant> {
            Ok(Left::new(2, 20))
        }
        fn stats(&self) -> Vec<Hits> {
            Vec::new()
        }
    }
    let fan_out = |answers: &[Submitted]| {
        let destinations = answers.iter().map(|&answer| {
            let transport: Arc<dyn Transport> = Arc::new(Answers(answer));
            (IpPolicy::Masked, transport)
        });
        FanOut::new(destinations.collect())
    };
    let full = Submitted::Dropped(Reason::QueueFull);
    let closed = Submitted::Dropped(Reason::Closed);
    for (answers, expected) in [
        (vec![full, Submitted::Queued, closed], Submitted::Queued),
        (vec![Submitted::Queued, full], Submitted::Queued),
        (vec![full, Submitted::Queued], Submitted::Queued),
        (vec![full, closed], full),
        (vec![closed, full], closed),
        (vec![], Submitted::Dropped(Reason::NoWorker)),
    ] {
        assert_eq!(fan_out(&answers).submit(hit()), expected, "{answers:?}");
        assert_eq!(fan_out(&answers).submit_until(hit(), soon()), Ok(expected), "{answers:?}");
    }
    assert_eq!(fan_out(&[full, full, full]).flush(soon()), Ok(Left::new(3, 30)));
    assert_eq!(fan_out(&[full, full, full]).close(soon()), Ok(Left::new(6, 60)));
}

#[test]
fn a_destination_that_panics_harms_neither_the_others_nor_the_host() {
    #[derive(Debug)]
    struct Panics;
    impl Transport for Panics {
        fn submit(&self, _: Hit) -> Submitted {
            Submitted::Queued
        }
        fn submit_until(&self, hit: Hit, _: Instant) -> Result<Submitted, Reentrant> {
            Ok(self.submit(hit))
        }
        fn flush(&self, _: Instant) -> Result<Left, Reentrant> {
            panic!("as told")
        }
        fn close(&self, _: Instant) -> Result<Left, Reentrant> {
            panic!("as told")
        }
        fn stats(&self) -> Vec<Hits> {
            Vec::new()
        }
    }
    let pool = Pool::new(options("other"), does(|batch, _| all(batch, Outcome::Delivered)));
    let pool: Arc<dyn Transport> = Arc::new(pool);
    let panics = || (IpPolicy::Masked, Arc::new(Panics) as Arc<dyn Transport>);
    // One on the thread that calls, one on a thread of its own.
    let fan_out = FanOut::new(vec![panics(), (IpPolicy::Masked, pool), panics()]);
    submit_all(&fan_out, &hits(5));
    assert_eq!(fan_out.flush(soon()), Ok(Left::default()));
    assert_eq!(fan_out.close(soon()), Ok(Left::default()));
    assert_eq!(stats(&fan_out).delivered, 5);
}

#[test]
fn a_fan_out_closes_all_at_once() {
    // One destination is stuck until the deadline; the other has all that time for its own.
    let door = Door::default();
    let at = door.clone();
    let stuck = Arc::new(Pool::new(
        options("stuck"),
        does(move |batch, _| {
            at.pass();
            all(batch, Outcome::Delivered)
        }),
    ));
    let mut options = options("slow");
    options.batch.age = Duration::from_secs(3_600);
    let delivered = Arc::new(AtomicBool::new(false));
    let tells = delivered.clone();
    let well = Arc::new(Pool::new(
        options,
        does(move |batch, _| {
            tells.store(true, SeqCst);
            all(batch, Outcome::Delivered)
        }),
    ));
    let fan_out = FanOut::new(vec![(IpPolicy::Masked, stuck.clone()), (IpPolicy::Masked, well.clone())]);
    submit_all(&fan_out, &hits(1));
    door.wait_for(1);
    submit_all(&fan_out, &hits(2));
    let closing = thread::spawn(move || fan_out.close(soon()));
    eventually("the second is closed while the first is stuck", || delivered.load(SeqCst));
    assert_eq!(stats(&stuck).in_flight, 1);
    door.open();
    assert_eq!(closing.join().unwrap(), Ok(Left::default()));
    assert_eq!((stats(&stuck).delivered, stats(&well).delivered), (3, 3));
}
