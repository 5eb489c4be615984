//! GoatCounter: errors and filtered hits by their index, and a pace.

use super::*;

const GOATCOUNTER: &str = "type = 'goatcounter'\ntoken = 't0ken'";
const PATH: &str = "/api/v0/count";

fn paths(request: &Recorded) -> Vec<String> {
    let body = json(request);
    let hits = body["hits"].as_array().unwrap();
    hits.iter().map(|hit| hit["path"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_goatcounter_says_of_each_hit_is_counted() {
    let receiver = Receiver::new(|request, counts| {
        let (mut errors, mut filtered) = (Vec::new(), Vec::new());
        for (index, path) in paths(request).iter().enumerate() {
            match asks(path) {
                400 => {
                    counts.throw(1, Reason::Rejected);
                    errors.push(format!(r#""{index}":"path: must be set""#));
                }
                403 => {
                    counts.throw(1, Reason::FilteredThere);
                    filtered.push(index.to_string());
                }
                _ => counts.taken += 1,
            }
        }
        let answer = if errors.is_empty() {
            Answer::status(202).body(r#"{"status":"ok"}"#)
        } else {
            Answer::status(400).body(format!(r#"{{"errors":{{{}}}}}"#, errors.join(",")))
        };
        if filtered.is_empty() { answer } else { answer.header("X-Goatcounter-Filter", &filtered.join(", ")) }
    });
    let hits = receiver.sent(GOATCOUNTER, PATH, (&[1, 403, 2], &["add", "add-403"]));
    assert_eq!((hits.delivered, lost(&hits, Reason::FilteredThere)), (3, 2), "{hits:?}");

    *receiver.counts.lock().unwrap() = Counts::default();
    let hits = receiver.sent(GOATCOUNTER, PATH, (&[1, 400, 403], &["add", "add-400", "add-403"]));
    let (rejected, filtered) = (lost(&hits, Reason::Rejected), lost(&hits, Reason::FilteredThere));
    assert_eq!((hits.delivered, rejected, filtered), (2, 2, 2), "{hits:?}");
    let requests = receiver.requests();
    assert_eq!(requests.len(), 2, "what it has stored is not sent again");
    let told = paths(&requests[1]);
    assert_eq!(told, ["/page/1", "/page/400", "/page/403", "cart-add", "cart-add-400", "cart-add-403"]);
    assert_eq!(requests[0].header("authorization"), Some("Bearer t0ken"));
}

#[test]
fn what_goatcounter_refuses_whole_is_refused() {
    for status in [401, 403] {
        let answer = Answer::status(status).body(r#"{"error":"requires count permission"}"#);
        is_refused(GOATCOUNTER, PATH, answer, Reason::Rejected);
    }
    is_refused(
        GOATCOUNTER,
        PATH,
        Answer::status(400).body(r#"{"error":"more than 500 hits"}"#),
        Reason::Rejected,
    );
    // It knows no second copy.
    is_refused(GOATCOUNTER, PATH, Answer::status(500), Reason::Ambiguous);
}

#[test]
fn goatcounter_is_asked_again_when_it_says_so() {
    let too_often = Answer::status(429)
        .header("X-Rate-Limit-Limit", "60")
        .header("X-Rate-Limit-Remaining", "0")
        .header("X-Rate-Limit-Reset", "0");
    let places = ["/hits", "/path", "/path"];
    is_sent_again(GOATCOUNTER, PATH, places, vec![too_often, later(503)]);
}
