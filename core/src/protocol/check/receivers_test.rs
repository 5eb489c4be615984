//! Each receiver, good and bad: the answers are those that its manual or its source tells of.

use serde_json::Value as Json;

use super::*;
use crate::{
    Moment,
    config::{Config, Destination, Receiver},
};

const GA4: &str = "type = 'ga4'\nmeasurement_id = 'G-ABC123DEF4'\napi_secret = 's3cret'\n";

const GA_V1: &str = "type = 'ga-v1'\ntracking_id = 'UA-12345-6'\n";

const MATOMO: &str = "type = 'matomo'\nurl = 'https://a.example/matomo.php'\nsite_id = 7\n";

const PLAUSIBLE: &str = "type = 'plausible'\ndomain = 'shop.example'";

const POSTHOG: &str = "type = 'posthog'\napi_key = 's3cret'";

const SEGMENT: &str = "type = 'segment'\nwrite_key = 's3cret'";

const RUDDERSTACK: &str = "type = 'rudderstack'\nurl = 'https://a.example/v1/batch'\nwrite_key = 's3cret'";

const SNOWPLOW: &str = "type = 'snowplow'\nurl = 'https://a.example/com.snowplowanalytics.snowplow/tp2'";

const UMAMI: &str = "type = 'umami'\nwebsite = '3f9c2f5e-7f0a-4b52-9d5d-0e7a3c8b1f20'\n";

const GOATCOUNTER: &str = "type = 'goatcounter'\nurl = 'https://a.example/api/v0/count'\ntoken = 's3cret'";

const WEBHOOK: &str =
    "type = 'webhook'\nurl = 'https://a.example/hook'\nsecret = 'whsec_czNjcmV0czNjcmV0czNjcmV0czNjcmV0'";

const PAGE: &str = "\n <!doctype html><title>Nothing here</title>";

/// What a receiver answers: status, body, and a header.
type Reply<'a> = (u16, &'a str, (&'a str, &'a str));

fn reply(status: u16, body: &str) -> Reply<'_> {
    (status, body, ("server", "nginx"))
}

/// What was asked and what was found.
#[derive(Default)]
struct Told {
    asked: Vec<(Means, String, Vec<u8>)>,
    /// Grade, what it is and what to do, in one text each.
    findings: Vec<String>,
}

impl Told {
    /// Sees that there are as many findings, and that each has what is said of it.
    fn has(&self, findings: &[&str]) -> &Self {
        assert_eq!(self.findings.len(), findings.len(), "{:#?}", self.findings);
        for (found, parts) in self.findings.iter().zip(findings) {
            for part in parts.split(" … ") {
                assert!(found.contains(part), "{part} in: {found}");
            }
        }
        self
    }

    /// Where it was asked, by what means.
    fn at(&self) -> Vec<(Means, &str)> {
        self.asked.iter().map(|(means, url, _)| (*means, url.as_str())).collect()
    }

    fn json(&self, at: usize) -> Json {
        serde_json::from_slice(&self.asked[at].2).unwrap()
    }

    fn text(&self, at: usize) -> &str {
        std::str::from_utf8(&self.asked[at].2).unwrap()
    }
}

