//! What holds for every request, whatever it is made of.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::{collection::vec, option, prelude::*, sample::select};
use trackside_core::{
    Annotations, Config, Event, FINISH_HEADERS, Headers, Hit, Moment, REQUEST_HEADERS, Reason, Request,
    Response,
    config::IpPolicy,
    endpoint,
    hit::Kind,
    judge::{self, Verdict},
    protocol::{self, Enriched, Outgoing},
    transport::{Recording, Transport},
    visitor::{
        DailyKey,
        consent::{Choice, Consent},
    },
};
use trackside_tests::receivers::{self, Configured};
use trackside_transports::{Tracker, pool::FanOut};

const KEY: DailyKey = DailyKey([7; 32]);
const NOW: u64 = 1_784_714_400_000_000;

static CONFIG: LazyLock<Config> = LazyLock::new(|| config_of(""));

static RECEIVERS: LazyLock<Vec<Configured>> = LazyLock::new(|| receivers::all().unwrap());

fn config_of(more: &str) -> Config {
    let text = format!(
        r#"
        {more}
        consent.policy = "notice"
        track.ignore = ["/admin/", "*.xml", "/a*b*c"]
        track.only = ["/", "*x*"]
        [[destination]]
        type = "sqlite"
        [[destination]]
        type = "ga-v1"
        tracking_id = "UA-1-1"
        ip = "full"
        [[destination]]
        type = "ga4"
        measurement_id = "G-ABC123"
        api_secret = "secret"
        ip = "none"
        "#
    );
    Config::builder().toml(&text).build().unwrap()
}

/// What becomes of a call at the tracker.
#[derive(Clone, Copy, Debug)]
enum End {
    Closed,
    Dropped,
    Finished,
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![6 => Just(End::Finished), 1 => Just(End::Dropped), 1 => Just(End::Closed)]
}

/// A tracker with these destinations.
fn tracker(recordings: &[(IpPolicy, Arc<Recording>)]) -> Tracker {
    let destinations =
        recordings.iter().map(|(ip, recording)| (*ip, recording.clone() as Arc<dyn Transport>));
    let fan_out = FanOut::new(destinations.collect());
    Tracker::builder(CONFIG.clone()).transport(Arc::new(fan_out)).open().unwrap()
}

/// The headers that the judge reads, with values that it knows and values of any bytes.
fn header() -> impl Strategy<Value = (String, Vec<u8>)> {
    let names = select(vec![
        "host",
        "cookie",
        "accept",
        "sec-fetch-dest",
        "sec-purpose",
        "purpose",
        "x-purpose",
        "x-moz",
        "hx-preloaded",
        "hx-request",
        "hx-boosted",
        "rsc",
        "sec-fetch-mode",
        "turbo-frame",
        "x-inertia",
        "x-inertia-partial-component",
        "x-livewire-navigate",
        "x-requested-with",
        "x-up-target",
        "sec-gpc",
        "dnt",
        "user-agent",
        "referer",
        "accept-language",
        "content-type",
        "cache-control",
        "cdn-cache-control",
        "surrogate-control",
        "expires",
        "date",
        "x-other",
    ]);
    let known = select(vec![
        "www.example.com",
        "a:80",
        "[::1]",
        "trackside=None",
        "1",
        "trackside_consent=denied",
        "trackside_consent=granted.ads; trackside=5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11",
        "prefetch",
        "text/html",
        "document",
        "empty",
        "navigate",
        "XMLHttpRequest",
        "main",
        "*/*",
        "trackside=5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11",
        "private",
        "public, max-age=60",
        "max-age=\"1\"",
        "trackside=5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11.1784714000.1784714000.1784714300; x",
        "https://me@www.example.org/a?b#c",
        "Sun, 06 Nov 2094 08:49:37 GMT",
        "en-GB,en;q=0.9",
        "",
    ]);
    let value = prop_oneof![known.prop_map(|text| text.as_bytes().to_vec()), vec(any::<u8>(), 0..40)];
    (names.prop_map(str::to_owned), value)
}

#[derive(Clone, Debug)]
struct Call {
    method: Vec<u8>,
    target: Vec<u8>,
    request: Vec<(String, Vec<u8>)>,
    status: u16,
    response: Vec<(String, Vec<u8>)>,
    peer: Option<[u8; 16]>,
    secure: bool,
    event: Option<(String, String, f64)>,
    entropy: [u8; 64],
    micros: u64,
    consent: Consent,
}

