//! Webhooks: any 2xx is a yes.

use super::*;

pub(super) const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const PATH: &str = "/hook";
const PLACES: [&str; 3] = ["/hits", "/id", "/path"];

fn webhook() -> String {
    format!("type = 'webhook'\nsecret = '{SECRET}'")
}

#[test]
fn what_a_webhook_takes_is_delivered() {
    let receiver = Receiver::new(|request, counts| {
        counts.take(&hits_of(request, PLACES));
        Answer::status(204)
    });
    receiver.sent(&webhook(), PATH, (&[1, 2], &["add", "remove"]));
    let requests = receiver.requests();
    let [request] = &requests[..] else { panic!("{requests:?}") };
    let body = json(request);
    let kinds: Vec<_> = body["hits"].as_array().unwrap().iter().map(|hit| &hit["kind"]).collect();
    assert_eq!(kinds, ["page", "page", "event", "event"]);
    let event = &body["hits"][2];
    assert_eq!([&event["category"], &event["name"], &event["properties"]["colour"]], ["cart", "add", "red"]);
}

#[test]
fn what_a_webhook_refuses_is_refused() {
    is_refused(&webhook(), PATH, Answer::status(401).body("no matching signature"), Reason::Rejected);
    is_refused(&webhook(), PATH, Answer::status(500), Reason::Ambiguous);
}

#[test]
fn what_is_too_large_for_a_webhook_is_halved() {
    is_halved(&webhook(), PATH, PLACES, Answer::status(204));
}

#[test]
fn a_webhook_is_sent_again_what_it_has_no_time_for() {
    is_sent_again(&webhook(), PATH, PLACES, vec![Answer::status(408), Answer::status(425)]);
    is_sent_again(&webhook(), PATH, PLACES, vec![later(429), later(503)]);
    let answers = vec![Answer::status(500), Answer::hang_up()];
    is_sent_again(&format!("{}\ndedupe = true", webhook()), PATH, PLACES, answers);
}
