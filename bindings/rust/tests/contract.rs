//! One contract for all adapters: `tests/adapters`. Each site is served over HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod common;
#[path = "contract/actix.rs"]
mod on_actix;
#[path = "contract/axum.rs"]
mod on_axum;

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use common::{Bench, NOON};
use serde_json::{Value as Json, json};

const CONFIG: &str = "
    consent.policy = 'notice'
    privacy.ip = 'full'
    track.ignore = ['/admin/']
    proxy.trusted = ['127.0.0.1']
";

/// A response, as it came.
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    fn has(&self, name: &str, beginning: &str) -> bool {
        self.headers.iter().any(|(key, value)| key == name && value.starts_with(beginning))
    }
}

/// Sends a request, and reads until the connection ends.
fn ask(address: SocketAddr, scenario: &Json) -> Answer {
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
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all((head + "\r\n").as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let answer = String::from_utf8(bytes).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<_> = lines
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let is_chunked = headers.contains(&("transfer-encoding".to_owned(), "chunked".to_owned()));
    let body = if is_chunked { unchunked(body) } else { body.to_owned() };
    Answer { status, headers, body }
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

/// Holds what a site at `address`, counted by `bench`, makes of each scenario against the contract.
fn run(bench: &Bench, address: SocketAddr) {
    let contract = include_str!("../../../tests/adapters/contract.json");
    let scenarios: Vec<Json> = serde_json::from_str(contract).unwrap();
    let mut before = BTreeMap::new();
    let mut tracked = 0;
    for scenario in &scenarios {
        let name = scenario["name"].as_str().unwrap();
        let answer = ask(address, scenario);
        assert_eq!(json!(answer.status), scenario["status"], "{name}");
        assert_eq!(json!(answer.has("set-cookie", "trackside=")), scenario["cookie"], "{name}");
        assert_eq!(json!(answer.has("cache-control", "private")), scenario["private"], "{name}");
        if let Some(body) = scenario["body"].as_str() {
            assert_eq!(answer.body, body, "{name}");
        }
        // Everything is counted before the head is sent.
        let stats = bench.tracker.stats().requests;
        match scenario["reason"].as_str() {
            None => tracked += 1,
            Some(reason) => *before.entry(reason.to_owned()).or_insert(0) += 1,
        }
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
    assert!(tracked >= 9 && !before.is_empty());
}
