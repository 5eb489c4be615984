use super::*;
use crate::ledger::Requests;

fn books() -> Stats {
    let hits = Hits {
        name: "stats".to_owned(),
        offered: 20,
        delivered: 11,
        refused: vec![(Reason::Bot, 3)],
        dropped: vec![(Reason::QueueFull, 1)],
        queued: 4,
        in_flight: 1,
        adopted: 2,
        spooled: 2,
        volatile: 3,
        retries: 7,
        openings: 2,
        breaker: Breaker::HalfOpen,
        ..Hits::default()
    };
    Stats { requests: Requests::new(9, vec![(Reason::Status, 5)], 6), destinations: vec![hits] }
}

const EXPECTED: &str = r#"# HELP trackside_requests_total Requests that ended.
# TYPE trackside_requests_total counter
trackside_requests_total{outcome="tracked"} 9
trackside_requests_total{outcome="skipped",reason="status"} 5
# HELP trackside_late_annotations_total Annotations that came too late to be used.
# TYPE trackside_late_annotations_total counter
trackside_late_annotations_total 6
# HELP trackside_hits_offered_total Hits handed to the destination.
# TYPE trackside_hits_offered_total counter
trackside_hits_offered_total{destination="stats"} 20
# HELP trackside_hits_adopted_total Hits that another process left in the spool.
# TYPE trackside_hits_adopted_total counter
trackside_hits_adopted_total{destination="stats"} 2
# HELP trackside_hits_total Hits that ended.
# TYPE trackside_hits_total counter
trackside_hits_total{destination="stats",outcome="delivered"} 11
trackside_hits_total{destination="stats",outcome="refused",reason="bot"} 3
trackside_hits_total{destination="stats",outcome="dropped",reason="queue-full"} 1
# HELP trackside_hits_pending Hits whose end is not known yet.
# TYPE trackside_hits_pending gauge
trackside_hits_pending{destination="stats",place="queue"} 4
trackside_hits_pending{destination="stats",place="flight"} 1
trackside_hits_pending{destination="stats",place="spool"} 2
# HELP trackside_hits_volatile Pending hits that a crash would lose, with a spool that has all.
# TYPE trackside_hits_volatile gauge
trackside_hits_volatile{destination="stats"} 3
# HELP trackside_retries_total Delivery attempts that were made again.
# TYPE trackside_retries_total counter
trackside_retries_total{destination="stats"} 7
# HELP trackside_panics_total Failures of the host's code on a worker.
# TYPE trackside_panics_total counter
trackside_panics_total{destination="stats"} 0
# HELP trackside_breaker_openings_total Outages of the receiver.
# TYPE trackside_breaker_openings_total counter
trackside_breaker_openings_total{destination="stats"} 2
# HELP trackside_breaker_open Whether deliveries are held back: 0 no, 0.5 all but one, 1 all.
# TYPE trackside_breaker_open gauge
trackside_breaker_open{destination="stats"} 0.5
"#;

#[test]
fn the_books_as_prometheus_reads_them() {
    assert_eq!(books().prometheus().to_string(), EXPECTED);
}

#[test]
fn each_family_stands_together_however_many_destinations_there_are() {
    let mut stats = books();
    let mut second = stats.destinations[0].clone();
    second.name = "file".to_owned();
    stats.destinations.push(second);
    let text = stats.prometheus().to_string();
    let mut families: Vec<_> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split(['{', ' ']).next())
        .collect();
    families.dedup();
    let headed: Vec<_> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).map(Some).collect();
    assert_eq!(families, headed);
    // The lines of requests stand once, those of hits twice.
    assert_eq!(text.lines().filter(|line| line.contains("\"file\"")).count(), 13);
}

#[test]
fn a_name_of_any_letters_breaks_out_of_no_label() {
    let mut stats = books();
    stats.destinations[0].name = "a\"b\\c\nd".to_owned();
    let text = stats.prometheus().to_string();
    assert!(text.contains(r#"trackside_retries_total{destination="a\"b\\c\nd"} 7"#), "{text}");
    assert_eq!(text.lines().count(), EXPECTED.lines().count());
}
