use uuid::uuid;

use super::*;
use crate::{
    config::IpPolicy,
    hit::Kind,
    visitor::{Cookieless, consent::Choice},
};

/// 2026-07-22T10:00:00Z, in seconds.
const NOW: u64 = 1_784_714_400;

const KNOWN: Uuid = uuid!("5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11");

/// What a moment makes of sixteen sevens (RFC 9562 §5.4), and of its time with ten of them (§5.7):
/// 0x19f894494e7 milliseconds.
const NEW: Uuid = uuid!("07070707-0707-4707-8707-070707070707");
const PAGE: Uuid = uuid!("019f8944-94e7-7707-8707-070707070707");

const HTML: [(&str, &str); 1] = [("content-type", "text/html")];

fn config(toml: &str) -> Config {
    Config::builder().toml(&format!("consent.policy = 'notice'\n{toml}")).build().unwrap()
}

fn moment() -> Moment {
    Moment::new(NOW * 1_000_000 + 999_999, [7; 64])
}

/// A visitor who came an hour ago and was last seen `silence` seconds ago.
fn cookie(silence: u64) -> String {
    format!("trackside={KNOWN}.{}.{}.{}", NOW - 3_600, NOW - 1_000, NOW - silence)
}

fn asked(cookie: &str) -> [(&str, &str); 4] {
    [("host", "Www.Example.com"), ("accept", "text/html"), ("accept-language", "en"), ("cookie", cookie)]
}

#[test]
fn an_exchange_tells_what_is_known_when_the_request_has_come() {
    let config = config("");
    let begun =
        |method, cookie: &str| begin(&config, &Request::new(method, "/", &asked(cookie)), moment(), None);

    let new = begun("GET", "");
    assert_eq!((new.visitor_id(), new.is_new(), new.is_notice_due()), (Some(NEW), true, true));
    assert_eq!(new.skipped(), None);

    let known = begun("GET", &cookie(10));
    assert_eq!((known.visitor_id(), known.is_new(), known.is_notice_due()), (Some(KNOWN), false, false));

    let skipped = begun("POST", "");
    assert_eq!((skipped.visitor_id(), skipped.is_new()), (None, false));
    assert_eq!((skipped.skipped(), skipped.is_notice_due()), (Some(Reason::Method), false));

    // A cookie is read everywhere.
    let skipped = begun("POST", &cookie(10));
    assert_eq!((skipped.visitor_id(), skipped.skipped()), (Some(KNOWN), Some(Reason::Method)));
}

#[test]
fn what_is_printed_of_an_exchange_names_nobody() {
    let config = config("privacy.ip = 'full'");
    let cookie = cookie(10);
    let headers = [&asked(&cookie)[..], &[("user-agent", "Firefox/128.0")]].concat();
    let request = Request::new("POST", "/", &headers).with_peer("203.0.113.9".parse().ok());
    let exchange = begin(&config, &request, moment(), None);
    let visitor = visitor(&config, &exchange, &request);
    let annotations = Annotations::new().title("Cart").user_id("u-42").property("plan", "pro");
    let printed = [format!("{exchange:?}"), format!("{visitor:?}"), format!("{annotations:?}")];
    for text in &printed {
        for person in [&*KNOWN.to_string(), "203.0.113.9", "Firefox", "u-42"] {
            assert!(!text.contains(person), "{text}");
        }
    }
    let [exchange, visitor, annotations] = printed;
    assert_eq!(exchange, "Exchange { skipped: Some(Method), .. }");
    assert_eq!(visitor, "Visitor { is_new: false, is_recorded: true, .. }");
    assert!(annotations.contains("Cart") && annotations.contains("***"), "{annotations}");
}

#[test]
fn the_notice_names_the_site() {
    let config = config("consent.notice = '<{site}>'");
    let notice = |cookie: &str| {
        let headers = asked(cookie);
        let request = Request::new("GET", "/", &headers);
        super::notice(&config, &begin(&config, &request, moment(), None), &request)
    };
    assert_eq!(notice("").unwrap().text(), "<www.example.com>");
    assert_eq!(notice(&cookie(10)), None);
}

/// The verdict on a GET that is answered with `status`, and the hits.
fn judged(
    config: &Config,
    cookie: &str,
    target: &str,
    status: u16,
    annotations: &Annotations<'_>,
) -> (Verdict, Vec<Hit>) {
    let headers = asked(cookie);
    let request = Request::new("GET", target, &headers).with_peer(Some([203, 0, 113, 9].into()));
    let exchange = begin(config, &request, moment(), None);
    let mut hits = Vec::new();
    let response = Response::new(status, &HTML);
    let verdict = finish(config, exchange, &request, &response, annotations, &mut |hit| hits.push(hit));
    (verdict, hits)
}

