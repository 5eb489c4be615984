//! Forks while threads turn the file of keys: children have their parent's keys and make no others, and no lock
//! stays behind with them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]
#![cfg_attr(not(unix), allow(unused, reason = "there is no fork"))]

mod kit;

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
fn main() {
    use kit::forks::*;
    use std::{
        fs,
        io::Write,
        os::unix::fs::PermissionsExt,
        path::Path,
        sync::{
            Arc,
            atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
        },
        thread,
        time::{Duration, Instant},
    };
    use trackside_core::visitor::DailyKey;
    use trackside_transports::{
        keys::{FileKeys, Keys},
        pool::fork,
    };

    /// That the file at `path` has this key, whoever is looking at it just now.
    fn file_has(path: &Path, day: u64, key: Option<DailyKey>) {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let read = FileKeys::new(path).key(day);
            if read.is_some() || Instant::now() >= until {
                return assert!(read == key);
            }
        }
    }

    /// The key, however long others are at the file: a worker would come back to it, too.
    fn sooner_or_later(keys: &FileKeys, day: u64) -> DailyKey {
        let until = Instant::now() + Duration::from_secs(60);
        let mut own = keys.key(day);
        for seconds in 1.. {
            if own.is_some() {
                break;
            }
            assert!(Instant::now() < until, "the child has no key");
            keys.tend(day * DAY + seconds * 2_000_000);
            own = keys.key(day);
        }
        own.unwrap()
    }

    const FORKS: u64 = 100;
    const RACES: usize = 25;
    const DAY: u64 = 24 * 3_600 * 1_000_000;
    const NOON: u64 = 20_649 * DAY + DAY / 2;

    watchdog(120);
    fork::install();
    let folder = Folder::new("fork-keys");
    let path = folder.file("keys");
    let keys = Arc::new(FileKeys::new(path.clone()));
    let (stop, day) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    // A worker that turns the file again and again, so that forks come in the middle of it.
    let worker = {
        let (keys, stop, day) = (keys.clone(), stop.clone(), day.clone());
        thread::spawn(move || {
            while !stop.load(SeqCst) {
                keys.tend(NOON + day.load(SeqCst) * DAY);
                day.fetch_add(1, SeqCst);
            }
        })
    };
    for _ in 0..FORKS {
        let child = fork(|| {
            // A day so late that the parent, once it sees it in the file, turns that no more.
            let today = NOON / DAY + day.load(SeqCst) + 1_000_000;
            let own = sooner_or_later(&keys, today);
            // Who begins later reads what this one has made.
            file_has(&path, today, Some(own));
        });
        child.succeeded();
        fs::remove_file(&path).ok();
    }
    stop.store(true, SeqCst);
    worker.join().unwrap();

    // A child that lives on keeps no lock; it has the key of its parent.
    fs::remove_file(&path).ok();
    let keys = FileKeys::new(path.clone());
    let key = keys.key(20_649).unwrap();
    let child = fork(|| assert!(keys.key(20_649) == Some(key)));
    child.succeeded();

    // Processes that begin at once make one file, of one key, for its owner alone.
    for round in 0..RACES {
        let race = folder.file(&format!("race-{round}"));
        fs::create_dir(&race).unwrap();
        let (path, drawn) = (race.join("keys"), folder.file(&format!("drawn-{round}")));
        let starter = Starter::new();
        let children: Vec<_> = (0..4)
            .map(|_| {
                fork(|| {
                    starter.inherit();
                    let keys = FileKeys::new(&path);
                    starter.wait();
                    let line = format!("{:?}\n", sooner_or_later(&keys, 20_649).0);
                    appending(&drawn).write_all(line.as_bytes()).unwrap();
                })
            })
            .collect();
        starter.start();
        children.into_iter().for_each(Child::succeeded);
        let drawn = fs::read_to_string(drawn).unwrap();
        let drawn: Vec<_> = drawn.lines().collect();
        assert_eq!(drawn.len(), 4);
        assert!(drawn.iter().all(|key| *key == drawn[0]), "round {round}: not one key");
        assert_ne!(drawn[0], format!("{:?}", [0_u8; 32]));
        let names: Vec<_> = fs::read_dir(&race).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["keys"]);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    }
    folder.remove();
    println!("fork_keys: {FORKS} forks, {RACES} races");
}
