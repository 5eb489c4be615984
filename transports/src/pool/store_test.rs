use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    thread,
};

use trackside_core::{
    config::Fsync,
    ledger::Hits,
    protocol::Outcome,
    transport::{Left, Submitted},
};

use self::{disk::Faulty, warnings::Warnings};
use super::*;
use crate::{
    clock::Clock,
    pool::{
        Backoff, Observer, Options,
        crew::Crew,
        desk::Batch,
        running::{
            Plan,
            test::{LONG, Tells, hit, hit_to, plan},
        },
        settle::Attempt,
        turn::Next,
    },
    sink::Delivery,
    spool::{self, Budget},
};

#[path = "../../tests/kit/warnings.rs"]
mod warnings;

#[path = "../../tests/kit/disk.rs"]
#[allow(dead_code, unreachable_pub, reason = "others use the rest of it")]
pub(in crate::pool) mod disk;

const HOUR: Duration = Duration::from_secs(3_600);

/// A folder that goes with its test.
pub(in crate::pool) struct Place(PathBuf);

impl Place {
    pub(in crate::pool) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("trackside-store-{}-{}", std::process::id(), COUNT.fetch_add(1, SeqCst));
        Self(std::env::temp_dir().join(name))
    }

    pub(in crate::pool) fn options(&self, disk: &Faulty) -> spool::Options {
        spool::Options {
            folder: self.0.clone(),
            fsync: Fsync::Never,
            budget: Arc::new(Budget::new(1 << 30)),
            disk: Arc::new(disk.clone()),
        }
    }

    /// Leaves so many hits, as a process that is gone.
    fn leave(&self, count: usize) {
        let spool = Spool::new(self.options(&Faulty::default()));
        spool.tend(Instant::now());
        (0..count).for_each(|_| assert!(spool.save(&hit(), 0)));
        spool.close();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// The beginning of time, when the hits came.
#[derive(Debug)]
struct Beginning;

impl Clock for Beginning {
    fn micros(&self) -> u64 {
        0
    }
}

/// So long after the beginning.
#[derive(Debug)]
struct After(Duration);

impl Clock for After {
    fn micros(&self) -> u64 {
        self.0.as_micros() as u64
    }
}

/// A pool that spools all hits, as `edit` has it, and for which nobody works but the test.
pub(in crate::pool) fn running(
    place: &Place,
    disk: &Faulty,
    edit: impl FnOnce(&mut Options),
) -> (Arc<Running>, Tells) {
    let (plan, factory, _) = plan();
    let mut options = plan.options.clone();
    options.clock = Arc::new(Beginning);
    options.spool = Some((Spooling::Always, place.options(disk)));
    edit(&mut options);
    let plan = Arc::new(Plan::new(options, Backoff::default()));
    (Running::with_crew(&plan, Crew::without_threads()), factory)
}

/// Has `count` hits in the spool.
pub(in crate::pool) fn fill(running: &Arc<Running>, factory: &Tells, count: u64) {
    running.look_after_spool(Instant::now());
    for _ in 0..count {
        // Who can wait for a slow disk does.
        let submitted = running.submit_until(hit(), Instant::now(), factory);
        assert_eq!(submitted, Ok(Submitted::Queued));
    }
    assert_eq!(running.stats().spooled, count);
}

fn submit(running: &Arc<Running>, factory: &Tells, count: usize) {
    (0..count).for_each(|_| assert_eq!(running.submit(hit(), factory), Submitted::Queued));
}

fn counts(book: &Hits) -> (u64, u64, u64) {
    assert_eq!(book.pending(), book.queued + book.in_flight + book.spooled, "{book:?}");
    (book.queued, book.in_flight, book.spooled)
}

#[test]
fn a_slow_disk_keeps_no_hit_from_being_delivered() {
    let (place, disk) = (Place::new(), Faulty::default());
    disk.faults().slow.store(20, SeqCst);
    let (running, factory) = running(&place, &disk, |_| {});
    submit(&running, &factory, 50);
    let mut now = Instant::now();
    running.look_after_spool(now);
    let until = now + LONG;
    while running.stats().spooled == 0 {
        assert!(now < until, "something is spooled");
        // Its time was over before the first write.
        now = Instant::now();
        running.look_after_spool(now);
    }
    let (queued, _, spooled) = counts(&running.stats());
    assert!(queued + spooled == 50 && queued > 0 && spooled > 0, "{queued} wait in memory");
    let Next::Deliver(batch) = running.next(0, now, None) else {
        panic!("they are not to wait for the disk")
    };
    assert!(batch.items.iter().any(|item| item.spot().is_none()));
}

#[test]
fn a_hit_that_the_spool_has_no_room_for_keeps_none_behind_it_in_memory() {
    const SEGMENT: usize = 160 << 10;
    let (place, disk) = (Place::new(), Faulty::default());
    let (running, factory) = running(&place, &disk, |options| {
        let (_, spool) = options.spool.as_mut().unwrap();
        spool.budget = Arc::new(Budget::new(SEGMENT as u64));
    });
    let large =
        hit_to(&format!("/news/{}", "x".repeat(1_500)), trackside_core::visitor::consent::Consent::default());
    let frame = |hit: &trackside_core::Hit| hit.record().len() + 16;
    let room = SEGMENT - 64;
    let fit = room / frame(&large);
    assert!(room % frame(&large) >= frame(&hit()), "a small one fits beside them");
    for hit in std::iter::repeat_n(large, fit + 2).chain([hit()]) {
        assert_eq!(running.submit(hit, &factory), Submitted::Queued);
    }
    (0..20).for_each(|_| running.look_after_spool(Instant::now()));
    assert_eq!(counts(&running.stats()), (2, 0, fit as u64 + 1));
    assert!(running.desk().unsaved.iter().all(|item| item.submitted().size() > 1_500));
}

#[test]
fn nothing_is_saved_beyond_the_deadline_of_close() {
    let (place, disk) = (Place::new(), Faulty::default());
    let (running, factory) = running(&place, &disk, |_| {});
    submit(&running, &factory, 50);
    let now = Instant::now();
    running.desk().until = Some(now);
    running.look_after_spool(now);
    assert_eq!(counts(&running.stats()), (50, 0, 0));
    assert!(matches!(running.next(0, now, None), Next::Exit));
    let book = running.stats();
    assert_eq!((counts(&book), book.dropped), ((0, 0, 0), vec![(Reason::Shutdown, 50)]));
}

#[test]
fn what_will_not_be_attempted_before_the_deadline_is_saved_until_then() {
    let (place, disk) = (Place::new(), Faulty::default());
    disk.faults().slow.store(5, SeqCst);
    let (running, factory) = running(&place, &disk, |_| {});
    submit(&running, &factory, 30);
    let now = Instant::now();
    // Some have been attempted, and wait or stand aside; others are about to be.
    let item = || Item::new(hit(), running.books.submit());
    let (first, second, third) = (item(), item(), item());
    {
        let mut desk = running.desk();
        desk.put_back(Batch::new(vec![first]));
        desk.aside.push(Batch::new(vec![second]));
        desk.gather(third, 0, now);
        desk.until = Some(now + LONG);
        desk.breaker.failed(now, now, |_| LONG * 2);
    }
    running.look_after_spool(now);
    assert_eq!(counts(&running.stats()), (0, 0, 33));
    assert!(matches!(running.next(0, now, None), Next::Exit));
    let left = running.close(now, &factory);
    assert_eq!(left, Ok(Left::default().with_spooled(33)));
}

#[test]
fn of_a_batch_without_a_store_only_what_is_in_memory_is_lost() {
    let (place, disk) = (Place::new(), Faulty::default());
    let (running, factory) = running(&place, &disk, |_| {});
    fill(&running, &factory, 1);
    let now = Instant::now();
    let mut items = running.take_spooled(10, Instant::now());
    items.push(Item::new(hit(), running.books.submit()));
    running.desk().take_off(&items);
    assert_eq!(counts(&running.stats()), (0, 2, 0));
    running.settle(Batch::new(items), Attempt::NoSink, now, now, 0.5);
    let book = running.stats();
    assert_eq!((counts(&book), book.dropped), ((0, 0, 1), vec![(Reason::StoreUnavailable, 1)]));
    let Next::Deliver(batch) = running.next(0, now + LONG, None) else { panic!("the other waits") };
    assert_eq!(batch.items.len(), 1);
}

#[derive(Debug, Default)]
struct Told(Mutex<Vec<(String, Report)>>);

impl Observer for Told {
    fn observe(&self, destination: &str, report: &Report) {
        self.0.lock().unwrap().push((destination.to_owned(), report.clone()));
    }
}

#[test]
fn that_the_disk_is_full_is_told_with_the_way_out_and_once_a_minute() {
    let (place, disk) = (Place::new(), Faulty::default());
    let (told, warnings) = (Arc::new(Told::default()), Warnings::default());
    let observer = Arc::clone(&told);
    let (running, factory) = running(&place, &disk, |options| options.observer = Some(observer));
    let begin = Instant::now();
    tracing::subscriber::with_default(warnings.clone(), || {
        running.look_after_spool(begin);
        disk.faults().fails.store(true, SeqCst);
        for second in 0..3 {
            submit(&running, &factory, 1);
            running.look_after_spool(begin + Duration::from_secs(second));
        }
    });
    assert_eq!(counts(&running.stats()), (3, 0, 0), "they are in memory");
    let problem = format!(
        "the spool {} cannot be written, hits stay in memory ({}); see that there is room and that this process may write there",
        place.0.display(),
        std::io::Error::from(std::io::ErrorKind::StorageFull)
    );
    assert_eq!(warnings.take(), [format!("test: {problem}")]);
    assert_eq!(*told.0.lock().unwrap(), [("test".to_owned(), Report::Spool { problem })]);
}

#[test]
fn that_the_spool_has_no_room_is_told_with_the_way_out() {
    let (place, disk, warnings) = (Place::new(), Faulty::default(), Warnings::default());
    let (running, factory) = running(&place, &disk, |options| {
        let (_, spool) = options.spool.as_mut().unwrap();
        spool.budget = Arc::new(Budget::new(0));
    });
    tracing::subscriber::with_default(warnings.clone(), || {
        running.look_after_spool(Instant::now());
        submit(&running, &factory, 2);
        running.look_after_spool(Instant::now());
    });
    assert_eq!(counts(&running.stats()), (2, 0, 0), "they are in memory");
    let says = "is full, hits stay in memory; raise spool.bytes, or see why they are not delivered";
    assert_eq!(warnings.take(), [format!("test: the spool {} {says}", place.0.display())]);
}

/// Of hits of its own and of what a process that is gone has left: they go from one book to the other at once.
#[test]
fn every_snapshot_balances_while_the_spool_is_read_and_ends_are_written_down() {
    const HITS: u64 = 3_000;
    let (place, disk) = (Place::new(), Faulty::default());
    place.leave(HITS as usize);
    let (running, factory) = running(&place, &disk, |_| {});
    fill(&running, &factory, HITS);
    let is_over = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            while is_over.load(SeqCst) == 0 {
                let book = running.stats();
                let (came, ended) = (book.offered + book.adopted, book.delivered);
                assert_eq!(came - ended, book.queued + book.in_flight + book.spooled, "{book:?}");
            }
        });
        let mut ended = 0;
        while ended < 2 * HITS {
            running.look_after_spool(Instant::now());
            let items = running.take_spooled(7, Instant::now());
            ended += items.len() as u64;
            let desk = running.desk();
            running.note_delivered(&items);
            running.books.delivered(Tally::of(&items));
            drop(desk);
        }
        running.look_after_spool(Instant::now());
        is_over.store(1, SeqCst);
    });
    let book = running.stats();
    assert_eq!((book.offered, book.adopted, counts(&book)), (HITS, HITS, (0, 0, 0)));
}

