//! The pool with a spool beneath it.

use std::{fs, path::PathBuf};

use super::*;
use kit::disk::Faulty;
use trackside_core::config::{Fsync, Spooling};
use trackside_transports::spool::{self, Budget};

/// A folder that goes with its test.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("trackside-pool-spool-{}-{}", std::process::id(), COUNT.fetch_add(1, SeqCst));
        Self(std::env::temp_dir().join(name))
    }

    fn options(&self, spooling: Spooling) -> Options {
        self.options_on(spooling, Faulty::default())
    }

    fn options_on(&self, spooling: Spooling, disk: Faulty) -> Options {
        let mut options = options("spooled");
        options.spool = Some((
            spooling,
            spool::Options {
                folder: self.0.clone(),
                fsync: Fsync::Never,
                budget: Arc::new(Budget::new(1 << 30)),
                disk: Arc::new(disk),
            },
        ));
        options
    }

    /// The states of the hits in all segments.
    fn states(&self) -> Vec<u8> {
        let folders = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path());
        let files = folders.filter(|path| path.is_dir()).flat_map(|path| fs::read_dir(path).unwrap());
        files.flat_map(|file| states(&fs::read(file.unwrap().path()).unwrap())).collect()
    }

    fn is_bare(&self) -> bool {
        fs::read_dir(&self.0).unwrap().next().is_none()
    }

    /// Waits until those who have closed have let go of their directories.
    fn until_free(&self) {
        eventually("they have let go", || {
            let paths = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path());
            let mut locks = paths.filter(|path| path.extension().is_some_and(|it| it == "lock"));
            locks.all(|lock| fs::File::open(lock).is_ok_and(|lock| lock.try_lock().is_ok()))
        });
    }

    /// The locks of processes that were killed are nobody's.
    fn unlock(&self) {
        for entry in fs::read_dir(&self.0).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "lock") {
                fs::remove_file(path).unwrap();
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// The states of the frames of a segment, as its specification has them: the head of 16 bytes, the state behind its
/// first two, and the length of the record from the fifth on.
fn states(segment: &[u8]) -> Vec<u8> {
    let (mut at, mut states) = (64, Vec::new());
    while let Some(head) = segment.get(at..at + 16) {
        states.push(head[2]);
        at += 16 + u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
    }
    states
}

/// Waits until what is pending is in the spool, and no attempt is being made.
fn until_spooled(pool: &Pool, count: u64) {
    eventually("all is in the spool", || stats(pool).spooled == count);
    let book = stats(pool);
    assert_balanced(&book);
    assert_eq!(book.volatile, 0);
}

/// Opens the spool and puts hits there, however busy the machine is: who can wait for a slow disk does.
fn spool_all(pool: &Pool, hits: &[Hit]) {
    pool.drain(Instant::now()).unwrap();
    for hit in hits {
        assert_eq!(pool.submit_until(hit.clone(), soon()), Ok(Submitted::Queued));
    }
}

#[test]
fn what_is_always_spooled_is_delivered_once_and_leaves_nothing() {
    let place = Place::new();
    let (pool, notes) = scripted(place.options(Spooling::Always), |_, batch| all(batch, Outcome::Delivered));
    for _ in 0..10 {
        let hits = hits(300);
        submit_all(&pool, &hits);
        assert!(pool.flush(soon()).unwrap().is_empty());
    }
    assert!(pool.close(soon()).unwrap().is_empty());
    let book = stats(&pool);
    assert_balanced(&book);
    assert_eq!((book.offered, book.adopted, book.delivered, book.spooled), (3_000, 0, 3_000, 0));
    assert!(notes.seen().values().all(|&times| times == 1));
    assert_eq!(notes.seen().len(), 3_000);
    assert!(place.is_bare());
}

#[test]
fn what_the_queue_has_no_room_for_goes_to_the_spool() {
    let place = Place::new();
    let mut options = place.options(Spooling::Overflow);
    (options.queue.hits, options.batch.hits) = (10, 5);
    let (pool, notes, door) = held(options);
    submit_all(&pool, &hits(1));
    door.wait_for(1);
    let more = hits(1_000);
    for hit in &more {
        eventually("it is written", || pool.submit(hit.clone()) == Submitted::Queued);
    }
    let book = stats(&pool);
    assert_balanced(&book);
    assert!(book.spooled >= 980 && book.queued >= 10, "{book:?}");
    assert_eq!(book.volatile, 0, "that is of `always` alone");
    door.open();
    assert!(pool.close(soon()).unwrap().is_empty());
    let book = stats(&pool);
    assert_balanced(&book);
    let seen = notes.seen();
    assert!(more.iter().all(|hit| seen[&hit.id()] == 1), "once each");
    assert_eq!(book.delivered, seen.len() as u64);
    assert!(place.is_bare());
}

#[test]
fn what_others_left_is_drained_without_a_hit_of_its_own() {
    let place = Place::new();
    // Two that live side by side, so that neither takes over what the other leaves.
    let owners = [700, 3].map(|count| {
        let (pool, _) =
            scripted(place.options(Spooling::Always), |_, batch| all(batch, Outcome::Retry(None)));
        let hits = hits(count);
        spool_all(&pool, &hits);
        (pool, hits)
    });
    let left = owners.map(|(pool, hits)| {
        until_spooled(&pool, hits.len() as u64);
        pool.close(Instant::now()).unwrap();
        hits
    });
    let left = left.concat();
    place.until_free();
    let (pool, notes) =
        scripted(place.options(Spooling::Overflow), |_, batch| all(batch, Outcome::Delivered));
    assert!(pool.drain(soon()).unwrap());
    assert!(pool.close(soon()).unwrap().is_empty());
    let book = stats(&pool);
    assert_balanced(&book);
    assert_eq!((book.offered, book.adopted, book.delivered), (0, 703, 703));
    let seen = notes.seen();
    assert!(seen.len() == 703 && left.iter().all(|hit| seen[&hit.id()] == 1), "once each");
    assert!(place.is_bare());

    // Nothing is left, and no worker was started for it.
    let (pool, _) = scripted(place.options(Spooling::Overflow), |_, batch| all(batch, Outcome::Delivered));
    assert!(pool.drain(soon()).unwrap());
    // And without a spool there is nothing to look at.
    assert!(scripted(options("plain"), |_, batch| all(batch, Outcome::Delivered)).0.drain(soon()).unwrap());
}

/// As a process does that is gone.
fn leave_twenty(place: &Place) {
    let (pool, _) = scripted(place.options(Spooling::Always), |_, batch| all(batch, Outcome::Retry(None)));
    spool_all(&pool, &hits(20));
    until_spooled(&pool, 20);
    pool.close(Instant::now()).unwrap();
    place.until_free();
}

/// No worker is started, and nothing that others left is touched; with the first hit it is.
#[test]
fn a_process_that_counts_nothing_adopts_nothing() {
    let place = Place::new();
    leave_twenty(&place);
    let open = || scripted(place.options(Spooling::Always), |_, batch| all(batch, Outcome::Delivered));
    let (pool, notes) = open();
    assert!(pool.flush(soon()).unwrap().is_empty());
    assert!(pool.close(soon()).unwrap().is_empty());
    let book = stats(&pool);
    assert_eq!((book.adopted, book.pending(), notes.batches().len()), (0, 0, 0));
    assert_eq!(place.states().len(), 20);
    let (pool, notes) = open();
    submit_all(&pool, &hits(1));
    eventually("what was left is delivered", || stats(&pool).delivered == 21);
    assert!(pool.close(soon()).unwrap().is_empty());
    assert_eq!((stats(&pool).adopted, notes.seen().len()), (20, 21));
}

#[test]
fn what_cannot_be_drained_in_time_stays() {
    let place = Place::new();
    leave_twenty(&place);
    let (pool, _) = scripted(place.options(Spooling::Overflow), |_, batch| all(batch, Outcome::Retry(None)));
    assert!(!pool.drain(Instant::now() + Duration::from_millis(50)).unwrap());
    pool.close(Instant::now()).unwrap();
    place.until_free();
    assert_eq!(place.states().iter().filter(|&&state| state == 0x1e || state == 0x2d).count(), 20);
}

#[test]
fn an_importer_waits_for_nothing_where_the_spool_takes_its_hits() {
    let place = Place::new();
    let disk = Faulty::default();
    let mut options = place.options_on(Spooling::Overflow, disk.clone());
    (options.queue.hits, options.batch.hits) = (1, 1);
    let (pool, _, door) = held(options);
    submit_all(&pool, &hits(1));
    door.wait_for(1);
    // Too slow for a request.
    disk.faults().slow.store(8, SeqCst);
    // One is on its way, one in the queue.
    let now = Instant::now();
    (0..20).for_each(|_| assert_eq!(pool.submit_until(hit(), soon()), Ok(Submitted::Queued)));
    assert!(now.elapsed() < LONG, "it waited for room");
    let book = stats(&pool);
    assert_balanced(&book);
    assert_eq!((book.in_flight, book.queued, book.spooled), (1, 1, 19));
    door.open();
    assert!(pool.close(soon()).unwrap().is_empty());
    assert_eq!(stats(&pool).delivered, 21);
}

#[test]
fn what_an_importer_brings_is_always_in_the_spool() {
    let place = Place::new();
    let (pool, _, door) = held(place.options(Spooling::Always));
    submit_all(&pool, &hits(1));
    door.wait_for(1);
    let before = stats(&pool);
    spool_all(&pool, &hits(20));
    let book = stats(&pool);
    assert_balanced(&book);
    assert_eq!((book.spooled, book.volatile), (before.spooled + 20, before.volatile));
    door.open();
    assert!(pool.close(soon()).unwrap().is_empty());
    assert_eq!(stats(&pool).delivered, 21);
}

#[test]
fn where_the_spool_has_no_room_either_the_oldest_give_way_if_that_is_wanted() {
    for spooling in [Spooling::Always, Spooling::Overflow] {
        for when_full in [WhenFull::DropNewest, WhenFull::DropOldest] {
            let place = Place::new();
            let disk = Faulty::default();
            disk.faults().fails.store(true, SeqCst);
            let mut options = place.options_on(spooling, disk);
            (options.queue.hits, options.queue.when_full) = (5, when_full);
            let (pool, notes, door) = held(options);
            submit_all(&pool, &hits(1));
            door.wait_for(1);
            let hits = hits(8);
            let taken = hits.iter().filter(|hit| pool.submit((*hit).clone()) == Submitted::Queued).count();
            door.open();
            assert!(pool.close(soon()).unwrap().is_empty());
            let book = stats(&pool);
            assert_balanced(&book);
            assert_eq!((book.delivered, count(&book.dropped, Reason::QueueFull)), (6, 3), "{book:?}");
            let kept = if when_full == WhenFull::DropOldest { &hits[3..] } else { &hits[..5] };
            assert!(
                kept.iter().all(|hit| notes.seen().contains_key(&hit.id())),
                "{spooling:?} {when_full:?}"
            );
            assert_eq!(taken, if when_full == WhenFull::DropOldest { 8 } else { 5 });
        }
    }
}

#[test]
fn an_outage_is_outlasted_and_then_each_hit_comes_once() {
    let place = Place::new();
    let mut options = place.options(Spooling::Always);
    options.queue.hits = 100;
    let is_down = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let down = is_down.clone();
    let (pool, notes) = scripted(options, move |_, batch| {
        all(batch, if down.load(SeqCst) { Outcome::Retry(None) } else { Outcome::Delivered })
    });
    spool_all(&pool, &hits(5_000));
    until_spooled(&pool, 5_000);
    is_down.store(false, SeqCst);
    assert!(pool.close(soon()).unwrap().is_empty());
    let book = stats(&pool);
    assert_balanced(&book);
    assert_eq!((book.delivered, notes.seen().len()), (5_000, 5_000));
    assert!(place.is_bare());
}

#[test]
fn what_is_left_at_close_is_delivered_by_the_next() {
    let place = Place::new();
    let (pool, _) = scripted(place.options(Spooling::Always), |_, batch| {
        all(batch, Outcome::Retry(Some(Duration::from_secs(3_600))))
    });
    let hits = hits(250);
    spool_all(&pool, &hits);
    until_spooled(&pool, 250);
    let left = pool.close(soon()).unwrap();
    assert_eq!(left, Left::default().with_spooled(250));
    let book = stats(&pool);
    assert_balanced(&book);
    assert_eq!((book.pending(), book.spooled, book.dropped.len()), (250, 250, 0));
    assert_eq!(pool.submit(hit()), Submitted::Dropped(Reason::Closed));

    let (next, notes) = scripted(place.options(Spooling::Always), |_, batch| all(batch, Outcome::Delivered));
    // The first hit makes it look.
    submit_all(&next, &[hit()]);
    eventually("all is delivered", || stats(&next).delivered == 251);
    assert!(next.close(soon()).unwrap().is_empty());
    let book = stats(&next);
    assert_balanced(&book);
    assert_eq!((book.offered, book.adopted, book.delivered), (1, 250, 251));
    assert!(hits.iter().all(|hit| notes.seen()[&hit.id()] == 1));
    assert!(place.is_bare());
}

#[test]
fn after_a_crash_an_attempt_is_made_again_only_where_a_second_copy_is_known() {
    for dedupe in [false, true] {
        let place = Place::new();
        let (pool, _, door) = held({
            let mut options = place.options(Spooling::Always);
            (options.dedupe, options.batch.hits) = (dedupe, 10);
            options
        });
        let hits = hits(25);
        spool_all(&pool, &hits);
        door.wait_for(1);
        let attempted = stats(&pool).in_flight;
        // The process is killed inside the attempt.
        place.unlock();
        let (next, notes) = scripted(
            {
                let mut options = place.options(Spooling::Always);
                options.dedupe = dedupe;
                options
            },
            |_, batch| all(batch, Outcome::Delivered),
        );
        submit_all(&next, &[hit()]);
        eventually("all has ended", || stats(&next).adopted == 25 && stats(&next).pending() == 0);
        let book = stats(&next);
        assert_balanced(&book);
        let lost = if dedupe { 0 } else { attempted };
        assert_eq!(count(&book.dropped, Reason::Ambiguous), lost, "{book:?}");
        assert_eq!(book.delivered, 26 - lost);
        assert!(notes.seen().values().all(|&times| times == 1));
        door.open();
    }
}

#[test]
fn what_was_certainly_not_processed_is_delivered_after_a_crash() {
    let place = Place::new();
    let (pool, notes) = scripted(place.options(Spooling::Always), |_, batch| {
        all(batch, Outcome::Retry(Some(Duration::from_secs(3_600))))
    });
    spool_all(&pool, &hits(50));
    until_spooled(&pool, 50);
    eventually("an attempt has been made", || !notes.batches().is_empty());
    eventually("what was attempted waits again", || place.states() == [0x1e; 50]);
    pool.close(Instant::now()).unwrap();
    place.unlock();
    let (next, _) = scripted(place.options(Spooling::Always), |_, batch| all(batch, Outcome::Delivered));
    submit_all(&next, &[hit()]);
    eventually("all is delivered", || stats(&next).delivered == 51);
}

#[test]
fn where_nothing_can_be_written_hits_are_delivered_from_memory() {
    let place = Place::new();
    let disk = Faulty::default();
    disk.faults().fails.store(true, SeqCst);
    let (pool, notes, door) = held(place.options_on(Spooling::Always, disk));
    let hits = hits(500);
    submit_all(&pool, &hits);
    door.wait_for(1);
    let book = stats(&pool);
    assert_balanced(&book);
    assert_eq!((book.volatile, book.spooled), (500, 0));
    door.open();
    assert!(pool.close(soon()).unwrap().is_empty());
    let book = stats(&pool);
    assert_balanced(&book);
    assert_eq!((book.delivered, book.volatile, notes.seen().len()), (500, 0, 500));
}

#[test]
fn close_tells_of_the_hit_that_a_slow_disk_is_taking() {
    let place = Place::new();
    let disk = Faulty::default();
    let (pool, _) = scripted(place.options_on(Spooling::Always, disk.clone()), |_, batch| {
        all(batch, Outcome::Retry(Some(Duration::from_secs(3_600))))
    });
    spool_all(&pool, &hits(1));
    until_spooled(&pool, 1);
    disk.faults().slow.store(50, SeqCst);
    // The first two find out that it is slow; the worker writes the others, one by one.
    submit_all(&pool, &hits(20));
    eventually("the worker has begun to write them", || stats(&pool).spooled > 3);
    let left = pool.close(Instant::now()).unwrap();
    assert!(left.queued + left.in_flight + left.spooled >= 21, "{left:?}");
    disk.faults().slow.store(0, SeqCst);
    eventually("it is over", || stats(&pool).queued == 0);
    assert_balanced(&stats(&pool));
}

#[test]
fn a_store_that_cannot_be_opened_costs_no_hit_that_is_in_the_spool() {
    let place = Place::new();
    let opens = Arc::new(AtomicUsize::new(0));
    let tries = opens.clone();
    let mut options = place.options(Spooling::Always);
    options.dedupe = true;
    let pool = Pool::with_backoff(options, quick(), move || {
        if tries.fetch_add(1, SeqCst) < 5 {
            return Err(SinkError::new("as told"));
        }
        Ok(Box::new(Does(|batch: &[Enriched<'_>], _| all(batch, Outcome::Delivered))) as Box<dyn Sink>)
    });
    spool_all(&pool, &hits(100));
    assert!(pool.flush(soon()).unwrap().is_empty());
    let book = stats(&pool);
    assert_balanced(&book);
    assert_eq!((book.delivered, book.dropped), (100, Vec::new()));
}

#[test]
fn what_others_left_and_is_not_for_third_parties_is_refused() {
    let place = Place::new();
    let confined = {
        let config =
            trackside_core::Config::builder().toml("consent = { policy = 'opt-in' }").build().unwrap();
        hit_of(&config, Clock::micros(&trackside_transports::clock::System))
    };
    assert!(confined.is_confined());
    let (pool, _) = scripted(place.options(Spooling::Always), |_, batch| {
        all(batch, Outcome::Retry(Some(Duration::from_secs(3_600))))
    });
    spool_all(&pool, &[confined, hit()]);
    until_spooled(&pool, 2);
    pool.close(soon()).unwrap();
    let mut options = place.options(Spooling::Always);
    options.third_party = true;
    let (next, _) = scripted(options, |_, batch| all(batch, Outcome::Delivered));
    submit_all(&next, &[hit()]);
    eventually("all has ended", || stats(&next).adopted == 2 && stats(&next).pending() == 0);
    let book = stats(&next);
    assert_eq!((book.delivered, book.refused), (2, vec![(Reason::NoConsent, 1)]));
}

#[test]
fn damage_is_counted_in_the_books() {
    let place = Place::new();
    let (pool, _) = scripted(place.options(Spooling::Always), |_, batch| {
        all(batch, Outcome::Retry(Some(Duration::from_secs(3_600))))
    });
    spool_all(&pool, &hits(3));
    until_spooled(&pool, 3);
    pool.close(soon()).unwrap();
    let directory =
        fs::read_dir(&place.0).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.is_dir());
    let segment = fs::read_dir(directory.unwrap()).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&segment).unwrap();
    bytes[64 + 16 + 50] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let (next, _) = scripted(place.options(Spooling::Always), |_, batch| all(batch, Outcome::Delivered));
    submit_all(&next, &[hit()]);
    eventually("all has ended", || stats(&next).adopted == 3 && stats(&next).pending() == 0);
    let book = stats(&next);
    assert_balanced(&book);
    assert_eq!((book.delivered, book.dropped), (3, vec![(Reason::Corrupt, 1)]));
}

#[test]
fn a_spool_that_cannot_be_looked_at_is_not_drained() {
    let place = Place::new();
    leave_twenty(&place);
    let mut left = fs::read_dir(&place.0).unwrap().map(|entry| entry.unwrap().path());
    let directory = left.find(|path| path.is_dir()).unwrap();
    let lock = directory.with_extension("lock");
    fs::remove_file(&lock).unwrap();
    fs::create_dir(&lock).unwrap();
    let (pool, _) = scripted(place.options(Spooling::Always), |_, batch| all(batch, Outcome::Delivered));
    // However often that is asked: the folder is not looked at each time.
    (0..2).for_each(|_| assert!(!pool.drain(soon()).unwrap()));
}

#[test]
fn a_disk_that_is_full_of_what_is_left_is_drained() {
    let place = Place::new();
    leave_twenty(&place);
    let disk = Faulty::default();
    disk.faults().fails.store(true, SeqCst);
    let options = place.options_on(Spooling::Always, disk);
    let (pool, _) = scripted(options, |_, batch| all(batch, Outcome::Delivered));
    assert!(pool.drain(soon()).unwrap());
    let book = stats(&pool);
    assert_eq!((book.adopted, book.delivered, book.pending()), (20, 20, 0));
}
