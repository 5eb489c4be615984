//! What the tests need and a bare machine may lack.

use std::{
    path::Path,
    process::{Command, Stdio},
};

/// Sees to it that `program` runs, by installing the Debian package of that name where that is possible.
/// `version` makes it tell its version and nothing else; `purpose` is for the error.
///
/// # Errors
///
/// When it is not there and cannot be installed, with what to do.
pub(crate) fn tool(program: &str, version: &str, purpose: &str) -> Result<(), String> {
    package(program, program, &[version], purpose)
}

/// Sees to it that `program` succeeds with these arguments, by installing the Debian package `name` where that
/// is possible.
///
/// # Errors
///
/// As [`tool`].
pub(crate) fn package(name: &str, program: &str, arguments: &[&str], purpose: &str) -> Result<(), String> {
    if runs(program, arguments) {
        return Ok(());
    }
    let missing = format!("{name} is missing, {purpose}");
    if !Path::new("/usr/bin/apt-get").exists() || !is_root() {
        return Err(format!("{missing}: install it (Debian: `apt-get install {name}` as root)"));
    }
    println!("$ apt-get install {name}");
    let install = ["install", "--yes", "--no-install-recommends", name];
    // A bare machine has no package lists yet.
    if runs("apt-get", &install) || (runs("apt-get", &["update"]) && runs("apt-get", &install)) {
        return Ok(());
    }
    Err(format!("{missing}, and `apt-get install {name}` failed"))
}

fn runs(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").stdin(Stdio::null()).output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
