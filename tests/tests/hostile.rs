//! Input that nobody sends in good faith: each gives a verdict in linear time, and injects nothing anywhere.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use trackside_core::{
    Annotations, Config, Event, Headers, Hit, Moment, Reason, Request, Response,
    judge::{self, Verdict},
    protocol::{self, Enriched, Outgoing},
};

fn config() -> Config {
    let text = r#"
        consent.policy = "notice"
        track.ignore = ["/admin/", "/a*a*a*a*a*b"]
        [[destination]]
        type = "ga-v1"
        tracking_id = "UA-1-1"
        [[destination]]
        type = "ga4"
        measurement_id = "G-ABC123"
        api_secret = "s"
    "#;
    Config::builder().toml(text).build().unwrap()
}

fn judged(
    method: &[u8],
    target: &[u8],
    headers: &dyn Headers,
    response: &dyn Headers,
) -> (Verdict, Vec<Hit>) {
    judged_by(&config(), &Request::new(method, target, headers), &Response::new(200, response))
}

fn judged_by(config: &Config, request: &Request<'_>, response: &Response<'_>) -> (Verdict, Vec<Hit>) {
    let request = request.with_peer("203.0.113.9".parse().ok());
    let exchange = judge::begin(config, &request, Moment::new(1_784_714_400_000_000, [7; 64]), None);
    let mut hits = Vec::new();
    let annotations = Annotations::new();
    let verdict =
        judge::finish(config, exchange, &request, response, &annotations, &mut |hit| hits.push(hit));
    (verdict, hits)
}

const HTML: [(&str, &str); 1] = [("content-type", "text/html")];

fn tracked(target: &[u8], headers: &dyn Headers) -> Hit {
    let (verdict, mut hits) = judged(b"GET", target, headers, &HTML);
    assert!(verdict.is_tracked(), "{verdict}");
    hits.swap_remove(0)
}

#[test]
fn a_path_of_64_kib_is_cut() {
    let path = ["/", &"a".repeat(64 * 1_024)].concat();
    let hit = tracked(path.as_bytes(), &[("host", "a")]);
    assert_eq!(hit.path(), &path.as_bytes()[..2_048]);
}

#[test]
fn a_path_of_escapes_is_cut_between_them() {
    let hit = tracked("/%e2%82%ac".repeat(9_000).as_bytes(), &[("host", "a")]);
    assert_eq!(hit.path().len(), 2_047);
    assert!(hit.path().ends_with(b"/%e2%82"), "{}", hit.path().escape_ascii());
}

#[test]
fn broken_escapes_stay_as_they_are() {
    assert_eq!(tracked(b"/%zz%4%", &[("host", "a")]).path(), b"/%zz%4%");
    let (verdict, _) = judged(b"GET", b"/%61dmin/%", &[("host", "a")], &HTML);
    assert_eq!(verdict.reason(), Some(Reason::Ignored));
}

#[test]
fn a_glob_that_asks_for_backtracking_is_matched_in_one_pass() {
    let path = ["/", &"a".repeat(60 * 1_024)].concat();
    assert_eq!(tracked(path.as_bytes(), &[("host", "a")]).path().len(), 2_048);
}

#[test]
fn ten_thousand_cookies_of_which_the_last_is_ours() {
    let ours = "trackside=5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11";
    let one_line = format!("{}{ours}", "trackside=None; ".repeat(10_000));
    let mut lines = vec![("cookie", "trackside=x"); 10_000];
    lines.extend([("cookie", ours), ("host", "a")]);
    for headers in [vec![("host", "a"), ("cookie", one_line.as_str())], lines] {
        let hit = tracked(b"/", &headers);
        assert_eq!(hit.visitor().unwrap().to_string(), &ours["trackside=".len()..]);
        assert!(!hit.is_new());
    }
}