/// A pool whose hits in the spool may become 72 h old, and whose clock stands so long after all hits.
fn running_after(place: &Place, age: Duration) -> (Arc<Running>, Tells) {
    running(place, &Faulty::default(), |options| {
        options.max_age = HOUR * 72;
        options.clock = Arc::new(After(age));
    })
}

#[test]
fn what_was_left_is_given_up_when_it_has_become_too_old() {
    let place = Place::new();
    // More than are looked at under one turn.
    place.leave(100);
    let (running, _) = running_after(&place, HOUR * 73);
    let now = Instant::now();
    running.look_after_spool(now);
    assert!(matches!(running.next(0, now, None), Next::Wait(_)));
    let book = running.stats();
    assert_eq!((book.adopted, counts(&book), book.dropped), (100, (0, 0, 0), vec![(Reason::Expired, 100)]));
    running.look_after_spool(now);
    let folders = std::fs::read_dir(&place.0).unwrap().filter(|it| it.as_ref().unwrap().path().is_dir());
    assert_eq!(folders.count(), 1, "of what was left nothing stays on the disk");
}

#[test]
fn what_was_left_is_delivered_as_long_as_it_is_not_too_old() {
    let place = Place::new();
    place.leave(1);
    let (running, _) = running_after(&place, HOUR * 71);
    let now = Instant::now();
    running.look_after_spool(now);
    let Next::Deliver(batch) = running.next(0, now, None) else { panic!("it is to be attempted") };
    assert_eq!((batch.items.len(), running.stats().dropped), (1, vec![]));
}

