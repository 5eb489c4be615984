use super::{Answer, answer, beacon, prefixes};
use crate::{Config, Hit, Moment, Reason, Request};

const ON: &str = "consent.policy = 'none'\nbeacon.path = '/t/'\n";

type Pairs<'a> = &'a [(&'a str, &'a str)];

/// A page of the site's own.
const OWN: Pairs<'_> = &[("host", "www.example.com"), ("sec-fetch-site", "same-origin")];

fn ask(toml: &str, method: &str, target: &str, headers: Pairs<'_>) -> Option<(Answer, Vec<Hit>)> {
    let config = Config::builder().toml(toml).build().unwrap();
    let mut hits = Vec::new();
    let request = Request::new(method, target, &headers);
    let draw = || (Moment::new(1_784_714_400_000_000, [7; 64]), None);
    let answer = answer(&config, &request, draw, &mut |hit| hits.push(hit))?;
    Some((answer, hits))
}

fn report(target: &str, headers: Pairs<'_>) -> (Answer, Vec<Hit>) {
    ask(ON, "POST", target, headers).unwrap()
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers().find(|(of, _)| *of == name).map(|(_, value)| value)
}

#[test]
fn the_script_fits_into_a_kilobyte_and_is_plain() {
    assert!(beacon::SCRIPT.len() <= 1_024, "{} bytes", beacon::SCRIPT.len());
    assert!(beacon::SCRIPT.is_ascii());
    for kept in ["localStorage", "sessionStorage", "indexedDB", "cookie"] {
        assert!(!beacon::SCRIPT.contains(kept), "{kept}");
    }
    let (answer, hits) = ask(ON, "GET", "/t/s.js?v=1", &[]).unwrap();
    assert_eq!((answer.status(), answer.reason()), (200, Some(Reason::Endpoint)));
    assert_eq!(answer.content(), beacon::SCRIPT.as_bytes());
    assert_eq!(header(&answer, "Cache-Control"), Some("public, max-age=86400"));
    assert_eq!(header(&answer, "Content-Type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(header(&answer, "Set-Cookie"), None);
    assert!(hits.is_empty());
    assert!(ask(ON, "HEAD", "/t/s.js", &[]).unwrap().0.content().is_empty());
}

#[test]
fn all_else_is_the_hosts() {
    for target in ["/", "/t", "/t/x", "/t/s.js/", "/T/", "/x/t/", "*", ""] {
        assert!(ask(ON, "GET", target, OWN).is_none(), "{target}");
    }
    assert!(ask("consent.policy = 'none'", "POST", "/t/?p=/", OWN).is_none());
}

#[test]
fn prefixes_are_those_that_are_answered() {
    let of = |toml: &str| {
        let config = Config::builder().toml(toml).build().unwrap();
        prefixes(&config).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(of(ON), ["/t/"]);
    assert!(of("consent.policy = 'none'").is_empty());
}

#[test]
fn a_report_is_a_view_of_its_page() {
    let target =
        "/t/?p=%2Fnews%2F%3Futm_source%3Dmail%26id%3D7&r=https%3A%2F%2Fexample.org%2Fa%3Fb&t=N%C3%A9ws&s=200";
    let headers = [OWN, &[("sec-fetch-dest", "empty"), ("accept", "*/*"), ("referer", "https://x.example/")]];
    let (answer, hits) = report(target, &headers.concat());
    assert_eq!((answer.status(), answer.reason()), (204, None));
    assert!(answer.content().is_empty());
    assert_eq!(header(&answer, "Cache-Control"), Some("private, no-store"));
    assert!(header(&answer, "Set-Cookie").unwrap().starts_with("trackside=07070707-"));
    let [hit] = &hits[..] else { panic!("{hits:?}") };
    assert_eq!((hit.path(), hit.query()), (&b"/news/"[..], &b"utm_source=mail"[..]));
    assert_eq!((hit.referrer(), hit.title()), (&b"https://example.org/a"[..], "Néws"));
    assert_eq!((hit.method(), hit.status()), (&b"GET"[..], 200));
}

#[test]
fn the_pixel_is_43_bytes_and_tells_its_page_by_its_referrer() {
    let headers = [OWN, &[("referer", "https://www.example.com/a?b=1&gclid=2#c")]].concat();
    let (answer, hits) = ask(ON, "GET", "/t/", &headers).unwrap();
    assert_eq!((answer.status(), answer.content().len()), (200, 43));
    assert!(answer.content().starts_with(b"GIF89a"));
    assert_eq!(header(&answer, "Content-Type"), Some("image/gif"));
    assert_eq!(header(&answer, "Cache-Control"), Some("private, no-store"));
    assert_eq!(
        (hits[0].path(), hits[0].query(), hits[0].referrer()),
        (&b"/a"[..], &b"gclid=2"[..], &b""[..])
    );
}

#[test]
fn other_sites_are_refused() {
    let from = |headers: Pairs<'_>| {
        let headers = [&[("host", "www.example.com:8080")], headers].concat();
        let (answer, hits) = report("/t/?p=/", &headers);
        assert_eq!(hits.is_empty(), answer.reason().is_some());
        assert_eq!(header(&answer, "Set-Cookie").is_none(), answer.reason().is_some());
        (answer.status(), answer.reason())
    };
    let (refused, taken) = ((403, Some(Reason::CrossOrigin)), (204, None));
    for headers in [
        &[][..],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "")],
        &[("sec-fetch-site", "cross-site"), ("origin", "https://www.example.com")],
        &[("origin", "null")],
        &[("origin", "https://evil.example")],
        &[("origin", "https://www.example.com.evil.example")],
        &[("origin", "https://www.example.com@evil.example")],
        &[("origin", "www.example.com")],
        &[("origin", "https://evil.example"), ("referer", "https://www.example.com/")],
        &[("referer", "https://evil.example/?www.example.com")],
        &[("referer", "about:blank")],
    ] {
        assert_eq!(from(headers), refused, "{headers:?}");
    }
    for headers in [
        &[("sec-fetch-site", "same-origin")][..],
        &[("sec-fetch-site", "same-origin"), ("origin", "null")],
        &[("origin", "https://WWW.example.com:8443")],
        &[("referer", "http://www.example.com/a")],
    ] {
        assert_eq!(from(headers), taken, "{headers:?}");
    }
}

