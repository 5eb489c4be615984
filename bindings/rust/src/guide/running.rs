//! In production: threads, shutdown, forks, and what is lost when.
//!
//! # Threads
//!
//! Opening a tracker starts no thread and opens no store. The first hit of a destination starts its worker;
//! requests only queue hits and never wait for one. Destinations have nothing in common: when one is down,
//! its own queue fills, within `queue.hits` and `queue.bytes`, and the others go on.
//!
//! # Shutdown
//!
//! [`Tracker::close`](crate::Tracker::close) delivers what it can until its deadline, and answers what was left and both
//! books ([`Closed`](crate::Closed)).
//! It blocks, so it does not belong on a thread that runs futures: the other tasks of that thread would stand
//! still, among them perhaps the very server a hit is sent to. First let the server finish, then:
//!
//! ```text
//! axum::serve(listener, service).with_graceful_shutdown(signal).await?;
//! tokio::task::spawn_blocking(move || tracker.close(Duration::from_secs(5))).await??;
//! ```
//!
//! Dropping the last clone of a tracker closes it too, within `shutdown` (5 s by default), on the thread that
//! drops it: an async one would block for that long. After a `close` there is nothing left to wait for.
//!
//! A process that ends by returning from `main` or by `exit` closes its trackers by an exit handler, within
//! `shutdown`. `_exit`, `abort` and a signal that kills skip it: what was in memory is lost.
//!
//! `close` answers what was left at its deadline. Where nobody called it, the log is told once, and the observer
//! ([`Report::Left`](crate::pool::Report::Left)): how many hits of which destination were given up, are in flight, and are
//! in the spool. For that the exit of the process waits a second longer, at most, and whoever drops the last clone a tenth
//! of `shutdown`; an observer that takes longer goes on by itself.
//!
//! # Fork
//!
//! A process may fork while a tracker is open (Unix). Parent and child go on with the same value: the child
//! begins with empty queues, threads of its own, books at zero and other ids; what the parent had queued
//! the parent delivers. An exchange that was begun before the fork ends in the parent.
//!
//! # The store
//!
//! Nobody but trackside may open the embedded store in a process that writes it: no other copy of SQLite than the one
//! that trackside is linked with (a library in C that brings its own, an interpreter), and no
//! [`File::open`](std::fs::File::open) or [`fs::copy`](std::fs::copy). On Unix locks on a file belong to the process,
//! and whoever closes the file gives up those that SQLite holds: then hits are lost that were delivered, another
//! process may damage the store, or this one ends by SIGBUS. Any other process may read it: `trackside report`,
//! `sqlite3 trackside.db`, and for a backup `sqlite3 trackside.db ".backup copy.db"`. In the same one
//! `trackside::sinks::sqlite::report` may, and so may crates that stand on `libsqlite3-sys`, as `rusqlite` does: of
//! that cargo links one copy.
//!
//! # What is lost when
//!
//! In short; the page on [delivery](super::delivery) has all of it, with the tests that show it.
//!
//! | when | what |
//! | --- | --- |
//! | a receiver is down | what its queue cannot hold (`queue-full`, `queue-bytes`), and what grows older than `max_age` (`expired`) |
//! | a connection is lost after the first byte was sent, and the receiver cannot tell a second copy | that request's hits (`ambiguous`) |
//! | the store cannot be opened or written | its hits (`store-unavailable`); the site goes on |
//! | the process is killed | what was in memory; [a spool](super::spool) keeps it |
//! | the deadline of `close` | what was left (`shutdown`) |
//!
//! Each loss is counted under its [`Reason`](crate::Reason) in [`Tracker::stats`](crate::Tracker::stats).
//! [A spool](super::spool) is a queue on disk, which outlives the process.
