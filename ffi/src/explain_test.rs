use std::{ffi::c_char, ptr};

use super::trackside_tracker_explain;
use crate::{
    consent::TRACKSIDE_CHOICE_UNKNOWN as UNKNOWN,
    request::trackside_request,
    response::trackside_response,
    status::{TRACKSIDE_BUFFER, TRACKSIDE_INVALID_ARGUMENT, TRACKSIDE_NULL_ARGUMENT, trackside_status},
    test_kit::{Opened, Options, tried},
    text::{trackside_bytes, trackside_header},
};

/// Explains a page to a buffer of `capacity` bytes, and answers with the buffer and what was needed.
fn explained(opened: &Opened, capacity: usize) -> (Result<(), (trackside_status, String)>, Vec<u8>, usize) {
    let (host, value) = (trackside_bytes::of("host"), trackside_bytes::of("www.example.com"));
    let asked = trackside_header { name: host, value };
    let (kind, value) = (trackside_bytes::of("content-type"), trackside_bytes::of("text/html"));
    let answered = trackside_header { name: kind, value };
    let request = trackside_request {
        size: size_of::<trackside_request>(),
        method: trackside_bytes::of("GET"),
        target: trackside_bytes::of("/news/\u{1b}"),
        authority: trackside_bytes::EMPTY,
        peer: trackside_bytes::of("203.0.113.9"),
        headers: &asked,
        header_count: 1,
        secure: true.into(),
        resolved: false.into(),
    };
    let response = trackside_response {
        size: size_of::<trackside_response>(),
        headers: &answered,
        header_count: 1,
        status: 200,
    };
    let (mut buffer, mut needed) = (vec![0xAA_u8; capacity], 0);
    let place: *mut c_char = if capacity == 0 { ptr::null_mut() } else { buffer.as_mut_ptr().cast() };
    // SAFETY: the tracker is alive, the structs are whole, and the buffer has its capacity.
    let told = tried(|error| unsafe {
        trackside_tracker_explain(
            opened.0,
            &request,
            &response,
            UNKNOWN,
            UNKNOWN,
            place,
            capacity,
            &mut needed,
            error,
        )
    });
    (told, buffer, needed)
}

const TOML: &str = "consent.policy = 'none'
    track.bots = 'keep'
    [[destination]]
    type = 'ga4'
    measurement_id = 'G-ABC123DEF4'
    api_secret = 's3cretKey0'
    ip = 'full'";

#[test]
fn it_is_what_rust_says_and_nothing_is_counted() {
    let opened = Options::of(TOML).recording().open().unwrap();
    let (told, mut text, needed) = explained(&opened, 10_000);
    told.unwrap();
    assert_eq!(text[needed], 0xAA, "no more is written than is needed");
    text.truncate(needed);
    assert_eq!(text.pop(), Some(0));
    let text = String::from_utf8(text).unwrap();
    assert!(
        text.starts_with("verdict: tracked\n\nrules:\n  mode          yes                on\n"),
        "{text}"
    );
    assert!(text.contains("`/news/\\x1b`: ignored by no pattern"), "{text}");
    assert!(text.contains("\ndestination ga4: sends the request\n  POST https://"), "{text}");
    assert!(text.contains("api_secret=***") && !text.contains("s3cretKey0"), "{text}");
    assert_eq!(opened.live().stats().requests.seen(), 0);
    assert_eq!(opened.live().stats().destinations[0].offered, 0);
}

#[test]
fn a_buffer_that_is_too_small_is_told_what_is_needed() {
    let opened = Options::of(TOML).recording().open().unwrap();
    let (told, _, needed) = explained(&opened, 0);
    assert_eq!(told.unwrap_err(), (TRACKSIDE_BUFFER, format!("`buffer` has 0 bytes, and the text {needed}")));
    let (told, buffer, again) = explained(&opened, needed - 1);
    assert_eq!((told.unwrap_err().0, again), (TRACKSIDE_BUFFER, needed));
    assert!(buffer.iter().all(|&byte| byte == 0xAA), "it is not written");
    let (told, buffer, again) = explained(&opened, needed);
    assert_eq!((told, again), (Ok(()), needed));
    assert_eq!(buffer.last(), Some(&0));
}

#[test]
fn bad_arguments_are_named() {
    let opened = Options::of("consent.policy = 'none'").recording().open().unwrap();
    let (mut needed, none) = (7, ptr::null_mut());
    // SAFETY: the tracker is alive; the rest is checked.
    let told = tried(|error| unsafe {
        trackside_tracker_explain(
            opened.0,
            ptr::null(),
            ptr::null(),
            UNKNOWN,
            UNKNOWN,
            none,
            0,
            &mut needed,
            error,
        )
    });
    assert_eq!(told.unwrap_err(), (TRACKSIDE_NULL_ARGUMENT, "`request` is NULL".to_owned()));
    let (request, response) = (ptr::null(), ptr::null());
    // SAFETY: as above.
    let told = tried(|error| unsafe {
        trackside_tracker_explain(opened.0, request, response, UNKNOWN, 7, none, 0, &mut needed, error)
    });
    let problem = "`ads` is 7, and no TRACKSIDE_CHOICE_ has this number".to_owned();
    assert_eq!(told.unwrap_err(), (TRACKSIDE_INVALID_ARGUMENT, problem));
    assert_eq!(needed, 7);
}
