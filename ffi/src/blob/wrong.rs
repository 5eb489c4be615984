//! Why a block is refused.

use std::fmt;

use super::VERSION;
use crate::{
    error::Failure,
    status::{TRACKSIDE_BLOB, TRACKSIDE_INVALID_UTF8, trackside_status},
};

/// What is wrong with a block, or with a part of it.
#[derive(Debug)]
pub(super) struct Wrong {
    status: trackside_status,
    /// The part, from the outside to the inside; empty for the block itself.
    place: String,
    problem: String,
}

pub(super) type Parsed<T> = Result<T, Wrong>;

impl Wrong {
    /// `problem` goes on where the name of the part ends.
    #[cold]
    #[inline(never)]
    pub(super) fn new(problem: fmt::Arguments<'_>) -> Self {
        Self { status: TRACKSIDE_BLOB, place: String::new(), problem: problem.to_string() }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn version(version: u8) -> Self {
        Self::new(format_args!("has the version {version}, and this library knows {VERSION}"))
    }

    #[cold]
    #[inline(never)]
    pub(super) fn not_utf8(what: &str) -> Self {
        Self { status: TRACKSIDE_INVALID_UTF8, ..Self::new(format_args!("has a {what} that is not UTF-8")) }
    }

    /// The same, seen from outside of the part.
    #[cold]
    #[inline(never)]
    pub(super) fn inside(self, part: fmt::Arguments<'_>) -> Self {
        Self { place: format!(", {part}{}", self.place), ..self }
    }
}

impl From<Wrong> for Failure {
    #[cold]
    #[inline(never)]
    fn from(wrong: Wrong) -> Self {
        Self::new(wrong.status, format!("`blob`{} {}", wrong.place, wrong.problem))
    }
}
