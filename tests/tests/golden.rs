//! The golden vectors of `tests/vectors`, whose README says what is in them, through core.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

#[path = "golden/core.rs"]
mod core;
#[path = "golden/vector.rs"]
mod vector;

use trackside_core::Config;

#[test]
fn core_gives_what_the_vectors_expect() {
    vector::compare(|vector| {
        let config = Config::builder().json(&vector.configuration()).build();
        let config = config.map_err(|error| error.to_string())?;
        Ok(vector.calls.iter().map(|call| core::outcome(&config, call, &mut Vec::new())).collect())
    });
}
