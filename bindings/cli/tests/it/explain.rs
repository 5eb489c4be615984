//! `trackside explain` as it is run.

use std::{io::Write, process::Stdio};

use serde_json::Value;

use crate::place::{Place, Ran};

fn explain(place: &Place, request: &[u8], arguments: &[&str]) -> Ran {
    let mut command = place.command(&[&["explain"], arguments].concat());
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(request).unwrap();
    Ran::of(child.wait_with_output().unwrap())
}

#[test]
fn the_readme_example() {
    let place = Place::new();
    let ran = explain(&place, b"GET /news/ HTTP/1.1\r\nHost: www.example.com\r\n\r\n", &[]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert!(ran.out.starts_with("verdict: tracked\n\nrules:\n  mode          yes "), "{}", ran.out);
    assert!(ran.out.contains("\nnotice: www.example.com uses a cookie to count visits.\n"), "{}", ran.out);
    assert!(ran.out.ends_with("\ndestination sqlite: writes the hit\n"), "{}", ran.out);
    // Nothing is opened, nothing is made.
    assert!(!place.path("trackside.db").exists());
}

#[test]
fn what_the_configuration_is_warned_of_is_told_once() {
    let place = Place::new();
    place.write("my.toml", "consent.policy = 'none'\nvisitor.cookie.max_age = '401d'\n");
    for format in ["text", "json"] {
        let arguments = ["--config", "my.toml", "--format", format];
        let ran = explain(&place, b"GET / HTTP/1.1\nHost: www.example.com\n\n", &arguments);
        let told = "trackside: warning: visitor.cookie.max_age: 401d is clamped to 400d, the longest that browsers \
                    keep a cookie\n";
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), told));
        assert!(!ran.out.contains("clamped"), "{}", ran.out);
    }
}

