use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    mem,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde::Serialize;
use trackside_core::protocol::{Enriched, Outcome};

use crate::{
    log,
    pool::fork::Gate,
    sink::{Delivery, Sink, SinkError},
    sinks::identity::Identity,
};

/// How often to look whether the file is still where it was.
const LOOK: Duration = Duration::from_secs(1);

pub(super) struct FileSink {
    output: Output,
    lines: Lines,
    /// Whether the last batch was lost: the log is told when that begins.
    is_failing: bool,
}

enum Output {
    File {
        path: PathBuf,
        file: File,
        looked: Instant,
        is_unseen: bool,
    },
    /// The lock of the standard output is the process's: a child that was forked while it was taken could
    /// never write there again, its own lines included.
    Stdout(Gate<()>),
}

impl FileSink {
    pub(super) fn open(path: Option<PathBuf>) -> Result<Self, SinkError> {
        let output = match path {
            Some(path) => {
                let file = append(&path).map_err(|cause| {
                    SinkError::new(format!("cannot open `{}` for appending: {cause}", path.display()))
                })?;
                Output::File { path, file, looked: Instant::now(), is_unseen: true }
            }
            None => Output::Stdout(Gate::new("-")),
        };
        Ok(Self { output, lines: Lines::default(), is_failing: false })
    }
}

impl Sink for FileSink {
    fn deliver(&mut self, batch: &[Enriched<'_>], _: u64) -> Delivery {
        let reopened = self.output.reopen();
        if self.output.is_to_be_looked_at()
            && let Some(is_torn) = self.output.is_torn()
        {
            self.lines.is_torn = is_torn;
        }
        let taken = self.lines.fill(batch.iter()).max(1);
        let (written, result) = match reopened {
            Ok(()) => self.output.write(&self.lines.bytes),
            Err(error) => (0, Err(error)),
        };
        let whole = self.lines.wrote(written);
        match result {
            Ok(()) => {
                self.is_failing = false;
                Delivery::new(taken, Outcome::Delivered)
            }
            // The rest meets the error again.
            Err(_) if whole > 0 => Delivery::new(whole, Outcome::Delivered),
            Err(error) => {
                if !mem::replace(&mut self.is_failing, true) {
                    let name = self.output.name();
                    log::guarded(|| {
                        tracing::error!(target: "trackside", "cannot write {name}: {error}; hits are dropped");
                    });
                }
                Delivery::new(taken, Outcome::Unavailable)
            }
        }
    }
}

/// The lines of a batch.
#[derive(Default)]
pub(super) struct Lines {
    pub(super) bytes: Vec<u8>,
    /// Where each line ends in `bytes`.
    ends: Vec<usize>,
    /// Whether the last write broke off inside a line.
    is_torn: bool,
}

impl Lines {
    /// Makes a line of each hit, and answers how many those are.
    pub(super) fn fill(&mut self, hits: impl Iterator<Item = impl Serialize>) -> usize {
        self.bytes.clear();
        self.ends.clear();
        if self.is_torn {
            self.bytes.push(b'\n');
        }
        for hit in hits {
            // A hit has nothing that JSON cannot hold, and a Vec takes every byte.
            if serde_json::to_writer(&mut self.bytes, &hit).is_err() {
                break;
            }
            self.bytes.push(b'\n');
            self.ends.push(self.bytes.len());
        }
        self.ends.len()
    }

    /// Notes that the first `n` bytes were written, and answers how many whole lines that makes: one whose end alone is
    /// missing is whole, as what is written next begins with that.
    pub(super) fn wrote(&mut self, n: usize) -> usize {
        if let Some(last) = n.checked_sub(1) {
            self.is_torn = self.bytes.get(last) != Some(&b'\n');
        }
        self.ends.iter().take_while(|&&end| end <= n.saturating_add(1)).count()
    }
}

impl Output {
    /// Opens the file anew if it is no longer the one at its path.
    fn reopen(&mut self) -> io::Result<()> {
        let Self::File { path, file, looked, is_unseen } = self else {
            return Ok(());
        };
        let now = Instant::now();
        if now.duration_since(*looked) < LOOK {
            return Ok(());
        }
        if Identity::at(path) != Some(Identity::of(&file.metadata()?)) {
            *file = append(path)?;
            *is_unseen = true;
        }
        *looked = now;
        Ok(())
    }

