//! Plausible: 202 to everything, and a header with what it dropped.

use super::*;

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
fn events_that_plausible_drops_are_counted_as_it_counts_them() {
    let receiver = Receiver::new(|request, counts| {
        let ok = Answer::status(202).body("ok");
        match asks(json(request)["url"].as_str().unwrap()) {
            // By a shield, say.
            202 => {
                counts.throw(1, Reason::Rejected);
                ok.header("x-plausible-dropped", "1")
            }
            400 => {
                counts.throw(1, Reason::Rejected);
                Answer::status(400).body(r#"{"errors":{"url":["is invalid"]}}"#)
            }
            _ => {
                counts.taken += 1;
                ok
            }
        }
    });
    let what: What<'_> = (&[1, 202, 400], &["add", "add-202", "add-400", "remove"]);
    let hits = receiver.sent_alone(PLAUSIBLE, "/api/event", what);
    assert_eq!((hits.delivered, lost(&hits, Reason::Rejected)), (3, 4), "{hits:?}");
    let requests = receiver.requests();
    let event = requests.iter().map(json).find(|body| body["name"] == "cart: add").unwrap();
    assert_eq!(event["interactive"], false);
    let props = &event["props"];
    assert_eq!(
        (&props["category"], &props["label"], &props["colour"]),
        (&"cart".into(), &"SKU-1".into(), &"red".into())
    );
    assert_eq!(props["value"].as_f64(), Some(2.0));
}

#[test]
fn what_plausible_has_no_time_for_waits() {
    let answers = [later(429), later(503)];
    let (hits, requests) = each(PLAUSIBLE, "/api/event", &answers);
    assert_eq!((hits.delivered, hits.retries, requests.len()), (2, 2, 4), "{hits:?}");
}
