//! A disk that fails, fills or is slow.

use std::{sync::mpsc, thread};

use super::*;

fn faulty(place: &Place) -> (Spool, Faulty) {
    let (spool, disk) = unopened(place);
    spool.tend(Instant::now());
    assert_eq!(spool.troubles(), Vec::<String>::new());
    (spool, disk)
}

#[test]
fn a_folder_that_cannot_be_made_is_told_and_tried_again() {
    let place = Place::new();
    let disk = Faulty::default();
    disk.faults().fails.store(true, SeqCst);
    let mut options = place.options();
    options.disk = Arc::new(disk.clone());
    let spool = Spool::new(options);
    let now = Instant::now();
    spool.tend(now);
    let [told] = &spool.troubles()[..] else { panic!() };
    assert!(told.contains(place.0.to_str().unwrap()) && told.contains("spool.dir"), "{told}");
    assert!(!spool.write(&hit(), 0) && !spool.save(&hit(), 0));
    disk.faults().fails.store(false, SeqCst);
    spool.tend(now + Duration::from_secs(1));
    assert!(!spool.write(&hit(), 0), "not so soon");
    spool.tend(now + Duration::from_secs(11));
    fill(&spool, 1);
    assert!(spool.troubles().is_empty());
}

#[test]
fn a_path_that_is_a_file_is_told() {
    let place = Place::new();
    fs::write(&place.0, "in the way").unwrap();
    let spool = Spool::new(place.options());
    spool.tend(Instant::now());
    let [opened, searched] = &spool.troubles()[..] else { panic!() };
    assert!(
        opened.contains("cannot be opened") && searched.contains("cannot be read"),
        "{opened} {searched}"
    );
    assert!(!spool.write(&hit(), 0));
    spool.close();
    fs::remove_file(&place.0).unwrap();
}

#[test]
fn a_full_disk_is_told_and_what_was_written_is_there() {
    let place = Place::new();
    let (spool, disk) = faulty(&place);
    let hits = fill(&spool, 3);
    disk.faults().fails.store(true, SeqCst);
    assert!(!spool.write(&hit(), 0));
    let [told] = &spool.troubles()[..] else { panic!() };
    assert!(told.contains("stay in memory") && told.contains("room"), "{told}");
    assert!(!spool.write(&hit(), 0));
    assert!(spool.troubles().is_empty(), "for a second nobody tries");
    disk.faults().fails.store(false, SeqCst);
    assert_eq!(read_ids(&read(&spool)), ids(&hits));
    let more = fill_again(&spool, 3);
    assert_eq!(read_ids(&read(&spool)), ids(&more));
    assert_eq!(spool.pending(), 6);
}

#[test]
fn where_no_segment_can_be_begun_those_that_are_there_are_filled() {
    let place = Place::new();
    let mut options = place.options();
    // Two segments of 160 KiB.
    options.budget = Arc::new(Budget::new(320 << 10));
    let spool = open(options);
    // Another thread's is not always another stripe's.
    while place.segments().len() < 2 {
        std::thread::scope(|scope| scope.spawn(|| fill(&spool, 1)).join().map(drop).unwrap());
        fill(&spool, 1);
    }
    let large = kit::large_hit(1_000);
    let mut written = 0;
    while put(&spool, &large, 0) {
        written += 1;
    }
    let [told] = &spool.troubles()[..] else { panic!() };
    assert!(told.contains("is full"), "{told}");
    let bytes: u64 = place.segments().iter().map(|path| path.metadata().unwrap().len()).sum();
    let frame = large.record().len() as u64 + 16;
    assert!(
        bytes <= 320 << 10 && bytes > (320 << 10) - 2 * frame,
        "{written} hits of {frame} bytes are {bytes} bytes"
    );
}

