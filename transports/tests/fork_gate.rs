//! What a fork finds open behind a gate, it closes; what it cannot close, the child may not open.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]
#![allow(unsafe_code, reason = "the host's own handlers of fork are C")]
#![cfg_attr(not(unix), allow(unused, reason = "there is no fork"))]

mod kit;

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
fn main() {
    use kit::{forks::*, *};
    use std::{
        path::PathBuf,
        sync::{
            Arc, OnceLock,
            atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
        },
        thread,
        time::{Duration, Instant},
    };
    use trackside_core::{
        Reason,
        protocol::{Enriched, Outcome},
        transport::Transport,
    };
    use trackside_transports::{
        pool::{
            Pool,
            fork::{Gate, generation, may_open},
        },
        sink::{Sink, SinkError},
    };

    /// Counts what is closed.
    struct Connection(Arc<AtomicUsize>);
    impl Drop for Connection {
        fn drop(&mut self) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    /// Whether a fork is to be looked at, whether it has begun, and whether the gate that is made then was entered.
    static IS_WATCHED: AtomicBool = AtomicBool::new(false);
    static IS_UNDER_WAY: AtomicBool = AtomicBool::new(false);
    static IS_ENTERED: AtomicBool = AtomicBool::new(false);
    /// Where a gate is to be made by the forking thread itself.
    static OWN: OnceLock<PathBuf> = OnceLock::new();

    /// Registered before the library's, and so called after them: between what they do and the fork itself. It has
    /// another thread enter a new gate, and gives it a while.
    extern "C" fn before_fork() {
        if IS_WATCHED.load(SeqCst) {
            IS_UNDER_WAY.store(true, SeqCst);
            let until = Instant::now() + Duration::from_millis(100);
            while !IS_ENTERED.load(SeqCst) && Instant::now() < until {
                thread::yield_now();
            }
        }
        if let Some(place) = OWN.get() {
            Gate::new(place).enter(|slot| *slot = Some(()));
        }
    }

    watchdog(120);
    // SAFETY: the function never goes away, and does not unwind.
    assert_eq!(unsafe { libc::pthread_atfork(Some(before_fork), None, None) }, 0);
    let folder = Folder::new("fork-gate");
    let (one, other) = (folder.file("one.db"), folder.file("other.db"));
    let closed = Arc::new(AtomicUsize::new(0));
    let mut gate = Gate::new(&one);
    let open = |gate: &mut Gate<Connection>| {
        gate.enter(|slot| {
            let was_open = slot.is_some();
            slot.get_or_insert_with(|| Connection(closed.clone()));
            was_open
        })
    };

    // Nobody inside: the fork closes, and both sides may open.
    assert!(!open(&mut gate));
    assert!(open(&mut gate), "what was opened stays open from batch to batch");
    let before = generation();
    fork(|| {
        assert_eq!(generation(), before + 1);
        assert_eq!(closed.load(SeqCst), 1);
        assert!(may_open(&one) && may_open(&other));
        // The inherited gate holds nothing for the child; its own works, and works again after a fork.
        assert!(!open(&mut gate));
        let mut own = Gate::new(&one);
        assert!(!open(&mut own) && open(&mut own));
        fork(|| assert!(may_open(&one))).succeeded();
        assert!(!open(&mut own));
    })
    .succeeded();
    assert_eq!((generation(), closed.load(SeqCst)), (before, 1));
    assert!(!open(&mut gate), "the parent finds it closed and opens anew");

    // A worker inside that does not come out in time: the child may not open what it inherited open.
    let door = Door::default();
    let at = door.clone();
    let worker = thread::spawn(move || {
        gate.enter(|slot| {
            assert!(slot.is_some());
            at.pass();
        });
        gate
    });
    door.wait_for(1);
    let (first, second) = (one.clone(), other.clone());
    let unused = folder.file("unused/../one.db");
    std::fs::create_dir(folder.file("unused")).unwrap();
    fork(move || {
        assert!(!may_open(&first) && !may_open(&unused), "however the path is written");
        assert!(may_open(&second));
        // Nor may the child's children, whatever else they close in time.
        let mut own = Gate::new(&second);
        own.enter(|slot| *slot = Some(()));
        let (one, other) = (first.clone(), second.clone());
        fork(move || assert!(!may_open(&one) && may_open(&other))).succeeded();

        // A pool whose store may not be opened counts its hits as lost.
        let opens = first.clone();
        let pool = Pool::with_backoff(options("store"), quick(), move || {
            if !may_open(&opens) {
                return Err(SinkError::new("inherited open"));
            }
            let sink: Box<dyn Sink> =
                Box::new(Does(|batch: &[Enriched<'_>], _| all(batch, Outcome::Delivered)));
            Ok(sink)
        });
        submit_all(&pool, &hits(1));
        assert!(pool.flush(soon()).unwrap().is_empty());
        assert_eq!(stats(&pool).dropped, [(Reason::StoreUnavailable, 1)]);
    })
    .succeeded();
    assert!(may_open(&one), "the parent may");
    assert_eq!(closed.load(SeqCst), 1, "and its connection was left alone");
    door.open();
    let mut gate = worker.join().unwrap();
    assert!(open(&mut gate));
    fork(|| assert!(may_open(&one))).succeeded();
    assert_eq!(closed.load(SeqCst), 2);

    // The thread that is inside forks itself.
    assert!(!open(&mut gate));
    gate.enter(|slot| {
        let child = fork(|| assert!(!may_open(&one)));
        child.succeeded();
        assert!(slot.is_some(), "it is in use here");
    });
    assert!(open(&mut gate));

    // Several threads fork at once, beside one that goes in and out.
    let done = Arc::new(AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..20 {
                    fork(|| exit_at_once()).succeeded();
                }
                done.fetch_add(1, SeqCst);
            });
        }
        scope.spawn(|| {
            while done.load(SeqCst) < 3 {
                open(&mut gate);
                thread::yield_now();
            }
        });
    });
    assert!(may_open(&one));
    drop(gate);

    // A place is used again by the next gate.
    let mut gate = Gate::new(&one);
    assert!(!open(&mut gate));
    drop(gate);

    // One that is made while a fork is under way is entered after it.
    IS_WATCHED.store(true, SeqCst);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !IS_UNDER_WAY.load(SeqCst) {
                thread::yield_now();
            }
            let mut late = Gate::new(folder.file("late.db"));
            late.enter(|slot| {
                *slot = Some(());
                IS_ENTERED.store(true, SeqCst);
            });
        });
        fork(|| {
            assert!(!IS_ENTERED.load(SeqCst), "what is open now is the child's, too");
            assert!(may_open(folder.file("late.db")));
        })
        .succeeded();
    });
    assert!(IS_ENTERED.load(SeqCst));

    // Unless by the thread that forks: that does not wait for itself, and the child may not open.
    IS_WATCHED.store(false, SeqCst);
    let own = OWN.get_or_init(|| folder.file("own.db"));
    fork(|| assert!(!may_open(own))).succeeded();
    assert!(may_open(own));
    folder.remove();
    println!("fork_gate: closed for each fork, and never opened where it could not be");
}
