//! Snowplow's collector: 200 to everything that it can read.

use super::*;

const SNOWPLOW: &str = "type = 'snowplow'";
const PATH: &str = "/com.snowplowanalytics.snowplow/tp2";
const PLACES: [&str; 3] = ["/data", "/eid", "/url"];

#[test]
fn what_the_collector_takes_is_delivered() {
    let receiver = Receiver::new(|request, counts| {
        counts.take(&hits_of(request, PLACES));
        Answer::status(200).body("ok")
    });
    receiver.sent(SNOWPLOW, PATH, (&[1, 2], &["add", "remove"]));
    let requests = receiver.requests();
    let [request] = &requests[..] else { panic!("{requests:?}") };
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", PATH));
    let body = json(request);
    let told: Vec<_> = body["data"].as_array().unwrap().iter().map(|it| (&it["e"], &it["se_ac"])).collect();
    let [view, event] = [Json::from("pv"), Json::from("se")];
    let [add, remove] = [Json::from("add"), Json::from("remove")];
    assert_eq!(told, [(&view, &Json::Null), (&view, &Json::Null), (&event, &add), (&event, &remove)]);
}

#[test]
fn what_is_too_large_for_the_collector_is_halved() {
    is_halved(SNOWPLOW, PATH, PLACES, Answer::status(200).body("ok"));
}

/// The same events: it knows a second copy by their ids. 408 is what it says after 30 seconds.
#[test]
fn a_collector_that_fails_is_sent_the_same_events_again() {
    is_sent_again(SNOWPLOW, PATH, PLACES, vec![Answer::status(408), later(429)]);
    is_sent_again(SNOWPLOW, PATH, PLACES, vec![Answer::status(500), Answer::hang_up()]);
}

#[test]
fn what_is_no_collector_refuses_all() {
    is_refused(SNOWPLOW, PATH, Answer::status(404), Reason::Rejected);
}
