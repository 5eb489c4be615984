//! What all receivers have in common.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::sync::Arc;

use allocation_counter::measure;
use serde_json::Value as Json;
use trackside_core::{
    Hit,
    enrich::{Enricher, Found, Lists},
    protocol::{Enriched, Outgoing, TYPES},
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
    let hits = hits::pages(20).unwrap();
    let found = looked(&hits);
    let batch: Vec<_> = hits.iter().zip(&found).map(|(hit, found)| Enriched::with(hit, found)).collect();
    for Configured { name, protocol, .. } in receivers::all().unwrap() {
        let mut out = Outgoing::new();
        // The first time, the request grows to its size.
        let taken = protocol.encode(&batch, LATER, &mut out);
        let more = measure(|| assert_eq!(protocol.encode(&batch, LATER, &mut out), taken)).count_total;
        assert!(more <= 1, "{name}: {more} allocations");
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
