//! What tools for operators are told of a spool, and what they may remove.

use trackside_transports::spool::{Directory, Entries, Entry, Finding, SegmentError, directories};

use super::*;

const FOLDER: &str = "stats-0123abcd";

fn spool(place: &Place) -> Spool {
    open(Options { folder: place.0.join(FOLDER), ..place.options() })
}

fn only(place: &Place) -> Directory {
    let [found] = <[_; 1]>::try_from(directories(&place.0).unwrap()).unwrap();
    found
}

/// The segment of a process that has ended, and its hits.
fn left(place: &Place, count: usize) -> (PathBuf, Vec<Hit>) {
    let spool = spool(place);
    let hits = fill(&spool, count);
    spool.close();
    (only(place).segments().unwrap().remove(0), hits)
}

fn findings(segment: &Path) -> Vec<(u64, Finding)> {
    let entries = Entries::open(segment).unwrap();
    entries.map(|entry| entry.unwrap()).map(|Entry { offset, found, .. }| (offset, found)).collect()
}

/// Where the n-th hit's frame begins: behind a header of 64 bytes, and 16 bytes before each record.
fn frame(hits: &[Hit], n: usize) -> u64 {
    64 + hits[..n].iter().map(|hit| 16 + hit.size() as u64).sum::<u64>()
}

#[test]
fn a_living_process_owns_its_directory_and_a_gone_one_does_not() {
    let place = Place::new();
    assert_eq!(directories(&place.0).unwrap(), [], "there is no folder yet");
    let spool = spool(&place);
    let hits = fill(&spool, 2);
    // What is no spool's is passed over.
    fs::create_dir_all(place.0.join("stats/0123456789abcdef")).unwrap();
    fs::create_dir_all(place.0.join(FOLDER).join("notes")).unwrap();
    fs::write(place.0.join("other-0123abcd"), "").unwrap();

    let directory = only(&place);
    assert_eq!((directory.destination(), directory.folder()), ("stats", &*place.0.join(FOLDER)));
    assert!(directory.is_owned().unwrap());
    // It is read all the same, and stays its owner's.
    let segment = directory.segments().unwrap().remove(0);
    let waiting = |n: usize| (frame(&hits, n), Finding::Hit(hits[n].clone(), State::Waiting));
    assert_eq!(findings(&segment), [waiting(0), waiting(1)]);
    assert!(!directory.purge().unwrap());
    assert_eq!(read_ids(&read(&spool)), ids(&hits));
    spool.close();
    assert!(!directory.is_owned().unwrap());
}

#[test]
fn each_hit_is_told_with_what_has_become_of_it() {
    let place = Place::new();
    let spool = spool(&place);
    let hits = fill(&spool, 5);
    let stored = read(&spool);
    let states = [State::Delivered, State::Refused, State::Dropped, State::Begun];
    for (stored, state) in stored.iter().zip(states) {
        spool.mark([&stored.spot].into_iter(), state);
    }
    let segment = only(&place).segments().unwrap().remove(0);
    let expected: Vec<_> = (0..5)
        .map(|n| {
            let state = states.get(n).copied().unwrap_or(State::Waiting);
            (frame(&hits, n), Finding::Hit(hits[n].clone(), state))
        })
        .collect();
    assert_eq!(findings(&segment), expected);
    drop(stored);
    spool.close();
}

#[test]
fn damage_is_told_where_it_is() {
    let place = Place::new();
    let (segment, hits) = left(&place, 4);
    let mut bytes = fs::read(&segment).unwrap();
    let at = |n: usize| frame(&hits, n) as usize;
    let waiting = |n: usize| (frame(&hits, n), Finding::Hit(hits[n].clone(), State::Waiting));
    // Of the second hit the record, of the third the head; of the fourth the end is missing.
    bytes[at(1) + 40] ^= 1;
    bytes[at(2)] ^= 1;
    bytes.truncate(at(4) - 1);
    fs::write(&segment, &bytes).unwrap();
    let damaged = |n: usize| (frame(&hits, n), Finding::Damaged);
    let torn = (frame(&hits, 3), Finding::Torn);
    assert_eq!(findings(&segment), [waiting(0), damaged(1), damaged(2), torn]);

    // Of the fourth less than a head: the end of the damage, as far as anybody can tell.
    fs::write(&segment, &bytes[..at(3) + 15]).unwrap();
    assert_eq!(findings(&segment), [waiting(0), damaged(1), damaged(2)]);
    // Without damage before it, it is a torn head.
    bytes[at(2)] ^= 1;
    fs::write(&segment, &bytes[..at(3) + 15]).unwrap();
    assert_eq!(findings(&segment), [waiting(0), damaged(1), waiting(2), (frame(&hits, 3), Finding::Torn)]);
    for (length, found) in [(0, None), (63, Some((0, Finding::Torn))), (64, None)] {
        fs::write(&segment, &bytes[..length]).unwrap();
        assert_eq!(findings(&segment), Vec::from_iter(found), "{length} bytes");
    }
}

