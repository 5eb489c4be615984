//! The rules, one per file, in the order in which they are asked: a request stops at the first no.

mod beacon;
mod consent;
mod content_type;
mod download;
mod facts;
mod fragment;
mod method;
mod mode;
mod not_found;
mod path;
mod prefetch;
mod prefixes;
mod site;
mod status;
mod upgrade;

pub(crate) use self::{
    consent::allows,
    content_type::{ContentTypes, wants_html},
    download::{COMMON, Downloads},
    facts::{Facts, Lengths, host_of, path_and_query, target_of},
    fragment::Asked,
    method::Methods,
    path::{Patterns, is_glob_of},
    status::Statuses,
};
use crate::ledger::Reason;

/// A question asked of every request, or of its response.
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    pub(crate) check: fn(&Facts<'_>) -> Result<(), Reason>,
    /// What the rule saw, for a person to read.
    pub(crate) view: fn(&Facts<'_>) -> String,
    /// Whether a no holds back the exchange's events too.
    pub(crate) holds_events: bool,
}

/// What is asked when the request has come.
pub(crate) const BEGIN: &[Rule] =
    &[mode::RULE, method::RULE, site::RULE, path::RULE, prefetch::RULE, fragment::RULE];

/// What is asked when the request has come, and again whenever the host says what the visitor has allowed.
pub(crate) const CONSENT: Rule = consent::RULE;

/// What is asked when the response's head is known.
pub(crate) const FINISH: &[Rule] =
    &[upgrade::RULE, not_found::RULE, status::RULE, download::RULE, content_type::RULE, beacon::RULE];

/// The first no of `rules`.
pub(crate) fn ask(rules: &[Rule], facts: &Facts<'_>) -> Result<(), Reason> {
    rules.iter().try_for_each(|rule| (rule.check)(facts))
}

/// Whether events raised in this exchange are sent, though its page view may be skipped. The rules that
/// hold them back are all asked when the request has come.
pub(crate) fn events_count(facts: &Facts<'_>) -> bool {
    let mut rules = BEGIN.iter().filter(|rule| rule.holds_events);
    rules.all(|rule| (rule.check)(facts).is_ok())
}

/// The host in an authority, without port and final dot, if it could be one.
pub(crate) fn valid_host(authority: &[u8]) -> Option<&[u8]> {
    site::valid(authority)
}

/// Bytes for a person to read.
fn shown(bytes: &[u8]) -> String {
    format!("`{}`", bytes.escape_ascii())
}

#[cfg(test)]
mod scenario;
