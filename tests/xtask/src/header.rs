//! The C header, made anew of its sources.

use crate::cargo;

/// What lets the test that compares the header write it instead.
const WRITE: &str = "TRACKSIDE_WRITE_HEADER";

/// Writes `ffi/include/trackside.h`.
///
/// # Errors
///
/// When the crate does not compile, or cbindgen does not understand it.
pub(crate) fn write() -> Result<(), String> {
    cargo::rewrite(WRITE, &["test", "--package", "trackside-ffi", "--test", "header", "the_committed_header"])
        .map_err(|problem| format!("the header was not written: {problem}"))
}
