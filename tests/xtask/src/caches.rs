//! Real caches in front of a real server.

use crate::{cargo, install};

/// Sees to it that they are there, and runs the tests that have them.
///
/// # Errors
///
/// When one of them cannot be installed, or a test fails.
pub(crate) fn check() -> Result<(), String> {
    install::package("varnish", "varnishd", &["-V"], "a cache behind which pages are counted")?;
    install::package("nginx", "nginx", &["-v"], "a cache behind which pages are counted")?;
    let only = ["--package", "trackside-tests", "--features", "caches", "--test", "e2e", "caches::"];
    cargo::run(&[&["test"], &only[..]].concat()).map(drop)
}