#[test]
fn what_is_no_page_is_refused() {
    for target in [
        "/t/",
        "/t/?p=",
        "/t/?p=a",
        "/t/?p=https://www.example.com/",
        "/t/?p=/%0a",
        "/t/?p=/%00",
        "/t/?p=%7f",
    ] {
        let (answer, hits) = report(target, OWN);
        assert_eq!((answer.status(), answer.reason()), (400, Some(Reason::Endpoint)), "{target}");
        assert!(hits.is_empty() && header(&answer, "Set-Cookie").is_none());
    }
    let foreign = [OWN, &[("referer", "about:blank")]].concat();
    assert_eq!(report("/t/", &foreign).0.status(), 400);
}

#[test]
fn hostile_parameters_do_no_harm() {
    let (answer, hits) = report("/t/?p=/%ff%22%3E&r=javascript:alert(1)&t=a%0d%0ab%ff&s=9999", OWN);
    assert_eq!(answer.reason(), None);
    assert_eq!((hits[0].path(), hits[0].referrer()), (&b"/\xff\">"[..], &b""[..]));
    assert_eq!((hits[0].title(), hits[0].status()), ("ab\u{fffd}", 200));
    let long = format!("/t/?p=/{0}&r=https://e.example/{0}&t={0}", "x".repeat(100_000));
    let (_, hits) = report(&long, OWN);
    assert_eq!(
        (hits[0].path().len(), hits[0].referrer().len(), hits[0].title().len()),
        (2_048, 2_048, 1_500)
    );
}

