//! Hits that outlive the process: what is promised in each mode, and how that is tested.
//!
//! ```toml
//! [spool]
//! dir = "/var/lib/shop/spool"     # a disk of this machine, with locks
//!
//! [[destination]]
//! type = "ga4"
//! measurement_id = "G-ABC123DEF4"
//! api_secret = "env:GA4_SECRET"
//! spool = "always"
//! ```
//!
//! | `spool` | an outage of the receiver | the process is killed | the machine loses power |
//! | --- | --- | --- | --- |
//! | `"off"` | hits wait in memory, up to `queue.hits` and `queue.bytes`; then they are dropped | what is in memory is lost | the same |
//! | `"overflow"` | what does not fit waits on the disk, up to `spool.bytes` | what is in memory is lost, what is on the disk is not | as `spool.fsync` says |
//! | `"always"` | all hits wait on the disk | nothing is lost but `volatile` hits | as `spool.fsync` says |
//!
//! With `"always"` a request writes its hit by one call of the system. It does not wait for a slow disk: for a second
//! after a write took over 5 ms, and while there is no room or the disk fails, hits stay in memory until a worker can
//! write them. The books count these as `volatile`, and the log says why. A call that is already inside the system
//! cannot be cut short: a disk that hangs holds up the request that found it so.
//!
//! Workers write what came into memory, for 50 ms at a time and never beyond the deadline of `close`, and then deliver:
//! the slowest disk holds up neither. What is in memory alone at that deadline is dropped(`shutdown`). Where neither the
//! queue nor the spool has room, `queue.when_full` says what gives way in memory. Importers wait for room in the queue
//! only if the spool does not take their hits.
//!
//! What a process leaves, by `close`, by a crash or by a kill, exactly one other process takes over: one that has the same
//! `dir` and a destination of the same name, receiver (`type`, `url` or `path`, and id) and `ip`, at its first hit there.
//! So a change of these leaves hits behind, which the log tells of: let them be delivered first. It counts these hits as `adopted`, as it comes to
//! them. A forked child begins with a directory of its own.
//!
//! # No hit twice, no hit lost
//!
//! A hit is marked on the disk when it has ended. What a killed process had sent and not marked yet is sent again to
//! receivers that know a second copy by the hit's id, such as the store. For the others an attempt is noted before it is
//! made; after a crash its hits are dropped(`ambiguous`), unless `after_unknown = "resend"`.
//!
//! # What is in it
//!
//! The records of hits, as they would be told to the receiver and not more: addresses and queries are cut before. Files
//! are for their owner alone. They are removed as their hits end, at the latest when the process closes; a file that is
//! written to may keep hits that have ended for some minutes. What denied visitors did enters no third party's spool.
//!
//! Damaged records are passed over and dropped(`corrupt`). Files of another version are left alone and told of.
//!
//! # How it is tested
//!
//! Processes are killed at many moments of writing and delivering, and what the next one finds is compared with what
//! was written (`transports/tests/fork_spool.rs`); each byte of a file is damaged in turn, disks fill, fail, tear and are
//! slow (`transports/tests/spool`); the reader is fuzzed beside another one, written from the specification of the
//! files, which is the documentation of the module `spool` in `transports` (`tests/fuzz`).
