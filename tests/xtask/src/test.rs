//! Every test there is, in one command.

use crate::{
    bench, c, caches, cargo, chaos, features, fuzz, python, readme, steps::Steps, syscalls, vectors,
};

/// The packages whose features a user chooses among, and where they lie.
const PACKAGES: [(&str, &str); 3] =
    [("trackside-transports", "transports"), ("trackside-ffi", "ffi"), ("trackside", "bindings/rust")];

/// Runs all tests, and prints how long each step took.
///
/// # Errors
///
/// At the first step that fails, with its name.
pub(crate) fn run() -> Result<(), String> {
    let mut steps = Steps::default();
    steps.run("the vectors' second reading", vectors::check)?;
    steps.run("tests, default features", || cargo::run(&["test", "--workspace"]).map(drop))?;
    for (package, folder) in PACKAGES {
        steps.run(&format!("features of {package}, none and each alone"), || {
            features::check_each(package, folder)
        })?;
    }
    steps.run("tests, all features", || {
        let packages = PACKAGES.map(|(package, _)| ["--package", package]).concat();
        cargo::run(&[&["test", "--all-features"], &packages[..]].concat()).map(drop)
    })?;
    steps.run("chaos", chaos::check)?;
    steps.run("caches in front: Varnish and nginx", caches::check)?;
    c::check(&mut steps)?;
    python::check(&mut steps)?;
    steps.run("system calls of a request", syscalls::check)?;
    steps.run("tests of the benchmarks", bench::test)?;
    steps.run("the READMEs' commands", readme::check)?;
    steps.run("the fuzz targets, briefly", fuzz::check)?;
    print!("{steps}");
    Ok(())
}
