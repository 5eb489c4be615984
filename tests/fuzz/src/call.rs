//! One call, and what it says of how it went.

use std::mem::offset_of;

use trackside_ffi::{TRACKSIDE_OK, trackside_error, trackside_status};

use crate::memory::{FILL, Piece};

/// How a call went.
#[derive(Debug)]
#[must_use = "it may have failed"]
pub struct Outcome {
    status: trackside_status,
    /// What the error struct says, as far as there is room; empty without any.
    text: String,
    /// Whether there was room for every text.
    is_whole: bool,
}

/// Makes a call with an error struct of `room` bytes, or with none if there is not even room for its size,
/// and sees that it is written as it should be.
pub fn call(room: usize, make: impl FnOnce(*mut trackside_error) -> trackside_status) -> Outcome {
    const STATUS: usize = offset_of!(trackside_error, status);
    const TEXT: usize = offset_of!(trackside_error, text);
    if room < size_of::<usize>() {
        return Outcome { status: make(std::ptr::null_mut()), text: String::new(), is_whole: false };
    }
    let place = Piece::new(room);
    // SAFETY: there is room for a size, at an address for every type.
    unsafe { place.pointer::<usize>().write(room) };
    let status = make(place.pointer());

    let bytes = place.bytes();
    let end = room.min(size_of::<trackside_error>());
    assert_eq!(bytes[..STATUS], room.to_ne_bytes(), "the struct's size is the caller's");
    assert!(bytes[end..].iter().all(|&byte| byte == FILL), "what the library does not know");
    let (told, text) = bytes[STATUS..end].split_at((end - STATUS).min(TEXT - STATUS));
    if status == TRACKSIDE_OK {
        assert!(
            bytes[STATUS..].iter().all(|&byte| byte == FILL),
            "an error is written only when a call fails"
        );
        return Outcome { status, text: String::new(), is_whole: false };
    }
    assert_eq!(told, &status.to_ne_bytes()[..told.len()], "the status");
    let text = match text.iter().position(|&byte| byte == 0) {
        Some(end) => String::from_utf8(text[..end].to_vec()).expect("an error's text is UTF-8"),
        None => {
            assert!(text.is_empty(), "an error's text ends in NUL");
            String::new()
        }
    };
    Outcome { status, text, is_whole: room >= size_of::<trackside_error>() }
}

impl Outcome {
    /// Sees that it went well.
    #[track_caller]
    pub fn ok(self) {
        assert_eq!(self.status, TRACKSIDE_OK, "{}", self.text);
    }

    /// Whether it went well.
    pub fn is_ok(&self) -> bool {
        self.status == TRACKSIDE_OK
    }

    /// Whether it went well; if not, sees that it failed with this status.
    #[track_caller]
    pub fn is_ok_or(self, status: trackside_status) -> bool {
        assert!(self.is_ok() || self.status == status, "{}: {}", self.status, self.text);
        self.is_ok()
    }

    /// Sees that it failed with one of these statuses, and that the text, where there is room for it, names
    /// one of these arguments.
    #[track_caller]
    pub fn failed(self, statuses: &[trackside_status], names: &[&str]) {
        assert!(statuses.contains(&self.status), "{} is not one of {statuses:?}: {}", self.status, self.text);
        if self.is_whole {
            assert!(
                names.iter().any(|name| self.text.contains(name)),
                "none of {names:?} in `{}`",
                self.text
            );
        }
    }
}
