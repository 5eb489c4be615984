//! The spool among processes: killed at any moment, forked, and many of them at what others left.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]
#![cfg_attr(not(unix), allow(unused, reason = "there is no fork"))]

mod kit;

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
fn main() {
    kit::forks::watchdog(300);
    processes::a_child_does_not_keep_the_locks_of_its_parent();
    processes::what_is_left_is_adopted_by_exactly_one();
    processes::a_lock_without_a_directory_goes_unless_somebody_holds_it();
    processes::whoever_has_a_lock_whose_file_comes_and_goes_has_it_alone();
    processes::who_comes_while_others_sweep_has_a_lock_that_stays();
    processes::whoever_is_killed_loses_nothing_that_was_written();
    processes::a_pool_that_is_killed_loses_nothing_that_was_not_volatile();
    processes::a_child_has_a_directory_of_its_own();
}

#[cfg(unix)]
mod processes {
    use std::{
        collections::BTreeSet,
        fs,
        io::Write,
        path::{Path, PathBuf},
        sync::Arc,
        thread,
        time::{Duration, Instant},
    };

    use trackside_core::{
        config::{Fsync, Spooling},
        transport::Transport,
    };
    use trackside_transports::pool::Pool;
    use trackside_transports::spool::{Budget, Disk, Options, Os, Spool, State, Stored};
    use uuid::Uuid;

    use crate::kit::{
        assert_balanced, eventually,
        forks::{
            Folder, Owner, Starter, appending, assert_delivered_once, exit_at_once, fork, fork_here, noting,
            send, watchdog,
        },
        hit, hits, quick, stats, submit_all,
    };

    fn open(folder: PathBuf) -> Spool {
        let spool = Spool::new(Options {
            folder,
            fsync: Fsync::Never,
            budget: Arc::new(Budget::new(1 << 30)),
            disk: Arc::new(Os),
        });
        spool.tend(Instant::now());
        spool
    }

    fn note(path: &Path, ids: impl Iterator<Item = Uuid>) {
        let lines: String = ids.map(|id| format!("{id}\n")).collect();
        appending(path).write_all(lines.as_bytes()).unwrap();
    }

    fn noted(path: &Path) -> BTreeSet<Uuid> {
        // The last line of one that was killed may be half of one.
        let text = fs::read_to_string(path).unwrap_or_default();
        text.lines().filter_map(|line| line.parse().ok()).collect()
    }

    /// All that is there to be adopted.
    fn read_all(spool: &Spool) -> Vec<Stored> {
        let read = spool.read(usize::MAX >> 1);
        assert_eq!((read.lost, read.adopted_lost, read.troubles), ([0, 0], 0, Vec::new()));
        read.hits
    }

    pub(super) fn a_child_does_not_keep_the_locks_of_its_parent() {
        let folder = Folder::new("spool-child");
        let (sent, ready) = (folder.file("sent"), folder.file("ready"));
        let starter = Starter::new();
        let owner = fork(|| {
            let spool = open(folder.file("stats"));
            for hit in hits(10) {
                assert!(spool.write(&hit, 0) || spool.save(&hit, 0));
                note(&sent, [hit.id()].into_iter());
            }
            let empty = open(folder.file("empty"));
            let Some(child) = fork_here() else {
                starter.inherit();
                // What was inherited is not touched, and may be dropped.
                drop(spool);
                drop(empty);
                appending(&ready).write_all(b"!").unwrap();
                starter.wait();
                exit_at_once();
            };
            // It is killed before that.
            child.succeeded();
        });
        eventually("the owner's child lives", || ready.exists());
        let next = open(folder.file("stats"));
        assert!(read_all(&next).is_empty(), "the owner lives");
        assert_eq!(fs::read_dir(folder.file("empty")).unwrap().count(), 2, "its directory and its lock");
        owner.kill();
        next.tend(Instant::now() + Duration::from_secs(60));
        let stored = read_all(&next);
        assert_eq!(stored.iter().map(|it| it.hit.id()).collect::<BTreeSet<_>>(), noted(&sent));
        assert_eq!(stored.len(), 10);
        starter.start();
        folder.remove();
        println!("fork_spool: a child that lives does not keep its dead parent's directory");
    }

