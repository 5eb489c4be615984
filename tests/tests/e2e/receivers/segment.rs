//! Segment and RudderStack, which take the same.

use axum::{Router, extract::Path, response::Html, routing::get};
use trackside::Visit;

use super::*;

const SEGMENT: &str = "type = 'segment'\nwrite_key = 'wr1teKey'";
const RUDDERSTACK: &str = "type = 'rudderstack'\nwrite_key = 'wr1teKey'";
const PATH: &str = "/v1/batch";
const PLACES: [&str; 3] = ["/batch", "/messageId", "/context/page/url"];

#[test]
fn what_they_take_is_delivered() {
    for (keys, said) in [(SEGMENT, r#"{"success":true}"#), (RUDDERSTACK, "OK")] {
        let receiver = Receiver::new(move |request, counts| {
            counts.take(&hits_of(request, PLACES));
            Answer::status(200).body(said)
        });
        receiver.sent(keys, PATH, (&[1, 2], &["add", "remove"]));
        let requests = receiver.requests();
        let [request] = &requests[..] else { panic!("{requests:?}") };
        // By `printf wr1teKey: | base64`.
        assert_eq!(request.header("authorization"), Some("Basic d3IxdGVLZXk6"));
        let body = json(request);
        let calls: Vec<_> =
            body["batch"].as_array().unwrap().iter().map(|it| (&it["type"], &it["event"])).collect();
        let [page, track] = [Json::from("page"), Json::from("track")];
        let [add, remove] = [Json::from("cart add"), Json::from("cart remove")];
        assert_eq!(
            calls,
            [(&page, &Json::Null), (&page, &Json::Null), (&track, &add), (&track, &remove)],
            "{keys}"
        );
    }
}

#[test]
fn what_segment_says_no_to_is_refused() {
    is_refused(SEGMENT, PATH, Answer::status(200).body(r#"{"success":false}"#), Reason::Rejected);
    is_refused(SEGMENT, PATH, Answer::status(400).body("payload too large"), Reason::Rejected);
}

#[test]
fn what_rudderstack_says_no_to_is_refused() {
    for (status, said) in
        [(400, "Invalid JSON"), (401, "Failed to read writeKey from header"), (404, "source is disabled")]
    {
        is_refused(RUDDERSTACK, PATH, Answer::status(status).body(said), Reason::Rejected);
    }
    // Nothing says that it knows a second copy.
    is_refused(RUDDERSTACK, PATH, Answer::status(504), Reason::Ambiguous);
}

#[test]
fn what_is_too_large_for_rudderstack_is_halved() {
    is_halved(RUDDERSTACK, PATH, PLACES, Answer::status(200).body("OK"));
}

#[test]
fn they_are_sent_again_what_they_have_no_time_for() {
    is_sent_again(SEGMENT, PATH, PLACES, vec![later(429), Answer::status(500), Answer::hang_up()]);
    is_sent_again(RUDDERSTACK, PATH, PLACES, vec![later(429), later(503)]);
}

#[test]
fn a_page_is_no_yes_of_theirs() {
    for keys in [SEGMENT, RUDDERSTACK] {
        is_refused(keys, PATH, Answer::status(200).body("<html>Sign in</html>"), Reason::Rejected);
    }
}

/// RudderStack's gateway trims ids, and refuses all of a request in which one hit is nobody's.
#[test]
fn a_hit_of_nobody_does_not_cost_the_others() {
    let receiver = Receiver::new(|request, counts| {
        let is_nobodys = |hit: &Json| {
            ["anonymousId", "userId"].iter().all(|id| hit[id].as_str().unwrap_or_default().trim().is_empty())
        };
        if json(request)["batch"].as_array().unwrap().iter().any(is_nobodys) {
            return Answer::status(400).body("Request neither has anonymousId nor userId");
        }
        counts.take(&hits_of(request, PLACES));
        Answer::status(200).body("OK")
    });
    let url = receiver.collector.url(PATH);
    let batch = "batch = { hits = 2, age = '1h' }\nworkers = 1";
    let toml = format!("visitor.identity = 'none'\n[[destination]]\nurl = '{url}'\n{batch}\n{RUDDERSTACK}\n");
    let of_user = |visit: Visit, Path(id): Path<String>| async move {
        visit.user_id(id.replace('-', " "));
        Html("")
    };
    let site = Site::open(&toml, Router::new().route("/of/{id}", get(of_user)));
    let browser = site.browser();
    for id in ["u1", "---", "u2"] {
        assert_eq!(browser.get(&format!("/of/{id}")).status(), 200, "{id}");
    }
    let hits = settled(&site);
    assert_eq!((hits.delivered, lost(&hits, Reason::NoVisitor), lost(&hits, Reason::Rejected)), (2, 1, 0));
    assert_eq!((receiver.requests().len(), receiver.counts.lock().unwrap().ids.len()), (1, 2));
}