#[test]
fn the_rules_hold_for_the_page() {
    let reason = |toml: &str, target: &str, more: Pairs<'_>| {
        let (answer, hits) = ask(&format!("{ON}{toml}"), "POST", target, &[OWN, more].concat()).unwrap();
        assert_eq!(answer.status(), 204);
        assert_eq!(hits.is_empty(), answer.reason().is_some());
        answer.reason()
    };
    assert_eq!(reason("track.ignore = ['/t/']", "/t/?p=/a", &[]), None);
    assert_eq!(reason("track.ignore = ['/a']", "/t/?p=/a", &[]), Some(Reason::Ignored));
    assert_eq!(reason("track.only = ['/b']", "/t/?p=/a", &[]), Some(Reason::NotOnly));
    assert_eq!(reason("site = ['a.example']", "/t/?p=/a", &[]), Some(Reason::UnknownSite));
    assert_eq!(reason("", "/t/?p=/a", &[("sec-purpose", "prefetch")]), Some(Reason::Prefetch));
    assert_eq!(reason("", "/t/?p=/a&s=404", &[]), Some(Reason::Status));
    assert_eq!(reason("mode = 'off'", "/t/?p=/a", &[]), Some(Reason::Off));
}

#[test]
fn off_and_dry_run_answer_all_the_same() {
    let (script, _) = ask(&format!("{ON}mode = 'off'"), "GET", "/t/s.js", &[]).unwrap();
    assert_eq!((script.status(), script.reason()), (200, Some(Reason::Off)));
    let (answer, hits) = ask(&format!("{ON}mode = 'dry-run'"), "POST", "/t/?p=/", OWN).unwrap();
    assert_eq!((answer.status(), answer.reason()), (204, None));
    assert!(hits.is_empty() && header(&answer, "Set-Cookie").is_none());
}

#[test]
fn other_methods_are_told_which_there_are() {
    let allow = |method, target| {
        let (answer, _) = ask(ON, method, target, OWN).unwrap();
        (answer.status(), header(&answer, "Allow").map(str::to_owned))
    };
    assert_eq!(allow("PUT", "/t/"), (405, Some("GET, POST".to_owned())));
    assert_eq!(allow("HEAD", "/t/"), (405, Some("GET, POST".to_owned())));
    assert_eq!(allow("POST", "/t/s.js"), (405, Some("GET, HEAD".to_owned())));
}

#[test]
fn a_known_visitor_stays_itself() {
    let cookie = "trackside=01234567-89ab-4def-8123-456789abcdef.1784710000.1784714000.1784714390";
    let (answer, hits) = report("/t/?p=/", &[OWN, &[("cookie", cookie)]].concat());
    assert_eq!(header(&answer, "Set-Cookie"), None);
    assert_eq!(hits[0].visitor().unwrap().to_string(), "01234567-89ab-4def-8123-456789abcdef");
}

#[test]
fn who_cannot_be_told_gets_no_cookie() {
    let notice = ON.replace("none", "notice");
    let told = |method, target| {
        let (answer, hits) = ask(&notice, method, target, OWN).unwrap();
        let has_cookie = header(&answer, "Set-Cookie").is_some();
        assert_eq!(has_cookie, hits[0].visitor().is_some());
        (answer.status(), String::from_utf8_lossy(answer.content()).into_owned(), has_cookie)
    };
    let text = "www.example.com uses a cookie to count visits.".to_owned();
    assert_eq!(told("POST", "/t/?p=/&n=1"), (200, text, true));
    assert_eq!(told("POST", "/t/?p=/"), (204, String::new(), false));
    assert!(!told("GET", "/t/?p=/").2);
}

#[test]
fn as_http_it_is_the_same() {
    let (answer, _) = report("/t/?p=/", OWN);
    let response: http::Response<Vec<u8>> = answer.clone().into_response();
    assert_eq!(response.status(), 204);
    assert_eq!(response.headers().len(), answer.headers().count());
    assert!(response.body().is_empty());
}
