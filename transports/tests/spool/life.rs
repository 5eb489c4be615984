//! The life of a hit, and of the file that it is in.

use super::*;

#[test]
fn what_is_written_is_read_once_and_in_order() {
    let place = Place::new();
    let spool = place.spool();
    let hits = fill(&spool, 1_000);
    assert!(spool.has_unread());
    assert_eq!(spool.pending(), 1_000);
    let first = spool.read(10).hits;
    assert_eq!(first.len(), 10);
    let rest = read(&spool);
    let all: Vec<_> = first.iter().chain(&rest).map(|stored| stored.hit.clone()).collect();
    assert_eq!(all, hits);
    assert!(rest.iter().all(|stored| !stored.is_begun && !stored.is_adopted));
    assert!(!spool.has_unread());
    assert!(read(&spool).is_empty());
    // More may come.
    let more = fill(&spool, 3);
    assert_eq!(read_ids(&read(&spool)), ids(&more));
}

#[test]
fn the_tag_comes_back() {
    let place = Place::new();
    let spool = place.spool();
    for tag in [0, 1, 7, 255] {
        assert!(put(&spool, &hit(), tag));
    }
    assert_eq!(read(&spool).iter().map(|stored| stored.tag).collect::<Vec<_>>(), [0, 1, 7, 255]);
}

#[test]
fn a_spool_that_is_not_open_takes_nothing_and_makes_nothing() {
    let place = Place::new();
    let spool = Spool::new(place.options());
    assert!(!spool.write(&hit(), 0));
    assert!(!spool.has_unread());
    assert!(read(&spool).is_empty());
    assert!(!place.0.exists());
    spool.close();
    spool.tend(Instant::now());
    assert!(!place.0.exists() && !spool.write(&hit(), 0), "it stays closed");
}

#[test]
fn when_all_has_ended_nothing_is_left_after_close() {
    for state in [State::Delivered, State::Refused, State::Dropped] {
        let place = Place::new();
        let spool = place.spool();
        fill(&spool, 100);
        let stored = read(&spool);
        mark(&spool, &stored[..60], state);
        assert_eq!(spool.pending(), 40);
        mark(&spool, &stored[60..], state);
        drop(stored);
        assert_eq!(spool.pending(), 0);
        assert_eq!(place.segments().len(), 1, "more may be written to it");
        assert_eq!(spool.close(), [0, 0]);
        assert!(place.is_bare());
    }
}

#[test]
fn a_segment_goes_when_it_is_full_and_its_hits_have_ended() {
    let place = Place::new();
    let mut options = place.options();
    // Segments of 160 KiB.
    options.budget = Arc::new(Budget::new(1 << 20));
    let spool = open(options);
    let hits = fill(&spool, 3_000);
    let count = place.segments().len();
    let bytes: usize = hits.iter().map(|hit| hit.size() + 16).sum();
    assert_eq!(count, bytes.div_ceil((160 << 10) - 64 - 500), "{bytes} bytes");
    assert!(count >= 3);
    let stored = read(&spool);
    assert_eq!(read_ids(&stored), ids(&hits));
    assert_eq!(place.segments().len(), count);
    mark(&spool, &stored, State::Delivered);
    assert_eq!(place.segments().len(), 1);
}

#[test]
fn what_has_not_ended_at_close_is_there_for_the_next() {
    let place = Place::new();
    let spool = place.spool();
    let hits = fill(&spool, 10);
    let stored = spool.read(6).hits;
    mark(&spool, &stored[..2], State::Delivered);
    mark(&spool, &stored[2..4], State::Begun);
    mark(&spool, &stored[3..4], State::Waiting);
    spool.close();
    assert!(!spool.write(&hit(), 0));
    let next = place.spool();
    assert!(read(&next).is_empty(), "somebody still deals with hits of it");
    drop(stored);
    next.tend(Instant::now() + Duration::from_secs(60));
    let stored = read(&next);
    assert_eq!(read_ids(&stored), ids(&hits[2..]));
    let begun: Vec<_> = stored.iter().map(|stored| stored.is_begun).collect();
    assert_eq!(begun, [true, false, false, false, false, false, false, false]);
    assert!(stored.iter().all(|stored| stored.is_adopted));
    assert_eq!(next.pending(), 8);
    mark(&next, &stored, State::Delivered);
    drop(stored);
    assert!(read(&next).is_empty());
    next.close();
    assert!(place.is_bare());
}

#[test]
fn a_late_mark_after_close_is_written() {
    let place = Place::new();
    let spool = place.spool();
    let hits = fill(&spool, 2);
    let stored = read(&spool);
    spool.close();
    mark(&spool, &stored[..1], State::Delivered);
    drop(stored);
    assert_eq!(spool.pending(), 1);
    assert_eq!(read_ids(&read(&place.spool())), ids(&hits[1..]));
}

#[cfg(unix)]
#[test]
fn what_is_made_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::new();
    let spool = place.spool();
    fill(&spool, 1);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.0.join("stats")), 0o700);
    assert_eq!(mode(&place.directories()[0]), 0o700);
    assert_eq!(mode(&place.segments()[0]), 0o600);
    assert_eq!(mode(&place.directories()[0].with_extension("lock")), 0o600);
}

