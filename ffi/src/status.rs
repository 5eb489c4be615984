//! How a call went, as a number.

use std::ffi::{CStr, c_char};

/// How a call went. The numbers are forever; a later library may have more of them.
pub type trackside_status = i32;

/// It went well, and the outputs are written.
pub const TRACKSIDE_OK: trackside_status = 0;
/// A pointer is NULL where something must be given.
pub const TRACKSIDE_NULL_ARGUMENT: trackside_status = 1;
/// A handle is of another type, or was freed already.
pub const TRACKSIDE_WRONG_HANDLE: trackside_status = 2;
/// A text that must be UTF-8 is not.
pub const TRACKSIDE_INVALID_UTF8: trackside_status = 3;
/// An argument cannot be what it is: an address that does not parse, a struct whose size was not set.
pub const TRACKSIDE_INVALID_ARGUMENT: trackside_status = 4;
/// The configuration has mistakes: the error's text tells all of them, as far as they fit.
pub const TRACKSIDE_CONFIG: trackside_status = 5;
/// A file cannot be read.
pub const TRACKSIDE_IO: trackside_status = 6;
/// This build, or this destination, cannot do it.
pub const TRACKSIDE_UNSUPPORTED: trackside_status = 7;
/// The exchange was finished or abandoned already.
pub const TRACKSIDE_FINISHED: trackside_status = 8;
/// The exchange is not finished yet, so there is no verdict.
pub const TRACKSIDE_UNFINISHED: trackside_status = 9;
/// Called from a worker or a callback, which cannot wait for itself.
pub const TRACKSIDE_REENTRANT: trackside_status = 10;
/// There is none: no destination of this name, no such index, no visitor.
pub const TRACKSIDE_NOT_FOUND: trackside_status = 11;
/// The buffer is too small; the needed length is written.
pub const TRACKSIDE_BUFFER: trackside_status = 12;
/// The block is malformed; the error's text says where.
pub const TRACKSIDE_BLOB: trackside_status = 13;
/// A bug of trackside, caught before it reached the host.
pub const TRACKSIDE_PANIC: trackside_status = 14;
/// The receiver would not count the hit; the reason is written.
pub const TRACKSIDE_REFUSED: trackside_status = 15;

/// What a status means, in a few words: a static text that ends in NUL, and never NULL.
///
/// Threads: any, at any time.
///
/// # Safety
///
/// Nothing is asked for: every number is legal.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_status_text(status: trackside_status) -> *const c_char {
    meaning(status).as_ptr()
}

fn meaning(status: trackside_status) -> &'static CStr {
    match status {
        TRACKSIDE_OK => c"ok",
        TRACKSIDE_NULL_ARGUMENT => c"a required argument is NULL",
        TRACKSIDE_WRONG_HANDLE => c"the handle is of another type, or was freed",
        TRACKSIDE_INVALID_UTF8 => c"a text is not UTF-8",
        TRACKSIDE_INVALID_ARGUMENT => c"an argument is not valid",
        TRACKSIDE_CONFIG => c"the configuration has mistakes",
        TRACKSIDE_IO => c"a file cannot be read",
        TRACKSIDE_UNSUPPORTED => c"this build or this destination cannot do it",
        TRACKSIDE_FINISHED => c"the exchange is finished",
        TRACKSIDE_UNFINISHED => c"the exchange is not finished",
        TRACKSIDE_REENTRANT => c"a worker cannot wait for itself",
        TRACKSIDE_NOT_FOUND => c"there is none",
        TRACKSIDE_BUFFER => c"the buffer is too small",
        TRACKSIDE_BLOB => c"the block is malformed",
        TRACKSIDE_PANIC => c"a bug of trackside was caught",
        TRACKSIDE_REFUSED => c"the receiver would refuse the hit",
        _ => c"unknown status",
    }
}

#[cfg(test)]
mod test {
    use std::{collections::HashSet, ffi::CStr};

    use super::{TRACKSIDE_OK, TRACKSIDE_REFUSED, trackside_status, trackside_status_text};

    fn text(status: trackside_status) -> &'static str {
        // SAFETY: the text is static and ends in NUL.
        unsafe { CStr::from_ptr(trackside_status_text(status)) }.to_str().unwrap()
    }

    #[test]
    fn every_status_has_a_text_of_its_own() {
        let texts: HashSet<_> = (TRACKSIDE_OK..=TRACKSIDE_REFUSED).map(text).collect();
        assert_eq!(texts.len(), 16);
        assert!(!texts.contains("unknown status"));
    }

    #[test]
    fn a_number_that_is_no_status_has_a_text_too() {
        for status in [-1, TRACKSIDE_REFUSED + 1, i32::MIN, i32::MAX] {
            assert_eq!(text(status), "unknown status");
        }
    }
}
