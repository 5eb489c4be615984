//! Faults at random, and after each run both books against what was counted outside: nothing is lost that the contract
//! keeps, nothing is doubled that has a key, and memory stayed within its bound.
//!
//! `cargo xtask chaos` runs it; what it takes besides, and how a run is done again, [`runner`] says.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod ailing;
mod clock;
mod counts;
mod disks;
mod door;
mod expected;
mod heap;
mod hits;
mod http;
mod memory;
mod model;
#[cfg(unix)]
mod processes;
mod random;
mod receiver;
mod retry_after;
mod runner;
mod spool;
mod spooled;
mod storms;
mod tmpfs;
mod trial;
mod watched;
mod wire;

use runner::Family;

const FAMILIES: &[Family] = &[
    Family { name: "http", runs: 120, brief: 120, beside: 6, run: http::run },
    Family { name: "model", runs: 10_000, brief: 10_000, beside: 8, run: model::run },
    Family { name: "spool", runs: 10_000, brief: 1_000, beside: 2, run: spool::run },
    Family { name: "disks", runs: 80, brief: 80, beside: 12, run: disks::run },
    Family { name: "storms", runs: 80, brief: 40, beside: 8, run: storms::run },
    #[cfg(unix)]
    Family { name: "processes", runs: 120, brief: 60, beside: 4, run: processes::run },
    Family { name: "memory", runs: 60, brief: 24, beside: 2, run: memory::run },
    Family { name: "tmpfs", runs: 12, brief: 12, beside: 4, run: tmpfs::run },
];

fn main() {
    #[cfg(unix)]
    if processes::is_child() {
        return;
    }
    if !tmpfs::is_child() {
        runner::main(FAMILIES);
    }
}
