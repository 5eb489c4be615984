//! A sink whose attempts are made by the host.

use std::{
    collections::BTreeMap,
    ffi::c_void,
    sync::{Arc, Mutex, PoisonError},
};

use trackside_core::{
    Config,
    protocol::{self, Enriched, Protocol},
};
use trackside_transports::{
    sink::{Delivery, SinkFactory},
    sinks::callback,
};

use crate::{
    batch::trackside_batch,
    boundary::enter_owning,
    callback::{HostSink, Userdata},
    error::{Failure, trackside_error},
    handle::Tagged,
    hold::Hold,
    options::trackside_options,
    status::{TRACKSIDE_INVALID_ARGUMENT, trackside_status},
    text::trackside_bytes,
    view,
};

/// What became of the hits of one attempt. Any other number counts as TRACKSIDE_OUTCOME_UNKNOWN.
pub type trackside_outcome = i32;

/// The receiver took them; all but those that trackside_batch_refuse named.
pub const TRACKSIDE_OUTCOME_DELIVERED: trackside_outcome = 0;
/// It certainly did not process them, and may take them later: they are tried again, after a pause that
/// trackside_batch_retry_after can lengthen, until they are older than `max_age`. If the receiver itself answered
/// so, trackside_batch_answered says that it may lie with the hits.
pub const TRACKSIDE_OUTCOME_RETRY: trackside_outcome = 1;
/// They were perhaps processed, perhaps not. They are dropped (ambiguous); in place of a store's sink, which
/// knows a hit that comes again by its id, they are tried again.
pub const TRACKSIDE_OUTCOME_UNKNOWN: trackside_outcome = 2;
/// They are too many for one request: they are tried again in halves. One alone is refused (too-large).
pub const TRACKSIDE_OUTCOME_SPLIT: trackside_outcome = 3;
/// It will never take them: they are refused (rejected).
pub const TRACKSIDE_OUTCOME_REFUSED: trackside_outcome = 4;
/// It cannot take them, and waiting would not help: they are dropped (store-unavailable).
pub const TRACKSIDE_OUTCOME_UNAVAILABLE: trackside_outcome = 5;

/// Makes one attempt at delivering the hits of `batch`, and says what became of them: of all, or of as many of
/// the leading ones as trackside_batch_taken said. It neither waits for better times nor tries again.
///
/// It is called on threads of the destination's own, each time with one batch, and by up to `workers` of them
/// at once: by one, unless the configuration says otherwise or the destination's protocol puts one hit or one
/// visitor into a request. It must return, and not by an exception. While it does not, its hits are in flight;
/// trackside_tracker_close gives up waiting at its deadline, and what it returns later is counted all the same.
/// A thread that is ended inside it (pthread_exit) rests there as long as the process lives, as if it did not
/// return.
///
/// It may call every function of this library. But it cannot wait for itself: there trackside_tracker_flush
/// and trackside_tracker_close of its own tracker are TRACKSIDE_REENTRANT, and trackside_tracker_free of it
/// waits for no destination: what their queues hold may still be delivered for up to five seconds.
pub type trackside_deliver =
    Option<unsafe extern "C" fn(userdata: *mut c_void, batch: *mut trackside_batch) -> trackside_outcome>;

/// Says that `deliver` will not be called any more, so that what is behind `userdata` can go.
///
/// It is called once for each successful or failed trackside_options_sink, on any thread, by whoever lets go of
/// the sink last: that function itself, if it fails, or if the sink is replaced by a later call;
/// trackside_options_free, if no tracker was opened; trackside_tracker_open, if that cannot use it; the last
/// free of the tracker, or of an exchange that outlives it; or a worker that was stuck in `deliver` at the
/// deadline of trackside_tracker_close, when it returns. It is not called by the exit of the process.
///
/// A forked child has memory of its own, and so a `userdata` of its own: there it is called once, too, when the
/// child frees what it inherited, however the parent's workers were busy. A child that frees nothing, or that
/// ends by _exit, does not call it.
///
/// It must return, and not by an exception, and must not call functions of this library.
pub type trackside_release = Option<unsafe extern "C" fn(userdata: *mut c_void)>;