#[test]
fn what_this_process_has_spooled_becomes_too_old_by_the_clock_that_does_not_jump() {
    let place = Place::new();
    let (running, factory) = running_after(&place, HOUR * 1_000);
    fill(&running, &factory, 2);
    let now = Instant::now();
    assert_eq!(running.take_spooled(1, now + HOUR * 71).len(), 1);
    assert!(running.take_spooled(1, now + HOUR * 73).is_empty());
    assert_eq!(running.stats().dropped, [(Reason::Expired, 1)]);
}

#[test]
fn the_breaker_is_asked_again_after_the_spool_was_read() {
    let (place, disk) = (Place::new(), Faulty::default());
    let (running, factory) = running(&place, &disk, |_| {});
    fill(&running, &factory, 1);
    let now = Instant::now();
    // Another worker's attempt fails while this one reads.
    let other = Arc::clone(&running);
    disk.faults().meanwhile.set(move || _ = other.desk().breaker.failed(now, now, |_| LONG));
    assert!(matches!(running.next(0, now, None), Next::Wait(_)));
    assert!(matches!(running.next(0, now + LONG, None), Next::Deliver(_)));
}

#[test]
fn what_stays_in_the_spool_is_let_go_of_when_no_lock_is_held() {
    let (place, disk) = (Place::new(), Faulty::default());
    place.leave(3);
    let (running, factory) = running(&place, &disk, |_| {});
    running.look_after_spool(Instant::now());
    let items = running.take_spooled(10, Instant::now());
    assert_eq!(items.len(), 3);
    running.desk().put_back(Batch::new(items));
    // The directory goes with the last of them, or stays and can be locked again.
    let (seen, looker) = (Arc::new(Mutex::new(None)), Arc::clone(&running));
    let sight = Arc::clone(&seen);
    disk.faults().leaving.set(move || *sight.lock().unwrap() = Some(looker.is_desk_free()));
    let left = running.close(Instant::now(), &factory);
    assert_eq!(left, Ok(Left::default().with_spooled(3)));
    assert_eq!(*seen.lock().unwrap(), Some(true));
}

