use super::{Facts, Rule};
use crate::{ledger::Reason, visitor::consent::Footing};

pub(super) const RULE: Rule = Rule { name: "consent", check, view, holds_events: true };

fn check(facts: &Facts<'_>) -> Result<(), Reason> {
    allows(facts.footing)
}

/// Whether anything may be recorded. Asked by itself, as the host may change it until the end.
pub(crate) fn allows(footing: Footing) -> Result<(), Reason> {
    if footing == Footing::Skip { Err(Reason::Consent) } else { Ok(()) }
}

fn view(facts: &Facts<'_>) -> String {
    match facts.footing {
        Footing::Anonymous => "nobody may be told from others",
        Footing::Cookieless => "without a cookie",
        Footing::Full => "as configured",
        Footing::Skip => "nothing may be recorded",
    }
    .to_owned()
}

#[cfg(test)]
#[path = "consent_test.rs"]
mod test;
