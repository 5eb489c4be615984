//! The benchmarks: a workspace of their own, since they bring the peers along.

use crate::cargo;

/// Where they are.
pub(crate) const MANIFEST: &str = "tests/bench/Cargo.toml";

/// Builds and runs them; `options` go to the program.
///
/// # Errors
///
/// When they cannot be built or run.
pub(crate) fn run(options: &[&str]) -> Result<(), String> {
    cargo::run(&[&["run", "--release", "--manifest-path", MANIFEST, "--"], options].concat()).map(drop)
}