#[test]
fn a_destination_whose_sink_is_in_another_program() {
    let place = Place::new();
    place.write(
        "my.toml",
        "visitor.identity = \"none\"\n[[destination]]\ntype = \"callback\"\nname = \"mine\"\n",
    );
    let ran = explain(&place, b"GET / HTTP/1.1\nHost: www.example.com\n\n", &["--config", "my.toml"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert!(ran.out.ends_with("\ndestination mine: writes the hit\n"), "{}", ran.out);
}

/// Everything is known here but the hit's id and time.
#[test]
fn one_text_for_a_request_without_visitor() {
    let place = Place::new();
    place.write("my.toml", "visitor.identity = \"none\"\nsite = [\"www.example.com\"]\n");
    place.write(
        "request",
        "GET /a%20b?utm_source=x HTTP/1.1\nHost: WWW.example.com:80\nReferer: https://u:p@example.org/#x\n",
    );
    let ran =
        place.run(&["explain", "request", "--config", "my.toml", "--peer", "2001:db8:1:2::3", "--https"]);
    let (head, hit) = ran.out.split_once("\nhit:\n  ").unwrap();
    assert_eq!(
        head,
        "\
verdict: tracked

rules:
  mode          yes                on
  method        yes                `GET`; counted: GET
  site          yes                `WWW.example.com`; counted: www.example.com
  path          yes                `/a b`: ignored by no pattern
  prefetch      yes                not announced as fetched ahead
  fragment      yes                a page (as no header says otherwise); counted: pages
  consent       yes                as configured
  upgrade       yes                the connection stays with HTTP
  not-found     yes                pages that are not found are not told apart
  status        yes                200; counted: 200, 304
  download      yes                downloads are not told apart
  content-type  yes                `text/html`; counted: text/html, application/xhtml+xml
  beacon        yes                no `beacon.path`

client:
  peer               2001:db8:1:2::3: the client, as no proxy is trusted
  address            2001:db8:1:2::3
  scheme             https, by the server
  host               WWW.example.com, by the Host header

visitor: none

consent: nobody asks (recorded as configured)
  the host           says nothing
  sec-gpc            not sent
  dnt                not sent
  trackside_consent  not sent

notice: not due

headers to append: none
"
    );
    let (hit, rest) = hit.split_once('\n').unwrap();
    let found = r#"{"bot":{"class":"empty"},"channel":"campaign","source":"x","campaign":{"source":"x"}}"#;
    assert_eq!(rest, format!("\nfound by the worker:\n  {found}\n\ndestination sqlite: writes the hit\n"));
    let mut hit: Value = serde_json::from_str(hit).unwrap();
    for unknown in ["id", "at"] {
        hit.as_object_mut().unwrap().remove(unknown).unwrap();
    }
    assert_eq!(
        hit,
        serde_json::json!({
            "kind": "page",
            "site": "www.example.com",
            "secure": true,
            "method": "GET",
            "path": "/a%20b",
            "query": "utm_source=x",
            "status": 200,
            "referrer": "https://example.org/",
            "ip": "2001:db8:1::",
        })
    );
}

#[test]
fn the_response_is_as_it_is_told() {
    let place = Place::new();
    let request = b"GET / HTTP/1.1\nHost: x.example\n\n";
    for (arguments, verdict) in [
        (&["--status", "404"][..], "verdict: skipped(status)\n"),
        (&["--content-type", "text/css"], "verdict: skipped(content-type)\n"),
        (&["--status", "304", "--content-type", ""], "verdict: skipped(content-type)\n"),
        (&["--content-type", "text/html; charset=utf-8"], "verdict: tracked\n"),
    ] {
        let ran = explain(&place, request, arguments);
        assert_eq!(ran.code, Some(0));
        assert!(ran.out.starts_with(verdict), "{arguments:?}: {}", ran.out);
    }
}

#[test]
fn json_for_programs() {
    let place = Place::new();
    place.write(
        "my.toml",
        "consent.policy = \"none\"\ntrack.bots = \"keep\"\n[[destination]]\ntype = \"ga4\"\nmeasurement_id = \"G-ABC123DEF4\"\n\
         api_secret = \"env:GA4_SECRET\"\nip = \"full\"\n",
    );
    let request = b"GET / HTTP/1.1\nHost: www.example.com\nUser-Agent: \xff\x1b\n\n";
    // A control character: no HTTP.
    let ran = {
        let mut command = place.command(&["explain", "--config", "my.toml"]);
        command.env("GA4_SECRET", "s3cret");
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(request).unwrap();
        Ran::of(child.wait_with_output().unwrap())
    };
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("a header's value is wrong"), "{}", ran.err);

    place.write("request", b"GET / HTTP/1.1\nHost: www.example.com\nUser-Agent: \xff\n\n");
    let mut command = place.command(&[
        "explain",
        "request",
        "--config",
        "my.toml",
        "--peer",
        "203.0.113.9",
        "--format",
        "json",
    ]);
    let ran = Ran::of(command.env("GA4_SECRET", "s3cret").output().unwrap());
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert!(!ran.out.contains("s3cret"), "{}", ran.out);
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(told["verdict"], serde_json::json!({"tracked": true, "reason": null}));
    assert_eq!(told["hits"][0]["hit"]["agent"], serde_json::json!({"hex": "ff"}));
    assert_eq!(told["hits"][0]["found"], serde_json::json!({"channel": "direct"}));
    let sent = &told["hits"][0]["destinations"][0];
    assert_eq!(sent["name"], "ga4");
    assert_eq!(sent["request"]["method"], "POST");
    assert!(sent["request"]["url"].as_str().unwrap().ends_with("&api_secret=***"), "{sent}");
    let body: Value = serde_json::from_str(sent["request"]["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["events"][0]["name"], "page_view");
}

#[test]
fn what_is_no_request_is_told() {
    let place = Place::new();
    for request in [&b""[..], b"\n", b"hello", b"\x16\x03\x01\x02\x00"] {
        let ran = explain(&place, request, &[]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{request:?}");
        assert!(ran.err.contains("request"), "{}", ran.err);
    }
    let ran = place.run(&["explain", "none"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("none cannot be read"), "{}", ran.err);
}

#[test]
fn what_the_host_says_of_consent() {
    let place = Place::new();
    place.write("my.toml", "consent.policy = \"opt-in\"\n");
    let request = b"GET / HTTP/1.1\nHost: www.example.com\n\n";
    for (said, told) in [
        (
            "analytics=granted",
            "consent: the host says analytics granted, ads unknown (recorded as configured)\n",
        ),
        (
            "analytics=denied,ads=granted",
            "consent: the host says analytics denied, ads granted (recorded without id, session, user, address \
             and click ids, nothing to third parties)\n",
        ),
    ] {
        let ran = explain(&place, request, &["--config", "my.toml", "--consent", said]);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
        assert!(ran.out.contains(told), "{}", ran.out);
    }
    // It ends before it would read a request.
    let ran = place.run(&["explain", "--consent", "analytics=perhaps"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("`analytics=perhaps` is neither analytics=granted nor"), "{}", ran.err);
}

#[test]
fn json_has_the_proxies_the_voices_and_the_answer() {
    let place = Place::new();
    place.write(
        "my.toml",
        "consent.policy = \"notice\"\nbeacon.path = \"/t/\"\nproxy.hops = 1\nsite = [\"www.example.com\"]\n",
    );
    let arguments = ["--config", "my.toml", "--peer", "10.0.0.1", "--format", "json"];
    let request = b"POST /t/?p=/news/ HTTP/1.1\nHost: www.example.com\nSec-Fetch-Site: same-origin\n\
        X-Forwarded-For: 192.0.2.66, 198.51.100.7\nX-Forwarded-Proto: https\n\n";
    let json: Value = serde_json::from_str(&explain(&place, request, &arguments).out).unwrap();
    assert_eq!(
        json["client"],
        serde_json::json!({
            "hops": [
                {"source": "peer", "entry": "10.0.0.1", "trusted": true, "view": "trusted, as proxy 1 of 1"},
                {"source": "x-forwarded-for", "entry": "198.51.100.7", "trusted": false, "view": "the client"},
            ],
            "unread": 1,
            "address": "198.51.100.7",
            "secure": true,
            "secure_by": "x-forwarded-proto",
            "host": "www.example.com",
            "host_by": "the Host header",
        })
    );
    assert_eq!((&json["answer"]["status"], &json["asked"]), (&204.into(), &"GET /news/ 200".into()));
    assert_eq!(json["consent"]["voices"].as_array().unwrap().len(), 4);
    assert_eq!(json["headers"], serde_json::json!([]));

    let request = b"GET /t/s.js HTTP/1.1\nHost: www.example.com\n\n";
    let json: Value = serde_json::from_str(&explain(&place, request, &arguments).out).unwrap();
    assert_eq!(json["verdict"], serde_json::json!({"tracked": false, "reason": "endpoint"}));
    assert!(json["answer"]["body"].as_str().unwrap().contains("pushState"), "{json}");
    assert_eq!(json.get("rules"), None);
}

#[test]
fn a_304_names_no_type_unless_it_is_told_to() {
    let place = Place::new();
    let asked = b"GET / HTTP/1.1\r\nHost: www.example.com\r\nAccept: text/html\r\n\r\n";
    let bare = b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n";
    let verdict = |request: &[u8], more: &[&str]| {
        let ran = explain(&place, request, &[&["--status", "304"], more].concat());
        ran.out.lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(verdict(asked, &[]), "verdict: tracked");
    assert_eq!(verdict(bare, &[]), "verdict: skipped(content-type)");
    assert_eq!(verdict(bare, &["--content-type", "text/html"]), "verdict: tracked");
}
