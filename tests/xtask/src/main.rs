//! What the project runs: `cargo xtask test`, and the commands beside it.

mod bench;
mod c;
mod caches;
mod cargo;
mod chaos;
mod features;
mod fuzz;
mod header;
mod install;
mod miri;
mod mutants;
mod parallel;
mod python;
mod readme;
mod steps;
mod syscalls;
mod test;
mod vectors;

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
};

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["test"] => test::run(),
        ["c"] => c::run(),
        ["bench", ref options @ ..] => bench::run(options),
        ["chaos", ref words @ ..] => chaos::run(words),
        ["fuzz", ref words @ ..] => fuzz::run(words),
        ["header"] => header::write(),
        ["miri"] => miri::run(),
        ["python"] => python::run(),
        ["python", "bench", ref options @ ..] => python::bench(options),
        ["mutants", ref options @ ..] => mutants::run(options),
        ["help" | "--help" | "-h"] => {
            print!("{}", usage());
            Ok(())
        }
        [] => Err(usage()),
        _ => Err(format!("`cargo xtask {}` is not a command.\n{}", words.join(" "), usage())),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

/// The commands and what they do; the README may name no others.
const COMMANDS: [(&str, &str); 9] = [
    ("test", "set up whatever the tests need and run them all"),
    ("bench", "measure against the floor and the peers; --quick: less exactly"),
    ("c", "the tests in C alone"),
    ("chaos", "break receivers, disks and processes at random: [family] [seconds], or family:seed once more"),
    ("fuzz", "feed ABI and parsers what nobody gives: [target] [seconds], target file, or --seed"),
    ("header", "make the C header anew of its sources"),
    ("miri", "look for undefined behaviour in the C ABI's pointers; needs a nightly toolchain"),
    ("python", "the Python binding alone: wheel, types, style, tests; `python bench`: its speed"),
    ("mutants", "change core place by place, and see that a test fails each time; takes hours"),
];

fn usage() -> String {
    let commands = COMMANDS.map(|(name, what)| format!("  cargo xtask {name:<8} {what}\n"));
    format!("Commands:\n{}", commands.concat())
}

/// The top of the project.
fn root() -> &'static Path {
    // OK because the folder's place in the project is fixed: tests/xtask.
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."))
}

/// The one folder for everything that is compiled.
fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |path| root().join(path))
}
