//! The golden vectors of `tests/vectors`, whose README says what is in them, through core.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::IpAddr,
    path::Path,
};

use serde::Deserialize;
use serde_json::{Value as Json, json};
use trackside_core::{
    Annotations, Config, Event, Hit, Moment, Reason, Request, Response, Value,
    judge::{self, Verdict},
    protocol::{self, Enriched, Outgoing},
};

/// Hits are sent so many microseconds after their call.
const DELAY: u64 = 2_500_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    name: String,
    purpose: String,
    config: Json,
    calls: Vec<Call>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    now: u64,
    entropy: String,
    request: Asked,
    response: Option<Answered>,
    #[serde(default)]
    annotations: Added,
    expect: Expectation,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    method: Text,
    target: Text,
    headers: Vec<(Text, Text)>,
    authority: Option<Text>,
    peer: Option<IpAddr>,
    #[serde(default)]
    secure: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answered {
    status: u16,
    headers: Vec<(Text, Text)>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Added {
    title: Option<String>,
    user_id: Option<String>,
    route: Option<String>,
    properties: BTreeMap<String, Json>,
    events: Vec<Raised>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raised {
    name: String,
    category: Option<String>,
    label: Option<String>,
    value: Option<f64>,
    #[serde(default)]
    properties: BTreeMap<String, Json>,
}

/// What is compared, as JSON; here only so that no key of it goes unread.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expectation {
    verdict: String,
    headers: Vec<(String, String)>,
    notice: Option<BTreeMap<String, String>>,
    visitor: BTreeMap<String, Json>,
    hits: Vec<ExpectedHit>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedHit {
    hit: Json,
    destinations: Json,
}

/// Bytes, written as text or as `{"hex": …}`.
#[derive(Deserialize)]
#[serde(from = "Written")]
struct Text(Vec<u8>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Plain(String),
    Hex { hex: String },
}

impl From<Written> for Text {
    fn from(written: Written) -> Self {
        match written {
            Written::Plain(text) => Self(text.into_bytes()),
            Written::Hex { hex } => Self(bytes(&hex)),
        }
    }
}

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    assert!(hex.len().is_multiple_of(2), "an odd number of hex digits: {hex}");
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex digits"))
        .collect()
}

fn value(json: &Json) -> Value<'_> {
    match json {
        Json::Bool(truth) => Value::from(*truth),
        Json::Number(number) => Value::from(number.as_f64().unwrap()),
        Json::String(text) => Value::from(text.as_str()),
        other => panic!("no property can be {other}"),
    }
}

impl Added {
    fn annotations(&self) -> Annotations<'_> {
        let mut annotations = Annotations::new();
        if let Some(title) = &self.title {
            annotations = annotations.title(title);
        }
        if let Some(user_id) = &self.user_id {
            annotations = annotations.user_id(user_id);
        }
        if let Some(route) = &self.route {
            annotations = annotations.route(route);
        }
        for (key, json) in &self.properties {
            annotations = annotations.property(key, value(json));
        }
        self.events.iter().map(Raised::event).fold(annotations, Annotations::event)
    }
}

impl Raised {
    fn event(&self) -> Event<'_> {
        let mut event = Event::new(&self.name);
        if let Some(category) = &self.category {
            event = event.category(category);
        }
        if let Some(label) = &self.label {
            event = event.label(label);
        }
        if let Some(value) = self.value {
            event = event.value(value);
        }
        self.properties.iter().fold(event, |event, (key, json)| event.property(key, value(json)))
    }
}

/// What core makes of a call, in the vectors' words.
fn outcome(config: &Config, call: &Call) -> Json {
    let entropy = bytes(&call.entropy).try_into().expect("64 bytes of entropy");
    let asked = &call.request;
    let request = Request::new(&asked.method, &asked.target, &asked.headers)
        .with_authority(asked.authority.as_ref().map(AsRef::as_ref))
        .with_peer(asked.peer)
        .with_secure(asked.secure);
    let exchange = judge::begin(config, &request, Moment::new(call.now, entropy));
    let visitor = json!({
        "id": exchange.visitor_id().map(|id| id.to_string()),
        "new": exchange.is_new(),
    });
    let notice = judge::notice(config, &exchange, &request)
        .map(|notice| json!({ "text": notice.text(), "html": notice.html() }));
    let mut hits = Vec::new();
    let verdict = match &call.response {
        // The exchange is dropped, as the facade would then say.
        None => Verdict::skip(Reason::Abandoned),
        Some(answered) => {
            let response = Response::new(answered.status, &answered.headers);
            let annotations = call.annotations.annotations();
            judge::finish(config, exchange, &request, &response, &annotations, &mut |hit| hits.push(hit))
        }
    };
    let headers: Vec<_> = verdict.headers().map(|(name, value)| (name.to_lowercase(), value)).collect();
    let hits: Vec<_> = hits.iter().map(|hit| recorded(config, hit, call.now + DELAY)).collect();
    json!({
        "verdict": verdict.reason().map_or("tracked", Reason::code),
        "headers": headers,
        "notice": notice,
        "visitor": visitor,
        "hits": hits,
    })
}

