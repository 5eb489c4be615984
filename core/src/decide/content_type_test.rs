use super::{accepts, wants_html};
use crate::Request;

fn names_html(accept: &str) -> Option<bool> {
    let headers = [("accept", accept)];
    accepts(&Request::new("GET", "/", &headers), |media| media == b"text/html")
}

#[test]
fn accept_names_a_type() {
    assert_eq!(names_html("text/html,application/xml;q=0.9,*/*;q=0.8"), Some(true));
    assert_eq!(names_html("image/png, text/html;level=1;q=0.1"), Some(true));
    assert_eq!(names_html("*/*"), Some(false));
    assert_eq!(names_html("text/*"), Some(false));
    assert_eq!(names_html("text/html;q=0"), Some(false));
    assert_eq!(names_html("text/html;q=0.000, */*"), Some(false));
    assert_eq!(names_html(""), Some(false));
}

#[test]
fn a_notice_can_be_shown_where_html_may_come() {
    let wants = |name: &str, value: &str| wants_html(&Request::new("GET", "/", &[(name, value)]));
    assert!(wants_html(&Request::new("GET", "/", &[("host", "a")])));
    assert!(wants("accept", "*/*"));
    assert!(wants("accept", "application/xhtml+xml"));
    assert!(wants("sec-fetch-dest", "document"));
    assert!(!wants("sec-fetch-dest", "iframe"));
    assert!(!wants("accept", "application/json"));
    assert!(!wants("accept", "*/*;q=0"));
}
