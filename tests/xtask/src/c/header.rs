//! The header by itself: as C99, and as C++, in which it has to work, too.

use std::process::Command;

use super::{
    compile::{self, STRICT},
    library::Library,
    process, sources,
};

/// Compiles it alone, and a program in C++ that is linked and run.
pub(super) fn check() -> Result<(), String> {
    for compiler in ["gcc", "clang"] {
        alone(compiler, &["-x", "c"], &STRICT)?;
    }
    for compiler in ["g++", "clang++"] {
        for standard in ["-std=c++11", "-std=c++17"] {
            let flags = [standard, "-Wall", "-Wextra", "-Wpedantic", "-Werror"];
            alone(compiler, &["-x", "c++"], &flags)?;
            in_cpp(compiler, &flags)?;
        }
    }
    Ok(())
}

fn alone(compiler: &str, language: &[&str], flags: &[&str]) -> Result<(), String> {
    let mut command = Command::new(compiler);
    command.args(flags).args(["-fsyntax-only", "-I"]).arg(compile::include());
    process::succeed(command.args(["-include", "trackside.h"]).args(language).arg("/dev/null")).map(drop)
}

fn in_cpp(compiler: &str, flags: &[&str]) -> Result<(), String> {
    let (folder, out) = (Library::Shipped.folder(), super::built().join(format!("header-{compiler}")));
    let mut command = Command::new(compiler);
    command
        .args(flags)
        .arg("-I")
        .arg(compile::include())
        .arg(sources().join("header.cc"))
        .arg("-o")
        .arg(&out);
    command.arg("-L").arg(&folder).arg("-ltrackside").arg(format!("-Wl,-rpath,{}", folder.display()));
    process::succeed(&mut command)?;
    process::succeed(&mut compile::command(&out)?).map(drop)
}