fn recorded(config: &Config, hit: &Hit, now: u64) -> Json {
    let mut destinations = serde_json::Map::new();
    for destination in config.destinations().iter().filter(|destination| destination.ip == hit.ip_policy()) {
        let sent = match protocol::of(&destination.receiver) {
            None => json!({ "outcome": "admitted" }),
            Some(protocol) => match protocol.admit(hit) {
                Err(reason) => json!({ "outcome": reason.code() }),
                Ok(()) => {
                    let mut out = Outgoing::new();
                    assert_eq!(protocol.encode(&[Enriched::new(hit)], now, &mut out), 1);
                    json!({ "outcome": "admitted", "request": posted(&out) })
                }
            },
        };
        destinations.insert(destination.name.clone(), sent);
    }
    json!({ "hit": hit, "destinations": destinations })
}

fn posted(out: &Outgoing) -> Json {
    let is_json = out.headers().contains(&("content-type", "application/json"));
    let body = if is_json {
        json!({ "json": serde_json::from_slice::<Json>(out.payload()).expect("a body in JSON") })
    } else {
        std::str::from_utf8(out.payload()).expect("a body in UTF-8").into()
    };
    json!({ "method": out.method(), "url": out.url(), "headers": out.headers(), "body": body })
}

impl Expectation {
    fn json(&self) -> Json {
        let hits: Vec<_> = self
            .hits
            .iter()
            .map(|expected| json!({ "hit": expected.hit, "destinations": expected.destinations }))
            .collect();
        json!({
            "verdict": self.verdict,
            "headers": self.headers,
            "notice": self.notice,
            "visitor": self.visitor,
            "hits": hits,
        })
    }
}

/// Where two values differ: their path, and both of them.
fn differences(path: &str, expected: Option<&Json>, got: Option<&Json>, found: &mut Vec<String>) {
    match (expected, got) {
        (Some(Json::Object(left)), Some(Json::Object(right))) => {
            for key in left.keys().chain(right.keys()).collect::<BTreeSet<_>>() {
                differences(&format!("{path}.{key}"), left.get(key), right.get(key), found);
            }
        }
        (Some(Json::Array(left)), Some(Json::Array(right))) => {
            for n in 0..left.len().max(right.len()) {
                differences(&format!("{path}.{n}"), left.get(n), right.get(n), found);
            }
        }
        _ if expected != got => {
            let shown = |side: Option<&Json>| side.map_or("nothing".to_owned(), Json::to_string);
            found.push(format!("{path}\n  expected {}\n  but got  {}", shown(expected), shown(got)));
        }
        _ => {}
    }
}

#[test]
fn core_gives_what_the_vectors_expect() {
    // This file is a test of core too.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors");
    let mut names = BTreeSet::new();
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let vector: Vector = serde_json::from_str(&fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{stem}: {error}"));
        assert_eq!(vector.name, stem);
        assert!(!vector.purpose.is_empty() && !vector.calls.is_empty(), "{stem} shows nothing");
        match Config::builder().json(&vector.config.to_string()).build() {
            Err(error) => found.push(format!("{stem}: {error}")),
            Ok(config) => {
                for (n, call) in vector.calls.iter().enumerate() {
                    let path = format!("{stem}: calls.{n}");
                    let got = outcome(&config, call);
                    differences(&path, Some(&call.expect.json()), Some(&got), &mut found);
                }
            }
        }
        names.insert(stem);
    }
    assert!(names.len() >= 60, "only {} vectors", names.len());
    assert!(found.is_empty(), "{} differences:\n{}", found.len(), found.join("\n"));
}
