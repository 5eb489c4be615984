use std::io;

use super::sink::{Lines, append, write_all};

/// Takes three bytes at a time, is interrupted in between, and is full after `room` bytes.
struct Narrow {
    taken: Vec<u8>,
    room: usize,
    is_interrupted: bool,
}

impl io::Write for Narrow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.is_interrupted = !self.is_interrupted;
        if self.is_interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let n = bytes.len().min(3).min(self.room - self.taken.len());
        if n == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.taken.extend_from_slice(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn narrow(room: usize) -> Narrow {
    Narrow { taken: Vec::new(), room, is_interrupted: false }
}

#[test]
fn short_writes_are_continued() {
    let mut file = narrow(100);
    let (written, result) = write_all(&mut file, b"0123456789\n");
    assert_eq!((written, result.is_ok()), (11, true));
    assert_eq!(file.taken, b"0123456789\n");
}

#[test]
fn a_torn_line_is_not_glued_to_the_next() {
    let mut lines = Lines::default();
    assert_eq!(lines.fill(["ab", "cd", "ef"].iter()), 3);
    assert_eq!(lines.bytes, b"\"ab\"\n\"cd\"\n\"ef\"\n");
    let mut file = narrow(12);
    let (written, result) = write_all(&mut file, &lines.bytes);
    assert_eq!((written, result.unwrap_err().kind()), (12, io::ErrorKind::StorageFull));
    assert_eq!(lines.wrote(written), 2);

    lines.fill(["ef"].iter());
    assert_eq!(lines.bytes, b"\n\"ef\"\n");
    // Nothing of it was taken: the line is as torn as before.
    assert_eq!(lines.wrote(0), 0);
    lines.fill(["ef"].iter());
    assert_eq!(lines.bytes, b"\n\"ef\"\n");
    assert_eq!(lines.wrote(6), 1);
    lines.fill(["gh"].iter());
    assert_eq!(lines.bytes, b"\"gh\"\n");
}

#[test]
fn a_write_that_ends_with_a_line_tears_nothing() {
    let mut lines = Lines::default();
    lines.fill(["ab", "cd"].iter());
    assert_eq!(lines.wrote(5), 1);
    lines.fill(["cd"].iter());
    assert_eq!(lines.bytes, b"\"cd\"\n");
}

#[test]
fn a_line_whose_end_alone_is_missing_is_whole() {
    let mut lines = Lines::default();
    lines.fill(["ab", "cd"].iter());
    assert_eq!(lines.wrote(3), 0);
    assert_eq!(lines.wrote(4), 1);
    assert_eq!(lines.wrote(9), 2);
    lines.fill(["ef"].iter());
    assert_eq!(lines.bytes, b"\n\"ef\"\n");
    assert_eq!(lines.wrote(0), 0);
}

#[cfg(unix)]
#[test]
fn a_file_that_is_made_is_for_its_owner_alone() {
    use std::{fs, os::unix::fs::PermissionsExt};

    let path = std::env::temp_dir().join(format!("trackside-file-{}.jsonl", std::process::id()));
    append(&path).unwrap();
    let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    append(&path).unwrap();
    assert_eq!(mode(), 0o640);
    fs::remove_file(&path).unwrap();
}
