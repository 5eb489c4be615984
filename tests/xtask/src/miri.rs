//! The C ABI's pointers under Miri, which sees undefined behaviour where a test runs into it.

use std::process::Command;

use crate::{root, target};

/// The modules with pointers whose tests need nothing that Miri lacks, such as `pthread_atfork`.
const MODULES: [&str; 8] = [
    "batch::test",
    "boundary::test",
    "error::test",
    "handle::test",
    "kept::test",
    "picks::test",
    "text::test",
    "view::test",
];

/// Runs their tests.
///
/// # Errors
///
/// When there is no nightly toolchain with Miri, or when it finds something.
pub(crate) fn run() -> Result<(), String> {
    let begin = ["run", "nightly", "cargo", "miri", "test", "--package", "trackside-ffi"];
    let end = ["--no-default-features", "--lib", "--"];
    println!("$ rustup {} {} {}", begin.join(" "), end.join(" "), MODULES.join(" "));
    let status = Command::new("rustup")
        .args(begin)
        .args(end)
        .args(MODULES)
        .current_dir(root())
        // Ours is another toolchain, and would be found in its place.
        .env_remove("CARGO")
        .env_remove("RUSTUP_TOOLCHAIN")
        .env("CARGO_TARGET_DIR", target().join("miri"))
        .status()
        .map_err(|error| format!("rustup does not start: {error}"))?;
    if status.success() {
        return Ok(());
    }
    Err(format!("Miri: {status}; it needs `rustup toolchain install nightly --component miri,rust-src`"))
}
