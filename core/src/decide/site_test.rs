use super::valid;

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
