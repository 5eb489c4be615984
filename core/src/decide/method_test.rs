use super::{super::scenario::Scenario, RULE};
use crate::Reason;

const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND", "get"];

/// The methods that count.
fn counted(config: &str) -> Vec<&'static str> {
    let said = |method: &&'static str| Scenario { config, method, ..Scenario::default() }.ask(&RULE).0;
    METHODS.into_iter().filter(|method| said(method) != Err(Reason::Method)).collect()
}

#[test]
fn pages_are_asked_for_by_get() {
    assert_eq!(counted(""), ["GET"]);
}

#[test]
fn an_api_has_all_methods_but_probes() {
    let all = ["GET", "POST", "PUT", "DELETE", "PATCH", "PROPFIND", "get"];
    assert_eq!(counted("track.count = 'api'"), all);
}

#[test]
fn the_listed_methods_count_letter_by_letter() {
    assert_eq!(counted("track.methods = ['HEAD', 'POST']"), ["HEAD", "POST"]);
    assert_eq!(counted("track = { count = 'api', methods = ['OPTIONS'] }"), ["OPTIONS"]);
}

#[test]
fn the_view_names_the_method_and_those_that_count() {
    let view = |config| Scenario { config, method: "P\u{1b}T", ..Scenario::default() }.ask(&RULE).1;
    assert_eq!(view("track.methods = ['GET', 'POST']"), "`P\\x1bT`; counted: GET, POST");
    assert_eq!(view("track.count = 'api'"), "`P\\x1bT`; counted: all but HEAD and OPTIONS");
}
