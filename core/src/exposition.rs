//! The books as text that Prometheus reads (its text exposition format, version 0.0.4).

use std::fmt::{self, Write};

use crate::ledger::{Breaker, Hits, Reason, Stats};

/// The books as metrics: what [`Stats::prometheus`] answers.
///
/// | metric | kind | labels |
/// | --- | --- | --- |
/// | `trackside_requests_total` | counter | `outcome` (`tracked`, `skipped`), `reason` |
/// | `trackside_late_annotations_total` | counter | |
/// | `trackside_hits_offered_total` | counter | `destination` |
/// | `trackside_hits_adopted_total` | counter | `destination` |
/// | `trackside_hits_total` | counter | `destination`, `outcome` (`delivered`, `refused`, `dropped`), `reason` |
/// | `trackside_hits_pending` | gauge | `destination`, `place` (`queue`, `flight`, `spool`) |
/// | `trackside_hits_volatile` | gauge | `destination` |
/// | `trackside_retries_total` | counter | `destination` |
/// | `trackside_panics_total` | counter | `destination` |
/// | `trackside_breaker_openings_total` | counter | `destination` |
/// | `trackside_breaker_open` | gauge: 0 closed, 0.5 half-open, 1 open | `destination` |
///
/// A reason that has not occurred has no line.
#[derive(Clone, Copy, Debug)]
pub struct Prometheus<'a>(&'a Stats);

/// The content type under which Prometheus expects this text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

impl Stats {
    /// The books as text that Prometheus reads, by `Display`.
    ///
    /// ```
    /// use trackside_core::ledger::Stats;
    ///
    /// let text = Stats::default().prometheus().to_string();
    /// assert!(text.contains("\ntrackside_requests_total{outcome=\"tracked\"} 0\n"));
    /// ```
    pub fn prometheus(&self) -> Prometheus<'_> {
        Prometheus(self)
    }
}

impl fmt::Display for Prometheus<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Stats { requests, destinations } = self.0;
        family(f, "requests_total", "counter", "Requests that ended.")?;
        line(f, "requests_total", &[("outcome", "tracked")], requests.tracked)?;
        for &(reason, n) in &requests.skipped {
            line(f, "requests_total", &[("outcome", "skipped"), ("reason", reason.code())], n)?;
        }
        family(f, "late_annotations_total", "counter", "Annotations that came too late to be used.")?;
        line(f, "late_annotations_total", &[], requests.late)?;
        if destinations.is_empty() {
            return Ok(());
        }
        each(f, destinations, "hits_offered_total", "counter", "Hits handed to the destination.", |hits| {
            hits.offered
        })?;
        each(
            f,
            destinations,
            "hits_adopted_total",
            "counter",
            "Hits that another process left in the spool.",
            |hits| hits.adopted,
        )?;
        family(f, "hits_total", "counter", "Hits that ended.")?;
        for hits in destinations {
            let name = hits.name.as_str();
            let ended = |f: &mut _, outcome, reason: Reason, n| {
                line(
                    f,
                    "hits_total",
                    &[("destination", name), ("outcome", outcome), ("reason", reason.code())],
                    n,
                )
            };
            line(f, "hits_total", &[("destination", name), ("outcome", "delivered")], hits.delivered)?;
            for &(reason, n) in &hits.refused {
                ended(f, "refused", reason, n)?;
            }
            for &(reason, n) in &hits.dropped {
                ended(f, "dropped", reason, n)?;
            }
        }
        family(f, "hits_pending", "gauge", "Hits whose end is not known yet.")?;
        for hits in destinations {
            for (place, n) in [("queue", hits.queued), ("flight", hits.in_flight), ("spool", hits.spooled)] {
                line(f, "hits_pending", &[("destination", &hits.name), ("place", place)], n)?;
            }
        }
        each(
            f,
            destinations,
            "hits_volatile",
            "gauge",
            "Pending hits that a crash would lose, with a spool that has all.",
            |hits| hits.volatile,
        )?;
        each(
            f,
            destinations,
            "retries_total",
            "counter",
            "Delivery attempts that were made again.",
            |hits| hits.retries,
        )?;
        each(
            f,
            destinations,
            "panics_total",
            "counter",
            "Failures of the host's code on a worker.",
            |hits| hits.panics,
        )?;
        each(f, destinations, "breaker_openings_total", "counter", "Outages of the receiver.", |hits| {
            hits.openings
        })?;
        each(
            f,
            destinations,
            "breaker_open",
            "gauge",
            "Whether deliveries are held back: 0 no, 0.5 all but one, 1 all.",
            |hits| match hits.breaker {
                Breaker::Closed => "0",
                Breaker::HalfOpen => "0.5",
                Breaker::Open => "1",
            },
        )
    }
}

fn family(f: &mut fmt::Formatter<'_>, name: &str, kind: &str, help: &str) -> fmt::Result {
    writeln!(f, "# HELP trackside_{name} {help}\n# TYPE trackside_{name} {kind}")
}

/// A family of one line a destination.
fn each<V: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    destinations: &[Hits],
    name: &str,
    kind: &str,
    help: &str,
    value: impl Fn(&Hits) -> V,
) -> fmt::Result {
    family(f, name, kind, help)?;
    destinations.iter().try_for_each(|hits| line(f, name, &[("destination", &hits.name)], value(hits)))
}

fn line(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    labels: &[(&str, &str)],
    value: impl fmt::Display,
) -> fmt::Result {
    write!(f, "trackside_{name}")?;
    for (n, (label, text)) in labels.iter().enumerate() {
        write!(f, "{}{label}=\"", if n == 0 { '{' } else { ',' })?;
        for char in text.chars() {
            match char {
                '\\' => f.write_str("\\\\")?,
                '"' => f.write_str("\\\"")?,
                '\n' => f.write_str("\\n")?,
                _ => f.write_char(char)?,
            }
        }
        f.write_char('"')?;
    }
    if !labels.is_empty() {
        f.write_char('}')?;
    }
    writeln!(f, " {value}")
}

#[cfg(test)]
#[path = "exposition_test.rs"]
mod test;
