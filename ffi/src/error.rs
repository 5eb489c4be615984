//! Why a call failed, for the host to read.

use std::{borrow::Cow, ffi::c_char, mem::offset_of};

use crate::{
    status::{
        TRACKSIDE_INVALID_ARGUMENT, TRACKSIDE_NOT_FOUND, TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
        trackside_status,
    },
    view,
};

/// Why a call failed. The caller owns it, sets `size` with TRACKSIDE_ERROR_INIT, and may pass NULL instead
/// of it everywhere. It is written only when a call fails, and only as far as `size` reaches.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
#[allow(clippy::exhaustive_structs, reason = "C sees its fields; it grows behind `size`")]
pub struct trackside_error {
    /// The size of the caller's struct.
    pub size: usize,
    /// What the call returned.
    pub status: trackside_status,
    /// What is wrong, where, and the way out: UTF-8 that ends in NUL, cut at a character where it is too
    /// long.
    pub text: [c_char; 256],
}

view::growing!(trackside_error, last: text);

/// Why a call fails: what becomes its status and, if the caller wants one, its error struct. Boxed, so that who may
/// fail and does not answers in a register.
#[derive(Debug)]
pub(crate) struct Failure(Box<Why>);

#[derive(Debug)]
struct Why {
    status: trackside_status,
    text: Cow<'static, str>,
}

impl Failure {
    pub(crate) fn text(&self) -> &str {
        &self.0.text
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn new(status: trackside_status, text: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Why { status, text: text.into() }))
    }

    /// An argument cannot be what it is; `problem` goes on where the argument's name ends.
    #[cold]
    #[inline(never)]
    pub(crate) fn invalid(argument: &str, problem: &str) -> Self {
        Self::new(TRACKSIDE_INVALID_ARGUMENT, format!("`{argument}` {problem}"))
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn not_found(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(TRACKSIDE_NOT_FOUND, text)
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn null(argument: &str) -> Self {
        Self::new(TRACKSIDE_NULL_ARGUMENT, format!("`{argument}` is NULL"))
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn wrong_handle(argument: &str, expected: &str) -> Self {
        let text = format!("`{argument}` is no {expected}, or one that was freed");
        Self::new(TRACKSIDE_WRONG_HANDLE, text)
    }

    pub(crate) fn status(&self) -> trackside_status {
        self.0.status
    }

    /// The error struct of a caller whose own is `size` bytes large.
    pub(crate) fn to_error(&self, size: usize) -> trackside_error {
        const TEXT: usize = offset_of!(trackside_error, text);
        let mut text = [0; 256];
        let room = size.saturating_sub(TEXT).min(text.len());
        for (to, from) in text.iter_mut().zip(cut(&self.0.text, room.saturating_sub(1)).bytes()) {
            // C would stop reading at a NUL.
            *to = if from == 0 { b'?' } else { from } as c_char;
        }
        trackside_error { size, status: self.0.status, text }
    }
}

/// The longest start of `text` that has at most `max` bytes and no broken character.
fn cut(text: &str, max: usize) -> &str {
    let end = (0..=max.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    &text[..end.unwrap_or_default()]
}

#[cfg(test)]
#[path = "error_test.rs"]
mod test;
