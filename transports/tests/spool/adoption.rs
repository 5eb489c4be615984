//! Directories of processes that are gone, among those of processes that are not. Those that fork and are killed are
//! in `fork_spool`.

use super::*;

#[test]
fn a_living_directory_is_left_alone() {
    let place = Place::new();
    let first = place.spool();
    let hits = fill(&first, 5);
    let second = place.spool();
    assert!(read(&second).is_empty());
    assert_eq!(read_ids(&read(&first)), ids(&hits));
}

#[test]
fn what_is_left_is_adopted_by_exactly_one() {
    let place = Place::new();
    let mut hits: Vec<_> = (0..20)
        .flat_map(|_| {
            let spool = place.spool();
            let hits = fill(&spool, 10);
            spool.close();
            hits
        })
        .collect();
    // Each adopts one at a time.
    let spools: Vec<_> = (0..8).map(|_| Spool::new(place.options())).collect();
    let seen = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for spool in &spools {
            let seen = &seen;
            scope.spawn(move || {
                let mut now = Instant::now();
                for _ in 0..30 {
                    spool.tend(now);
                    now += Duration::from_secs(60);
                    let stored = read(spool);
                    seen.lock().unwrap().extend(read_ids(&stored));
                    mark(spool, &stored, State::Delivered);
                }
            });
        }
    });
    let mut seen = seen.into_inner().unwrap();
    seen.sort_unstable();
    hits.sort_unstable_by_key(Hit::id);
    assert_eq!(seen, ids(&hits));
    for spool in &spools {
        spool.close();
    }
    assert!(place.is_bare());
}

#[test]
fn the_states_that_the_dead_left_are_kept() {
    let place = Place::new();
    let spool = place.spool();
    let hits = fill(&spool, 6);
    let stored = read(&spool);
    let states =
        [State::Begun, State::Delivered, State::Dropped, State::Refused, State::Waiting, State::Waiting];
    for (stored, state) in stored.iter().zip(states) {
        spool.mark([&stored.spot].into_iter(), state);
    }
    std::mem::forget(stored);
    kill(spool, &place.0);
    let next = place.spool();
    let stored = read(&next);
    assert_eq!(read_ids(&stored), [hits[0].id(), hits[4].id(), hits[5].id()]);
    assert_eq!(stored.iter().map(|stored| stored.is_begun).collect::<Vec<_>>(), [true, false, false]);
}

#[test]
fn what_cannot_be_locked_or_listed_is_told_and_does_not_keep_others_from_adoption() {
    let place = Place::new();
    let spool = place.spool();
    let hits = fill(&spool, 4);
    spool.close();
    // Both names come before any that is drawn, unless the dice are loaded.
    let folder = place.0.join("stats");
    fs::create_dir_all(folder.join("0000000000000000")).unwrap();
    fs::create_dir_all(folder.join("0000000000000000.lock")).unwrap();
    fs::write(folder.join("0000000000000001"), "no folder").unwrap();
    let next = Spool::new(place.options());
    next.tend(Instant::now());
    assert_eq!(next.troubles(), Vec::<String>::new(), "what can be read comes first");
    let stored = next.read(10);
    assert_eq!(read_ids(&stored.hits), ids(&hits));
    mark(&next, &stored.hits, State::Delivered);
    drop(stored);
    next.read(10);
    next.tend(Instant::now() + Duration::from_secs(60));
    let told = next.troubles();
    assert!(told.len() == 1 && told[0].contains("cannot be read"), "{told:?}");
}

#[test]
fn an_adopter_that_dies_is_followed_by_another() {
    let place = Place::new();
    let spool = place.spool();
    let hits = fill(&spool, 4);
    kill(spool, &place.0);
    for n in 0..4 {
        let spool = place.spool();
        let stored = read(&spool);
        assert_eq!(read_ids(&stored), ids(&hits[n..]));
        mark(&spool, &stored[..1], State::Delivered);
        std::mem::forget(stored);
        kill(spool, &place.0);
    }
    let last = place.spool();
    assert!(read(&last).is_empty());
    assert_eq!(place.segments(), Vec::<PathBuf>::new());
}

#[test]
fn adopted_bytes_count_until_they_are_gone() {
    let place = Place::new();
    let spool = place.spool();
    fill(&spool, 3_000);
    kill(spool, &place.0);
    let mut options = place.options();
    options.budget = Arc::new(Budget::new(600 << 10));
    let next = open(options);
    // Read is not ended.
    let stored = read(&next);
    assert_eq!(stored.len(), 3_000);
    assert!(!next.write(&hit(), 0), "there is no room for a segment");
    let [told] = &next.troubles()[..] else { panic!() };
    assert!(told.contains("full") && told.contains("spool.bytes"), "{told}");
    mark(&next, &stored, State::Delivered);
    drop(stored);
    fill_again(&next, 1);
}

#[test]
fn a_directory_that_holds_what_is_no_segment_is_looked_at_once() {
    let place = Place::new();
    // It comes before any that is drawn, unless the dice are loaded.
    let foreign = place.0.join("stats/0000000000000000");
    fs::create_dir_all(&foreign).unwrap();
    fs::write(foreign.join(".DS_Store"), "x").unwrap();
    let hits = fill(&place.spool(), 3);
    let spool = place.spool();
    let stored = read(&spool);
    assert_eq!(read_ids(&stored), ids(&hits));
    assert!(read(&spool).is_empty());
    mark(&spool, &stored, State::Delivered);
    drop(stored);
    spool.close();
    assert_eq!(place.segments(), [foreign.join(".DS_Store")]);
}