#[test]
fn every_header_at_64_kib() {
    let long = "x".repeat(64 * 1_024);
    let names = ["cookie", "user-agent", "referer", "accept-language", "sec-purpose", "purpose"];
    let mut headers: Vec<_> = names.iter().map(|&name| (name, long.as_str())).collect();
    let accept = format!("text/html, {long}");
    headers.extend([("host", "a"), ("accept", accept.as_str())]);
    let hit = tracked(b"/", &headers);
    assert_eq!((hit.agent().len(), hit.referrer().len(), hit.language()), (1_024, 0, ""));
    let (verdict, _) = judged(b"GET", b"/", &[("host", long.as_str())], &HTML);
    assert_eq!(verdict.reason(), Some(Reason::UnknownSite));
}

#[test]
fn values_with_control_bytes_count_as_absent() {
    for bad in ["a\0b", "a\r\nSet-Cookie: x=y", "a\nb", "a\x7fb", "a\x1bb"] {
        let headers = [("host", "a"), ("user-agent", bad), ("referer", bad), ("accept-language", bad)];
        let hit = tracked(b"/", &headers);
        assert_eq!((hit.agent(), hit.referrer(), hit.language()), (&b""[..], &b""[..], ""), "{bad:?}");
        let (verdict, _) = judged(b"GET", b"/", &[("host", bad)], &HTML);
        assert_eq!(verdict.reason(), Some(Reason::UnknownSite), "{bad:?}");
    }
}

#[test]
fn nothing_a_client_sends_reaches_a_header() {
    let evil = "trackside=5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11\r\nx: y";
    for headers in [
        vec![("host", "a"), ("cookie", evil)],
        vec![("host", "a\r\nx: y"), ("host", "a")],
        vec![("host", "a"), ("cookie", "trackside=\";Domain=evil\"")],
    ] {
        let (verdict, _) = judged(b"GET", b"/\r\nx: y", &headers, &HTML);
        for (name, value) in verdict.headers() {
            assert!(!value.contains(['\r', '\n']) && !value.contains("evil"), "{name}: {value}");
        }
    }
}

#[test]
fn any_bytes_in_a_target_are_carried_without_harm() {
    let target = b"/\xff\0\r\n\"'<script>&v=2&tid=UA-9-9 ;--\x80?utm_source=\"}],\"x\":[{\"&utm_x=\xfe";
    let cookie = "trackside=5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11";
    let agent: &[u8] = b"\"},{\xff\xfe";
    let headers = [
        (&b"host"[..], &b"www.example.com"[..]),
        (b"cookie", cookie.as_bytes()),
        (b"user-agent", agent),
        (b"referer", b"https://x/\"&uip=1.2.3.4\xff"),
    ];
    let hit = tracked(target, &headers);
    let config = config();
    let mut out = Outgoing::new();
    for destination in config.destinations() {
        let protocol = protocol::of(&destination.receiver).unwrap();
        protocol.admit(&hit).unwrap();
        assert_eq!(protocol.encode(&[Enriched::new(&hit)], hit.micros(), &mut out), 1);
        if destination.receiver.kind() == "ga4" {
            let body: serde_json::Value = serde_json::from_slice(out.payload()).unwrap();
            assert_eq!(body["events"].as_array().unwrap().len(), 1);
            assert_eq!(body["ip_override"], "203.0.113.0");
        } else {
            let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(out.payload()).unwrap();
            let value = |name| {
                let all: Vec<_> = pairs.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str()).collect();
                assert_eq!(all.len(), 1, "{name}");
                all[0]
            };
            assert_eq!((value("v"), value("tid"), value("uip")), ("1", "UA-1-1", "203.0.113.0"));
            assert!(out.payload().is_ascii() && !out.payload().iter().any(u8::is_ascii_control));
        }
    }
    serde_json::to_string(&hit).unwrap();
}

#[test]
fn no_method_target_or_header_at_all() {
    let none: [(&str, &str); 0] = [];
    let (verdict, hits) = judged(b"", b"", &none, &none);
    assert_eq!((verdict.reason(), hits.len()), (Some(Reason::Method), 0));
    let (verdict, _) = judged(b"GET", b"", &none, &none);
    assert_eq!(verdict.reason(), Some(Reason::UnknownSite));
}

