//! What the unit tests share.

pub(crate) mod host;

use std::{ffi::CStr, ptr};

use trackside_core::{Annotations, Request, Response};
use trackside_transports::Tracker;

use crate::{
    boundary::Call,
    error::{Failure, trackside_error},
    options::{
        trackside_options, trackside_options_free, trackside_options_new, trackside_options_recording,
        trackside_options_toml,
    },
    stats::trackside_stats,
    status::{TRACKSIDE_OK, trackside_status},
    text::trackside_bytes,
    tracker::{trackside_tracker, trackside_tracker_free, trackside_tracker_open, trackside_tracker_stats},
};

/// What TRACKSIDE_ERROR_INIT is in C.
pub(crate) fn error() -> trackside_error {
    trackside_error { size: size_of::<trackside_error>(), status: 0, text: [0; 256] }
}

/// The text of an error struct.
pub(crate) fn said(error: &trackside_error) -> &str {
    let text: &[u8; 256] = &error.text.map(|byte| byte as u8);
    CStr::from_bytes_until_nul(text).expect("it ends in NUL");
    // SAFETY: the text ends in NUL, as was just seen.
    unsafe { CStr::from_ptr(error.text.as_ptr()) }.to_str().expect("it is cut at a character")
}

/// The text of a failure, as the caller would get it.
pub(crate) fn said_of(failure: &Failure) -> String {
    said(&failure.to_error(size_of::<trackside_error>())).to_owned()
}

/// Calls a function of the C ABI that takes an error struct last, and answers with what went wrong.
pub(crate) fn tried(
    call: impl FnOnce(*mut trackside_error) -> trackside_status,
) -> Result<(), (trackside_status, String)> {
    let mut told = error();
    match call(&mut told) {
        TRACKSIDE_OK => Ok(()),
        status => {
            assert_eq!(told.status, status);
            Err((status, said(&told).to_owned()))
        }
    }
}

/// Options, as a host makes them.
pub(crate) struct Options(pub(crate) *mut trackside_options);

impl Options {
    pub(crate) fn new() -> Self {
        let mut options = ptr::null_mut();
        // SAFETY: `options` is a place for a pointer.
        tried(|error| unsafe { trackside_options_new(&mut options, error) }).unwrap();
        Self(options)
    }

    pub(crate) fn of(toml: &str) -> Self {
        let options = Self::new();
        options.toml(toml).unwrap();
        options
    }

    pub(crate) fn toml(&self, text: &str) -> Result<(), (trackside_status, String)> {
        // SAFETY: the options are alive, and nobody else has them.
        tried(|error| unsafe { trackside_options_toml(self.0, trackside_bytes::of(text), error) })
    }

    pub(crate) fn recording(self) -> Self {
        // SAFETY: as above.
        tried(|error| unsafe { trackside_options_recording(self.0, error) }).unwrap();
        self
    }

    pub(crate) fn open(&self) -> Result<Opened, (trackside_status, String)> {
        let mut tracker = ptr::null_mut();
        // SAFETY: the options are alive, and `tracker` is a place for a pointer.
        tried(|error| unsafe { trackside_tracker_open(self.0, &mut tracker, error) })?;
        Ok(Opened(tracker))
    }
}

impl Drop for Options {
    fn drop(&mut self) {
        // SAFETY: they are alive, and nobody has them any more.
        unsafe { trackside_options_free(self.0) }
    }
}

/// A tracker, as a host has it.
#[derive(Debug)]
pub(crate) struct Opened(pub(crate) *mut trackside_tracker);

impl Opened {
    /// The tracker behind it, to make requests without the C ABI.
    pub(crate) fn live(&self) -> Tracker {
        Call::of_a_test().shared(self.0, "tracker").unwrap().live().clone()
    }

    pub(crate) fn stats(&self) -> *mut trackside_stats {
        let mut stats = ptr::null_mut();
        // SAFETY: the tracker is alive, and `stats` is a place for a pointer.
        tried(|error| unsafe { trackside_tracker_stats(self.0, &mut stats, error) }).unwrap();
        stats
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        // SAFETY: it is alive, and nobody has it any more.
        unsafe { trackside_tracker_free(self.0) }
    }
}

/// Lets a page of `path` be asked for and answered with `status`, and says whether it was tracked.
pub(crate) fn page(tracker: &Tracker, path: &str, status: u16) -> bool {
    let headers = [("host", "www.example.com")];
    let request = Request::new("GET", path, &headers);
    let response = [("content-type", "text/html")];
    let response = Response::new(status, &response);
    tracker.begin(&request).finish(&request, &response, &Annotations::new()).is_tracked()
}

/// What a view shows.
///
/// # Safety
///
/// It can be read for as long as the caller says it can.
pub(crate) unsafe fn read_bytes<'a>(view: trackside_bytes) -> &'a [u8] {
    if view.length == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(view.data.cast(), view.length) }
}
