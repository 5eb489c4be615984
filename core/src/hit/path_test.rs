use std::borrow::Cow;

use super::{is_harmless, may_have_figure, recorded};
use crate::config::PathPolicy;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn shown(path: &str, policy: PathPolicy) -> String {
    String::from_utf8(recorded(path.as_bytes(), policy).into_owned()).unwrap()
}

#[test]
fn each_policy_hides_more_than_the_one_before() {
    let path = format!("/u/me@example.com/{TOKEN}/507f1f77bcf86cd799439011/42/");
    assert_eq!(shown(&path, PathPolicy::Full), path);
    assert_eq!(shown(&path, PathPolicy::Redacted), "/u/:email/:token/507f1f77bcf86cd799439011/42/");
    assert_eq!(shown(&path, PathPolicy::Anonymous), "/u/:email/:token/:id/42/");
    // Where no route is known.
    assert_eq!(shown(&path, PathPolicy::Route), "/u/:email/:token/:id/42/");
}

#[test]
fn parameters_of_a_segment_lose_their_secrets() {
    let path = "/shop;JSESSIONID=1A2B/list;page=2;token=x/token=y";
    assert_eq!(shown(path, PathPolicy::Redacted), "/shop;JSESSIONID=***/list;page=2;token=***/token=y");
    // What stands before the first semicolon is the segment's name.
    assert_eq!(shown("/token=x;token=y", PathPolicy::Redacted), "/token=x;token=***");
}

#[test]
fn what_is_left_beside_a_secret_looks_the_same_when_it_comes_back() {
    let path = "/;a1B2c3D40123456789abcdefemail=example";
    let once = shown(path, PathPolicy::Anonymous);
    assert_eq!(once, "/:id");
    assert_eq!(shown(&once, PathPolicy::Anonymous), once);
    assert_eq!(shown("/a;token=me@example.com", PathPolicy::Redacted), "/a;token=***");
}

#[test]
fn what_has_nothing_to_hide_is_lent() {
    for path in
        ["/", "", "*", "/news/a-title-that-is-rather-long-and-then-some/2", "/%D0%BC/a;b=c/@user", "//a//"]
    {
        for policy in [PathPolicy::Full, PathPolicy::Redacted, PathPolicy::Anonymous] {
            assert!(
                matches!(recorded(path.as_bytes(), policy), Cow::Borrowed(p) if p == path.as_bytes()),
                "{path}"
            );
        }
    }
}

#[test]
fn most_paths_show_at_once_that_they_hide_nothing() {
    let words = "a-title-of-words-that-is-rather-long-but-has-no-figure";
    for path in
        ["/", "/news/2", &format!("/{words}"), &format!("/{words}/2"), "/1234/5678/9012/3456/7890/1234/5678"]
    {
        assert!(is_harmless(path.as_bytes()), "{path}");
    }
    for path in ["/a@b", "/%41", "/a;b=c", &format!("/{words}2"), &format!("/{TOKEN}")] {
        assert!(!is_harmless(path.as_bytes()), "{path}");
    }
}

#[test]
fn a_figure_is_found_wherever_it_stands() {
    let without = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.!~/\0\x1f \x7f\x80\xb0\xf0\xff";
    assert!(!may_have_figure(without));
    for at in 0..without.len() {
        for figure in b'0'..=b'9' {
            let mut with = *without;
            with[at] = figure;
            assert!(may_have_figure(&with), "{at}");
        }
        assert!(!may_have_figure(&without[at..]), "{at}");
    }
}

#[test]
fn a_token_needs_its_32_bytes() {
    assert_eq!(shown(&format!("/{TOKEN}"), PathPolicy::Redacted), "/:token");
    assert_eq!(shown(TOKEN, PathPolicy::Redacted), ":token");
    assert_eq!(shown(&format!("/{}", &TOKEN[1..]), PathPolicy::Redacted), format!("/{}", &TOKEN[1..]));
}
