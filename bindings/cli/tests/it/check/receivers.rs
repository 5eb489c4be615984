//! Each receiver, good and bad: the answers are those that PROTOCOLS tells of.

use serde_json::Value;
use trackside::protocol::TYPES;
use trackside_tests::collector::Answer;

use super::{Bench, IN_BASE64, SECRET, json};

const PAGE: &str = "<!doctype html><title>Nothing here</title>";

/// Every type, and its keys.
const KEYS: &[(&str, &str)] = &[
    ("ga4", "url = 'URL/mp/collect'\nmeasurement_id = 'G-ABC123DEF4'\napi_secret = 'SECRET'"),
    ("ga-v1", "url = 'URL/collect'\ntracking_id = 'UA-12345-6'\ntoken = 'SECRET'"),
    ("matomo", "url = 'URL/matomo.php'\nsite_id = 7\ntoken = 'SECRET'"),
    ("plausible", "url = 'URL/api/event'\ndomain = 'shop.example'"),
    ("posthog", "url = 'URL/batch/'\napi_key = 'SECRET'"),
    ("segment", "url = 'URL/v1/batch'\nwrite_key = 'SECRET'"),
    ("rudderstack", "url = 'URL/v1/batch'\nwrite_key = 'SECRET'"),
    ("webhook", "url = 'URL/hook'\nsecret = 'SECRET'"),
    ("umami", "url = 'URL/api/send'\nwebsite = '3f9c2f5e-7f0a-4b52-9d5d-0e7a3c8b1f20'"),
    ("goatcounter", "url = 'URL/api/v0/count'\ntoken = 'SECRET'"),
    ("snowplow", "url = 'URL/com.snowplowanalytics.snowplow/tp2'"),
];

fn bench(kind: &str) -> Bench {
    let (_, lines) = KEYS.iter().find(|(name, _)| *name == kind).unwrap();
    Bench::new(kind, lines)
}

#[test]
fn all_types_are_here() {
    let here: Vec<_> = KEYS.iter().map(|(name, _)| *name).collect();
    assert_eq!(here, TYPES.iter().map(|kind| kind.name()).collect::<Vec<_>>());
}

