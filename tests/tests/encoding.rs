//! What all receivers have in common.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::{collections::BTreeSet, sync::Arc};

use allocation_counter::measure;
use serde_json::Value as Json;
use trackside_core::{
    Hit,
    enrich::{Enricher, Found, Lists},
    protocol::{Enriched, Outgoing, Part, TYPES},
};
use trackside_tests::{
    hits,
    receivers::{self, Configured},
};

const LATER: u64 = hits::NOW + 60_000_000;

fn looked(hits: &[Hit]) -> Vec<Found> {
    let enricher = Enricher::new(&hits::config().unwrap(), Arc::new(Lists::built_in()));
    hits.iter().map(|hit| enricher.look(hit)).collect()
}

#[test]
fn all_of_them_are_here() {
    assert_eq!(receivers::all().unwrap().len(), TYPES.len());
}

#[test]
fn a_batch_is_encoded_with_one_allocation_at_most() {
    allocates(&hits::pages(20).unwrap(), 1);
    allocates(&hits::visits(20).unwrap(), 1);
}

#[test]
fn of_a_visit_each_is_told_the_parts_that_it_declares() {
    let hits = hits::visits(1).unwrap();
    let found = looked(&hits);
    let visit = Enriched::with(&hits[0], &found[0]);
    for Configured { name, protocol, .. } in receivers::all().unwrap() {
        let mut out = Outgoing::new();
        assert_eq!(protocol.encode(&[visit], LATER, &mut out), 1, "{name}");
        let headers = out.headers().map(|(_, value)| value).collect::<Vec<_>>().join("\n");
        let sent = format!("{headers}\n{}", String::from_utf8_lossy(out.payload()));
        let lower = sent.to_lowercase();
        for (part, is_there) in [
            (Part::Page, sent.contains("twelve-walks")),
            (Part::Title, sent.contains("Twelve")),
            (Part::Referrer, sent.contains("search.example")),
            (Part::Campaign, sent.contains("newsletter")),
            (Part::Language, lower.contains("en-gb")),
            (Part::User, sent.contains("u-0")),
            (Part::Address, sent.contains("203.0.113.9")),
            (Part::Agent, sent.contains("Firefox")),
        ] {
            assert_eq!(is_there, protocol.needs().parts.has(part), "{name}: {part:?}: {sent}");
        }
    }
}

#[test]
fn events_searches_and_places_are_encoded_without_more() {
    for ip in ["full", "none"] {
        let hits = hits::kinds(ip).unwrap();
        let kinds: BTreeSet<_> = hits.iter().map(|hit| hit.kind().as_str()).collect();
        assert_eq!(
            kinds.into_iter().collect::<Vec<_>>(),
            ["download", "event", "not-found", "page", "search"]
        );
        assert!(hits.iter().all(|hit| hit.city() == "Berlin" && hit.ip().is_none() == (ip == "none")));
        // Each alone, as requests of one hit are, and all as far as one request holds them.
        hits.iter().for_each(|hit| allocates(std::slice::from_ref(hit), 0));
        allocates(&hits, 0);
    }
}

/// As many times at most does each receiver allocate that encodes those of these hits that it takes, all of one request.
fn allocates(hits: &[Hit], most: u64) {
    let found = looked(hits);
    for Configured { name, protocol, .. } in receivers::all().unwrap() {
        let batch: Vec<_> = hits
            .iter()
            .zip(&found)
            .filter(|(hit, _)| protocol.admit(hit).is_ok())
            .map(|(hit, found)| Enriched::with(hit, found))
            .collect();
        let mut out = Outgoing::new();
        // The first time, the request grows to its size.
        let taken = protocol.encode(&batch, LATER, &mut out);
        let more = measure(|| assert_eq!(protocol.encode(&batch, LATER, &mut out), taken)).count_total;
        assert!(more <= most, "{name}: {more} allocations for {:?}", hits[0].kind());
    }
}

#[test]
fn hostile_hits_make_requests_that_can_be_read() {
    let mut hits = hits::hostile().unwrap();
    hits.extend(hits::pages(5).unwrap());
    let found = looked(&hits);
    let batch: Vec<_> = hits.iter().zip(&found).map(|(hit, found)| Enriched::with(hit, found)).collect();
    let mut out = Outgoing::new();
    for Configured { name, protocol, .. } in receivers::all().unwrap() {
        let mut rest: Vec<_> =
            batch.iter().filter(|enriched| protocol.admit(enriched.hit).is_ok()).copied().collect();
        assert!(rest.len() > 5, "{name}");
        while !rest.is_empty() {
            let taken = protocol.encode(&rest, LATER, &mut out);
            assert!((1..=rest.len().min(protocol.needs().batch)).contains(&taken), "{name} takes {taken}");
            let is_json = out.headers().any(|header| header == ("content-type", "application/json"));
            assert!(!is_json || serde_json::from_slice::<Json>(out.payload()).is_ok(), "{name}");
            for (header, value) in out.headers() {
                let is_printable = value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
                assert!(is_printable, "{name}: {header}: {value}");
            }
            let shown = format!("{out:?} {protocol:?} {}", out.shown_url());
            assert!(!shown.contains(receivers::SECRET), "{name}: {shown}");
            rest.drain(..taken);
        }
    }
}
