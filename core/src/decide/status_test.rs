use super::{super::scenario::Scenario, RULE, Statuses};
use crate::Reason;

fn statuses(entries: &[&str]) -> Statuses {
    let mut statuses = Statuses::default();
    for entry in entries {
        assert!(statuses.add(entry), "{entry}");
    }
    statuses
}

#[test]
fn one_a_class_and_a_range() {
    let statuses = statuses(&["304", "2xx", "404-410"]);
    for status in [304, 200, 299, 404, 410] {
        assert!(statuses.contains(status), "{status}");
    }
    for status in [0, 199, 300, 303, 305, 403, 411, 999, 1_023, 1_024, u16::MAX] {
        assert!(!statuses.contains(status), "{status}");
    }
    assert_eq!(statuses.to_string(), "200-299, 304, 404-410");
}

#[test]
fn the_largest_status_is_999() {
    assert!(statuses(&["9xx"]).contains(999));
}

#[test]
fn anything_else_is_no_status() {
    for entry in [
        "", "20", "2000", "xx", "0xx", "10xx", "+2xx", "02xx", "099", "300-200", "200-", "-200", "2XX",
        "+20", "200 ",
    ] {
        assert!(!Statuses::default().add(entry), "{entry}");
    }
}

#[test]
fn listed_statuses_count() {
    let ask = |config, response| Scenario { config, response, ..Scenario::default() }.ask(&RULE);
    let seen = |text: &str| text.to_owned();
    assert_eq!(ask("", Some((200, &[]))), (Ok(()), seen("200; counted: 200, 304")));
    assert_eq!(ask("", Some((304, &[]))).0, Ok(()));
    assert_eq!(ask("", Some((404, &[]))), (Err(Reason::Status), seen("404; counted: 200, 304")));
    let listed = "track.status = ['404', '5xx']";
    assert_eq!(ask(listed, Some((200, &[]))), (Err(Reason::Status), seen("200; counted: 404, 500-599")));
    assert_eq!(ask(listed, Some((503, &[]))).0, Ok(()));
    assert_eq!(ask(listed, None).0, Ok(()));
}

#[test]
fn neighbours_are_shown_as_a_range() {
    assert_eq!(statuses(&["200", "201", "999"]).to_string(), "200-201, 999");
    assert_eq!(statuses(&["100", "102-103", "104"]).to_string(), "100, 102-104");
    assert_eq!(Statuses::default().to_string(), "");
}
