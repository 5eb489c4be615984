//! Forks between the begin and the end of exchanges, whose visitors are told apart without a cookie, and whose
//! addresses are looked up in a file that is gone meanwhile: child and parent end the same exchange.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]
#![cfg_attr(not(unix), allow(unused, reason = "there is no fork"))]

mod kit;

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
fn main() {
    use kit::{forks::*, *};
    use std::{
        collections::BTreeMap,
        fs,
        io::Write,
        sync::{
            Arc,
            atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
        },
        thread,
    };
    use trackside_core::{
        Annotations, Config, Reason, Request, Response,
        judge::Verdict,
        protocol::{Enriched, Outcome},
        transport::Left,
    };
    use trackside_transports::{
        Exchange, Tracker,
        keys::{FileKeys, Keys as _},
    };

    const FORKS: u64 = 50;
    const THREADS: usize = 3;
    /// 2026-07-15, at noon: the key is that of one day throughout.
    const NOON: u64 = 1_784_116_800_000_000;
    /// What the file says of the address, where it can be read.
    const COUNTRY: &str = if cfg!(feature = "geo") { "DE" } else { "-" };

    fn begin(tracker: &Tracker, path: &str) -> Exchange {
        tracker.begin(&request(path, &[("host", "www.example.com"), ("accept", "text/html")]))
    }

    fn request<'a>(path: &'a str, headers: &'a [(&'a str, &'a str); 2]) -> Request<'a> {
        Request::new("GET", path, headers).with_peer("192.0.2.200".parse().ok())
    }

    fn end(exchange: Exchange, path: &str) -> Verdict {
        let headers = [("host", "www.example.com"), ("accept", "text/html")];
        let response = Response::new(200, &[("content-type", "text/html")]);
        exchange.finish(&request(path, &headers), &response, &Annotations::new())
    }

    fn visit(tracker: &Tracker, path: &str) {
        assert!(end(begin(tracker, path), path).is_tracked());
    }

    watchdog(120);
    let folder = Folder::new("fork-exchange");
    let seen = folder.file("seen");
    let mut toml =
        "visitor.identity = 'cookieless'\nprivacy.ip = 'full'\n[[destination]]\ntype = 'callback'\n"
            .to_owned();
    let places = folder.file("places.mmdb");
    if cfg!(feature = "geo") {
        fs::write(&places, include_bytes!("../../tests/vectors/files/places.mmdb")).unwrap();
        toml = format!("geo.file = '{}'\n{toml}", places.display());
    }
    let notes = seen.clone();
    let keys = Arc::new(FileKeys::new(folder.file("keys")));
    // A request waits 50 ms at most for another that makes it.
    assert!(keys.key(NOON / (24 * 3_600 * 1_000_000)).is_some());
    let tracker = Tracker::builder(Config::builder().toml(&toml).build().unwrap())
        .clock(Hands::at(NOON))
        .keys(keys)
        .sink("callback", move || {
            let mut file = appending(&notes);
            Ok(Box::new(Does(move |batch: &[Enriched<'_>], _| {
                let line = |one: &Enriched<'_>| {
                    let path = String::from_utf8_lossy(one.hit.path());
                    let visitor = one.hit.visitor().map_or("-".to_owned(), |id| id.to_string());
                    let country = if one.country().is_empty() { "-" } else { one.country() };
                    format!("{} {path} {visitor} {country}\n", one.hit.id())
                };
                let lines: String = batch.iter().map(line).collect();
                file.write_all(lines.as_bytes()).unwrap();
                all(batch, Outcome::Delivered)
            })))
        })
        .open()
        .unwrap();
    // Children have their parent's copy in memory.
    fs::remove_file(&places).ok();

    // Forks come in the midst of these.
    let (is_over, visits) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while !is_over.load(SeqCst) {
                    visit(&tracker, "/thread");
                    visits.fetch_add(1, SeqCst);
                    eventually("there is room", || tracker.stats().destinations[0].pending() < 1_000);
                }
            });
        }
        for n in 0..FORKS {
            let mut begun = Some((begin(&tracker, "/across"), begin(&tracker, "/dropped")));
            let id = begun.as_ref().and_then(|(across, _)| across.visitor_id());
            let child = fork(|| {
                // Out of the child's copy.
                let (across, dropped) = begun.take().unwrap();
                assert_eq!(across.visitor_id(), id);
                // They are the parent's, which ends them.
                let verdict = end(across, "/across");
                assert_eq!((verdict.reason(), verdict.headers().count()), (Some(Reason::Abandoned), 0));
                drop(dropped);
                let stats = tracker.stats();
                assert_eq!((stats.requests.seen(), stats.destinations[0].offered), (0, 0));
                let own = begin(&tracker, "/child");
                assert_eq!(own.visitor_id(), id, "the key is the same");
                assert!(end(own, "/child").is_tracked());
                // Those that do not close are closed at their exit.
                if n % 2 == 0 {
                    assert_eq!(tracker.close(LONG).unwrap().left, Left::default());
                    let stats = tracker.stats();
                    assert_eq!((stats.requests.seen(), stats.requests.tracked), (1, 1));
                    assert_balanced(&stats.destinations[0]);
                    assert_eq!(stats.destinations[0].delivered, 1);
                }
            });
            let (across, dropped) = begun.take().unwrap();
            assert!(end(across, "/across").is_tracked());
            drop(dropped);
            child.succeeded();
        }
        is_over.store(true, SeqCst);
    });
    assert_eq!(tracker.close(LONG).unwrap().left, Left::default());
    let (stats, threads) = (tracker.stats(), visits.load(SeqCst));
    assert_eq!(stats.requests.tracked, threads + FORKS);
    assert_eq!(stats.requests.skipped, [(Reason::Abandoned, FORKS)]);
    assert_balanced(&stats.destinations[0]);
    assert_eq!(stats.destinations[0].delivered, threads + FORKS);

    // Each hit once, all of one visitor, each with its country.
    let (mut ids, mut counts) = (BTreeMap::new(), BTreeMap::new());
    let text = fs::read_to_string(&seen).unwrap();
    for line in text.lines() {
        let [id, path, visitor, country] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        *ids.entry(id).or_insert(0) += 1;
        *counts.entry((path, visitor, country)).or_insert(0) += 1;
    }
    assert!(ids.values().all(|&count| count == 1), "{ids:?}");
    let visitor = counts.keys().next().unwrap().1;
    assert_ne!(visitor, "-");
    let counts: Vec<_> = counts.into_iter().collect();
    assert_eq!(
        counts,
        [
            (("/across", visitor, COUNTRY), FORKS),
            (("/child", visitor, COUNTRY), FORKS),
            (("/thread", visitor, COUNTRY), threads)
        ]
    );
    folder.remove();
    println!("fork_exchange: {FORKS} forks, {threads} visits beside them");
}
