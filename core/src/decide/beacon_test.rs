use super::{super::scenario::Scenario, RULE};
use crate::Reason;

fn ask(config: &str, has_beacon: bool, headers: &[(&str, &str)]) -> Result<(), Reason> {
    Scenario { config, has_beacon, response: Some((200, headers)), ..Scenario::default() }.ask(&RULE).0
}

const ON: &str = "beacon.path = '/t/'";

#[test]
fn without_a_beacon_the_server_counts_all() {
    assert_eq!(ask("", false, &[("cache-control", "public")]), Ok(()));
    assert_eq!(ask("", true, &[]), Ok(()));
}

#[test]
fn what_caches_may_share_is_the_beacons() {
    for headers in [
        [("cache-control", "public")],
        [("cache-control", "max-age=1")],
        [("expires", "Wed, 22 Jul 2026 10:00:01 GMT")],
        [("surrogate-control", "max-age=60")],
    ] {
        assert_eq!(ask(ON, false, &headers), Err(Reason::Beacon), "{headers:?}");
    }
    for headers in [
        [("cache-control", "private, max-age=60")],
        [("cache-control", "no-store")],
        [("cache-control", "max-age=0")],
        [("expires", "Wed, 22 Jul 2026 10:00:00 GMT")],
    ] {
        assert_eq!(ask(ON, false, &headers), Ok(()), "{headers:?}");
    }
}

#[test]
fn a_page_with_the_script_is_the_beacons_whatever_its_headers() {
    assert_eq!(ask(ON, true, &[("cache-control", "no-store")]), Err(Reason::Beacon));
    assert_eq!(ask(ON, true, &[]), Err(Reason::Beacon));
}

#[test]
fn nothing_is_said_before_the_response() {
    assert_eq!(Scenario { config: ON, ..Scenario::default() }.ask(&RULE).0, Ok(()));
}

#[test]
fn what_it_saw() {
    let view = |config, has_beacon, headers: &[(&str, &str)]| {
        Scenario { config, has_beacon, response: Some((200, headers)), ..Scenario::default() }.ask(&RULE).1
    };
    assert_eq!(view("", true, &[]), "no `beacon.path`");
    assert_eq!(view(ON, true, &[]), "the page has the beacon, which counts it");
    let shared = "a shared cache may keep the page, so the beacon counts it";
    assert_eq!(view(ON, false, &[("cache-control", "public")]), shared);
    assert_eq!(view(ON, false, &[]), "no shared cache may keep the page");
}
