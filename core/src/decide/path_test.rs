use super::{super::scenario::Scenario, Patterns, RULE, longest_piece};
use crate::Reason;

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

#[test]
fn a_glob_is_asked_once_however_often_its_piece_stands_in_the_path() {
    let patterns = patterns(&["*ab*c*", "*ba*c*", "*xyz*c*"]);
    let mut asked: Vec<_> = patterns.pieces.unwrap().of(b"/abababab").collect();
    asked.sort_unstable();
    assert_eq!(asked, [0, 1]);
}

#[test]
fn a_glob_is_looked_for_by_its_longest_piece() {
    assert_eq!(longest_piece("/a*bcd*e"), "bcd");
    assert_eq!(longest_piece("/abc*d"), "/abc");
    assert_eq!(longest_piece("*"), "");
}

#[test]
fn ignore_is_asked_before_only() {
    let ask = |target| {
        let config = "track = { ignore = ['/a/secret', '*.xml'], only = ['/a', '/b*/'] }";
        Scenario { config, target, ..Scenario::default() }.ask(&RULE)
    };
    for (target, said, seen) in [
        ("/a", Ok(()), "`/a`: ignored by no pattern, covered by `/a` of `only`"),
        ("/bc/?x", Ok(()), "`/bc/`: ignored by no pattern, covered by `/b*/` of `only`"),
        ("/c", Err(Reason::NotOnly), "`/c`: ignored by no pattern, covered by no pattern of `only`"),
        ("/a/secret", Err(Reason::Ignored), "`/a/secret`: ignored by `/a/secret`, covered by `/a` of `only`"),
        ("/c.xml", Err(Reason::Ignored), "`/c.xml`: ignored by `*.xml`, covered by no pattern of `only`"),
    ] {
        assert_eq!(ask(target), (said, seen.to_owned()));
    }
}

#[test]
fn without_patterns_every_path_counts() {
    let ask = |config| Scenario { config, target: "/%61", ..Scenario::default() }.ask(&RULE);
    assert_eq!(ask(""), (Ok(()), "`/a`: ignored by no pattern".to_owned()));
    assert_eq!(ask("track.ignore = ['/b']").0, Ok(()));
    assert_eq!(ask("track.only = ['/b']").0, Err(Reason::NotOnly));
}

#[test]
fn the_path_is_decoded_once() {
    let is_ignored = |pattern: &str, target: &str| {
        let config = format!("track.ignore = ['{pattern}']");
        Scenario { config: &config, target, ..Scenario::default() }.ask(&RULE).0 == Err(Reason::Ignored)
    };
    assert!(is_ignored("/admin/", "/%61dm%69n/"));
    assert!(is_ignored("/%61", "/%2561"));
    assert!(!is_ignored("/a", "/%2561"));
    assert!(is_ignored("/%6g%", "/%6g%"));
    assert!(is_ignored("/é", "/%C3%A9"));
    assert!(is_ignored("/a", "http://www.example.com/%61?b"));
    // Whether it is short or long.
    for length in [1_023, 1_024, 1_025, 9_000] {
        let path = format!("/%61{}y", "x".repeat(length - "/%61y".len()));
        assert!(is_ignored("/a*xy", &path), "{length}");
        assert!(!is_ignored("/a*x", &path), "{length}");
    }
}
