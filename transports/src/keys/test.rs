//! The file of keys on a disk, and who shares it.

use std::{
    fs,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use trackside_core::{Config, visitor::DailyKey};

use super::{
    DerivedKeys, FileKeys, Keys,
    file::{self, Care},
    format::{Ring, SIZE},
};

const HOUR: u64 = 3_600 * 1_000_000;
const DAY: u64 = 24 * HOUR;
/// Noon of a day.
const NOON: u64 = 20_649 * DAY + 12 * HOUR;

/// A folder of its own, which goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("trackside-keys-{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn keys(&self) -> PathBuf {
        self.0.join("trackside.keys")
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn day(micros: u64) -> u64 {
    DailyKey::day(micros)
}

fn days(path: &Path) -> Vec<u64> {
    Ring::parse(&fs::read(path).unwrap()).unwrap().iter().map(|(day, _)| *day).collect()
}

/// A file of these bytes that only its owner may read.
fn put(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
    set_mode(path, 0o600);
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) {}

/// What a turn fails with; the file stays as it was.
fn refused(path: &Path) -> String {
    let before = fs::read(path).ok();
    let told = file::turn(path, NOON, Care::Quick).unwrap_err().to_string();
    assert_eq!(fs::read(path).ok(), before, "{told}");
    let start = format!("keys file `{}`: ", path.display());
    told.strip_prefix(&start).unwrap_or_else(|| panic!("{told}")).to_owned()
}

#[test]
fn the_first_request_makes_the_file_for_its_owner_alone() {
    let folder = Folder::new();
    let keys = FileKeys::new(folder.keys());
    assert!(folder.names().is_empty());
    let key = keys.key(day(NOON)).unwrap();
    assert_eq!(keys.key(day(NOON + HOUR)), Some(key));
    assert_eq!(folder.names(), ["trackside.keys"]);
    assert_eq!(days(&folder.keys()), [20_649]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(folder.keys()).unwrap().permissions().mode() & 0o7777, 0o600);
    }
}