#[test]
fn ga4() {
    let bench = bench("ga4");
    let unproven = "unproven | that `measurement_id` and `api_secret` are right … 204 … DebugView";
    bench
        .check([json(r#"{"validationMessages": []}"#)], &[])
        .has(&["right | Google's debug endpoint finds the test hit well-formed", unproven]);
    let request = bench.collector.requests().pop().unwrap();
    assert_eq!(
        request.target,
        format!("/debug/mp/collect?measurement_id=G-ABC123DEF4&api_secret={}", SECRET.replace('_', "%5F"))
    );
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["validation_behavior"], "ENFORCE_RECOMMENDATIONS");
    assert_eq!(body["events"][0]["params"]["page_title"], "trackside check");
    assert_eq!(body["events"][0]["params"]["page_location"], "https://www.example.com/trackside-check");

    let refused = r#"{"validationMessages": [
        {"fieldPath": "measurement_id", "description": "Unable to find it.", "validationCode": "VALUE_INVALID"},
        {"description": "Item array is required.", "validationCode": "VALUE_REQUIRED"}]}"#;
    bench.check([json(refused)], &[]).has(&[
        "wrong | Google's debug endpoint refuses the test hit: \"measurement_id\" : \"Unable to find it. \
         (VALUE_INVALID)\" … Data streams",
        "wrong … \"Item array is required. (VALUE_REQUIRED)\"",
    ]);
    bench.check([Answer::status(403)], &[]).has(&["wrong … status 403 … compare `api_secret`"]);

    // The hit is sent, too, and DebugView shows it.
    let counts = "unproven | that the test hit counts … look into Admin, DebugView";
    let said = bench.check([json(r#"{"validationMessages": []}"#), Answer::status(204)], &["--hit"]);
    said.has(&["right", "right | Google Analytics 4 took the test hit (status 204)", counts]);
    let request = bench.collector.requests().pop().unwrap();
    assert!(request.target.starts_with("/mp/collect?"), "{}", request.target);
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["events"][0]["params"]["debug_mode"], 1);

    // A server of one's own before Google has no debug endpoint.
    bench.check([Answer::status(404), Answer::status(200)], &[]).has(&[
        "unproven | what Google's debug endpoint says: there is none beside `url` (status 404)",
        "right",
        counts,
    ]);
    bench
        .check([Answer::status(404), Answer::status(404)], &[])
        .has(&["unproven", "wrong | nothing takes hits at `url` (status 404)"]);

    // At an address of one's own there is none to be known.
    let (_, lines) = KEYS[0];
    bench.configure("", "ga4", &lines.replace("URL/mp/collect", "URL/mine"));
    bench.check([Answer::status(204)], &[]).has(&["right", counts]);
    assert!(bench.collector.requests().pop().unwrap().target.starts_with("/mine?measurement_id="));
}

#[test]
fn ga_v1() {
    let bench = bench("ga-v1");
    let valid =
        r#"{"hitParsingResult": [{"valid": true, "parserMessage": [], "hit": "/debug/collect?v=1"}]}"#;
    bench.check([json(valid)], &[]).has(&[
        "right | the debug endpoint finds the test hit well-formed",
        "unproven | that the collector knows `tracking_id` … --hit",
    ]);
    let request = bench.collector.requests().pop().unwrap();
    assert_eq!(request.target, "/debug/collect");
    assert!(request.text().contains("&dt=trackside%20check&"), "{}", request.text());
    assert!(request.text().contains("&dp=%2Ftrackside-check&"), "{}", request.text());
    let invalid = r#"{"hitParsingResult": [{"valid": false, "parserMessage": [
        {"messageType": "ERROR", "description": "The value is required.", "parameter": "tid"}]}]}"#;
    bench.check([json(invalid)], &[]).has(&[
        "wrong | the debug endpoint refuses the test hit: \"tid: The value is required.\" … compare `tracking_id`",
    ]);
    // As other collectors have none, Yandex for one.
    let said = bench.check([Answer::status(404), Answer::status(200).body("<!-- OK -->")], &[]);
    said.has(&["right | … took the test hit (status 200)", "unproven | that it counts … /trackside-check"]);
    assert_eq!(bench.collector.requests().pop().unwrap().target, "/collect");
    bench.check([Answer::status(404), Answer::status(400)], &[]).has(&["wrong … (status 400)"]);
    // Snowplow's.
    let lines = "url = 'URL/com.google.analytics/v1'\ntracking_id = 'UA-12345-6'";
    bench.configure("", "ga-v1", lines);
    bench.check([Answer::status(200)], &[]).has(&["right", "unproven | that it counts"]);
    // Yandex Metrica's, whose token stands in the body.
    let lines = "url = 'URL/collect'\ntracking_id = '123'\ntoken = 'SECRET'";
    bench.configure("", "ga-v1", lines);
    let refused = Answer::status(403).body("wrong token");
    bench.check([Answer::status(404), refused], &[]).has(&["wrong … \"wrong token\" … compare `token`"]);
    let ran = bench.run(&["--dry-run"]);
    assert!(ran.out.contains("&ms=***\n") && !ran.out.contains(SECRET), "{}", ran.out);
}

