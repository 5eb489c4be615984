use std::ptr;

use super::*;
use crate::{
    status::{TRACKSIDE_INVALID_UTF8, TRACKSIDE_NOT_FOUND, TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE},
    test_kit::{Opened, Options, page, read_bytes, tried},
    tracker::trackside_tracker_recorded,
};

const CONFIG: &str = "consent.policy = 'none'
    track.bots = 'keep'
    [[destination]]
    type = 'callback'
    [[destination]]
    type = 'ga-v1'
    tracking_id = 'UA-1'
    url = 'http://stats.example/collect'
    [[destination]]
    type = 'ga4'
    ip = 'none'
    measurement_id = 'G-1'
    api_secret = 's3 cret'
    url = 'https://stats.example/mp'";

/// A tracker that has recorded a page for each address policy, and its hits.
fn recorded(toml: &str) -> (Opened, Vec<*mut trackside_hit>) {
    let tracker = Options::of(toml).recording().open().unwrap();
    assert!(page(&tracker.live(), "/pricing", 200));
    let mut hits = Vec::new();
    loop {
        let mut hit = ptr::null_mut();
        // SAFETY: the tracker is alive, and `hit` is a place for a pointer.
        match unsafe { trackside_tracker_recorded(tracker.0, hits.len(), &mut hit, ptr::null_mut()) } {
            TRACKSIDE_NOT_FOUND => return (tracker, hits),
            _ => hits.push(hit),
        }
    }
}

fn encode(
    tracker: &Opened,
    name: &[u8],
    hit: *const trackside_hit,
    refused: *mut trackside_reason,
) -> Result<*mut trackside_outgoing, (trackside_status, String)> {
    let mut outgoing = ptr::null_mut();
    let name = trackside_bytes::of(name);
    // SAFETY: the handles are alive or NULL, and the places are places or NULL.
    tried(|error| unsafe { trackside_tracker_encode(tracker.0, name, hit, &mut outgoing, refused, error) })
        .inspect_err(|_| assert!(outgoing.is_null()))?;
    Ok(outgoing)
}

#[test]
fn a_hit_becomes_the_request_of_a_destination() {
    let (tracker, hits) = recorded(CONFIG);
    let [masked, none] = hits[..] else { panic!("one for each policy") };
    let mut refused = 77;
    let request = encode(&tracker, b"ga4", none, &mut refused).unwrap();
    let mut view = trackside_outgoing::new(Outgoing::new()).view();
    // SAFETY: the request is alive until it is freed, and so is what the view shows.
    unsafe {
        tried(|error| trackside_outgoing_request(request, &mut view, error)).unwrap();
        assert_eq!(read_bytes(view.method), b"POST");
        let url = "https://stats.example/mp?measurement_id=G-1&api_secret=";
        assert_eq!(read_bytes(view.url), format!("{url}s3%20cret").as_bytes());
        assert_eq!(read_bytes(view.shown_url), format!("{url}***").as_bytes());
        assert_eq!(view.header_count, 1);
        assert_eq!(read_bytes((*view.headers).name), b"content-type");
        assert_eq!(read_bytes((*view.headers).value), b"application/json");
        let body: serde_json::Value = serde_json::from_slice(read_bytes(view.body)).unwrap();
        let params = &body["events"][0]["params"];
        assert_eq!(params["page_location"], "http://www.example.com/pricing");
        trackside_outgoing_free(request);
    }
    assert_eq!(refused, 77, "it is written for a refusal alone");

    let request = encode(&tracker, b"ga-v1", masked, ptr::null_mut()).unwrap();
    // SAFETY: as above.
    unsafe {
        tried(|error| trackside_outgoing_request(request, &mut view, error)).unwrap();
        let body = String::from_utf8(read_bytes(view.body).to_vec()).unwrap();
        assert!(body.contains("dp=%2Fpricing"), "{body}");
        trackside_outgoing_free(request);
        hits.iter().for_each(|&hit| crate::hit::trackside_hit_free(hit));
    }
}

