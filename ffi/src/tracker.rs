//! The live facade.

use std::{sync::Arc, time::Duration};

use trackside_core::transport::{Left, Recording, Reentrant};
use trackside_transports::{OpenError, Tracker};

use crate::{
    boundary::{answer, enter},
    error::{Failure, trackside_error},
    handle::{self, Handle, Tag},
    hit::trackside_hit,
    options::trackside_options,
    stats::trackside_stats,
    status::{
        TRACKSIDE_CONFIG, TRACKSIDE_NOT_FOUND, TRACKSIDE_REENTRANT, TRACKSIDE_UNSUPPORTED, trackside_status,
    },
    view,
};

/// Counts a server's traffic: judges its exchanges and delivers their hits off the request thread.
///
/// Functions: trackside_tracker_open, _event, _event_within, _explain, _encode, _header, _asks, _count_late, _stats,
/// _flush, _close, _close_stats, _recorded, _recorded_count, _free; trackside_exchange_begin.
#[derive(Debug)]
pub struct trackside_tracker {
    live: Tracker,
    recording: Option<Arc<Recording>>,
}

impl Handle for trackside_tracker {
    const TAG: Tag = *b"TRKR";
    const NAME: &'static str = "trackside_tracker";
}

impl trackside_tracker {
    fn open(options: &trackside_options) -> Result<Self, Failure> {
        let config = options.config()?;
        let sinks = options.sinks.take(&config)?;
        let hooks = options.hooks.take()?;
        let mut builder = Tracker::builder(config);
        if let Some(clock) = &options.clock {
            builder = builder.clock(Arc::clone(clock));
        }
        if let Some(entropy) = &options.entropy {
            builder = builder.entropy(Arc::clone(entropy));
        }
        if let Some(keys) = &options.keys {
            builder = builder.keys(Arc::clone(keys));
        }
        let recording = options.is_recording.then(|| Arc::new(Recording::new()));
        if let Some(recording) = &recording {
            builder = builder.transport(Arc::clone(recording) as _);
        }
        for (destination, sink) in sinks {
            builder = builder.sink(destination, sink);
        }
        if let Some(hooks) = hooks {
            builder = builder.hooks(hooks);
        }
        let live = builder.open().map_err(|error| not_opened(&error))?;
        Ok(Self { live, recording })
    }

    #[cfg(test)]
    pub(crate) fn of_a_test(live: Tracker) -> Self {
        Self { live, recording: None }
    }

    /// The tracker itself.
    pub(crate) fn live(&self) -> &Tracker {
        &self.live
    }

    pub(crate) fn recording(&self) -> Result<&Recording, Failure> {
        self.recording.as_deref().ok_or_else(|| {
            Failure::new(
                TRACKSIDE_UNSUPPORTED,
                "`tracker` keeps no hits; call trackside_options_recording before it is opened",
            )
        })
    }
}

fn not_opened(error: &OpenError) -> Failure {
    let status = match () {
        () if error.is_no_sink() || error.is_file() => TRACKSIDE_CONFIG,
        () if error.is_unknown_destination() => TRACKSIDE_NOT_FOUND,
        () => TRACKSIDE_UNSUPPORTED,
    };
    Failure::new(status, error.to_string())
}

/// What trackside_tracker_flush or _close left undone at its deadline.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
#[allow(clippy::exhaustive_structs, reason = "C sees its fields; it grows behind `size`")]
pub struct trackside_left {
    /// The size of the caller's struct; see TRACKSIDE_LEFT_INIT.
    pub size: usize,
    /// Hits waiting in memory; after trackside_tracker_close, those that were dropped (shutdown).
    pub queued: u64,
    /// Hits inside a delivery attempt, whose late outcome will still be counted.
    pub in_flight: u64,
    /// Hits in the spool, which another process can deliver.
    pub spooled: u64,
}

view::growing!(trackside_left, last: spooled);

impl From<Left> for trackside_left {
    fn from(left: Left) -> Self {
        let Left { queued, in_flight, spooled, .. } = left;
        Self { size: size_of::<Self>(), queued, in_flight, spooled }
    }
}

