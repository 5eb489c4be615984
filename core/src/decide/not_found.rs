//! Pages that are not there: `track.not_found`. They are no page views, but events of their own.

use super::{Facts, Rule};
use crate::ledger::Reason;

pub(super) const RULE: Rule = Rule { name: "not-found", check, view, holds_events: false };

/// 404 Not Found (RFC 9110 §15.5.5), whatever `track.status` says.
fn check(facts: &Facts<'_>) -> Result<(), Reason> {
    match facts.response {
        Some(response) if facts.config.track.not_found && response.status == 404 => Err(Reason::NotFound),
        _ => Ok(()),
    }
}

fn view(facts: &Facts<'_>) -> String {
    match check(facts) {
        Err(_) => "not found, which is an event",
        Ok(()) if facts.config.track.not_found => "found",
        Ok(()) => "pages that are not found are not told apart",
    }
    .to_owned()
}

#[cfg(test)]
#[path = "not_found_test.rs"]
mod test;