#[test]
fn what_cannot_be_sent_is_told() {
    let (tracker, hits) = recorded(CONFIG);
    let [masked, none] = hits[..] else { panic!("one for each policy") };
    let failed = |name: &[u8], hit| encode(&tracker, name, hit, ptr::null_mut()).unwrap_err();
    let (status, text) = failed(b"callback", masked);
    assert_eq!(status, TRACKSIDE_UNSUPPORTED);
    assert_eq!(text, "destination `callback` has no wire format; it takes hits as they are");
    let (status, text) = failed(b"ga5", masked);
    assert_eq!(status, TRACKSIDE_NOT_FOUND);
    assert!(text.starts_with("no destination is called `ga5`"), "{text}");
    assert_eq!(failed(b"ga4", masked).0, TRACKSIDE_NOT_FOUND, "its own record has no address");
    assert_eq!(failed(b"ga-v1", none).0, TRACKSIDE_NOT_FOUND);
    assert_eq!(failed(b"ga\xff", none).0, TRACKSIDE_INVALID_UTF8);
    // SAFETY: they are alive, and nobody has them any more.
    hits.iter().for_each(|&hit| unsafe { crate::hit::trackside_hit_free(hit) });
}

#[test]
fn a_refusal_comes_with_its_reason() {
    let (tracker, hits) = recorded(
        "visitor.identity = 'none'\ntrack.bots = 'keep'\n[[destination]]\ntype = 'ga-v1'\ntracking_id = 'UA-1'\n",
    );
    let mut refused = 0;
    let expected = (TRACKSIDE_REFUSED, "destination `ga-v1` would refuse the hit (no-visitor)".to_owned());
    assert_eq!(encode(&tracker, b"ga-v1", hits[0], &mut refused).unwrap_err(), expected);
    assert_eq!(refused, crate::reason::TRACKSIDE_REASON_NO_VISITOR);
    assert_eq!(encode(&tracker, b"ga-v1", hits[0], ptr::null_mut()).unwrap_err(), expected);
    // SAFETY: it is alive, and nobody has it any more.
    unsafe { crate::hit::trackside_hit_free(hits[0]) };
}

#[test]
fn null_and_what_is_no_request_are_told() {
    let (tracker, hits) = recorded("consent.policy = 'none'");
    let mut view = trackside_outgoing::new(Outgoing::new()).view();
    let (name, other) = (trackside_bytes::of("sqlite"), hits[0].cast::<trackside_outgoing>());
    let mut outgoing = ptr::null_mut();
    let reason = ptr::null_mut();
    // SAFETY: all handles are alive; NULL and other handles are allowed to be tried.
    unsafe {
        let fails =
            |call: &mut dyn FnMut(*mut trackside_error) -> trackside_status, status, argument: &str| {
                let (failed, text) = tried(call).unwrap_err();
                assert_eq!(failed, status);
                assert!(text.starts_with(&format!("`{argument}` is ")), "{text}");
            };
        let (null, wrong) = (TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE);
        fails(&mut |error| trackside_outgoing_request(ptr::null(), &mut view, error), null, "outgoing");
        fails(&mut |error| trackside_outgoing_request(other, &mut view, error), wrong, "outgoing");
        fails(
            &mut |error| trackside_tracker_encode(ptr::null(), name, hits[0], &mut outgoing, reason, error),
            null,
            "tracker",
        );
        fails(
            &mut |error| trackside_tracker_encode(tracker.0, name, ptr::null(), &mut outgoing, reason, error),
            null,
            "hit",
        );
        fails(
            &mut |error| {
                trackside_tracker_encode(tracker.0, name, other.cast(), ptr::null_mut(), reason, error)
            },
            null,
            "outgoing",
        );
        trackside_outgoing_free(ptr::null_mut());
        trackside_outgoing_free(other);
        crate::hit::trackside_hit_free(hits[0]);
    }
}
