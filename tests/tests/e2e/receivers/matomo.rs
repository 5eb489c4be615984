//! Matomo: bulk requests that it counts, and single ones.

use super::*;
use crate::kit::eventually;

const MATOMO: &str = "type = 'matomo'\nsite_id = 7\ntoken = '0123456789abcdef0123456789abcdef'";

fn matomo(answer: &str) -> (Hits, Recorded) {
    three(MATOMO, "/matomo.php", Answer::status(200).body(answer))
}

type Query = BTreeMap<String, String>;

/// The parameters of each hit in a bulk request.
fn queries(request: &Recorded) -> Vec<Query> {
    let body = json(request);
    let queries = body["requests"].as_array().unwrap().iter().map(|query| query.as_str().unwrap());
    queries.map(|query| serde_urlencoded::from_str(query.strip_prefix('?').unwrap()).unwrap()).collect()
}

fn counted(tracked: usize, invalid: usize) -> Answer {
    let body = format!(r#"{{"status":"success","tracked":{tracked},"invalid":{invalid}}}"#);
    Answer::status(200).body(body)
}

#[test]
fn what_matomo_tracks_is_delivered() {
    let (hits, request) = matomo(r#"{"status":"success","tracked":3,"invalid":0}"#);
    assert_eq!((hits.delivered, hits.offered), (3, 3), "{hits:?}");
    // No log of the server has the token.
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/matomo.php"));
    assert_eq!(json(&request)["token_auth"], "0123456789abcdef0123456789abcdef");
    let queries = queries(&request);
    assert_eq!(queries.len(), 3);
    for (n, query) in queries.iter().enumerate() {
        assert_eq!((query["idsite"].as_str(), query["rec"].as_str()), ("7", "1"));
        assert!(query["url"].ends_with(&format!("/page/{n}")), "{query:?}");
        assert_eq!((query["cip"].as_str(), query["cid"].len()), ("127.0.0.0", 16), "{query:?}");
    }
    // A setting of the server's has it answer without a body.
    let (hits, _) = three(MATOMO, "/matomo.php", Answer::status(204));
    assert_eq!(hits.delivered, 3, "{hits:?}");
}

/// As its handler of bulk requests does: an event without a name is invalid, and so is what asks to be.
fn is_valid(query: &Query) -> bool {
    let is_event = query.contains_key("e_c");
    query["idsite"] == "7"
        && query["rec"] == "1"
        && (!is_event || query.contains_key("e_a"))
        && asks(&query["url"]) != 400
}

#[test]
fn what_matomo_counts_as_invalid_is_refused() {
    let receiver = Receiver::new(|request, counts| {
        let (valid, invalid): (Vec<_>, Vec<_>) = queries(request).into_iter().partition(is_valid);
        counts.taken += valid.len() as u64;
        counts.throw(invalid.len(), Reason::Rejected);
        counted(valid.len(), invalid.len())
    });
    let hits = receiver.sent(MATOMO, "/matomo.php", (&[1, 400, 2], &["add", "add-400", "remove-400"]));
    assert_eq!((hits.delivered, lost(&hits, Reason::Rejected)), (3, 3), "{hits:?}");
    let requests = receiver.requests();
    let [request] = &requests[..] else { panic!("{requests:?}") };
    let queries = queries(request);
    let names: Vec<_> = queries.iter().filter_map(|query| query.get("e_a")).collect();
    assert_eq!(names, ["add", "add-400", "remove-400"]);
    let event = queries.iter().find(|query| query.contains_key("e_a")).unwrap();
    let told = ["e_c", "e_n", "e_v"].map(|key| event[key].as_str());
    assert_eq!(told, ["cart", "SKU-1", "2"]);
}

/// It says success, and does not say that it has read no more.
#[test]
fn what_matomo_did_not_count_is_refused() {
    let receiver = Receiver::new(|request, counts| {
        counts.taken += 2;
        counts.throw(queries(request).len() - 2, Reason::Rejected);
        counted(2, 0)
    });
    let hits = receiver.sent(MATOMO, "/matomo.php", (&[1, 2, 3], &["add", "remove"]));
    assert_eq!((hits.delivered, lost(&hits, Reason::Rejected)), (2, 3), "{hits:?}");
}

#[test]
fn answers_of_matomo_are_read_whatever_stands_around_them() {
    for answer in [
        r#"{"status":"success","tracked":1,"invalid":2}"#,
        r#"{"status":"success","tracked":1,"invalid":2,"invalid_indices":[0,2]}"#,
        r#"{"status":"success","tracked":1,"invalid":0}"#,
        // PHP wrote a notice before it.
        "\n<b>Deprecated</b>: x in y.php\n{\"status\":\"success\",\"tracked\":1,\"invalid\":2}",
    ] {
        let (hits, _) = matomo(answer);
        assert_eq!((hits.delivered, lost(&hits, Reason::Rejected)), (1, 2), "{answer}: {hits:?}");
    }
    for answer in ["<html><h1>Sign in</h1>", r#"{"status":"error","tracked":0,"invalid":0}"#, "{}"] {
        let (hits, _) = matomo(answer);
        assert_eq!((hits.delivered, lost(&hits, Reason::Rejected)), (0, 3), "{answer}: {hits:?}");
    }
}

#[test]
fn what_matomo_has_rolled_back_is_sent_again() {
    let collector = Collector::start().unwrap();
    let rolled_back = r#"{"status":"error","tracked":1,"invalid":0}"#;
    collector.script([
        Answer::status(500).body(rolled_back),
        Answer::status(503),
        Answer::status(200).body(r#"{"status":"success","tracked":2,"invalid":0}"#),
    ]);
    let url = collector.url("/matomo.php");
    let batch = "batch = { hits = 2, age = '1h' }\nworkers = 1";
    let site = Site::open(&format!("[[destination]]\nurl = '{url}'\n{batch}\n{MATOMO}\n"), pages());
    turn(&site.browser(), 0..2);
    eventually("a third attempt", || collector.count() == 3);
    let hits = settled(&site);
    assert_eq!((hits.delivered, hits.retries), (2, 2), "{hits:?}");
    let requests = collector.requests();
    assert!(requests.iter().all(|request| request.body == requests[0].body));
}

#[test]
fn where_matomo_broke_down_nobody_knows_what_it_has() {
    let (hits, _) = three(MATOMO, "/matomo.php", Answer::status(500).body("<h1>Internal Server Error</h1>"));
    assert_eq!((hits.delivered, lost(&hits, Reason::Ambiguous)), (0, 3), "{hits:?}");
}

/// It has tracked them all, and half of what it says of that arrives.
#[test]
fn of_an_answer_that_breaks_off_nobody_knows_what_it_would_have_said() {
    let half = r#"{"status":"success","tra"#;
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 46\r\n\r\n";
    let (hits, _) = three(MATOMO, "/matomo.php", Answer::raw(format!("{head}{half}")));
    assert_eq!((hits.delivered, lost(&hits, Reason::Ambiguous)), (0, 3), "{hits:?}");
    // Of one that is whole it is known.
    let whole = Answer::status(200).body(half);
    let (hits, _) = three(MATOMO, "/matomo.php", whole);
    assert_eq!(lost(&hits, Reason::Rejected), 3, "{hits:?}");
}

#[test]
fn matomo_says_of_one_hit_whether_it_took_it() {
    let answers = [
        Answer::status(200).body(&b"GIF89a"[..]),
        Answer::status(204),
        Answer::status(400),
        Answer::status(200).body("<html>"),
    ];
    let (hits, requests) = each(&format!("{MATOMO}\nbulk = false"), "/matomo.php", &answers);
    assert_eq!((hits.delivered, lost(&hits, Reason::Rejected)), (2, 2), "{hits:?}");
    for request in &requests {
        assert_eq!(request.target, "/matomo.php");
        let form: Query = serde_urlencoded::from_bytes(&request.body).unwrap();
        assert_eq!(form["send_image"], "0");
        assert_eq!(form["token_auth"], "0123456789abcdef0123456789abcdef");
    }
    assert_eq!(requests.len(), 4);
}

#[test]
fn matomo_takes_events_one_by_one() {
    let receiver = Receiver::new(|request, counts| {
        let form: Query = serde_urlencoded::from_bytes(&request.body).unwrap();
        if is_valid(&form) {
            counts.taken += 1;
            return Answer::status(204);
        }
        counts.throw(1, Reason::Rejected);
        Answer::status(400)
    });
    let what: What<'_> = (&[1, 400], &["add", "add-400"]);
    let hits = receiver.sent_alone(&format!("{MATOMO}\nbulk = false"), "/matomo.php", what);
    assert_eq!((hits.delivered, lost(&hits, Reason::Rejected)), (2, 2), "{hits:?}");
}
