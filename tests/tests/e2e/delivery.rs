//! What the guide's pages on delivery and on the spool promise.

use std::{fs, path::Path};

use trackside_tests::collector::{Answer, Collector};

use crate::kit::{Site, events, eventually, forms, ga_v1, ga4, page_paths, pages, turn};

const PAGES: [(&str, usize); 2] = [
    (include_str!("../../../bindings/rust/src/guide/delivery.rs"), 35),
    (include_str!("../../../bindings/rust/src/guide/spool.rs"), 20),
];

#[test]
fn every_test_that_the_pages_name_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut sources = String::new();
    let mut folders: Vec<_> = ["core/src", "transports", "tests", "bindings/cli/tests"]
        .iter()
        .map(|path| root.join(path))
        .collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("target") && !path.ends_with("tests/fuzz") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources += &format!("\n// file {}\n", path.file_stem().unwrap().display());
                sources += &fs::read_to_string(path).unwrap();
            }
        }
    }
    let is_name = |word: &&str| {
        word.contains('_')
            && !word.starts_with('_')
            && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    let others = ["after_unknown", "event_within", "max_age", "trackside_tracker_event_within", "when_full"];
    for (page, least) in PAGES {
        let named: Vec<_> = page
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(is_name)
            .filter(|word| !others.contains(word))
            .collect();
        assert!(named.len() > least, "{named:?}");
        for name in named {
            let is_there =
                sources.contains(&format!("fn {name}()")) || sources.contains(&format!("\n// file {name}\n"));
            assert!(is_there, "no test is called {name}");
        }
    }
}

#[test]
fn a_hit_that_arrives_late_keeps_its_own_time() {
    let mut collector = Collector::start().unwrap();
    let site = Site::open(&ga4(&collector), pages());
    let browser = site.browser();
    turn(&browser, [0]);
    let first = site.settled().destinations[0].delivered;
    assert_eq!(first, 1);
    collector.down();
    site.at(60);
    turn(&browser, [1]);
    eventually("a second attempt", || site.tracker.stats().destinations[0].retries > 0);
    site.at(60 + 1_800);
    collector.up().unwrap();
    assert_eq!(site.settled().destinations[0].delivered, 2);
    let times: Vec<_> = events(&collector.requests()).into_iter().map(|event| event.micros).collect();
    // A minute after the first, though half an hour passed before it was sent.
    assert_eq!(times[1] - times[0], 60_000_000);
}

#[test]
fn what_was_sent_and_not_answered_is_sent_again_if_the_operator_says_so() {
    let collector = Collector::start().unwrap();
    collector.script([Answer::hang_up(), Answer::status(500)]);
    let site = Site::open(&format!("{}workers = 1\nafter_unknown = 'resend'\n", ga_v1(&collector)), pages());
    turn(&site.browser(), 0..3);
    let stats = site.settled();
    let hits = &stats.destinations[0];
    assert_eq!((hits.delivered, hits.retries, hits.dropped.len()), (3, 2, 0));
    let mut paths: Vec<_> = forms(&collector.requests()).iter().map(|form| form["dp"].clone()).collect();
    assert_eq!(paths.len(), 5);
    paths.sort();
    paths.dedup();
    assert_eq!(paths, page_paths(0..3));
}

#[test]
fn batches_share_one_connection() {
    let collector = Collector::start().unwrap();
    let site = Site::open(&ga4(&collector), pages());
    let browser = site.browser();
    for n in 0..10 {
        turn(&browser, [n]);
        site.settled();
    }
    assert_eq!((collector.count(), collector.connections()), (10, 1));
}
