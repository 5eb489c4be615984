//! `submit` makes no system call while its worker ticks: it runs here in seccomp's strict mode, where any call
//! but `read`, `write` and `exit` ends the thread, and so does a look at the clock.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    reason = "tests fail by panicking"
)]
#![cfg_attr(not(target_os = "linux"), allow(unused, reason = "there is no seccomp"))]

mod kit;

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "prctl and write are C")]
fn main() {
    use kit::{forks::*, *};
    use std::{
        io::{PipeReader, Read, pipe},
        os::fd::AsRawFd,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering::SeqCst},
        },
    };
    use trackside_core::{
        config::IpPolicy,
        protocol::Outcome,
        transport::{Submitted, Transport},
    };
    use trackside_transports::{
        keys::{FileKeys, Keys},
        pool::{FanOut, Pool},
    };

    const ROUNDS: usize = 20;
    /// Below the high-water mark, which wakes the worker early once a crossing.
    const HITS: usize = 60;

    /// What a process in strict mode, after `work`, has to say.
    fn said_strictly(work: impl FnOnce()) -> String {
        let (mut reader, writer): (PipeReader, _) = pipe().unwrap();
        let output = writer.as_raw_fd();
        let child = fork(|| {
            // A thread that strict mode ends leaves the workers behind, which hold the pipe open.
            // SAFETY: it takes a number.
            unsafe { libc::alarm(20) };
            work();
            // SAFETY: the text outlives the call. In strict mode a thread cannot even end its process, so that
            // the parent does it.
            unsafe { libc::write(output, c"done".as_ptr().cast(), 4) };
            loop {
                std::hint::spin_loop();
            }
        });
        drop(writer);
        let mut said = [0; 4];
        let read = reader.read(&mut said).unwrap();
        child.kill();
        String::from_utf8_lossy(&said[..read]).into_owned()
    }

    fn be_strict() {
        // SAFETY: it takes numbers only.
        assert_eq!(unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_STRICT) }, 0);
    }

    /// Ends the thread, as anything but `read`, `write` and `exit` does in strict mode.
    fn stop() -> ! {
        std::thread::yield_now();
        unreachable!("this process is not in strict mode");
    }

    watchdog(120);
    assert_eq!(
        said_strictly(|| {
            be_strict();
            std::thread::yield_now();
        }),
        "",
        "a system call is noticed"
    );
    let path = std::env::temp_dir().join(format!("trackside-keys-strict-{}", std::process::id()));
    let keys_strictly = || {
        let keys = FileKeys::new(&path);
        // The first request of the day reads the file.
        let is_there = keys.key(20_649).is_some();
        be_strict();
        if !is_there || (0..1_000).any(|_| keys.key(20_649).is_none()) {
            stop();
        }
        std::mem::forget(keys);
    };
    assert_eq!(said_strictly(keys_strictly), "done", "the key of the day made a system call");
    std::fs::remove_file(&path).unwrap();
    let submit_strictly = || {
        let delivered = Arc::new(AtomicUsize::new(0));
        let destinations = (0..2).map(|_| {
            let delivered = delivered.clone();
            let pool = Pool::new(
                options("stats"),
                does(move |batch, _| {
                    delivered.fetch_add(batch.len(), SeqCst);
                    all(batch, Outcome::Delivered)
                }),
            );
            (IpPolicy::Masked, Arc::new(pool) as Arc<dyn Transport>)
        });
        let fan_out = FanOut::new(destinations.collect());
        // The first hit starts the workers.
        submit_all(&fan_out, &hits(1));
        let hits = hits(ROUNDS * HITS);
        be_strict();
        for (round, hits) in (1..).zip(hits.chunks(HITS)) {
            for hit in hits {
                // All records stay alive, since giving memory back can make a call of its own.
                if fan_out.submit(hit.clone()) != Submitted::Queued {
                    stop();
                }
            }
            while delivered.load(SeqCst) < 2 * (1 + round * HITS) {
                std::hint::spin_loop();
            }
        }
        // Dropping the pools would wake their workers.
        std::mem::forget((fan_out, hits));
    };
    // A machine that stands still for a second lets the workers fall asleep, and the next hit must wake them.
    let is_silent = (0..3).any(|_| said_strictly(submit_strictly) == "done");
    assert!(is_silent, "submit made a system call");
    println!("submit_syscalls: none in {} submits to two destinations", ROUNDS * HITS);
}
