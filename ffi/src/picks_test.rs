use std::convert::Infallible;

use super::{ACCEPT, AUTHORITY, DESTINATION, HOST, KEPT, METHOD, Picks, TARGET, VALUES};

/// What was picked of a request with these headers.
fn picked<'f>(headers: &[(&str, &'f str)]) -> Picks<'f> {
    let mut picks = Picks::new();
    picks.put_line(b"GET", b"/walks/", b"");
    let mut rest = headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    picks.put_headers(|| Ok::<_, Infallible>(rest.next())).unwrap();
    picks.settle();
    picks
}

fn names<'a>(headers: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Vec<&'a str> {
    headers.map(|(name, _)| str::from_utf8(name).unwrap()).collect()
}

/// The names of what is shown of a request with these headers.
fn shown(headers: &[(&str, &str)]) -> Vec<&'static str> {
    let picks = picked(headers);
    assert!(picks.are_shown_single());
    picks.shown().map(|(name, _)| str::from_utf8(name).unwrap()).collect()
}

#[test]
fn what_is_added_is_found_again_and_nothing_else() {
    let picks = picked(&[("Host", "a.example"), ("X-Other", "1"), ("USER-AGENT", "")]);
    assert_eq!(picks.get(METHOD), Some(&b"GET"[..]));
    assert_eq!(picks.get(TARGET), Some(&b"/walks/"[..]));
    assert_eq!(picks.get(AUTHORITY), None, "an empty one is none");
    assert_eq!(picks.get(HOST), Some(&b"a.example"[..]));
    assert_eq!(picks.get(VALUES + 1), Some(&b""[..]), "a header may be empty");
    for part in VALUES + 2..40 {
        assert_eq!(picks.get(part), None, "{part}");
    }
    assert_eq!(names(picks.headers()), ["host", "user-agent"]);
}

#[test]
fn what_is_asked_for_by_name_is_not_shown() {
    let headers = [
        ("accept", "text/html"),
        ("cookie", "a=b"),
        ("user-agent", "a browser"),
        ("sec-gpc", "1"),
        ("host", "a.example"),
        ("referer", "https://b.example/"),
        ("turbo-frame", "main"),
        ("accept-language", "en"),
    ];
    assert_eq!(shown(&headers), ["host", "cookie", "sec-gpc", "turbo-frame"]);
}

#[test]
fn what_cannot_be_a_value_is_not_shown() {
    assert_eq!(shown(&[("host", "a\0"), ("cookie", "a\tb"), ("sec-gpc", "\x7f")]), ["cookie"]);
}

#[test]
fn the_headers_of_libraries_are_not_shown_where_the_destination_tells() {
    let shown = |destination| {
        let headers =
            [("rsc", "1"), ("sec-fetch-mode", "cors"), ("sec-gpc", "1"), ("sec-fetch-dest", destination)];
        shown(&headers)
    };
    let all = ["sec-fetch-dest", "sec-gpc", "sec-fetch-mode", "rsc"];
    for destination in ["document", "image", "Empty", ""] {
        assert_eq!(shown(destination), all[..2], "{destination:?}");
    }
    for destination in ["empty", " empty\t"] {
        assert_eq!(shown(destination), all, "{destination:?}");
    }
    assert_eq!(shown("docu\nment"), all[1..], "that counts as absent");
}

#[test]
fn what_is_accepted_is_kept_unless_the_destination_tells() {
    let kept = |destination| {
        let picks = picked(&[("accept", "text/html"), ("sec-fetch-dest", destination)]);
        let is_kept = |part: usize| picks.kept() & (1 << part) != 0;
        (is_kept(ACCEPT), picks.pieces()[ACCEPT], is_kept(DESTINATION))
    };
    assert_eq!(kept("document"), (false, &b""[..], true));
    assert_eq!(kept("empty"), (true, &b"text/html"[..], true));
    assert_eq!(kept("docu\nment"), (true, &b"text/html"[..], false));
    let picks = picked(&[("accept", "text/html")]);
    assert_eq!(picks.pieces(), &[&b"GET"[..], b"/walks/", b"", b"", b"", b"", b"text/html", b"", b""]);
    assert_eq!(picks.kept(), 0b_0100_0011);
}

#[test]
fn what_came_more_than_once_is_said() {
    let single = |name| {
        let picks = picked(&[(name, "1"), ("host", "a.example"), (name, "2")]);
        (picks.are_kept_single(), picks.are_shown_single())
    };
    assert_eq!(single("x-other"), (true, true));
    assert_eq!(single("Cookie"), (true, false));
    assert_eq!(single("accept"), (false, true));
    assert_eq!(single("Sec-Fetch-Dest"), (false, false));
    assert_eq!(single("host"), (false, false));
}

#[test]
fn what_is_not_there_is_an_empty_piece() {
    let mut picks = Picks::new();
    assert_eq!(picks.pieces(), &[&b""[..]; KEPT]);
    picks.put_line(b"GET", b"/walks/", b"");
    for _ in 0..2 {
        let [method, target, rest @ ..] = picks.pieces();
        assert_eq!((*method, *target, rest), (&b"GET"[..], &b"/walks/"[..], &[&b""[..]; KEPT - 2]));
        picks.settle();
    }
}
