use super::{super::scenario::Scenario, Patterns, RULE, most_telling_piece};
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
fn globs_that_share_their_pieces_are_all_tried() {
    let patterns = patterns(&["*/a/*/download*", "*/download*/a/*"]);
    assert_eq!(patterns.find(b"/x/a/1/download"), Some("*/a/*/download*"));
    assert_eq!(patterns.find(b"/download/1/a/"), Some("*/download*/a/*"));
    assert_eq!(patterns.find(b"/download/a"), None);
}

#[test]
fn a_glob_is_asked_once_however_often_its_piece_stands_in_the_path() {
    let patterns = patterns(&["*ab*c*", "*ba*c*", "*xyz*c*"]);
    let mut asked: Vec<_> = patterns.pieces.unwrap().of(b"/abababab").collect();
    asked.sort_unstable();
    assert_eq!(asked, [0, 1]);
}

#[test]
fn a_glob_is_looked_for_by_its_rarest_piece_then_the_longest() {
    let sharing = [("/a", 1), ("bcd", 1), ("e", 1), ("/user/", 2), ("/likes", 2), ("/a1", 1)].into();
    assert_eq!(most_telling_piece("/a*bcd*e", &sharing), (1, "bcd"));
    assert_eq!(most_telling_piece("/user/*/a1", &sharing), (1, "/a1"));
    assert_eq!(most_telling_piece("/user/*/likes", &sharing), (0, "/user/"));
    assert_eq!(most_telling_piece("*", &sharing), (0, ""));
}

#[test]
fn a_path_is_held_against_few_of_many_globs_that_begin_alike() {
    let texts: Vec<_> = (0..1_000).map(|n| format!("/user/*/page-{n}/")).collect();
    let patterns = Patterns::new(texts).unwrap();
    assert_eq!(patterns.beginnings.of(b"/user/1/page-7/").count(), 0);
    assert_eq!(patterns.pieces.as_ref().unwrap().of(b"/user/1/page-7/").collect::<Vec<_>>(), [7]);
    assert_eq!(patterns.find(b"/user/1/page-7/"), Some("/user/*/page-7/"));
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
