//! 200 forks while the parent's worker is held inside a sink.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]
#![cfg_attr(not(unix), allow(unused, reason = "there is no fork"))]

mod kit;

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
fn main() {
    use kit::{forks::*, *};
    use std::{
        process,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering::SeqCst},
        },
        time::Instant,
    };
    use trackside_core::{
        protocol::{Enriched, Outcome},
        transport::{Left, Transport},
    };

    const FORKS: usize = 200;

    watchdog(300);
    let folder = Folder::new("fork-sink");
    let (sent, delivered) = (folder.file("sent"), folder.file("delivered"));
    let (parent, door) = (process::id(), Door::default());
    let at = door.clone();
    let factory = noting(delivered.clone(), move || {
        // The door is the parent's: its lock means nothing in a child.
        if process::id() == parent {
            at.pass();
        }
    });
    let owner = Owner::new(options("parent"), factory);
    send(&owner.pool, 1, &sent);
    door.wait_for(1);
    // These wait behind the one that is held.
    send(&owner.pool, 10, &sent);
    assert_eq!(owner.pool.flush(Instant::now()), Ok(Left::new(10, 1)));

    let starter = Starter::new();
    let children: Vec<_> = (0..FORKS)
        .map(|n| {
            fork(|| {
                starter.inherit();
                assert_blank(&owner.pool);
                // Before the parent closes, after it, or both.
                if n % 3 != 0 {
                    send(&owner.pool, 3, &sent);
                }
                if n % 3 != 1 {
                    starter.wait();
                    send(&owner.pool, 3, &sent);
                }
                match n % 5 {
                    // The hits of what is not closed are delivered by the handler of exit.
                    0 => {}
                    1 => owner.close(),
                    2 => {
                        owner.close();
                        exit_at_once();
                    }
                    3 => {
                        // A child's child, with the child's worker at work.
                        let grandchild = fork(|| {
                            assert_blank(&owner.pool);
                            send(&owner.pool, 2, &sent);
                        });
                        send(&owner.pool, 2, &sent);
                        grandchild.succeeded();
                    }
                    _ => {
                        // A tracker of the child's own, beside the inherited one, and one that is gone.
                        let file = delivered.clone();
                        let another = Owner::new(options("child"), noting(file.clone(), || {}));
                        drop(Owner::new(options("gone"), noting(file, || {})));
                        send(&another.pool, 2, &sent);
                        std::mem::forget(Arc::clone(&another));
                    }
                }
            })
        })
        .collect();

    let book = stats(&owner.pool);
    assert_balanced(&book);
    assert_eq!((book.offered, book.queued, book.in_flight), (11, 10, 1), "the parent never notices");
    door.open();
    send(&owner.pool, 10, &sent);
    owner.close();
    assert_eq!((stats(&owner.pool).offered, stats(&owner.pool).delivered), (21, 21));
    starter.start();
    children.into_iter().for_each(Child::succeeded);
    assert_delivered_once(&sent, &delivered);

    // The worker itself forks, in the midst of a delivery, and both sides go on with it: in the child the
    // hits are still the parent's.
    let forks = Arc::new(AtomicUsize::new(0));
    let forked = forks.clone();
    let both_sides = noting(delivered.clone(), move || {
        if forked.fetch_add(1, SeqCst) == 0
            && let Some(child) = fork_here()
        {
            child.succeeded();
        } else if process::id() != parent {
            // The child leaves the file to the parent; what is tested is that its worker goes no further.
            std::panic::resume_unwind(Box::new(()));
        }
    });
    let forking = Owner::new(options("forking"), both_sides);
    send(&forking.pool, 3, &sent);
    forking.close();
    assert!(forks.load(SeqCst) >= 1);
    assert_eq!((stats(&forking.pool).delivered, stats(&forking.pool).panics), (3, 0));
    assert_delivered_once(&sent, &delivered);

    // And while it sees to what is due, before it sleeps.
    let (forks, once) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (forked, tends) = (forks.clone(), once.clone());
    let tending = Owner::new(options("tending"), move || {
        let (forked, tends) = (forked.clone(), tends.clone());
        let tend = move || {
            if tends.fetch_add(1, SeqCst) == 0
                && let Some(child) = fork_here()
            {
                child.succeeded();
                forked.fetch_add(1, SeqCst);
            }
        };
        Ok(Box::new(Tends { deliver: |batch: &[Enriched<'_>], _| all(batch, Outcome::Delivered), tend }))
    });
    submit_all(&tending.pool, &hits(1));
    eventually("the child's worker ends, and with it the child", || forks.load(SeqCst) == 1);
    submit_all(&tending.pool, &hits(1));
    tending.close();
    assert_eq!((stats(&tending.pool).delivered, stats(&tending.pool).panics), (2, 0));
    folder.remove();
    println!("fork_sink: {FORKS} forks, each hit delivered once");
}
