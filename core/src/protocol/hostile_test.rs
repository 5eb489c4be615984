//! What every type of receiver makes of hits that mean harm: a request that is whole, of hits that are each either
//! refused or in it, and that shows no secret.

use std::{borrow::Cow, collections::BTreeSet};

use serde_json::Value as Json;

use super::{Enriched, Outgoing, Protocol, ReceiverType, TYPES};
use crate::{
    Event, Value,
    config::{Config, IpPolicy, Receiver},
    hit::{Draft, Hit, Kind, sample},
};

/// One that each of them takes.
const SECRET: &str = "whsec_c2VjcmV0LW9mLXRoZS1yZWNlaXZlci0x";

fn protocols() -> Vec<(&'static str, std::sync::Arc<dyn Protocol>)> {
    // Both forms of those that have two.
    let others =
        [("ga-v1", "bulk = true\npage = 'dl'\ndimensions = { '0' = 1 }"), ("matomo", "bulk = false")];
    let made = TYPES.iter().flat_map(|kind| {
        let others = others.into_iter().filter(|(name, _)| *name == kind.name);
        std::iter::once("")
            .chain(others.map(|(_, keys)| keys))
            .map(|keys| (kind.name, configured(kind, keys)))
    });
    made.collect()
}

fn configured(kind: &ReceiverType, keys: &str) -> std::sync::Arc<dyn Protocol> {
    let document = format!("[[destination]]\ntype = \"{}\"\n{}\n{keys}", kind.name, kind.example);
    let config = Config::builder().toml("consent.policy = 'none'").toml(&document);
    let config = config.secrets(|_| Ok(SECRET.to_owned())).build().unwrap();
    match &config.destinations()[0].receiver {
        Receiver::Remote(remote) => std::sync::Arc::clone(remote.protocol()),
        other => panic!("{other:?}"),
    }
}

fn properties<'a>(count: usize, key: &str, value: &Value<'a>) -> Vec<(Cow<'a, str>, Value<'a>)> {
    (0..count).map(|n| (format!("{n}{key}").into(), value.clone())).collect()
}

/// Every byte that there is, in a row that is as long as `length`.
fn bytes(length: usize) -> Vec<u8> {
    (0..=255).cycle().take(length).collect()
}

fn hits() -> Vec<Hit> {
    let texts: Vec<String> = [
        String::new(),
        "\u{0}\r\n\t\u{1b}\u{7f}\u{85}\u{2028}".repeat(400),
        "\"'\\<>&=+;%{}[],\u{feff}\u{202e}".repeat(300),
        "😀é€\u{fffd}".repeat(1_000),
        "%".repeat(5_000),
        // As JSON would write half a character.
        "\\ud800".repeat(800),
        "a".repeat(100_000),
        " \t ".to_owned(),
    ]
    .into();
    let raw = bytes(5_000);
    let mut hits = Vec::new();
    for text in &texts {
        let values = [
            Value::from(text.as_str()),
            Value::Number(f64::NAN),
            Value::Number(f64::INFINITY),
            Value::Number(-1e308),
            Value::Truth(true),
        ];
        for (n, value) in values.iter().enumerate() {
            let properties = properties(if n == 0 { 10_000 } else { 3 }, text, value);
            let number = if let Value::Number(number) = value { *number } else { 1.5 };
            let mut event =
                Event::new(text.as_str()).category(text.as_str()).label(text.as_str()).value(number);
            for (key, value) in &properties {
                event = event.property(key.clone(), value.clone());
            }
            let named = Event::new("name").category(text.as_str());
            let page = Draft {
                site: if n == 1 { b"" } else { b"shop.example" },
                path: if n == 2 { b"" } else { &raw },
                query: text.as_bytes(),
                referrer: &raw,
                agent: if n == 3 { text.as_bytes() } else { &raw },
                language: text.as_bytes(),
                title: text,
                user_id: text,
                route: text,
                search: text,
                properties: &properties,
                micros: if n == 4 { u64::MAX } else { sample::MICROS },
                ..sample::page()
            };
            let drafts = [
                page.clone(),
                Draft { event: Some(&event), ..page.clone() },
                Draft { event: Some(&named), ..page.clone() },
                Draft { special: Some(Kind::Download), ..page.clone() },
                Draft { special: Some(Kind::NotFound), ..page.clone() },
                Draft { special: Some(Kind::Search), ..page.clone() },
                Draft { visitor: None, session: None, ..page.clone() },
                Draft { micros: 0, ..page.clone() },
            ];
            let policies = if n == 0 { [IpPolicy::Full, IpPolicy::None] } else { [IpPolicy::Masked; 2] };
            let sealed =
                drafts.iter().zip(policies.into_iter().cycle()).map(|(draft, policy)| draft.seal(policy));
            hits.extend(sealed);
        }
    }
    hits
}

