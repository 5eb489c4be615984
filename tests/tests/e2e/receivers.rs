//! Receivers that answer as their manuals say, silent refusals included, and what the book of hits makes of it.

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
    let stats = site.settled();
    let requests = collector.requests();
    let [request] = &requests[..] else { panic!("{requests:?}") };
    (stats.destinations[0].clone(), request.clone())
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
    let hits = site.settled().destinations[0].clone();
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
    let hits = site.settled().destinations[0].clone();
    assert_eq!((hits.delivered, hits.retries), (1, 2), "{hits:?}");
    let ids: Vec<_> =
        collector.requests().iter().map(|request| json(request)["data"][0]["eid"].clone()).collect();
    assert!(ids[0] == ids[1] && ids[1] == ids[2], "{ids:?}");
}