#[test]
fn what_cannot_be_read_is_told() {
    let place = Place::new();
    let (segment, _) = left(&place, 1);
    let bytes = fs::read(&segment).unwrap();
    let mut damaged = bytes.clone();
    damaged[3] ^= 1;
    fs::write(&segment, &damaged).unwrap();
    assert_eq!(findings(&segment).len(), 1, "the other copy of the header is whole");
    damaged[35] ^= 1;
    fs::write(&segment, &damaged).unwrap();
    assert!(matches!(Entries::open(&segment), Err(SegmentError::Damaged)));
    assert!(matches!(Entries::open(&place.0), Err(SegmentError::Failed(_))), "it is a folder");
    assert!(matches!(Entries::open(&place.0.join("none")), Err(SegmentError::Failed(_))));
}

#[test]
fn what_nobody_owns_is_removed_with_all_that_it_has() {
    let place = Place::new();
    // It looks for what others left before there is any.
    let other = spool(&place);
    let hits = fill(&other, 1);
    let gone = spool(&place);
    fill(&gone, 3);
    gone.close();
    let all = directories(&place.0).unwrap();
    let (living, dead): (Vec<_>, Vec<_>) = all.iter().partition(|directory| directory.is_owned().unwrap());
    let ([living], [dead]) = (&living[..], &dead[..]) else { panic!("{all:?}") };
    assert_eq!(findings(&dead.segments().unwrap()[0]).len(), 3);
    assert!(dead.purge().unwrap());
    assert!(!dead.purge().unwrap(), "it is gone");
    assert_eq!(directories(&place.0).unwrap(), [(*living).clone()]);
    assert_eq!(fs::read_dir(living.folder()).unwrap().count(), 2, "a directory and its lock");
    assert_eq!(read_ids(&read(&other)), ids(&hits));
    other.close();
    // A file that is none of ours stays.
    fs::write(living.path().join("notes"), "mine").unwrap();
    assert!(living.purge().unwrap());
    assert_eq!(fs::read(living.path().join("notes")).unwrap(), b"mine");
    assert_eq!(living.segments().unwrap(), Vec::<PathBuf>::new());
}

#[cfg(unix)]
#[test]
fn no_link_leads_into_a_living_processs_directory() {
    use std::os::unix::fs::symlink;

    let place = Place::new();
    let spool = spool(&place);
    fill(&spool, 2);
    let living = only(&place);
    let folder = living.folder();
    // Each has a lock of its own name, which nobody holds.
    let link = folder.join("0123456789abcdef");
    symlink(living.path(), &link).unwrap();
    symlink(folder, place.0.join("other-0123abcd")).unwrap();
    assert_eq!(only(&place), living);

    let other = open(Options { folder: folder.to_owned(), ..place.options() });
    assert_eq!(read(&other).len(), 0, "nothing is adopted by the link");
    other.close();
    assert_eq!(living.segments().unwrap().len(), 1);
    assert!(living.is_owned().unwrap() && link.is_symlink());
    spool.close();

    // Nor is a lock another's.
    let mut lock = living.path();
    lock.set_extension("lock");
    fs::rename(&lock, place.0.join("elsewhere")).unwrap();
    symlink(place.0.join("elsewhere"), &lock).unwrap();
    assert!(living.is_owned().is_err() && living.purge().is_err());
    assert_eq!(living.segments().unwrap().len(), 1);
}

/// As who may read all and write nothing, whoever runs the tests: the user that files are opened as is a thread's own.
#[cfg(target_os = "linux")]
#[test]
fn who_may_only_read_is_told_the_owner() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::new();
    let spool = spool(&place);
    fill(&spool, 1);
    let living = only(&place);
    let lock = living.path().with_extension("lock");
    for (path, mode) in
        [(&place.0, 0o555), (&living.folder().to_owned(), 0o555), (&living.path(), 0o555), (&lock, 0o444)]
    {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let nobody = 65_534;
    #[allow(unsafe_code, reason = "the standard library does not have it")]
    let become_user = |user| {
        // SAFETY: it takes a number, and answers one.
        unsafe { libc::setfsuid(user) }
    };
    let me = become_user(nobody);
    let (found, is_owned) = (directories(&place.0), living.is_owned());
    become_user(u32::try_from(me).unwrap());
    for path in [&place.0, &living.folder().to_owned(), &living.path()] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    assert_eq!((found.unwrap(), is_owned.unwrap()), (vec![living], true));
    spool.close();
}