#[test]
fn a_verdict_says_why_and_what_to_append() {
    let config = config("");
    let (tracked, hits) = judged(&config, "", "/", 200, &Annotations::new());
    assert_eq!((tracked.is_tracked(), tracked.reason()), (true, None));
    assert_eq!(tracked.to_string(), "tracked");
    let set_cookie = format!(
        "trackside={NEW}.{NOW}.{NOW}.{NOW}; HttpOnly; SameSite=Lax; Path=/; Max-Age={}",
        365 * 86_400
    );
    let headers: Vec<_> = tracked.headers().collect();
    assert!(tracked.has_headers());
    assert_eq!(headers, [("Set-Cookie", set_cookie.as_str()), ("Cache-Control", "private")]);
    assert_eq!((hits.len(), hits[0].id(), hits[0].visitor()), (1, PAGE, Some(NEW)));

    let (skipped, hits) = judged(&config, "", "/", 404, &Annotations::new());
    assert_eq!((skipped.is_tracked(), skipped.reason()), (false, Some(Reason::Status)));
    assert_eq!(skipped.to_string(), "skipped(status)");
    assert_eq!((skipped.has_headers(), skipped.headers().count(), hits.len()), (false, 0, 0));
    assert_eq!(Verdict::skip(Reason::Status), skipped);
}

#[test]
fn a_cookie_that_is_new_enough_stays() {
    let config = config("");
    let headers =
        |silence| judged(&config, &cookie(silence), "/", 200, &Annotations::new()).0.headers().count();
    // Every 180 seconds.
    assert_eq!(headers(180), 0);
    assert_eq!(headers(181), 2);
}

#[test]
fn events_are_held_back_by_some_rules_only() {
    let held = |toml: &str, target: &str, status: u16| {
        let (verdict, hits) =
            judged(&config(toml), "", target, status, &Annotations::new().event(Event::new("x")));
        let kinds: Vec<_> = hits.iter().map(Hit::kind).collect();
        (verdict.reason(), kinds)
    };
    let sent = vec![Kind::Event];
    assert_eq!(held("", "/", 200), (None, vec![Kind::Page, Kind::Event]));
    assert_eq!(held("track.methods = ['POST']", "/", 200), (Some(Reason::Method), sent.clone()));
    assert_eq!(held("", "/", 404), (Some(Reason::Status), sent.clone()));
    assert_eq!(held("track.status = ['101']", "/", 101), (Some(Reason::Upgrade), sent.clone()));
    assert_eq!(held("track.content_types = ['a/b']", "/", 200), (Some(Reason::ContentType), sent));
    assert_eq!(held("site = ['a.example']", "/", 200), (Some(Reason::UnknownSite), vec![]));
    assert_eq!(held("track.ignore = ['/']", "/", 200), (Some(Reason::Ignored), vec![]));
    assert_eq!(held("track.only = ['/a']", "/", 200), (Some(Reason::NotOnly), vec![]));
    assert_eq!(held("mode = 'off'", "/", 200), (Some(Reason::Off), vec![]));
    assert_eq!(held("mode = 'dry-run'", "/", 200), (None, vec![]));
}

#[test]
fn at_most_64_events_are_taken_each_with_an_id_of_its_own() {
    let annotations =
        (0..70).fold(Annotations::new().title("t"), |all, n| all.event(Event::new(n.to_string())));
    let (_, hits) = judged(&config(""), "", "/", 200, &annotations);
    assert_eq!(hits.len(), 1 + 64);
    assert_eq!((hits[0].title(), hits[1].title()), ("t", ""));
    assert_eq!(hits[1].id(), PAGE);
    assert_eq!(hits[64].id(), uuid!("019f8944-94e7-7707-8707-070707070746"));
    assert_eq!(hits[64].name(), "63");
}

#[test]
fn ids_wrap_within_their_random_bits() {
    let first = uuid!("019f8941-6900-7fff-bfff-fffffffffffe");
    assert_eq!(nth_id(first, 1), uuid!("019f8941-6900-7fff-bfff-ffffffffffff"));
    assert_eq!(nth_id(first, 2), uuid!("019f8941-6900-7fff-8000-000000000000"));
    assert_eq!(nth_id(Uuid::max(), 2), uuid!("ffffffff-ffff-ffff-c000-000000000001"));
}

