//! The programs under valgrind's memcheck, which sees what the library does with memory, too.

use std::{path::Path, process::Command};

use super::{
    compile, native, parallel, process,
    programs::{self, Program, Watch},
};

const OPTIONS: [&str; 3] = ["--quiet", "--error-exitcode=99", "--num-callers=30"];

/// A leak is an error if nothing points at the memory any more.
const LEAKS: [&str; 3] =
    ["--leak-check=full", "--show-leak-kinds=definite", "--errors-for-leak-kinds=definite"];

/// Programs with a bug each, and what is to be said of it.
const PLANTED: [(&str, &str); 2] =
    [("overflow", "Invalid write of size 1"), ("leak", "definitely lost in loss record")];

/// Sees that it finds what was planted, and then that it finds nothing else.
pub(super) fn check() -> Result<(), String> {
    parallel::each(
        &PLANTED,
        |(name, _)| format!("planted: {name}"),
        |(name, report)| {
            let path = native::GCC.compile(&Program::planted(name))?;
            process::fail(command(Watch::Any)?.arg(&path), report)
        },
    )?;
    let programs: Vec<_> =
        programs::all()?.into_iter().filter(|program| program.watch != Watch::None).collect();
    parallel::each(
        &programs,
        |program| program.name.clone(),
        |program| {
            let path = native::GCC.compile(program)?;
            process::succeed(command(program.watch)?.arg(&path).args(&program.arguments)).map(drop)
        },
    )
}

fn command(watch: Watch) -> Result<Command, String> {
    let mut command = compile::command(Path::new("valgrind"))?;
    command.args(OPTIONS);
    if watch == Watch::Any {
        command.args(LEAKS);
    }
    Ok(command)
}
