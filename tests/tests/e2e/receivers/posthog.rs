//! PostHog: quotas that it answers 200 to, and events that it knows by their id.

use super::*;

const POSTHOG: &str = "type = 'posthog'\napi_key = 'phc_x'\ncompression = 'none'";
const PATH: &str = "/batch/";
const PLACES: [&str; 3] = ["/batch", "/uuid", "/properties/$current_url"];

fn taken() -> Answer {
    Answer::status(200).body(r#"{"status":1}"#)
}

#[test]
fn what_posthog_takes_is_delivered() {
    let receiver = Receiver::new(|request, counts| {
        counts.take(&hits_of(request, PLACES));
        taken()
    });
    receiver.sent(POSTHOG, PATH, (&[1, 2], &["add", "remove"]));
    let requests = receiver.requests();
    let [request] = &requests[..] else { panic!("{requests:?}") };
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", PATH));
    let body = json(request);
    let names: Vec<_> = body["batch"].as_array().unwrap().iter().map(|event| &event["event"]).collect();
    assert_eq!(names, ["$pageview", "$pageview", "cart_add", "cart_remove"]);
    assert_eq!(
        (&body["api_key"], &body["batch"][2]["properties"]["colour"]),
        (&"phc_x".into(), &"red".into())
    );
}

#[test]
fn what_posthog_has_no_quota_for_is_refused() {
    let answer = Answer::status(200).body(r#"{"status":1,"quota_limited":["events"]}"#);
    is_refused(POSTHOG, PATH, answer, Reason::Quota);
    let recordings = Answer::status(200).body(r#"{"status":1,"quota_limited":["recordings"]}"#);
    let (hits, _) = three(POSTHOG, PATH, recordings);
    assert_eq!(hits.delivered, 3, "events have a quota of their own");
}

#[test]
fn what_posthog_refuses_is_refused() {
    let unknown =
        Answer::status(401).body(r#"{"type":"authentication_error","detail":"API key is invalid"}"#);
    is_refused(POSTHOG, PATH, unknown, Reason::Rejected);
    is_refused(POSTHOG, PATH, Answer::status(400).body("Error: missing event name"), Reason::Rejected);
}

#[test]
fn what_is_too_large_for_posthog_is_halved() {
    is_halved(POSTHOG, PATH, PLACES, taken());
}

/// Also where nobody knows what it has: it knows a second copy.
#[test]
fn posthog_is_sent_again_what_it_may_not_have() {
    is_sent_until(taken(), POSTHOG, PATH, PLACES, vec![later(429), later(503)]);
    is_sent_until(
        taken(),
        POSTHOG,
        PATH,
        PLACES,
        vec![Answer::status(500), Answer::status(504), Answer::hang_up()],
    );
}

#[test]
fn what_is_not_posthogs_has_taken_nothing() {
    is_refused(POSTHOG, PATH, Answer::status(200).body("<html>Sign in</html>"), Reason::Rejected);
    is_refused(POSTHOG, PATH, Answer::status(200), Reason::Rejected);
}
