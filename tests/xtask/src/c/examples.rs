//! The examples in C, whatever the READMEs show in C, and the tests of both.

use std::{path::Path, process::Command};

use super::{
    compile::{self, BESIDE},
    folder,
    library::{self, Library},
    process,
    readme::{self, FLAGS},
};
use crate::{cargo, install, root, target};

const FOLDER: &str = "bindings/c";

/// Where the tests look for what is built.
const BUILT: &str = "c-examples";

/// Builds them against the library, linked in and shared, runs those that end by themselves, and runs their tests.
pub(super) fn check() -> Result<(), String> {
    tools()?;
    library::release()?;
    // The tests run those of the first folder.
    for (link, folder) in [("static", BUILT), ("shared", "c-examples-shared")] {
        process::succeed(&mut make(link, &folder::empty(&target().join(folder))?))?;
    }
    site()?;
    readme::check()?;
    cargo::run(&["test", "--package", "trackside-tests", "--features", "c", "--test", "e2e", "c::"]).map(drop)
}

/// Builds the site of `tests/adapters` beside them, of the files that they share.
fn site() -> Result<(), String> {
    let shared = root().join(FOLDER).join("examples");
    let mut command = Command::new("gcc");
    command.arg("-std=c11").args(FLAGS).arg("-I").arg(compile::include()).arg("-I").arg(&shared);
    command.arg("-o").arg(target().join(BUILT).join("site")).arg(root().join("tests/adapters/site.c"));
    command.args(["listener.c", "tracking.c", "visit.c"].map(|name| shared.join(name)));
    command.arg(Library::released().join("libtrackside_ffi.a")).args(BESIDE).arg("-lmicrohttpd");
    println!("$ {}", process::shown(&command));
    process::succeed(&mut command).map(drop)
}

/// Sees to it that they can be built.
pub(super) fn tools() -> Result<(), String> {
    let purpose = "which builds the examples in C";
    install::tool("make", "--version", purpose)?;
    install::tool("gcc", "--version", purpose)?;
    install::tool("pkg-config", "--version", purpose)?;
    let known = ["--exists", "libmicrohttpd"];
    install::package("libmicrohttpd-dev", "pkg-config", &known, "on which the server in C stands")
}

/// A command that builds all of them and runs some, as the manual says: with the library where cargo puts it.
pub(super) fn make(link: &str, folder: &Path) -> Command {
    let mut command = Command::new("make");
    command.args(["-C", FOLDER, "all", "run", "CC=gcc"]);
    command.arg(format!("LINK={link}")).arg(format!("BUILD={}", folder.display()));
    command.arg(format!("CFLAGS={}", FLAGS.join(" ")));
    command.current_dir(root()).env("CARGO_TARGET_DIR", target());
    println!("$ {}", process::shown(&command));
    command
}
