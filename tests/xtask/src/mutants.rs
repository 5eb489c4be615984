//! Whether a test fails when the code says something else: cargo-mutants changes core, one place at a time.
//! What it changes and what cannot make a difference stands in `.cargo/mutants.toml`.

use crate::cargo;

/// With another release the names of the mutants may be others.
const VERSION: &str = "27.1.0";

/// Some tests did not end, which tells a mutant as well as one that fails.
const TIMED_OUT: i32 = 3;

/// Installs cargo-mutants if it is missing, and runs it; `options` go to it.
///
/// # Errors
///
/// When it cannot be installed or run, or some mutant went unnoticed.
pub(crate) fn run(options: &[&str]) -> Result<(), String> {
    if cargo::accepts(&["mutants", "--version"]).is_err() {
        cargo::run(&["install", "cargo-mutants", "--locked", "--version", VERSION])?;
    }
    // The package to change is not for the configuration to say.
    let status = cargo::command(&[&["mutants", "--package", "trackside-core"], options].concat())
        // Each job compiles in its own copy: in one folder, one would run what another has changed.
        .env_remove("CARGO_TARGET_DIR")
        .status()
        .map_err(|error| format!("cargo does not start: {error}"))?;
    if status.success() || status.code() == Some(TIMED_OUT) {
        return Ok(());
    }
    Err(format!("`cargo mutants`: {status}"))
}