/// What an exchange's visitor makes of an event that is raised an hour later.
fn later(config: &Config, method: &str, cookie: &str) -> (Visitor, Vec<Hit>) {
    let headers = asked(cookie);
    let request =
        Request::new(method, "/a?b", &headers).with_peer(Some([203, 0, 113, 9].into())).with_secure(true);
    let visitor = super::visitor(config, &begin(config, &request, moment(), None), &request);
    let mut hits = Vec::new();
    let add = Event::new("add").value(2.0);
    event(config, &visitor, &add, &Moment::new((NOW + 3_600) * 1_000_000, [9; 64]), &mut |hit| {
        hits.push(hit)
    });
    (visitor, hits)
}

#[test]
fn an_event_outside_an_exchange_has_its_visitor_and_no_page() {
    let (visitor, hits) = later(&config(""), "GET", &cookie(10));
    assert_eq!((visitor.id(), visitor.is_new(), visitor.session()), (Some(KNOWN), false, Some(NOW - 1_000)));
    let [hit] = &hits[..] else { panic!("{hits:?}") };
    // 0x19f897b7f80 milliseconds and ten nines.
    assert_eq!(hit.id(), uuid!("019f897b-7f80-7909-8909-090909090909"));
    assert_eq!((hit.kind(), hit.name(), hit.value()), (Kind::Event, "add", Some(2.0)));
    assert_eq!(hit.micros(), 1_784_718_000_000_000);
    assert_eq!((hit.visitor(), hit.session()), (Some(KNOWN), Some(NOW - 1_000)));
    assert_eq!((hit.is_new(), hit.first_visit()), (false, Some(NOW - 3_600)));
    assert_eq!((hit.site(), hit.is_secure(), hit.language()), ("www.example.com", true, "en"));
    assert_eq!(hit.ip().unwrap().to_string(), "203.0.113.0");
    assert_eq!((hit.path(), hit.method(), hit.status()), (&b""[..], &b""[..], 0));
}

#[test]
fn a_visitor_without_a_cookie_has_an_id_where_it_can_be_given_one() {
    let (visitor, hits) = later(&config(""), "GET", "");
    assert_eq!((visitor.id(), visitor.is_new(), visitor.session()), (Some(NEW), true, Some(NOW)));
    assert_eq!((hits[0].visitor(), hits[0].is_new()), (Some(NEW), true));
    // A POST sets no cookie.
    let (visitor, hits) = later(&config(""), "POST", "");
    assert_eq!((visitor.id(), visitor.is_new(), visitor.session()), (None, false, None));
    assert_eq!((hits[0].visitor(), hits[0].site()), (None, "www.example.com"));
    for toml in ["track.count = 'api'", "visitor.identity = 'none'"] {
        let nobody = Config::builder().toml(toml).build().unwrap();
        assert_eq!(later(&nobody, "GET", "").0.id(), None, "{toml}");
    }
}

#[test]
fn a_lapsed_session_is_begun_anew_where_the_cookie_can_say_so() {
    assert_eq!(later(&config(""), "GET", &cookie(1_980)).0.session(), Some(NOW - 1_980));
    assert_eq!(later(&config(""), "GET", &cookie(1_981)).0.session(), Some(NOW));
    assert_eq!(later(&config(""), "POST", &cookie(1_981)).0.session(), None);
}

#[test]
fn an_event_outside_an_exchange_has_the_place_that_was_told_of() {
    let config = config("proxy.trusted = ['10.0.0.0/8']\nprivacy.geo = 'city'\ngeo.cdn = 'cloudflare'");
    let headers =
        [("host", "a.example"), ("cf-ipcountry", "DE"), ("cf-region-code", "BE"), ("cf-ipcity", "Berlin")];
    let request = Request::new("GET", "/", &headers).with_peer(Some([10, 0, 0, 3].into()));
    let visitor = super::visitor(&config, &begin(&config, &request, moment(), None), &request);
    let mut hits = Vec::new();
    event(&config, &visitor, &Event::new("add"), &moment(), &mut |hit| hits.push(hit));
    assert_eq!((hits[0].country(), hits[0].region(), hits[0].city()), ("DE", "BE", "Berlin"));
}

const JOIN: &str = "[[destination]]\ntype = 'ga4'\nmeasurement_id = 'G-A1'\napi_secret = 's'\njoin = true";
const TAG: &str = "_ga=GA1.1.11.22; _ga_A1=GS1.1.33.1.1.9999999999.0";

