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
    let arguments = ["test", "--package", "trackside-ffi", "--test", "header", "the_committed_header"];
    println!("$ {WRITE}=1 cargo {}", arguments.join(" "));
    let status = cargo::command(&arguments)
        .env(WRITE, "1")
        .status()
        .map_err(|error| format!("cargo does not start: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("the header was not written: {status}")) }
}
