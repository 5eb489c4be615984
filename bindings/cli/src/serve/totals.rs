use std::fmt::{self, Write};

use trackside::{Closed, transport::Left};

use crate::ledger::{self, reasons, sum};

/// Both books, and what `close` left.
pub(super) fn totals(closed: &Closed) -> String {
    let mut out = String::from("\n");
    // Writing to a string cannot fail.
    write(&mut out, closed).ok();
    out
}

fn write(out: &mut String, closed: &Closed) -> fmt::Result {
    let Closed { left, stats, .. } = closed;
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
        // What another process left in the spool came here, too.
        writeln!(out, "{}", ledger::line(hits, hits.offered + hits.adopted, "offered"))?;
    }
    if left.is_empty() {
        write!(out, "left: nothing")
    } else {
        let Left { queued, in_flight, spooled, .. } = *left;
        write!(out, "left: {queued} queued, given up; {in_flight} in flight, their end unknown")?;
        if spooled > 0 { write!(out, "; {spooled} in the spool, for the next run") } else { Ok(()) }
    }
}

#[cfg(test)]
mod test {
    use trackside::{Closed, Reason, ledger::Hits, transport::Left};

    use super::totals;

    #[test]
    fn nothing_is_left_out() {
        let mut hits = Hits::default();
        hits.name = "stats".to_owned();
        hits.offered = 20;
        hits.delivered = 9;
        hits.refused = vec![(Reason::NoVisitor, 1), (Reason::Rejected, 2)];
        hits.dropped = vec![(Reason::Shutdown, 5)];
        let mut closed = Closed::default();
        closed.left = Left::new(5, 3);
        closed.stats.requests.tracked = 20;
        closed.stats.requests.skipped = vec![(Reason::Status, 3), (Reason::Abandoned, 1)];
        closed.stats.destinations = vec![hits];
        let expected = "
requests: 24 seen = 20 tracked + 4 skipped (status 3, abandoned 1)
hits to stats: 20 offered = 9 delivered + 3 refused (no-visitor 1, rejected 2) + 5 dropped (shutdown 5) + 3 pending
left: 5 queued, given up; 3 in flight, their end unknown";
        assert_eq!(totals(&closed), expected);
    }
}