#[test]
fn a_hit_for_which_there_is_no_room_keeps_no_smaller_one_away() {
    let place = Place::new();
    let mut options = place.options();
    // One segment of 160 KiB.
    options.budget = Arc::new(Budget::new(160 << 10));
    let spool = open(options);
    let (large, small) = (kit::large_hit(2_000), hit());
    while put(&spool, &large, 0) {}
    let [told] = &spool.troubles()[..] else { panic!() };
    assert!(told.contains("is full"), "{told}");
    let before = spool.pending();
    assert!(put(&spool, &small, 0), "at once");
    assert!(!put(&spool, &large, 0));
    assert!(spool.troubles().is_empty(), "for a second nobody tries one as large");
    while put(&spool, &small, 0) {}
    spool.troubles();
    assert!(spool.pending() > before + 1, "there was room for several");
    let [segment] = &place.segments()[..] else { panic!() };
    let room = (160 << 10) - segment.metadata().unwrap().len();
    assert!(room < small.record().len() as u64 + 16, "{room} bytes are left");
    // Where room is made it is taken again.
    let stored = read(&spool);
    mark(&spool, &stored, State::Delivered);
    drop(stored);
    eventually("it is tried again", || {
        spool.read(1);
        put(&spool, &large, 0)
    });
}

#[test]
fn half_a_frame_costs_nothing_but_itself() {
    for is_uncut in [false, true] {
        for torn in [0, 1, 15, 16, 17, 100] {
            let place = Place::new();
            let (spool, disk) = faulty(&place);
            let mut hits = fill(&spool, 2);
            disk.faults().torn.store(torn + 1, SeqCst);
            disk.faults().is_uncut.store(is_uncut, SeqCst);
            assert!(!spool.write(&hit(), 0));
            let read_now = read_ids(&spool.read(10).hits);
            assert_eq!(read_now, ids(&hits), "{torn}");
            if torn == 0 && is_uncut {
                hits.append(&mut fill_again(&spool, 2));
            }
            kill(spool, &place.0);
            assert_eq!(read_ids(&read(&place.spool())), ids(&hits), "{torn}: by another process");
        }
    }
}

/// Does `work` anew until none of its writes was held up: on a busy machine a thread may have to wait for a processor,
/// which looks like a slow disk.
fn undisturbed(work: impl Fn() -> Option<()>) {
    let until = Instant::now() + kit::LONG;
    while work().is_none() {
        assert!(Instant::now() < until, "not once was the machine quiet");
    }
}

/// What a write answers that takes no time by itself. None if it took some.
fn quick<T>(write: impl FnOnce() -> T) -> Option<T> {
    within(Duration::from_millis(5), write)
}

/// What a write answers that is slow. None if it took so long that it stalled.
fn slow(write: impl FnOnce() -> bool) -> Option<bool> {
    within(Duration::from_millis(100), write)
}

fn within<T>(limit: Duration, write: impl FnOnce() -> T) -> Option<T> {
    let began = Instant::now();
    let written = write();
    (began.elapsed() < limit).then_some(written)
}

/// Does `work` until it was quick.
fn quickly(mut work: impl FnMut() -> bool) {
    loop {
        let began = Instant::now();
        assert!(work());
        if began.elapsed() < Duration::from_millis(5) {
            return;
        }
    }
}

#[test]
fn two_slow_writes_in_a_row_keep_requests_away_until_a_worker_finds_it_quick() {
    undisturbed(|| {
        let place = Place::new();
        let (spool, disk) = faulty(&place);
        assert!(quick(|| spool.save(&hit(), 0))?);
        disk.faults().slow.store(8, SeqCst);
        for _ in 0..2 {
            assert!(slow(|| spool.write(&hit(), 0))?, "they were written, slowly");
        }
        assert!(!spool.write(&hit(), 0));
        assert!(spool.save(&hit(), 0), "a worker waits");
        assert!(!spool.write(&hit(), 0));
        disk.faults().slow.store(0, SeqCst);
        assert!(!spool.write(&hit(), 0), "nobody knows yet");
        quickly(|| spool.save(&hit(), 0));
        assert!(spool.write(&hit(), 0));
        assert_eq!(read(&spool).len() as u64, spool.pending());
        Some(())
    });
}

#[test]
fn one_slow_write_among_quick_ones_keeps_nobody_away() {
    undisturbed(|| {
        let place = Place::new();
        let (spool, disk) = faulty(&place);
        for _ in 0..5 {
            assert!(quick(|| spool.save(&hit(), 0))?);
            disk.faults().slow.store(8, SeqCst);
            assert!(slow(|| spool.write(&hit(), 0))?);
            disk.faults().slow.store(0, SeqCst);
            assert!(quick(|| spool.write(&hit(), 0))?);
        }
        Some(())
    });
}

