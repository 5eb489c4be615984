//! The programs in C of `tests/c`, and what runs them: two compilers, both ways of linking, sanitizers, valgrind,
//! helgrind; the header, the exported symbols, and the installed package.

mod compile;
mod contract;
mod examples;
mod folder;
mod header;
mod helgrind;
mod library;
mod memcheck;
mod native;
mod package;
mod planted;
mod process;
mod programs;
mod readme;
mod sanitizers;
mod symbols;
mod tools;

use std::path::PathBuf;

use crate::{root, steps::Steps, target};

/// Runs all of it alone, and prints how long each step took.
///
/// # Errors
///
/// At the first step that fails, with its name.
pub(crate) fn run() -> Result<(), String> {
    let mut steps = Steps::default();
    check(&mut steps)?;
    print!("{steps}");
    Ok(())
}

/// Runs all of it, each step by its name.
///
/// # Errors
///
/// As [`run`].
pub(crate) fn check(steps: &mut Steps) -> Result<(), String> {
    steps.run("C: the examples", examples::check)?;
    steps.run("C: the contract for adapters", contract::check)?;
    if !cfg!(target_os = "linux") {
        println!("C programs are not run here: the tools that watch them are set up for Linux");
        return Ok(());
    }
    steps.run("C: compilers and valgrind", tools::install)?;
    steps.run("C: the library", library::build)?;
    steps.run("C: the header alone", header::check)?;
    steps.run("C: exported symbols", symbols::check)?;
    steps.run("C: programs, gcc dynamic and clang static", native::check)?;
    steps.run("C: address and undefined-behaviour sanitizers", sanitizers::check)?;
    steps.run("C: valgrind", memcheck::check)?;
    steps.run("C: helgrind", helgrind::check)?;
    steps.run("C: installed by cargo-c", package::check)
}

/// Where the sources are.
fn sources() -> PathBuf {
    root().join("tests/c")
}

/// Where everything that is built here goes.
fn built() -> PathBuf {
    target().join("c")
}
