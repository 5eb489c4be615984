//! The golden vectors of `tests/vectors`, whose README says what is in them, through core.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

#[path = "golden/core.rs"]
mod core;
#[path = "golden/together.rs"]
mod together;
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

#[test]
fn several_hits_are_one_body_of_the_bodies_of_each() {
    let mut most = Vec::new();
    for vector in vector::all() {
        // What a destination changes is told in the vectors alone.
        let destinations = vector.config["destination"].as_array();
        let changes = |one: &serde_json::Value| ["set", "drop"].iter().any(|key| one.get(key).is_some());
        if destinations.is_none_or(|all| all.iter().any(changes)) {
            continue;
        }
        let Ok(config) = Config::builder().json(&vector.configuration()).build() else { continue };
        most.push((together::compare(&config, &vector), vector.name));
    }
    for name in [
        "ga-v1-batch",
        "ga4-sale",
        "goatcounter-event",
        "matomo-event",
        "posthog-event",
        "rudderstack-event",
        "segment-event",
        "snowplow-event",
        "umami-event",
        "webhook-event",
    ] {
        let (largest, _) = most.iter().find(|(_, vector)| vector == name).unwrap();
        assert!(*largest > 1, "{name}: {largest}");
    }
}
