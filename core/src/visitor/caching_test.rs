use super::Caching;

/// 1994-11-06T08:49:37Z.
const NOW: u64 = 784_111_777;
const EARLIER: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
const LATER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

fn caching(headers: &[(&str, &str)]) -> Caching {
    Caching::of(&headers, NOW)
}

#[test]
fn cache_control() {
    for (value, expected) in [
        ("public", Caching::Shared),
        ("PUBLIC, max-age=0", Caching::Shared),
        ("s-maxage=0", Caching::Shared),
        ("max-age=60", Caching::Shared),
        ("max-age=\"60\"", Caching::Shared),
        ("no-cache, max-age=1", Caching::Shared),
        ("private=\"x, y\", max-age=60", Caching::Shared),
        ("private, max-age=60", Caching::Private),
        ("public, no-store", Caching::Private),
        ("s-maxage=60, private", Caching::Private),
        ("no-cache", Caching::Unsaid),
        ("max-age=0, must-revalidate", Caching::Unsaid),
        ("max-age=-1", Caching::Unsaid),
        ("max-age", Caching::Unsaid),
        ("x=\"public, max-age=9\"", Caching::Unsaid),
        // A quote behind a backslash ends no text; behind two it does.
        (r#"x="\", public""#, Caching::Unsaid),
        (r#"x="\\", public"#, Caching::Shared),
        ("", Caching::Unsaid),
    ] {
        assert_eq!(caching(&[("cache-control", value)]), expected, "{value}");
    }
}

#[test]
fn several_lines_are_one_list() {
    assert_eq!(caching(&[("cache-control", "max-age=60"), ("Cache-Control", "private")]), Caching::Private);
    assert_eq!(caching(&[("cache-control", "max-age=0"), ("Cache-Control", "max-age=1")]), Caching::Shared);
}

#[test]
fn expires() {
    assert_eq!(caching(&[("expires", LATER)]), Caching::Shared);
    assert_eq!(caching(&[("expires", EARLIER)]), Caching::Unsaid);
    assert_eq!(caching(&[("expires", "0")]), Caching::Unsaid);
    assert_eq!(caching(&[("expires", LATER), ("date", LATER)]), Caching::Unsaid);
    assert_eq!(caching(&[("expires", LATER), ("cache-control", "private")]), Caching::Private);
}

#[test]
fn caches_that_are_spoken_to_by_name_are_judged_alone() {
    for name in ["surrogate-control", "cdn-cache-control"] {
        let with = |value| caching(&[("cache-control", "private"), (name, value)]);
        assert_eq!(with("max-age=60"), Caching::Shared, "{name}");
        assert_eq!(with("max-age=60+30"), Caching::Shared, "{name}");
        assert_eq!(with("max-age=60, private"), Caching::Private, "{name}");
        assert_eq!(with("no-store, max-age=60"), Caching::Private, "{name}");
        assert_eq!(with("max-age=0"), Caching::Private, "{name}");
    }
}
