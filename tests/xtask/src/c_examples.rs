//! The examples in C, whatever the READMEs show in C, and the tests of both.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{cargo, install, root, target};

const FOLDER: &str = "bindings/c";
/// What shows code in C.
const READMES: [&str; 2] = ["README.md", "bindings/c/README.md"];
/// Warnings are errors here, but not for those who copy them.
const FLAGS: [&str; 6] = ["-O1", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Werror"];
/// What the README says is linked, behind the library.
const LIBRARIES: [&str; 3] = ["-lpthread", "-ldl", "-lm"];

/// Builds them against the library, and runs their tests.
///
/// # Errors
///
/// When something that they need is missing, and when one does not compile or does something else than it says.
pub(crate) fn check() -> Result<(), String> {
    let purpose = "which builds the examples in C";
    install::tool("make", "--version", purpose)?;
    install::tool("gcc", "--version", purpose)?;
    install::tool("pkg-config", "--version", purpose)?;
    let known = ["--exists", "libmicrohttpd"];
    install::package("libmicrohttpd-dev", "pkg-config", &known, "on which the server in C stands")?;
    cargo::run(&["build", "--package", "trackside-ffi"])?;
    let library = target().join("debug");
    let examples = empty_folder("c-examples")?;
    run(Command::new("make")
        .args(["-C", FOLDER, "CC=gcc"])
        .arg(format!("LIBRARY={}", library.display()))
        .arg(format!("BUILD={}", examples.display()))
        .arg(format!("CFLAGS={}", FLAGS.join(" "))))?;
    readme(&library)?;
    cargo::run(&["test", "--package", "trackside-tests", "--features", "c", "--test", "e2e", "c::"]).map(drop)
}

/// Compiles all that the READMEs show, and runs each program in an empty folder.
fn readme(library: &Path) -> Result<(), String> {
    let mut code = Vec::new();
    for name in READMES {
        let text = fs::read_to_string(root().join(name))
            .map_err(|error| format!("{name} cannot be read: {error}"))?;
        code.extend(fences(&text));
    }
    let (programs, fragments): (Vec<_>, Vec<_>) =
        code.into_iter().partition(|code| code.contains("int main("));
    if programs.is_empty() || fragments.is_empty() {
        return Err(format!("{} show no program in C", READMES.join(" and ")));
    }
    for (n, program) in programs.iter().enumerate() {
        let folder = empty_folder(&format!("c-readme/{n}"))?;
        compile(&folder, program, library)?;
        run(Command::new("./main").current_dir(&folder))?;
    }
    compile(&empty_folder("c-readme/fragments")?, &together(&fragments), library)
}

fn compile(folder: &Path, code: &str, library: &Path) -> Result<(), String> {
    let main = folder.join("main.c");
    fs::write(&main, code).map_err(|error| format!("{} cannot be written: {error}", main.display()))?;
    let header = root().join("ffi/include");
    run(Command::new("gcc")
        .args(["-std=c99", "main.c", "-o", "main", "-I"])
        .arg(header)
        .args(FLAGS)
        .arg(library.join("libtrackside_ffi.a"))
        .args(LIBRARIES)
        .current_dir(folder))
}

fn empty_folder(name: &str) -> Result<PathBuf, String> {
    let folder = target().join(name);
    // There is none yet the first time.
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    Ok(folder)
}

fn run(command: &mut Command) -> Result<(), String> {
    let words: Vec<_> = [command.get_program()].into_iter().chain(command.get_args()).collect();
    let shown = words.join(" ".as_ref()).to_string_lossy().into_owned();
    println!("$ {shown}");
    // What make builds lies below the project.
    if command.get_current_dir().is_none() {
        command.current_dir(root());
    }
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|error| format!("`{shown}` does not start: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{shown}`: {status}")) }
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
    use super::{fences, together};

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
}
