//! What it costs to encode a hit for each receiver, 20 in a batch: `cargo run --release -p trackside-tests --example
//! encode`.
#![allow(clippy::unwrap_used, reason = "what fails is to stop")]

use std::{hint::black_box, sync::Arc, time::Instant};

use trackside_core::{
    enrich::{Enricher, Lists},
    protocol::{Enriched, Outgoing},
};
use trackside_tests::{
    hits,
    receivers::{self, Configured},
};

const HITS: usize = 20;
const ROUNDS: u32 = 2_000;
const REPEATS: u32 = 5;

fn main() {
    let hits = hits::pages(HITS).unwrap();
    let enricher = Enricher::new(&hits::config().unwrap(), Arc::new(Lists::built_in()));
    let found: Vec<_> = hits.iter().map(|hit| enricher.look(hit)).collect();
    let batch: Vec<_> = hits.iter().zip(&found).map(|(hit, found)| Enriched::with(hit, found)).collect();
    println!("{:<12} {:>10} {:>12} {:>12}", "receiver", "ns a hit", "hits/s", "bytes a hit");
    for Configured { name, protocol, .. } in receivers::all().unwrap() {
        let mut out = Outgoing::new();
        let mut best = f64::MAX;
        let (mut taken, mut bytes) = (0, 0);
        for _ in 0..REPEATS {
            let begin = Instant::now();
            for _ in 0..ROUNDS {
                // Where a request holds one visitor's hits, or one hit, it takes several.
                (taken, bytes) = (0, 0);
                while taken < batch.len() {
                    taken += protocol.encode(black_box(&batch[taken..]), hits::NOW, &mut out);
                    bytes += black_box(out.payload()).len();
                }
            }
            best = best.min(begin.elapsed().as_secs_f64() * 1e9 / f64::from(ROUNDS) / HITS as f64);
        }
        println!("{name:<12} {best:>10.0} {:>12.0} {:>12}", 1e9 / best, bytes / taken);
    }
}
