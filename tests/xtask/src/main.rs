//! What the project runs: `cargo xtask test` and `cargo xtask bench`.

mod bench;
mod cargo;
mod features;
mod readme;
mod steps;
mod test;
mod vectors;

use std::{env, path::Path, process::ExitCode};

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["test"] => test::run(),
        ["bench", ref options @ ..] => bench::run(options),
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
const COMMANDS: [(&str, &str); 2] = [
    ("test", "set up whatever the tests need and run them all"),
    ("bench", "measure against the floor and the peers; --quick: less exactly"),
];

fn usage() -> String {
    let commands = COMMANDS.map(|(name, what)| format!("  cargo xtask {name:<7} {what}\n"));
    format!("Commands:\n{}", commands.concat())
}

/// The top of the project.
fn root() -> &'static Path {
    // OK because the folder's place in the project is fixed: tests/xtask.
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."))
}
