use super::Patterns;

fn patterns(texts: &[&str]) -> Patterns {
    Patterns::new(texts.iter().map(|&text| text.to_owned()).collect()).unwrap()
}

#[test]
fn without_an_asterisk_a_pattern_is_a_prefix() {
    let patterns = patterns(&["/admin/", "/feed"]);
    assert_eq!(patterns.find(b"/admin/"), Some("/admin/"));
    assert_eq!(patterns.find(b"/admin/x"), Some("/admin/"));
    assert_eq!(patterns.find(b"/feeds"), Some("/feed"));
    assert_eq!(patterns.find(b"/admin"), None);
    assert_eq!(patterns.find(b"/x/admin/"), None);
    assert_eq!(patterns.find(b""), None);
}

#[test]
fn an_empty_prefix_covers_everything() {
    assert_eq!(patterns(&[""]).find(b"/"), Some(""));
}

#[test]
fn with_an_asterisk_a_pattern_is_anchored_at_both_ends() {
    for (glob, covered, not_covered) in [
        ("/feeds/*", "/feeds/a/b", "/feeds"),
        ("*.xml", "/a/b.xml", "/a/b.xml.gz"),
        ("/a*b*c", "/a1b2b3c", "/a1c2b"),
        ("/*/edit", "/x/y/edit", "/edit"),
        ("/a**b", "/ab", "/a"),
        ("/ab*bc", "/abbc", "/abc"),
        ("/a*a*a", "/aaa", "/aa"),
        ("/[a]?*", "/[a]?", "/a"),
    ] {
        let patterns = patterns(&[glob]);
        assert_eq!(patterns.find(covered.as_bytes()), Some(glob), "{glob} {covered}");
        assert_eq!(patterns.find(not_covered.as_bytes()), None, "{glob} {not_covered}");
    }
}

#[test]
fn an_asterisk_alone_covers_everything() {
    assert_eq!(patterns(&["*"]).find(b"/"), Some("*"));
    assert_eq!(patterns(&["**"]).find(b""), Some("**"));
}

#[test]
fn any_bytes_are_looked_at() {
    assert_eq!(patterns(&["/a*"]).find(b"/a\xff\0"), Some("/a*"));
}

#[test]
fn globs_that_share_their_longest_piece_are_all_tried() {
    let patterns = patterns(&["/a/*/download", "/b/*/download"]);
    assert_eq!(patterns.find(b"/b/1/download"), Some("/b/*/download"));
    assert_eq!(patterns.find(b"/c/1/download"), None);
}
