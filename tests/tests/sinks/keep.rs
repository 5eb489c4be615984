//! What is older than `keep` goes, also where no hit comes.

use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use rusqlite::Connection;
use trackside_core::{
    config::Keep,
    transport::{Submitted, Transport},
};
use trackside_tests::{folder::Folder, hits};
use trackside_transports::{
    clock::Clock,
    pool::{Options, Pool},
    sink::{Sink, SinkFactory},
    sinks,
};

use crate::deliver;

const HOUR: Duration = Duration::from_secs(3_600);
const HOUR_MICROS: u64 = 3_600_000_000;
const DAY_MICROS: u64 = 24 * HOUR_MICROS;

/// One step deletes so many.
const STEP: i64 = 1_000;

fn factory(path: &Path) -> impl SinkFactory {
    sinks::sqlite::factory(path, Some(Keep::Days(30)))
}

/// A sink whose store has one hit, of just now.
fn stored(factory: &impl SinkFactory) -> Box<dyn Sink> {
    let mut sink = factory().unwrap();
    deliver(&mut *sink, &hits::pages(1).unwrap());
    sink
}

/// Adds `count` hits of 40 days before `hits::NOW`.
fn age(path: &Path, count: i64) {
    let store = Connection::open(path).unwrap();
    let old = (hits::NOW - 40 * DAY_MICROS) as i64;
    let insert = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
        INSERT INTO hit (id, at, kind, site, path, secure, is_new)
        SELECT randomblob(16), ?2, 'page', 'www.example.com', '/old', 0, 0 FROM n";
    assert_eq!(store.execute(insert, (count, old)).unwrap() as i64, count);
}

fn count(path: &Path) -> i64 {
    let store = Connection::open(path).unwrap();
    store.query_row("SELECT count(*) FROM hit", (), |row| row.get(0)).unwrap()
}

#[test]
fn an_idle_sink_deletes_in_steps_and_then_rests_for_an_hour() {
    let folder = Folder::new().unwrap();
    let path = folder.join("trackside.db");
    let factory = factory(&path);
    let mut sink = stored(&factory);
    age(&path, 2 * STEP + 500);

    // The batch has looked, and found nothing.
    assert_eq!(sink.tend(hits::NOW + HOUR_MICROS - 1), Duration::from_micros(1));
    assert_eq!(count(&path), 2 * STEP + 501);
    for (left, wait) in [(STEP + 501, Duration::ZERO), (501, Duration::ZERO), (1, HOUR)] {
        assert_eq!((sink.tend(hits::NOW + HOUR_MICROS), count(&path)), (wait, left));
    }
    age(&path, 1);
    // All sinks of a factory take it as done.
    let mut another = factory().unwrap();
    assert_eq!(another.tend(hits::NOW + HOUR_MICROS), HOUR);
    assert_eq!((another.tend(hits::NOW + 2 * HOUR_MICROS), count(&path)), (HOUR, 1));
    assert_eq!(sink.tend(hits::NOW + 2 * HOUR_MICROS), HOUR);
}

#[test]
fn a_clock_that_is_set_back_stops_nothing() {
    let folder = Folder::new().unwrap();
    let path = folder.join("trackside.db");
    let mut sink = stored(&factory(&path));
    age(&path, 1);
    assert_eq!((sink.tend(hits::NOW - 1), count(&path)), (HOUR, 1));
}

#[test]
fn without_keep_nothing_is_ever_due() {
    let folder = Folder::new().unwrap();
    let path = folder.join("trackside.db");
    let mut sink = stored(&sinks::sqlite::factory(&path, None));
    age(&path, 1);
    assert_eq!((sink.tend(hits::NOW + HOUR_MICROS), count(&path)), (Duration::MAX, 2));
}

#[test]
fn a_store_that_was_deleted_is_not_made_anew_for_that() {
    let folder = Folder::new().unwrap();
    let path = folder.join("trackside.db");
    let mut sink = stored(&factory(&path));
    fs::remove_file(&path).unwrap();
    assert_eq!(sink.tend(hits::NOW + HOUR_MICROS), Duration::from_secs(60));
    assert!(!path.exists());
}

#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn micros(&self) -> u64 {
        hits::NOW
    }
}

#[test]
fn a_pool_without_hits_goes_on_deleting() {
    let folder = Folder::new().unwrap();
    let path = folder.join("trackside.db");
    sinks::sqlite::check(&path).unwrap();
    age(&path, 2 * STEP + 500);
    let config = hits::config().unwrap();
    let destination = &config.destinations()[0];
    let options = Options { clock: Arc::new(Still), ..Options::of(destination) };
    let pool = Pool::new(options, factory(&path));
    let until = Instant::now() + Duration::from_secs(60);
    assert_eq!(pool.submit(hits::pages(1).unwrap().remove(0)), Submitted::Queued);
    assert!(pool.flush(until).unwrap().is_empty());
    // A batch is a step; the rest is for the worker that has nothing else to do.
    while count(&path) > 1 {
        assert!(Instant::now() < until, "{} are left", count(&path));
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(pool.close(until).unwrap().is_empty());
}
