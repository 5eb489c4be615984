//! What `explain` says, by Rust and by the C ABI: the texts of `tests/explain`.

#![allow(unsafe_code, reason = "the C ABI is the subject")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::{ffi::c_char, fs, mem::size_of, net::IpAddr, path::Path, ptr, sync::Arc};

use serde::Deserialize;
use serde_json::Value as Json;
use trackside_core::{
    Annotations, Config, Request, Response,
    transport::Recording,
    visitor::consent::{Choice, Consent},
};
use trackside_ffi::*;
use trackside_transports::{Tracker, clock::Clock};

const NOW: u64 = 1_784_714_400_000_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(rename = "purpose")]
    _purpose: String,
    config: Json,
    request: Asked,
    #[serde(default)]
    response: Answered,
    #[serde(default)]
    consent: Allowed,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    peer: Option<IpAddr>,
    #[serde(default)]
    secure: bool,
    #[serde(default)]
    resolved: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answered {
    status: u16,
    headers: Vec<(String, String)>,
}

impl Default for Answered {
    fn default() -> Self {
        Self { status: 200, headers: vec![("content-type".to_owned(), "text/html".to_owned())] }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Allowed {
    analytics: Option<String>,
    ads: Option<String>,
}

#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn micros(&self) -> u64 {
        NOW
    }
}

fn each(check: impl Fn(&Case, &str, &str)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("explain");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            let file = fs::read_to_string(&path).unwrap();
            let name = path.display().to_string();
            let (case, expected) = file.split_once("\n---\n").expect("there is a line `---`");
            let case = serde_json::from_str(case).unwrap_or_else(|error| panic!("{name}: {error}"));
            check(&case, expected, &name);
            count += 1;
        }
    }
    assert!(count >= 15, "{count}");
}

#[test]
fn rust_says_it() {
    each(|case, expected, name| {
        let config = Config::builder().json(&case.config.to_string()).build().unwrap();
        let tracker = Tracker::builder(config)
            .clock(Arc::new(Still))
            .transport(Arc::new(Recording::new()))
            .open()
            .unwrap();
        let choice = |word: &Option<String>| match word.as_deref() {
            None => Choice::Unknown,
            Some("granted") => Choice::Granted,
            Some("denied") => Choice::Denied,
            Some(other) => panic!("{other}"),
        };
        let consent = Consent::new(choice(&case.consent.analytics), choice(&case.consent.ads));
        let request = Request::new(&case.request.method, &case.request.target, &case.request.headers)
            .with_peer(case.request.peer)
            .with_secure(case.request.secure)
            .with_resolved(case.request.resolved)
            .with_consent(consent);
        let response = Response::new(case.response.status, &case.response.headers);
        let explanation = tracker.explain(&request, &response, &Annotations::new());
        assert_eq!(explanation.to_string(), expected, "{name}");
        assert_eq!(tracker.stats().requests.seen(), 0, "{name}");
    });
}

unsafe extern "C" fn clock(_: *mut std::ffi::c_void) -> u64 {
    NOW
}

fn text(of: &str) -> trackside_bytes {
    trackside_bytes::of(of)
}

fn headers(of: &[(String, String)]) -> Vec<trackside_header> {
    of.iter().map(|(name, value)| trackside_header { name: text(name), value: text(value) }).collect()
}

/// Runs a function of the ABI, and says what it says of an error.
fn tried(call: impl FnOnce(*mut trackside_error) -> trackside_status) -> trackside_status {
    let mut error =
        trackside_error { size: size_of::<trackside_error>(), status: TRACKSIDE_OK, text: [0; 256] };
    call(&mut error)
}

#[test]
fn c_says_it() {
    each(|case, expected, name| {
        let config = case.config.to_string();
        let (mut options, mut tracker) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: the places and texts live through the calls, and each handle is used as its functions say.
        unsafe {
            assert_eq!(tried(|error| trackside_options_new(&mut options, error)), TRACKSIDE_OK);
            assert_eq!(tried(|error| trackside_options_json(options, text(&config), error)), TRACKSIDE_OK);
            assert_eq!(tried(|error| trackside_options_recording(options, error)), TRACKSIDE_OK);
            let clock = Some(clock as unsafe extern "C" fn(_) -> _);
            assert_eq!(
                tried(|error| trackside_options_clock(options, clock, ptr::null_mut(), error)),
                TRACKSIDE_OK
            );
            assert_eq!(tried(|error| trackside_tracker_open(options, &mut tracker, error)), TRACKSIDE_OK);
        }
        let peer = case.request.peer.map(|peer| peer.to_string()).unwrap_or_default();
        let (asked, answered) = (headers(&case.request.headers), headers(&case.response.headers));
        let request = trackside_request {
            size: size_of::<trackside_request>(),
            method: text(&case.request.method),
            target: text(&case.request.target),
            authority: text(""),
            peer: text(&peer),
            headers: asked.as_ptr(),
            header_count: asked.len(),
            secure: case.request.secure.into(),
            resolved: case.request.resolved.into(),
        };
        let response = trackside_response {
            size: size_of::<trackside_response>(),
            headers: answered.as_ptr(),
            header_count: answered.len(),
            status: case.response.status,
        };
        let choice = |word: &Option<String>| match word.as_deref() {
            None => TRACKSIDE_CHOICE_UNKNOWN,
            Some("granted") => TRACKSIDE_CHOICE_GRANTED,
            Some(_) => TRACKSIDE_CHOICE_DENIED,
        };
        let (analytics, ads) = (choice(&case.consent.analytics), choice(&case.consent.ads));
        let (mut buffer, mut needed) = (vec![0_u8; 64 * 1024], 0);
        // SAFETY: the structs are whole, what they point at is alive, and the buffer has its size.
        let told = tried(|error| unsafe {
            let place = buffer.as_mut_ptr().cast::<c_char>();
            trackside_tracker_explain(
                tracker,
                &request,
                &response,
                analytics,
                ads,
                place,
                buffer.len(),
                &mut needed,
                error,
            )
        });
        assert_eq!(told, TRACKSIDE_OK, "{name}");
        assert_eq!(str::from_utf8(&buffer[..needed - 1]).unwrap(), expected, "{name}");
        // SAFETY: it is not used again.
        unsafe { trackside_tracker_free(tracker) };
    });
}