/// How the host delivers hits. See TRACKSIDE_SINK_INIT; it is copied.
///
/// `userdata` is handed to both functions. It is used by the threads that call `deliver`, several at once where
/// there are several workers, and perhaps by another that calls `free`: what it points at must bear that, and
/// must live until `free` is called; without one, until trackside_tracker_close left nothing in flight, or as
/// long as the process.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
#[allow(clippy::exhaustive_structs, reason = "C sees its fields; it grows behind `size`")]
pub struct trackside_sink {
    /// The size of the caller's struct.
    pub size: usize,
    /// What both functions get.
    pub userdata: *mut c_void,
    /// Makes one attempt.
    pub deliver: trackside_deliver,
    /// Ends it; may be NULL.
    pub free: trackside_release,
}

view::growing!(trackside_sink, last: free);

/// Replaces the sink of the destination of that name, whatever its type, in the tracker that is opened with
/// these options; one of type "callback" or "celery" has no other. Queue, batches and retries stay as they
/// are configured, and so does what the type's protocol refuses and which hits it lets share a request. Of two
/// sinks for one destination the later stands.
///
/// From here on the sink is the library's, also if this function fails: `sink->free`, if `sink` can be read, is
/// called exactly once; see trackside_release.
///
/// Whether there is such a destination is seen by trackside_tracker_open. The first call of that whose
/// configuration has no mistakes uses the sink up, also if it then fails: another needs another sink.
///
/// Threads: needs `options` for itself. Statuses: TRACKSIDE_NULL_ARGUMENT (also `sink->deliver`),
/// TRACKSIDE_WRONG_HANDLE, TRACKSIDE_INVALID_ARGUMENT (`sink->size`), TRACKSIDE_INVALID_UTF8.
///
/// # Safety
///
/// `options` is NULL or a live handle; `destination` can be read; `sink` is NULL or points at a struct of its
/// `size`, whose functions may be called as said above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_options_sink(
    options: *mut trackside_options,
    destination: trackside_bytes,
    sink: *const trackside_sink,
    error: *mut trackside_error,
) -> trackside_status {
    enter_owning(
        error,
        |call| call.read(sink, "sink").map(held),
        |call, hold| {
            if hold.get().deliver.is_none() {
                return Err(Failure::null("sink.deliver"));
            }
            let destination = call.text(destination, "destination")?.to_owned();
            call.exclusive(options, "options")?.sinks.put(destination, hold);
            Ok(())
        },
    )
}

/// The sinks that options hold until a tracker is opened with them, by their destinations; none is left where
/// one was before.
#[derive(Debug, Default)]
pub(crate) struct Sinks(Mutex<BTreeMap<String, Option<Hold<HostSink>>>>);

impl Sinks {
    fn put(&mut self, destination: String, hold: Hold<HostSink>) {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).insert(destination, Some(hold));
    }

    /// Gives them away to a tracker of this configuration.
    pub(crate) fn take(&self, config: &Config) -> Result<Vec<(String, impl SinkFactory + use<>)>, Failure> {
        let mut sinks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((name, _)) = sinks.iter().find(|(_, sink)| sink.is_none()) {
            let text = format!(
                "`options`: the sink for `{name}` was used up by an earlier trackside_tracker_open; call \
                 trackside_options_sink again"
            );
            return Err(Failure::new(TRACKSIDE_INVALID_ARGUMENT, text));
        }
        let taken = sinks.iter_mut().filter_map(|(name, sink)| {
            let sink = factory(sink.take()?, protocol_of(config, name));
            Some((name.clone(), sink))
        });
        Ok(taken.collect())
    }
}

fn held(sink: trackside_sink) -> Hold<HostSink> {
    let trackside_sink { userdata, deliver, free, .. } = sink;
    Hold::new(HostSink { deliver, free, userdata: Userdata::new(userdata) })
}

fn protocol_of(config: &Config, name: &str) -> Option<Arc<dyn Protocol>> {
    let destination = config.destinations().iter().find(|destination| destination.name == name)?;
    protocol::of(&destination.receiver)
}

fn factory(hold: Hold<HostSink>, protocol: Option<Arc<dyn Protocol>>) -> impl SinkFactory + use<> {
    callback::factory(move |batch, now| hold.deliver(batch, now, protocol.as_ref()))
}

impl Hold<HostSink> {
    fn deliver(&self, hits: &[Enriched<'_>], now: u64, protocol: Option<&Arc<dyn Protocol>>) -> Delivery {
        let mut batch = Tagged::new(trackside_batch::new(hits, now, protocol.cloned()));
        let outcome = self.get().deliver(&mut batch);
        batch.get_mut().end(outcome)
    }
}

#[cfg(test)]
#[path = "sink_test.rs"]
mod test;
