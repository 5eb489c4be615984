//! A receiver that is written outside of trackside, with what everybody has: it is delivered, refused, split, sent again,
//! spooled, explained and checked as trackside's own are.

use std::{
    env,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use trackside::{
    Annotations, Config, Request, Response, Tracker,
    check::{self, Options},
    explain::Sending,
    load,
};
use trackside_tests::folder::Folder;

use super::*;
use crate::kit::{LIMIT, eventually};

#[allow(dead_code, unreachable_pub, reason = "its main is not called, and it is a program elsewhere")]
#[path = "../../../../bindings/rust/examples/own_receiver.rs"]
mod example;

pub(super) use example::TALLY;

const KEYS: &str = "type = 'tally'\ncounter = 'shop'\ntoken = 's3cret'";
const PLACES: [&str; 3] = ["/hits", "/id", "/path"];

/// One that throws away what asks for 400.
fn tally() -> Receiver {
    Receiver::new(|request, counts| {
        let (refused, taken): (Vec<_>, Vec<_>) =
            hits_of(request, PLACES).into_iter().enumerate().partition(|(_, sent)| asks(&sent.page) == 400);
        counts.throw(refused.len(), Reason::Rejected);
        counts.take(&taken.into_iter().map(|(_, sent)| sent).collect::<Vec<_>>());
        let numbers: Vec<_> = refused.iter().map(|(n, _)| n.to_string()).collect();
        Answer::status(200).body(numbers.join("\n"))
    })
}

#[test]
fn what_it_takes_is_delivered_and_what_its_answer_names_refused() {
    let receiver = tally();
    let hits = receiver.sent(KEYS, "/count", (&[1, 400, 2], &["add", "add-400"]));
    assert_eq!((hits.delivered, lost(&hits, Reason::Rejected)), (3, 2), "{hits:?}");
    let requests = receiver.requests();
    let [request] = &requests[..] else { panic!("{requests:?}") };
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/count/shop"));
    assert_eq!(request.header("authorization"), Some("Bearer s3cret"));
    let names: Vec<_> =
        json(request)["hits"].as_array().unwrap().iter().map(|hit| hit["name"].clone()).collect();
    assert_eq!(names, ["", "", "", "add", "add-400"]);
}

#[test]
fn its_statuses_mean_what_they_mean_of_all() {
    is_refused(KEYS, "/count", Answer::status(401), Reason::Rejected);
    is_refused(KEYS, "/count", Answer::status(200).body("<html>"), Reason::Rejected);
    is_halved(KEYS, "/count", PLACES, Answer::status(200));
    is_sent_again(KEYS, "/count", PLACES, vec![later(429), later(503)]);
    is_sent_again(KEYS, "/count", PLACES, vec![Answer::status(500), Answer::hang_up()]);
}

fn config(url: &str, more: &str) -> Config {
    let document = format!("[[destination]]\nurl = '{url}'\n{KEYS}\n{more}\n");
    let builder =
        load::builder().receiver(&TALLY).toml("consent.policy = 'none'\nsite = ['www.example.com']");
    builder.toml(&document).build().unwrap()
}

fn spooling(url: &str, folder: &Path) -> Tracker {
    let spool = format!("spool = 'always'\n[spool]\ndir = '{}'", folder.display());
    Tracker::open(config(url, &spool)).unwrap()
}

const HEADERS: [(&str, &str); 3] = [
    ("host", "www.example.com"),
    ("accept", "text/html"),
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"),
];

fn visit(tracker: &Tracker, path: &str) {
    let request = Request::new("GET", path, &HEADERS);
    let response = Response::new(200, &[("content-type", "text/html")]);
    assert!(tracker.begin(&request).finish(&request, &response, &Annotations::new()).is_tracked());
}

/// In the child: where the receiver would be, and the spool.
const CHILD: [&str; 2] = ["TRACKSIDE_TEST_TALLY", "TRACKSIDE_TEST_SPOOL"];
const WRITTEN: &str = "three hits are in the spool";

#[test]
fn what_a_killed_process_left_in_the_spool_is_delivered_by_the_next() {
    if let [Some(url), Some(folder)] = CHILD.map(env::var_os) {
        let tracker = spooling(url.to_str().unwrap(), Path::new(&folder));
        (1..=3).for_each(|n| visit(&tracker, &format!("/page/{n}")));
        eventually("all are in the spool", || tracker.stats().destinations[0].spooled == 3);
        println!("{WRITTEN}");
        std::thread::park_timeout(LIMIT);
        panic!("it is to be killed");
    }
    let folder = Folder::new().unwrap();
    let mut receiver = tally();
    receiver.collector.down();
    let url = receiver.collector.url("/count");
    let name = "receivers::own::what_a_killed_process_left_in_the_spool_is_delivered_by_the_next";
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .envs([(CHILD[0], url.as_ref()), (CHILD[1], folder.path().as_os_str())])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    assert!(output.lines().any(|line| line.unwrap().contains(WRITTEN)));
    child.kill().unwrap();
    child.wait().unwrap();

    receiver.collector.up().unwrap();
    let tracker = spooling(&url, folder.path());
    visit(&tracker, "/page/4");
    eventually("what was left is delivered", || tracker.stats().destinations[0].delivered == 4);
    assert!(tracker.close(LIMIT).unwrap().is_empty());
    let book = &tracker.stats().destinations[0];
    assert_eq!((book.offered, book.adopted, book.delivered), (1, 3, 4), "{book:?}");
    let counts = receiver.counts.lock().unwrap();
    assert_eq!((counts.taken, counts.ids.len()), (4, 4));
    let pages: BTreeSet<_> =
        receiver.requests().iter().flat_map(|it| hits_of(it, PLACES)).map(|sent| sent.page).collect();
    assert_eq!(pages, ["/page/1", "/page/2", "/page/3", "/page/4"].map(str::to_owned).into());
}

#[test]
fn what_it_would_be_sent_is_explained_without_its_secret() {
    let tracker = Tracker::open(config("http://tally.example/count", "")).unwrap();
    let response = Response::new(200, &[("content-type", "text/html")]);
    let told = tracker.explain(&Request::new("GET", "/news", &HEADERS), &response, &Annotations::new());
    let [(name, Sending::Request(request))] = &told.hits[0].destinations[..] else { panic!("{told}") };
    assert_eq!((name.as_str(), request.url()), ("tally", "http://tally.example/count/shop"));
    assert!(request.shown_headers().any(|(name, value)| name == "authorization" && value == "Bearer ***"));
    assert_eq!(hits_in(request.payload()), ["/news"]);
    let text = told.to_string();
    assert!(text.contains("tally.example/count/shop") && !text.contains("s3cret"), "{text}");
}

fn hits_in(body: &[u8]) -> Vec<String> {
    let body: Json = serde_json::from_slice(body).unwrap();
    body["hits"].as_array().unwrap().iter().map(|hit| hit["path"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn it_is_checked_by_its_own_question() {
    let collector = Collector::start().unwrap();
    let config = config(&collector.url("/count"), "");
    let [destination] = config.destinations() else { panic!() };
    for (answer, grade, says) in [
        (Answer::status(200), "right", "Tally took the test hit"),
        (
            Answer::status(200).body("0"),
            "wrong",
            "Tally answers 200 and throws the test hit away, refused(rejected)",
        ),
        (Answer::status(402), "wrong", "the counter's month is not paid for"),
        (Answer::status(401).body("s3cret is nobody's"), "wrong", "\"*** is nobody's\""),
        (Answer::status(404), "wrong", "nothing takes hits at `url`"),
    ] {
        collector.always(answer);
        let checked = check::check(&config, destination, &Options::new(Duration::from_secs(30)));
        let [finding] = &checked.findings[..] else { panic!("{checked:?}") };
        let said = format!("{} | {}", finding.what(), finding.to_do());
        assert_eq!(finding.grade().as_str(), grade, "{said}");
        assert!(said.contains(says) && !said.contains("s3cret"), "{says} in: {said}");
    }
    let requests = collector.requests();
    assert_eq!((requests.len(), hits_in(&requests[0].body)), (5, vec!["/trackside-check".to_owned()]));
    let checked = check::rehearse(&config, destination, &Options::new(Duration::from_secs(30))).unwrap();
    assert!(!format!("{checked:?}").contains("s3cret"));
    assert_eq!(collector.count(), 5, "a rehearsal sends nothing");
}
