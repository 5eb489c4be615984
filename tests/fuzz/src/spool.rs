//! The target `spool`: a segment of any bytes, left by a process that is gone.
//!
//! It is read as the documentation of [`trackside_transports::spool`] specifies it, here in another way: the same hits,
//! the same count of what is damaged, whatever size it is read in. Who looks from outside, as operators' tools do, finds
//! the same, and what has ended beside it, before and after. When what was read is delivered, it goes, unless it is of
//! another version; then it stays byte for byte as it is.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
    time::Instant,
};

use trackside_core::{Hit, config::Fsync, hit::RecordError};
use trackside_transports::spool::{Budget, Entries, Finding, Options, Os, Spool, State};

use crate::page::{config, view};

const FIRST: usize = 64;
const HEAD: usize = 16;

/// What is to be found in a segment.
#[derive(Debug, Default, Eq, PartialEq)]
struct Told {
    /// The records of hits, and what has become of each.
    hits: Vec<(Vec<u8>, State)>,
    lost: u64,
    /// Whether something is left alone.
    is_left: bool,
    /// Whether its last write was cut short. Readers pass over that.
    is_torn: bool,
}

/// Who reads a segment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Who {
    /// The process that adopts it: what has ended is none of its business, whole or not.
    Heir,
    /// Somebody who looks at all of it.
    Onlooker,
}

/// What the specification makes of a segment.
fn read(bytes: &[u8], who: Who) -> Told {
    let mut told = Told::default();
    if bytes.len() < FIRST {
        told.is_torn = !bytes.is_empty();
        return told;
    }
    let copies = [&bytes[..32], &bytes[32..FIRST]];
    let is_whole =
        |copy: &&&[u8]| copy.starts_with(b"trkspool") && crc(&[&copy[..28]]) == number(&copy[28..]);
    let Some(header) = copies.iter().find(is_whole).filter(|copy| number(&copy[8..]) == 1) else {
        told.is_left = true;
        return told;
    };
    let nonce = &header[20..28];
    let is_head = |at: usize| {
        let Some(head) = bytes.get(at..at + HEAD) else { return false };
        let length = number(&head[4..]);
        head.starts_with(&[0xa5, 0x3c])
            && (1..=65_536).contains(&length)
            && number(&head[12..]) == crc(&[nonce, &head[..2], &head[3..12]])
    };
    let mut at = FIRST;
    while at + HEAD <= bytes.len() {
        if !is_head(at) {
            told.lost += 1;
            at = (at..bytes.len()).find(|&at| is_head(at)).unwrap_or(bytes.len());
            continue;
        }
        let head = &bytes[at..at + HEAD];
        let end = at + HEAD + number(&head[4..]) as usize;
        let Some(record) = bytes.get(at + HEAD..end) else { break };
        at = end;
        let state = match head[2] {
            0x1e => State::Waiting,
            0x4b => State::Delivered,
            0x55 => State::Refused,
            0x66 => State::Dropped,
            _ => State::Begun,
        };
        let has_ended = matches!(state, State::Delivered | State::Refused | State::Dropped);
        if has_ended && who == Who::Heir {
            continue;
        }
        if number(&head[8..]) != crc(&[nonce, record]) {
            told.lost += 1;
            continue;
        }
        match Hit::from_record(record) {
            Ok(hit) => {
                assert_eq!(hit.record(), record);
                told.hits.push((record.to_vec(), state));
            }
            Err(RecordError::Version(_)) => told.is_left = true,
            Err(_) => told.lost += 1,
        }
    }
    told.is_torn = at < bytes.len();
    told
}

/// What the library shows of a segment to who looks from outside.
fn look(path: &Path) -> Told {
    let mut told = Told::default();
    let Ok(entries) = Entries::open(path) else {
        told.is_left = true;
        return told;
    };
    for entry in entries {
        assert!(!told.is_torn, "nothing follows what is torn");
        match entry.expect("it can be read").found {
            Finding::Hit(hit, state) => told.hits.push((hit.record().to_vec(), state)),
            Finding::Damaged => told.lost += 1,
            Finding::Foreign(_) => told.is_left = true,
            Finding::Torn => told.is_torn = true,
            other => panic!("{other:?}"),
        }
    }
    told
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes[..4].try_into().expect("there are four"))
}

