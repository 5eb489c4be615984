//! The privacy page says, mode by mode and field by field, what is recorded: here the modes are run, and what comes
//! of them is held against the page.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Map, Value as Json};
use trackside::{
    Annotations, Config, DailyKey, Event, Request, Response, Tracker, clock::Clock, entropy::Entropy,
    keys::Keys, protocol::Outcome, sink::Delivery, sinks::callback,
};

const PAGE: &str = include_str!("../src/guide/privacy.rs");

const NOTHING: &str = "—";

/// What each column of the first table stands for: a configuration, and the cookies of the request.
const MODES: &[(&str, &str, &str)] = &[
    ("cookie", "consent.policy = 'none'", ""),
    ("cookieless", "visitor.identity = 'cookieless'", ""),
    ("none", "visitor.identity = 'none'", ""),
    ("asked", "consent.policy = 'opt-in'", ""),
    ("asked, `anonymous`", "consent = { policy = 'opt-in', before = 'anonymous' }", ""),
    ("denied", "consent.policy = 'opt-in'", "; trackside_consent=denied"),
];

/// Where everything is recorded that may be.
const ALL: &str = "consent.policy = 'opt-in'\nprivacy = { ip = 'full', query = 'keep', geo = 'city' }";
const ALL_COOKIES: &str = "; trackside_consent=granted.ads";

#[derive(Debug)]
struct Fixed;

impl Clock for Fixed {
    fn micros(&self) -> u64 {
        1_784_714_400_123_456
    }
}

impl Entropy for Fixed {
    fn draw(&self) -> [u8; 64] {
        [7; 64]
    }
}

impl Keys for Fixed {
    fn key(&self, _: u64) -> Option<DailyKey> {
        Some(DailyKey([7; 32]))
    }
}

type Hits = Arc<Mutex<Vec<Map<String, Json>>>>;

/// What the own store and a third party are told of a page with everything, and of an event on it.
fn told(toml: &str, cookies: &str) -> [Vec<Map<String, Json>>; 2] {
    let destinations = "[[destination]]\ntype = 'callback'\nname = 'own'\n\
         [[destination]]\ntype = 'callback'\nname = 'other'\nthird_party = true\n";
    let sources = "proxy.trusted = ['203.0.113.0/24']\ngeo.cdn = 'cloudflare'\n";
    let config = Config::builder().toml(toml).toml(sources).toml(destinations).build().unwrap();
    let hits = [Hits::default(), Hits::default()];
    let sink = |hits: &Hits| {
        let hits = Arc::clone(hits);
        callback::factory(move |batch, _| {
            let objects = batch.iter().map(|enriched| match serde_json::to_value(enriched.hit) {
                Ok(Json::Object(object)) => object,
                other => panic!("{other:?}"),
            });
            hits.lock().unwrap().extend(objects);
            Delivery::new(batch.len(), Outcome::Delivered)
        })
    };
    let tracker = Tracker::builder(config)
        .clock(Arc::new(Fixed))
        .entropy(Arc::new(Fixed))
        .keys(Arc::new(Fixed))
        .sink("own", sink(&hits[0]))
        .sink("other", sink(&hits[1]))
        .open()
        .unwrap();
    let cookies =
        format!("trackside=5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11.1784700000.1784714000.1784714390{cookies}");
    let headers = [
        ("host", "www.example.com"),
        ("accept", "text/html"),
        ("accept-language", "de-AT,en"),
        ("user-agent", "Firefox/128.0"),
        ("referer", "https://r.example/x?q=secret"),
        ("cookie", &cookies),
        ("cf-ipcountry", "AT"),
        ("cf-region-code", "9"),
        ("cf-ipcity", "Vienna"),
    ];
    let request = Request::new("GET", "/news/?q=secret&gclid=c1&utm_source=mail", &headers)
        .with_peer("203.0.113.9".parse().ok())
        .with_secure(true);
    let annotations = Annotations::new()
        .title("News")
        .user_id("u-42")
        .route("/news/")
        .property("plan", "pro")
        .event(Event::new("add").category("cart").label("SKU-1").value(2.0).property("gift", true));
    let exchange = tracker.begin(&request);
    let response = [("content-type", "text/html")];
    let verdict = exchange.finish(&request, &Response::new(200, &response), &annotations);
    assert!(verdict.is_tracked(), "{toml}: {verdict}");
    assert!(tracker.close(Duration::from_secs(60)).unwrap().is_empty());
    hits.map(|hits| hits.lock().unwrap().clone())
}