#[test]
fn an_event_outside_an_exchange_is_of_whom_scripts_know() {
    let joined = config(JOIN);
    let (_, hits) = later(&joined, "GET", &format!("{}; {TAG}", cookie(10)));
    assert_eq!((hits[0].joined("_ga"), hits[0].joined("_ga_A1")), (Some("11.22"), Some("33")));
    // Beside what a proxy tells, and behind it.
    let both = config(&format!(
        "proxy.trusted = ['10.0.0.0/8']\nprivacy.geo = 'city'\ngeo.cdn = 'cloudflare'\n{JOIN}"
    ));
    let request = [("host", "a.example"), ("accept", "text/html"), ("cookie", TAG), ("cf-ipcountry", "PT")];
    let request = Request::new("GET", "/", &request).with_peer("10.0.0.1".parse().ok());
    let exchange = begin(&both, &request, moment(), None);
    let mut hits = Vec::new();
    event(&both, &visitor(&both, &exchange, &request), &Event::new("x"), &moment(), &mut |hit| {
        hits.push(hit)
    });
    let response = Response::new(200, &HTML);
    let mut emit = |hit| hits.push(hit);
    assert!(finish(&both, exchange, &request, &response, &Annotations::new(), &mut emit).is_tracked());
    assert_eq!(hits.len(), 2);
    for hit in hits {
        assert_eq!((hit.country(), hit.joined("_ga"), hit.visitor()), ("PT", Some("11.22"), Some(NEW)));
        assert_eq!(hit.site(), "a.example");
    }
}

#[test]
fn what_scripts_call_a_visitor_is_not_read_without_consent_nor_unasked() {
    let known = format!("{}; {TAG}", cookie(10));
    let has = |toml: &str, cookie: &str, before: Consent, after: Consent| {
        let config = config(toml);
        let headers = asked(cookie);
        let request = Request::new("GET", "/", &headers).with_consent(before);
        let mut exchange = begin(&config, &request, moment(), None);
        let is_read = exchange.arrival.is_some();
        exchange.set_consent(&config, after);
        let mut hits = Vec::new();
        let of = visitor(&config, &exchange, &request);
        event(&config, &of, &Event::new("x"), &moment(), &mut |hit| hits.push(hit));
        let response = Response::new(200, &HTML);
        let mut emit = |hit| hits.push(hit);
        assert!(finish(&config, exchange, &request, &response, &Annotations::new(), &mut emit).is_tracked());
        let joined: Vec<_> = hits.iter().map(|hit| hit.joined("_ga").is_some()).collect();
        assert!(joined.iter().all(|is| *is == joined[0]), "{joined:?}");
        (is_read, joined[0])
    };
    let (open, granted) = (Consent::default(), Consent::new(Choice::Granted, Choice::Unknown));
    let denied = Consent::new(Choice::Denied, Choice::Unknown);
    assert_eq!(has(JOIN, &known, open, open), (true, true));
    assert_eq!(has(JOIN, &known, open, denied), (true, false), "taken back");
    assert_eq!(has(JOIN, &known, denied, open), (false, false));
    assert_eq!(has(JOIN, &known, denied, granted), (false, false), "too late");
    assert_eq!(has(JOIN, &format!("{known}; trackside_consent=denied"), open, open), (false, false));
    assert_eq!(has("", &known, open, open), (false, false), "nobody asks");
    assert_eq!(has(&JOIN.replace("join = true", ""), &known, open, open), (false, false), "nobody asks");
    assert_eq!(has(JOIN, &cookie(10), open, open), (false, false), "there is nothing");
}

#[test]
fn an_event_is_made_once_for_each_policy() {
    let two = "[[destination]]\ntype = 'file'\npath = 'a'\nip = 'none'\n\
        [[destination]]\ntype = 'file'\nname = 'b'\npath = 'b'\nip = 'full'";
    let (_, hits) = later(&config(two), "GET", "");
    let made: Vec<_> = hits.iter().map(|hit| (hit.ip_policy(), hit.ip().map(|ip| ip.to_string()))).collect();
    assert_eq!(made, [(IpPolicy::None, None), (IpPolicy::Full, Some("203.0.113.9".to_owned()))]);
    assert_eq!(hits[0].id(), hits[1].id());
    for mode in ["off", "dry-run"] {
        assert_eq!(later(&config(&format!("mode = '{mode}'")), "GET", "").1, []);
    }
}