/// CRC-32 (IEEE 802.3), by a table of its own.
fn crc(parts: &[&[u8]]) -> u32 {
    static TABLE: LazyLock<[u32; 256]> = LazyLock::new(|| {
        std::array::from_fn(|n| {
            (0..8).fold(n as u32, |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
        })
    });
    let bytes = parts.iter().flat_map(|part| part.iter());
    !bytes.fold(!0_u32, |crc, &byte| (crc >> 8) ^ TABLE[((crc ^ u32::from(byte)) & 0xff) as usize])
}

/// A segment of the fuzzer's bytes: in one case out of four as they are; else with a header, and with pieces, each of
/// which begins with what it is to be and with its length.
fn segment(data: &[u8]) -> Vec<u8> {
    static RECORD: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let hit = view(&config("consent.policy = 'none'"), b"/a?utm_source=b", &[]).hit;
        hit.expect("it is tracked").record().to_vec()
    });
    let Some((&how, mut rest)) = data.split_first() else { return Vec::new() };
    if how & 3 == 0 {
        return rest.to_vec();
    }
    let nonce = u64::from(how).to_le_bytes();
    let mut header = [&b"trkspool\x01\0\0\0\0\0\0\0\0\0\0\0"[..], &nonce].concat();
    header.extend_from_slice(&crc(&[&header]).to_le_bytes());
    let mut bytes = header.repeat(2);
    while let Some((&[what, length], more)) = rest.split_first_chunk() {
        let (piece, more) = more.split_at(usize::from(length).min(more.len()));
        rest = more;
        match what & 7 {
            0 => bytes.extend_from_slice(piece),
            // The hit, with what the piece says changed.
            1..4 => {
                let mut record = RECORD.clone();
                for pair in piece.chunks_exact(2) {
                    let at = usize::from(pair[0]) % record.len();
                    record[at] = pair[1];
                }
                frame(&nonce, what, &record, &mut bytes);
            }
            4 => frame(&nonce, what, piece, &mut bytes),
            // What was written last, with bytes changed.
            _ => {
                let last = bytes.len().saturating_sub(200);
                for pair in piece.chunks_exact(2) {
                    let at = last + usize::from(pair[0]) % (bytes.len() - last);
                    bytes[at] ^= pair[1];
                }
            }
        }
    }
    bytes
}

fn frame(nonce: &[u8], what: u8, record: &[u8], out: &mut Vec<u8>) {
    let states = [0x1e, 0x2d, 0x4b, 0x55, 0x66, 0x00, 0xff, 0x1f];
    let mut head = vec![0xa5, 0x3c, states[usize::from(what >> 5)], what];
    head.extend_from_slice(&(record.len() as u32).to_le_bytes());
    head.extend_from_slice(&crc(&[nonce, record]).to_le_bytes());
    head.extend_from_slice(&crc(&[nonce, &head[..2], &head[3..12]]).to_le_bytes());
    out.extend_from_slice(&head);
    out.extend_from_slice(record);
}

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    parent.join(format!("trackside-fuzz-spool-{}", std::process::id()))
});

/// The fuzzer's bytes.
///
/// # Panics
///
/// When the library does what it should not.
pub fn run(data: &[u8]) {
    let bytes = segment(data);
    let told = read(&bytes, Who::Heir);
    fs::remove_dir_all(&*FOLDER).ok();
    let left = FOLDER.join("00000000000000a1");
    fs::create_dir_all(&left).expect("it can be made");
    let path = left.join("00000000.seg");
    fs::write(&path, &bytes).expect("it can be written");
    assert_eq!(look(&path), read(&bytes, Who::Onlooker), "from outside");

    let spool = Spool::new(Options {
        folder: FOLDER.clone(),
        fsync: Fsync::Never,
        budget: Arc::new(Budget::new(1 << 30)),
        disk: Arc::new(Os),
    });
    spool.tend(Instant::now());
    let most = 1 + usize::from(data.first().copied().unwrap_or_default());
    let (mut hits, mut lost, mut troubles) = (Vec::new(), 0, Vec::new());
    while spool.has_unread() {
        let read = spool.read(most);
        assert!(read.hits.len() <= most);
        assert_eq!(read.lost, [0, 0], "nothing of it is this process's");
        (lost, hits) = (lost + read.adopted_lost, hits.into_iter().chain(read.hits).collect());
        troubles.extend(read.troubles);
    }
    let state = |is_begun| if is_begun { State::Begun } else { State::Waiting };
    let found = hits.iter().map(|stored| (stored.hit.record().to_vec(), state(stored.is_begun))).collect();
    assert_eq!(Told { hits: found, lost, is_left: !troubles.is_empty(), is_torn: told.is_torn }, told);
    assert_eq!(spool.pending(), hits.len() as u64);
    spool.mark(hits.iter().map(|stored| &stored.spot), State::Delivered);
    drop(hits);
    assert_eq!(spool.pending(), 0);
    spool.close();
    assert_eq!(path.exists(), told.is_left, "what has ended goes, and what is left alone stays");
    if told.is_left {
        let after = fs::read(&path).expect("it is there");
        let expected = Told { hits: Vec::new(), ..told };
        assert_eq!(read(&after, Who::Heir), expected, "what was delivered is not offered again");
        assert_eq!(look(&path), read(&after, Who::Onlooker), "from outside, afterwards");
    } else {
        assert_eq!(fs::read_dir(&*FOLDER).expect("it is there").count(), 0);
    }
}
