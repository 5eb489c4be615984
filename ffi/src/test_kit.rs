//! What the unit tests share.

use std::ffi::CStr;

use crate::error::{Failure, trackside_error};

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
