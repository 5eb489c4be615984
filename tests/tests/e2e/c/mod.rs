//! The examples of `bindings/c`, as `cargo xtask test` has built them. The server, on libmicrohttpd, has the same
//! visitors, store and collector as the one in Rust, and the books of its processes are added up.

mod beacon;
mod contract;
mod examples;
mod load;
mod program;
mod story;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use trackside_tests::collector::Collector;

use crate::kit::{Row, forms};

/// An example, by its name.
fn example(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("c-examples").join(name);
    assert!(path.exists(), "`cargo xtask test` builds {}", path.display());
    path
}

/// `z` of ga-v1, which is made of the hit's id, of each hit that the collector was sent, in order.
fn sent(collector: &Collector) -> Vec<u64> {
    let mut sent: Vec<_> =
        forms(&collector.requests()).iter().map(|form| form["z"].parse().unwrap()).collect();
    sent.sort_unstable();
    sent
}

/// What `z` is of each row, in order.
fn stored(rows: &[Row]) -> Vec<u64> {
    let mut stored: Vec<_> = rows.iter().map(|row| (row.id.as_u128() & 0x7fff_ffff) as u64).collect();
    stored.sort_unstable();
    stored
}

/// Whether each of `part` is in `whole`, and none more often than there.
fn is_part(part: &[u64], whole: &[u64]) -> bool {
    let mut counts = BTreeMap::<u64, usize>::new();
    for one in whole {
        *counts.entry(*one).or_default() += 1;
    }
    part.iter().all(|one| match counts.get_mut(one) {
        Some(count) if *count > 0 => {
            *count -= 1;
            true
        }
        _ => false,
    })
}