#[test]
fn a_visitor_is_described_for_a_person() {
    let described = |toml: &str, cookie: &str| {
        let headers = asked(cookie);
        let (config, request) = (config(toml), Request::new("GET", "/", &headers));
        let [visitor, _] =
            super::describe(&config, &begin(&config, &request, moment(), None), Some(&request));
        visitor
    };
    assert_eq!(described("mode = 'off'", ""), "none");
    assert_eq!(described("", ""), format!("new, would be {NEW}"));
    assert_eq!(
        described("", &cookie(10)),
        format!(
            "{KNOWN}, first visit 1784710800, session began 1784713400, last seen 1784714390 (seconds since \
             1970)"
        )
    );
}

#[test]
fn what_may_be_known_is_what_the_visitor_has_allowed() {
    let footing = |answer: &str| {
        let config = config("consent.denied = 'skip'");
        let headers = asked(answer);
        super::footing(&begin(&config, &Request::new("GET", "/", &headers), moment(), None))
    };
    assert_eq!(footing(""), Footing::Full);
    assert_eq!(footing("trackside_consent=denied"), Footing::Skip);
}

const KEY: DailyKey = DailyKey([5; 32]);

/// The verdict on a GET with these headers on which the host says `consent`, and the hits.
fn asked_for_consent(toml: &str, headers: &[(&str, &str)], said: Option<Consent>) -> (Verdict, Vec<Hit>) {
    let config = Config::builder().toml(toml).build().unwrap();
    let headers = [&[("host", "www.example.com")], headers].concat();
    let request = Request::new("GET", "/", &headers).with_peer(Some([203, 0, 113, 9].into()));
    let mut exchange = begin(&config, &request, moment(), Some(&KEY));
    if let Some(said) = said {
        exchange.set_consent(&config, said);
    }
    let mut hits = Vec::new();
    let annotations = Annotations::new().user_id("u-42").event(Event::new("x"));
    let response = Response::new(200, &HTML);
    let verdict = finish(&config, exchange, &request, &response, &annotations, &mut |hit| hits.push(hit));
    (verdict, hits)
}

#[test]
fn the_host_says_it_until_the_end() {
    let asked = "consent.policy = 'opt-in'\nconsent.before = 'skip'";
    let granted = Consent::new(Choice::Granted, Choice::Unknown);
    let denied = Consent::new(Choice::Denied, Choice::Unknown);

    let (verdict, hits) = asked_for_consent(asked, &[], None);
    assert_eq!((verdict.reason(), verdict.headers().count(), hits.len()), (Some(Reason::Consent), 0, 0));
    let (verdict, hits) = asked_for_consent(asked, &[], Some(granted));
    assert_eq!((verdict.reason(), verdict.headers().count(), hits.len()), (None, 2, 2));
    assert!(
        hits.iter().all(|hit| hit.visitor() == Some(NEW) && hit.user_id() == "u-42" && !hit.is_confined())
    );
    let (verdict, hits) = asked_for_consent(asked, &[("cookie", "trackside_consent=granted")], Some(denied));
    assert_eq!((verdict.reason(), verdict.headers().count(), hits.len()), (None, 0, 2));
    assert!(hits.iter().all(|hit| hit.visitor().is_none() && hit.user_id().is_empty() && hit.ip().is_none()));
    assert!(hits.iter().all(Hit::is_confined));
}

#[test]
fn what_the_host_leaves_open_stays_as_it_said_before() {
    let config = config("");
    let headers = asked("");
    let request =
        Request::new("GET", "/", &headers).with_consent(Consent::new(Choice::Granted, Choice::Unknown));
    let mut exchange = begin(&config, &request, moment(), None);
    assert_eq!(exchange.consent(), Consent::new(Choice::Granted, Choice::Unknown));
    assert!(!exchange.is_notice_due());
    exchange.set_consent(&config, Consent::new(Choice::Unknown, Choice::Granted));
    assert_eq!(exchange.consent(), Consent::new(Choice::Granted, Choice::Granted));
    exchange.set_consent(&config, Consent::new(Choice::Denied, Choice::Unknown));
    assert_eq!(exchange.consent(), Consent::new(Choice::Denied, Choice::Denied));
    assert_eq!((exchange.visitor_id(), exchange.is_new(), exchange.skipped()), (None, false, None));
}

