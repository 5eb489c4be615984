//! The client of those runners that are written in Rust: it asks a site as a scenario says, and holds what it gets
//! against what is to be got.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use serde_json::{Value as Json, json};
use socket2::SockRef;

/// How every site is configured.
pub(crate) const CONFIG: &str = "
    consent = { policy = 'notice', path = '/consent/', dnt = 'strict' }
    privacy.ip = 'full'
    track.ignore = ['/admin/']
    proxy.trusted = ['127.0.0.1']
";

/// How long anything may take before it counts as hanging.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// All of them, in order.
pub(crate) fn scenarios() -> Vec<Json> {
    serde_json::from_str(include_str!("contract.json")).unwrap()
}

/// A response, as it came.
pub(crate) struct Answer {
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

/// Sends a request, at `now` in seconds, with `rest` behind its headers; the answer is still to come.
pub(crate) fn send(address: SocketAddr, scenario: &Json, now: u64, rest: &str) -> TcpStream {
    let text = |key: &str, default: &str| scenario[key].as_str().unwrap_or(default).to_owned();
    let (method, path) = (text("method", "GET"), text("path", "/"));
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\nHost: www.example.com\r\nAccept: text/html\r\nConnection: close\r\n"
    );
    if scenario["known"] == true {
        let seen = now - 10;
        let id = "5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11";
        head += &format!("Cookie: trackside={id}.{seen}.{seen}.{seen}\r\n");
    }
    for (name, value) in scenario["headers"].as_object().into_iter().flatten() {
        head += &format!("{name}: {}\r\n", value.as_str().unwrap());
    }
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all((head + rest).as_bytes()).unwrap();
    stream
}

/// Sends a request, and reads until the connection ends; none if it ends without an answer.
pub(crate) fn ask(address: SocketAddr, scenario: &Json, now: u64) -> Option<Answer> {
    let mut bytes = Vec::new();
    send(address, scenario, now, "\r\n").read_to_end(&mut bytes).unwrap();
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

/// Leaves at once: to one that has only sent all that it had, some servers would answer.
pub(crate) fn reset(client: TcpStream) {
    SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
    drop(client);
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

/// Holds an answer, if there was one, against what is to be said of it.
pub(crate) fn compare(scenario: &Json, answer: Option<&Answer>) {
    let name = &scenario["name"];
    let Some(answer) = answer else {
        assert!(scenario["status"].is_null(), "{name}: there is no answer");
        return;
    };
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

/// Holds the hits that it made against what is to be recorded.
pub(crate) fn compare_hits(scenario: &Json, hits: &[Json]) {
    let name = &scenario["name"];
    let expected = scenario["hits"].as_array().unwrap();
    assert_eq!(hits.len(), expected.len(), "{name}: {hits:?}");
    for (hit, expected) in hits.iter().zip(expected) {
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(&hit[key], value, "{name}: {key} of {hit}");
        }
    }
}

/// What the book of requests is to say after some scenarios.
#[derive(Debug, Default, Eq, PartialEq)]
pub(crate) struct Book {
    pub(crate) tracked: u64,
    /// By their reasons.
    pub(crate) skipped: BTreeMap<String, u64>,
}

impl Book {
    pub(crate) fn add(&mut self, scenario: &Json) {
        match scenario["reason"].as_str() {
            None => self.tracked += 1,
            Some(reason) => *self.skipped.entry(reason.to_owned()).or_default() += 1,
        }
    }

    pub(crate) fn seen(&self) -> u64 {
        self.tracked + self.skipped.values().sum::<u64>()
    }
}
