//! Umami: an answer for each hit of a batch, and another one for bots.

use super::*;

const WEBSITE: &str = "3f9c2f5e-7f0a-4b52-9d5d-0e7a3c8b1f20";

fn umami() -> String {
    format!("type = 'umami'\nwebsite = '{WEBSITE}'")
}

/// What Umami says of a hit, and the reason that the book is to have for it; nothing of one that it takes.
fn error(payload: &Json) -> Option<(u16, &'static str, Reason)> {
    match asks(payload["url"].as_str().unwrap()) {
        400 => {
            Some((400, r#"{"message":"Bad request","code":"bad-request","status":400}"#, Reason::Rejected))
        }
        403 => {
            Some((403, r#"{"message":"Forbidden","code":"forbidden","status":403}"#, Reason::FilteredThere))
        }
        500 => Some((500, r#"{"message":"Server error","status":500}"#, Reason::Ambiguous)),
        _ => None,
    }
}

fn is_bot(payload: &Json) -> bool {
    asks(payload["url"].as_str().unwrap()) == 200
}

#[test]
fn what_umami_takes_is_delivered() {
    let answer =
        Answer::status(200).body(r#"{"size":3,"processed":3,"errors":0,"details":[],"cache":"x.y.z"}"#);
    let (hits, request) = three(&umami(), "/api/batch", answer);
    assert_eq!((hits.delivered, json(&request).as_array().unwrap().len()), (3, 3));
}

/// From 3.0.2 on it has a `cache` for a batch of which any hit counts.
#[test]
fn a_batch_of_bots_alone_is_refused() {
    let all = || Answer::status(200).body(r#"{"size":3,"processed":3,"errors":0,"details":[]}"#);
    let (hits, _) = three(&umami(), "/api/batch", all());
    assert_eq!((hits.delivered, lost(&hits, Reason::BotThere)), (0, 3), "{hits:?}");
    let (hits, _) = three(&format!("{}\nversion = '3.0.1'", umami()), "/api/batch", all());
    assert_eq!((hits.delivered, lost(&hits, Reason::BotThere)), (3, 0), "{hits:?}");
}

#[test]
fn what_umami_says_of_each_hit_of_a_batch_is_counted() {
    let receiver = Receiver::new(|request, counts| {
        let mut details = Vec::new();
        let body = json(request);
        let items = body.as_array().unwrap();
        for (index, item) in items.iter().enumerate() {
            match error(&item["payload"]) {
                Some((_, error, reason)) => {
                    counts.throw(1, reason);
                    details.push(format!(r#"{{"index":{index},"response":{{"error":{error}}}}}"#));
                }
                // Of a bot's, too, it says that it was processed, as here there are persons' beside it.
                None => counts.taken += 1,
            }
        }
        let (size, errors) = (items.len(), details.len());
        let processed = size - errors;
        Answer::status(200).body(format!(
            r#"{{"size":{size},"processed":{processed},"errors":{errors},"details":[{}],"cache":"x.y.z"}}"#,
            details.join(",")
        ))
    });
    let what: What<'_> = (&[1, 400, 403, 500, 200], &["add", "add-400", "add-403", "add-500", "remove"]);
    let hits = receiver.sent(&umami(), "/api/batch", what);
    assert_eq!(hits.delivered, 4);
    let reasons = [Reason::Rejected, Reason::FilteredThere, Reason::Ambiguous];
    assert_eq!(reasons.map(|reason| lost(&hits, reason)), [2, 2, 2], "{hits:?}");
    let requests = receiver.requests();
    let [request] = &requests[..] else { panic!("{requests:?}") };
    let body = json(request);
    let names: Vec<_> =
        body.as_array().unwrap().iter().filter_map(|it| it["payload"]["name"].as_str()).collect();
    assert_eq!(names, ["cart_add", "cart_add-400", "cart_add-403", "cart_add-500", "cart_remove"]);
}

#[test]
fn what_umami_says_of_a_hit_alone_is_counted() {
    let receiver = Receiver::new(|request, counts| {
        let payload = &json(request)["payload"];
        if is_bot(payload) {
            counts.throw(1, Reason::BotThere);
            return Answer::status(200).body(r#"{"beep":"boop"}"#);
        }
        match error(payload) {
            Some((status, error, reason)) => {
                counts.throw(1, reason);
                Answer::status(status).body(format!(r#"{{"error":{error}}}"#))
            }
            None => {
                counts.taken += 1;
                Answer::status(200).body(r#"{"cache":"x.y.z","sessionId":"a","visitId":"b"}"#)
            }
        }
    });
    let what: What<'_> = (&[1, 200, 400, 403, 500], &["add", "add-200", "add-400", "add-403", "add-500"]);
    let hits = receiver.sent_alone(&umami(), "/api/send", what);
    assert_eq!(hits.delivered, 2);
    let reasons = [Reason::BotThere, Reason::Rejected, Reason::FilteredThere, Reason::Ambiguous];
    assert_eq!(reasons.map(|reason| lost(&hits, reason)), [2, 2, 2, 2], "{hits:?}");
    let requests = receiver.requests();
    assert_eq!(requests.len(), 10, "each once");
    for request in &requests {
        let payload = &json(request)["payload"];
        assert_eq!(payload["website"], WEBSITE);
        // What programs send is thrown away there: the request has the visitor's agent.
        assert_eq!(request.header("user-agent"), payload["userAgent"].as_str());
    }
}

/// A whole array may come to a version that takes the request for a bot's.
#[test]
fn a_batch_that_umami_takes_for_a_bots_is_refused() {
    is_refused(&umami(), "/api/batch", Answer::status(200).body(r#"{"beep":"boop"}"#), Reason::BotThere);
    is_refused(
        &umami(),
        "/api/batch",
        Answer::status(400).body(r#"{"error":{"status":400}}"#),
        Reason::Rejected,
    );
    is_refused(&umami(), "/api/batch", Answer::status(500), Reason::Ambiguous);
    is_refused(&umami(), "/api/batch", Answer::status(200).body("<html>"), Reason::Rejected);
}
