//! The program with many threads under helgrind, which is told what Rust's atomics and locks mean.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    built,
    compile::{self, Kind, Link},
    library::Library,
    process,
    programs::Program,
    sources,
};

const OPTIONS: [&str; 3] = ["--tool=helgrind", "--error-exitcode=99", "--num-callers=40"];

/// A function that is named in the report of the race which is planted there.
const PLANTED: &str = "test_race::bump";

/// Sees that it finds the race that was planted, and then that it finds no other.
pub(super) fn check() -> Result<(), String> {
    if !cfg!(target_arch = "x86_64") {
        println!("not run here: what tells helgrind of Rust's atomics is written for x86-64");
        return Ok(());
    }
    let told = what_rust_means()?;
    let planted = Program { library: Some(Library::Planted), ..Program::named("threads", Library::Debug) };
    println!("a race is planted: it has to be found");
    process::fail(&mut command(&compiled(&planted, "helgrind-planted", &told)?)?, PLANTED)?;
    println!("none is planted");
    process::succeed(&mut command(&compiled(&Program::named("threads", Library::Debug), "helgrind", &told)?)?)
        .map(drop)
}

/// The functions that tell it, compiled: they are in another C than the programs, as valgrind's headers are.
fn what_rust_means() -> Result<PathBuf, String> {
    let out = built().join("helgrind-rust.o");
    let flags = ["-std=gnu99", "-Wall", "-Wextra", "-Werror", "-g", "-fno-omit-frame-pointer", "-c", "-o"];
    process::succeed(Command::new("gcc").args(flags).arg(&out).arg(sources().join("helgrind/rust.c")))?;
    Ok(out)
}

fn compiled(program: &Program, name: &str, told: &Path) -> Result<PathBuf, String> {
    let told = told.display().to_string();
    Kind { name, compiler: "gcc", link: Link::Dynamic, flags: &[&told] }.compile(program)
}

fn command(program: &Path) -> Result<Command, String> {
    let suppressions = sources().join("helgrind/std.supp");
    let mut command = compile::command(Path::new("valgrind"))?;
    command.args(OPTIONS).arg(format!("--suppressions={}", suppressions.display())).arg(program);
    Ok(command)
}