#[test]
fn a_disk_that_is_slow_and_quick_by_turns_keeps_requests_away() {
    let place = Place::new();
    let (spool, disk) = faulty(&place);
    quickly(|| spool.save(&hit(), 0));
    let is_away = (0..20).any(|n| {
        disk.faults().slow.store(if n % 2 == 0 { 8 } else { 0 }, SeqCst);
        !spool.write(&hit(), 0)
    });
    assert!(is_away);
    assert_eq!(read(&spool).len() as u64, spool.pending());
}

#[test]
fn a_stripe_that_is_slow_alone_is_passed_over_and_the_others_are_written_to() {
    undisturbed(|| {
        let place = Place::new();
        let (spool, disk) = faulty(&place);
        quickly(|| put(&spool, &hit(), 0));
        let mine = place.segments().remove(0);
        thread::scope(|scope| {
            let others = loop {
                let (asks, asked) = mpsc::sync_channel(0);
                let spool = &spool;
                scope.spawn(move || {
                    asked.iter().for_each(|done: mpsc::SyncSender<()>| {
                        quickly(|| put(spool, &hit(), 0));
                        done.send(()).unwrap();
                    });
                });
                ask(&asks);
                // Another thread's stripe is not always another one.
                if place.segments().len() > 1 {
                    break asks;
                }
            };
            let before = mine.metadata().unwrap().len();
            disk.faults().slow_file.lock().unwrap().replace(mine.clone());
            let (began, mut late) = (Instant::now(), 0);
            for _ in 0..20 {
                let asked = Instant::now();
                let is_written = slow(|| spool.write(&hit(), 0))?;
                late += u64::from(asked.elapsed() > Duration::from_millis(5));
                assert!(is_written, "no request is kept away");
                // Its slow writes count as much as this thread's.
                quick(|| (0..4).for_each(|_| ask(&others)))?;
            }
            let slow = (mine.metadata().unwrap().len() - before) / (hit().record().len() as u64 + 16);
            // Held up, others are slow, too; and after a second it may be tried again.
            if late != slow || began.elapsed() > Duration::from_millis(900) {
                return None;
            }
            assert_eq!(slow, 2, "two in a row of its own, and no more");
            Some(())
        })?;
        assert_eq!(read(&spool).len() as u64, spool.pending());
        Some(())
    });
}

fn ask(asks: &mpsc::SyncSender<mpsc::SyncSender<()>>) {
    let (done, is_done) = mpsc::sync_channel(0);
    asks.send(done).unwrap();
    is_done.recv().unwrap();
}

#[test]
fn one_write_that_stalls_keeps_requests_away_by_itself() {
    let place = Place::new();
    let (spool, disk) = faulty(&place);
    quickly(|| spool.save(&hit(), 0));
    disk.faults().slow.store(101, SeqCst);
    assert!(spool.write(&hit(), 0));
    assert!(!spool.write(&hit(), 0));
    assert!(spool.save(&hit(), 0));
}

#[test]
fn states_that_cannot_be_written_are_told() {
    let place = Place::new();
    let (spool, disk) = faulty(&place);
    fill(&spool, 2);
    let stored = read(&spool);
    disk.faults().fails.store(true, SeqCst);
    mark(&spool, &stored, State::Delivered);
    let [told] = &spool.troubles()[..] else { panic!() };
    assert!(told.contains("twice"), "{told}");
    assert_eq!(spool.pending(), 0, "for this process they have ended");
    drop(stored);
    spool.close();
    assert!(place.is_bare(), "and the file could be removed");
}

#[test]
fn what_another_left_and_cannot_be_read_is_told_and_left() {
    let place = Place::new();
    let spool = place.spool();
    let hits = fill(&spool, 2);
    spool.close();
    let (next, disk) = faulty(&place);
    disk.faults().is_unreadable.store(true, SeqCst);
    let read_once = next.read(10);
    assert!(read_once.hits.is_empty() && read_once.troubles.len() == 1, "{read_once:?}");
    disk.faults().is_unreadable.store(false, SeqCst);
    next.close();
    assert_eq!(read_ids(&read(&place.spool())), ids(&hits));
}
