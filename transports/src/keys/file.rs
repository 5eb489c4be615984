//! Reading the file of keys, and turning it under its lock.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Read, Seek, Write},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use rand::{TryRng, rngs::SysRng};

use super::{
    error::{KeysError, Problem},
    format::{KEY, Ring, SIZE},
};
use crate::sinks::Identity;

/// Who else holds the lock writes 104 bytes.
const LOCK_LOOK: Duration = Duration::from_millis(1);

/// How much care there is time for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Care {
    /// Of a worker: what is written is on the disk afterwards.
    Durable,
    /// Of a request: short waits, and none for the disk.
    Quick,
}

impl Care {
    fn patience(self) -> Duration {
        match self {
            Self::Durable => Duration::from_millis(200),
            Self::Quick => Duration::from_millis(20),
        }
    }
}

/// The keys of the time `micros`, and whether the file was written for that.
pub(super) fn turn(path: &Path, micros: u64, care: Care) -> Result<(Ring, bool), KeysError> {
    turned(path, micros, care).map_err(|problem| problem.at(path))
}

/// Sees to it that what was written before is on the disk.
pub(super) fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn turned(path: &Path, micros: u64, care: Care) -> Result<(Ring, bool), Problem> {
    if let Some(keys) = read(path, care)? {
        let turned = keys.turned(micros, draw)?;
        if turned == keys {
            return Ok((keys, false));
        }
    }
    let mut locked = Locked::take(path, care.patience())?;
    // Again, now that nobody else can turn it.
    let keys = Ring::parse(&contents(&mut locked.0)?)?;
    let turned = keys.turned(micros, draw)?;
    if turned == keys {
        return Ok((keys, false));
    }
    replace(path, &turned, care)?;
    if keys.loses_any(&turned) {
        // Best effort: the file is no longer reachable.
        wipe(&mut locked.0, care).ok();
    }
    Ok((turned, true))
}

fn draw() -> Result<[u8; KEY], Problem> {
    let mut key = [0; KEY];
    SysRng.try_fill_bytes(&mut key).map_err(|_| Problem::Random)?;
    Ok(key)
}

/// What the file holds; none if there is none.
pub(super) fn read(path: &Path, care: Care) -> Result<Option<Ring>, Problem> {
    // Some file systems have another identity for one file each time.
    let deadline = Instant::now() + care.patience();
    loop {
        // Before it is opened: a pipe would wait for somebody to write there.
        if !is_sound(path)? {
            return Ok(None);
        }
        let mut file = match File::open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(Problem::io("open"))?,
        };
        let opened = file.metadata().map_err(Problem::io("look at"))?;
        let keys = contents(&mut file).and_then(|bytes| Ring::parse(&bytes));
        // What is written over with zeros is not what stands there now. Keys that are still whole did, a moment ago.
        let are_whole = keys.as_ref().is_ok_and(|keys| keys.iter().next().is_some());
        if are_whole || Identity::at(path) == Some(Identity::of(&opened)) || Instant::now() >= deadline {
            return keys.map(Some);
        }
    }
}

/// Whether there is a file that may be one of keys.
fn is_sound(path: &Path) -> Result<bool, Problem> {
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Problem::io("look at")(error)),
        Ok(metadata) if !metadata.is_file() => Err(Problem::NoFile),
        #[cfg(unix)]
        Ok(metadata) => {
            use std::os::unix::fs::PermissionsExt;

            let mode = metadata.permissions().mode() & 0o7777;
            if mode & 0o077 == 0 { Ok(true) } else { Err(Problem::Mode(mode)) }
        }
        #[cfg(not(unix))]
        Ok(_) => Ok(true),
    }
}

/// No more of them than tells that there are too many.
fn contents(file: &mut File) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::with_capacity(SIZE + 1);
    file.take(SIZE as u64 + 1).read_to_end(&mut bytes).map_err(Problem::io("read"))?;
    Ok(bytes)
}

/// Puts a file of `keys` into the place of that at `path`, whose lock the caller holds.
fn replace(path: &Path, keys: &Ring, care: Care) -> Result<(), Problem> {
    let new = beside(path);
    // Of somebody who was killed here.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(Problem::io("replace")(error)),
        _ => {}
    }
    let written = write(&new, keys, care).and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        fs::remove_file(&new).ok();
    }
    written.map_err(Problem::io("write"))
}

fn write(path: &Path, keys: &Ring, care: Care) -> io::Result<()> {
    let mut file = private(OpenOptions::new().write(true).create_new(true)).open(path)?;
    file.write_all(&keys.bytes())?;
    match care {
        // Else a power cut could leave an empty file under the name.
        Care::Durable => file.sync_all(),
        Care::Quick => Ok(()),
    }
}

/// Writes zeros over what a file held.
fn wipe(file: &mut File, care: Care) -> io::Result<()> {
    file.rewind()?;
    file.write_all(&[0; SIZE])?;
    match care {
        Care::Durable => file.sync_data(),
        Care::Quick => Ok(()),
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".new");
    PathBuf::from(name)
}

/// What is made is for its owner alone.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// The file at a path, locked: an empty one, if there was none.
struct Locked(File);

impl Locked {
    fn take(path: &Path, patience: Duration) -> Result<Self, Problem> {
        let deadline = Instant::now() + patience;
        loop {
            // The last try begins after the deadline, however long a sleep was.
            let is_last = Instant::now() >= deadline;
            // Opened anew each time: who holds the lock is about to put another file there.
            let mut options = OpenOptions::new();
            let file = private(options.read(true).write(true).create(true).truncate(false))
                .open(path)
                .map_err(Problem::io("open"))?;
            match file.try_lock() {
                Ok(()) => {
                    let locked = Self(file);
                    let metadata = locked.0.metadata().map_err(Problem::io("look at"))?;
                    if Identity::at(path) == Some(Identity::of(&metadata)) {
                        return Ok(locked);
                    }
                }
                Err(TryLockError::WouldBlock) if is_last => {}
                Err(TryLockError::WouldBlock) => thread::sleep(LOCK_LOOK),
                Err(TryLockError::Error(error)) => return Err(Problem::io("lock")(error)),
            }
            if is_last {
                return Err(Problem::Busy);
            }
        }
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // A child that was forked meanwhile has the file open as long as it lives, and with it the lock.
        self.0.unlock().ok();
    }
}
