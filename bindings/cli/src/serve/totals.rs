use std::fmt::{self, Write};

use trackside::{
    Reason,
    ledger::{Hits, Stats},
    transport::Left,
};

/// Both books, and what `close` left.
pub(super) fn totals(stats: &Stats, left: Left) -> String {
    let mut out = String::from("\n");
    // Writing to a string cannot fail.
    write(&mut out, stats, left).ok();
    out
}

fn write(out: &mut String, stats: &Stats, left: Left) -> fmt::Result {
    let requests = &stats.requests;
    let skipped = sum(&requests.skipped);
    writeln!(
        out,
        "requests: {} seen = {} tracked + {skipped} skipped{}",
        requests.seen(),
        requests.tracked,
        reasons(&requests.skipped)
    )?;
    for hits in &stats.destinations {
        let Hits { name, offered, delivered, refused, dropped, .. } = hits;
        writeln!(
            out,
            "hits to {name}: {offered} offered = {delivered} delivered + {} refused{} + {} dropped{} + {} pending",
            sum(refused),
            reasons(refused),
            sum(dropped),
            reasons(dropped),
            hits.pending()
        )?;
    }
    if left.is_empty() {
        write!(out, "left: nothing")
    } else {
        write!(out, "left: {} queued, given up; {} in flight, their end unknown", left.queued, left.in_flight)
    }
}

fn sum(counts: &[(Reason, u64)]) -> u64 {
    counts.iter().map(|(_, n)| n).sum()
}

fn reasons(counts: &[(Reason, u64)]) -> String {
    if counts.is_empty() {
        return String::new();
    }
    let each: Vec<_> = counts.iter().map(|(reason, n)| format!("{reason} {n}")).collect();
    format!(" ({})", each.join(", "))
}
