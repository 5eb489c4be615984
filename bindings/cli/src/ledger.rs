//! A destination's book in one line.

use trackside::{Reason, ledger::Hits};

/// Where so many hits, `came` says how, have gone.
pub(crate) fn line(hits: &Hits, count: u64, came: &str) -> String {
    let Hits { name, delivered, refused, dropped, .. } = hits;
    format!(
        "hits to {name}: {count} {came} = {delivered} delivered + {} refused{} + {} dropped{} + {} pending",
        sum(refused),
        reasons(refused),
        sum(dropped),
        reasons(dropped),
        hits.pending()
    )
}

pub(crate) fn sum(counts: &[(Reason, u64)]) -> u64 {
    counts.iter().map(|(_, n)| n).sum()
}

pub(crate) fn reasons(counts: &[(Reason, u64)]) -> String {
    if counts.is_empty() {
        return String::new();
    }
    let each: Vec<_> = counts.iter().map(|(reason, n)| format!("{reason} {n}")).collect();
    format!(" ({})", each.join(", "))
}
