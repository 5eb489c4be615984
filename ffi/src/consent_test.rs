use std::{ffi::CStr, ptr};

use crate::{
    test_exchange::{Case, Site},
    *,
};

fn no_error() -> trackside_error {
    trackside_error { size: size_of::<trackside_error>(), status: TRACKSIDE_OK, text: [0; 256] }
}

/// An exchange that has begun on a page, and its tracker.
struct Begun {
    site: Site,
    exchange: *mut trackside_exchange,
}

impl Begun {
    fn new(toml: &str) -> Self {
        let site = Site::new(toml);
        let mut case = Case::default();
        case.request.method = b"GET".to_vec();
        case.request.target = b"/".to_vec();
        case.request.headers = vec![(b"Host".to_vec(), b"www.example.com".to_vec())];
        let block = case.request.bytes();
        let mut exchange = ptr::null_mut();
        // SAFETY: the tracker lives, the block is as long as is said.
        let status = unsafe {
            trackside_exchange_begin_blob(
                site.tracker,
                block.as_ptr(),
                block.len(),
                &mut exchange,
                ptr::null_mut(),
            )
        };
        assert_eq!(status, TRACKSIDE_OK);
        Self { site, exchange }
    }

    fn say(&self, analytics: trackside_choice, ads: trackside_choice) -> (trackside_status, String) {
        let mut error = no_error();
        // SAFETY: the exchange lives, and the text ends in NUL.
        unsafe {
            let status = trackside_exchange_set_consent(self.exchange, analytics, ads, &mut error);
            (status, CStr::from_ptr(error.text.as_ptr()).to_str().unwrap().to_owned())
        }
    }

    fn told(&self) -> (trackside_choice, trackside_choice) {
        let (mut analytics, mut ads) = (-1, -1);
        // SAFETY: the exchange lives.
        let status =
            unsafe { trackside_exchange_consent(self.exchange, &mut analytics, &mut ads, ptr::null_mut()) };
        assert_eq!(status, TRACKSIDE_OK);
        (analytics, ads)
    }

    /// Whether a notice is due, and whether the visitor would get a cookie.
    fn sees(&self) -> (bool, bool) {
        // SAFETY: the exchange lives, and nothing is asked for.
        unsafe {
            let notice =
                trackside_exchange_notice(self.exchange, ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
            (notice == TRACKSIDE_OK, trackside_exchange_is_new(self.exchange))
        }
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        // SAFETY: it was given once, and nobody uses it any more.
        unsafe { trackside_exchange_free(self.exchange) }
    }
}

#[test]
fn what_the_host_says_stands_at_once() {
    let begun = Begun::new("consent.policy = 'opt-in'");
    assert_eq!(begun.told(), (TRACKSIDE_CHOICE_UNKNOWN, TRACKSIDE_CHOICE_UNKNOWN));
    // Twice, as the notice is kept once it was asked for.
    assert_eq!((begun.sees(), begun.sees()), ((true, false), (true, false)));
    assert_eq!(begun.say(TRACKSIDE_CHOICE_GRANTED, TRACKSIDE_CHOICE_UNKNOWN).0, TRACKSIDE_OK);
    assert_eq!(begun.told(), (TRACKSIDE_CHOICE_GRANTED, TRACKSIDE_CHOICE_UNKNOWN));
    assert_eq!(begun.sees(), (false, true));
    assert_eq!(begun.say(TRACKSIDE_CHOICE_UNKNOWN, TRACKSIDE_CHOICE_GRANTED).0, TRACKSIDE_OK);
    assert_eq!(begun.told(), (TRACKSIDE_CHOICE_GRANTED, TRACKSIDE_CHOICE_GRANTED));
    assert_eq!(begun.say(TRACKSIDE_CHOICE_DENIED, TRACKSIDE_CHOICE_UNKNOWN).0, TRACKSIDE_OK);
    assert_eq!(begun.told(), (TRACKSIDE_CHOICE_DENIED, TRACKSIDE_CHOICE_DENIED));
    assert_eq!(begun.sees(), (false, false));
}

#[test]
fn what_is_no_choice_changes_nothing() {
    let begun = Begun::new("consent.policy = 'notice'");
    let says = |name: &str, number: i32| {
        let text = format!("`{name}` is {number}, and no TRACKSIDE_CHOICE_ has this number");
        (TRACKSIDE_INVALID_ARGUMENT, text)
    };
    assert_eq!(begun.say(3, TRACKSIDE_CHOICE_GRANTED), says("analytics", 3));
    assert_eq!(begun.say(TRACKSIDE_CHOICE_GRANTED, -1), says("ads", -1));
    assert_eq!(begun.told(), (TRACKSIDE_CHOICE_UNKNOWN, TRACKSIDE_CHOICE_UNKNOWN));
    // SAFETY: NULL is told, and nothing else is asked for.
    let status = unsafe { trackside_exchange_set_consent(ptr::null_mut(), 0, 0, ptr::null_mut()) };
    assert_eq!(status, TRACKSIDE_NULL_ARGUMENT);
    // SAFETY: as above.
    let status =
        unsafe { trackside_exchange_consent(ptr::null(), ptr::null_mut(), ptr::null_mut(), ptr::null_mut()) };
    assert_eq!(status, TRACKSIDE_NULL_ARGUMENT);
    // SAFETY: the exchange lives, and neither is wanted.
    let status = unsafe {
        trackside_exchange_consent(begun.exchange, ptr::null_mut(), ptr::null_mut(), ptr::null_mut())
    };
    assert_eq!(status, TRACKSIDE_OK);
}

#[test]
fn what_comes_too_late_is_counted_so() {
    let begun = Begun::new("consent.policy = 'notice'");
    // SAFETY: the exchange lives.
    assert_eq!(unsafe { trackside_exchange_abandon(begun.exchange, ptr::null_mut()) }, TRACKSIDE_OK);
    assert_eq!(begun.say(TRACKSIDE_CHOICE_GRANTED, TRACKSIDE_CHOICE_GRANTED).0, TRACKSIDE_FINISHED);
    assert_eq!(begun.told(), (TRACKSIDE_CHOICE_UNKNOWN, TRACKSIDE_CHOICE_UNKNOWN));
    assert_eq!(begun.site.live.stats().requests.late, 1);
}

#[test]
fn visitors_are_asked_with_opt_in_alone() {
    for (policy, asks) in [("opt-in", true), ("opt-out", false), ("notice", false), ("none", false)] {
        let site = Site::new(&format!("consent.policy = '{policy}'"));
        // SAFETY: the tracker lives.
        assert_eq!(unsafe { trackside_tracker_asks(site.tracker) }, asks, "{policy}");
    }
    // SAFETY: NULL is told.
    assert!(!unsafe { trackside_tracker_asks(ptr::null()) });
}
