//! The programs under valgrind's memcheck, which sees what the library does with memory, too.

use std::{path::Path, process::Command};

use super::{
    compile::{self, Kind, Link},
    planted, process,
    programs::{self, Program, Watch},
};
use crate::parallel;

const KIND: Kind<'_> =
    Kind { name: "gcc-valgrind", compiler: "gcc", link: Link::Dynamic, flags: &["-DBRIEFLY"] };

const OPTIONS: [&str; 3] = ["--quiet", "--error-exitcode=99", "--num-callers=30"];

/// A leak is an error if nothing points at the memory any more.
const LEAKS: [&str; 3] =
    ["--leak-check=full", "--show-leak-kinds=definite", "--errors-for-leak-kinds=definite"];

/// Programs with a bug each, and what is to be said of it.
const PLANTED: [(&str, &str); 2] =
    [("overflow", "Invalid write of size 1"), ("leak", "definitely lost in loss record")];

/// Sees that it finds what was planted, and then that it finds nothing else.
pub(super) fn check() -> Result<(), String> {
    planted::are_found(&PLANTED, command)?;
    parallel::each(
        &programs::watched()?,
        |program| program.name.clone(),
        |program| process::succeed(&mut command(program)?).map(drop),
    )
}

fn command(program: &Program) -> Result<Command, String> {
    let path = KIND.compile(program)?;
    let mut command = compile::command(Path::new("valgrind"))?;
    command.args(OPTIONS);
    if program.watch == Watch::Any {
        command.args(LEAKS);
    }
    command.arg(&path).args(&program.arguments);
    Ok(command)
}
