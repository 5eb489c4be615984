//! Each program by two compilers, linked dynamically by one and statically by the other, with the library that is
//! shipped.

use super::{
    compile::{self, Kind, Link},
    library::Library,
    process,
    programs::{self, Program},
};
use crate::parallel;

const GCC: Kind<'_> = Kind { name: "gcc-dynamic", compiler: "gcc", link: Link::Dynamic, flags: &[] };

const CLANG: Kind<'_> = Kind { name: "clang-static", compiler: "clang", link: Link::Static, flags: &[] };

/// Compiles and runs all of them.
pub(super) fn check() -> Result<(), String> {
    let programs = programs::all(Library::Shipped)?;
    let jobs: Vec<_> =
        [GCC, CLANG].into_iter().flat_map(|kind| programs.iter().map(move |p| (kind, p))).collect();
    parallel::each(
        &jobs,
        |(kind, program)| format!("{}, {}", program.name, kind.name),
        |(kind, program)| run(kind, program),
    )
}

fn run(kind: &Kind<'_>, program: &Program) -> Result<(), String> {
    let path = kind.compile(program)?;
    process::succeed(compile::command(&path)?.args(&program.arguments)).map(drop)
}
