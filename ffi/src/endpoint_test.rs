use std::ptr;

use crate::{
    endpoint::*,
    exchange::*,
    reason::*,
    request::trackside_request,
    response::trackside_response,
    status::*,
    test_kit::{Opened, Options, read_bytes, tried},
    text::{trackside_bytes, trackside_header},
    verdict::trackside_exchange_reason,
};

const ON: &str = "consent.policy = 'none'\nbeacon.path = '/t/'";

fn header(name: &str, value: &str) -> trackside_header {
    trackside_header { name: trackside_bytes::of(name), value: trackside_bytes::of(value) }
}

fn request(target: &str, headers: &[trackside_header]) -> trackside_request {
    trackside_request {
        size: size_of::<trackside_request>(),
        method: trackside_bytes::of("POST"),
        target: trackside_bytes::of(target),
        authority: trackside_bytes::of("www.example.com"),
        peer: trackside_bytes::EMPTY,
        headers: headers.as_ptr(),
        header_count: headers.len(),
        secure: false.into(),
        resolved: false.into(),
    }
}

fn answered(
    tracker: &Opened,
    request: &trackside_request,
) -> Result<*mut trackside_answer, (trackside_status, String)> {
    let mut answer = ptr::null_mut();
    // SAFETY: the tracker and what the request points at are alive, and `answer` is a place for a pointer.
    tried(|error| unsafe { trackside_tracker_answer(tracker.0, request, &mut answer, error) })?;
    Ok(answer)
}

#[test]
fn a_report_is_answered_and_counted() {
    let tracker = Options::of(ON).recording().open().unwrap();
    let headers = [header("Sec-Fetch-Site", "same-origin")];
    let answer = answered(&tracker, &request("/t/?p=/news/", &headers)).unwrap();
    let (mut pairs, mut count) = (ptr::null(), 0);
    // SAFETY: the answer is alive until it is freed, and its views are read before.
    unsafe {
        assert_eq!(trackside_answer_status(answer), 204);
        assert_eq!(trackside_answer_reason(answer), TRACKSIDE_REASON_NONE);
        tried(|error| trackside_answer_headers(answer, &mut pairs, &mut count, error)).unwrap();
        assert_eq!(count, 2);
        assert_eq!(read_bytes((*pairs).name), b"Cache-Control");
        assert_eq!(read_bytes((*pairs).value), b"private, no-store");
        assert_eq!(read_bytes((*pairs.add(1)).name), b"Set-Cookie");
        assert!(read_bytes(trackside_answer_body(answer)).is_empty());
        trackside_answer_free(answer);
    }
    assert_eq!(tracker.live().stats().requests.tracked, 1);
    let foreign = answered(&tracker, &request("/t/?p=/", &[])).unwrap();
    // SAFETY: as above.
    unsafe {
        assert_eq!(trackside_answer_status(foreign), 403);
        assert_eq!(trackside_answer_reason(foreign), TRACKSIDE_REASON_CROSS_ORIGIN);
        trackside_answer_free(foreign);
    }
}

#[test]
fn what_is_the_hosts_is_not_found() {
    let tracker = Options::of(ON).recording().open().unwrap();
    let (status, text) = answered(&tracker, &request("/news/", &[])).unwrap_err();
    assert_eq!((status, text.as_str()), (TRACKSIDE_NOT_FOUND, "the request is the host's"));
    let without = Options::of("consent.policy = 'none'").recording().open().unwrap();
    assert_eq!(answered(&without, &request("/t/?p=/", &[])).unwrap_err().0, TRACKSIDE_NOT_FOUND);
    // SAFETY: the trackers are alive.
    unsafe {
        assert_eq!(read_bytes(trackside_tracker_endpoint(tracker.0, 0)), b"/t/");
        assert!(trackside_tracker_endpoint(tracker.0, 1).data.is_null());
        assert!(trackside_tracker_endpoint(without.0, 0).data.is_null());
        assert!(trackside_tracker_endpoint(ptr::null(), 0).data.is_null());
        assert_eq!(trackside_answer_status(ptr::null()), 0);
        assert_eq!(trackside_answer_reason(ptr::null()), 0);
        assert!(trackside_answer_body(ptr::null()).data.is_null());
        trackside_answer_free(ptr::null_mut());
    }
}

#[test]
fn a_page_that_gets_the_markup_is_the_beacons() {
    for (toml, expected) in
        [(ON, TRACKSIDE_REASON_BEACON), ("consent.policy = 'none'", TRACKSIDE_REASON_NONE)]
    {
        let tracker = Options::of(toml).recording().open().unwrap();
        let request = trackside_request { method: trackside_bytes::of("GET"), ..request("/news/", &[]) };
        let headers = [header("Content-Type", "text/html")];
        let response = trackside_response {
            size: size_of::<trackside_response>(),
            status: 200,
            headers: headers.as_ptr(),
            header_count: 1,
        };
        let (mut exchange, mut html, mut reason) = (ptr::null_mut(), trackside_bytes::EMPTY, 0);
        // SAFETY: the handles are alive until they are freed, and the rest outlives the calls.
        unsafe {
            tried(|error| trackside_exchange_begin(tracker.0, &request, &mut exchange, error)).unwrap();
            let given = tried(|error| trackside_exchange_beacon(exchange, &mut html, error));
            match expected {
                TRACKSIDE_REASON_NONE => assert_eq!(given.unwrap_err().0, TRACKSIDE_NOT_FOUND),
                _ => assert!(read_bytes(html).starts_with(b"<script defer src=\"/t/s.js\">")),
            }
            tried(|error| trackside_exchange_finish(exchange, &response, error)).unwrap();
            tried(|error| trackside_exchange_reason(exchange, &mut reason, error)).unwrap();
            assert_eq!(reason, expected);
            let late =
                tried(|error| trackside_exchange_beacon(exchange, ptr::null_mut(), error)).unwrap_err();
            trackside_exchange_free(exchange);
            let known = if expected == 0 { TRACKSIDE_NOT_FOUND } else { TRACKSIDE_FINISHED };
            assert_eq!(late.0, known);
        }
        assert_eq!(tracker.live().stats().requests.late, u64::from(expected != 0));
    }
}
