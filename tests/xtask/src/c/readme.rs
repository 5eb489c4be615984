//! Whatever the READMEs show in C: it is compiled, by the commands that stand beside it, and run.

use std::{fs, path::Path, process::Command};

use super::{
    compile::{self, BESIDE},
    folder,
    library::Library,
    process,
};
use crate::{root, target};

/// What shows code in C.
const READMES: [&str; 2] = ["README.md", MANUAL];

/// What says how to compile it.
const MANUAL: &str = "bindings/c/README.md";

/// Warnings are errors here, but not for those who copy the code.
pub(super) const FLAGS: [&str; 6] = ["-O1", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Werror"];

/// Compiles all of it with warnings; and each program by the manual's own commands, the checkout beside it, and
/// runs it in an empty folder.
pub(super) fn check() -> Result<(), String> {
    let mut code = Vec::new();
    for name in READMES {
        code.extend(fences(&read(name)?));
    }
    let (programs, fragments): (Vec<_>, Vec<_>) =
        code.into_iter().partition(|code| code.contains("int main("));
    if programs.is_empty() || fragments.is_empty() {
        return Err(format!("{} show no program in C", READMES.join(" and ")));
    }
    let place = folder::empty(&target().join("c-readme"))?;
    checkout(&place.join("trackside"))?;
    for (n, program) in programs.iter().enumerate() {
        let folder = folder::empty(&place.join(n.to_string()))?;
        without_warnings(&folder, program)?;
        as_it_stands(&folder, program, "../trackside", |_| ())?;
    }
    without_warnings(&folder::empty(&place.join("fragments"))?, &together(&fragments))
}

/// Compiles the manual's first program as `cc` is called there with `part`, and runs it; `set` says what both need
/// in their environment.
pub(super) fn quick_start(folder: &Path, part: &str, set: impl Fn(&mut Command)) -> Result<(), String> {
    let programs = fences(&read(MANUAL)?);
    let program = programs.first().ok_or_else(|| format!("{MANUAL} shows no program in C"))?;
    as_it_stands(folder, program, part, set)
}

fn as_it_stands(folder: &Path, code: &str, part: &str, set: impl Fn(&mut Command)) -> Result<(), String> {
    let manual = read(MANUAL)?;
    let line = command_with(&manual, part)
        .ok_or_else(|| format!("{MANUAL} shows no command of `cc` with `{part}`"))?;
    write(folder, code)?;
    for line in [line, "./main"] {
        println!("$ {line}");
        let mut command = Command::new("sh");
        command.args(["-c", line]).current_dir(folder);
        set(&mut command);
        process::succeed(&mut command)?;
    }
    Ok(())
}

/// The command of `cc` that contains `part`.
fn command_with<'a>(markdown: &'a str, part: &str) -> Option<&'a str> {
    markdown.lines().find(|line| line.starts_with("cc ") && line.contains(part))
}

fn without_warnings(folder: &Path, code: &str) -> Result<(), String> {
    write(folder, code)?;
    let mut command = Command::new("gcc");
    command.args(["-std=c99", "main.c", "-o", "main", "-I"]).arg(compile::include()).args(FLAGS);
    command.arg(Library::released().join("libtrackside_ffi.a")).args(BESIDE).current_dir(folder);
    process::succeed(&mut command).map(drop)
}

/// The checkout as the manual's commands know it: what is compiled may lie elsewhere.
fn checkout(folder: &Path) -> Result<(), String> {
    folder::empty(folder)?;
    for (name, there) in [("ffi", root().join("ffi")), ("target", target())] {
        process::succeed(Command::new("ln").arg("-s").arg(there).arg(folder.join(name)))?;
    }
    Ok(())
}

fn read(name: &str) -> Result<String, String> {
    fs::read_to_string(root().join(name)).map_err(|error| format!("{name} cannot be read: {error}"))
}

fn write(folder: &Path, code: &str) -> Result<(), String> {
    let main = folder.join("main.c");
    fs::write(&main, code).map_err(|error| format!("{} cannot be written: {error}", main.display()))
}

/// The code in C that a text shows.
fn fences(markdown: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Option<String> = None;
    for line in markdown.lines() {
        match (&mut open, line.trim()) {
            (None, "```c") => open = Some(String::new()),
            (Some(_), "```") => found.extend(open.take()),
            (Some(code), _) => {
                code.push_str(line);
                code.push('\n');
            }
            (None, _) => {}
        }
    }
    found
}

/// What the fragments speak of without declaring it.
const AROUND: &str = "\
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <trackside.h>
size_t count;
const trackside_header *headers;
trackside_error error;
trackside_exchange *exchange;
trackside_left left;
trackside_options *options;
trackside_request request;
trackside_response response;
trackside_tracker *tracker;
";

/// One program of fragments: functions as they stand, statements each in a block.
fn together(fragments: &[String]) -> String {
    let (functions, statements): (Vec<_>, Vec<_>) =
        fragments.iter().map(String::as_str).partition(|code| code.starts_with("static "));
    let blocks: String = statements.iter().map(|code| format!("{{\n{code}}}\n")).collect();
    format!("{AROUND}{}int main(void)\n{{\n{blocks}return 0;\n}}\n", functions.concat())
}

#[cfg(test)]
mod test {
    use super::{command_with, fences, together};

    #[test]
    fn code_in_c_is_found_between_its_fences() {
        let markdown =
            "```sh\nmake\n```\ntext\n```c\nint x;\n\nint y;\n```\n```c\nx = 1;\n```\n```c\nnever closed\n";
        assert_eq!(fences(markdown), ["int x;\n\nint y;\n", "x = 1;\n"]);
    }

    #[test]
    fn functions_stand_before_statements() {
        let program = together(&["f();\n".to_owned(), "static void f(void)\n{\n}\n".to_owned()]);
        assert!(program.find("static void f").unwrap() < program.find("{\nf();\n}").unwrap(), "{program}");
    }

    #[test]
    fn commands_are_told_apart_by_what_they_contain() {
        let markdown = "```sh\ncc main.c -I../x -o main\ncc main.c $(y) -o main\n```\n";
        assert_eq!(command_with(markdown, "../x"), Some("cc main.c -I../x -o main"));
        assert_eq!(command_with(markdown, "$(y)"), Some("cc main.c $(y) -o main"));
        assert_eq!(command_with(markdown, "../z"), None);
    }
}
