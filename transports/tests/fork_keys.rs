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

    const FORKS: u64 = 100;
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
            let until = Instant::now() + Duration::from_secs(60);
            let mut own = keys.key(today);
            // The parent may have the lock just now: a worker of the child would come back to it.
            for seconds in 1.. {
                if own.is_some() {
                    break;
                }
                assert!(Instant::now() < until, "the child has no key");
                keys.tend(today * DAY + seconds * 2_000_000);
                own = keys.key(today);
            }
            // Who begins later reads what this one has made.
            file_has(&path, today, own);
        });
        child.succeeded();
        std::fs::remove_file(&path).ok();
    }
    stop.store(true, SeqCst);
    worker.join().unwrap();

    // A child that lives on keeps no lock; it has the key of its parent.
    std::fs::remove_file(&path).ok();
    let keys = FileKeys::new(path.clone());
    let key = keys.key(20_649).unwrap();
    let child = fork(|| assert!(keys.key(20_649) == Some(key)));
    child.succeeded();
    println!("fork_keys: {FORKS} forks");
}
