//! Several destinations at once: each has every hit, told by its id, and none waits for another.

use std::{collections::BTreeMap, fs};

use trackside::{Reason, ledger::Stats};
use trackside_tests::{
    collector::{Answer, Collector},
    folder::Folder,
};
use uuid::Uuid;

use crate::kit::{
    LIMIT, Row, Site, events, eventually, forms, ga_v1, ga4, page_paths, pages, paths, rows, sqlite, turn,
};

fn delivered(stats: &Stats) -> Vec<(&str, u64, u64)> {
    stats.destinations.iter().map(|hits| (hits.name.as_str(), hits.offered, hits.delivered)).collect()
}

fn by_path(rows: Vec<Row>) -> BTreeMap<String, Row> {
    rows.into_iter().map(|row| (row.path.clone(), row)).collect()
}

/// ga4's id of a visitor: its first and its last four bytes as numbers.
fn client_id(visitor: Uuid) -> String {
    let bytes = visitor.into_bytes();
    let number = |four: &[u8]| four.iter().fold(0_u64, |n, byte| n * 256 + u64::from(*byte)).max(1);
    format!("{}.{}", number(&bytes[..4]), number(&bytes[12..]))
}

#[test]
fn the_store_and_ga4_have_the_same_hits() {
    let folder = Folder::new().unwrap();
    let store = folder.join("trackside.db");
    let collector = Collector::start().unwrap();
    let toml = format!("{}ip = 'none'\n{}ip = 'full'\n", sqlite(&store), ga4(&collector));
    let site = Site::open(&toml, pages());
    let browsers = [site.browser(), site.browser(), site.browser()];

    for n in 0..30 {
        site.at(u64::from(n));
        turn(&browsers[n as usize % 3], [n]);
    }
    assert_eq!(delivered(&site.settled()), [("sqlite", 30, 30), ("ga4", 30, 30)]);
    let (rows, events) = (by_path(rows(&store)), events(&collector.requests()));
    assert_eq!((rows.len(), events.len()), (30, 30));
    for event in events {
        let row = &rows[&event.path];
        assert_eq!(event.name, "page_view");
        assert_eq!(event.client_id, client_id(row.visitor.unwrap()));
        assert_eq!((event.micros, event.session), (row.at, row.session.unwrap().to_string()));
        assert_eq!((row.ip.as_deref(), event.ip.as_deref()), (None, Some("127.0.0.1")));
    }
}

#[test]
fn the_store_and_ga_v1_have_the_same_hits() {
    let folder = Folder::new().unwrap();
    let store = folder.join("trackside.db");
    let collector = Collector::start().unwrap();
    let site = Site::open(&format!("{}{}", sqlite(&store), ga_v1(&collector)), pages());
    let browsers = [site.browser(), site.browser()];

    for n in 0..20 {
        turn(&browsers[n as usize % 2], [n]);
    }
    assert_eq!(delivered(&site.settled()), [("sqlite", 20, 20), ("ga-v1", 20, 20)]);
    let (rows, forms) = (by_path(rows(&store)), forms(&collector.requests()));
    assert_eq!((rows.len(), forms.len()), (20, 20));
    for form in forms {
        let row = &rows[&form["dp"]];
        // `z` is made of the hit's id: its last 31 bits.
        let z = row.id.as_u128() & 0x7fff_ffff;
        assert_eq!(
            (form["z"].clone(), form["cid"].clone()),
            (z.to_string(), row.visitor.unwrap().to_string())
        );
        assert_eq!((form["t"].as_str(), form["dh"].as_str()), ("pageview", "127.0.0.1"));
        assert_eq!(Some(&form["uip"]), row.ip.as_ref());
    }
}

#[test]
fn a_collector_that_stalls_does_not_hold_up_the_store() {
    let folder = Folder::new().unwrap();
    let store = folder.join("trackside.db");
    let collector = Collector::start().unwrap();
    collector.script([Answer::status(204).held()]);
    let toml = format!("{}workers = 1\n{}", ga_v1(&collector), sqlite(&store));
    let site = Site::open(&toml, pages());
    let browser = site.browser();

    turn(&browser, [0]);
    assert!(collector.wait_for_held(1, LIMIT));
    turn(&browser, 1..20);
    eventually("all in the store", || site.tracker.stats().destinations[1].delivered == 20);
    assert_eq!(paths(&rows(&store)), page_paths(0..20));
    assert_eq!(delivered(&site.balanced()), [("ga-v1", 20, 0), ("sqlite", 20, 20)]);

    collector.release();
    assert_eq!(delivered(&site.settled()), [("ga-v1", 20, 20), ("sqlite", 20, 20)]);
}

#[test]
fn a_damaged_store_does_not_keep_hits_from_the_collector() {
    let folder = Folder::new().unwrap();
    let store = folder.join("trackside.db");
    fs::write(&store, "no database ".repeat(1_000)).unwrap();
    let collector = Collector::start().unwrap();
    let site = Site::open(&format!("{}{}", sqlite(&store), ga_v1(&collector)), pages());

    turn(&site.browser(), 0..10);
    let stats = site.settled();
    assert_eq!(delivered(&stats), [("sqlite", 10, 0), ("ga-v1", 10, 10)]);
    assert_eq!(stats.destinations[0].dropped, [(Reason::StoreUnavailable, 10)]);
    assert_eq!(forms(&collector.requests()).len(), 10);
}
