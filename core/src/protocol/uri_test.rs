use super::*;
use crate::{
    config::IpPolicy,
    hit::{Draft, sample},
};

fn shown(pieces: [&[u8]; 2], max: usize) -> String {
    let mut out = Vec::new();
    Uri { pieces, max }.push_to(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn what_an_address_may_hold_stays() {
    let all = "AZaz09-._~:/?[]@!$&'()*+,;=%2f%E9";
    assert_eq!(shown([all.as_bytes(), b"?a=%00"], 99), format!("{all}?a=%00"));
}

#[test]
fn what_it_may_not_hold_is_encoded() {
    assert_eq!(shown([b"/\0\x1f \"#<>", b"\\^`{|}\x7f"], 99), "/%00%1F%20%22%23%3C%3E%5C%5E%60%7B%7C%7D%7F");
    assert_eq!(shown(["/é".as_bytes(), b"\xff"], 99), "/%C3%A9%FF");
    assert_eq!(shown([b"%41", b"%"], 99), "%41%25");
}

#[test]
fn broken_escapes_are_no_escapes() {
    assert_eq!(shown([b"/%", b"41"], 99), "/%2541");
    assert_eq!(shown([b"/%4", b""], 99), "/%254");
    assert_eq!(shown([b"/%zz%4g%%41", b""], 99), "/%25zz%254g%25%41");
}

#[test]
fn it_is_cut_between_escapes() {
    for (max, whole) in
        [(9, "/a%41/%FF"), (8, "/a%41/"), (6, "/a%41/"), (5, "/a%41"), (4, "/a"), (2, "/a"), (0, "")]
    {
        assert_eq!(shown([b"/a%41", b"/\xff"], max), whole, "{max}");
    }
    // Nothing follows the cut.
    assert_eq!(shown([b"/%41", b"b"], 3), "/");
}

#[test]
fn an_event_outside_a_page_has_no_address() {
    let page = |draft: Draft<'_>| super::page(&draft.seal(IpPolicy::Full)).is_some();
    assert!(page(sample::page()));
    assert!(!page(Draft { site: b"", ..sample::page() }));
    assert!(!page(Draft { path: b"", query: b"", ..sample::page() }));
}

#[test]
fn hosts_of_referrers() {
    for (referrer, host) in [
        ("https://www.google.com/", Some("www.google.com")),
        ("HTTP://a_b-c.example:8080?x", Some("a_b-c.example")),
        ("https://a.example", Some("a.example")),
        ("https://a.example:", Some("a.example")),
        ("https://a.example:80a/", None),
        ("https://a.example:123456/", None),
        ("https://[::1]/", None),
        ("https://", None),
        ("https:///a", None),
        ("https://a b/", None),
        ("https://é/", None),
        ("android-app://com.example/", None),
        ("https:/a.example/", None),
        ("", None),
    ] {
        assert_eq!(referrer_host(referrer.as_bytes()), host, "{referrer}");
    }
}

#[test]
fn a_piece_is_cut_by_what_is_written_of_it() {
    for (piece, max, first) in [
        (&b"/abc"[..], 12, &b"/abc"[..]),
        (b"/abc", 3, b"/ab"),
        (b"/%41b", 3, b"/"),
        (b"/%41b", 4, b"/%41"),
        (b"/%4g", 4, b"/%"),
        (b"/\xff\xff", 6, b"/\xff"),
        (b"/\xff\xff", 7, b"/\xff\xff"),
        (b"", 0, b""),
    ] {
        assert_eq!(first_written(piece, max), first, "{piece:?} {max}");
    }
}
