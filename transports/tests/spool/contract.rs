//! Of the numbered invariants of the format those that no other file here shows.

use super::*;
use std::io::Write;

fn faulty(place: &Place) -> (Spool, Faulty) {
    let disk = Faulty::default();
    let mut options = place.options();
    (options.disk, options.fsync) = (Arc::new(disk.clone()), Fsync::Always);
    (open(options), disk)
}

fn bytes(place: &Place) -> u64 {
    place.segments().iter().map(|path| path.metadata().unwrap().len()).sum()
}

/// 1 and 11.
#[test]
fn a_hit_is_one_write_and_a_request_does_nothing_else_with_the_disk() {
    let place = Place::new();
    let (spool, disk) = faulty(&place);
    fill(&spool, 1);
    let faults = disk.faults();
    for counter in [&faults.opened, &faults.written, &faults.syncs] {
        counter.store(0, SeqCst);
    }
    let before = bytes(&place);
    let hits = fill(&spool, 100);
    let counts = [&faults.opened, &faults.written, &faults.syncs].map(|counter| counter.load(SeqCst));
    // Another segment would take a header more; one of 8 MiB has room.
    assert_eq!((counts, place.segments().len()), ([0, 100, 0], 1));
    let frames: u64 = hits.iter().map(|hit| hit.record().len() as u64 + 16).sum();
    assert_eq!(bytes(&place), before + frames);
}

/// 2 and 3.
#[test]
fn a_segment_that_a_write_failed_in_is_changed_in_states_alone() {
    let place = Place::new();
    let (spool, disk) = faulty(&place);
    let hits = fill(&spool, 2);
    let first = place.segments().remove(0);
    disk.faults().torn.store(20, SeqCst);
    assert!(!put(&spool, &hit(), 0));
    assert_eq!(spool.troubles().len(), 1);
    let before = fs::read(&first).unwrap();
    fill_again(&spool, 3);
    assert_eq!((fs::read(&first).unwrap(), place.segments().len()), (before.clone(), 2));
    let stored = read(&spool);
    assert_eq!(stored[0].hit, hits[0]);
    mark(&spool, &stored[..1], State::Begun);
    let mut expected = before;
    expected[64 + 2] = 0x2d;
    assert_eq!(fs::read(&first).unwrap(), expected);
}

/// 9.
#[test]
fn what_lies_beyond_64_mib_of_a_segment_is_not_read() {
    let place = Place::new();
    let spool = place.spool();
    let hits = fill(&spool, 1);
    kill(spool, &place.0);
    let segment = place.segments().remove(0);
    let frame = fs::read(&segment).unwrap()[64..].to_vec();
    // A second copy ends right at the bound, and a third begins there.
    let mut file = fs::OpenOptions::new().append(true).open(&segment).unwrap();
    file.set_len((64 << 20) - frame.len() as u64).unwrap();
    file.write_all(&[&frame[..], &frame].concat()).unwrap();
    let read = place.spool().read(10);
    assert_eq!(read_ids(&read.hits), [hits[0].id(), hits[0].id()]);
    assert_eq!(read.adopted_lost, 1, "the zeros between them");
}

/// 11.
#[test]
fn where_every_stripe_is_busy_a_request_does_not_wait() {
    let place = Place::new();
    let (spool, disk) = faulty(&place);
    disk.faults().is_stuck.store(true, SeqCst);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert!(spool.save(&hit(), 0)));
        }
        eventually("eight write", || disk.faults().stuck.load(SeqCst) == 8);
        assert!(!spool.write(&hit(), 0) && !spool.save(&hit(), 0));
        disk.faults().is_stuck.store(false, SeqCst);
    });
    assert_eq!(spool.pending(), 8);
    assert_eq!(read(&spool).len(), 8);
}

/// 12.
#[test]
fn all_spools_of_a_process_together_stay_within_their_bytes() {
    const LIMIT: u64 = 1 << 20;
    let place = Place::new();
    let budget = Arc::new(Budget::new(LIMIT));
    let spools = [(); 3].map(|()| open(Options { budget: Arc::clone(&budget), ..place.options() }));
    let large = kit::large_hit(2_000);
    let mut taken = 0;
    for n in 0..2_000 {
        taken += u64::from(put(&spools[n % 3], &large, 0));
        assert!(bytes(&place) <= LIMIT);
    }
    assert!(taken > 200 && taken < 1_000, "{taken} were taken");
    assert_eq!(spools.iter().map(Spool::pending).sum::<u64>(), taken);
}
