//! Google's two protocols, whose receivers say nothing of what they throw away.

use super::*;

const GA_V1: &str = "type = 'ga-v1'\ntracking_id = 'UA-1-1'";
const GA4: &str = "type = 'ga4'\nmeasurement_id = 'G-TEST123456'\napi_secret = 's3cret'";

type Form = BTreeMap<String, String>;

/// Each line of a request to `/batch`.
fn lines(request: &Recorded) -> Vec<Form> {
    let text = request.text();
    assert!(text.len() <= 16_000 && !text.ends_with('\n'), "{text}");
    let lines: Vec<_> = text.split('\n').inspect(|line| assert!(line.len() <= 8_000)).collect();
    assert!(lines.len() <= 20, "{}", lines.len());
    lines.into_iter().map(|line| serde_urlencoded::from_str(line).unwrap()).collect()
}

fn counting(parse: fn(&Recorded) -> Vec<Form>) -> Receiver {
    Receiver::new(move |request, counts| {
        counts.taken += parse(request).len() as u64;
        Answer::status(200).body("<!-- OK -->")
    })
}

#[test]
fn a_collector_takes_twenty_hits_a_request_at_batch() {
    let numbers: Vec<_> = (0..23).collect();
    for (keys, path) in
        [(GA_V1.to_owned(), "/batch"), (format!("{GA_V1}\nbulk = true"), "/com.google.analytics/v1")]
    {
        let receiver = counting(lines);
        let batch = "batch = { hits = 20, age = '1h' }";
        let hits = receiver.sent_alone(&format!("{batch}\n{keys}"), path, (&numbers, &["add", "remove"]));
        assert_eq!(hits.delivered, 25, "{hits:?}");
        let requests = receiver.requests();
        assert_eq!(requests.iter().map(|it| lines(it).len()).collect::<Vec<_>>(), [20, 5]);
        assert_eq!(requests[0].header("content-type"), Some("text/plain"));
        let event = lines(&requests[1]).into_iter().find(|line| line["t"] == "event").unwrap();
        assert_eq!(["ec", "ea", "el", "ev"].map(|key| event[key].as_str()), ["cart", "add", "SKU-1", "2"]);
    }
}

#[test]
fn a_collector_takes_one_hit_a_request_elsewhere() {
    let receiver = counting(|request| vec![serde_urlencoded::from_bytes(&request.body).unwrap()]);
    let hits = receiver.sent_alone(GA_V1, "/collect", (&[1, 2], &["add"]));
    assert_eq!((hits.delivered, receiver.requests().len()), (3, 3), "{hits:?}");
    assert_eq!(receiver.requests()[0].header("content-type"), Some("application/x-www-form-urlencoded"));
}

#[test]
fn what_a_collector_answers_to_a_batch_is_true_of_all_of_it() {
    let keys = format!("{GA_V1}\nbulk = true");
    is_refused(&keys, "/batch", Answer::status(400), Reason::Rejected);
    is_refused(&keys, "/batch", Answer::status(500), Reason::Ambiguous);
    let receiver = counting(lines);
    receiver.collector.script([later(429), later(503), Answer::status(413)]);
    let hits = receiver.sent(&keys, "/batch", (&[1, 2], &["add", "remove"]));
    assert_eq!((hits.delivered, receiver.requests().len()), (4, 5), "{hits:?}");
}

#[test]
fn ga4_is_sent_pages_and_events_of_one_visitor_together() {
    let receiver = Receiver::new(|request, counts| {
        counts.taken += json(request)["events"].as_array().unwrap().len() as u64;
        Answer::status(204)
    });
    let hits = receiver.sent(GA4, "/mp/collect", (&[1, 2], &["add", "session_start", "error"]));
    assert_eq!(hits.delivered, 5, "{hits:?}");
    let requests = receiver.requests();
    let [request] = &requests[..] else { panic!("{requests:?}") };
    let body = json(request);
    let names: Vec<_> = body["events"].as_array().unwrap().iter().map(|event| &event["name"]).collect();
    // With their category before them, these names are nobody's.
    assert_eq!(names, ["page_view", "page_view", "cart_add", "cart_session_start", "cart_error"]);
}
