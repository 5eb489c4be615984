//! One contract for all adapters: `tests/adapters`. Each site is served over HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod common;
#[path = "contract/actix.rs"]
mod on_actix;
#[path = "contract/axum.rs"]
mod on_axum;
#[path = "contract/hyper.rs"]
mod on_hyper;

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::mpsc::Receiver,
    thread,
    time::{Duration, Instant},
};

use common::{Bench, NOON};
use serde_json::{Value as Json, json};
use socket2::SockRef;

const CONFIG: &str = "
    consent = { policy = 'notice', path = '/consent/', dnt = 'strict' }
    privacy.ip = 'full'
    track.ignore = ['/admin/']
    proxy.trusted = ['127.0.0.1']
";

/// How long anything may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(30);

/// A response, as it came.
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    fn has(&self, name: &str, beginning: &str) -> bool {
        self.all(name).iter().any(|value| value.starts_with(beginning))
    }

    fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(key, _)| key == name).map(|(_, value)| &**value).collect()
    }
}

/// Sends a request; the answer is still to come.
fn send(address: SocketAddr, scenario: &Json) -> TcpStream {
    let text = |key: &str, default: &str| scenario[key].as_str().unwrap_or(default).to_owned();
    let (method, path) = (text("method", "GET"), text("path", "/"));
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\nHost: www.example.com\r\nAccept: text/html\r\nConnection: close\r\n"
    );
    if scenario["known"] == true {
        let seen = NOON - 10;
        let id = "5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11";
        head += &format!("Cookie: trackside={id}.{seen}.{seen}.{seen}\r\n");
    }
    for (name, value) in scenario["headers"].as_object().into_iter().flatten() {
        head += &format!("{name}: {}\r\n", value.as_str().unwrap());
    }
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all((head + "\r\n").as_bytes()).unwrap();
    stream
}

/// Sends a request, and reads until the connection ends; none if it ends without an answer.
fn ask(address: SocketAddr, scenario: &Json) -> Option<Answer> {
    let mut bytes = Vec::new();
    send(address, scenario).read_to_end(&mut bytes).unwrap();
    let answer = String::from_utf8(bytes).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<_> = lines
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let is_chunked = headers.contains(&("transfer-encoding".to_owned(), "chunked".to_owned()));
    let body = if is_chunked { unchunked(body) } else { body.to_owned() };
    Some(Answer { status, headers, body })
}

fn unchunked(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let (piece, after) = rest.split_at(usize::from_str_radix(size, 16).unwrap());
        whole += piece;
        body = after.strip_prefix("\r\n").unwrap_or_default();
    }
    whole
}

/// Holds an answer against what is to be said of it.
fn compare(scenario: &Json, answer: &Answer) {
    let name = &scenario["name"];
    if let Some(status) = scenario["status"].as_u64() {
        assert_eq!(u64::from(answer.status), status, "{name}");
    } else {
        assert_eq!(answer.status, 500, "{name}: what servers make of no answer");
    }
    if let Some(has_cookie) = scenario["cookie"].as_bool() {
        assert_eq!(answer.has("set-cookie", "trackside="), has_cookie, "{name}");
    }
    if let Some(is_private) = scenario["private"].as_bool() {
        assert_eq!(answer.has("cache-control", "private"), is_private, "{name}");
    }
    if scenario["set_cookies"].is_array() {
        assert_eq!(json!(answer.all("set-cookie")), scenario["set_cookies"], "{name}");
    }
    if let Some(location) = scenario["location"].as_str() {
        assert_eq!(answer.all("location"), [location], "{name}");
    }
    if let Some(body) = scenario["body"].as_str() {
        assert_eq!(answer.body, body, "{name}");
    }
}

/// Holds what a site at `address`, counted by `bench`, makes of each scenario against the contract. Its page `/waits`
/// tells `waiting` that it was reached.
fn run(bench: &Bench, address: SocketAddr, waiting: &Receiver<()>) {
    let contract = include_str!("../../../tests/adapters/contract.json");
    let scenarios: Vec<Json> = serde_json::from_str(contract).unwrap();
    let mut before = BTreeMap::new();
    let mut tracked = 0;
    for scenario in &scenarios {
        let name = scenario["name"].as_str().unwrap();
        if scenario["leaves"] == true {
            let client = send(address, scenario);
            waiting.recv_timeout(PATIENCE).expect(name);
            // Reset: to one that has only sent all that it had, actix-web would answer.
            SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
            drop(client);
        } else if let Some(answer) = ask(address, scenario) {
            compare(scenario, &answer);
        } else {
            assert!(scenario["status"].is_null(), "{name}: there is no answer");
        }
        match scenario["reason"].as_str() {
            None => tracked += 1,
            Some(reason) => *before.entry(reason.to_owned()).or_insert(0) += 1,
        }
        // Everything is counted before the head is sent; where there is none, somewhen.
        if scenario["status"].is_null() {
            wait_for(bench, tracked + before.values().sum::<u64>(), name);
        }
        let stats = bench.tracker.stats().requests;
        let skipped: BTreeMap<_, _> =
            stats.skipped.iter().map(|(reason, count)| (reason.code().to_owned(), *count)).collect();
        assert_eq!((stats.tracked, &skipped), (tracked, &before), "{name}");
        let hits: Vec<Json> =
            bench.recording.take().iter().map(|hit| serde_json::to_value(hit).unwrap()).collect();
        let expected = scenario["hits"].as_array().unwrap();
        assert_eq!(hits.len(), expected.len(), "{name}: {hits:?}");
        for (hit, expected) in hits.iter().zip(expected) {
            for (key, value) in expected.as_object().unwrap() {
                assert_eq!(&hit[key], value, "{name}: {key} of {hit}");
            }
        }
    }
    assert!(tracked >= 13 && before["abandoned"] == 2);
}

/// Waits until so many requests were seen.
fn wait_for(bench: &Bench, seen: u64, name: &str) {
    let until = Instant::now() + PATIENCE;
    while bench.tracker.stats().requests.seen() < seen {
        assert!(Instant::now() < until, "{name}: it is not counted");
        thread::yield_now();
    }
}
