//! Pages that the [beacon](crate::endpoint::beacon) counts, and not the server.

use super::{Facts, Rule};
use crate::{ledger::Reason, visitor::Caching};

pub(super) const RULE: Rule = Rule { name: "beacon", check, view, holds_events: false };

fn check(facts: &Facts<'_>) -> Result<(), Reason> {
    if facts.config.beacon.is_some() && (facts.has_beacon || is_shared(facts)) {
        Err(Reason::Beacon)
    } else {
        Ok(())
    }
}

fn view(facts: &Facts<'_>) -> String {
    let seen = match (&facts.config.beacon, facts.has_beacon, is_shared(facts)) {
        (None, ..) => "no `beacon.path`",
        (_, true, _) => "the page has the beacon, which counts it",
        (_, _, true) => "a shared cache may keep the page, so the beacon counts it",
        _ => "no shared cache may keep the page",
    };
    seen.to_owned()
}

/// Whether caches may answer instead of the server.
fn is_shared(facts: &Facts<'_>) -> bool {
    facts.response.is_some_and(|response| Caching::of(response.headers, facts.now) == Caching::Shared)
}

#[cfg(test)]
#[path = "beacon_test.rs"]
mod test;
