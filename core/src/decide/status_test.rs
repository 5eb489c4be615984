use super::Statuses;

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
    for entry in
        ["", "20", "2000", "xx", "0xx", "10xx", "099", "300-200", "200-", "-200", "2XX", "+20", "200 "]
    {
        assert!(!Statuses::default().add(entry), "{entry}");
    }
}
