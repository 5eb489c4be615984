use std::fmt::Debug;

use trackside_core::{FINISH_HEADERS, Headers};

use super::Kept;
use crate::{
    boundary::Call,
    exchange::trackside_exchange,
    handle::Place,
    headers::Walked,
    peer::Peer,
    picks::{KEPT, Picks},
    request::Parts,
    test_exchange::headers,
};

/// What `look` sees of what is kept of a request with these headers, be it copied or lent.
fn kept<T: PartialEq + Debug>(named: &[(&str, &str)], look: impl Fn(&super::Read<'_>) -> T) -> T {
    let [copied, lent] = [false, true].map(|lent| kept_if(lent, named, &look));
    assert_eq!(copied, lent);
    copied
}

fn kept_if<T>(lent: bool, named: &[(&str, &str)], look: impl FnOnce(&super::Read<'_>) -> T) -> T {
    let named: Vec<_> =
        named.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec())).collect();
    let array = headers(&named);
    let call = Call::of_a_test();
    let mut picks = Picks::new();
    picks.put_line(b"GET", b"/walks/?page=2", b"");
    let headers = call.picked(array.as_ptr(), array.len(), "headers", &mut picks).unwrap();
    picks.settle();
    let (peer, headers) = (Peer::default(), Walked::of(headers));
    let parts = Parts { picks: &picks, peer, secure: true, resolved: false, lent, headers };
    let (_place, kept): (Place<trackside_exchange, KEPT>, _) = Kept::of(&parts).unwrap();
    look(&kept.read())
}

/// All values of all names, in the order in which they are found.
fn found(named: &[(&str, &str)]) -> Vec<(usize, String)> {
    kept(named, |kept| {
        let mut found = Vec::new();
        for (place, name) in FINISH_HEADERS.iter().enumerate() {
            let mut values = Vec::new();
            kept.each(name, &mut |value| values.push(String::from_utf8(value.to_vec()).unwrap()));
            assert_eq!(kept.value(name), values.first().map(String::as_bytes), "{name}");
            found.extend(values.into_iter().map(|value| (place, value)));
        }
        let mut all = Vec::new();
        kept.all(&mut |name, value| all.push((name.to_vec(), value.to_vec())));
        all.sort_by_key(|(name, _)| FINISH_HEADERS.iter().position(|kept| kept.as_str().as_bytes() == name));
        let each =
            found.iter().map(|(place, value)| (FINISH_HEADERS[*place].as_str().into(), value.clone().into()));
        assert_eq!(all, each.collect::<Vec<_>>());
        found
    })
}

#[test]
fn each_header_is_found_again() {
    let named = [
        ("X-Other", "not kept"),
        ("ACCEPT-LANGUAGE", "en"),
        ("accept", "text/html"),
        ("Cookie", "not kept either"),
        ("Referer", ""),
        ("User-Agent", "Mozilla/5.0"),
        ("Host", "www.example.com"),
    ];
    let found = found(&named);
    let expected = ["www.example.com", "Mozilla/5.0", "", "text/html", "en"];
    let expected: Vec<_> = expected.map(str::to_owned).into_iter().enumerate().collect();
    assert_eq!(found, expected);
}

#[test]
fn what_is_accepted_is_kept_unless_the_destination_tells() {
    let found = |destination| found(&[("accept", "text/html"), ("sec-fetch-dest", destination)]);
    let [accepted, destination] = [(3, "text/html"), (5, "image")].map(|(place, v)| (place, v.to_owned()));
    assert_eq!(found("image"), [destination]);
    // What is no value of a header counts as absent.
    assert_eq!(found("im\nage"), [accepted]);
}

#[test]
fn a_header_that_came_more_than_once_has_all_its_values() {
    let named =
        [("accept", "1"), ("host", "a"), ("accept", "2"), ("referer", "b"), ("Accept", "3"), ("host", "c")];
    let expected = [(0, "a"), (0, "c"), (2, "b"), (3, "1"), (3, "2"), (3, "3")];
    assert_eq!(found(&named), expected.map(|(place, value)| (place, value.to_owned())));
}

#[test]
fn a_value_that_cannot_be_one_is_left_out() {
    let named = [("host", "a"), ("user-agent", "un\nlikely"), ("accept", "nu\0l"), ("accept", "2")];
    assert_eq!(found(&named), [(0, "a"), (3, "2")].map(|(place, value)| (place, value.to_owned())));
    assert_eq!(found(&[("referer", "\x7f"), ("host", "b")]), [(0, "b".to_owned())]);
}

#[test]
fn the_request_line_is_kept() {
    kept(&[("host", "a")], |kept| {
        let request = kept.as_request();
        let shown = format!("{request:?}");
        assert_eq!(shown, "Request { method: GET, target: /walks/?page=2, .. }");
    });
}
