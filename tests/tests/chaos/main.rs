//! Faults at random, and after each run both books against what was counted outside: nothing is lost that the contract
//! keeps, nothing is doubled that has a key, and memory stayed within its bound.
//!
//! `cargo xtask chaos` runs it; what it takes besides, and how a run is done again, [`runner`] says.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod counts;
mod hits;
mod http;
mod random;
mod receiver;
mod runner;

use runner::Family;

const FAMILIES: [Family; 1] = [Family { name: "http", runs: 120, beside: 6, run: http::run }];

fn main() {
    runner::main(&FAMILIES);
}
