use super::{super::answer as answered, Answer, banner};
use crate::{Config, Moment, Reason, Request, visitor::Notice};

const ON: &str = "consent = { policy = 'opt-in', path = '/consent/' }\n";

type Pairs<'a> = &'a [(&'a str, &'a str)];

/// A form on a page of the site's own.
const FORM: Pairs<'_> = &[
    ("host", "www.example.com"),
    ("sec-fetch-site", "same-origin"),
    ("sec-fetch-mode", "navigate"),
    ("referer", "https://www.example.com/news/?page=2#top"),
];

fn ask(toml: &str, method: &str, target: &str, headers: Pairs<'_>) -> Option<Answer> {
    let config = Config::builder().toml(toml).build().unwrap();
    let request = Request::new(method, target, &headers).with_secure(true);
    let draw = || -> (Moment, _) { panic!("nothing is counted") };
    answered(&config, &request, draw, &mut |hit| panic!("{hit:?}"))
}

fn post(target: &str, headers: Pairs<'_>) -> Answer {
    ask(ON, "POST", target, headers).unwrap()
}

fn all<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    answer.headers().filter(|(of, _)| *of == name).map(|(_, value)| value).collect()
}

const GRANTED: &str = "trackside_consent=granted; SameSite=Lax; Secure; Path=/; Max-Age=31536000";
const DENIED: &str = "trackside_consent=denied; SameSite=Lax; Secure; Path=/; Max-Age=31536000";
const DELETED: &str = "trackside=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0";

#[test]
fn a_form_grants_and_leads_back() {
    let answer = post("/consent/grant", FORM);
    assert_eq!((answer.status(), answer.reason()), (303, Some(Reason::Endpoint)));
    assert_eq!(all(&answer, "Set-Cookie"), [GRANTED]);
    assert_eq!(all(&answer, "Location"), ["/news/?page=2"]);
    assert_eq!(all(&answer, "Cache-Control"), ["private, no-store"]);
    assert!(answer.content().is_empty());
}

#[test]
fn ads_are_granted_where_the_form_says_so() {
    let cookies = |target| all(&post(target, FORM), "Set-Cookie").join("; ");
    assert!(cookies("/consent/grant?ads=1").starts_with("trackside_consent=granted.ads; "));
    for target in
        ["/consent/grant?ads=0", "/consent/grant?ads=11", "/consent/grant?xads=1", "/consent/grant?"]
    {
        assert_eq!(cookies(target), GRANTED, "{target}");
    }
}

#[test]
fn withdrawal_deletes_the_cookie_and_keeps_the_answer() {
    let answer = post("/consent/withdraw", FORM);
    assert_eq!(answer.status(), 303);
    assert_eq!(all(&answer, "Set-Cookie"), [DELETED, DENIED]);
}

#[test]
fn a_script_and_a_page_without_a_referrer_stay_where_they_are() {
    let host = ("host", "www.example.com");
    let own = ("sec-fetch-site", "same-origin");
    for headers in [
        &[host, own, ("sec-fetch-mode", "cors"), ("referer", "https://www.example.com/")][..],
        &[host, own, ("sec-fetch-mode", "same-origin"), ("referer", "https://www.example.com/")],
        &[host, own, ("sec-fetch-mode", "navigate")],
        &[host, ("origin", "https://www.example.com")],
    ] {
        let answer = post("/consent/grant", headers);
        assert_eq!((answer.status(), all(&answer, "Location")), (204, vec![]), "{headers:?}");
        assert_eq!(all(&answer, "Set-Cookie"), [GRANTED]);
    }
}

#[test]
fn nobody_is_led_to_another_site() {
    for referer in [
        "https://evil.example/",
        "https://www.example.com//evil.example/",
        "https://www.example.com/\\evil.example/",
        "https://www.example.com.evil.example/",
        "https://www.example.com@evil.example/",
        "//evil.example/",
        "/news/",
        "javascript:alert(1)",
        "https://www.example.com",
        "https://www.example.com?x",
        "https://www.example.com/a b",
        "https://www.example.com/\u{e4}",
        "",
    ] {
        let headers = [FORM[0], FORM[1], FORM[2], ("referer", referer)];
        let answer = post("/consent/grant", &headers);
        let location = all(&answer, "Location").join(" ");
        let harmless = location.is_empty() || location == "/";
        assert!(harmless, "{referer}: {location}");
        assert_eq!(answer.status(), if location.is_empty() { 204 } else { 303 }, "{referer}");
    }
    let long = format!("https://www.example.com/{}", "a".repeat(2_048));
    let headers = [FORM[0], FORM[1], FORM[2], ("referer", long.as_str())];
    assert_eq!(post("/consent/grant", &headers).status(), 204);
    // A name is a name in any case, and the port does not matter.
    let headers = [FORM[0], FORM[1], FORM[2], ("referer", "http://WWW.example.com:8080/x?y=//z")];
    assert_eq!(all(&post("/consent/grant", &headers), "Location"), ["/x?y=//z"]);
}