#[test]
fn annotations_without_measure_are_cut() {
    let config = config();
    let long = "é".repeat(100_000);
    let mut annotations = Annotations::new().title(&long).user_id(&long).route(&long);
    for n in 0..10_000 {
        let mut event = Event::new(&long).category(&long).label(&long).value(f64::NAN);
        if n == 0 {
            for _ in 0..1_000 {
                event = event.property(&long, long.as_str()).property("nan", f64::INFINITY);
            }
        }
        annotations = annotations.event(event).property(n.to_string(), long.as_str());
    }
    let headers = [("host", "a")];
    let request = Request::new("GET", "/", &headers);
    // The events' ids begin at their highest, so that they wrap.
    let mut entropy = [255; 64];
    entropy[..10].fill(1);
    let exchange = judge::begin(&config, &request, Moment::new(0, entropy), None);
    let mut hits = Vec::new();
    let _verdict =
        judge::finish(&config, exchange, &request, &Response::new(200, &HTML), &annotations, &mut |hit| {
            assert!(hit.size() <= 64 * 1_024, "{}", hit.size());
            hits.push(hit);
        });
    assert_eq!(hits.len(), 1 + 64);
    assert!(hits[0].title().len() <= 1_500 && hits[0].title().chars().all(|c| c == 'é'));
    let mut ids: Vec<_> = hits.iter().map(Hit::id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 65);
}

/// So much that a walk byte by byte whose time grew with the square of the length would take many minutes.
const LENGTH: usize = 1 << 19;
/// Where that is given up, as a wait for what never comes: what is linear is done in hundredths of a second.
const PATIENCE: Duration = Duration::from_secs(60);

/// Every way to record what was asked for, and globs that ask for backtracking.
fn configs() -> impl Iterator<Item = Config> {
    let stars = "*a".repeat(1_000);
    [("redacted", "campaign"), ("anonymous", "keep"), ("route", "raw"), ("full", "drop")].into_iter().map(
        move |(path, query)| {
            let text = format!(
                "consent.policy = 'none'
                site = ['www.example.com', 'b.example']
                privacy = {{ path = '{path}', query = '{query}' }}
                track.canonical = {canonical}
                track.search = ['q']
                track.downloads = ['common']
                track.ignore = ['{stars}*!', '*/*%*=*&*;*@*!', '*/..*/..*!', '/admin/']
                track.only = ['*', '{stars}']",
                canonical = path != "full",
            );
            Config::builder().toml(&text).build().unwrap()
        },
    )
}

/// Puts a request and its response to every one of [`configs`], each of which must come to an end.
fn is_soon_judged(what: &str, target: &[u8], headers: &dyn Headers, response: &dyn Headers) {
    for config in configs() {
        let (request, response) = (Request::new("GET", target, headers), Response::new(200, response));
        let began = Instant::now();
        let (_verdict, _hits) = judged_by(&config, &request, &response);
        assert!(began.elapsed() < PATIENCE, "{what:?}: {:?}", began.elapsed());
    }
}

fn long(piece: &str) -> String {
    piece.repeat(LENGTH / piece.len())
}

#[test]
fn a_path_of_anything_takes_linear_time() {
    for piece in
        "a / // /. /.. /a/../ % %% %2 %61 %2561 %252525 %2f %2e%2e/ %40 %ff \u{e9} ; /;sid=1 ;token= \
        @a.b /me@example.com /k3Jd8sLq0Zx9VbN2mT7yRwE4uPcA5gHf 0123456789abcdef /2026 a/b=c&d;e .pdf \
        !"
        .split(' ')
    {
        let target = ["/", &long(piece)].concat();
        is_soon_judged(piece, target.as_bytes(), &[("host", "www.example.com")], &HTML);
    }
}

#[test]
fn a_host_of_anything_takes_linear_time() {
    for piece in
        ["a", ".", "a.", "-", "_", ":", ":8", "[", "[:", "::1]", "0.", "xn--", "\u{e9}.", "@", "a@", ","]
    {
        let host = long(piece);
        is_soon_judged(piece, b"/", &[("host", host.as_str())], &HTML);
        is_soon_judged(piece, ["http://", &host, "/"].concat().as_bytes(), &[("host", "b.example")], &HTML);
    }
}