#[test]
fn syncs_are_made_as_told() {
    for (fsync, expected) in
        [(Fsync::Never, 0), (Fsync::Always, 2), (Fsync::Every(Duration::from_secs(3_600)), 2)]
    {
        let place = Place::new();
        let disk = Faulty::default();
        let mut options = place.options();
        (options.fsync, options.disk) = (fsync, Arc::new(disk.clone()));
        let spool = Spool::new(options);
        let now = Instant::now();
        spool.tend(now);
        fill(&spool, 10);
        assert_eq!(disk.faults().syncs.load(SeqCst), 0, "a request syncs nothing");
        // The folder, since there is a new segment, and the segment.
        spool.tend(now + Duration::from_secs(3_600));
        assert_eq!(disk.faults().syncs.load(SeqCst), expected, "{fsync:?}");
        spool.tend(now + Duration::from_secs(3_601));
        assert_eq!(disk.faults().syncs.load(SeqCst), expected, "{fsync:?}: nothing was written meanwhile");
        mark(&spool, &read(&spool), State::Begun);
        let begun = if fsync == Fsync::Always { 3 } else { expected };
        assert_eq!(disk.faults().syncs.load(SeqCst), begun, "{fsync:?}: before an attempt");
    }
}

#[test]
fn what_could_not_be_opened_to_be_synced_is_synced_later() {
    let place = Place::new();
    let disk = Faulty::default();
    let mut options = place.options();
    (options.fsync, options.disk) = (Fsync::Always, Arc::new(disk.clone()));
    let spool = open(options);
    let now = Instant::now();
    fill(&spool, 1);
    disk.faults().is_unreadable.store(true, SeqCst);
    spool.tend(now + Duration::from_secs(1));
    let [trouble] = <[_; 1]>::try_from(spool.troubles()).unwrap();
    assert!(trouble.contains("cannot be synced"), "{trouble}");
    disk.faults().is_unreadable.store(false, SeqCst);
    disk.faults().syncs.store(0, SeqCst);
    spool.tend(now + Duration::from_secs(2));
    // Of the folder it is known already.
    assert_eq!(disk.faults().syncs.load(SeqCst), 1);
}

#[test]
fn what_has_been_read_is_synced_too() {
    let place = Place::new();
    let dead = place.spool();
    let left = fill(&dead, 3).len();
    dead.close();
    let disk = Faulty::default();
    let mut options = place.options();
    options.fsync = Fsync::Always;
    options.disk = Arc::new(disk.clone());
    // Segments of 160 KiB.
    options.budget = Arc::new(Budget::new(1 << 20));
    let spool = Spool::new(options);
    let now = Instant::now();
    spool.tend(now);
    let syncs = |expected: u64, what: &str| {
        let before = disk.faults().syncs.swap(0, SeqCst);
        assert_eq!(before, 0, "before {what}");
        spool.tend(now + Duration::from_secs(1));
        assert_eq!(disk.faults().syncs.swap(0, SeqCst), expected, "{what}");
    };
    disk.faults().syncs.store(0, SeqCst);
    fill(&spool, 3_000);
    let own = place.segments().len() as u64 - 1;
    assert!(own > 1, "some have ended");
    let stored = read(&spool);
    assert_eq!(stored.len(), 3_000 + left);
    syncs(1 + own, "the folder and all that was written, though all of it was read");
    mark(&spool, &stored[..1], State::Delivered);
    syncs(1, "a mark in the first segment, which has ended");
    let adopted = stored.iter().find(|stored| stored.is_adopted).unwrap();
    spool.mark([&adopted.spot].into_iter(), State::Delivered);
    syncs(1, "a mark in what another left");
    // Nobody deals with it any more; another process may have it.
    drop(stored);
    syncs(0, "nothing");
    let others: Vec<_> = place.directories();
    assert_eq!(others.len(), 2);
    let heir = place.spool();
    assert_eq!(read(&heir).len(), left - 1);
}

#[test]
fn many_threads_write_at_once_and_nothing_is_lost_but_what_was_turned_away() {
    let place = Place::new();
    let spool = place.spool();
    let written = std::sync::Mutex::new(Vec::new());
    let mut seen = Vec::new();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut mine = hits(2_000);
                    mine.retain(|hit| put(&spool, hit, 0));
                    written.lock().unwrap().extend(ids(&mine));
                })
            })
            .collect();
        while !threads.iter().all(|thread| thread.is_finished()) {
            let stored = read(&spool);
            seen.extend(read_ids(&stored));
            mark(&spool, &stored, State::Delivered);
        }
    });
    let stored = read(&spool);
    seen.extend(read_ids(&stored));
    mark(&spool, &stored, State::Delivered);
    drop(stored);
    let mut written = written.into_inner().unwrap();
    assert!(written.len() > 8_000, "only {} of 16,000 were written", written.len());
    written.sort_unstable();
    seen.sort_unstable();
    assert_eq!(seen, written);
    assert_eq!(spool.pending(), 0);
    spool.close();
    assert!(place.is_bare());
}
