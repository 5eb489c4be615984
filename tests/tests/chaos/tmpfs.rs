//! A real file system of one megabyte, which fills up and becomes read-only while hits are written.
//!
//! It is mounted in a namespace of a child's own. Where that may not be done the run says so, and fails for root.

use std::{
    env,
    path::Path,
    process::Command,
    sync::{Arc, atomic::Ordering::SeqCst},
    thread,
    time::{Duration, Instant},
};

use trackside_tests::folder::Folder;
use trackside_transports::clock::{Clock, System};

use crate::{
    ailing::Ailing,
    counts::Counts,
    hits::Maker,
    random::Random,
    spooled::{LIMIT, Ledger, Setting, Taker},
};

/// In the child: where the file system is, and the seed.
const CHILD: &str = "TRACKSIDE_CHAOS_TMPFS";

const MOUNT: &str = "mount -t tmpfs -o size=1m,mode=700 chaos \"$1\" || exit 77; shift; exec \"$@\"";

/// What the child exits with where nothing could be mounted.
const UNMOUNTED: i32 = 77;

/// So many pools there are, one after the other.
const LIVES: usize = 3;

/// The one for which it is read-only.
const READ_ONLY: usize = 1;

/// What stands before the counts that the child tells.
const TOLD: &str = "tmpfs: ";

pub(crate) fn run(seed: u64) -> Counts {
    let folder = Folder::new().unwrap();
    let shell = |namespaces: &str| {
        let mut command = Command::new("unshare");
        command
            .args([namespaces, "sh", "-c", MOUNT, "sh"])
            .arg(folder.path())
            .arg(env::current_exe().unwrap());
        command.env(CHILD, format!("{seed}:{}", folder.path().display())).output()
    };
    // Root needs no other user.
    let is_unmounted = |code: Option<i32>| matches!(code, Some(UNMOUNTED | 1));
    let done = match shell("-m") {
        Ok(output) if is_unmounted(output.status.code()) => shell("-rm"),
        done => done,
    };
    let said = match &done {
        Ok(output) => format!("{}\n{}", output.status, String::from_utf8_lossy(&output.stderr)),
        Err(error) => format!("unshare: {error}"),
    };
    match done {
        Ok(output) if output.status.success() => {
            let told = String::from_utf8_lossy(&output.stdout).into_owned();
            told.lines().find_map(|line| line.strip_prefix(TOLD).map(Counts::of)).unwrap()
        }
        // An ordinary user of a system that allows no namespaces can do nothing about it.
        Ok(output) if !is_unmounted(output.status.code()) => panic!("{said}"),
        _ if !is_root() => {
            println!("chaos: NOT RUN: no tmpfs can be mounted here, which root could: {said}");
            Counts::default()
        }
        _ => panic!("no tmpfs can be mounted: {said}"),
    }
}

#[cfg(unix)]
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

/// Whether this process is a child that is to use what was mounted; if so, it has.
pub(crate) fn is_child() -> bool {
    let Ok(told) = env::var(CHILD) else {
        return false;
    };
    let (seed, folder) = told.split_once(':').unwrap();
    println!("{TOLD}{}", fill(seed.parse().unwrap(), Path::new(folder)).words());
    true
}

/// Fills it while the receiver is away, makes it read-only and writable again, and delivers all. It has to have been both.
fn fill(seed: u64, folder: &Path) -> Counts {
    let (mut random, maker, taker) = (Random::new(seed), Maker::new(), Taker::new(seed));
    let mut ledger = Ledger::default();
    // It does nothing but count what the file system answers.
    let disk = Ailing::new(seed);
    let setting = Setting::new(&mut random, &maker, &folder.join("stats"), Arc::new(disk.clone()), &taker);
    let setting = setting.with_budget(1 << 30);
    for life in 0..LIVES {
        taker.is_away.store(true, SeqCst);
        if life == READ_ONLY {
            remount(folder, "ro");
        }
        let pool = setting.open();
        let (mut rounds, until) = (random.within(20..60), Instant::now() + LIMIT);
        // The last goes on until there is no room.
        while rounds > 0 || (life == LIVES - 1 && disk.full() == 0) {
            assert!(Instant::now() < until, "it does not fill up");
            rounds = rounds.saturating_sub(1);
            // More than there is room for, in all.
            for _ in 0..random.below(60) {
                ledger.submit(&pool, maker.page(System.micros(), random.below(1_900)));
            }
            thread::sleep(Duration::from_micros(random.below(3_000) as u64));
        }
        if life == READ_ONLY {
            remount(folder, "rw");
        }
        let now = Instant::now();
        if random.percent(50) {
            taker.is_away.store(false, SeqCst);
            ledger.close(&pool, now + LIMIT);
        } else {
            ledger.close(&pool, now);
        }
    }
    assert!(disk.read_only() > 0, "nobody came upon a file system that is read-only");
    taker.is_well.store(true, SeqCst);
    setting.finish(&maker, &mut ledger);
    Counts { faults: disk.full() + disk.read_only(), ..ledger.counts(&setting, 0) }
}

/// Files that are open for writing keep a file system from becoming read-only: a worker may have one for a moment after its
/// pool was closed.
fn remount(folder: &Path, how: &str) {
    let until = Instant::now() + LIMIT;
    loop {
        let options = format!("remount,{how}");
        let done = Command::new("mount").args(["-o", &options]).arg(folder).output().unwrap();
        if done.status.success() {
            return;
        }
        assert!(Instant::now() < until, "{}", String::from_utf8_lossy(&done.stderr));
        thread::yield_now();
    }
}