#[test]
fn a_query_of_anything_takes_linear_time() {
    for piece in
        "a & = ? # a& =& a=1& a=%40& q=a& q=%2525& utm_source=x& utm_a@b.c=1& %75tm_source& gclid=1& \
        token=x& t%256fken=x& me%2540example.com& a=b=c % %2 %25 + a=me@example.com& \
        0123456789abcdef0123456789abcdef&"
            .split(' ')
    {
        let target = ["/?", &long(piece)].concat();
        is_soon_judged(piece, target.as_bytes(), &[("host", "www.example.com")], &HTML);
    }
}

#[test]
fn a_referrer_of_anything_takes_linear_time() {
    for piece in "a : // @ a@ a. / /.. /%2e%2e /me@example.com ;sid=1 ? # & a=1& ?token=x& % %2540 \\ \u{e9}"
        .split(' ')
    {
        for start in ["https://", "https://a/?"] {
            let referrer = [start, &long(piece)].concat();
            let headers = [("host", "www.example.com"), ("referer", referrer.as_str())];
            is_soon_judged(piece, b"/", &headers, &HTML);
        }
    }
}

#[test]
fn a_language_or_a_type_of_anything_takes_linear_time() {
    for piece in
        ",|;|=|q=0,|de,|de;q=0,|*;q=1,|a-|-|text/html,|text/html;q=0,|*/*;|text/|;charset=|\"|\\\"| |\t"
            .split('|')
    {
        let value = &*["x", &long(piece)].concat();
        let headers = [("host", "www.example.com"), ("accept-language", value), ("accept", value)];
        let with_type = [("content-type", value), ("cache-control", value), ("expires", value)];
        is_soon_judged(piece, b"/", &headers, &with_type);
        // By `Accept`, as nothing is said of the type.
        is_soon_judged(piece, b"/", &headers, &&with_type[1..]);
    }
}

/// Part of a header, which counts how often it is looked at.
struct Counted<'a>(&'a str, &'a Cell<usize>);

impl AsRef<[u8]> for Counted<'_> {
    fn as_ref(&self) -> &[u8] {
        self.1.set(self.1.get() + 1);
        self.0.as_bytes()
    }
}

#[test]
fn of_ten_thousand_headers_each_is_looked_at_as_often_as_of_a_thousand() {
    let looks = |name, value, count| {
        let looks = Cell::new(0);
        let counted = |(name, value)| (Counted(name, &looks), Counted(value, &looks));
        let usual = [("host", "www.example.com"), ("content-type", "text/html")].map(counted);
        let many: Vec<_> = (0..count).map(|_| counted((name, value))).chain(usual).collect();
        let request = Request::new("GET", "/", &many);
        for toml in
            ["consent.policy = 'notice'", "consent.policy = 'none'\nproxy.trusted = ['203.0.113.0/24']"]
        {
            let config = Config::builder().toml(toml).build().unwrap();
            let (_verdict, _hits) = judged_by(&config, &request, &Response::new(200, &many));
        }
        looks.get()
    };
    for (name, value) in [
        ("x-any", "1"),
        ("host", "www.example.com"),
        ("cookie", "a=1"),
        ("cookie", "trackside=None"),
        ("accept", "text/html"),
        ("accept-language", "de"),
        ("user-agent", "a"),
        ("referer", "https://a/"),
        ("x-forwarded-for", "203.0.113.1"),
        ("x-forwarded-proto", "https"),
        ("sec-purpose", "none"),
        ("dnt", "0"),
        ("sec-fetch-dest", "document"),
        ("content-type", "text/html"),
        ("cache-control", "x=1"),
        ("set-cookie", "a=1"),
        ("accept", "a\0"),
        ("cookie", "a\0"),
        ("host", "a\0"),
    ] {
        let (few, many) = (looks(name, value, 1_000), looks(name, value, 10_000));
        assert!(many <= 10 * few, "{name}: {value:?}: {many} looks, and {few} at a tenth of them");
    }
}