/// What is told of a destination with these keys, whose receiver gives these answers, in turn, and all of them.
fn told(keys: &str, replies: &[Reply<'_>]) -> Told {
    told_of(keys, replies, false)
}

fn told_of(keys: &str, replies: &[Reply<'_>], wants_hit: bool) -> Told {
    let ip = if keys.contains("ip = ") { "" } else { "ip = 'full'\n" };
    let config = Config::builder()
        .toml("site = ['www.example.com']\nconsent.policy = 'none'\nprivacy.ip = 'full'")
        .toml(&format!("[[destination]]\n{ip}{keys}"))
        .build()
        .unwrap();
    let destination: &Destination = &config.destinations()[0];
    let Receiver::Remote(remote) = &destination.receiver else { panic!("{destination:?}") };
    let hit = hit(&config, destination, None, &Moment::new(1_784_714_400_000_000, [7; 64]));
    let test = Test::new(remote, &hit, hit.micros()).with_hit(wants_hit);
    assert_eq!(test.wants_hit(), wants_hit);
    test.admit().unwrap();
    let mut told = Told::default();
    let mut next = Some(test.first());
    for (status, body, header) in replies {
        let question = next.expect("nothing more is asked");
        let mut out = Outgoing::new();
        question.ask(&test, &mut out);
        told.asked.push((
            question.means(),
            format!("{} {}", out.method(), out.shown_url()),
            out.payload().to_vec(),
        ));
        let headers = vec![*header];
        let heard = question.hear(&test, &Answer::new(&test, &out, *status, &headers, body.as_bytes()));
        told.findings.extend(
            heard
                .findings
                .iter()
                .map(|it| format!("{} | {} | {}", it.grade().as_str(), it.what(), it.to_do())),
        );
        next = heard.next;
    }
    assert!(next.is_none(), "more is asked: {next:?}");
    told
}

const WELL_FORMED: &str =
    "right | Google's debug endpoint finds the test hit well-formed; nothing was counted";

const IN_DEBUG_VIEW: &str = "unproven | that the test hit counts … look into Admin, DebugView";

const VALID: &str = r#"{"validationMessages": []}"#;

#[test]
fn ga4_is_asked_at_its_debug_endpoint() {
    let keys = &format!("{GA4}url = 'https://a.example/mp/collect'");
    let debug = "POST https://a.example/debug/mp/collect?measurement_id=G-ABC123DEF4&api_secret=***";
    let collect = "POST https://a.example/mp/collect?measurement_id=G-ABC123DEF4&api_secret=***";
    let unproven = "unproven | that `measurement_id` and `api_secret` are right: … answers 204 … DebugView";
    let asked = told(keys, &[reply(200, VALID)]);
    assert_eq!(asked.has(&[WELL_FORMED, unproven]).at(), [(Means::Debug, debug)]);
    let body = asked.json(0);
    assert_eq!(body["validation_behavior"], "ENFORCE_RECOMMENDATIONS");
    let params = &body["events"][0]["params"];
    assert_eq!(
        (&params["page_title"], &params["page_location"], &params["debug_mode"]),
        (&TITLE.into(), &"https://www.example.com/trackside-check".into(), &Json::Null)
    );
    let asked = told_of(keys, &[reply(200, VALID), reply(204, "")], true);
    asked.has(&[WELL_FORMED, "right | Google Analytics 4 took the test hit (status 204)", IN_DEBUG_VIEW]);
    assert_eq!(asked.at(), [(Means::Debug, debug), (Means::TestHit, collect)]);
    let body = asked.json(1);
    assert_eq!(
        (&body["events"][0]["params"]["debug_mode"], &body["validation_behavior"]),
        (&1.into(), &Json::Null)
    );
}

#[test]
fn ga4_tells_each_fault_of_the_hit() {
    let keys = &format!("{GA4}url = 'https://a.example/mp/collect'");
    let refused = r#"{"validationMessages": [
        {"fieldPath": "measurement_id", "description": "Unable to find it.", "validationCode": "VALUE_INVALID"},
        {"description": "Item array is required.", "validationCode": "VALUE_REQUIRED"}]}"#;
    told(keys, &[reply(200, refused)]).has(&[
        "wrong | Google's debug endpoint refuses the test hit: \"measurement_id\" : \"Unable to find it. \
         (VALUE_INVALID)\" | … Data streams",
        "wrong | Google's debug endpoint refuses the test hit: \"Item array is required. (VALUE_REQUIRED)\" | ",
    ]);
    for status in [403, 500] {
        let says = format!("wrong | … (status {status})");
        told(keys, &[reply(status, VALID)]).has(&[&says]);
    }
}

#[test]
fn ga4_without_a_debug_endpoint_is_sent_the_hit() {
    let keys = &format!("{GA4}url = 'https://a.example/mp/collect'");
    for (status, body) in [(404, ""), (200, "ok")] {
        let none = format!("unproven | … there is none beside `url` (status {status}) | where `url` is");
        told(keys, &[reply(status, body), reply(200, "")]).has(&[
            &none,
            "right | Google Analytics 4 took the test hit (status 200)",
            IN_DEBUG_VIEW,
        ]);
        told(keys, &[reply(status, body), reply(404, "")])
            .has(&[&none, "wrong | nothing takes hits at `url` (status 404)"]);
    }
    // At an address of one's own there is none to be known.
    let keys = &format!("{GA4}url = 'https://a.example/mine'");
    let asked = told(keys, &[reply(204, "")]);
    let mine = "POST https://a.example/mine?measurement_id=G-ABC123DEF4&api_secret=***";
    assert_eq!(asked.has(&["right", IN_DEBUG_VIEW]).at(), [(Means::TestHit, mine)]);
    told(keys, &[reply(200, PAGE)]).has(&["wrong | what answers at `url` is not Google Analytics 4"]);
}

