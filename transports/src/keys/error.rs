use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// Why the day's key cannot be had.
#[derive(Debug)]
pub struct KeysError {
    path: PathBuf,
    problem: Problem,
}

#[derive(Debug)]
pub(super) enum Problem {
    /// Another process holds the lock.
    Busy,
    /// It is no file of keys.
    Foreign,
    /// It holds a key of so many days after today.
    Future {
        days: u64,
    },
    Io {
        doing: &'static str,
        error: io::Error,
    },
    /// Others than its owner may read or write it.
    Mode(u32),
    /// There is a folder, a pipe or a device.
    NoFile,
    /// The system gives no random bytes.
    Random,
    /// Its end is missing, or a part of it is damaged.
    Torn,
    /// It was made by a later version.
    Version(u8),
}

impl Problem {
    pub(super) fn io(doing: &'static str) -> impl Fn(io::Error) -> Self {
        move |error| Self::Io { doing, error }
    }

    pub(super) fn at(self, path: &Path) -> KeysError {
        KeysError { path: path.to_owned(), problem: self }
    }
}

impl KeysError {
    /// Whether another process was only quicker.
    pub(super) fn is_busy(&self) -> bool {
        matches!(self.problem, Problem::Busy)
    }
}

impl fmt::Display for KeysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "keys file `{}`: ", self.path.display())?;
        match &self.problem {
            Problem::Busy => f.write_str("another process has had it locked for too long"),
            Problem::Foreign => f.write_str(
                "it is no file of keys and stays as it is; name another as visitor.keys, or move it away",
            ),
            Problem::Future { days } => write!(
                f,
                "it holds a key of a day that comes {days} days after today: a clock is or was wrong; it stays as \
                 it is; set the clock, or delete the file if the clock is right"
            ),
            Problem::Io { doing, error } => write!(
                f,
                "cannot {doing} it: {error}; see that it and its folder may be read and written, or name another \
                 as visitor.keys"
            ),
            Problem::Mode(mode) => write!(
                f,
                "its mode is {mode:04o}, so that others than its owner may have the keys; delete it, or make it \
                 0600 if nobody has read it"
            ),
            Problem::NoFile => f.write_str("it is no file; name another as visitor.keys"),
            Problem::Random => f.write_str("the system gives no random bytes to make a key of"),
            Problem::Torn => {
                f.write_str("it is damaged and stays as it is; delete it, and a new one is made")
            }
            Problem::Version(version) => write!(
                f,
                "its format has version {version}, this trackside knows 1; use the version that made it, or name \
                 another as visitor.keys"
            ),
        }
    }
}

impl std::error::Error for KeysError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.problem {
            Problem::Io { error, .. } => Some(error),
            _ => None,
        }
    }
}
