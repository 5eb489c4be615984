//! A host in Rust that has a subscriber of its own keeps it.

#![allow(unsafe_code, reason = "it does what a host in C does")]

use std::{
    ffi::{CStr, c_char, c_void},
    ptr,
};

use trackside_ffi::{
    TRACKSIDE_OK, TRACKSIDE_UNSUPPORTED, trackside_bytes, trackside_error, trackside_log_set,
};

unsafe extern "C" fn ignore(_: *mut c_void, _: i32, _: trackside_bytes) {}

#[test]
fn a_host_keeps_its_own_subscriber() {
    let subscriber = tracing::subscriber::NoSubscriber::default();
    assert!(tracing::subscriber::set_global_default(subscriber).is_ok());

    let mut error = trackside_error { size: size_of::<trackside_error>(), status: 0, text: [0; 256] };
    // SAFETY: the callback may be called always.
    let status = unsafe { trackside_log_set(Some(ignore), 1, ptr::null_mut(), &mut error) };
    assert_eq!(status, TRACKSIDE_UNSUPPORTED);
    let text: *const c_char = error.text.as_ptr();
    // SAFETY: it ends in NUL.
    let text = unsafe { CStr::from_ptr(text) }.to_string_lossy();
    assert!(text.contains("a `tracing` subscriber of its own"), "{text}");
    // SAFETY: nothing is asked for.
    assert_eq!(unsafe { trackside_log_set(None, 0, ptr::null_mut(), ptr::null_mut()) }, TRACKSIDE_OK);
}
