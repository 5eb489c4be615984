use super::{super::scenario::Scenario, RULE};
use crate::Reason;

fn is_prefetch(headers: &[(&str, &str)]) -> bool {
    Scenario { headers, ..Scenario::default() }.ask(&RULE).0 == Err(Reason::Prefetch)
}

#[test]
fn every_form_is_known() {
    for (name, value) in [
        ("Sec-Purpose", "prefetch"),
        ("sec-purpose", "prefetch;prerender"),
        ("Sec-Purpose", "prefetch; anonymous-client-ip"),
        ("Sec-Purpose", "other, Prefetch ;prerender=?0"),
        ("Purpose", " PREFETCH "),
        ("X-Purpose", "preview"),
        ("X-Purpose", "instant"),
        ("X-Moz", "prefetch"),
        ("X-Sec-Purpose", "prefetch"),
        ("HX-Preloaded", "true"),
    ] {
        assert!(is_prefetch(&[(name, value)]), "{name}: {value}");
    }
}

#[test]
fn nothing_else_is() {
    for (name, value) in [
        ("Sec-Purpose", "prefetcher"),
        ("Sec-Purpose", "x;prefetch"),
        ("Purpose", "preview"),
        ("X-Moz", ""),
        ("HX-Preloaded", "false"),
        ("Sec-Purpose", "prefetch\0"),
    ] {
        assert!(!is_prefetch(&[(name, value)]), "{name}: {value}");
    }
}

#[test]
fn one_of_several_values_is_enough() {
    assert!(is_prefetch(&[("Purpose", "x"), ("Purpose", "prefetch")]));
    assert!(is_prefetch(&[("Purpose", "prefetch"), ("Purpose", "x"), ("X-Moz", "x")]));
}

#[test]
fn a_prefetch_is_skipped_and_named() {
    let ask = |headers| Scenario { headers, ..Scenario::default() }.ask(&RULE);
    let named = "fetched ahead: x-purpose: `preview`".to_owned();
    assert_eq!(ask(&[("X-Purpose", "other"), ("X-Purpose", "preview")]), (Err(Reason::Prefetch), named));
    assert_eq!(ask(&[("purpose", "x")]), (Ok(()), "not announced as fetched ahead".to_owned()));
}

#[test]
fn of_several_the_foremost_is_named_in_whatever_order_they_come() {
    let ask = |headers: &[(&str, &str)]| Scenario { headers, ..Scenario::default() }.ask(&RULE).1;
    let mut headers = [
        ("Sec-Purpose", "prefetch;a"),
        ("Sec-Purpose", "prefetch;b"),
        ("Purpose", "prefetch"),
        ("X-Purpose", "instant"),
        ("X-Moz", "prefetch"),
        ("X-Sec-Purpose", "prefetch"),
        ("HX-Preloaded", "true"),
    ];
    assert_eq!(ask(&headers), "fetched ahead: sec-purpose: `prefetch;a`");
    headers.reverse();
    assert_eq!(ask(&headers), "fetched ahead: sec-purpose: `prefetch;b`");
    assert_eq!(ask(&headers[..5]), "fetched ahead: purpose: `prefetch`");
    assert_eq!(ask(&headers[..3]), "fetched ahead: x-moz: `prefetch`");
}
