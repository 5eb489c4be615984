//! The second reading of the golden vectors, which is in Python.

use std::process::{Command, Stdio};

use crate::{install, root};

const SCRIPT: &str = "tests/vectors/expect.py";

/// Computes what every vector expects, and compares.
///
/// # Errors
///
/// When a vector expects something else, or there is no Python.
pub(crate) fn check() -> Result<(), String> {
    install::tool("python3", "--version", "which computes the vectors (3.11 or later)")?;
    println!("$ python3 {SCRIPT}");
    let status = Command::new("python3")
        .arg(SCRIPT)
        .current_dir(root())
        .stdin(Stdio::null())
        .status()
        .map_err(|error| format!("python3 does not start: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`python3 {SCRIPT}`: {status}")) }
}