/// Opens a tracker with `options`, or, if that is NULL, with the environment alone. This starts no thread
/// and opens no store: the first hit does. The options are copied and can be freed. End the tracker with
/// trackside_tracker_free.
///
/// A configuration with mistakes is told of in the log, too, in full.
///
/// Threads: any. Statuses: TRACKSIDE_NULL_ARGUMENT (`tracker`), TRACKSIDE_WRONG_HANDLE, TRACKSIDE_CONFIG (also
/// if a destination of type "callback" or "celery" has no sink, or the file of `geo.file` or `track.bots_list` cannot
/// be used), TRACKSIDE_IO and TRACKSIDE_INVALID_ARGUMENT (the file that TRACKSIDE_CONFIG names),
/// TRACKSIDE_UNSUPPORTED (a destination or `geo.file` needs a feature that this build lacks), TRACKSIDE_NOT_FOUND
/// (a sink was given for a destination that there is not); TRACKSIDE_INVALID_ARGUMENT also if an earlier call has
/// used up a sink or the hooks of the options, see trackside_options_sink and trackside_options_hooks.
///
/// # Safety
///
/// `options` is NULL or a live handle; `tracker` is NULL or points at a place for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_tracker_open(
    options: *const trackside_options,
    tracker: *mut *mut trackside_tracker,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let tracker = call.output(tracker, "tracker")?;
        let opened = if options.is_null() {
            trackside_tracker::open(&trackside_options::environment())
        } else {
            trackside_tracker::open(call.shared(options, "options")?)
        };
        tracker.set(handle::give(opened?));
        Ok(())
    })
}

/// Ends a tracker. NULL is allowed; do not call it twice for the same value. Exchanges and visitors may
/// outlive it. Unless trackside_tracker_close was called, the last of tracker and exchanges to end closes
/// it, within the configuration's `shutdown`: what is then still in memory is dropped (shutdown). Called from
/// a sink, which cannot wait for itself, it leaves the workers five seconds for that and returns at once.
///
/// Threads: needs `tracker` for itself.
///
/// # Safety
///
/// `tracker` is NULL or a live handle, which nobody uses any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_tracker_free(tracker: *mut trackside_tracker) {
    answer((), |call| call.end(tracker));
}

/// Waits until every hit submitted so far has been delivered or given up, for at most `milliseconds`
/// (UINT64_MAX: the configuration's `shutdown`), and says in `left`, which may be NULL, what was left. To leave
/// something is no failure.
///
/// Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_INVALID_ARGUMENT (`left`), TRACKSIDE_REENTRANT (called from a sink).
///
/// # Safety
///
/// `tracker` is NULL or a live handle; `left` is NULL or points at a struct of its `size`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_tracker_flush(
    tracker: *const trackside_tracker,
    milliseconds: u64,
    left: *mut trackside_left,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let tracker = call.shared(tracker, "tracker")?;
        let place = call.optional_struct_output(left, "left")?;
        let left = waited(tracker.live.flush(duration(&tracker.live, milliseconds)))?;
        if let Some(place) = place {
            place.set(&left.into());
        }
        Ok(())
    })
}

/// Delivers what can be delivered within `milliseconds` (UINT64_MAX: the configuration's `shutdown`), stops for
/// good, and says in `left`, which may be NULL, what was left. Requests are judged as before, but their hits are
/// dropped (closed). To call it again does no harm. The tracker must still be freed. For both books as well see
/// trackside_tracker_close_stats.
///
/// Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_INVALID_ARGUMENT (`left`), TRACKSIDE_REENTRANT (called from a sink).
///
/// # Safety
///
/// `tracker` is NULL or a live handle; `left` is NULL or points at a struct of its `size`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_tracker_close(
    tracker: *const trackside_tracker,
    milliseconds: u64,
    left: *mut trackside_left,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let tracker = call.shared(tracker, "tracker")?;
        let place = call.optional_struct_output(left, "left")?;
        let closed = waited(tracker.live.close(duration(&tracker.live, milliseconds)))?;
        if let Some(place) = place {
            place.set(&closed.left.into());
        }
        Ok(())
    })
}

