//! Receivers that answer as their manuals say, silent refusals included, and what the book of hits and the observer are
//! told of it.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use trackside::{Reason, ledger::Hits};
use trackside_tests::collector::{Answer, Collector, Recorded};

use crate::kit::{Site, eventually, lost, pages, turn};

const WEBSITE: &str = "3f9c2f5e-7f0a-4b52-9d5d-0e7a3c8b1f20";

/// What becomes of three page views in one request that is answered so, and that request.
fn three(keys: &str, path: &str, answer: Answer) -> (Hits, Recorded) {
    let collector = Collector::start().unwrap();
    collector.always(answer);
    // Three make a batch, and nothing else does.
    let batch = "batch = { hits = 3, age = '1h' }\nworkers = 1";
    let url = collector.url(path);
    let site = Site::open(&format!("[[destination]]\nurl = '{url}'\n{batch}\n{keys}\n"), pages());
    turn(&site.browser(), 0..3);
    let hits = settled(&site);
    let requests = collector.requests();
    let [request] = &requests[..] else { panic!("{requests:?}") };
    (hits, request.clone())
}

/// What became of all hits, of which the observer was told the same.
fn settled(site: &Site) -> Hits {
    let hits = site.settled().destinations[0].clone();
    let lost: BTreeMap<_, _> = hits.refused.iter().chain(&hits.dropped).copied().collect();
    assert_eq!(site.told_of_lost(), lost);
    hits
}

/// What becomes of page views of which each goes in a request of its own and is answered so, in this order, and those
/// requests.
fn each(keys: &str, path: &str, answers: &[Answer]) -> (Hits, Vec<Recorded>) {
    let collector = Collector::start().unwrap();
    collector.script(answers.to_vec());
    let url = collector.url(path);
    let site = Site::open(&format!("[[destination]]\nurl = '{url}'\nworkers = 1\n{keys}\n"), pages());
    let browser = site.browser();
    for (n, _) in (0..).zip(answers) {
        turn(&browser, [n]);
    }
    (settled(&site), collector.requests())
}

fn json(request: &Recorded) -> Json {
    serde_json::from_slice(&request.body).unwrap()
}

const POSTHOG: &str = "type = 'posthog'\napi_key = 'phc_x'\ncompression = 'none'";
const SEGMENT: &str = "type = 'segment'\nwrite_key = 'wr1teKey'";
const GOATCOUNTER: &str = "type = 'goatcounter'\ntoken = 't0ken'";
const SNOWPLOW: &str = "type = 'snowplow'";

fn umami() -> String {
    format!("type = 'umami'\nwebsite = '{WEBSITE}'")
}

