use std::borrow::Cow;

use super::canonical;

fn spelt(path: &str) -> String {
    String::from_utf8(canonical(path.as_bytes()).into_owned()).unwrap()
}

#[test]
fn escapes_have_one_spelling() {
    assert_eq!(spelt("/%7euser/%c3%a9%2fx%2Fy"), "/~user/%C3%A9%2Fx%2Fy");
    assert_eq!(spelt("/é x\"<>\\^`{|}\u{7f}"), "/%C3%A9%20x%22%3C%3E%5C%5E%60%7B%7C%7D%7F");
    // Once: what is encoded twice stays so.
    assert_eq!(spelt("/%2541%252e%252E"), "/%2541%252e%252E");
    assert_eq!(spelt("/100%/%zz/%4"), "/100%/%zz/%4");
}

#[test]
fn dots_and_empty_segments_are_resolved() {
    for (path, expected) in [
        ("/a/./b/../c", "/a/c"),
        ("/a/b/..", "/a/"),
        ("/a/b/.", "/a/b/"),
        ("/../../a", "/a"),
        ("/..", "/"),
        ("//a///b//", "/a/b/"),
        ("/a/%2e%2E/b", "/b"),
        ("/a/.%2e/b", "/b"),
        ("/.well-known/x", "/.well-known/x"),
        ("/a/...", "/a/..."),
        ("//", "/"),
        ("/", "/"),
    ] {
        assert_eq!(spelt(path), expected, "{path}");
    }
}

#[test]
fn a_path_that_needs_nothing_is_lent() {
    for path in ["/", "/news/a.b-c/2", "/news/", "*", "", "a/../b"] {
        assert!(matches!(canonical(path.as_bytes()), Cow::Borrowed(_)), "{path}");
    }
    for path in ["//", "/.", "/%41", "/%2F", "/a b"] {
        assert!(matches!(canonical(path.as_bytes()), Cow::Owned(_)), "{path}");
    }
}

#[test]
fn case_and_the_last_slash_are_left_alone() {
    for path in ["/News", "/news", "/news/", "*", "", "a/../b", "/a:b@c!$&'()*+,;=~-_.x"] {
        assert_eq!(spelt(path), path);
    }
}

#[test]
fn the_one_spelling_is_its_own() {
    for path in [
        "/a//b/../%41%2f",
        "/%",
        "/%2",
        "/%25",
        "/%2%35",
        "/\u{1}/é/.",
        "/%2e%2e%2f..",
        "/%%34%31",
        "/%4%31",
        "/%%%41",
        "/%/%41",
        "/%g%41",
        "/%%41/%41",
    ] {
        assert_eq!(spelt(&spelt(path)), spelt(path), "{path}");
    }
}

#[test]
fn what_stands_in_one_segment_changes_no_other() {
    // `%A1` would mean another thing; `%/A` means what it did.
    for (path, expected) in
        [("/%%41", "/%%41"), ("/%/%41", "/%/A"), ("/%g%41", "/%gA"), ("/%4%31/%41", "/%4%31/A")]
    {
        assert_eq!(spelt(path), expected, "{path}");
    }
}