/// As trackside_tracker_close, and hands out both books of the whole life, as they are then: what is in flight may still
/// end, as trackside_tracker_stats will tell. End them with trackside_stats_free.
///
/// Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT (`tracker`, `stats`), TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_INVALID_ARGUMENT (`left`), TRACKSIDE_REENTRANT (called from a sink).
///
/// # Safety
///
/// `tracker` is NULL or a live handle; `left` is NULL or points at a struct of its `size`; `stats` is NULL or points at
/// a place for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_tracker_close_stats(
    tracker: *const trackside_tracker,
    milliseconds: u64,
    left: *mut trackside_left,
    stats: *mut *mut trackside_stats,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let tracker = call.shared(tracker, "tracker")?;
        let place = call.optional_struct_output(left, "left")?;
        let stats = call.output(stats, "stats")?;
        let closed = waited(tracker.live.close(duration(&tracker.live, milliseconds)))?;
        if let Some(place) = place {
            place.set(&closed.left.into());
        }
        stats.set(handle::give(trackside_stats::new(closed.stats)));
        Ok(())
    })
}

/// So many milliseconds, of which the largest number stands for the configuration's `shutdown`.
pub(crate) fn duration(live: &Tracker, milliseconds: u64) -> Duration {
    match milliseconds {
        u64::MAX => live.config().shutdown(),
        _ => Duration::from_millis(milliseconds),
    }
}

fn waited<T>(answer: Result<T, Reentrant>) -> Result<T, Failure> {
    answer.map_err(|error| Failure::new(TRACKSIDE_REENTRANT, error.to_string()))
}

/// Counts an annotation that came after its exchange was over, for a host that has freed the exchange then; see
/// `late` of trackside_requests_book. Nothing happens with NULL and with a handle of another type.
///
/// Threads: any, at any time.
///
/// # Safety
///
/// `tracker` is NULL or a live handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_tracker_count_late(tracker: *const trackside_tracker) {
    answer((), |call| {
        call.shared(tracker, "tracker")?.live.count_late();
        Ok(())
    });
}

/// Takes a snapshot of both books. End it with trackside_stats_free.
///
/// Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE.
///
/// # Safety
///
/// `tracker` is NULL or a live handle; `stats` is NULL or points at a place for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_tracker_stats(
    tracker: *const trackside_tracker,
    stats: *mut *mut trackside_stats,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let tracker = call.shared(tracker, "tracker")?;
        let stats = call.output(stats, "stats")?;
        stats.set(handle::give(trackside_stats::new(tracker.live.stats())));
        Ok(())
    })
}

/// Hands out the hit at `index` of those that a recording tracker has kept so far. End it with
/// trackside_hit_free; it may outlive the tracker.
///
/// Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE, TRACKSIDE_NOT_FOUND
/// (past the end), TRACKSIDE_UNSUPPORTED (the tracker does not record).
///
/// # Safety
///
/// `tracker` is NULL or a live handle; `hit` is NULL or points at a place for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_tracker_recorded(
    tracker: *const trackside_tracker,
    index: usize,
    hit: *mut *mut trackside_hit,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let tracker = call.shared(tracker, "tracker")?;
        let place = call.output(hit, "hit")?;
        let recording = tracker.recording()?;
        let hit = recording.get(index).ok_or_else(|| {
            Failure::not_found(format!("`index` is {index}, but {} hits are recorded", recording.len()))
        })?;
        place.set(handle::give(trackside_hit::new(hit)));
        Ok(())
    })
}

/// Says how many hits a recording tracker has kept so far.
///
/// Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_WRONG_HANDLE,
/// TRACKSIDE_UNSUPPORTED (the tracker does not record).
///
/// # Safety
///
/// `tracker` is NULL or a live handle; `count` is NULL or points at a place for a size_t.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_tracker_recorded_count(
    tracker: *const trackside_tracker,
    count: *mut usize,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let tracker = call.shared(tracker, "tracker")?;
        let count = call.output(count, "count")?;
        count.set(tracker.recording()?.len());
        Ok(())
    })
}

#[cfg(test)]
#[path = "tracker_test.rs"]
mod test;
