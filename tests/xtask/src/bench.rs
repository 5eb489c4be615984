//! The benchmarks: a workspace of their own, since they bring the peers along.

use std::path::PathBuf;

use crate::{cargo, root};

/// Builds and runs them; `options` go to the program.
///
/// # Errors
///
/// When they cannot be built or run.
pub(crate) fn run(options: &[&str]) -> Result<(), String> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let arguments =
        [&["run", "--release", "--manifest-path", "tests/bench/Cargo.toml", "--"], options].concat();
    // What both workspaces use is compiled once.
    let status = cargo::command(&arguments)
        .env("CARGO_TARGET_DIR", target)
        .status()
        .map_err(|error| format!("cargo does not start: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`cargo {}`: {status}", arguments.join(" "))) }
}