fn call() -> impl Strategy<Value = Call> {
    let method =
        prop_oneof![4 => Just(b"GET".to_vec()), 1 => Just(b"HEAD".to_vec()), 1 => vec(any::<u8>(), 0..8)];
    let target = prop_oneof!["/[a-z/%.?&=]{0,30}".prop_map(String::into_bytes), vec(any::<u8>(), 0..60)];
    let status = prop_oneof![4 => Just(200), 1 => Just(304), 1 => any::<u16>()];
    let request = (method, target, vec(header(), 0..12), status, vec(header(), 0..6));
    let entropy = (vec(any::<u8>(), 64)).prop_map(|bytes| <[u8; 64]>::try_from(bytes).unwrap());
    let event = option::of((any::<String>(), any::<String>(), any::<f64>()));
    let rest = (option::of(any::<[u8; 16]>()), any::<bool>(), event, entropy, any::<u64>());
    (request, rest).prop_map(
        |((method, target, request, status, response), (peer, secure, event, entropy, micros))| Call {
            method,
            target,
            request,
            status,
            response,
            peer,
            secure,
            event,
            entropy,
            micros,
            consent: Consent::default(),
        },
    )
}

impl Call {
    fn judged(&self, config: &Config, request: &dyn Headers, response: &dyn Headers) -> (Verdict, Vec<Hit>) {
        self.judged_apart(config, request, request, response)
    }

    /// As when `begin` is lent the request's headers, and everybody else gets what was `kept` of them.
    fn judged_apart(
        &self,
        config: &Config,
        request: &dyn Headers,
        kept: &dyn Headers,
        response: &dyn Headers,
    ) -> (Verdict, Vec<Hit>) {
        let with = |headers| {
            Request::new(&self.method, &self.target, headers)
                .with_peer(self.peer.map(Into::into))
                .with_secure(self.secure)
                .with_consent(self.consent)
        };
        let (request, kept) = (with(request), with(kept));
        let mut annotations = Annotations::new().title("Title");
        if let Some((name, text, value)) = &self.event {
            let event = Event::new(name).category(text).value(*value).property(text, *value);
            annotations = annotations.property(name, text.as_str()).event(event);
        }
        let mut hits = Vec::new();
        let exchange = judge::begin(config, &request, Moment::new(self.micros, self.entropy), Some(&KEY));
        let notice = judge::notice(config, &exchange, &kept);
        assert_eq!(notice.is_some(), exchange.is_notice_due());
        assert_eq!(notice, judge::notice(config, &exchange, &request));
        let visitor = |request| format!("{:?}", judge::visitor(config, &exchange, request));
        assert_eq!(visitor(&kept), visitor(&request));
        let response = Response::new(self.status, response);
        let verdict =
            judge::finish(config, exchange, &kept, &response, &annotations, &mut |hit| hits.push(hit));
        (verdict, hits)
    }
}

fn map(headers: &[(String, Vec<u8>)]) -> HeaderMap {
    let valid = |(name, value): &(String, Vec<u8>)| {
        Some((HeaderName::try_from(name).ok()?, HeaderValue::from_bytes(value).ok()?))
    };
    let mut map = HeaderMap::new();
    headers.iter().filter_map(valid).for_each(|(name, value)| _ = map.append(name, value));
    map
}

/// A target of the beacon, of parameters that it knows and of any bytes.
fn beacon_target() -> impl Strategy<Value = Vec<u8>> {
    let name = prop_oneof![3 => select(vec!["p=", "r=", "t=", "s=", "n=", "q="]).prop_map(|name| name.as_bytes().to_vec()), 1 => vec(any::<u8>(), 0..4)];
    let value = prop_oneof![
        2 => select(vec!["/", "/a%20b?c=d", "https://example.org/x", "%0d%0aSet-Cookie:%20x", "%ff%00", "404", "+"])
            .prop_map(|value| value.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..40),
    ];
    vec((name, value), 0..6).prop_map(|pairs| {
        let pairs: Vec<_> = pairs.into_iter().map(|(name, value)| [name, value].concat()).collect();
        [&b"/t/?"[..], &pairs.join(&b'&')].concat()
    })
}