#[test]
fn all_who_reach_the_file_have_the_same_key() {
    let folder = Folder::new();
    let keys: Vec<_> = (0..8).map(|_| FileKeys::new(folder.keys())).collect();
    let drawn: Vec<_> = thread::scope(|scope| {
        // Two threads for each of what stands for a process.
        let threads: Vec<_> =
            keys.iter().chain(&keys).map(|keys| scope.spawn(|| keys.key(day(NOON)))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let first = drawn.iter().flatten().next().expect("one had the file");
    assert!(drawn.iter().flatten().all(|key| key == first), "{drawn:?}");
    // Who waited too long for the file has it later.
    for keys in &keys {
        let had = (1..1_000).find_map(|seconds| {
            let had = keys.key(day(NOON));
            had.or_else(|| {
                keys.tend(NOON + seconds * 2_000_000);
                None
            })
        });
        assert_eq!(had.as_ref(), Some(first));
    }
    assert_eq!(folder.names(), ["trackside.keys"]);
}

#[test]
fn a_day_has_a_key_of_its_own_which_is_gone_after_48_hours() {
    let folder = Folder::new();
    let keys = FileKeys::new(folder.keys());
    let first = keys.key(day(NOON)).unwrap();
    keys.tend(NOON);
    let second = keys.key(day(NOON + DAY)).unwrap();
    assert_ne!(first, second);
    assert_eq!(days(&folder.keys()), [20_649, 20_650]);
    // A request that began yesterday, or a process whose clock is slow.
    assert_eq!(keys.key(day(NOON)), Some(first));
    let before_last = fs::read(folder.keys()).unwrap();
    keys.tend(NOON + DAY + 11 * HOUR);
    assert_eq!(days(&folder.keys()), [20_650, 20_651]);
    assert_eq!(keys.key(day(NOON + DAY)), Some(second));
    let (gone, bytes) = (&before_last[24..56], fs::read(folder.keys()).unwrap());
    assert!(!bytes.windows(32).any(|window| window == gone));
}

#[cfg(unix)]
#[test]
fn a_key_that_is_gone_is_written_over_where_it_stood() {
    let folder = Folder::new();
    FileKeys::new(folder.keys()).key(day(NOON)).unwrap();
    let old = folder.0.join("old");
    fs::hard_link(folder.keys(), &old).unwrap();
    FileKeys::new(folder.keys()).key(day(NOON + 2 * DAY)).unwrap();
    assert_eq!(fs::read(&old).unwrap(), [0; SIZE]);
    assert_eq!(days(&folder.keys()), [20_651]);
}

#[test]
fn a_worker_has_tomorrows_key_ready_from_23_hours_on() {
    let folder = Folder::new();
    let keys = FileKeys::new(folder.keys());
    let wait = keys.tend(NOON);
    assert_eq!(wait, Duration::from_secs(3_600));
    assert_eq!(days(&folder.keys()), [20_649]);
    assert_eq!(keys.tend(NOON + 10 * HOUR + HOUR / 2), Duration::from_secs(1_800));
    assert_eq!(days(&folder.keys()), [20_649]);
    keys.tend(NOON + 11 * HOUR);
    assert_eq!(days(&folder.keys()), [20_649, 20_650]);
    // At midnight it is in memory: the file is not needed.
    fs::remove_file(folder.keys()).unwrap();
    fs::create_dir(folder.keys()).unwrap();
    assert!(keys.key(day(NOON + 12 * HOUR)).is_some());
}

#[test]
fn others_take_up_the_key_that_a_worker_has_made_ready() {
    let folder = Folder::new();
    let (one, other) = (FileKeys::new(folder.keys()), FileKeys::new(folder.keys()));
    one.tend(NOON + 11 * HOUR);
    assert_eq!(other.key(day(NOON + 12 * HOUR)), one.key(day(NOON + 12 * HOUR)));
    assert!(one.key(day(NOON + 12 * HOUR)).is_some());
}

#[test]
fn between_two_looks_a_worker_does_nothing() {
    let folder = Folder::new();
    let keys = FileKeys::new(folder.keys());
    keys.tend(NOON);
    fs::remove_file(folder.keys()).unwrap();
    assert_eq!(keys.tend(NOON + 1), Duration::from_micros(HOUR - 1));
    assert!(folder.names().is_empty());
    let before = keys.key(day(NOON));
    keys.tend(NOON + HOUR);
    assert_eq!(folder.names(), ["trackside.keys"]);
    // Who starts now reads the new one, so that is everybody's.
    assert_ne!(keys.key(day(NOON)), before);
    assert_eq!(FileKeys::new(folder.keys()).key(day(NOON)), keys.key(day(NOON)));
}

#[test]
fn what_is_no_file_of_keys_is_told_and_stays_as_it_is() {
    let folder = Folder::new();
    let path = folder.keys();
    file::turn(&path, NOON, Care::Durable).unwrap();
    let whole = fs::read(&path).unwrap();
    assert_eq!(whole.len(), SIZE);
    for end in 8..SIZE {
        put(&path, &whole[..end]);
        assert_eq!(refused(&path), "it is damaged and stays as it is; delete it, and a new one is made");
    }
    for bit in 9 * 8..SIZE * 8 {
        let mut damaged = whole.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        put(&path, &damaged);
        assert!(refused(&path).starts_with("it is damaged"), "{bit}");
    }
    put(&path, &[&whole[..], b"\0"].concat());
    assert!(refused(&path).starts_with("it is damaged"));
    let mut later = whole.clone();
    later[8] = 2;
    put(&path, &later);
    assert!(refused(&path).starts_with("its format has version 2, this trackside knows 1; "));
    put(&path, b"hello\n");
    assert!(refused(&path).starts_with("it is no file of keys and stays as it is; "));
    put(&path, &vec![b'x'; 1 << 20]);
    assert!(refused(&path).starts_with("it is no file of keys"));
    put(&path, &[0; SIZE + 1]);
    assert!(refused(&path).starts_with("it is no file of keys"));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(refused(&path), "it is no file; name another as visitor.keys");
    assert!(refused(&path.join("below").join("keys")).starts_with("cannot open it: "));
}

#[test]
fn what_a_power_cut_leaves_holds_no_keys_yet() {
    let folder = Folder::new();
    for bytes in [&[][..], &[0; SIZE], &[0; 7]] {
        put(&folder.keys(), bytes);
        assert!(FileKeys::new(folder.keys()).key(day(NOON)).is_some());
        assert_eq!(days(&folder.keys()), [20_649]);
    }
}

#[test]
fn a_file_that_was_left_behind_is_in_nobodys_way() {
    let folder = Folder::new();
    fs::write(folder.0.join("trackside.keys.new"), "half a").unwrap();
    assert!(FileKeys::new(folder.keys()).key(day(NOON)).is_some());
    assert_eq!(folder.names(), ["trackside.keys"]);
}

#[cfg(unix)]
#[test]
fn a_file_that_others_may_read_is_told() {
    let folder = Folder::new();
    let path = folder.keys();
    file::turn(&path, NOON, Care::Quick).unwrap();
    for mode in [0o640, 0o604, 0o602, 0o644, 0o610] {
        set_mode(&path, mode);
        assert!(refused(&path).starts_with(&format!("its mode is {mode:04o}, so that others")), "{mode:o}");
    }
    for mode in [0o600, 0o400, 0o700] {
        set_mode(&path, mode);
        assert!(file::turn(&path, NOON, Care::Quick).is_ok());
    }
}

#[test]
fn a_file_from_the_future_is_told_and_stays_as_it_is() {
    let folder = Folder::new();
    let path = folder.keys();
    file::turn(&path, NOON + 2 * DAY, Care::Quick).unwrap();
    assert!(
        refused(&path)
            .starts_with("it holds a key of a day that comes 2 days after today: a clock is or was wrong")
    );
    // Tomorrow's comes from a process whose clock is fast, or from after 23 hours.
    fs::remove_file(&path).unwrap();
    let (tomorrows, _) = file::turn(&path, NOON + DAY, Care::Quick).unwrap();
    let (both, _) = file::turn(&path, NOON, Care::Quick).unwrap();
    assert_eq!(days(&path), [20_649, 20_650]);
    assert!(!tomorrows.loses_any(&both));
}

#[test]
fn a_clock_that_jumps_is_borne() {
    let folder = Folder::new();
    let keys = FileKeys::new(folder.keys());
    let today = keys.key(day(NOON)).unwrap();
    keys.tend(NOON);
    // Back by days: the file is from the future, what is in memory stays, and the worker looks every minute.
    assert_eq!(keys.key(day(NOON - 3 * DAY)), None);
    assert_eq!(keys.tend(NOON - 3 * DAY), Duration::from_secs(60));
    assert_eq!(keys.key(day(NOON)), Some(today.clone()));
    assert_eq!(days(&folder.keys()), [20_649]);
    // Right again.
    assert!(keys.tend(NOON) > Duration::from_secs(1_000));
    assert_eq!(keys.key(day(NOON)), Some(today));
    // On by a year, and back: nobody can tell which is right.
    assert!(keys.key(day(NOON + 365 * DAY)).is_some());
    assert_eq!(days(&folder.keys()), [21_014]);
    assert_eq!(keys.key(day(NOON)), None);
    // The ends of the clock.
    for micros in [0, u64::MAX] {
        fs::remove_file(folder.keys()).ok();
        let keys = FileKeys::new(folder.keys());
        assert!(keys.key(day(micros)).is_some());
        keys.tend(micros);
        assert!(DerivedKeys::new(derived()).key(day(micros)).is_some());
    }
}

#[test]
fn after_a_failure_requests_leave_the_disk_alone_and_a_worker_sees_to_it() {
    let folder = Folder::new();
    put(&folder.keys(), b"hello");
    let keys = FileKeys::new(folder.keys());
    assert_eq!(keys.key(day(NOON)), None);
    fs::remove_file(folder.keys()).unwrap();
    assert_eq!(keys.key(day(NOON)), None);
    assert!(folder.names().is_empty());
    keys.tend(NOON);
    assert!(keys.key(day(NOON)).is_some());
    // The next day is another matter.
    put(&folder.keys(), b"hello");
    assert_eq!(keys.key(day(NOON + DAY)), None);
    fs::remove_file(folder.keys()).unwrap();
    assert!(keys.key(day(NOON + 2 * DAY)).is_some());
}

#[test]
fn a_lock_that_is_never_given_back_is_waited_for_a_short_while() {
    let folder = Folder::new();
    put(&folder.keys(), b"");
    let stuck = fs::File::open(folder.keys()).unwrap();
    stuck.lock().unwrap();
    let keys = FileKeys::new(folder.keys());
    let began = Instant::now();
    assert_eq!(keys.key(day(NOON)), None);
    assert_eq!(keys.tend(NOON), Duration::from_secs(1));
    assert!(began.elapsed() < Duration::from_secs(5));
    drop(stuck);
    keys.tend(NOON + 1_000_000);
    assert!(keys.key(day(NOON)).is_some());
}

#[test]
fn whoever_reads_while_it_turns_reads_the_one_or_the_other() {
    let folder = Folder::new();
    let path = folder.keys();
    file::turn(&path, NOON, Care::Quick).unwrap();
    let is_over = AtomicBool::new(false);
    let read = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut read = 0;
            while !is_over.load(Ordering::SeqCst) || read == 0 {
                assert!(file::read(&path, Care::Durable).unwrap().unwrap().iter().count() > 0);
                read += 1;
            }
            read
        });
        for day in 1..500 {
            file::turn(&path, NOON + day * DAY, Care::Quick).unwrap();
        }
        is_over.store(true, Ordering::SeqCst);
        reader.join().unwrap()
    });
    assert!(read > 0);
    assert_eq!(days(&path), [20_649 + 498, 20_649 + 499]);
}

