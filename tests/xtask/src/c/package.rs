//! What cargo-c installs: programs are compiled against it by pkg-config, both ways, and run.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    built,
    compile::{self, STRICT},
    examples, folder, process, readme, sources, symbols,
};
use crate::{install, target};

/// Another version may ask for another Rust.
const VERSION: &str = "0.10.24+cargo-0.98.0";

/// The shared library as a program asks for it: until 1.0 a minor version may break.
const SHARED: &str =
    concat!("[libtrackside.so.", env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR"), "]");

/// The program that is compiled.
const PROGRAM: &str = "lifecycle";

/// Installs the library into a folder of its own, and uses it from there.
pub(super) fn check() -> Result<(), String> {
    examples::tools()?;
    let cinstall = cargo_c()?;
    let prefix = folder::empty(&built().join("installed"))?;
    let library = prefix.join("lib");
    println!("cargo cinstall --debug --package trackside-ffi --prefix {}", prefix.display());
    process::succeed(
        Command::new(cinstall)
            .args(["cinstall", "--debug", "--package", "trackside-ffi", "--prefix"])
            .arg(&prefix)
            .arg("--libdir")
            .arg(&library)
            .current_dir(crate::root())
            .env("CARGO_TARGET_DIR", target()),
    )?;
    is_whole(&prefix)?;
    dynamic(&library)?;
    statically(&library)?;
    as_the_manual_says(&library)
}

/// The program of cargo-c's that installs.
fn cargo_c() -> Result<PathBuf, String> {
    install::package("libssl-dev", "pkg-config", &["--exists", "openssl"], "which cargo-c stands on")?;
    install::crates_program("cargo-c", "cargo-cinstall", VERSION)
}

/// All that is to be there, and the header as it is committed.
fn is_whole(prefix: &Path) -> Result<(), String> {
    let read = |path: PathBuf| {
        fs::read(&path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
    };
    if read(prefix.join("include/trackside.h"))? != read(compile::include().join("trackside.h"))? {
        return Err("cargo-c installs another header than ffi/include/trackside.h".to_owned());
    }
    for file in ["libtrackside.a", "libtrackside.so", "pkgconfig/trackside.pc"] {
        read(prefix.join("lib").join(file))?;
    }
    symbols::stays_loaded(&prefix.join("lib/libtrackside.so"))
}

fn dynamic(library: &Path) -> Result<(), String> {
    let program = build("installed-dynamic", library, &["--cflags", "--libs"])?;
    let needed = needed(&program)?;
    if !needed.contains(SHARED) {
        return Err(format!("the program that was linked dynamically asks for other libraries:\n{needed}"));
    }
    process::succeed(compile::command(&program)?.env("LD_LIBRARY_PATH", library)).map(drop)
}

/// Where both lie in one folder, the linker takes the shared one.
fn statically(library: &Path) -> Result<(), String> {
    let alone = built().join("installed-static-library");
    fs::create_dir_all(&alone).map_err(|error| format!("{} cannot be made: {error}", alone.display()))?;
    fs::copy(library.join("libtrackside.a"), alone.join("libtrackside.a"))
        .map_err(|error| format!("libtrackside.a cannot be copied: {error}"))?;
    let there = format!("--define-variable=libdir={}", alone.display());
    let program = build("installed-static", library, &["--static", "--cflags", "--libs", &there])?;
    let needed = needed(&program)?;
    if needed.contains("libtrackside") {
        return Err(format!("the program that was linked statically asks for the shared library:\n{needed}"));
    }
    process::succeed(&mut compile::command(&program)?).map(drop)
}

/// The examples by their Makefile, and the quick start by the command beside it.
fn as_the_manual_says(library: &Path) -> Result<(), String> {
    let descriptions = library.join("pkgconfig");
    let mut make = examples::make("installed", &folder::empty(&built().join("installed-examples"))?);
    process::succeed(make.env("PKG_CONFIG_PATH", &descriptions))?;
    let folder = folder::empty(&built().join("installed-quick-start"))?;
    readme::quick_start(&folder, "pkg-config", |command| {
        command.env("PKG_CONFIG_PATH", &descriptions).env("LD_LIBRARY_PATH", library);
    })
}

/// Compiles the program with what pkg-config says and nothing else.
fn build(name: &str, library: &Path, questions: &[&str]) -> Result<PathBuf, String> {
    let out = built().join(name);
    let answer = process::succeed(
        Command::new("pkg-config")
            .args(questions)
            .arg("trackside")
            .env("PKG_CONFIG_PATH", library.join("pkgconfig")),
    )?;
    println!("pkg-config {} trackside: {}", questions.join(" "), answer.trim());
    let mut command = Command::new("gcc");
    command.args(STRICT).arg("-pthread").arg(sources().join(format!("{PROGRAM}.c"))).arg("-o").arg(&out);
    process::succeed(command.args(answer.split_whitespace()))?;
    Ok(out)
}

/// The libraries that a program asks for.
fn needed(program: &Path) -> Result<String, String> {
    let table = process::succeed(Command::new("readelf").arg("--dynamic").arg(program))?;
    Ok(table.lines().filter(|line| line.contains("(NEEDED)")).collect::<Vec<_>>().join("\n"))
}
