//! Folders in which something is done anew.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The folder, with nothing in it.
pub(super) fn empty(folder: &Path) -> Result<PathBuf, String> {
    // There is none yet the first time.
    drop(fs::remove_dir_all(folder));
    fs::create_dir_all(folder).map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    Ok(folder.to_owned())
}
