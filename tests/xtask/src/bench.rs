//! The benchmarks: a workspace of their own, since they bring the peers along.

use crate::{cargo, install};

/// Where they are.
const MANIFEST: &str = "tests/bench/Cargo.toml";

/// Builds and runs them; `options` go to the program.
///
/// # Errors
///
/// When they cannot be built or run.
pub(crate) fn run(options: &[&str]) -> Result<(), String> {
    prepare()?;
    // All of its programs: one runs the other.
    cargo::run(&["build", "--release", "--manifest-path", MANIFEST, "--bins"])?;
    cargo::run(&[&["run", "--release", "--manifest-path", MANIFEST, "--"], options].concat()).map(drop)
}

/// Runs their own tests.
///
/// # Errors
///
/// When one fails, or they cannot be built.
pub(crate) fn test() -> Result<(), String> {
    prepare()?;
    cargo::run(&["test", "--manifest-path", MANIFEST]).map(drop)
}

/// What a peer cannot be compiled without.
fn prepare() -> Result<(), String> {
    install::tool("pkg-config", "--version", "which finds OpenSSL")?;
    install::package("libssl-dev", "pkg-config", &["--exists", "openssl"], "which snowplow_tracker stands on")
}
