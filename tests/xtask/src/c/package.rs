//! What cargo-c installs: a program is compiled against it by pkg-config, both ways, and run in an empty folder.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{built, compile, compile::STRICT, process, sources};
use crate::{cargo, install, target};

/// Another version may ask for another Rust.
const VERSION: &str = "0.10.24+cargo-0.98.0";

/// The program that is compiled.
const PROGRAM: &str = "lifecycle";

/// Installs the library into a folder of its own, and uses it from there.
pub(super) fn check() -> Result<(), String> {
    install::tool("pkg-config", "--version", "which says how to link with the installed library")?;
    let cinstall = cargo_c()?;
    let prefix = built().join("installed");
    // There is none yet the first time.
    drop(fs::remove_dir_all(&prefix));
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
    statically(&library)
}

/// The program of cargo-c's that installs. It is compiled without optimisation, in a folder of its own: that takes
/// minutes as it is.
fn cargo_c() -> Result<PathBuf, String> {
    let root = target().join("tools");
    let program = root.join("bin/cargo-cinstall");
    if process::succeed(Command::new(&program).args(["cinstall", "--version"])).is_ok() {
        return Ok(program);
    }
    install::tool("pkg-config", "--version", "which cargo-c is built with")?;
    install::package("libssl-dev", "pkg-config", &["--exists", "openssl"], "which cargo-c stands on")?;
    let build = root.join("build");
    let (root, build_text) = (root.display().to_string(), build.display().to_string());
    let package = ["install", "cargo-c", "--locked", "--version", VERSION, "--root", &root];
    let cheaply = ["--debug", "--config", "profile.dev.debug=0", "--target-dir", &build_text];
    println!("cargo-c is compiled, which takes some minutes");
    cargo::run(&[&package[..], &cheaply].concat())?;
    // Nothing but the programs is used again.
    fs::remove_dir_all(&build).map_err(|error| format!("{} cannot be removed: {error}", build.display()))?;
    Ok(program)
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
    let flags =
        process::succeed(Command::new("readelf").arg("--dynamic").arg(prefix.join("lib/libtrackside.so")))?;
    if flags.contains("NODELETE") {
        return Ok(());
    }
    Err(format!("libtrackside.so may be unloaded, since it is not linked with `-z nodelete`:\n{flags}"))
}

fn dynamic(library: &Path) -> Result<(), String> {
    let program = build("installed-dynamic", library, &["--cflags", "--libs"])?;
    let needed = needed(&program)?;
    if !needed.contains("[libtrackside.so.0.1]") {
        return Err(format!("the program that was linked dynamically asks for other libraries:\n{needed}"));
    }
    process::succeed(in_an_empty_folder(&program)?.env("LD_LIBRARY_PATH", library)).map(drop)
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
    process::succeed(&mut in_an_empty_folder(&program)?).map(drop)
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

fn in_an_empty_folder(program: &Path) -> Result<Command, String> {
    let folder = env::temp_dir().join(format!("trackside-c-{}", std::process::id()));
    // There is none yet the first time.
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    let mut command = Command::new(program);
    process::alone(&mut command).current_dir(folder);
    Ok(command)
}
