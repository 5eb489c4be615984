//! Compiling and linking.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{built, library::Library, process, programs::Program};
use crate::root;

/// C as every compiler has it, without a warning.
pub(super) const STRICT: [&str; 5] = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror"];

/// What a static library of Rust's needs beside it.
pub(super) const BESIDE: [&str; 3] = ["-lpthread", "-ldl", "-lm"];

/// How a program is linked with the library.
#[derive(Clone, Copy)]
pub(super) enum Link {
    Dynamic,
    Static,
}

/// How all programs of one kind are compiled.
#[derive(Clone, Copy)]
pub(super) struct Kind<'a> {
    /// Names the folder that they go to.
    pub(super) name: &'a str,
    pub(super) compiler: &'a str,
    pub(super) link: Link,
    /// Beside [`STRICT`].
    pub(super) flags: &'a [&'a str],
}

impl Kind<'_> {
    /// Compiles a program, and answers where it is.
    pub(super) fn compile(&self, program: &Program) -> Result<PathBuf, String> {
        let folder = built().join(self.name);
        fs::create_dir_all(&folder)
            .map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
        let out = folder.join(&program.name);
        let mut command = Command::new(self.compiler);
        command.args(STRICT).args(["-g", "-pthread"]).args(self.flags);
        command.arg("-I").arg(include()).arg(&program.source).arg("-o").arg(&out);
        if let Some(library) = program.library {
            self.link_with(&mut command, library);
        }
        command.args(BESIDE);
        process::succeed(&mut command)?;
        Ok(out)
    }

    fn link_with(&self, command: &mut Command, library: Library) {
        let folder = library.folder();
        match self.link {
            Link::Dynamic => {
                command
                    .arg("-L")
                    .arg(&folder)
                    .arg("-ltrackside")
                    .arg(format!("-Wl,-rpath,{}", folder.display()));
            }
            Link::Static => {
                command.arg(folder.join("libtrackside.a"));
            }
        }
    }
}

/// Where the header is.
pub(super) fn include() -> PathBuf {
    root().join("ffi/include")
}

/// A command that runs a compiled program in a folder of its own.
pub(super) fn command(program: &Path) -> Result<Command, String> {
    let folder = built().join("run");
    fs::create_dir_all(&folder).map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    let mut command = Command::new(program);
    process::alone(&mut command).current_dir(folder);
    Ok(command)
}