    /// Whether the end of the file is to be looked at, which is asked once: what somebody else wrote may have broken off.
    fn is_to_be_looked_at(&mut self) -> bool {
        match self {
            Self::File { is_unseen, .. } => mem::take(is_unseen),
            Self::Stdout(_) => false,
        }
    }

    /// Whether the file ends inside a line, as that of a process that was killed, or of another that found no room. None
    /// where nobody can tell.
    #[cfg(unix)]
    fn is_torn(&self) -> Option<bool> {
        use std::{os::unix::fs::FileExt, thread};

        /// What is just being written looks torn, too.
        const PAUSE: Duration = Duration::from_millis(10);
        const LOOKS: usize = 20;

        let Self::File { path, file, .. } = self else {
            return None;
        };
        let mut before = None;
        for _ in 0..LOOKS {
            let metadata = file.metadata().ok().filter(|metadata| metadata.is_file())?;
            let Some(last) = metadata.len().checked_sub(1) else {
                return Some(false);
            };
            let mut byte = [0];
            // The file itself is open for appending alone. To open a pipe would wait for somebody to write there.
            let identity = Some(Identity::of(&metadata));
            Identity::at(path).filter(|found| Some(*found) == identity)?;
            let seen = File::open(path).ok()?;
            seen.metadata().ok().filter(|seen| Some(Identity::of(seen)) == identity)?;
            seen.read_exact_at(&mut byte, last).ok()?;
            let is_torn = byte != *b"\n";
            if !is_torn || before.replace(last) == Some(last) {
                return Some(is_torn);
            }
            thread::sleep(PAUSE);
        }
        None
    }

    #[cfg(not(unix))]
    fn is_torn(&self) -> Option<bool> {
        None
    }

    /// Writes all of `bytes`, in one go unless the system takes less, and answers how many were taken.
    fn write(&mut self, bytes: &[u8]) -> (usize, io::Result<()>) {
        match self {
            Self::File { file, is_unseen, .. } => {
                let (written, result) = write_all(file, bytes);
                // Others will have met the same.
                *is_unseen = result.is_err();
                (written, result)
            }
            Self::Stdout(gate) => gate.enter(|_| {
                let mut stdout = io::stdout().lock();
                match stdout.flush().and_then(|()| unbuffered(&stdout)) {
                    Ok(file) => write_all(file, bytes),
                    Err(error) => (0, Err(error)),
                }
            }),
        }
    }

    fn name(&self) -> String {
        match self {
            Self::File { path, .. } => format!("`{}`", path.display()),
            Self::Stdout(_) => "the standard output".to_owned(),
        }
    }
}

/// The standard output without its buffer, which does not tell how much of it was taken.
#[cfg(unix)]
fn unbuffered(stdout: &io::StdoutLock<'_>) -> io::Result<File> {
    use std::os::fd::AsFd;

    Ok(File::from(stdout.as_fd().try_clone_to_owned()?))
}

#[cfg(windows)]
fn unbuffered(stdout: &io::StdoutLock<'_>) -> io::Result<File> {
    use std::os::windows::io::AsHandle;

    Ok(File::from(stdout.as_handle().try_clone_to_owned()?))
}

pub(super) fn write_all(mut file: impl Write, bytes: &[u8]) -> (usize, io::Result<()>) {
    let mut written = 0;
    while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
        match file.write(rest) {
            Ok(0) => return (written, Err(io::ErrorKind::WriteZero.into())),
            Ok(n) => written += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (written, Err(error)),
        }
    }
    (written, Ok(()))
}

/// A file that is made is for its owner alone.
pub(super) fn append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    // Until the file is open: a pipe that nobody writes to any more has ended for its reader.
    #[cfg(unix)]
    let _writer = refuse_unread_pipe(path)?;
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// To open a pipe waits for somebody to read it, for ever if nobody comes. Answers the pipe, if it is one that is read.
#[cfg(unix)]
fn refuse_unread_pipe(path: &Path) -> io::Result<Option<File>> {
    use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};

    let is_pipe = path.metadata().is_ok_and(|metadata| metadata.file_type().is_fifo());
    is_pipe.then(|| OpenOptions::new().write(true).custom_flags(libc::O_NONBLOCK).open(path)).transpose()
}