proptest! {
    #[test]
    fn whatever_is_reported_is_answered_once_and_injects_nothing(
        target in beacon_target(),
        method in select(vec!["GET", "POST", "HEAD", "PUT"]),
        headers in vec(header(), 0..8),
        is_own in any::<bool>(),
    ) {
        static WITH_BEACON: LazyLock<Config> = LazyLock::new(|| config_of("beacon.path = '/t/'"));
        let mut headers = headers;
        headers.push(("host".to_owned(), b"www.example.com".to_vec()));
        headers.push(("sec-fetch-site".to_owned(), if is_own { b"same-origin".to_vec() } else { b"none".to_vec() }));
        let request = Request::new(method, &target, &headers);
        let mut hits = 0;
        let draw = || (Moment::new(NOW, [7; 64]), None);
        let answer = endpoint::answer(&WITH_BEACON, &request, draw, &mut |_: Hit| hits += 1).unwrap();
        prop_assert!([200, 204, 400, 403, 405].contains(&answer.status()));
        prop_assert_eq!(hits, if answer.reason().is_none() { WITH_BEACON.ip_policies().len() } else { 0 });
        prop_assert!(is_own || hits == 0);
        for (_, value) in answer.headers() {
            prop_assert!(value.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{}", value);
        }
        prop_assert!(answer.reason().is_none() || answer.headers().all(|(name, _)| name != "Set-Cookie"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// One page view per distinct `ip` policy if tracked, none if skipped; appended headers that http
    /// takes, and none if skipped; a cookie only with a page view that bears the visitor.
    #[test]
    fn verdict_and_hits_agree(call in call()) {
        let (verdict, hits) = call.judged(&CONFIG, &call.request, &call.response);
        let pages: Vec<_> = hits.iter().filter(|hit| hit.kind() == Kind::Page).collect();
        prop_assert_eq!(pages.len(), if verdict.is_tracked() { 3 } else { 0 });
        let mut ids: Vec<_> = hits.iter().map(|hit| (hit.id(), hit.ip_policy() as u8)).collect();
        ids.sort_unstable();
        ids.dedup();
        prop_assert_eq!(ids.len(), hits.len());
        for (name, value) in verdict.headers() {
            prop_assert!(verdict.is_tracked());
            HeaderName::try_from(name).unwrap();
            prop_assert!(HeaderValue::try_from(value).is_ok() && !value.contains(['\r', '\n']));
            if name == "Set-Cookie" {
                let id = pages[0].visitor().unwrap().to_string();
                let start = format!("trackside={id}.");
                prop_assert!(value.starts_with(&start));
            }
        }
    }

    /// Who refused leaves nothing that tells them from others, nothing for third parties and no cookie, or, if the
    /// operator wants it so, nothing at all; whatever the request says.
    #[test]
    fn who_refused_is_nobody(call in call(), policy in select(vec!["notice", "opt-in", "opt-out", "none"])) {
        let denied = Call { consent: Consent::new(Choice::Denied, Choice::Granted), ..call };
        for denies in ["anonymous", "skip"] {
            let config = Config::builder()
                .toml(&format!("consent = {{ policy = '{policy}', denied = '{denies}' }}\nprivacy.query = 'keep'"))
                .build()
                .unwrap();
            let (verdict, hits) = denied.judged(&config, &denied.request, &denied.response);
            prop_assert_eq!(verdict.headers().count(), 0);
            prop_assert!(denies == "anonymous" || hits.is_empty() && !verdict.is_tracked());
            for hit in hits {
                prop_assert_eq!((hit.visitor(), hit.session(), hit.ip(), hit.user_id()), (None, None, None, ""));
                prop_assert!(hit.is_confined() && !hit.grants_ads() && !hit.is_new() && !hit.is_cookieless());
            }
        }
    }

    /// Until visitors who are asked have agreed, no cookie is set, none is looked at, and no third party is told.
    #[test]
    fn who_was_not_heard_gets_no_cookie(call in call()) {
        let config = Config::builder().toml("consent.policy = 'opt-in'").build().unwrap();
        let mut silent = call;
        silent.request.retain(|(name, _)| name != "cookie");
        silent.request.push(("cookie".to_owned(), b"trackside=5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11".to_vec()));
        let (verdict, hits) = silent.judged(&config, &silent.request, &silent.response);
        prop_assert_eq!(verdict.headers().count(), 0);
        for hit in hits {
            prop_assert!(hit.is_confined() && hit.first_visit().is_none() && hit.session().is_none());
            prop_assert_eq!(hit.visitor().is_some(), silent.peer.is_some());
            prop_assert_eq!(hit.is_cookieless(), silent.peer.is_some());
        }
    }

    /// Both books balance: every request ends once, whether it is finished or dropped, and every hit is
    /// offered once to each destination of its policy, before the close and after it.
    #[test]
    fn both_books_balance(calls in vec((call(), end()), 1..30)) {
        let recordings = CONFIG.ip_policies().iter().map(|&ip| (ip, Arc::new(Recording::new())));
        let recordings: Vec<_> = recordings.collect();
        let tracker = tracker(&recordings);
        let (mut tracked, mut abandoned) = (0, 0);
        let (mut late, mut is_closed) = (0, false);
        for (call, end) in &calls {
            let request = Request::new(&call.method, &call.target, &call.request);
            let exchange = tracker.begin(&request);
            if let End::Closed = end {
                tracker.close(Duration::ZERO).unwrap();
                is_closed = true;
            }
            if let End::Dropped = end {
                abandoned += 1;
                continue;
            }
            let response = Response::new(call.status, &call.response);
            let verdict = exchange.finish(&request, &response, &Annotations::new());
            tracked += u64::from(verdict.is_tracked());
            late += u64::from(verdict.is_tracked() && is_closed);
        }
        let stats = tracker.stats();
        prop_assert_eq!(stats.requests.seen(), calls.len() as u64);
        prop_assert_eq!(stats.requests.tracked, tracked);
        let skipped = |reason| stats.requests.skipped.iter().find(|(r, _)| *r == reason).map_or(0, |r| r.1);
        prop_assert_eq!(skipped(Reason::Abandoned), abandoned);
        for (book, (ip, recording)) in stats.destinations.iter().zip(&recordings) {
            let hits = recording.hits();
            prop_assert!(hits.iter().all(|hit| hit.ip_policy() == *ip));
            prop_assert_eq!((book.offered, book.delivered), (tracked, hits.len() as u64));
            prop_assert_eq!(book.delivered, tracked - late);
            let dropped: Vec<_> = book.dropped.iter().filter(|(_, n)| *n > 0).copied().collect();
            prop_assert_eq!(dropped, if late > 0 { vec![(Reason::Closed, late)] } else { vec![] });
            prop_assert_eq!(book.refused.iter().map(|(_, n)| n).sum::<u64>(), 0);
            prop_assert_eq!(book.pending(), 0);
        }
    }

    /// `HeaderMap` and plain pairs lead to the same verdict and the same bytes: what a `HeaderMap` could
    /// not hold counts as absent.
    #[test]
    fn every_kind_of_headers_gives_the_same(call in call()) {
        let plain = call.judged(&CONFIG, &call.request, &call.response);
        let mapped = call.judged(&CONFIG, &map(&call.request), &map(&call.response));
        prop_assert_eq!(plain, mapped);
    }

    /// An adapter that keeps the named headers alone loses nothing, nor does one that lends `begin` all of
    /// them and then keeps those that `finish` reads.
    #[test]
    fn no_other_header_matters(call in call()) {
        let whole = call.judged(&CONFIG, &call.request, &call.response);
        let kept = |names: &[HeaderName]| {
            let mut kept = call.request.clone();
            kept.retain(|(name, _)| names.iter().any(|read| read.as_str() == name));
            kept
        };
        let read = kept(&REQUEST_HEADERS);
        prop_assert_eq!(&whole, &call.judged(&CONFIG, &read, &call.response));
        let read_again = kept(&FINISH_HEADERS);
        prop_assert_eq!(whole, call.judged_apart(&CONFIG, &call.request, &read_again, &call.response));
    }

    /// A cookie that was set brings the same visitor back, with its first visit and, within the time-out,
    /// its session.
    #[test]
    fn cookies_round_trip(entropy in any::<[u8; 32]>(), waits in vec(0..4_000_u64, 1..8)) {
        let mut now = NOW;
        let mut cookie = String::new();
        let mut seen: Option<Hit> = None;
        let mut last_set = now;
        for wait in waits {
            let headers = [("host", "a"), ("cookie", cookie.as_str())];
            let request = Request::new("GET", "/", &headers);
            let mut block = [0; 64];
            block[..32].copy_from_slice(&entropy);
            let exchange = judge::begin(&CONFIG, &request, Moment::new(now, block), None);
            prop_assert_eq!(exchange.is_new(), seen.is_none());
            let response = [("content-type", "text/html")];
            let mut hits = Vec::new();
            let verdict = judge::finish(
                &CONFIG, exchange, &request, &Response::new(200, &response), &Annotations::new(),
                &mut |hit| hits.push(hit),
            );
            let hit = hits.swap_remove(0);
            let silence = (now - last_set) / 1_000_000;
            if let Some(before) = &seen {
                prop_assert_eq!(hit.visitor(), before.visitor());
                prop_assert_eq!(hit.first_visit(), before.first_visit());
                prop_assert_eq!(hit.session() == before.session(), silence <= 1_980 );
            }
            let set = verdict.headers().find(|(name, _)| *name == "Set-Cookie");
            prop_assert_eq!(set.is_some(), seen.is_none() || silence > 180);
            if let Some((_, value)) = set {
                cookie = value.split(';').next().unwrap().to_owned();
                last_set = now;
            }
            seen = Some(hit);
            now += wait * 1_000_000;
        }
    }

    /// What a protocol admits it can encode, into a body that its own format's reader takes, with every
    /// secret hidden from `Debug`.
    #[test]
    fn what_is_admitted_is_encoded(calls in vec(call(), 1..40)) {
        let hits: Vec<_> =
            calls.iter().flat_map(|call| call.judged(&CONFIG, &call.request, &call.response).1).collect();
        let mut out = Outgoing::new();
        for destination in CONFIG.destinations() {
            let Some(protocol) = protocol::of(&destination.receiver) else { continue };
            let admitted: Vec<_> = hits.iter().filter(|hit| protocol.admit(hit).is_ok()).collect();
            let batch: Vec<_> = admitted.into_iter().map(Enriched::new).collect();
            let mut rest = &batch[..];
            while !rest.is_empty() {
                let taken = protocol.encode(rest, NOW, &mut out);
                prop_assert!((1..=rest.len().min(protocol.needs().batch)).contains(&taken));
                if destination.receiver.kind() == "ga4" {
                    let body: serde_json::Value = serde_json::from_slice(out.payload()).unwrap();
                    prop_assert_eq!(body["events"].as_array().unwrap().len(), taken);
                } else {
                    let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(out.payload()).unwrap();
                    prop_assert!(pairs.iter().all(|(name, _)| !name.is_empty() && name.len() <= 3));
                }
                let shown = format!("{out:?}");
                prop_assert!(!shown.contains("api_secret=secret"));
                rest = &rest[taken..];
            }
        }
    }

    /// The same of every receiver, each as it is configured at least.
    #[test]
    fn every_receiver_encodes_what_it_admits(calls in vec(call(), 1..20)) {
        let hits: Vec<_> =
            calls.iter().flat_map(|call| call.judged(&CONFIG, &call.request, &call.response).1).collect();
        let mut out = Outgoing::new();
        for Configured { name, protocol, .. } in &*RECEIVERS {
            let admitted = hits.iter().filter(|hit| protocol.admit(hit).is_ok());
            let batch: Vec<_> = admitted.map(Enriched::new).collect();
            let mut rest = &batch[..];
            while !rest.is_empty() {
                let taken = protocol.encode(rest, NOW, &mut out);
                prop_assert!((1..=rest.len().min(protocol.needs().batch)).contains(&taken), "{}", name);
                let is_json = out.headers().any(|header| header == ("content-type", "application/json"));
                prop_assert!(!is_json || serde_json::from_slice::<serde_json::Value>(out.payload()).is_ok());
                for (_, value) in out.headers() {
                    prop_assert!(value.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{}", name);
                }
                let shown = format!("{out:?}");
                prop_assert!(!shown.contains(receivers::SECRET));
                rest = &rest[taken..];
            }
        }
    }
}

#[test]
fn a_dry_run_judges_as_usual_and_keeps_silent() {
    let mut runner = proptest::test_runner::TestRunner::default();
    let dry = config_of("mode = 'dry-run'");
    runner
        .run(&call(), |call| {
            let (verdict, _) = call.judged(&CONFIG, &call.request, &call.response);
            let (dry_verdict, hits) = call.judged(&dry, &call.request, &call.response);
            prop_assert_eq!(verdict.reason(), dry_verdict.reason());
            prop_assert_eq!(dry_verdict.headers().count() + hits.len(), 0);
            Ok(())
        })
        .unwrap();
}