#[test]
fn ga_v1_is_asked_at_its_debug_endpoint() {
    let keys = &format!("{GA_V1}url = 'https://a.example/collect'");
    let valid = r#"{"hitParsingResult": [{"valid": true, "parserMessage": []}]}"#;
    let right = "right | the debug endpoint finds the test hit well-formed; nothing was counted";
    let asked = told(keys, &[reply(200, valid)]);
    asked.has(&[right, "unproven | that the collector knows `tracking_id` … --hit … /trackside-check"]);
    assert_eq!(asked.at(), [(Means::Debug, "POST https://a.example/debug/collect")]);
    assert!(asked.text(0).contains("&dt=trackside%20check&"), "{}", asked.text(0));
    let counts = "unproven | that it counts: … `tracking_id` … /trackside-check";
    let took = "right | the collector took the test hit (status 200)";
    let asked = told_of(keys, &[reply(200, valid), reply(200, "")], true);
    assert_eq!(asked.has(&[right, took, counts]).at()[1], (Means::TestHit, "POST https://a.example/collect"));
    let invalid = r#"{"hitParsingResult": [{"valid": true}, {"valid": false, "parserMessage": [
        {"description": "The value is required.", "parameter": "tid"}, {"description": "Too old."}]}]}"#;
    for wants_hit in [false, true] {
        told_of(keys, &[reply(200, invalid)], wants_hit).has(&[
            "wrong | the debug endpoint refuses the test hit: \"tid: The value is required.; Too old.\" | compare",
        ]);
    }
    // As other collectors have none, Yandex for one. What is no success is no answer of a debug endpoint's.
    for none in [reply(404, ""), reply(200, "<!-- OK -->"), reply(404, valid)] {
        told(keys, &[none, reply(200, "<!-- OK -->")]).has(&[took, counts]);
        told(keys, &[none, reply(400, "")]).has(&["wrong | the collector refuses the test hit (status 400)"]);
        told(keys, &[none, reply(200, PAGE)]).has(&["wrong | what answers at `url` is not the collector"]);
    }
}

/// Snowplow's.
#[test]
fn ga_v1_at_another_path_is_sent_the_hit() {
    let keys = &format!("{GA_V1}url = 'https://a.example/com.google.analytics/v1'");
    let asked = told(keys, &[reply(200, "")]);
    let url = "POST https://a.example/com.google.analytics/v1";
    assert_eq!(asked.has(&["right", "unproven | that it counts"]).at(), [(Means::TestHit, url)]);
}

