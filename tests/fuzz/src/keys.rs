//! The target `keys`: a file of any bytes in place of the keys'.
//!
//! It is read as the documentation of [`trackside_transports::keys`] specifies it, and turned; what is no file of keys,
//! or one of another time, gives nobody a key, and stays byte for byte as it is.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::PathBuf,
    sync::LazyLock,
};

use sha2::{Digest, Sha256};
use trackside_transports::keys::{FileKeys, Keys};

const SIZE: usize = 104;
const DAY: u64 = 24 * 3_600 * 1_000_000;
const READY: u64 = 23 * 3_600 * 1_000_000;
/// The last day that there is.
const LAST: u64 = u64::MAX / DAY;

/// Days and their keys.
type Held = Vec<(u64, [u8; 32])>;

/// What the specification makes of a file; none: it is no file of keys.
fn read(bytes: &[u8]) -> Option<Held> {
    if bytes.len() <= SIZE && bytes.iter().all(|&byte| byte == 0) {
        return Some(Vec::new());
    }
    let is_one = bytes.len() == SIZE && bytes.starts_with(b"trkskeys\x01") && bytes[9] <= 2;
    if !is_one || bytes[96..] != checksum(bytes)[..] {
        return None;
    }
    let entries = bytes[16..96].chunks(40).take(bytes[9].into());
    let held: Held = entries
        .map(|entry| {
            let day = entry[..8].iter().rev().fold(0, |day, &byte| day << 8 | u64::from(byte));
            (day, entry[8..].try_into().expect("the rest is the key"))
        })
        .collect();
    let is_ordered = held.windows(2).all(|pair| pair[0].0 < pair[1].0);
    (is_ordered && held.iter().all(|(day, _)| *day <= LAST + 1)).then_some(held)
}

fn checksum(bytes: &[u8]) -> [u8; 8] {
    Sha256::digest(&bytes[..96])[..8].try_into().expect("there are more")
}

/// A file for its owner alone.
fn write(path: &PathBuf, bytes: &[u8]) {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).and_then(|mut file| file.write_all(bytes)).expect("it can be written");
}

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let parent = if memory.is_dir() { memory } else { std::env::temp_dir() };
    let folder = parent.join(format!("trackside-fuzz-keys-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("it can be made");
    folder
});

/// The file after eight bytes for the time, and one for whether its checksum is made right and who looks.
///
/// # Panics
///
/// When the library does what it should not.
pub fn run(data: &[u8]) {
    let Some((head, bytes)) = data.split_first_chunk::<9>() else { return };
    let mut file = bytes.to_vec();
    if head[8] & 1 != 0 && file.len() == SIZE {
        let right = checksum(&file);
        file[96..].copy_from_slice(&right);
    }
    let micros = head[..8].iter().rev().fold(0, |time, &byte| time << 8 | u64::from(byte));
    let (day, is_evening) = (micros / DAY, micros % DAY >= READY);
    let is_worker = head[8] & 2 != 0;
    let path = FOLDER.join("keys");
    write(&path, &file);

    let keys = FileKeys::new(&path);
    if is_worker {
        keys.tend(micros);
    }
    let key = keys.key(day).map(|key| key.0);
    let after = fs::read(&path).expect("it is there");
    let usable = read(&file).filter(|held| held.iter().all(|(of, _)| *of <= day + 1));
    let Some(before) = usable else {
        assert_eq!(key, None);
        assert_eq!(after, file, "what nobody understands stays as it is");
        return;
    };
    let key = key.expect("there is a key of today");
    let held = read(&after).expect("a file of keys is left");
    let of = |held: &Held, day: u64| held.iter().find(|(of, _)| *of == day).map(|(_, key)| *key);
    assert_eq!(of(&held, day), Some(key));
    match of(&before, day) {
        Some(known) => assert_eq!(known, key, "today's key stays"),
        None => assert_ne!(key, [0; 32], "it is drawn"),
    }
    // A request leaves tomorrow's key to the workers.
    let tomorrows = of(&held, day + 1);
    let was_ready = of(&before, day + 1);
    assert_eq!(tomorrows.is_some(), was_ready.is_some() || (is_worker && is_evening));
    assert!(was_ready.is_none_or(|known| tomorrows == Some(known)));
    // Yesterday's stays until tomorrow's is there, and no other does.
    let yesterdays = day.checked_sub(1).and_then(|yesterday| of(&before, yesterday));
    let expected = yesterdays.filter(|_| tomorrows.is_none());
    assert_eq!(day.checked_sub(1).and_then(|yesterday| of(&held, yesterday)), expected);
    assert_eq!(held.len(), 1 + usize::from(tomorrows.is_some()) + usize::from(expected.is_some()));

    // Another process has the same, and changes nothing.
    assert_eq!(FileKeys::new(&path).key(day).map(|key| key.0), Some(key));
    assert_eq!(fs::read(&path).expect("it is there"), after);
    assert!(!FOLDER.join("keys.new").exists());
}
