//! Eight processes on one store.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
};

use trackside::{Annotations, Request, Response, Tracker, load};
use trackside_tests::folder::Folder;

use crate::kit::{LIMIT, Site, pages, rows, sqlite, turn};

const PROCESSES: u32 = 8;
const HITS: u32 = 300;

/// In the child: which store. Its number comes after the last slash.
const CHILD: &str = "TRACKSIDE_TEST_STORE";
const READY: &str = "ready to write";

#[test]
fn eight_processes_write_one_store() {
    if let Some(store) = env::var_os(CHILD) {
        let store = Path::new(&store);
        let number = store.file_name().unwrap().to_str().unwrap().parse().unwrap();
        return write(number, store.parent().unwrap());
    }
    let folder = Folder::new().unwrap();
    let store = folder.join("trackside.db");
    let mut children: Vec<_> = (0..PROCESSES).map(|number| spawn(&store.join(number.to_string()))).collect();
    for child in &mut children {
        let output = BufReader::new(child.stdout.as_mut().unwrap());
        assert!(output.lines().any(|line| line.unwrap().contains(READY)));
    }
    // All at once, and none has opened the store before.
    assert!(!store.exists());
    for child in &mut children {
        child.stdin.take().unwrap().write_all(b"go\n").unwrap();
    }
    // And one that serves pages meanwhile.
    let site = Site::open(&sqlite(&store), pages());
    turn(&site.browser(), 0..50);
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(site.settled().destinations[0].delivered, 50);

    let (children, own): (Vec<_>, Vec<_>) =
        rows(&store).into_iter().partition(|row| row.path.starts_with("/child/"));
    assert_eq!(own.len(), 50);
    let mut expected: Vec<_> =
        (0..PROCESSES).flat_map(|number| (0..HITS).map(move |n| format!("/child/{number}/{n}"))).collect();
    let mut found: Vec<_> = children.into_iter().map(|row| row.path).collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}

fn spawn(store: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "processes::eight_processes_write_one_store", "--nocapture"])
        .env(CHILD, store)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What each of the eight does. Its assertions end it with an error.
fn write(number: u32, store: &Path) {
    // Small batches: many transactions that get into each other's way.
    let toml = format!("consent.policy = 'none'\n{}batch = {{ hits = 20, age = '1ms' }}\n", sqlite(store));
    let tracker = Tracker::open(load::builder().toml(&toml).build().unwrap()).unwrap();
    println!("{READY}");
    std::io::stdin().lock().read_line(&mut String::new()).unwrap();
    for n in 0..HITS {
        let headers = [("host", "www.example.com"), ("accept", "text/html")];
        let path = format!("/child/{number}/{n}");
        let request = Request::new("GET", path.as_str(), &headers);
        let exchange = tracker.begin(&request);
        let headers = [("content-type", "text/html")];
        let verdict = exchange.finish(&request, &Response::new(200, &headers), &Annotations::new());
        assert!(verdict.is_tracked());
    }
    assert!(tracker.close(LIMIT).unwrap().is_empty());
    let stats = tracker.stats();
    let hits = &stats.destinations[0];
    assert_eq!((hits.offered, hits.delivered), (u64::from(HITS), u64::from(HITS)), "{stats:?}");
}