#[test]
fn whoever_is_asked_has_the_id_of_the_day_until_they_agree() {
    let config = Config::builder().toml("consent.policy = 'opt-in'").build().unwrap();
    // The cookie is not looked at: nobody has agreed to that.
    let cookie = cookie(10);
    let headers = asked(&cookie);
    let request = Request::new("GET", "/", &headers).with_peer(Some([203, 0, 113, 9].into()));
    let mut exchange = begin(&config, &request, moment(), Some(&KEY));
    let id = KEY.id(b"www.example.com", [203, 0, 113, 9].into(), b"");
    assert_eq!((exchange.visitor_id(), exchange.is_notice_due()), (Some(id), true));
    let [visitor, _] = super::describe(&config, &exchange, Some(&request));
    assert_eq!(visitor, format!("cookieless, {id} until the end of the day (UTC)"));
    exchange.set_consent(&config, Consent::new(Choice::Granted, Choice::Unknown));
    assert_eq!((exchange.visitor_id(), exchange.is_notice_due()), (Some(KNOWN), false));
}

#[test]
fn a_hit_without_a_cookie_takes_the_id_of_the_day() {
    let id = Some(KEY.id(b"www.example.com", [203, 0, 113, 9].into(), b"curl/8"));
    let agent = ("user-agent", "curl/8");
    let of = |toml: &str, headers: &[(&str, &str)]| {
        let (_, hits) = asked_for_consent(toml, headers, None);
        assert!(hits.iter().all(|hit| hit.visitor() == hits[0].visitor()));
        (hits[0].visitor(), hits[0].is_cookieless(), hits[0].is_new(), hits[0].session())
    };
    assert_eq!(of("visitor.identity = 'cookieless'", &[agent]), (id, true, false, None));
    assert_eq!(of("track.count = 'api'", &[agent]), (id, true, false, None));
    assert_eq!(of("consent.policy = 'none'", &[agent]), (Some(NEW), false, true, Some(NOW)));
    assert_eq!(of("visitor.identity = 'none'", &[agent]), (None, false, false, None));
    let denied = ("cookie", "trackside_consent=denied");
    assert_eq!(of("visitor.identity = 'cookieless'", &[agent, denied]), (None, false, false, None));
}

#[test]
fn the_id_of_the_day_is_made_for_whoever_needs_it() {
    let begun = |toml: &str, cookie: &str| {
        let headers = asked(cookie);
        let request = Request::new("GET", "/", &headers).with_peer(Some([203, 0, 113, 9].into()));
        let config = Config::builder().toml(toml).build().unwrap();
        begin(&config, &request, moment(), Some(&KEY))
    };
    // Whoever has a cookie may still need it, but seldom does.
    assert!(matches!(begun("consent.policy = 'none'", &cookie(10)).caller.cookieless, Cookieless::Of(KEY)));
    let id = KEY.id(b"www.example.com", [203, 0, 113, 9].into(), b"");
    assert_eq!(begun("visitor.identity = 'cookieless'", "").visitor_id(), Some(id));
    // Nothing will be recorded, so nobody is told from others.
    let ignored = begun("visitor.identity = 'cookieless'\ntrack.ignore = ['/']", "");
    assert_eq!((ignored.visitor_id(), ignored.skipped()), (None, Some(Reason::Ignored)));
    assert_eq!(begun("visitor.identity = 'none'", "").visitor_id(), None);
}

#[test]
fn an_id_that_a_cache_would_share_is_not_handed_out() {
    let judged = |cache_control| {
        let config = config("");
        let (request_headers, headers) = (asked(""), [HTML[0], ("cache-control", cache_control)]);
        let request = Request::new("GET", "/", &request_headers);
        let mut hits = Vec::new();
        let verdict = finish(
            &config,
            begin(&config, &request, moment(), None),
            &request,
            &Response::new(200, &headers),
            &Annotations::new(),
            &mut |hit| hits.push(hit),
        );
        (verdict.headers().count(), hits[0].visitor(), hits[0].is_new())
    };
    assert_eq!(judged("public"), (0, None, false));
    assert_eq!(judged("private"), (1, Some(NEW), true));
}

#[test]
fn a_visitor_without_consent_raises_no_event_later() {
    let skip = config("consent.denied = 'skip'");
    let (visitor, hits) = later(&skip, "GET", "trackside_consent=denied");
    assert_eq!((visitor.id(), visitor.is_recorded(), hits.len()), (None, false, 0));
    let (visitor, hits) = later(&config(""), "GET", "trackside_consent=denied");
    assert_eq!((visitor.id(), visitor.is_recorded(), hits.len()), (None, true, 1));
    assert_eq!((hits[0].ip(), hits[0].is_confined()), (None, true));
}
