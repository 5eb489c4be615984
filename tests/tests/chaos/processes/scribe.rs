//! The machine's disk, which notes of which hit it is written down that an attempt begins, and what came of it: what a
//! kill in between makes of a hit is known then.
//!
//! It keeps nothing in memory, so that whoever is forked can go on: the number of a hit stands in its record.

use std::{io, path::Path, str, sync::Arc};

use trackside_transports::spool::{Disk, DiskFile, Held, Os};

use super::diary;

/// As the specification of a frame has it.
const BEGUN: u8 = 0x2d;
/// Where in a frame the state stands.
const STATE: u64 = 2;

#[derive(Clone, Copy, Debug)]
pub(super) struct Scribe;

impl Disk for Scribe {
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        Os.make_folder(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        Os.list(path)
    }

    fn is_folder(&self, path: &Path) -> bool {
        Os.is_folder(path)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(Noted(Os.create(path)?)))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(Noted(Os.open(path)?)))
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        Os.remove_file(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        Os.remove_folder(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        Os.sync_folder(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Held>>> {
        Os.lock(path)
    }
}

#[derive(Debug)]
struct Noted(Arc<dyn DiskFile>);

impl Noted {
    /// The number of the hit whose frame's state stands at `at`.
    fn number(&self, at: u64) -> u64 {
        let mut frame = [0; 2_048];
        let read = self.0.read_at(&mut frame, at - STATE).unwrap();
        // The path is the first text between slashes that is a number.
        let mut parts = frame[..read].split(|byte| *byte == b'/').skip(1);
        parts.find_map(|part| str::from_utf8(part).ok()?.parse().ok()).unwrap()
    }
}

impl DiskFile for Noted {
    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<usize> {
        self.0.read_at(bytes, at)
    }

    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<usize> {
        // Noted before it is so, or when it is: of whom a kill leaves in between it is not known how far it came.
        if bytes == [BEGUN] {
            diary::begins(self.number(at));
        }
        let mut before = [0];
        let ends = bytes.len() == 1 && bytes != [BEGUN] && self.0.read_at(&mut before, at)? == 1;
        let written = self.0.write_at(bytes, at)?;
        if ends && before == [BEGUN] {
            diary::settles(self.number(at));
        }
        Ok(written)
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        self.0.cut(length)
    }

    fn length(&self) -> io::Result<u64> {
        self.0.length()
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync()
    }
}