fn derived() -> Config {
    let text = "consent.policy = 'none'\nvisitor = { keys = 'derived', secret = '0123456789abcdef' }";
    Config::builder().toml(text).build().unwrap()
}

#[test]
fn derived_keys_are_the_same_in_all_processes() {
    let (one, other) = (DerivedKeys::new(derived()), DerivedKeys::new(derived()));
    let key = one.key(day(NOON));
    assert_eq!(key, Some(DailyKey(derived().derived_key(20_649).unwrap())));
    assert_eq!((&one.key(day(NOON)), &other.key(day(NOON))), (&key, &key));
    assert_ne!(one.key(day(NOON + DAY)), key);
    assert_eq!(one.key(day(NOON)), key);
}

#[test]
fn no_key_is_ever_shown() {
    let folder = Folder::new();
    let keys = FileKeys::new(folder.keys());
    keys.key(day(NOON)).unwrap();
    let bytes = fs::read(folder.keys()).unwrap();
    let numbers = bytes[24..28].iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    assert!(!format!("{keys:?}").contains(&numbers));
    assert!(!format!("{:?}", Ring::parse(&bytes)).contains(&numbers));
}

#[test]
fn what_a_file_holds_too_long_is_destroyed_as_a_tracker_is_opened() {
    let folder = Folder::new();
    let config = || {
        let toml = format!("visitor.identity = 'cookieless'\nvisitor.keys = '{}'", folder.keys().display());
        Config::builder().toml(&toml).build().unwrap()
    };
    let open = || drop(crate::Tracker::open(config()).unwrap());
    // None is made before it is needed.
    open();
    assert!(folder.names().is_empty());
    put(&folder.keys(), &Ring::of([(1, [7; 32])]).bytes());
    open();
    assert!(!days(&folder.keys()).contains(&1));
    // One that cannot be read is told of by the first request.
    put(&folder.keys(), b"no keys");
    open();
    assert_eq!(fs::read(folder.keys()).unwrap(), b"no keys");
}
