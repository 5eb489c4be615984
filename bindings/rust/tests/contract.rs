//! One contract for all adapters: `tests/adapters`. Each site is served over HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

#[path = "../../../tests/adapters/client.rs"]
mod client;
mod common;
#[path = "contract/actix.rs"]
mod on_actix;
#[path = "contract/axum.rs"]
mod on_axum;
#[path = "contract/hyper.rs"]
mod on_hyper;

use std::{net::SocketAddr, sync::mpsc::Receiver, thread, time::Instant};

use client::{Book, CONFIG, PATIENCE};
use common::{Bench, NOON};
use serde_json::Value as Json;

/// Holds what a site at `address`, counted by `bench`, makes of each scenario against the contract. Its page `/waits`
/// tells `waiting` that it was reached.
fn run(bench: &Bench, address: SocketAddr, waiting: &Receiver<()>) {
    let mut due = Book::default();
    for scenario in &client::scenarios() {
        let name = scenario["name"].as_str().unwrap();
        if scenario["leaves"] == true {
            let client = client::send(address, scenario, NOON, "\r\n");
            waiting.recv_timeout(PATIENCE).expect(name);
            client::reset(client);
        } else {
            client::compare(scenario, client::ask(address, scenario, NOON).as_ref());
        }
        due.add(scenario);
        // Everything is counted before the head is sent; where there is none, somewhen.
        if scenario["status"].is_null() {
            wait_for(bench, due.seen(), name);
        }
        assert_eq!(book(bench), due, "{name}");
        let hits: Vec<Json> =
            bench.recording.take().iter().map(|hit| serde_json::to_value(hit).unwrap()).collect();
        client::compare_hits(scenario, &hits);
    }
    assert!(due.tracked >= 13 && due.skipped["abandoned"] == 2);
}

fn book(bench: &Bench) -> Book {
    let requests = bench.tracker.stats().requests;
    let skipped = requests.skipped.iter().map(|(reason, count)| (reason.code().to_owned(), *count));
    Book { tracked: requests.tracked, skipped: skipped.collect() }
}

/// Waits until so many requests were seen.
fn wait_for(bench: &Bench, seen: u64, name: &str) {
    let until = Instant::now() + PATIENCE;
    while bench.tracker.stats().requests.seen() < seen {
        assert!(Instant::now() < until, "{name}: it is not counted");
        thread::yield_now();
    }
}
