//! 200 forks while other threads are inside the queue.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]
#![cfg_attr(not(unix), allow(unused, reason = "there is no fork"))]

mod kit;

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
fn main() {
    use kit::{forks::*, *};
    use std::{
        io::Write,
        sync::{
            Arc,
            atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
        },
        thread,
    };
    use trackside_core::{
        Reason,
        transport::{Submitted, Transport},
    };

    const FORKS: usize = 200;

    watchdog(300);
    let folder = Folder::new("fork-queue");
    let (sent, delivered) = (folder.file("sent"), folder.file("delivered"));
    let owner = Owner::new(options("parent"), noting(delivered.clone(), || {}));
    let (stop, submitted) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let (owner, stop, submitted) = (owner.clone(), stop.clone(), submitted.clone());
            thread::spawn(move || {
                let mut taken = Vec::new();
                while !stop.load(SeqCst) {
                    // In bursts, so that submits follow each other closely.
                    for hit in hits(50) {
                        let id = hit.id();
                        match owner.pool.submit(hit) {
                            Submitted::Queued => taken.push(id),
                            Submitted::Dropped(reason) => assert_eq!(reason, Reason::QueueFull),
                        }
                        submitted.fetch_add(1, SeqCst);
                    }
                    thread::yield_now();
                }
                taken
            })
        })
        .collect();

    let starter = Starter::new();
    let children: Vec<_> = (0..FORKS)
        .map(|n| {
            // Each fork meets new traffic.
            let before = submitted.load(SeqCst);
            eventually("traffic", || submitted.load(SeqCst) > before);
            fork(|| {
                starter.inherit();
                assert_blank(&owner.pool);
                if n % 2 == 0 {
                    starter.wait();
                }
                thread::scope(|scope| {
                    for _ in 0..2 {
                        scope.spawn(|| send_beside(&owner, &sent));
                    }
                });
                if n % 3 == 0 {
                    owner.close();
                }
            })
        })
        .collect();

    stop.store(true, SeqCst);
    let mut taken = 0;
    for thread in threads {
        let ids = thread.join().unwrap();
        taken += ids.len() as u64;
        let lines: String = ids.iter().map(|id| format!("{id}\n")).collect();
        appending(&sent).write_all(lines.as_bytes()).unwrap();
    }
    owner.close();
    let book = stats(&owner.pool);
    assert_balanced(&book);
    assert_eq!((book.offered, book.delivered), (submitted.load(SeqCst), taken));
    starter.start();
    children.into_iter().for_each(Child::succeeded);
    assert_delivered_once(&sent, &delivered);
    folder.remove();
    println!("fork_queue: {FORKS} forks beside {} submits, each hit delivered once", book.offered);

    /// As `send`, but others send at the same time.
    fn send_beside(owner: &Owner, sent: &std::path::Path) {
        let hits = hits(5);
        submit_all(&owner.pool, &hits);
        let lines: String = hits.iter().map(|hit| format!("{}\n", hit.id())).collect();
        appending(sent).write_all(lines.as_bytes()).unwrap();
    }
}
