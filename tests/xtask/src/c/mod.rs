//! The programs in C of `tests/c`, and what runs them: two compilers, both ways of linking, sanitizers, valgrind,
//! helgrind; the header, the exported symbols, and the installed package.

mod compile;
mod header;
mod helgrind;
mod library;
mod memcheck;
mod native;
mod package;
mod parallel;
mod process;
mod programs;
mod sanitizers;
mod symbols;
mod tools;

use std::path::PathBuf;

use crate::{root, steps::Steps, target};

/// Runs all of it alone, and prints how long each step took. `is_whole`: what cargo-c installs, too, for which
/// cargo-c is compiled first where that has not been done yet.
///
/// # Errors
///
/// At the first step that fails, with its name.
pub(crate) fn run(is_whole: bool) -> Result<(), String> {
    let mut steps = Steps::default();
    check(&mut steps)?;
    if is_whole {
        steps.run("C: installed by cargo-c", package::check)?;
    }
    print!("{steps}");
    Ok(())
}

/// Runs all but what cargo-c installs.
///
/// # Errors
///
/// As [`run`].
pub(crate) fn check(steps: &mut Steps) -> Result<(), String> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        println!("C programs are not run here: the tools that watch them are set up for Linux on x86-64");
        return Ok(());
    }
    steps.run("C: compilers and valgrind", tools::install)?;
    steps.run("C: the library", library::build)?;
    steps.run("C: the header alone", header::check)?;
    steps.run("C: exported symbols", symbols::check)?;
    steps.run("C: programs, gcc dynamic and clang static", native::check)?;
    steps.run("C: address and undefined-behaviour sanitizers", sanitizers::check)?;
    steps.run("C: valgrind", memcheck::check)?;
    steps.run("C: helgrind", helgrind::check)
}

/// Where the sources are.
fn sources() -> PathBuf {
    root().join("tests/c")
}

/// Where everything that is built here goes.
fn built() -> PathBuf {
    target().join("c")
}
