use super::{Facts, Rule};
use crate::ledger::Reason;

pub(super) const RULE: Rule = Rule { name: "upgrade", check, view, holds_events: false };

/// 101 Switching Protocols (RFC 9110 §15.2.2): what follows is no page.
fn check(facts: &Facts<'_>) -> Result<(), Reason> {
    match facts.response {
        Some(response) if response.status == 101 => Err(Reason::Upgrade),
        _ => Ok(()),
    }
}

fn view(facts: &Facts<'_>) -> String {
    match check(facts) {
        Ok(()) => "the connection stays with HTTP",
        Err(_) => "the connection left HTTP",
    }
    .to_owned()
}

#[cfg(test)]
#[path = "upgrade_test.rs"]
mod test;