#[test]
fn what_is_taken_is_delivered() {
    let webhook = "type = 'webhook'\nsecret = 'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='";
    for (keys, path, answer, array) in [
        (POSTHOG, "/batch/", Answer::status(200).body(r#"{"status":1}"#), "batch"),
        (SEGMENT, "/v1/batch", Answer::status(200).body(r#"{"success":true}"#), "batch"),
        ("type = 'rudderstack'\nwrite_key = 'k'", "/v1/batch", Answer::status(200).body("OK"), "batch"),
        (GOATCOUNTER, "/api/v0/count", Answer::status(202).body(r#"{"status":"ok"}"#), "hits"),
        (SNOWPLOW, "/com.snowplowanalytics.snowplow/tp2", Answer::status(200).body("ok"), "data"),
        (webhook, "/hook", Answer::status(204), "hits"),
    ] {
        let (hits, request) = three(keys, path, answer);
        assert_eq!((hits.delivered, hits.offered), (3, 3), "{keys}: {hits:?}");
        assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", path));
        assert_eq!(json(&request)[array].as_array().unwrap().len(), 3, "{keys}");
    }
    let answer = Answer::status(200).body(r#"{"size":3,"processed":3,"errors":0,"details":[]}"#);
    let (hits, request) = three(&umami(), "/api/batch", answer);
    assert_eq!((hits.delivered, json(&request).as_array().unwrap().len()), (3, 3));
}

#[test]
fn tokens_go_in_headers() {
    let (_, request) = three(SEGMENT, "/v1/batch", Answer::status(200));
    // By `printf wr1teKey: | base64`.
    assert_eq!(request.header("authorization"), Some("Basic d3IxdGVLZXk6"));
    let (_, request) = three(GOATCOUNTER, "/api/v0/count", Answer::status(202));
    assert_eq!(request.header("authorization"), Some("Bearer t0ken"));
}

#[test]
fn what_posthog_has_no_quota_for_is_refused() {
    let answer = Answer::status(200).body(r#"{"status":1,"quota_limited":["events"]}"#);
    let (hits, _) = three(POSTHOG, "/batch/", answer);
    assert_eq!((hits.delivered, lost(&hits, Reason::Quota)), (0, 3), "{hits:?}");
}

#[test]
fn what_segment_says_no_to_is_refused() {
    let (hits, _) = three(SEGMENT, "/v1/batch", Answer::status(200).body(r#"{"success":false}"#));
    assert_eq!((hits.delivered, lost(&hits, Reason::Rejected)), (0, 3), "{hits:?}");
}

#[test]
fn what_umami_takes_for_a_bots_is_refused() {
    let collector = Collector::start().unwrap();
    collector.always(Answer::status(200).body(r#"{"beep":"boop"}"#));
    let url = collector.url("/api/send");
    let site = Site::open(&format!("[[destination]]\nurl = '{url}'\n{}\n", umami()), pages());
    turn(&site.browser(), 0..2);
    let hits = settled(&site);
    assert_eq!((hits.delivered, lost(&hits, Reason::BotThere)), (0, 2), "{hits:?}");
    let requests = collector.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(json(&requests[0])["payload"]["website"], WEBSITE);
    // What programs send is thrown away there: the request has the visitor's agent.
    let agent = json(&requests[0])["payload"]["userAgent"].as_str().unwrap().to_owned();
    assert_eq!(requests[0].header("user-agent"), Some(agent.as_str()));
}

#[test]
fn what_umami_says_of_each_hit_is_counted() {
    let answer = Answer::status(200).body(
        r#"{"size":3,"processed":1,"errors":2,"details":[
            {"index":0,"response":{"error":{"message":"Bad request","status":400}}},
            {"index":2,"response":{"error":{"message":"Server error","status":500}}}]}"#,
    );
    let (hits, _) = three(&umami(), "/api/batch", answer);
    let (rejected, ambiguous) = (lost(&hits, Reason::Rejected), lost(&hits, Reason::Ambiguous));
    assert_eq!((hits.delivered, rejected, ambiguous), (1, 1, 1), "{hits:?}");
}

#[test]
fn what_goatcounter_says_of_each_hit_is_counted() {
    let errors = Answer::status(400).body(r#"{"errors":{"1":"path: must be set"}}"#);
    let (hits, _) = three(GOATCOUNTER, "/api/v0/count", errors);
    assert_eq!((hits.delivered, lost(&hits, Reason::Rejected)), (2, 1), "{hits:?}");
    let filtered = Answer::status(202).header("X-Goatcounter-Filter", "0, 1");
    let (hits, _) = three(GOATCOUNTER, "/api/v0/count", filtered);
    assert_eq!((hits.delivered, lost(&hits, Reason::FilteredThere)), (1, 2), "{hits:?}");
}

#[test]
fn a_collector_that_fails_is_sent_the_same_events_again() {
    let collector = Collector::start().unwrap();
    collector.script([Answer::hang_up(), Answer::status(500)]);
    let url = collector.url("/com.snowplowanalytics.snowplow/tp2");
    let site = Site::open(&format!("[[destination]]\nurl = '{url}'\nworkers = 1\n{SNOWPLOW}\n"), pages());
    turn(&site.browser(), 0..1);
    eventually("a third attempt", || collector.count() == 3);
    let hits = settled(&site);
    assert_eq!((hits.delivered, hits.retries), (1, 2), "{hits:?}");
    let ids: Vec<_> =
        collector.requests().iter().map(|request| json(request)["data"][0]["eid"].clone()).collect();
    assert!(ids[0] == ids[1] && ids[1] == ids[2], "{ids:?}");
}

const MATOMO: &str = "type = 'matomo'\nsite_id = 7\ntoken = '0123456789abcdef0123456789abcdef'";

fn matomo(answer: &str) -> (Hits, Recorded) {
    three(MATOMO, "/matomo.php", Answer::status(200).body(answer))
}

/// The parameters of each hit in a bulk request.
fn queries(request: &Recorded) -> Vec<BTreeMap<String, String>> {
    let body = json(request);
    let queries = body["requests"].as_array().unwrap().iter().map(|query| query.as_str().unwrap());
    queries.map(|query| serde_urlencoded::from_str(query.strip_prefix('?').unwrap()).unwrap()).collect()
}

#[test]
fn what_matomo_tracks_is_delivered() {
    let (hits, request) = matomo(r#"{"status":"success","tracked":3,"invalid":0}"#);
    assert_eq!((hits.delivered, hits.offered), (3, 3), "{hits:?}");
    // No log of the server has the token.
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/matomo.php"));
    assert_eq!(json(&request)["token_auth"], "0123456789abcdef0123456789abcdef");
    let queries = queries(&request);
    assert_eq!(queries.len(), 3);
    for (n, query) in queries.iter().enumerate() {
        assert_eq!((query["idsite"].as_str(), query["rec"].as_str()), ("7", "1"));
        assert!(query["url"].ends_with(&format!("/page/{n}")), "{query:?}");
        assert_eq!((query["cip"].as_str(), query["cid"].len()), ("127.0.0.0", 16), "{query:?}");
    }
    // A setting of the server's has it answer without a body.
    let (hits, _) = three(MATOMO, "/matomo.php", Answer::status(204));
    assert_eq!(hits.delivered, 3, "{hits:?}");
}

#[test]
fn what_matomo_counts_as_invalid_is_refused() {
    for answer in [
        r#"{"status":"success","tracked":1,"invalid":2}"#,
        r#"{"status":"success","tracked":1,"invalid":2,"invalid_indices":[0,2]}"#,
        // PHP wrote a notice before it.
        "\n<b>Deprecated</b>: x in y.php\n{\"status\":\"success\",\"tracked\":1,\"invalid\":2}",
    ] {
        let (hits, _) = matomo(answer);
        assert_eq!((hits.delivered, lost(&hits, Reason::Rejected)), (1, 2), "{answer}: {hits:?}");
    }
    for answer in ["<html><h1>Sign in</h1>", r#"{"status":"error","tracked":0,"invalid":0}"#, "{}"] {
        let (hits, _) = matomo(answer);
        assert_eq!((hits.delivered, lost(&hits, Reason::Rejected)), (0, 3), "{answer}: {hits:?}");
    }
}

#[test]
fn what_matomo_has_rolled_back_is_sent_again() {
    let collector = Collector::start().unwrap();
    let rolled_back = r#"{"status":"error","tracked":1,"invalid":0}"#;
    collector.script([
        Answer::status(500).body(rolled_back),
        Answer::status(503),
        Answer::status(200).body(r#"{"status":"success","tracked":2,"invalid":0}"#),
    ]);
    let url = collector.url("/matomo.php");
    let batch = "batch = { hits = 2, age = '1h' }\nworkers = 1";
    let site = Site::open(&format!("[[destination]]\nurl = '{url}'\n{batch}\n{MATOMO}\n"), pages());
    turn(&site.browser(), 0..2);
    eventually("a third attempt", || collector.count() == 3);
    let hits = settled(&site);
    assert_eq!((hits.delivered, hits.retries), (2, 2), "{hits:?}");
    let requests = collector.requests();
    assert!(requests.iter().all(|request| request.body == requests[0].body));
}

#[test]
fn where_matomo_broke_down_nobody_knows_what_it_has() {
    let (hits, _) = three(MATOMO, "/matomo.php", Answer::status(500).body("<h1>Internal Server Error</h1>"));
    assert_eq!((hits.delivered, lost(&hits, Reason::Ambiguous)), (0, 3), "{hits:?}");
}

#[test]
fn matomo_says_of_one_hit_whether_it_took_it() {
    let answers = [
        Answer::status(200).body(&b"GIF89a"[..]),
        Answer::status(204),
        Answer::status(400),
        Answer::status(200).body("<html>"),
    ];
    let (hits, requests) = each(&format!("{MATOMO}\nbulk = false"), "/matomo.php", &answers);
    assert_eq!((hits.delivered, lost(&hits, Reason::Rejected)), (2, 2), "{hits:?}");
    for request in &requests {
        assert_eq!(request.target, "/matomo.php");
        let form: BTreeMap<String, String> = serde_urlencoded::from_bytes(&request.body).unwrap();
        assert_eq!(form["send_image"], "0");
        assert_eq!(form["token_auth"], "0123456789abcdef0123456789abcdef");
    }
    assert_eq!(requests.len(), 4);
}

const PLAUSIBLE: &str = "type = 'plausible'\nip = 'full'\ndomain = 'shop.example'";

#[test]
fn what_plausible_says_it_dropped_is_refused() {
    let taken = Answer::status(202).body("ok");
    let dropped = taken.clone().header("X-Plausible-Dropped", "1");
    let answers = [taken.clone(), dropped.clone(), taken.header("x-plausible-dropped", "0"), dropped];
    let (hits, requests) = each(PLAUSIBLE, "/api/event", &answers);
    assert_eq!((hits.delivered, lost(&hits, Reason::Rejected)), (2, 2), "{hits:?}");
    assert_eq!(requests.len(), 4);
    for (n, request) in requests.iter().enumerate() {
        assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/api/event"));
        let body = json(request);
        assert_eq!((&body["domain"], &body["name"]), (&"shop.example".into(), &"pageview".into()));
        assert!(body["url"].as_str().unwrap().ends_with(&format!("/page/{n}")), "{body}");
        // By these it tells visitors apart.
        assert_eq!(request.header("x-forwarded-for"), Some("127.0.0.1"));
        assert!(request.header("user-agent").unwrap().starts_with("Mozilla/"), "{request:?}");
    }
}

#[test]
fn what_plausible_cannot_read_is_refused_and_what_it_has_no_time_for_waits() {
    let answers = [Answer::status(400).body(r#"{"errors":{"url":["is invalid"]}}"#)];
    let (hits, _) = each(PLAUSIBLE, "/api/event", &answers);
    assert_eq!((hits.delivered, lost(&hits, Reason::Rejected)), (0, 1), "{hits:?}");
    let answers = [Answer::status(429).header("retry-after", "0")];
    let (hits, requests) = each(PLAUSIBLE, "/api/event", &answers);
    assert_eq!((hits.delivered, hits.retries, requests.len()), (1, 1, 2), "{hits:?}");
}
