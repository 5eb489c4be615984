//! Compilers, valgrind, and what they need.

use std::path::Path;

use crate::install;

/// Sees to it that all of them are there.
pub(super) fn install() -> Result<(), String> {
    for compiler in ["gcc", "g++", "clang"] {
        install::tool(compiler, "--version", "which compiles the programs in C")?;
    }
    install::tool("valgrind", "--version", "which watches the programs' memory and threads")?;
    // Without it valgrind cannot put its own functions in the place of the loader's.
    install::package("libc6-dbg", "dpkg", &["-s", "libc6-dbg"], "which valgrind needs")?;
    let header = "/usr/include/valgrind/helgrind.h";
    if Path::new(header).exists() {
        Ok(())
    } else {
        Err(format!("{header} is missing: it comes with valgrind"))
    }
}