#[test]
fn google_counts_no_ga_v1() {
    let valid = r#"{"hitParsingResult": [{"valid": true, "parserMessage": []}]}"#;
    // Whatever its debug endpoint says.
    let google = super::faults::tunnel(move |_| json_text(valid));
    let lines = format!(
        "tracking_id = 'UA-12345-6'\nurl = 'http://www.google-analytics.com/collect'\nproxy = '{}'",
        google.url("")
    );
    let says = "wrong | Google has counted no hits of this protocol … `type = \"ga4\"`";
    Bench::new("ga-v1", &lines).check([], &[]).has(&[says]);
    let nothing = super::faults::tunnel(|_| "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned());
    let lines = lines.replace(&google.url(""), &nothing.url(""));
    Bench::new("ga-v1", &lines).check([], &[]).has(&[says]);
}

fn json_text(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

#[test]
fn matomo() {
    let bench = bench("matomo");
    let counts = "unproven | that it counts: Matomo does not tell … Visits log";
    let taken = r#"{"status":"success","tracked":1,"invalid":0}"#;
    bench.check([json(taken)], &[]).has(&[
        "right | Matomo took the test hit for site 7",
        "right | Matomo took the token",
        counts,
    ]);
    let invalid = r#"{"status":"success","tracked":0,"invalid":1}"#;
    bench
        .check([json(invalid), Answer::status(204)], &[])
        .has(&["wrong | Matomo refuses the test hit with the token, and takes it without … Auth tokens"]);
    let request = bench.collector.requests().pop().unwrap();
    assert!(request.text().contains("idsite=7&rec=1"), "{}", request.text());
    assert!(!request.text().contains("cip=") && !request.text().contains("token_auth"), "{}", request.text());
    bench
        .check([json(invalid), Answer::status(400).body("invalid idsite")], &[])
        .has(&["wrong | Matomo refuses the test hit for site 7: \"invalid idsite\" … Websites, Manage"]);
    bench
        .check([json(r#"{"status":"error","tracked":0,"invalid":0}"#)], &[])
        .has(&["wrong | what answers at `url` is not Matomo"]);
    bench
        .check([json(r#"{"status":"success","tracked":0,"invalid":0}"#)], &[])
        .has(&["wrong | Matomo answers 200 and throws the test hit away"]);
    let error = Answer::status(500).body(r#"{"status":"error","tracked":0,"invalid":0}"#);
    bench.check([error], &[]).has(&["wrong | Matomo fails by itself … database"]);
    bench.check([Answer::status(503)], &[]).has(&["wrong … record_statistics"]);
    bench.check([json("GIF89a")], &[]).has(&["wrong | what answers at `url` is not Matomo … matomo.php"]);
}

#[test]
fn matomo_without_a_token_or_hit_by_hit() {
    let lines = "url = 'URL/matomo.php'\nsite_id = 7";
    let bench = Bench::new("matomo", lines);
    let invalid = r#"{"status":"success","tracked":0,"invalid":1}"#;
    bench
        .check([json(invalid)], &[])
        .has(&["wrong | Matomo refuses the test hit for site 7 | compare `site_id`"]);
    bench.configure("", "matomo", &format!("{lines}\nbulk = false"));
    bench.check([Answer::status(204)], &[]).has(&["right | … for site 7", "unproven | that it counts"]);
    bench.check([Answer::status(200).body(PAGE)], &[]).has(&["wrong | what answers at `url` is not Matomo"]);
    bench.configure("", "matomo", &format!("{lines}\nbulk = false\ntoken = 'SECRET'"));
    bench.check([Answer::status(400), Answer::status(204)], &[]).has(&["wrong … `token` is wrong"]);
    // Told no address, it needs no token.
    bench.configure("", "matomo", &format!("{lines}\ntoken = 'SECRET'"));
    let text = std::fs::read_to_string(bench.place.path("my.toml")).unwrap();
    bench.place.write("my.toml", text.replace("ip = 'full'\n", "ip = 'none'\n"));
    let taken = r#"{"status":"success","tracked":1,"invalid":0}"#;
    bench.check([json(taken)], &[]).has(&["right", "unproven | that `token` is right", "unproven"]);
}

#[test]
fn plausible() {
    let bench = bench("plausible");
    let (taken, ok) =
        ("right | Plausible took the test hit for `shop.example`", || Answer::status(202).body("ok"));
    bench
        .check([ok(), Answer::status(200).body("203.0.113.9")], &[])
        .has(&[taken, "right | Plausible takes 203.0.113.9 for the visitor's address"]);
    let requests = bench.collector.requests();
    let [hit, debug] = &requests[..] else { panic!("{requests:?}") };
    assert_eq!((hit.header("x-forwarded-for"), hit.header("x-debug-request")), (Some("203.0.113.9"), None));
    assert_eq!(
        (debug.header("x-forwarded-for"), debug.header("x-debug-request")),
        (Some("203.0.113.9"), Some("true"))
    );
    bench
        .check([ok(), Answer::status(200).body("127.0.0.1")], &[])
        .has(&[taken, "wrong | Plausible takes 127.0.0.1 for the visitor's address … X-Plausible-IP"]);
    bench.check([ok(), ok()], &[]).has(&[taken, "unproven | which address Plausible takes"]);
    let dropped = Answer::status(202).header("x-plausible-dropped", "1").body("ok");
    bench.check([dropped], &[]).has(&[
        "wrong | Plausible answers 202 and throws the test hit away: \"x-plausible-dropped 1\" … `shop.example` is in its \
         list of sites … shields",
    ]);
    let invalid = Answer::status(400).body(r#"{"errors": {"domain": ["can't be blank"]}}"#);
    bench.check([invalid], &[]).has(&["wrong … can't be blank … compare `domain`"]);
}

#[test]
fn posthog() {
    let bench = bench("posthog");
    bench.check([json(r#"{"status": 1}"#)], &[]).has(&[
        "right | PostHog took the test hit",
        "unproven | that `api_key` is a project's: PostHog answers 200 … Activity … /trackside-check",
    ]);
    bench
        .check([json(r#"{"status": 1, "quota_limited": ["events"]}"#)], &[])
        .has(&["wrong | PostHog keeps nothing: the project is over its quota"]);
    let unknown =
        Answer::status(401).body(r#"{"type": "authentication_error", "detail": "API key is invalid"}"#);
    bench.check([unknown], &[]).has(&["wrong … API key is invalid … phc_"]);
    bench.check([json("hello")], &[]).has(&["wrong | what answers at `url` is not PostHog"]);
}

#[test]
fn segment() {
    let bench = bench("segment");
    bench.check([json(r#"{"success": true}"#)], &[]).has(&[
        "right | Segment took the test hit",
        "unproven | that `write_key` is a source's: Segment answers 200 to any … Debugger",
    ]);
    let request = bench.collector.requests().pop().unwrap();
    assert_eq!(request.header("authorization").unwrap(), format!("Basic {IN_BASE64}"));
    bench
        .check([json(r#"{"success": false}"#)], &[])
        .has(&["wrong | Segment answers 200 and says that it failed"]);
    bench.check([Answer::status(400)], &[]).has(&["wrong … (status 400)"]);
    bench.check([Answer::status(429).header("retry-after", "30")], &[]).has(&["wrong … asks to wait: 30"]);
    bench.check([json("hello")], &[]).has(&["wrong | what answers at `url` is not Segment"]);
}

#[test]
fn rudderstack() {
    let bench = bench("rudderstack");
    bench.check([json("OK")], &[]).has(&["right | RudderStack took the test hit: it knows the source"]);
    bench
        .check([Answer::status(401).body("Failed to read body from request")], &[])
        .has(&["wrong | RudderStack does not know a source of this `write_key`"]);
    bench
        .check([Answer::status(404).body("source is disabled")], &[])
        .has(&["wrong … source is disabled … switched on"]);
    bench.check([Answer::status(413)], &[]).has(&["wrong … (status 413)"]);
}

#[test]
fn webhook() {
    let bench = bench("webhook");
    bench.check([Answer::status(204), Answer::status(401)], &[]).has(&[
        "right | the webhook took the test hit (status 204)",
        "right | the webhook refuses a wrong signature (status 401)",
    ]);
    let requests = bench.collector.requests();
    let [signed, forged] = &requests[..] else { panic!() };
    assert_eq!(signed.header("webhook-id"), forged.header("webhook-id"));
    assert_ne!(signed.header("webhook-signature"), forged.header("webhook-signature"));
    bench.check([Answer::status(200), Answer::status(200)], &[]).has(&[
        "right",
        "unproven | that the webhook looks at signatures: it took a test hit with a wrong one … webhook-signature",
    ]);
    bench
        .check([Answer::status(200), Answer::status(500)], &[])
        .has(&["right", "unproven … status 500 … 401"]);
    bench
        .check([Answer::status(401).body("no matching signature")], &[])
        .has(&["wrong | the webhook refuses the signed test hit (status 401): \"no matching signature\" … same `secret`"]);
    bench.check([Answer::status(404)], &[]).has(&["wrong | nothing takes hits at `url`"]);
}

#[test]
fn umami() {
    let bench = bench("umami");
    bench
        .check([json(r#"{"cache": "x.y.z", "sessionId": "a", "visitId": "b"}"#)], &[])
        .has(&["right | Umami took the test hit"]);
    bench
        .check([json(r#"{"beep": "boop"}"#)], &[])
        .has(&["wrong | Umami takes the test hit for a bot's … User-Agent"]);
    bench.check([json(r#"{"error": "no such app"}"#)], &[]).has(&[
        "wrong | what answers at `url` is not Umami … no such app … https://umami.example.com/api/send",
    ]);
    let unknown = Answer::status(400).body(r#"{"error": {"message": "Website not found.", "status": 400}}"#);
    bench.check([unknown], &[]).has(&[
        "wrong | Umami refuses the test hit for website 3f9c2f5e-7f0a-4b52-9d5d-0e7a3c8b1f20 (status 400): \"Website not \
         found.\" … Settings, Websites",
    ]);
    bench.check([Answer::status(403)], &[]).has(&["wrong | Umami blocks the address … IGNORE_IP"]);
}

#[test]
fn umami_in_batches() {
    let bench =
        Bench::new("umami", "url = 'URL/api/batch'\nwebsite = '3f9c2f5e-7f0a-4b52-9d5d-0e7a3c8b1f20'");
    let taken = r#"{"size": 1, "processed": 1, "errors": 0, "details": [], "cache": "x.y.z"}"#;
    bench.check([json(taken)], &[]).has(&["right | Umami took the test hit"]);
    let untold = r#"{"size": 1, "processed": 1, "errors": 0, "details": []}"#;
    bench.check([json(untold)], &[]).has(&["wrong | Umami takes the test hit for a bot's … version"]);
    let older = Bench::new(
        "umami",
        "url = 'URL/api/batch'\nwebsite = '3f9c2f5e-7f0a-4b52-9d5d-0e7a3c8b1f20'\nversion = '3.0.1'",
    );
    older.check([json(untold)], &[]).has(&["right | Umami took the test hit", "unproven … bot's … Realtime"]);
    let details = |error: &str| {
        format!(
            r#"{{"size": 1, "processed": 0, "errors": 1, "details": [{{"index": 0, "response": {{"error": {error}}}}}]}}"#
        )
    };
    bench
        .check([json(&details(r#"{"message": "Website not found.", "status": 400}"#))], &[])
        .has(&["wrong | Umami refuses the test hit … Website not found."]);
    bench.check([json(&details(r#"{"status": 403}"#))], &[]).has(&["wrong | Umami blocks the address"]);
    bench.check([json(&details(r#"{"status": 500}"#))], &[]).has(&["wrong | Umami fails by itself"]);
    bench.check([json(r#"{"beep": "boop"}"#)], &[]).has(&["wrong | Umami takes the test hit for a bot's"]);
    bench.check([Answer::status(404)], &[]).has(&["wrong … before version 2.17 Umami has no /api/batch"]);
}

#[test]
fn goatcounter() {
    let bench = bench("goatcounter");
    bench
        .check([Answer::status(202).body(r#"{"status": "ok"}"#)], &[])
        .has(&["right | GoatCounter took the test hit: the token may count page views"]);
    for status in [401, 403] {
        let refused = Answer::status(status).body(r#"{"error": "requires count permission"}"#);
        bench.check([refused], &[]).has(&[
            "wrong | GoatCounter does not take `token` … requires count permission … `Record pageviews`",
        ]);
    }
    let errors = Answer::status(400).body(r#"{"errors": {"0": "path: must be set"}}"#);
    bench.check([errors], &[]).has(&["wrong … : \"path: must be set\""]);
    let error = Answer::status(400).body(r#"{"error": "no site"}"#);
    bench.check([error], &[]).has(&["wrong … : \"no site\""]);
    let filtered = Answer::status(202).header("x-goatcounter-filter", "0").body(r#"{"status": "ok"}"#);
    bench.check([filtered], &[]).has(&["wrong | GoatCounter ignores the address … Ignore IPs"]);
    bench.check([Answer::status(429)], &[]).has(&["wrong … takes nothing for the moment (status 429)"]);
}

#[test]
fn snowplow() {
    let bench = bench("snowplow");
    let bad_rows = "unproven | that it is a good row … bad rows";
    let ok = || Answer::status(200).body("ok");
    bench.check([ok(), ok()], &[]).has(&["right | the collector is up", "right", bad_rows]);
    let requests = bench.collector.requests();
    let asked: Vec<_> = requests.iter().map(|it| (it.method.as_str(), it.target.as_str())).collect();
    assert_eq!(asked, [("GET", "/health"), ("POST", "/com.snowplowanalytics.snowplow/tp2")]);
    bench.check([Answer::status(404), ok()], &[]).has(&[
        "unproven | that the collector is up",
        "right",
        bad_rows,
    ]);
    bench.check([ok(), Answer::status(404)], &[]).has(&["right", "wrong | nothing takes hits at `url`"]);
    bench.check([ok(), Answer::status(413)], &[]).has(&["right", "wrong … (status 413)"]);
}

/// But for a webhook, which may answer as it likes.
#[test]
fn a_page_is_no_receiver() {
    for (kind, _) in KEYS.iter().filter(|(kind, _)| *kind != "webhook") {
        let bench = bench(kind);
        bench.collector.always(Answer::status(200).body(PAGE));
        let ran = bench.run(&[]);
        assert_eq!(ran.code, Some(1), "{kind}: {}", ran.out);
        assert!(ran.out.contains("wrong: what answers at `url` is not "), "{kind}: {}", ran.out);
    }
}

/// Even where the receiver says them.
#[test]
fn secrets_are_not_shown() {
    let in_url = SECRET.replace('_', "%5F");
    let words = format!("wrong: {SECRET} {in_url} {IN_BASE64} \u{1b}[2J");
    for (kind, lines) in KEYS {
        let bench = bench(kind);
        let mut hidden = vec!["\u{1b}"];
        if lines.contains("SECRET") {
            hidden.extend([SECRET, &in_url]);
        }
        if matches!(*kind, "segment" | "rudderstack") {
            hidden.push(IN_BASE64);
        }
        for status in [200, 301, 400, 401, 403, 404, 500] {
            let body = format!("{{\"error\": {{\"message\": \"{words}\"}}, \"status\": \"{words}\"}}");
            let answer =
                Answer::status(status).header("location", &format!("http://a.example/{SECRET}?{SECRET}"));
            bench.collector.always(answer.body(body));
            for format in ["text", "json"] {
                let ran = bench.run(&["--hit", "--format", format]);
                let said = format!("{}{}", ran.out, ran.err);
                assert!(ran.code.is_some_and(|code| code < 2), "{kind}: {said}");
                for secret in &hidden {
                    assert!(!said.contains(secret), "{kind} {status}: {said}");
                }
            }
        }
    }
}