#[test]
fn a_disk_that_is_full_of_what_is_to_be_adopted_is_emptied() {
    let place = Place::new();
    let before = place.spool();
    let hits = fill(&before, 5);
    before.close();
    let (spool, disk) = unopened(&place);
    disk.faults().fails.store(true, SeqCst);
    let now = Instant::now();
    spool.tend(now);
    let [told] = &spool.troubles()[..] else { panic!() };
    assert!(told.contains("cannot be opened"), "{told}");
    assert!(!spool.is_blind() && !spool.is_drained());
    let stored = read(&spool);
    assert_eq!(read_ids(&stored), ids(&hits));
    // To write down what became of them takes no room, and they go with their segment.
    disk.faults().fails.store(false, SeqCst);
    mark(&spool, &stored, State::Delivered);
    drop(stored);
    assert!(read(&spool).is_empty() && spool.is_drained());
    assert_eq!(place.segments(), Vec::<PathBuf>::new());
    spool.tend(now + Duration::from_secs(11));
    fill(&spool, 1);
    assert!(spool.troubles().is_empty());
}

#[test]
fn what_could_not_be_read_for_a_moment_is_adopted_with_the_next_search() {
    let place = Place::new();
    let before = place.spool();
    let hits = fill(&before, 5);
    before.close();
    let (spool, disk) = unopened(&place);
    disk.faults().is_unreadable.store(true, SeqCst);
    let now = Instant::now();
    spool.tend(now);
    let found = spool.read(100);
    assert!(found.hits.is_empty() && found.troubles[0].contains("cannot be read"), "{:?}", found.troubles);
    disk.faults().is_unreadable.store(false, SeqCst);
    assert!(read(&spool).is_empty(), "not so soon");
    spool.tend(now + Duration::from_secs(31));
    let stored = read(&spool);
    assert_eq!(read_ids(&stored), ids(&hits));
    mark(&spool, &stored, State::Delivered);
    drop(stored);
    assert!(read(&spool).is_empty());
    spool.close();
    assert!(place.is_bare());
}

/// Two segments that a process has left, with three hits and with two.
fn leave_two_segments(place: &Place) -> [Vec<Hit>; 2] {
    let before = place.spool();
    let first = fill(&before, 3);
    before.close();
    let directory = place.directories().remove(0);
    let [old] = &place.segments()[..] else { panic!() };
    fs::rename(old, directory.join("00000000.tmp")).unwrap();
    let again = place.spool();
    let second = fill(&again, 2);
    again.close();
    let [new] =
        &place.segments().into_iter().filter(|path| !path.starts_with(&directory)).collect::<Vec<_>>()[..]
    else {
        panic!()
    };
    fs::rename(new, directory.join("00000001.seg")).unwrap();
    fs::rename(directory.join("00000000.tmp"), directory.join("00000000.seg")).unwrap();
    fs::remove_dir(new.parent().unwrap()).unwrap();
    [first, second]
}

#[test]
fn a_search_while_the_rest_is_read_forgets_nothing_that_could_not_be() {
    let place = Place::new();
    let [first, second] = leave_two_segments(&place);
    let (spool, disk) = unopened(&place);
    let now = Instant::now();
    spool.tend(now);
    disk.faults().is_unreadable.store(true, SeqCst);
    // The first segment alone fails.
    let unreadable = disk.clone();
    disk.faults().opening.set(move || unreadable.faults().is_unreadable.store(false, SeqCst));
    let stored = spool.read(1).hits;
    assert_eq!(read_ids(&stored), ids(&second[..1]));
    spool.tend(now + Duration::from_secs(31));
    let rest = read(&spool);
    assert_eq!(read_ids(&rest), ids(&second[1..]));
    mark(&spool, &stored, State::Delivered);
    mark(&spool, &rest, State::Delivered);
    drop((stored, rest));
    assert!(read(&spool).is_empty());
    spool.tend(now + Duration::from_secs(62));
    let stored = read(&spool);
    assert_eq!(read_ids(&stored), ids(&first));
    mark(&spool, &stored, State::Delivered);
    drop(stored);
    assert!(read(&spool).is_empty());
    spool.close();
    assert!(place.is_bare());
}

#[test]
fn a_damaged_segment_keeps_nobody_from_what_could_not_be_read_for_a_moment() {
    let place = Place::new();
    let [first, _] = leave_two_segments(&place);
    let damaged = place.segments().remove(1);
    let length = fs::read(&damaged).unwrap().len();
    fs::write(&damaged, vec![0xff; length]).unwrap();
    let (spool, disk) = unopened(&place);
    let now = Instant::now();
    spool.tend(now);
    disk.faults().is_unreadable.store(true, SeqCst);
    let readable = disk.clone();
    disk.faults().opening.set(move || readable.faults().is_unreadable.store(false, SeqCst));
    let found = spool.read(100);
    assert!(found.hits.is_empty() && found.troubles.len() == 2, "{:?}", found.troubles);
    spool.tend(now + Duration::from_secs(31));
    assert_eq!(read_ids(&spool.read(100).hits), ids(&first));
}
