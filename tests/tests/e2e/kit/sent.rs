use std::collections::BTreeMap;

use serde_json::Value;
use trackside_tests::collector::Recorded;

/// An event of ga4, as it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) client_id: String,
    pub(crate) ip: Option<String>,
    pub(crate) name: String,
    pub(crate) micros: u64,
    pub(crate) session: String,
    /// Of `page_location`.
    pub(crate) path: String,
}

/// Every event in `requests`, one after the other.
pub(crate) fn events(requests: &[Recorded]) -> Vec<Event> {
    requests.iter().flat_map(events_of).collect()
}

fn events_of(request: &Recorded) -> Vec<Event> {
    assert_eq!(request.method, "POST");
    assert_eq!(request.target, "/mp/collect?measurement_id=G-TEST123456&api_secret=s3cret");
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let events = body["events"].as_array().unwrap();
    events
        .iter()
        .map(|event| Event {
            client_id: text(&body["client_id"]),
            ip: body.get("ip_override").map(text),
            name: text(&event["name"]),
            micros: event["timestamp_micros"].as_u64().unwrap(),
            session: text(&event["params"]["session_id"]),
            path: path_of(event["params"]["page_location"].as_str().unwrap()),
        })
        .collect()
}

/// What follows the host of an address.
fn path_of(address: &str) -> String {
    let rest = address.strip_prefix("http://").unwrap();
    rest[rest.find('/').unwrap()..].to_owned()
}

/// A hit of ga-v1, as it was sent: parameters by name.
pub(crate) type Form = BTreeMap<String, String>;

/// The form of each of `requests`.
pub(crate) fn forms(requests: &[Recorded]) -> Vec<Form> {
    requests
        .iter()
        .map(|request| {
            assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/collect"));
            assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"));
            serde_urlencoded::from_bytes(&request.body).unwrap()
        })
        .collect()
}
