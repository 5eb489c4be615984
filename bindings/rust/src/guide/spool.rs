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
//! after two writes in a row took over 5 ms, or one took over 100 ms, and while there is no room or the disk fails, hits
//! stay in memory until a worker can write them. The books count these as `volatile`, and the log and
//! the observer ([`Report::Spool`](crate::pool::Report::Spool)) are told why. A call that is
//! already inside the system cannot be cut short: a disk that hangs holds up the request that found it so. Where there are
//! many more threads than cores, writes that the system interrupts for 5 ms look like those to a slow disk; one alone is
//! passed over.
//!
//! That call is what the spool costs a request: 1.25 µs at the median, of which one bare write of as many bytes takes 1.15
//! µs, by one thread and by eight (two cores, ext4; a request in memory takes 0.67 µs in all). A backlog of 1 GiB, 2.3
//! million hits, began to be delivered 10 ms after the next process had opened its tracker, and was gone in 16 s, to a
//! receiver on the same machine. `cargo xtask bench spool backlog` measures both.
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
//! No hit is sent from the spool that is older than the destination's `max_age`, 72 hours by default: it is
//! dropped(`expired`) as it is read, so that after an outage of a week the receiver is told of the last three days, and
//! the disk holds no more. Ages are of the hits' own time by the machine's clock; what a process wrote itself is never
//! taken for older than that process has run with it. While the receiver is away the spool is read on at each attempt to
//! reach it, half a minute apart unless it asks for more. A directory that no process adopts is touched by none:
//! `trackside spool list` shows since when its hits wait, and `purge` removes them.
//!
//! # Looking at it
//!
//! `trackside spool`, with `--config` as the server has it, and run as its user:
//!
//! | | |
//! | --- | --- |
//! | `list` | each process's directory: its receiver, whether the process lives, and how many hits wait, since when |
//! | `verify` | reads all of it; says how many hits are good, damaged or torn, and where. It fails if anything is damaged |
//! | `show` | the hits that wait, without visitors, users, addresses and values, unless `--unredacted` asks for them |
//! | `drain` | delivers what dead processes left, within `--timeout`, and prints the books: for a server that does not come back |
//! | `purge` | says what dead processes left, and removes it with `--yes` |
//!
//! A living process is disturbed by none of them. `drain` asks no filters and editors, and has no sinks, of a program's
//! own: these are part of that program. Tools of your own begin at [`spool`](crate::spool).
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
//! Damaged records are passed over and dropped(`corrupt`). Files of another version are left alone and told of, and
//! so are those that have lost their header; of those that lose it while their process lives the hits are counted, too.
//!
//! # How it is tested
//!
//! | what | test |
//! | --- | --- |
//! | whoever is killed, at any moment, loses nothing that was written | `whoever_is_killed_loses_nothing_that_was_written`, `a_pool_that_is_killed_loses_nothing_that_was_not_volatile` (`fork_spool`) |
//! | what a process leaves exactly one other takes over, and a living one's is left alone | `what_is_left_is_adopted_by_exactly_one`, `a_living_directory_is_left_alone`, `a_child_does_not_keep_the_locks_of_its_parent` |
//! | a lock that was left without a directory is removed, and none that anybody has | `a_lock_without_a_directory_goes_unless_somebody_holds_it`, `whoever_has_a_lock_whose_file_comes_and_goes_has_it_alone`, `who_comes_while_others_sweep_has_a_lock_that_stays` (`fork_spool`) |
//! | nothing is in it but what may be stored: the bytes of the files are searched, under each `ip` policy | `nothing_is_in_the_spool_but_what_may_be_stored` |
//! | no other receiver, and none that may know less, is told what was left | `what_is_left_is_for_the_same_receiver_and_policy_alone`, `what_others_left_and_is_not_for_third_parties_is_refused` |
//! | after a crash nothing is sent twice that may not be, and nothing is lost that was not sent | `after_a_crash_an_attempt_is_made_again_only_where_a_second_copy_is_known`, `what_was_certainly_not_processed_is_delivered_after_a_crash` |
//! | a request makes one call of the system, and waits for no lock, no sync and no slow disk | `a_hit_is_one_write_and_a_request_does_nothing_else_with_the_disk`, `where_every_stripe_is_busy_a_request_does_not_wait`, `two_slow_writes_in_a_row_keep_requests_away_until_a_worker_finds_it_quick`, `one_write_that_stalls_keeps_requests_away_by_itself`, `one_slow_write_among_quick_ones_keeps_nobody_away`, `a_disk_that_is_slow_and_quick_by_turns_keeps_requests_away`, `a_stripe_that_is_slow_alone_is_passed_over_and_the_others_are_written_to` |
//! | a slow disk holds up neither delivery nor close | `a_slow_disk_keeps_no_hit_from_being_delivered`, `nothing_is_saved_beyond_the_deadline_of_close` |
//! | a full or failing disk costs no hit that the queue has room for | `that_the_disk_is_full_is_told_with_the_way_out_and_once_a_minute`, `that_the_spool_has_no_room_is_told_with_the_way_out`, `a_full_disk_is_told_and_what_was_written_is_there`, `where_nothing_can_be_written_hits_are_delivered_from_memory`, `a_hit_for_which_there_is_no_room_keeps_no_smaller_one_away`, `a_hit_that_the_spool_has_no_room_for_keeps_none_behind_it_in_memory` |
//! | `spool.bytes` bounds all spools of a process, and what stands aside is bounded in memory | `all_spools_of_a_process_together_stay_within_their_bytes`, `adopted_bytes_count_until_they_are_gone`, `of_the_spool_no_more_stands_aside_than_the_queue_may_hold` |
//! | what has become too old is given up before it is attempted, and nothing younger, however far the clock jumps | `what_was_left_is_given_up_when_it_has_become_too_old`, `what_was_left_is_delivered_as_long_as_it_is_not_too_old`, `what_this_process_has_spooled_becomes_too_old_by_the_clock_that_does_not_jump` |
//! | `spool.fsync` is heeded for hits and for what has become of them | `syncs_are_made_as_told`, `what_has_been_read_is_synced_too` |
//! | an operator sees what waits, and delivers or removes what the dead left and nothing else | `a_living_process_keeps_what_it_has_and_a_dead_ones_is_delivered`, `damage_is_told_with_its_place_and_costs_no_other_hit`, `what_is_purged_is_said_and_only_when_it_is_asked_for` (`bindings/cli`), `what_others_left_is_drained_without_a_hit_of_its_own` |
//! | damage costs the hits that it hit, and is counted once | `a_damaged_byte_costs_one_hit_at_most_and_is_counted`, `what_is_damaged_of_a_segment_that_ends_while_it_is_read_is_counted_once`, `a_segment_that_loses_its_header_while_its_writer_lives_is_left_alone_and_its_hits_are_counted` |
//! | whatever a disk does at random, and a real one of a megabyte that fills | `cargo xtask chaos disks` and `tmpfs` (`tests/tests/chaos`), which count what is lost and doubled |
//! | the same disks, and a receiver that does everything wrong besides: what the books say of each attempt is what was seen of it, and a hit comes twice at most as often as it could not be written down what had become of one | `cargo xtask chaos storms` |
//! | processes on one spool, in each mode, killed, ended, forked and replaced at random while the receiver flaps, sinks panic and clocks are set a day ahead and back: of those killed no hit is lost that was written, but, without a key, those that were written down as being attempted and of which it was not written what came of it; of those that close none that their books do not tell of; without a key none counts twice | `cargo xtask chaos processes` |
//! | whatever happens in whatever order | the model test `whatever_happens_each_hit_is_offered_until_it_has_ended` |
//! | the same ten thousand times, on a disk in memory: hits written, torn, read, marked, cut off and damaged, processes that close or are killed at any change of the disk, and others that adopt what they left, within `spool.bytes` | `cargo xtask chaos spool` |
//! | where neither the queue nor the spool has room, what gives way, and what of the rest outlives its process | the same |
//!
//! The reader is fuzzed beside another one, written from the specification of the files, which is the documentation of
//! the module `spool` in `transports` (`tests/fuzz`).