/// A form as an independent reader has it: names once each, and a value for each.
fn check_form(name: &str, form: &[u8]) {
    assert!(form.is_ascii() && !form.iter().any(u8::is_ascii_control), "{name}");
    let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(form).unwrap();
    let names: BTreeSet<_> = pairs.iter().map(|(key, _)| key).collect();
    assert!(!pairs.is_empty() && names.len() == pairs.len(), "{name}: {pairs:?}");
    assert!(pairs.iter().all(|(_, value)| !value.is_empty()), "{name}: {pairs:?}");
}

/// The body as an independent reader has it.
fn check(name: &str, out: &Outgoing) {
    let url: http::Uri = out.url().parse().unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(url.host().is_some(), "{name}");
    let mut kind = "";
    for (header, value) in out.headers() {
        http::HeaderValue::from_str(value).unwrap_or_else(|_| panic!("{name}: {header}: {value:?}"));
        if header == "content-type" {
            kind = value;
        }
    }
    let body = out.payload();
    match kind.split(';').next().unwrap_or_default() {
        "application/json" => {
            let body: Json = serde_json::from_slice(body).unwrap_or_else(|error| {
                panic!("{name}: {error}: {}", String::from_utf8_lossy(body));
            });
            for query in body["requests"].as_array().into_iter().flatten() {
                check_form(name, query.as_str().unwrap().strip_prefix('?').unwrap().as_bytes());
            }
        }
        "application/x-www-form-urlencoded" => check_form(name, body),
        "text/plain" => body.split(|byte| *byte == b'\n').for_each(|line| check_form(name, line)),
        other => panic!("{name}: {other}"),
    }
    for shown in [
        out.shown_url(),
        format!("{:?}", out.shown_headers().collect::<Vec<_>>()),
        String::from_utf8_lossy(&out.shown_payload()).into_owned(),
        format!("{out:?}"),
    ] {
        assert!(!shown.contains(SECRET), "{name}: {shown}");
    }
}

#[test]
fn each_hit_is_refused_or_in_a_request_that_is_whole() {
    let hits = hits();
    for (name, protocol) in protocols() {
        let mut out = Outgoing::new();
        let mut admitted = Vec::new();
        for hit in hits.iter().filter(|hit| protocol.admit(hit).is_ok()) {
            let enriched = Enriched::new(hit);
            assert_eq!(protocol.encode(&[enriched], sample::MICROS, &mut out), 1, "{name}");
            check(name, &out);
            admitted.push(enriched);
        }
        // Some of them are harmless enough for everybody.
        assert!(admitted.len() > 50, "{name}: {}", admitted.len());
        let (mut rest, limit) = (&admitted[..], protocol.needs().batch);
        while !rest.is_empty() {
            let taken = protocol.encode(rest, sample::MICROS, &mut out);
            assert!((1..=rest.len().min(limit)).contains(&taken), "{name}: {taken}");
            check(name, &out);
            rest = &rest[taken..];
        }
    }
}

#[test]
fn whatever_is_answered_has_an_outcome() {
    let bodies = [
        &b""[..],
        b"{",
        b"null",
        b"[]",
        b"{\"status\":\"success\"}",
        b"{\"status\":\"success\",\"invalid\":-1}",
        b"\xff\xfe\x00",
        b"{\"errors\":{\"99999999999999999999\":\"x\"}}",
    ];
    let deep = [b"[".repeat(30_000), b"]".repeat(30_000)].concat();
    for (name, protocol) in protocols() {
        for status in [
            0,
            99,
            100,
            199,
            200,
            202,
            204,
            299,
            302,
            400,
            401,
            404,
            413,
            429,
            499,
            500,
            502,
            503,
            600,
            u16::MAX,
        ] {
            for body in bodies.iter().copied().chain([deep.as_slice()]) {
                let outcome = protocol.classify(status, &[("x", "y")], body);
                assert!(!format!("{outcome:?}").is_empty(), "{name}");
            }
        }
    }
}

#[test]
fn no_protocol_shows_its_secret() {
    for (name, protocol) in protocols() {
        assert!(!format!("{protocol:?}").contains(SECRET), "{name}");
    }
}