#[test]
fn of_the_spool_no_more_stands_aside_than_the_queue_may_hold() {
    const HITS: u64 = 1_000;
    let (place, disk) = (Place::new(), Faulty::default());
    let (running, factory) = running(&place, &disk, |options| {
        (options.queue.hits, options.batch.hits) = (20, 5);
    });
    fill(&running, &factory, HITS);
    let (mut now, mut most, mut fresh) = (Instant::now(), 0, 0);
    for turn in 0.. {
        assert!(turn < 100_000, "it comes to no end: {:?}", running.stats());
        if running.stats().pending() == 0 {
            break;
        }
        let Next::Deliver(batch) = running.next(0, now, None) else {
            // However long the pause is.
            now += Duration::from_secs(25 * 60 * 60);
            continue;
        };
        // Of those that come one in ten is taken, and at last all are.
        fresh += usize::from(!batch.is_attempted);
        let is_taken = !running.has_spooled() || (!batch.is_attempted && fresh % 10 == 0);
        let outcome = if is_taken { Outcome::Delivered } else { Outcome::Retry(None) };
        let delivery = Delivery::new(batch.items.len(), outcome).answered();
        running.settle(batch, Attempt::Made(delivery), now, now, 0.5);
        most = most.max(running.desk().aside.items().count());
    }
    // Before one succeeds sixteen batches step aside at most, and after three of these each of their hits has ended.
    assert!((20..=20 + 3 * 16 * 5).contains(&most), "{most} stood aside");
    let book = running.stats();
    let refused: u64 = book.refused.iter().map(|(_, n)| n).sum();
    assert_eq!(book.delivered + refused, HITS, "{book:?}");
    assert!(refused > HITS / 2, "{book:?}");
}
