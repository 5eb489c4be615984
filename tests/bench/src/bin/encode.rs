//! What it costs to encode a hit for each receiver, 20 in a batch: page views with all that a real visit tells, for all
//! receivers the same. Prints a line for each: its type, nanoseconds and bytes a hit, and allocations a request.
//!
//! A program of its own, as its allocator counts.

use std::{error::Error, hint::black_box, sync::Arc, time::Instant};

use allocation_counter::measure;
use trackside_core::{
    enrich::{Enricher, Lists},
    protocol::{Enriched, Outgoing, Protocol},
};
use trackside_tests::{
    hits,
    receivers::{self, Configured},
};

const HITS: usize = 20;
const ROUNDS: u32 = 2_000;
const REPEATS: u32 = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let hits = hits::visits(HITS)?;
    let enricher = Enricher::new(&hits::config()?, Arc::new(Lists::built_in()));
    let found: Vec<_> = hits.iter().map(|hit| enricher.look(hit)).collect();
    let batch: Vec<_> = hits.iter().zip(&found).map(|(hit, found)| Enriched::with(hit, found)).collect();
    for Configured { name, protocol, .. } in receivers::all()? {
        let mut out = Outgoing::new();
        let mut best = f64::MAX;
        for _ in 0..REPEATS {
            let begin = Instant::now();
            for _ in 0..ROUNDS {
                black_box(encode(&*protocol, black_box(&batch), &mut out));
            }
            best = best.min(begin.elapsed().as_secs_f64() * 1e9 / f64::from(ROUNDS) / HITS as f64);
        }
        let mut sent = Sent::default();
        let counted = measure(|| sent = encode(&*protocol, &batch, &mut out));
        let allocations = counted.count_total as f64 / sent.requests as f64;
        println!("{name} {best} {} {allocations}", sent.bytes as f64 / HITS as f64);
    }
    Ok(())
}

#[derive(Clone, Copy, Default)]
struct Sent {
    requests: usize,
    bytes: usize,
}

/// Where a request holds one visitor's hits, or one hit, it takes several.
fn encode(protocol: &dyn Protocol, batch: &[Enriched<'_>], out: &mut Outgoing) -> Sent {
    let mut sent = Sent::default();
    let mut rest = batch;
    while !rest.is_empty() {
        let taken = protocol.encode(rest, hits::NOW, out).clamp(1, rest.len());
        sent.requests += 1;
        sent.bytes += out.payload().len();
        rest = &rest[taken..];
    }
    sent
}