    pub(super) fn what_is_left_is_adopted_by_exactly_one() {
        const DEAD: usize = 20;
        const HEIRS: usize = 6;
        let folder = Folder::new("spool-heirs");
        let (sent, delivered) = (folder.file("sent"), folder.file("delivered"));
        let starter = Starter::new();
        let heirs: Vec<_> = (0..HEIRS)
            .map(|_| {
                fork(|| {
                    starter.inherit();
                    starter.wait();
                    let spool = open(folder.file("stats"));
                    let mut now = Instant::now();
                    for _ in 0..2 * DEAD {
                        let stored = read_all(&spool);
                        note(&delivered, stored.iter().map(|stored| stored.hit.id()));
                        spool.mark(stored.iter().map(|stored| &stored.spot), State::Delivered);
                        now += Duration::from_secs(60);
                        spool.tend(now);
                    }
                    spool.close();
                })
            })
            .collect();
        for n in 0..DEAD {
            fork(|| {
                let spool = open(folder.file("stats"));
                let hits = hits(50);
                assert!(hits.iter().all(|hit| spool.write(hit, 0) || spool.save(hit, 0)));
                note(&sent, hits.iter().map(|hit| hit.id()));
                // Some close, and some just end.
                if n % 2 == 0 {
                    spool.close();
                } else {
                    std::mem::forget(spool);
                }
            })
            .succeeded();
        }
        // Nobody has adopted from one that ended before.
        let before = noted(&sent).len();
        starter.start();
        heirs.into_iter().for_each(super::kit::forks::Child::succeeded);
        assert_eq!(before, DEAD * 50);
        assert_delivered_once(&sent, &delivered);
        assert!(fs::read_dir(folder.file("stats")).unwrap().next().is_none(), "nothing is left");
        folder.remove();
        println!("fork_spool: {DEAD} directories, {HEIRS} heirs, each hit read once");
    }

    pub(super) fn a_lock_without_a_directory_goes_unless_somebody_holds_it() {
        let folder = Folder::new("spool-locks");
        let stats = folder.file("stats");
        let name = |n: usize| stats.join(format!("{n:016x}.lock"));
        let (held, ready) = (name(0), folder.file("ready"));
        fs::create_dir_all(&stats).unwrap();
        // As whoever is killed between making its lock and its directory leaves it.
        (1..10).for_each(|n| fs::write(name(n), "").unwrap());
        fs::write(stats.join("another.lock"), "").unwrap();
        let starter = Starter::new();
        let holder = fork(|| {
            starter.inherit();
            let lock = Os.lock(&held).unwrap();
            assert!(lock.is_some());
            appending(&ready).write_all(b"!").unwrap();
            starter.wait();
            exit_at_once();
        });
        eventually("it is held", || ready.exists());
        let spool = open(stats.clone());
        let left = || {
            let names = fs::read_dir(&stats).unwrap().map(|entry| entry.unwrap().path());
            names.filter(|path| path.is_file()).collect::<BTreeSet<_>>()
        };
        let own = left();
        assert_eq!(own.len(), 3, "{own:?}");
        assert!(own.contains(&held) && own.contains(&stats.join("another.lock")));
        starter.start();
        holder.succeeded();
        spool.tend(Instant::now() + Duration::from_secs(60));
        assert!(!held.exists());
        fill_one(&spool);
        spool.close();
        assert_eq!(left().len(), 2, "the directory is not empty, and keeps its lock");
        folder.remove();
        println!("fork_spool: ten locks without a directory are gone, one as soon as its holder was");
    }

    pub(super) fn whoever_has_a_lock_whose_file_comes_and_goes_has_it_alone() {
        const PROCESSES: usize = 6;
        const TIMES: usize = 2_000;
        let folder = Folder::new("spool-lock");
        let (lock, owner) = (folder.file("one.lock"), folder.file("owner"));
        let starter = Starter::new();
        let processes: Vec<_> = (0..PROCESSES)
            .map(|_| {
                fork(|| {
                    starter.inherit();
                    starter.wait();
                    for _ in 0..TIMES {
                        let Some(held) = Os.lock(&lock).unwrap() else { continue };
                        // Whoever finds another's here does not have the lock alone.
                        fs::File::create_new(&owner).unwrap();
                        fs::remove_file(&owner).unwrap();
                        fs::remove_file(&lock).unwrap();
                        drop(held);
                    }
                })
            })
            .collect();
        starter.start();
        processes.into_iter().for_each(super::kit::forks::Child::succeeded);
        folder.remove();
        println!("fork_spool: {PROCESSES} processes at a lock whose file comes and goes, {TIMES} times each");
    }