#[test]
fn only_pages_of_the_site_itself_may_send_it() {
    let host = ("host", "www.example.com");
    for headers in [
        &[host, ("sec-fetch-site", "cross-site"), ("origin", "https://www.example.com")][..],
        &[host, ("sec-fetch-site", "same-site")],
        &[host, ("sec-fetch-site", "none")],
        &[host, ("origin", "https://evil.example")],
        &[host, ("origin", "null"), ("referer", "https://www.example.com/")],
        // What is written otherwise is another host, however browsers show it.
        &[("host", "xn--mnchen-3ya.example"), ("origin", "https://m\u{fc}nchen.example")],
        &[("host", "m\u{fc}nchen.example"), ("origin", "https://m\u{fc}nchen.example")],
        &[("host", "xn--mnchen-3ya.example"), ("origin", "https://munchen.example")],
        &[host],
        &[],
    ] {
        for target in ["/consent/grant", "/consent/withdraw"] {
            let answer = post(target, headers);
            assert_eq!((answer.status(), answer.reason()), (403, Some(Reason::CrossOrigin)), "{headers:?}");
            assert_eq!(all(&answer, "Set-Cookie").len(), 0);
        }
    }
}

#[test]
fn who_says_two_things_is_nobody() {
    let host = ("host", "www.example.com");
    let (own, foreign) = ("https://www.example.com", "https://evil.example");
    let (page, foreign_page) = ("https://www.example.com/a", "https://evil.example/a");
    let status = |headers: Pairs<'_>| post("/consent/grant", headers).status();
    for headers in [
        &[host, ("sec-fetch-site", "same-origin"), ("Sec-Fetch-Site", "cross-site")][..],
        &[host, ("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-origin")],
        &[host, ("sec-fetch-site", "same-origin"), ("sec-fetch-site", "")],
        &[host, ("sec-fetch-site", "same-origin, cross-site")],
        &[host, ("origin", own), ("origin", foreign)],
        &[host, ("origin", foreign), ("origin", own)],
        &[host, ("origin", own), ("origin", own), ("origin", foreign)],
        &[host, ("origin", own), ("origin", "null"), ("referer", page)],
        &[host, ("referer", page), ("referer", foreign_page)],
        &[host, ("host", "evil.example"), ("origin", own)],
        &[("host", "evil.example"), host, ("origin", foreign)],
        // Two names of one host are two things, too.
        &[host, ("host", "www.example.com:443"), ("origin", own)],
    ] {
        assert_eq!(status(headers), 403, "{headers:?}");
    }
    // Said twice it is the same.
    for headers in [
        &[host, ("sec-fetch-site", "same-origin"), ("sec-fetch-site", " same-origin ")][..],
        &[host, host, ("origin", own), ("Origin", own)],
        &[host, ("referer", page), ("referer", page)],
        // Nobody asks what the rest of them say.
        &[host, ("sec-fetch-site", "same-origin"), ("origin", own), ("origin", foreign)],
        &[host, ("origin", own), ("referer", page), ("referer", foreign_page)],
    ] {
        assert!(matches!(status(headers), 204 | 303), "{headers:?}");
    }
}

#[test]
fn other_methods_are_refused() {
    for method in ["GET", "HEAD", "PUT", "OPTIONS", "post"] {
        let answer = ask(ON, method, "/consent/withdraw", FORM).unwrap();
        assert_eq!((answer.status(), all(&answer, "Allow")), (405, vec!["POST"]));
        assert_eq!(all(&answer, "Set-Cookie").len(), 0);
    }
}

#[test]
fn all_else_is_the_hosts() {
    for target in ["/consent/", "/consent", "/consent/grants", "/consent/grant/", "/Consent/grant", "/"] {
        assert!(ask(ON, "POST", target, FORM).is_none(), "{target}");
    }
    assert!(ask("consent.policy = 'opt-in'", "POST", "/consent/grant", FORM).is_none());
}

#[test]
fn it_shares_a_path_with_the_beacon() {
    let both = "consent = { policy = 'opt-in', path = '/t/' }\nbeacon.path = '/t/'";
    assert_eq!(ask(both, "POST", "/t/withdraw", FORM).unwrap().status(), 303);
    assert_eq!(ask(both, "GET", "/t/s.js", FORM).unwrap().status(), 200);
}

#[test]
fn a_dry_run_takes_back_and_gives_nothing() {
    for mode in ["dry-run", "off"] {
        let toml = format!("mode = '{mode}'\n{ON}");
        let cookies = |target| {
            let answer = ask(&toml, "POST", target, FORM).unwrap();
            assert_eq!(answer.status(), 303);
            all(&answer, "Set-Cookie").len()
        };
        assert_eq!((cookies("/consent/grant"), cookies("/consent/withdraw")), (0, 2), "{mode}");
    }
}

#[test]
fn the_banner_asks_without_a_script_and_nothing_breaks_out_of_it() {
    let toml =
        "[consent]\npolicy = 'opt-in'\npath = '/consent/'\nallow = '<b>\"Yes\"'\nrefuse = \"No & 'no'\"";
    let config = Config::builder().toml(toml).build().unwrap();
    let html = banner(&config, &Notice::new("<script> {site}?", "a.example")).unwrap();
    let expected = "<section class=\"trackside-consent\" role=\"region\" aria-labelledby=\"trackside-consent-text\">\
         <p id=\"trackside-consent-text\">&lt;script&gt; a.example?</p>\
         <form method=\"post\" action=\"/consent/withdraw\">\
         <button type=\"submit\" formaction=\"/consent/grant\">&lt;b&gt;&quot;Yes&quot;</button> \
         <button type=\"submit\" formaction=\"/consent/withdraw\">No &amp; &#39;no&#39;</button></form></section>";
    assert_eq!(html, expected);
    let without = Config::builder().toml("consent.policy = 'opt-in'").build().unwrap();
    assert_eq!(banner(&without, &Notice::new("x", "y")), None);
}
