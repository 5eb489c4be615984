//! The library: as it is shipped, as it is debugged, and with bugs put into it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::built;
use crate::{cargo, target};

/// Which library a program is linked with.
#[derive(Clone, Copy)]
pub(super) enum Library {
    /// As it is shipped: optimised as a whole.
    Shipped,
    /// With its own checks, and with its functions told apart, as the tools want it.
    Debug,
    /// Another such, with a race planted in it and panics to be asked for; and without the network and the store.
    Planted,
}

impl Library {
    /// The folder with `libtrackside.so` and `libtrackside.a`.
    pub(super) fn folder(self) -> PathBuf {
        built().join(match self {
            Self::Shipped => "shipped",
            Self::Debug => "debug",
            Self::Planted => "planted",
        })
    }

    /// Where cargo puts the one that is shipped, under its other name.
    pub(super) fn released() -> PathBuf {
        target().join("release")
    }
}

/// Builds the one that is shipped.
pub(super) fn release() -> Result<(), String> {
    cargo::run(&["build", "--release", "--package", "trackside-ffi"]).map(drop)
}

/// Builds them all, each once. The last one in a folder of its own: what lies in cargo's is what others link with.
pub(super) fn build() -> Result<(), String> {
    release()?;
    copy(&Library::released(), &Library::Shipped.folder())?;
    let package = ["build", "--package", "trackside-ffi"];
    cargo::run(&package)?;
    copy(&target().join("debug"), &Library::Debug.folder())?;
    let own = built().join("planted-build");
    let own_text = own.display().to_string();
    let planted =
        ["--no-default-features", "--features", "_inject-panic,_planted-race", "--target-dir", &own_text];
    cargo::run(&[&package[..], &planted].concat())?;
    copy(&own.join("debug"), &Library::Planted.folder())
}

/// Under the name by which it is installed.
fn copy(from: &Path, to: &Path) -> Result<(), String> {
    fs::create_dir_all(to).map_err(|error| format!("{} cannot be made: {error}", to.display()))?;
    for ending in ["so", "a"] {
        let (from, to) =
            (from.join(format!("libtrackside_ffi.{ending}")), to.join(format!("libtrackside.{ending}")));
        fs::copy(&from, &to)
            .map_err(|error| format!("{} cannot be copied to {}: {error}", from.display(), to.display()))?;
    }
    Ok(())
}
