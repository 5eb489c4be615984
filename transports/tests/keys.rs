//! Visitors that are told apart without a cookie, by a file of keys: midnight, and files that are none.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod kit;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

use trackside_core::{
    Annotations, Config, Request, Response, judge::Verdict, protocol::Outcome, transport::Recording,
};
use trackside_transports::{
    Exchange, Tracker,
    keys::{FileKeys, Keys},
};
use uuid::Uuid;

use kit::{Hands, LONG, all, does, eventually, warnings::Warnings};

const SECOND: u64 = 1_000_000;
const HOUR: u64 = 3_600 * SECOND;
const DAY: u64 = 24 * HOUR;

/// The end of 2026-07-15, which is day 20,649.
const MIDNIGHT: u64 = 20_650 * DAY;

const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
const REQUEST: [(&str, &str); 3] =
    [("host", "www.example.com"), ("accept", "text/html"), ("user-agent", AGENT)];

/// A folder of a test's own, which goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("trackside-keys-{name}-{}", process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn keys(&self) -> PathBuf {
        self.0.join("trackside.keys")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn config() -> Config {
    let text = "visitor.identity = 'cookieless'\n[[destination]]\ntype = 'callback'";
    Config::builder().toml(text).build().unwrap()
}

fn request() -> Request<'static> {
    Request::new("GET", "/", &REQUEST).with_peer("192.0.2.7".parse().ok())
}

fn finish(exchange: Exchange) -> Verdict {
    let response = Response::new(200, &[("content-type", "text/html")]);
    exchange.finish(&request(), &response, &Annotations::new())
}

/// The days whose keys the file holds, by the table of its format.
fn days(path: &Path) -> Vec<u64> {
    let bytes = fs::read(path).unwrap();
    let day = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    [16, 56].into_iter().take(bytes[9].into()).map(day).collect()
}

/// Lets the others end, also when a test fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

