//! The programs under AddressSanitizer, which finds leaks too, and UndefinedBehaviorSanitizer.

use super::{
    compile::{self, Kind, Link},
    parallel, process,
    programs::{self, Program, Watch},
};

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
    parallel::each(
        &PLANTED,
        |(name, _)| format!("planted: {name}"),
        |(name, report)| {
            let path = BOTH.compile(&Program::planted(name))?;
            process::fail(&mut compile::command(&path)?, report)
        },
    )?;
    let programs: Vec<_> =
        programs::all()?.into_iter().filter(|program| program.watch != Watch::None).collect();
    parallel::each(
        &programs,
        |program| program.name.clone(),
        |program| {
            let kind = if program.watch == Watch::Any { BOTH } else { UNDEFINED };
            let path = kind.compile(program)?;
            let mut command = compile::command(&path)?;
            command.env("ASAN_OPTIONS", "detect_stack_use_after_return=1:strict_string_checks=1");
            process::succeed(command.args(&program.arguments)).map(drop)
        },
    )
}
