use super::{Facts, Rule, shown};
use crate::ledger::Reason;

pub(super) const RULE: Rule = Rule { name: "method", check, view, holds_events: false };

/// The methods that count: `track.methods`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Methods {
    /// All but HEAD and OPTIONS: what `count = "api"` stands for.
    AllButProbes,
    /// These. Methods are case-sensitive (RFC 9110 §9.1).
    Only(Vec<String>),
}

impl Methods {
    pub(crate) fn contains(&self, method: &[u8]) -> bool {
        match self {
            Self::AllButProbes => method != b"HEAD" && method != b"OPTIONS",
            Self::Only(methods) => methods.iter().any(|m| m.as_bytes() == method),
        }
    }
}

fn check(facts: &Facts<'_>) -> Result<(), Reason> {
    if facts.config.track.methods.contains(facts.request.method) { Ok(()) } else { Err(Reason::Method) }
}

fn view(facts: &Facts<'_>) -> String {
    let wanted = match &facts.config.track.methods {
        Methods::AllButProbes => "all but HEAD and OPTIONS".to_owned(),
        Methods::Only(methods) => methods.join(", "),
    };
    format!("{}; counted: {wanted}", shown(facts.request.method))
}

#[cfg(test)]
#[path = "method_test.rs"]
mod test;
