//! What the tests need and a bare machine may lack.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{cargo, target};

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

/// Sees to it that this version of a crate's program is there, and answers where: below the target folder, since
/// whoever has another version is to keep it.
///
/// # Errors
///
/// When it cannot be compiled.
pub(crate) fn crates_program(name: &str, program: &str, version: &str) -> Result<PathBuf, String> {
    let root = target().join("tools");
    let path = root.join("bin").join(program);
    if Command::new(&path)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == format!("{name} {version}").as_bytes())
    {
        return Ok(path);
    }
    let build = root.join("build");
    let (root, build_text) = (root.display().to_string(), build.display().to_string());
    let exactly = ["install", name, "--bin", program, "--version", version, "--locked", "--root", &root];
    // It does little but call cargo: unoptimised it is there much sooner.
    let cheaply = ["--debug", "--config", "profile.dev.debug=0", "--target-dir", &build_text];
    cargo::run(&[&exactly[..], &cheaply].concat())?;
    // Nothing but the program is used again.
    fs::remove_dir_all(&build).map_err(|error| format!("{} cannot be removed: {error}", build.display()))?;
    Ok(path)
}

fn runs(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        // A server that is installed is not to be started; this says that the machine is in rescue mode.
        .env("RUNLEVEL", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").stdin(Stdio::null()).output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
