//! The programs under AddressSanitizer, which finds leaks too, and UndefinedBehaviorSanitizer.

use std::process::Command;

use super::{
    compile::{self, Kind, Link},
    planted, process,
    programs::{self, Program, Watch},
};
use crate::parallel;

const BOTH: Kind<'_> = Kind {
    name: "gcc-sanitizers",
    compiler: "gcc",
    link: Link::Dynamic,
    flags: &["-O1", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
};

const UNDEFINED: Kind<'_> =
    Kind { flags: &["-O1", "-fsanitize=undefined", "-fno-sanitize-recover=all"], ..BOTH };

/// Programs with a bug each, and what is to be said of it.
const PLANTED: [(&str, &str); 3] = [
    ("overflow", "heap-buffer-overflow"),
    ("shift", "runtime error: shift exponent"),
    ("leak", "LeakSanitizer: detected memory leaks"),
];

/// Sees that the sanitizers are there at all, and then that they find nothing.
pub(super) fn check() -> Result<(), String> {
    planted::are_found(&PLANTED, command)?;
    parallel::each(
        &programs::watched()?,
        |program| program.name.clone(),
        |program| process::succeed(&mut command(program)?).map(drop),
    )
}

fn command(program: &Program) -> Result<Command, String> {
    let kind = if program.watch == Watch::Any { BOTH } else { UNDEFINED };
    let mut command = compile::command(&kind.compile(program)?)?;
    command.env("ASAN_OPTIONS", "detect_stack_use_after_return=1:strict_string_checks=1");
    command.args(&program.arguments);
    Ok(command)
}
