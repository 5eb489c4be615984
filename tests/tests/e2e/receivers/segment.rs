//! Segment and RudderStack, which take the same.

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
