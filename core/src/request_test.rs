use std::{cell::RefCell, collections::BTreeSet};

use http::HeaderName;

use super::{FINISH_HEADERS, Headers, REQUEST_HEADERS, is_field_value};
use crate::{Annotations, Config, Event, Moment, RESPONSE_HEADERS, Request, Response, judge};

/// Headers that remember what they were asked for.
struct Asked(Vec<(&'static str, &'static str)>, RefCell<BTreeSet<String>>);

impl Headers for Asked {
    fn value(&self, name: &HeaderName) -> Option<&[u8]> {
        self.1.borrow_mut().insert(name.as_str().to_owned());
        self.0.value(name)
    }

    fn each<'a>(&'a self, name: &HeaderName, visit: &mut dyn FnMut(&'a [u8])) {
        self.1.borrow_mut().insert(name.as_str().to_owned());
        self.0.each(name, visit);
    }

    fn all<'a>(&'a self, visit: &mut dyn FnMut(&[u8], &'a [u8])) {
        self.0.all(visit);
    }
}

#[test]
fn a_log_shows_what_was_asked_for_in_one_line() {
    let none: [(&str, &str); 0] = [];
    let request = Request::new("GET", b"/a%20b?c\n\xff", &none);
    assert_eq!(format!("{request:?}"), r"Request { method: GET, target: /a%20b?c\n\xff, .. }");
}

/// Wherever it stands, however long the value is.
#[test]
fn a_value_has_no_control_bytes_but_tabs() {
    assert!(is_field_value(b""));
    for length in 1..=72 {
        for (at, byte) in (0..length).flat_map(|at| (0..=255).map(move |byte| (at, byte))) {
            let mut value = vec![b'a'; length];
            value[at] = byte;
            let expected = !matches!(byte, 0..=8 | 10..=31 | 127);
            assert_eq!(is_field_value(&value), expected, "{byte} at {at} of {length}");
        }
    }
}

/// Of a page that a new visitor's cookie goes with: whether a cache may keep it is asked of no other.
#[test]
fn the_judge_reads_the_response_headers_it_says() {
    let text = "consent.policy = 'notice'\ntrack.downloads = ['attachment']";
    let config = Config::builder().toml(text).build().unwrap();
    let headers = [("content-type", "text/html"), ("expires", "Thu, 01 Jan 2037 00:00:00 GMT")];
    let headers = Asked(headers.to_vec(), RefCell::default());
    let request = [("host", "www.example.com")];
    let request = Request::new("GET", "/", &request);
    let exchange = judge::begin(&config, &request, Moment::new(1_784_714_400_000_000, [7; 64]), None);
    let (response, none) = (Response::new(200, &headers), Annotations::new());
    let verdict = judge::finish(&config, exchange, &request, &response, &none, &mut |_| {});
    assert_eq!(verdict.reason(), None);
    let said: BTreeSet<_> = RESPONSE_HEADERS.iter().map(|name| name.as_str().to_owned()).collect();
    assert_eq!(headers.1.into_inner(), said);
}

/// Everything that takes the request is asked once, for a page, a 304 and a request that is skipped.
#[test]
fn the_judge_reads_the_headers_it_says() {
    let config = Config::builder().toml("consent.policy = 'notice'\nconsent.gpc = 'strict'").build().unwrap();
    let mut asked = BTreeSet::new();
    for (headers, status) in [
        (vec![("host", "www.example.com")], 200),
        (vec![("host", "www.example.com"), ("accept", "text/html")], 304),
        (vec![("host", "www.example.com"), ("sec-fetch-dest", "document")], 304),
        (vec![("host", "www.example.com"), ("hx-preloaded", "true")], 200),
    ] {
        let headers = Asked(headers, RefCell::default());
        let request = Request::new("GET", "/", &headers);
        let exchange = judge::begin(&config, &request, Moment::new(1_784_714_400_000_000, [7; 64]), None);
        judge::notice(&config, &exchange, &request);
        judge::visitor(&config, &exchange, &request);
        let annotations = Annotations::new().event(Event::new("seen"));
        let none: [(&str, &str); 0] = [];
        let _verdict = judge::finish(
            &config,
            exchange,
            &request,
            &Response::new(status, &none),
            &annotations,
            &mut |_| {},
        );
        asked.append(&mut headers.1.borrow_mut());
    }
    let set = |names: &[HeaderName]| names.iter().map(|name| name.as_str().to_owned()).collect();
    let said_to_be_read_again: BTreeSet<String> = set(&FINISH_HEADERS);
    assert_eq!(asked, said_to_be_read_again);
    assert!(REQUEST_HEADERS.starts_with(&FINISH_HEADERS));
    // What `begin` picks out in its one pass: each makes a difference.
    let cookie = "trackside=5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11";
    for (name, value) in [
        ("cookie", cookie),
        ("hx-preloaded", "true"),
        ("purpose", "prefetch"),
        ("sec-gpc", "1"),
        ("sec-purpose", "prefetch"),
        ("x-moz", "prefetch"),
        ("x-purpose", "prefetch"),
        ("x-sec-purpose", "prefetch"),
        ("hx-request", "true"),
        ("rsc", "1"),
        ("turbo-frame", "cart"),
        ("x-inertia-partial-component", "Cart"),
        ("x-livewire", ""),
        ("x-requested-with", "XMLHttpRequest"),
        ("x-up-target", "#cart"),
    ] {
        let headers = [("host", "www.example.com"), (name, value)];
        let request = Request::new("GET", "/", &headers);
        let exchange = judge::begin(&config, &request, Moment::new(1_784_714_400_000_000, [7; 64]), None);
        assert!(!exchange.is_new(), "{name}");
        asked.insert(name.to_owned());
    }
    // And each of these makes a page of what would be none.
    for (name, value) in [
        ("hx-boosted", "true"),
        ("hx-history-restore-request", "true"),
        ("sec-fetch-mode", "navigate"),
        ("x-inertia", "true"),
        ("x-livewire-navigate", ""),
        ("x-pjax", "true"),
    ] {
        let headers = [("host", "www.example.com"), ("sec-fetch-dest", "empty"), (name, value)];
        let request = Request::new("GET", "/", &headers);
        let exchange = judge::begin(&config, &request, Moment::new(1_784_714_400_000_000, [7; 64]), None);
        assert_eq!(exchange.skipped(), None, "{name}");
        asked.insert(name.to_owned());
    }
    let said: BTreeSet<String> = set(&REQUEST_HEADERS);
    assert_eq!(asked, said);
}
