//! Delivery: what is promised of each hit, in each mode, and which test shows it.
//!
//! # The promise
//!
//! Every hit that a destination was offered, or that it adopted from another process's spool, ends in one of four ways,
//! and the books say in which:
//!
//! ```text
//! offered + adopted = delivered + Σ refused(reason) + Σ dropped(reason) + pending
//! ```
//!
//! *Delivered*: the receiver took it. *Refused*: the receiver, or what is known of it, would not have it. *Dropped*:
//! it was given up. *Pending*: it waits, or is on its way. The equation holds at every instant, whatever the receiver
//! does. A request's thread waits for none of it.
//!
//! Beside the tests named here, `cargo xtask chaos` has faults at random, in families; after each run the books are held
//! against what was counted outside, and the memory that is allocated against what it was before the run: not a batch may
//! be left:
//!
//! | family | what is broken | what it shows |
//! | --- | --- | --- |
//! | `http` | a receiver that does everything wrong, sinks that panic, and a clock that is set a day ahead and back | what becomes of an attempt, and that a wait which was asked for is kept, below |
//! | `model` | attempts, sinks and the clock, ten thousand times beside a model of this page | when it is sent again, when the queue is full |
//! | `spool`, `disks`, `tmpfs` | the disk beneath a spool | the [spool's](super::spool) promises |
//! | `storms` | all that `http` breaks, and the disk beneath a spool with it | the same with a spool: what was to be delivered is delivered by the next, once where it may not come twice |
//! | `processes` | processes: killed, ended by a signal, forked and replaced, while the receiver flaps, their sinks panic and their clocks are set a day ahead and back | when the process ends, and what a spool keeps then: without a key exactly the hits are given up that were in flight |
//! | `memory` | a receiver that is there and takes nothing, over four times the hits that the queue may hold, and the disk | that memory grows by the queue's bytes and what each worker needs for one request, and no more |
//!
//! | what | promise | test |
//! | --- | --- | --- |
//! | the books | balance at every instant, with any answers, any number of threads | `the_books_agree_with_the_sinks_own_whatever_it_answers` |
//! | a request's thread | no lock, no allocation, no system call, no wait for a receiver | `submit_alloc`, `submit_syscalls`, `while_the_collector_is_slow_pages_are_answered` |
//! | memory | of hits never above `queue.bytes`, and a tenth more for important events; beside it 256 KiB for each worker (576 where bodies are compressed), and 576 KiB for reading a spool | `cargo xtask chaos memory`, `the_queue_is_bounded_in_bytes_with_what_is_in_flight`, `important_hits_have_a_tenth_of_the_bytes_beside_those_of_all`, `copies_that_were_edited_are_within_the_bytes_of_the_queue` |
//! | other destinations | an outage of one neither delays nor drops another's hits | `a_collector_that_stalls_does_not_hold_up_the_store` |
//!
//! In figures: while a receiver answered nobody, 1,000,000 hits to a queue of 16 MiB made the process grow by 17 MiB, and
//! queuing took no longer than before (99 of 100 within 1.1 µs); a close with a deadline of one second was back after one
//! second, with every hit named that was left. Over an outage of three seconds in which 3,000 of 5,000
//! hits came, none was lost and none came twice; a process that was killed lost the 17 hits that were pending in memory, and
//! with a spool none. `cargo xtask bench stalled close outage killed` measures this beside other libraries.
//!
//! # What becomes of an attempt
//!
//! A worker sends a batch, and the receiver's protocol reads the answer.
//!
//! | the attempt | its hits | test |
//! | --- | --- | --- |
//! | was taken | delivered | `what_is_submitted_is_delivered_in_order` |
//! | never reached the receiver: no name, no connection, no proxy; or it answered 408, 425, 429 or 503 | sent again | `only_what_was_certainly_not_processed_is_sent_again`, `what_the_proxy_never_let_through_can_be_tried_again` |
//! | broke off after its first byte, timed out, was answered by another 5xx, or ended in a panic of its sink, and the receiver knows a second copy by the hit's id (the store) | sent again | `the_unknown_is_sent_again_where_a_second_copy_is_known`, `a_sink_that_panics_is_replaced` |
//! | the same, and the receiver would count a second copy | dropped(`ambiguous`): none counts twice. With `after_unknown = "resend"` sent again: none is lost, and some may count twice | `what_was_sent_and_not_answered_is_never_sent_twice`, `what_was_sent_and_not_answered_is_sent_again_if_the_operator_says_so` |
//! | was too large (413) | halved, until one hit alone is too large: refused(`too-large`) | `too_many_for_one_request_are_halved`, `one_hit_that_is_too_large_is_refused` |
//! | was taken but for some hits | these are refused, the others delivered | `a_part_may_be_refused` |
//! | was taken, and the receiver counted fewer hits than it was sent | as many are refused, the others delivered | `what_a_receiver_did_not_count_is_refused` |
//! | could not be made, as the store, or the sink, cannot be opened | in memory: dropped(`store-unavailable`), so that the queue does not fill; in the spool: sent again | `a_sink_that_cannot_be_made_costs_its_batch_and_is_tried_again`, `of_a_batch_without_a_store_only_what_is_in_memory_is_lost` |
//! | was answered otherwise, redirects included | refused(`rejected`) | `what_the_collector_will_not_have_is_refused` |
//!
//! # When it is sent again
//!
//! - After a wait drawn evenly from nothing up to 250 ms, 500 ms, 1 s … 30 s, doubled with each failure in a row
//!   (`the_jitter_is_full`), and not before the receiver's `Retry-After`, in seconds or as a date, up to a day
//!   (`the_wait_is_read_as_seconds_or_as_a_date`, `a_wait_without_end_is_a_day`,
//!   `a_wait_that_the_receiver_asks_for_is_kept`). How far off a date is says the answer's own `Date`, and without one the
//!   clock of the machine.
//! - Until a hit is `max_age` old, one hour by default (`retrying_ends_when_a_hit_is_too_old`), and never past the
//!   receiver's own window, of 72 hours for GA4: dropped(`expired`) (`the_window_ends_first_attempts_too`). The first
//!   attempt is made at any age within that window, but of a hit from the [spool](crate::guide::spool) only until it is
//!   `max_age` old, 72 hours by default (`what_was_left_is_given_up_when_it_has_become_too_old`).
//! - Ages are told by the clock of the machine. When it jumps ahead by a day, hits that have been tried become too old at
//!   once, and are dropped(`expired`); those that have not been tried still have their first attempt, unless a
//!   process that is gone left them in the spool. When it jumps back
//!   no hit is too old (`a_clock_that_jumps_a_day_ahead_expires_what_was_tried_and_nothing_else`).
//! - A hit keeps its own time: a page that was seen before an outage counts at the hour it was seen
//!   (`a_hit_that_arrives_late_keeps_its_own_time`).
//!
//! After five failures in a row the *breaker* opens: when the wait is over one batch is sent, and the others wait for
//! what becomes of it (`while_the_receiver_is_away_one_attempt_at_a_time_looks_for_it`, and the model test
//! `it_does_as_the_model_does`). [`Hits::breaker`](crate::ledger::Hits::breaker) shows its state.
//!
//! A batch to which the receiver answers three times with a failure (over HTTP: with 500) steps aside, and so do the
//! next ones that fail, up to sixteen: if all of them do it is an outage, and nobody is to blame
//! (`an_outage_accuses_no_hit`). If one succeeds, the first is halved until the hit is found over which the receiver
//! fails, and this is refused(`poison`) (`a_poison_hit_is_found_and_refused_and_no_other`, and the model test
//! `whichever_hits_are_poison_they_alone_are_refused`). A hit that is alone has to fail twice more, each time after
//! another has succeeded: without others to compare with nothing is refused
//! (`without_another_to_compare_with_nothing_is_refused`), nor for what never reached the receiver
//! (`what_never_reached_the_receiver_accuses_nobody`), nor for a 408, 425 or 429, by which the receiver says that it
//! is busy. A receiver that answers some good hits with 500 at random may, seldom, make one look like one.
//!
//! A 502, 503, 504 or any other status above 500, or a connection that breaks off or times out, leaves it open whom
//! it is about: the hits, or what stands before the receiver, or how busy that is. The batch steps aside as well, so
//! that it holds up no other (`a_hit_that_brings_the_receiver_down_holds_up_no_other`). If it fails so again it is
//! tested: it is sent once more after eight others have succeeded, directly after a success. If it fails then it is
//! halved, and a hit that is alone has to fail four such tests, after eight, nine, ten and eleven others, before it
//! is refused(`poison`) (`a_hit_that_brings_the_receiver_down_is_found_and_refused_and_no_other`,
//! `several_that_bring_the_receiver_down_are_all_found`). What failed directly after a success of another, outside a
//! test, and succeeds later shows that the receiver fails by itself: then all tests begin anew. So neither a balancer
//! with a server down nor one that sheds load has hits refused (`a_balancer_with_a_server_down_has_no_hit_refused`,
//! `a_receiver_that_fails_at_random_has_no_hit_refused`, `a_receiver_that_is_busy_every_second_time_loses_nothing`),
//! nor an outage (`an_outage_of_which_a_gateway_tells_accuses_no_hit`,
//! `without_another_to_compare_with_no_doubt_refuses_anything`): of good hits that come to such a receiver three in a
//! million, at most. Where the receiver does not know a second copy all this is about 503 alone: what is *unknown* is
//! not sent again there.
//!
//! # When the queue is full
//!
//! | `queue.when_full` | what is dropped(`queue-full` or `queue-bytes`) | test |
//! | --- | --- | --- |
//! | `"drop-newest"` | the hit that comes | `a_full_queue_turns_the_newest_away` |
//! | `"drop-oldest"` | the hit that has waited longest; for a large one up to eight | `a_full_queue_lets_the_oldest_go`, `the_oldest_give_way_to_a_large_hit_eight_at_most` |
//!
//! The queue alone has a suite and a model of its own (`pool/queue_test.rs` in `transports`), with several threads
//! at it, too.
//!
//! Events named in `queue.important` have a queue of their own, of a tenth of both bounds, which is read first and
//! whose hits never give way (`important_hits_go_before_all_others`, `important_hits_never_give_way`). When it is full
//! they go with the others (`important_hits_that_find_their_queue_full_go_with_the_others`).
//!
//! An importer rather waits: [`Tracker::event_within`](crate::Tracker::event_within) (`event_within` in Python,
//! `trackside_tracker_event_within` in C), and for hits of its own
//! [`Transport::submit_until`](crate::transport::Transport::submit_until)
//! (`an_importer_waits_for_room_and_loses_nothing`, `an_importer_waits_no_longer_than_its_deadline`,
//! `an_importer_waits_for_the_slowest_destination_and_loses_nothing`). Its important events wait for room in either queue,
//! whichever has some first (`an_important_hit_of_an_importer_waits_for_room_in_either_queue`).
//!
//! # When the process ends
//!
//! | it ends by | what was in memory | test |
//! | --- | --- | --- |
//! | [`close`](crate::Tracker::close), or `exit`, within the deadline | delivered | `flush_and_close_do_not_wait_for_a_batch_to_fill` |
//! | the same, the receiver being down | one last attempt, then dropped(`shutdown`), at the deadline at the latest | `close_does_not_wait_for_what_cannot_succeed_in_time`, `deadlines_hold_though_a_sink_is_stuck` |
//! | a signal that kills, `_exit`, `abort` | lost, and no book is left that says so | `cargo xtask chaos processes` |
//! | any of these in a forked child | as above, of the child's own hits: it begins with none, and its parent goes on | the same |
//!
//! The exit handler closes all trackers of the process side by side, each within its own `shutdown`, five seconds by
//! default; where hits were left the log and the observer have a second more. So an exit takes `shutdown` and a second at
//! most, whatever a receiver, a sink or an observer does
//! (`a_process_that_exits_without_closing_tells_once_what_was_left_of_which_destination`). A call of the system that hangs on a disk is the exception, as everywhere.
//!
//! A tracker that counts nothing starts no worker: opening one starts no thread, opens no store and touches no spool. So a
//! process that is never offered a hit delivers nothing either of what others left in the [spool](super::spool), and adopts
//! none of it; the first hit of a destination does (`a_process_that_counts_nothing_adopts_nothing`). `trackside spool drain`
//! delivers it without one.
//!
//! `spool.bytes` bounds what one process has on the disk, what it adopted included. The folder of several has no bound of
//! its own: eight workers may fill eight times as much, and what those leave that are killed comes on top until somebody
//! adopts it. Give the folder a file system, or a quota, of its own where that matters: a full one costs no hit that memory has
//! room for.
//!
//! # Who is told
//!
//! The log (target `trackside`) is told when a breaker opens and closes, and of what was lost since the last time: at
//! most once a minute for each destination, never of one hit. [`Builder::observer`](crate::Builder::observer) gives a
//! program the same as values (`an_outage_is_told_at_its_begin_and_at_its_end`,
//! `what_is_lost_is_told_by_reason_when_the_pool_closes_at_the_latest`). Where nobody called `close`, they are told once what
//! was left at the deadline (`who_lets_go_of_a_tracker_is_told_what_was_left_of_which_destination`,
//! `a_process_that_exits_without_closing_tells_once_what_was_left_of_which_destination`); no observer holds that up for long
//! (`an_observer_that_does_not_return_holds_up_nobody_who_lets_go_of_a_tracker`).
//!
//! For Prometheus a server gives out the books itself:
//!
//! ```
//! use trackside::{Config, Tracker, exposition};
//!
//! let config = Config::builder().toml("visitor.identity = 'none'").build()?;
//! let tracker = Tracker::open(config)?;
//! // What a handler of GET /metrics answers, which had better not be open to the world:
//! let headers = [("content-type", exposition::CONTENT_TYPE)];
//! let body = tracker.stats().prometheus().to_string();
//! assert!(body.contains("trackside_hits_total{destination=\"sqlite\",outcome=\"delivered\"} 0"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `trackside serve --metrics 127.0.0.1:9090` does so at an address of its own.
//!
//! # The way to the receiver
//!
//! Connections are kept from batch to batch (`batches_share_one_connection`), unless they were idle for 1.5 s, which
//! some servers do not bear. `timeout` bounds an attempt and `timeouts` its stages, in forked children, too
//! (`each_stage_has_a_time_out_within_that_of_the_whole`,
//! `a_receiver_that_stops_reading_is_given_up_within_the_time_of_its_stage`,
//! `a_look_up_that_hangs_is_given_up_in_time_and_hangs_once`). `proxy` names a proxy
//! (`a_proxy_of_the_configuration_connects_and_the_connection_is_kept`); the environment's is never used. `ca` names
//! the authorities to believe. Bodies are compressed where the receiver takes it
//! (`bodies_are_compressed_where_the_receiver_takes_it_or_the_operator_says_so`). See [`config`](crate::config).