/// The fields of all hits: those of an event beside those of the page.
fn fields(hits: &[Map<String, Json>]) -> BTreeMap<String, Vec<Json>> {
    let mut fields = BTreeMap::<_, Vec<_>>::new();
    for (key, value) in hits.iter().flatten() {
        fields.entry(key.clone()).or_default().push(value.clone());
    }
    fields
}

/// The cells of the table whose first column is headed `head`, by row.
fn table(head: &str) -> Vec<Vec<String>> {
    let start = format!("//! | {head} |");
    let lines = PAGE.lines().skip_while(|line| !line.starts_with(&start));
    let rows = lines.take_while(|line| line.starts_with("//! |")).map(|line| {
        let cells = line.trim_start_matches("//! |").trim_end_matches('|').split(" | ");
        cells.map(|cell| cell.trim().to_owned()).collect()
    });
    let mut rows: Vec<Vec<String>> = rows.collect();
    assert!(rows.len() > 2, "there is a table of {head}");
    rows.remove(1);
    rows
}

#[test]
fn every_field_is_recorded_in_the_modes_that_the_page_says() {
    let rows = table("field");
    let columns: Vec<_> = MODES.iter().map(|(mode, ..)| (*mode).to_owned()).collect();
    assert_eq!(rows[0][1..], columns);
    let all = fields(&told(ALL, ALL_COOKIES)[0]);
    let runs: Vec<_> = MODES.iter().map(|(_, toml, cookies)| fields(&told(toml, cookies)[0])).collect();

    let recorded: BTreeSet<_> =
        runs.iter().chain([&all]).flat_map(BTreeMap::keys).map(String::as_str).collect();
    let named: Vec<_> = rows[1..].iter().map(|row| row[0].trim_matches('`')).collect();
    assert_eq!(named.iter().copied().collect::<BTreeSet<_>>(), recorded, "all fields have a row");
    for (field, row) in named.iter().zip(&rows[1..]) {
        for ((mode, run), said) in columns.iter().zip(&runs).zip(&row[1..]) {
            let found = run.get(*field);
            match said.as_str() {
                NOTHING => assert_eq!(found, None, "{field}, {mode}"),
                "yes" => assert_eq!(found, all.get(*field), "{field}, {mode}"),
                other => {
                    assert!(found.is_some(), "{field}, {mode}: {other}");
                    assert_ne!(found, all.get(*field), "{field}, {mode}: {other}");
                }
            }
        }
    }
}

#[test]
fn third_parties_are_told_in_the_modes_that_the_page_says() {
    let rows = table("told");
    let columns: Vec<_> = MODES.iter().map(|(mode, ..)| (*mode).to_owned()).collect();
    assert_eq!(rows[0][1..], columns);
    let runs: Vec<_> = MODES.iter().map(|(_, toml, cookies)| told(toml, cookies)).collect();
    for (who, row) in rows[1..].iter().enumerate() {
        for ((mode, run), said) in columns.iter().zip(&runs).zip(&row[1..]) {
            assert_eq!(if run[who].is_empty() { NOTHING } else { "yes" }, said, "{}, {mode}", row[0]);
        }
    }
    assert_eq!(rows.len(), 3);
}

#[test]
fn settings_leave_of_a_field_what_the_page_says() {
    let rows = table("setting");
    for row in &rows[1..] {
        let toml = row[0].replace('`', "").replace("the defaults", "").replace(" and ", "\n");
        let hit = &told(&format!("consent.policy = 'none'\n{toml}"), "")[0][0];
        for (field, said) in rows[0][1..].iter().zip(&row[1..]) {
            let found = hit.get(field.trim_matches('`')).map_or(NOTHING, |value| value.as_str().unwrap());
            assert_eq!(found, said.trim_matches('`'), "{field}, {}", row[0]);
        }
    }
}