    fn fill_one(spool: &Spool) -> Uuid {
        let hit = hit();
        assert!(spool.write(&hit, 0) || spool.save(&hit, 0));
        hit.id()
    }

    pub(super) fn who_comes_while_others_sweep_has_a_lock_that_stays() {
        const PROCESSES: usize = 8;
        const LIVES: usize = 100;
        let folder = Folder::new("spool-sweep");
        let (sent, delivered) = (folder.file("sent"), folder.file("delivered"));
        let starter = Starter::new();
        let deliver = |spool: &Spool| {
            let stored = read_all(spool);
            note(&delivered, stored.iter().map(|stored| stored.hit.id()));
            spool.mark(stored.iter().map(|stored| &stored.spot), State::Delivered);
        };
        let processes: Vec<_> = (0..PROCESSES)
            .map(|_| {
                fork(|| {
                    starter.inherit();
                    starter.wait();
                    for life in 0..LIVES {
                        let spool = open(folder.file("stats"));
                        assert_eq!(spool.troubles(), Vec::<String>::new());
                        note(&sent, [fill_one(&spool)].into_iter());
                        // Every other leaves its hit, and adopts what others have left.
                        spool.tend(Instant::now() + Duration::from_secs(60));
                        if life % 2 == 0 {
                            deliver(&spool);
                        }
                        spool.close();
                    }
                })
            })
            .collect();
        starter.start();
        processes.into_iter().for_each(super::kit::forks::Child::succeeded);
        let last = open(folder.file("stats"));
        let mut now = Instant::now();
        for _ in 0..PROCESSES * LIVES {
            deliver(&last);
            now += Duration::from_secs(60);
            last.tend(now);
            if last.is_drained() {
                break;
            }
        }
        last.close();
        assert_delivered_once(&sent, &delivered);
        assert!(fs::read_dir(folder.file("stats")).unwrap().next().is_none(), "nothing is left");
        folder.remove();
        println!("fork_spool: {} short lives side by side, each hit delivered once", PROCESSES * LIVES);
    }

    fn pool_options(folder: PathBuf) -> trackside_transports::pool::Options {
        let mut options = crate::kit::options("spooled");
        options.dedupe = true;
        options.spool = Some((
            Spooling::Always,
            Options {
                folder,
                fsync: Fsync::Never,
                budget: Arc::new(Budget::new(1 << 30)),
                disk: Arc::new(Os),
            },
        ));
        options
    }

    /// A pool delivers while its process is killed; the next delivers the rest. Its sink knows a second copy.
    pub(super) fn a_pool_that_is_killed_loses_nothing_that_was_not_volatile() {
        const RUNS: u64 = 40;
        let (mut sure, mut twice) = (0, 0);
        for run in 0..RUNS {
            let folder = Folder::new(&format!("spool-pool-{run}"));
            let (sent, delivered) = (folder.file("sent"), folder.file("delivered"));
            let options = pool_options(folder.file("stats"));
            let child = fork(|| {
                watchdog(60);
                let pool = Pool::with_backoff(options.clone(), quick(), noting(delivered.clone(), || {}));
                loop {
                    let mine = hits(20);
                    submit_all(&pool, &mine);
                    // Noted when they are sure.
                    eventually("nothing is volatile", || stats(&pool).volatile == 0);
                    note(&sent, mine.iter().map(|hit| hit.id()));
                }
            });
            eventually("hits were written", || !noted(&sent).is_empty());
            thread::sleep(Duration::from_micros(run * 7_919 % 20_000));
            child.kill();
            let (before, noted_sent) = (noted(&delivered), noted(&sent));
            fork(|| {
                let next = Pool::with_backoff(options, quick(), noting(delivered.clone(), || {}));
                submit_all(&next, &hits(1));
                eventually("all is delivered", || {
                    let all = noted(&delivered);
                    noted_sent.iter().all(|id| all.contains(id))
                });
                assert!(next.close(Instant::now() + crate::kit::LONG).unwrap().is_empty());
                let book = stats(&next);
                assert_balanced(&book);
                assert_eq!(book.delivered, book.offered + book.adopted);
            })
            .succeeded();
            let after = fs::read_to_string(&delivered).unwrap();
            sure += noted_sent.len();
            twice += after.lines().count() - noted(&delivered).len();
            assert!(before.is_subset(&noted(&delivered)));
            folder.remove();
        }
        println!(
            "fork_spool: {RUNS} pools killed, {sure} hits that were not volatile, none lost, {twice} of unmarked batches again"
        );
    }

