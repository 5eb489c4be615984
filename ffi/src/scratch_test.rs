use std::ptr;

use super::{trackside_scratch, trackside_scratch_begin, trackside_scratch_end};
use crate::{
    exchange::{trackside_exchange_abandon, trackside_exchange_free},
    status::{
        TRACKSIDE_BLOB, TRACKSIDE_BUFFER, TRACKSIDE_INVALID_ARGUMENT, TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_OK,
        trackside_status,
    },
    test_exchange::Site,
    test_kit,
};

const TOML: &str = "consent.policy = 'notice'";

/// A visitor's request for a page, by whom it is asked for the first time.
fn lines() -> Vec<u8> {
    let absent = trackside_core::REQUEST_HEADERS.len() - 1;
    [&b"GET\n/news/\n\n203.0.113.9\nwww.example.com"[..], &b"\n\0".repeat(absent)].concat()
}

/// A page: status 200, and one header.
const PAGE: &[u8] = b"\x01\x00\xc8\x00\x01\x00\x00\x00\x0c\x00\x00\x00\x09\x00\x00\x00content-typetext/html";

fn scratch(buffer: &mut [u8]) -> trackside_scratch {
    trackside_scratch {
        size: size_of::<trackside_scratch>(),
        exchange: ptr::null_mut(),
        is_new: false.into(),
        buffer: buffer.as_mut_ptr(),
        capacity: buffer.len(),
        needed: 0,
        error: ptr::null_mut(),
    }
}

fn begin(scratch: *mut trackside_scratch, site: &Site) -> trackside_status {
    let lines = lines();
    // SAFETY: all that is pointed at lives as long as the call.
    unsafe { trackside_scratch_begin(scratch, site.tracker, lines.as_ptr(), lines.len(), 1) }
}

fn end(scratch: *mut trackside_scratch, blob: &[u8]) -> trackside_status {
    // SAFETY: as above.
    unsafe { trackside_scratch_end(scratch, blob.as_ptr(), blob.len()) }
}

#[test]
fn one_request_after_another_goes_through_it() {
    let site = Site::new(TOML);
    let mut buffer = [0xee; 512];
    let mut scratch = scratch(&mut buffer);
    for seen in 1..=3 {
        assert_eq!(begin(&mut scratch, &site), TRACKSIDE_OK);
        assert!(!scratch.exchange.is_null() && scratch.is_new.get());
        assert_eq!(end(&mut scratch, PAGE), TRACKSIDE_OK);
        assert!(scratch.exchange.is_null());
        // Version, flags, tracked, the cookie and what keeps caches from it.
        assert_eq!(buffer[..6], [1, 0, 0, 0, 2, 0]);
        assert!(buffer[..scratch.needed].windows(10).any(|part| part == b"Set-Cookie"));
        assert_eq!(site.live.stats().requests.seen(), seen);
    }
    assert_eq!(site.hits().len(), 3);
}

#[test]
fn who_has_an_exchange_begins_no_other() {
    let site = Site::new(TOML);
    let (mut buffer, mut error) = ([0; 512], test_kit::error());
    let mut scratch = scratch(&mut buffer);
    scratch.error = &mut error;
    assert_eq!(begin(&mut scratch, &site), TRACKSIDE_OK);
    let first = scratch.exchange;
    assert_eq!(begin(&mut scratch, &site), TRACKSIDE_INVALID_ARGUMENT);
    assert_eq!(test_kit::said(&error), "`scratch` has an exchange that is not ended");
    assert_eq!((scratch.exchange, site.live.stats().requests.seen()), (first, 0));
    assert_eq!(end(&mut scratch, PAGE), TRACKSIDE_OK);
}

#[test]
fn on_failure_nothing_has_changed() {
    let site = Site::new(TOML);
    let (mut buffer, mut error) = ([0; 512], test_kit::error());
    let mut scratch = scratch(&mut buffer);
    scratch.error = &mut error;
    // SAFETY: all that is pointed at lives as long as the call.
    let refused = unsafe { trackside_scratch_begin(&mut scratch, site.tracker, b"GET".as_ptr(), 3, 1) };
    assert_eq!((refused, scratch.exchange, scratch.is_new.get()), (TRACKSIDE_BLOB, ptr::null_mut(), false));
    assert!(test_kit::said(&error).starts_with("`lines` has 1 lines, and not "));
    assert_eq!(end(&mut scratch, PAGE), TRACKSIDE_NULL_ARGUMENT);
    assert_eq!(test_kit::said(&error), "`scratch.exchange` is NULL");

    assert_eq!(begin(&mut scratch, &site), TRACKSIDE_OK);
    let exchange = scratch.exchange;
    assert_eq!(end(&mut scratch, &PAGE[..7]), TRACKSIDE_BLOB);
    assert_eq!((scratch.exchange, scratch.needed), (exchange, 0));
    assert_eq!(end(&mut scratch, PAGE), TRACKSIDE_OK);
}

#[test]
fn what_the_buffer_cannot_hold_stays_with_the_exchange() {
    let site = Site::new(TOML);
    let mut buffer = [0xee; 8];
    let mut scratch = scratch(&mut buffer);
    assert_eq!(begin(&mut scratch, &site), TRACKSIDE_OK);
    assert_eq!(end(&mut scratch, PAGE), TRACKSIDE_BUFFER);
    assert!(!scratch.exchange.is_null() && scratch.needed > 8);
    assert_eq!((buffer, site.live.stats().requests.seen()), ([0xee; 8], 1));
    // SAFETY: it is live, and nobody uses it any more.
    unsafe { trackside_exchange_free(scratch.exchange) };
}

#[test]
fn all_that_takes_an_exchange_takes_that_one() {
    let site = Site::new(TOML);
    let mut buffer = [0; 512];
    let mut scratch = scratch(&mut buffer);
    assert_eq!(begin(&mut scratch, &site), TRACKSIDE_OK);
    // SAFETY: it is live, and nobody uses it any more.
    unsafe {
        assert_eq!(trackside_exchange_abandon(scratch.exchange, ptr::null_mut()), TRACKSIDE_OK);
        trackside_exchange_free(scratch.exchange);
    }
    scratch.exchange = ptr::null_mut();
    assert_eq!(begin(&mut scratch, &site), TRACKSIDE_OK);
    assert_eq!(end(&mut scratch, PAGE), TRACKSIDE_OK);
    assert_eq!(site.hits().len(), 1);
}

#[test]
fn none_and_one_that_is_too_small_are_refused() {
    let site = Site::new(TOML);
    assert_eq!(begin(ptr::null_mut(), &site), TRACKSIDE_NULL_ARGUMENT);
    assert_eq!(end(ptr::null_mut(), PAGE), TRACKSIDE_NULL_ARGUMENT);
    let mut scratch = scratch(&mut []);
    scratch.size -= 1;
    assert_eq!(begin(&mut scratch, &site), TRACKSIDE_INVALID_ARGUMENT);
    assert_eq!(end(&mut scratch, PAGE), TRACKSIDE_INVALID_ARGUMENT);
    assert_eq!(site.live.stats().requests.seen(), 0);
}
