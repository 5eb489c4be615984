use std::sync::Arc;

use trackside::{
    Annotations, Config, Request, Response, Tracker, clock::Clock, config::SecretSource, explain::Explanation,
};

use super::{super::json, render};

/// 2026-07-22 10:00:00 UTC.
#[derive(Debug)]
struct Fixed;

impl Clock for Fixed {
    fn micros(&self) -> u64 {
        1_784_714_400_000_000
    }
}

fn explained(toml: &str, target: &str, headers: &[(&str, &str)], status: u16) -> Explanation {
    let config = Config::builder()
        .toml(toml)
        .secrets(|source| match source {
            SecretSource::Env("SECRET") => Ok("s3cret".to_owned()),
            other => Err(format!("{other:?}")),
        })
        .build()
        .unwrap();
    let tracker = Tracker::builder(config).clock(Arc::new(Fixed)).open().unwrap();
    let headers = headers.to_vec();
    let request =
        Request::new("GET", target, &headers).with_peer("203.0.113.9".parse().ok()).with_secure(true);
    let response = [("content-type", "text/html")];
    tracker.explain(&request, &Response::new(status, &response), &Annotations::new())
}

#[test]
fn every_rule_is_asked_and_nothing_of_a_skipped_request_is_sent() {
    let explanation = explained(
        "consent.policy = 'none'\ntrack.ignore = ['/admin/']",
        "/admin/\u{1b}[2J",
        &[("Host", "www.example.com"), ("Sec-Purpose", "prefetch")],
        404,
    );
    let expected = "\
note: a note

verdict: skipped(ignored)

rules:
  mode          yes                on
  method        yes                `GET`; counted: GET
  site          yes                `www.example.com`; counted: any
  path          no (ignored)       `/admin/\\x1b[2J`: ignored by `/admin/`
  prefetch      no (prefetch)      fetched ahead: sec-purpose: `prefetch`
  fragment      yes                a page (as no header says otherwise); counted: pages
  consent       yes                as configured
  upgrade       yes                the connection stays with HTTP
  not-found     yes                pages that are not found are not told apart
  status        no (status)        404; counted: 200, 304
  download      yes                downloads are not told apart
  content-type  yes                `text/html`; counted: text/html, application/xhtml+xml
  beacon        yes                no `beacon.path`

client:
  peer               203.0.113.9: the client, as no proxy is trusted
  address            203.0.113.9
  scheme             https, by the server
  host               www.example.com, by the Host header

visitor: none

consent: nobody asks (recorded as configured)
  the host           says nothing
  sec-gpc            not sent
  dnt                not sent
  trackside_consent  not sent

notice: not due

headers to append: none

hits: none
";
    assert_eq!(render(&explanation, &["a note".to_owned()]), expected);
}

const GA4: &str = "
    track.bots = 'keep'
    visitor.identity = 'none'
    [[destination]]
    type = 'ga4'
    measurement_id = 'G-ABC123DEF4'
    api_secret = 'env:SECRET'
    ip = 'full'
    [[destination]]
    type = 'ga-v1'
    tracking_id = 'UA-1-1'
    url = 'https://stats.example.com/collect'
    ip = 'full'
";

#[test]
fn secrets_are_not_shown() {
    let toml = GA4.replace("visitor.identity = 'none'", "consent.policy = 'none'");
    let explanation = explained(&toml, "/", &[("Host", "www.example.com")], 200);
    let text = render(&explanation, &[]);
    let json = json::render(&explanation, &[]).unwrap();
    let url = "https://www.google-analytics.com/mp/collect?measurement_id=G-ABC123DEF4&api_secret=***";
    assert!(text.contains(&format!("destination ga4: sends the request\n  POST {url}\n")), "{text}");
    assert!(json.contains(&format!("\"url\": \"{url}\"")), "{json}");
    assert!(!text.contains("s3cret") && !json.contains("s3cret"));
}

#[test]
fn a_destination_refuses_what_it_could_not_count() {
    let explanation = explained(GA4, "/", &[("Host", "www.example.com")], 200);
    let text = render(&explanation, &[]);
    assert!(text.contains("\ndestination ga4: refuses the hit (no-visitor)\n"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&json::render(&explanation, &[]).unwrap()).unwrap();
    assert_eq!(
        json["hits"][0]["destinations"][0],
        serde_json::json!({"name": "ga4", "refused": "no-visitor"})
    );
}

#[test]
fn json_says_the_same_for_programs() {
    let explanation = explained(
        "consent.policy = 'notice'",
        "/",
        &[("Host", "www.example.com"), ("Accept", "text/html")],
        404,
    );
    let json: serde_json::Value =
        serde_json::from_str(&json::render(&explanation, &["a note".to_owned()]).unwrap()).unwrap();
    assert_eq!(json["verdict"], serde_json::json!({"tracked": false, "reason": "status"}));
    assert_eq!(json["rules"].as_array().unwrap().len(), 13);
    assert_eq!(
        json["rules"][9],
        serde_json::json!({"rule": "status", "ok": false, "reason": "status", "view": "404; counted: 200, 304"})
    );
    assert_eq!(json["visitor"], "new, would be 07070707-0707-4707-8707-070707070707");
    assert_eq!(
        json["notice"],
        serde_json::json!({
            "text": "www.example.com uses a cookie to count visits.",
            "html": "www.example.com uses a cookie to count visits.",
        })
    );
    assert_eq!(json["headers"], serde_json::json!([]));
    assert_eq!(json["notes"], serde_json::json!(["a note"]));
    assert_eq!(json["hits"], serde_json::json!([]));
}
