//! Files that the configuration names, and that are read whole.

use std::{
    fs::File,
    io::Read,
    path::{self, Path, PathBuf},
};

#[cfg(feature = "geo")]
pub(crate) use self::stamp::Stamp;

/// What `path` means now, as the process may go into another folder.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The bytes of the file at `path`, if there are at most so many.
///
/// # Errors
///
/// Why they cannot be had, and the way out.
pub(crate) fn read(path: &Path, most: usize) -> Result<Vec<u8>, String> {
    const WAY_OUT: &str = "see that it is there, and that this process may read it";
    let unreadable = |error| format!("it cannot be read ({error}); {WAY_OUT}");
    // Opening a pipe would wait for somebody to write there.
    match path.metadata().map_err(unreadable)? {
        metadata if !metadata.is_file() => return Err("it is no file; name the file itself".to_owned()),
        metadata if metadata.len() > most as u64 => {
            return Err(format!("it has {} bytes, and may have {most}; name a smaller one", metadata.len()));
        }
        _ => {}
    }
    let mut bytes = Vec::new();
    let mut file = File::open(path).map_err(unreadable)?.take(most as u64);
    file.read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

#[cfg(feature = "geo")]
mod stamp {
    use std::{path::Path, time::SystemTime};

    use crate::sinks::Identity;

    /// What tells one file at a path from the next.
    #[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
    pub(crate) struct Stamp {
        identity: Option<Identity>,
        length: u64,
        modified: Option<SystemTime>,
    }

    impl Stamp {
        /// That of the file at `path`; the default one if there is none.
        pub(crate) fn at(path: &Path) -> Self {
            let Ok(metadata) = path.metadata() else {
                return Self::default();
            };
            Self {
                identity: Some(Identity::of(&metadata)),
                length: metadata.len(),
                modified: metadata.modified().ok(),
            }
        }
    }
}
