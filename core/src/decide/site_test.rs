use super::{super::scenario::Scenario, RULE, host, valid};
use crate::{Reason, Request};

#[test]
fn ports_and_the_final_dot_are_cut() {
    for (authority, host) in [
        ("example.com", "example.com"),
        ("example.com:8080", "example.com"),
        ("example.com.:443", "example.com"),
        ("example.com:", "example.com"),
        ("127.0.0.1:7878", "127.0.0.1"),
        ("[::1]:80", "[::1]"),
        ("[::1]", "[::1]"),
        ("my_host-1", "my_host-1"),
    ] {
        assert_eq!(valid(authority.as_bytes()), Some(host.as_bytes()), "{authority}");
    }
}

#[test]
fn what_cannot_be_a_host_is_none() {
    let long = "a".repeat(256);
    for authority in [
        "",
        ":80",
        ".",
        "a b",
        "me@example.com",
        "example.com:http",
        "a/b",
        "<script>",
        "[::1",
        "::1]",
        "[]",
        "[x]",
        "a:1:2",
        "münchen.example",
        "a\r\nb",
        long.as_str(),
    ] {
        assert_eq!(valid(authority.as_bytes()), None, "{authority:?}");
    }
    assert_eq!(valid(b"a\xff"), None);
    assert_eq!(valid(&[b'a'; 70_000]), None);
}

#[test]
fn the_longest_host_may_have_a_port() {
    let longest = "a".repeat(255);
    assert_eq!(valid(longest.as_bytes()), Some(longest.as_bytes()));
    assert_eq!(valid(format!("{longest}:65535").as_bytes()), Some(longest.as_bytes()));
    assert_eq!(valid(format!("{longest}:655350").as_bytes()), None);
    assert_eq!(valid(format!("{longest}a:80").as_bytes()), None);
}

#[test]
fn authority_goes_before_target_and_target_before_header() {
    let none: [(&str, &str); 0] = [];
    let request = Request::new("GET", "/", &none);
    let header = || Some(&b"header.example"[..]);
    let with_authority = request.with_authority(Some(b"authority.example"));
    assert_eq!(host(&with_authority, Some(b"target.example"), header), Some(&b"authority.example"[..]));
    assert_eq!(host(&request, Some(b"target.example"), header), Some(&b"target.example"[..]));
    assert_eq!(host(&request, None, header), Some(&b"header.example"[..]));
    // Who names a host that is none has named none.
    assert_eq!(host(&request, Some(b"a b"), header), None);
    assert_eq!(host(&request, None, || None), None);
}

#[test]
fn listed_sites_count() {
    let ask = |config, host| {
        let headers: &[_] = &[("host", host)];
        Scenario { config, headers, ..Scenario::default() }.ask(&RULE)
    };
    let listed = "site = ['a.example', 'b.example']";
    for (config, host, said, seen) in [
        ("", "c.example:80", Ok(()), "`c.example`; counted: any"),
        ("", "c example", Err(Reason::UnknownSite), "no valid host; counted: any"),
        (listed, "B.Example:8080", Ok(()), "`B.Example`; counted: a.example, b.example"),
        (listed, "c.example", Err(Reason::UnknownSite), "`c.example`; counted: a.example, b.example"),
        (listed, "", Err(Reason::UnknownSite), "no valid host; counted: a.example, b.example"),
    ] {
        assert_eq!(ask(config, host), (said, seen.to_owned()));
    }
}
