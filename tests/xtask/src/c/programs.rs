//! The programs that there are.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{library::Library, sources};

/// One program: one file.
pub(super) struct Program {
    pub(super) name: String,
    pub(super) source: PathBuf,
    /// What it is linked with, if anything.
    pub(super) library: Option<Library>,
    /// What it is told.
    pub(super) arguments: Vec<PathBuf>,
    pub(super) watch: Watch,
}

/// Which tools may watch what a program does with its memory.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Watch {
    Any,
    /// All but AddressSanitizer, and none that looks for leaks: it forks while other threads are at work. A child
    /// inherits what those owned, which nobody frees there, and locks of the sanitizer's own allocator that they
    /// had taken.
    AcrossForks,
    /// It uses what was freed, to see that this is caught.
    None,
}

impl Program {
    fn new(name: &str, source: PathBuf, library: Library) -> Self {
        Self {
            name: name.to_owned(),
            source,
            library: Some(library),
            arguments: Vec::new(),
            watch: Watch::Any,
        }
    }

    /// One that has a bug, to see that it is found.
    pub(super) fn planted(name: &str) -> Self {
        Self::new(name, sources().join(format!("planted/{name}.c")), Library::Debug)
    }

    /// The one that is called so, with this library.
    pub(super) fn named(name: &str, library: Library) -> Self {
        let program = Self::new(name, sources().join(format!("{name}.c")), library);
        match name {
            "fork" | "fork_attach" | "fork_hooks" | "fork_log" => {
                Self { watch: Watch::AcrossForks, ..program }
            }
            "freed" => Self { watch: Watch::None, ..program },
            "panic" => Self { library: Some(Library::Planted), ..program },
            // Opens the library by itself.
            "unload" => {
                Self { library: None, arguments: vec![library.folder().join("libtrackside.so")], ..program }
            }
            _ => program,
        }
    }
}

/// All of them, with this library: every file of `tests/c` that ends in `.c`.
pub(super) fn all(library: Library) -> Result<Vec<Program>, String> {
    let names = names(&sources())?;
    if names.is_empty() {
        Err("tests/c holds no programs".to_owned())
    } else {
        Ok(names.iter().map(|name| Program::named(name, library)).collect())
    }
}

/// Those that may be watched.
pub(super) fn watched() -> Result<Vec<Program>, String> {
    let mut programs = all(Library::Debug)?;
    programs.retain(|program| program.watch != Watch::None);
    Ok(programs)
}

/// The names of the files in `folder` that end in `.c`, in order.
fn names(folder: &Path) -> Result<Vec<String>, String> {
    let unreadable = |error| format!("{} cannot be read: {error}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned();
        names.extend(name.strip_suffix(".c").map(str::to_owned));
    }
    names.sort_unstable();
    Ok(names)
}