    pub(super) fn a_child_has_a_directory_of_its_own() {
        let folder = Folder::new("spool-own");
        let (sent, delivered) = (folder.file("sent"), folder.file("delivered"));
        let owner = Owner::new(pool_options(folder.file("stats")), noting(delivered.clone(), || {}));
        send(&owner.pool, 50, &sent);
        let children: Vec<_> = (0..10)
            .map(|_| {
                send(&owner.pool, 50, &sent);
                fork(|| {
                    crate::kit::forks::assert_blank(&owner.pool);
                    send(&owner.pool, 50, &sent);
                    owner.close();
                })
            })
            .collect();
        send(&owner.pool, 50, &sent);
        children.into_iter().for_each(super::kit::forks::Child::succeeded);
        owner.close();
        assert_delivered_once(&sent, &delivered);
        assert!(fs::read_dir(folder.file("stats")).unwrap().next().is_none(), "nothing is left");
        folder.remove();
        println!("fork_spool: 10 children with pools of their own, each hit delivered once");
    }

    /// Threads write and one reads, until the process is killed; the next finds all that was not delivered.
    pub(super) fn whoever_is_killed_loses_nothing_that_was_written() {
        const RUNS: u64 = 100;
        const THREADS: usize = 3;
        const BATCH: usize = 10;
        let (mut written, mut again, mut unnoted) = (0, 0, 0);
        for run in 0..RUNS {
            let folder = Folder::new(&format!("spool-killed-{run}"));
            let (sent, delivered) = (folder.file("sent"), folder.file("delivered"));
            let child = fork(|| work(&folder.file("stats"), &sent, &delivered));
            eventually("hits were written", || !noted(&sent).is_empty());
            // Some moment, the same in each series of runs.
            let moment = Duration::from_micros(run * 7_919 % 20_000);
            thread::sleep(moment);
            child.kill();

            let spool = open(folder.file("stats"));
            let found: Vec<_> = read_all(&spool).iter().map(|stored| stored.hit.id()).collect();
            let left: BTreeSet<_> = found.iter().copied().collect();
            assert_eq!(left.len(), found.len(), "run {run}: read twice");
            let (sent, delivered) = (noted(&sent), noted(&delivered));
            let lost: Vec<_> =
                sent.iter().filter(|&id| !left.contains(id) && !delivered.contains(id)).collect();
            assert!(lost.is_empty(), "run {run}: of {} written {lost:?} are lost", sent.len());
            // What was delivered and not marked yet, which is one batch at most.
            let doubled = left.intersection(&delivered).count();
            assert!(doubled <= BATCH, "run {run}: {doubled} again");
            // What was written and not noted yet, which is one hit a thread at most.
            let surplus = left.iter().chain(&delivered).filter(|&id| !sent.contains(id)).count();
            assert!(surplus <= THREADS, "run {run}: {surplus} from nowhere");
            (written, again, unnoted) = (written + sent.len(), again + doubled, unnoted + surplus);
            folder.remove();
        }
        println!(
            "fork_spool: {RUNS} processes killed, {written} hits written, none lost, {again} of unmarked batches again, {unnoted} killed before their note"
        );

        fn work(folder: &Path, sent: &Path, delivered: &Path) {
            watchdog(60);
            let spool = open(folder.to_owned());
            thread::scope(|scope| {
                for _ in 0..THREADS {
                    scope.spawn(|| {
                        loop {
                            let hit = hit();
                            if spool.write(&hit, 0) || spool.save(&hit, 0) {
                                note(sent, [hit.id()].into_iter());
                            }
                        }
                    });
                }
                loop {
                    let read = spool.read(BATCH);
                    assert_eq!((read.lost, read.adopted_lost), ([0, 0], 0));
                    note(delivered, read.hits.iter().map(|stored| stored.hit.id()));
                    spool.mark(read.hits.iter().map(|stored| &stored.spot), State::Delivered);
                }
            });
        }
    }
}