#[test]
fn at_midnight_nobody_has_a_third_id_and_nobody_has_none() {
    const THREADS: usize = 4;
    let folder = Folder::new("midnight");
    let clock = Hands::at(MIDNIGHT - HOUR - SECOND);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let keys = Arc::new(FileKeys::new(folder.keys()));
    // A request waits 50 ms at most for another that makes the first.
    assert!(keys.key(20_649).is_some());
    let tracker = Tracker::builder(config())
        .clock(clock.clone())
        .keys(keys.clone())
        .sink(
            "callback",
            does(move |batch, _| {
                let ids = batch.iter().map(|one| (one.hit.micros(), one.hit.visitor()));
                noted.lock().unwrap().extend(ids);
                all(batch, Outcome::Delivered)
            }),
        )
        .open()
        .unwrap();

    let (visits, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    // Whoever was at it when the clock was put may still have the time before.
    let more_visits = || {
        let before = visits.load(SeqCst);
        eventually("there are visits", || visits.load(SeqCst) >= before + 50 * THREADS);
    };
    thread::scope(|scope| {
        let over = Over(&is_over);
        for _ in 0..THREADS {
            scope.spawn(|| {
                while !is_over.load(SeqCst) {
                    assert!(finish(tracker.begin(&request())).is_tracked());
                    visits.fetch_add(1, SeqCst);
                    // Not more than the worker can take.
                    eventually("there is room", || tracker.stats().destinations[0].pending() < 1_000);
                }
            });
        }
        more_visits();
        assert_eq!(days(&folder.keys()), [20_649]);
        clock.put(MIDNIGHT - HOUR);
        eventually("tomorrow's key is drawn", || days(&folder.keys()) == [20_649, 20_650]);
        // Its worker is done with it before it delivers more.
        more_visits();
        assert!(tracker.flush(LONG).unwrap().is_empty());
        // At midnight nobody needs the file, nor could have it.
        fs::remove_file(folder.keys()).unwrap();
        fs::create_dir(folder.keys()).unwrap();
        clock.put(MIDNIGHT - 1);
        more_visits();
        let late = tracker.begin(&request());
        clock.put(MIDNIGHT);
        more_visits();
        assert!(finish(late).is_tracked());
        clock.put(MIDNIGHT + HOUR);
        more_visits();
        drop(over);
    });
    assert!(tracker.close(LONG).unwrap().is_empty());

    let ids = |of: &dyn Fn(u64) -> bool| -> Vec<Option<Uuid>> {
        let seen = seen.lock().unwrap();
        let ids: BTreeSet<_> = seen.iter().filter(|(micros, _)| of(*micros)).map(|(_, id)| *id).collect();
        ids.into_iter().collect()
    };
    let (before, after) = (ids(&|micros| micros < MIDNIGHT), ids(&|micros| micros >= MIDNIGHT));
    let ([Some(yesterday)], [Some(today)]) = (&before[..], &after[..]) else {
        panic!("not one id a day: {before:?}, {after:?}");
    };
    assert_ne!(yesterday, today);
    assert_eq!(seen.lock().unwrap().len(), visits.load(SeqCst) + 1);
}

/// A visit, the id that it was counted with, and what was said meanwhile.
fn visit(tracker: &Tracker, recording: &Recording) -> (Option<Uuid>, Vec<String>) {
    let warnings = Warnings::default();
    tracing::subscriber::with_default(warnings.clone(), || {
        assert!(finish(tracker.begin(&request())).is_tracked());
    });
    let hits = recording.hits();
    (hits.last().unwrap().visitor(), warnings.take())
}

#[test]
fn without_a_file_that_can_be_used_all_goes_on_but_the_ids() {
    let whole = {
        let folder = Folder::new("whole");
        FileKeys::new(folder.keys()).key(20_649).unwrap();
        fs::read(folder.keys()).unwrap()
    };
    type Makes = fn(&Path, &[u8]);
    let cases: &[(&str, Makes, &str)] = &[
        ("folder", |path, _| fs::create_dir(path).unwrap(), "it is no file"),
        ("torn", |path, whole| put(path, &whole[..60]), "it is damaged"),
        ("foreign", |path, _| put(path, b"#!/bin/sh\n"), "it is no file of keys"),
        (
            "future",
            |path, _| assert!(FileKeys::new(path).key(20_652).is_some()),
            "it holds a key of a day that comes 3 days after today",
        ),
        #[cfg(unix)]
        ("mode", put_for_others, "its mode is 0640"),
        #[cfg(unix)]
        (
            "link",
            |path, _| std::os::unix::fs::symlink(path.with_file_name("gone").join("keys"), path).unwrap(),
            "cannot open it",
        ),
    ];
    for (name, make, says) in cases {
        let folder = Folder::new(name);
        make(&folder.keys(), &whole);
        let before = fs::read(folder.keys()).ok();
        let clock = Hands::at(MIDNIGHT - HOUR * 12);
        let recording = Arc::new(Recording::new());
        let tracker = Tracker::builder(config())
            .clock(clock.clone())
            .keys(Arc::new(FileKeys::new(folder.keys())))
            .transport(recording.clone())
            .open()
            .unwrap();

        let (id, told) = visit(&tracker, &recording);
        assert_eq!(id, None, "{name}");
        let [told] = &told[..] else { panic!("{name}: not told once: {told:?}") };
        assert!(told.starts_with(&format!("keys file `{}`: {says}", folder.keys().display())), "{told}");
        // Once a day it costs a request, and once it is told.
        assert_eq!(visit(&tracker, &recording), (None, vec![]), "{name}");
        assert_eq!(fs::read(folder.keys()).ok(), before, "{name}");

        // The way out that the message names.
        clear(&folder.keys());
        clock.put(MIDNIGHT + HOUR);
        let (id, told) = visit(&tracker, &recording);
        assert!(id.is_some() && told.is_empty(), "{name}: {told:?}");
        assert_eq!(days(&folder.keys()), [20_650]);
    }
}

/// A file of these bytes that only its owner may read.
fn put(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
    set_mode(path, 0o600);
}

/// The same, that its owner's group may read.
#[cfg(unix)]
fn put_for_others(path: &Path, bytes: &[u8]) {
    put(path, bytes);
    set_mode(path, 0o640);
}

fn clear(path: &Path) {
    if path.is_dir() {
        fs::remove_dir(path).unwrap();
    } else {
        fs::remove_file(path).unwrap();
    }
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) {}