/// Whatever its debug endpoint says.
#[test]
fn google_counts_no_ga_v1() {
    let keys = &format!("{GA_V1}url = 'https://www.google-analytics.com/collect'");
    let gone = "wrong | Google has counted no hits of this protocol since July 2024 | … `type = \"ga4\"`";
    let result = |valid| format!(r#"{{"hitParsingResult": [{{"valid": {valid}}}]}}"#);
    told(keys, &[reply(200, &result(true))]).has(&[gone]);
    told(keys, &[reply(404, "")]).has(&[gone]);
    told(keys, &[reply(200, &result(false))]).has(&["wrong | the debug endpoint refuses", gone]);
}

#[test]
fn matomo_tells_a_wrong_token_from_a_wrong_site() {
    let keys = &format!("{MATOMO}token = 's3cret'");
    let counts = "unproven | that it counts: Matomo does not tell … Visits log";
    let taken = r#"{"status":"success","tracked":1,"invalid":0}"#;
    let invalid = reply(200, r#"{"status":"success","tracked":0,"invalid":1}"#);
    told(keys, &[reply(200, taken)]).has(&[
        "right | Matomo took the test hit for site 7 | ",
        "right | Matomo took the token",
        counts,
    ]);
    // Told no address, it needs no token.
    let blind = &MATOMO.replace("type", "token = 's3cret'\nip = 'none'\ntype");
    told(blind, &[reply(200, taken)]).has(&["right", "unproven | that `token` is right", counts]);
    for refused in [invalid, reply(400, "")] {
        for status in [200, 204] {
            let asked = told(keys, &[refused, reply(status, "")]);
            asked.has(&[
                "wrong | Matomo refuses the test hit with the token, and takes it without … Auth tokens",
            ]);
            let body = asked.text(1);
            assert!(body.starts_with("idsite=7&rec=1&"), "{body}");
            assert!(!body.contains("cip=") && !body.contains("token_auth"), "{body}");
            assert_eq!(asked.at()[1], (Means::TestHit, "POST https://a.example/matomo.php"));
        }
        told(keys, &[refused, reply(400, "invalid idsite")]).has(&[
            "wrong | Matomo refuses the test hit for site 7: \"invalid idsite\" | … Websites, Manage",
        ]);
        told(keys, &[refused, reply(404, "")]).has(&["wrong | nothing takes hits at `url` (status 404)"]);
    }
}

#[test]
fn matomo_without_a_token() {
    let invalid = reply(200, r#"{"status":"success","tracked":0,"invalid":1}"#);
    let taken = reply(200, r#"{"status":"success","tracked":1,"invalid":0}"#);
    told(MATOMO, &[taken]).has(&["right | Matomo took the test hit for site 7", "unproven | that it counts"]);
    // The body of an answer in bulk has nothing more to say.
    told(MATOMO, &[invalid]).has(&["wrong | Matomo refuses the test hit for site 7 | compare `site_id`"]);
    // Matomo's own answer, though it has read no hit: the address is right.
    let unread = reply(200, r#"{"status":"success","tracked":0,"invalid":0}"#);
    told(MATOMO, &[unread])
        .has(&["wrong | Matomo answers 200 and throws the test hit away, refused(rejected)"]);
    told(MATOMO, &[reply(400, "no")]).has(&["wrong | Matomo refuses the test hit for site 7: \"no\" | "]);
    let foreign =
        "wrong | what answers at `url` is not Matomo (status 200) … https://stats.example.com/matomo.php";
    told(MATOMO, &[reply(200, PAGE)]).has(&[foreign]);
    told(MATOMO, &[reply(500, "")]).has(&["wrong | Matomo fails by itself (status 500) … database"]);
    told(MATOMO, &[reply(503, "")]).has(&["wrong | Matomo takes nothing (status 503) … record_statistics"]);
    told(MATOMO, &[reply(502, "")]).has(&["wrong | Matomo is not there for the moment (status 502)"]);
}

#[test]
fn plausible_is_known_by_its_answer() {
    let right = "right | Plausible took the test hit for `shop.example`";
    for (status, body) in [(202, "ok"), (202, ""), (200, " ok\n"), (200, "{}")] {
        // A server that knows nothing of debugging.
        told(PLAUSIBLE, &[reply(status, body), reply(202, "ok")]).has(&[right, "unproven | which address"]);
    }
    for (status, body) in [(202, PAGE), (200, PAGE), (200, "hello"), (200, "[]"), (204, "")] {
        told(PLAUSIBLE, &[reply(status, body)]).has(&["wrong | what answers at `url` is not Plausible"]);
    }
    told(PLAUSIBLE, &[(202, "ok", ("x-plausible-dropped", "1"))]).has(&[
        "wrong | Plausible answers 202 and throws the test hit away: \"x-plausible-dropped 1\" | … `shop.example` is in \
         its list of sites … shields",
    ]);
    let invalid = reply(400, r#"{"errors": {"domain": ["can't be blank"]}}"#);
    told(PLAUSIBLE, &[invalid]).has(&["wrong | … can't be blank … compare `domain` with its list of sites"]);
    told(PLAUSIBLE, &[reply(404, "")]).has(&["wrong | nothing takes hits at `url` (status 404)"]);
    // Each page's own host, where no domain is named.
    told("type = 'plausible'", &[reply(202, "ok"), reply(200, ADDRESS)])
        .has(&["right | Plausible took the test hit for `www.example.com`", "right | "]);
}

/// That of the test hit.
const ADDRESS: &str = "203.0.113.9";

#[test]
fn plausible_is_asked_which_address_it_sees() {
    let taken = "right | Plausible took the test hit";
    for body in [ADDRESS, "203.0.113.9\n", r#""203.0.113.9""#, r#"{"ip":"203.0.113.9"}"#] {
        let told = told(PLAUSIBLE, &[reply(202, "ok"), reply(200, body)]);
        told.has(&[taken, "right | Plausible takes 203.0.113.9 for the visitor's address, as it was told"]);
        let url = "POST https://plausible.io/api/event";
        assert_eq!(told.at(), [(Means::TestHit, url), (Means::Address, url)]);
    }
    for (body, seen) in [("10.0.0.7", "10.0.0.7"), (r#"{"ip":"2001:db8::7"}"#, "2001:db8::7")] {
        told(PLAUSIBLE, &[reply(202, "ok"), reply(200, body)])
            .has(&[taken, &format!("wrong | Plausible takes {seen} for the visitor's … X-Forwarded-For")]);
    }
    for (status, body) in [(200, "ok"), (200, PAGE), (202, ""), (400, ADDRESS), (500, "")] {
        told(PLAUSIBLE, &[reply(202, "ok"), reply(status, body)])
            .has(&[taken, &format!("unproven | which address … it answers {status} alone … country")]);
    }
}

#[test]
fn posthog_looks_no_key_up() {
    for body in [r#"{"status": 1}"#, r#"{"status": "Ok"}"#] {
        told(POSTHOG, &[reply(200, body)]).has(&[
            "right | PostHog took the test hit",
            "unproven | that `api_key` is a project's … Activity … /trackside-check",
        ]);
    }
    for body in ["hello", "{}", PAGE] {
        told(POSTHOG, &[reply(200, body)]).has(&["wrong | what answers at `url` is not PostHog"]);
    }
    told(POSTHOG, &[reply(200, r#"{"status": 1, "quota_limited": ["events"]}"#)])
        .has(&["wrong | PostHog keeps nothing: the project is over its quota of events"]);
    told(POSTHOG, &[reply(401, "API key is invalid")])
        .has(&["wrong | PostHog does not know … (status 401): \"API key is invalid\" | … phc_"]);
    told(POSTHOG, &[reply(403, "")]).has(&["wrong | PostHog does not let the test hit in (status 403)"]);
}

#[test]
fn segment_takes_any_key() {
    told(SEGMENT, &[reply(200, r#"{"success": true}"#)]).has(&[
        "right | Segment took the test hit",
        "unproven | that `write_key` is a source's … Debugger … /trackside-check",
    ]);
    told(SEGMENT, &[reply(200, r#"{"success": false}"#)])
        .has(&["wrong | Segment answers 200 and says that it failed: … Settings, API Keys"]);
    for body in ["hello", "{}", PAGE] {
        told(SEGMENT, &[reply(200, body)]).has(&["wrong | what answers at `url` is not Segment"]);
    }
    told(SEGMENT, &[reply(400, "")]).has(&["wrong | Segment refuses the test hit (status 400)"]);
    told(SEGMENT, &[(429, "", ("retry-after", "30"))])
        .has(&["wrong | Segment takes nothing for the moment (status 429), and asks to wait: 30 | "]);
}

#[test]
fn rudderstack_knows_its_sources() {
    told(RUDDERSTACK, &[reply(200, "OK")])
        .has(&["right | RudderStack took the test hit: it knows the source"]);
    told(RUDDERSTACK, &[reply(200, PAGE)]).has(&["wrong | what answers at `url` is not RudderStack"]);
    told(RUDDERSTACK, &[reply(401, "no")])
        .has(&["wrong | RudderStack does not know a source of this `write_key` (status 401): \"no\" | "]);
    told(RUDDERSTACK, &[reply(404, "off")])
        .has(&["wrong | RudderStack takes nothing here (status 404): \"off\" | … switched on"]);
    told(RUDDERSTACK, &[reply(413, "")]).has(&["wrong | RudderStack refuses the test hit (status 413)"]);
}

#[test]
fn snowplow_is_asked_for_its_health() {
    let rows = "unproven | that it is a good row … bad rows";
    let asked = told(SNOWPLOW, &[reply(200, "ok"), reply(200, "ok")]);
    asked.has(&["right | the collector is up", "right | … took the test hit (status 200)", rows]);
    let hit = "POST https://a.example/com.snowplowanalytics.snowplow/tp2";
    assert_eq!(asked.at(), [(Means::Health, "GET https://a.example/health"), (Means::TestHit, hit)]);
    for (status, body) in [(404, ""), (200, PAGE)] {
        let unproven =
            format!("unproven | that the collector is up: /health answers with status {status} | ");
        told(SNOWPLOW, &[reply(status, body), reply(200, "ok")]).has(&[&unproven, "right", rows]);
    }
    told(SNOWPLOW, &[reply(200, "ok"), reply(404, "")])
        .has(&["right", "wrong | nothing takes hits at `url`"]);
    told(SNOWPLOW, &[reply(200, "ok"), reply(200, PAGE)])
        .has(&["right", "wrong | what answers at `url` is not"]);
}

const REFUSED: &str =
    "wrong | Umami refuses the test hit for website 3f9c2f5e-7f0a-4b52-9d5d-0e7a3c8b1f20 (status ";

const BOT: &str = "wrong | Umami takes the test hit for a bot's … User-Agent";

#[test]
fn umami_hit_by_hit() {
    let keys = &format!("{UMAMI}url = 'https://a.example/api/send'");
    let right = "right | Umami took the test hit: it knows the website";
    for body in [r#"{"cache": "x.y.z", "sessionId": "a", "visitId": "b"}"#, "x.y.z"] {
        told(keys, &[reply(200, body)]).has(&[right]);
    }
    told(keys, &[reply(200, r#"{"beep": "boop"}"#)]).has(&[BOT]);
    for body in [PAGE, "", " \n", "<!-- OK -->"] {
        told(keys, &[reply(200, body)]).has(&["wrong | what answers at `url` is not Umami"]);
    }
    let unknown = reply(400, r#"{"error": {"message": "Website not found.", "status": 400}}"#);
    told(keys, &[unknown]).has(&[&format!("{REFUSED}400): \"Website not found.\" | … Settings, Websites")]);
    told(keys, &[reply(400, r#"{"error": "Bad."}"#)]).has(&[&format!("{REFUSED}400): \"Bad.\" | ")]);
    told(keys, &[reply(400, "Bad request")]).has(&[&format!("{REFUSED}400): \"Bad request\" | ")]);
    told(keys, &[reply(403, "no")])
        .has(&["wrong | Umami blocks the address (status 403): \"no\" | … IGNORE_IP"]);
    told(keys, &[reply(404, "")]).has(&["wrong | nothing takes hits at `url` (status 404) … path included"]);
    told(keys, &[reply(500, "")]).has(&["wrong | Umami fails by itself (status 500)"]);
}

#[test]
fn umami_in_batches() {
    let keys = &format!("{UMAMI}url = 'https://a.example/api/batch'");
    let batch =
        |details: &str| format!(r#"{{"size": 1, "processed": 1, "errors": 0, "details": [{details}]}}"#);
    let failed = |error: &str| batch(&format!(r#"{{"index": 0, "response": {{"error": {error}}}}}"#));
    let counts = r#"{"size": 1, "processed": 1, "errors": 0, "details": [], "cache": "x.y.z"}"#;
    told(keys, &[reply(200, counts)]).has(&["right | Umami took the test hit: it knows the website"]);
    told(keys, &[reply(200, &batch(""))]).has(&[BOT]);
    for (version, body) in
        [("3.0.1", &batch("")[..]), ("3.0.1", r#"{"size": 1, "details": [], "cache": null}"#)]
    {
        told(&format!("{keys}\nversion = '{version}'"), &[reply(200, body)])
            .has(&["right | Umami took the test hit", "unproven | that it counts: … bot's … Realtime"]);
    }
    for error in [r#"{"message": "Website not found.", "status": 400}"#, r#""Website not found.""#] {
        told(keys, &[reply(200, &failed(error))])
            .has(&[&format!("{REFUSED}200): \"Website not found.\" | … Settings, Websites")]);
    }
    told(keys, &[reply(200, &failed(r#"{"status": 403}"#))]).has(&["wrong | Umami blocks the address"]);
    told(keys, &[reply(200, &failed(r#"{"status": 500}"#))]).has(&["wrong | Umami fails by itself … log"]);
    told(keys, &[reply(200, r#"{"beep": "boop"}"#)]).has(&[BOT]);
    told(keys, &[reply(200, PAGE)]).has(&["wrong | what answers at `url` is not Umami"]);
    told(keys, &[reply(404, "")])
        .has(&["wrong | nothing takes hits at `url` … before version 2.17 Umami has no"]);
}

#[test]
fn goatcounter_says_what_is_wrong() {
    told(GOATCOUNTER, &[reply(202, r#"{"status": "ok"}"#)])
        .has(&["right | GoatCounter took the test hit: the token may count page views"]);
    told(GOATCOUNTER, &[reply(200, PAGE)]).has(&["wrong | what answers at `url` is not GoatCounter"]);
    for status in [401, 403] {
        told(GOATCOUNTER, &[reply(status, r#"{"error": "requires count permission"}"#)]).has(&[&format!(
            "wrong | GoatCounter does not take `token` (status {status}): \"requires count permission\" | … \
             `Record pageviews`"
        )]);
    }
    for (body, says) in [
        (r#"{"errors": {"0": "path: must be set"}}"#, "path: must be set"),
        (r#"{"errors": {"0": {"path": 1}}}"#, r#"{"path":1}"#),
        (r#"{"error": "no site"}"#, "no site"),
        ("no JSON", "no JSON"),
    ] {
        told(GOATCOUNTER, &[reply(400, body)]).has(&[&format!(
            "wrong | GoatCounter refuses the test hit (status 400): \"{says}\" | see what it says"
        )]);
    }
    told(GOATCOUNTER, &[(202, r#"{"status": "ok"}"#, ("x-goatcounter-filter", "0"))])
        .has(&["wrong | GoatCounter ignores the address of the test hit | … Ignore IPs"]);
    told(GOATCOUNTER, &[reply(429, "")])
        .has(&["wrong | GoatCounter takes nothing for the moment (status 429)"]);
}

#[test]
fn webhook_refuses_what_is_forged() {
    let took = "right | the webhook took the test hit (status 204)";
    let asked = told(WEBHOOK, &[reply(204, ""), reply(401, "")]);
    asked.has(&[took, "right | the webhook refuses a wrong signature (status 401)"]);
    let url = "POST https://a.example/hook";
    assert_eq!(asked.at(), [(Means::TestHit, url), (Means::ForgedHit, url)]);
    assert_eq!(asked.text(0), asked.text(1));
    told(WEBHOOK, &[reply(204, ""), reply(200, "")]).has(&[
        took,
        "unproven | that the webhook looks at signatures: … (status 200) | … webhook-signature",
    ]);
    told(WEBHOOK, &[reply(204, ""), reply(500, "")])
        .has(&[took, "unproven | that the webhook refuses a wrong signature: … status 500 | … 401"]);
    for status in [400, 401, 403] {
        told(WEBHOOK, &[reply(status, "no")]).has(&[&format!(
            "wrong | the webhook refuses the signed test hit (status {status}): \"no\" | … same `secret`"
        )]);
    }
    told(WEBHOOK, &[reply(404, "")]).has(&["wrong | nothing takes hits at `url` (status 404)"]);
}

/// Even where the receiver says them: as they are configured, as a URL has them, and as they are sent.
#[test]
fn secrets_are_not_shown() {
    // `printf s3_cret: | base64`
    let words = "s3_cret s3%5Fcret czNfY3JldDo= \u{e4}";
    for (keys, says) in [
        (
            &format!("{GA_V1}url = 'https://a.example/mine'\ntoken = 's3_cret'")[..],
            "*** *** czNfY3JldDo= \u{e4}",
        ),
        (&SEGMENT.replace("s3cret", "s3_cret"), "*** *** *** \u{e4}"),
        (
            &format!("{GA4}url = 'https://a.example/mine'").replace("s3cret", "s3_cret"),
            "*** *** czNfY3JldDo= \u{e4}",
        ),
    ] {
        told(keys, &[reply(400, words)]).has(&[&format!("(status 400): \"{says}\" | ")]);
    }
}
