//! Strings: a pointer and a length.

use std::{ffi::c_char, ptr};

use crate::{boundary::Call, error::Failure, status::TRACKSIDE_INVALID_UTF8, view};

/// A string that somebody else owns: `length` bytes at `data`, without a NUL at the end. { NULL, 0 } is the
/// empty one. See TRACKSIDE_TEXT and trackside_text.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
#[allow(clippy::exhaustive_structs, reason = "it is passed by value and never grows")]
pub struct trackside_bytes {
    /// Its first byte; may be NULL if `length` is 0.
    pub data: *const c_char,
    /// How many bytes it has.
    pub length: usize,
}

impl trackside_bytes {
    /// The empty string.
    pub const EMPTY: Self = Self { data: ptr::null(), length: 0 };

    /// A view of `text`, for C to read while `text` stays where it is.
    pub fn of(text: &(impl AsRef<[u8]> + ?Sized)) -> Self {
        let text = text.as_ref();
        Self { data: text.as_ptr().cast(), length: text.len() }
    }
}

/// One header: any bytes, as they came.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
#[allow(clippy::exhaustive_structs, reason = "arrays of it are passed, so it never grows")]
pub struct trackside_header {
    /// Its name, in any case.
    pub name: trackside_bytes,
    /// Its value, without the line's end.
    pub value: trackside_bytes,
}

impl Call {
    /// The bytes of a string.
    #[inline]
    pub(crate) fn bytes(&self, string: trackside_bytes, argument: &str) -> Result<&[u8], Failure> {
        self.array(string.data.cast(), string.length, argument)
    }

    /// A string that must be UTF-8.
    pub(crate) fn text(&self, string: trackside_bytes, argument: &str) -> Result<&str, Failure> {
        let bytes = self.bytes(string, argument)?;
        view::text(bytes).ok_or_else(|| not_utf8(bytes, argument))
    }
}

#[cold]
#[inline(never)]
fn not_utf8(bytes: &[u8], argument: &str) -> Failure {
    let begin = bytes.utf8_chunks().next().map_or(0, |chunk| chunk.valid().len());
    let text = format!("`{argument}` is not UTF-8: byte {begin} begins no character");
    Failure::new(TRACKSIDE_INVALID_UTF8, text)
}

#[cfg(test)]
#[path = "text_test.rs"]
mod test;
