//! What the library has to say, handed to a callback.
//!
//! The library speaks through `tracing`. A subscriber is installed when a host asks for the log the first
//! time, and never otherwise, so that a host in Rust keeps its own.

use std::{
    cell::Cell,
    ffi::c_void,
    fmt::{self, Write},
    iter,
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    callsite::rebuild_interest_cache,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span,
    subscriber::{Interest, set_global_default},
};

use crate::{
    backlog,
    boundary::enter,
    callback::{HostLog, Seat, Userdata},
    error::{Failure, trackside_error},
    status::{TRACKSIDE_UNSUPPORTED, trackside_status},
    text::trackside_bytes,
};

/// Something is lost, or will be.
pub const TRACKSIDE_LOG_ERROR: i32 = 1;
/// Something is not as it should be.
pub const TRACKSIDE_LOG_WARN: i32 = 2;
/// Something changed.
pub const TRACKSIDE_LOG_INFO: i32 = 3;
/// The verdict on every request.
pub const TRACKSIDE_LOG_DEBUG: i32 = 4;
/// Everything.
pub const TRACKSIDE_LOG_TRACE: i32 = 5;

/// A log: takes one message, of UTF-8 and valid during the call, and its level, TRACKSIDE_LOG_ERROR or
/// another. It is called on any thread, also by several at once, on those of requests too; it must return,
/// and not by an exception. What the library would say because of a call made in it is not said.
///
/// In a forked child it goes on, for what the child does, with the child's own copy of `userdata`'s memory. A
/// lock of `log`'s own that another thread held at the fork is never given back there.
pub type trackside_log =
    Option<unsafe extern "C" fn(userdata: *mut c_void, level: i32, message: trackside_bytes)>;

/// Hands what the library has to say, up to `level`, to `log`: for the whole process, until it is called
/// again. With NULL nobody is told any more. `userdata` is handed to `log`; a call that another thread has
/// begun may still be running when this returns, so both should live as long as the process.
///
/// Threads: any, at any time, also in the callback. Statuses: TRACKSIDE_INVALID_ARGUMENT (`level`),
/// TRACKSIDE_UNSUPPORTED (the host is in Rust, and has a `tracing` subscriber of its own).
///
/// # Safety
///
/// `log` is NULL or may be called as said above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_log_set(
    log: trackside_log,
    level: i32,
    userdata: *mut c_void,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |_| {
        let host = log.map(|take| HostLog { take, userdata: Userdata::new(userdata) });
        listen(host.map(Ear::Host), level)
    })
}

/// Who listens.
#[derive(Clone, Copy)]
pub(crate) enum Ear {
    /// The host's function.
    Host(HostLog),
    /// The host, when it asks.
    Backlog,
}

impl Ear {
    fn is(self, other: Self) -> bool {
        match (self, other) {
            (Self::Host(a), Self::Host(b)) => a.is(b),
            (a, b) => matches!((a, b), (Self::Backlog, Self::Backlog)),
        }
    }

    fn take(self, level: i32, message: &str) {
        match self {
            Self::Host(host) => host.take(level, message),
            Self::Backlog => backlog::keep(level, message),
        }
    }
}

/// Has `ear` told of everything up to `level`, or nobody.
pub(crate) fn listen(ear: Option<Ear>, level: i32) -> Result<(), Failure> {
    let level = match level {
        _ if ear.is_none() => LevelFilter::OFF,
        TRACKSIDE_LOG_ERROR => LevelFilter::ERROR,
        TRACKSIDE_LOG_WARN => LevelFilter::WARN,
        TRACKSIDE_LOG_INFO => LevelFilter::INFO,
        TRACKSIDE_LOG_DEBUG => LevelFilter::DEBUG,
        TRACKSIDE_LOG_TRACE => LevelFilter::TRACE,
        other => {
            let problem = format!("is {other}; it goes from 1, TRACKSIDE_LOG_ERROR, to 5, _TRACE");
            return Err(Failure::invalid("level", &problem));
        }
    };
    if ear.is_none() && LISTENING.get().is_none() {
        return Ok(());
    }
    install()?;
    LISTENING.put(known_or_new(ear, level));
    rebuild_interest_cache();
    Ok(())
}

/// Who is told.
static LISTENING: Seat<Listener> = Seat::empty();
/// Everybody who ever was: the one who came last, who knows the one before.
static ALL: Seat<Listener> = Seat::empty();

/// Somebody who is told, or was: another thread may still be telling.
pub(crate) struct Listener {
    ear: Option<Ear>,
    level: LevelFilter,
    previous: Option<&'static Listener>,
}

impl Listener {
    fn is(&self, ear: Option<Ear>, level: LevelFilter) -> bool {
        let same = match (self.ear, ear) {
            (Some(a), Some(b)) => a.is(b),
            (a, b) => a.is_none() && b.is_none(),
        };
        same && self.level == level
    }
}

/// Listeners live for ever; so that a host which changes them for ever needs no more memory, nobody is
/// kept twice.
fn known_or_new(ear: Option<Ear>, level: LevelFilter) -> &'static Listener {
    let mut new = Box::new(Listener { ear, level, previous: None });
    loop {
        let newest = ALL.get();
        let mut all = iter::successors(newest, |listener| listener.previous);
        if let Some(known) = all.find(|listener| listener.is(ear, level)) {
            return known;
        }
        new.previous = newest;
        new = match ALL.replace(newest, new) {
            Ok(kept) => return kept,
            Err(new) => new,
        };
    }
}

fn install() -> Result<(), Failure> {
    if LISTENING.get().is_some() || set_global_default(Teller).is_ok() {
        return Ok(());
    }
    // Another thread may have come first, with ours.
    let ours = tracing::dispatcher::get_default(|dispatch| dispatch.is::<Teller>());
    if ours {
        return Ok(());
    }
    Err(Failure::new(
        TRACKSIDE_UNSUPPORTED,
        "this process has a `tracing` subscriber of its own; let that one take the target `trackside`",
    ))
}

thread_local! {
    static IS_TELLING: Cell<bool> = const { Cell::new(false) };
}

/// The subscriber.
struct Teller;

impl Subscriber for Teller {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if is_ours(metadata) { Interest::sometimes() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LISTENING.get().map_or(LevelFilter::OFF, |listener| listener.level))
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_ours(metadata) && LISTENING.get().is_some_and(|listener| *metadata.level() <= listener.level)
    }

    fn event(&self, event: &Event<'_>) {
        let Some(ear) = LISTENING.get().and_then(|listener| listener.ear) else {
            return;
        };
        // The thread may be ending; then there is nobody who could be telling already.
        if IS_TELLING.try_with(|telling| telling.replace(true)) == Ok(true) {
            return;
        }
        let _told = Told;
        let mut text = Text::default();
        event.record(&mut text);
        ear.take(number(event.metadata().level()), &text.0);
    }

    // The library opens no spans, and others are of no interest here.
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// The end of a message.
struct Told;

impl Drop for Told {
    fn drop(&mut self) {
        IS_TELLING.try_with(|telling| telling.set(false)).ok();
    }
}

fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.is_event() && metadata.target() == "trackside"
}

fn number(level: &Level) -> i32 {
    match *level {
        Level::ERROR => TRACKSIDE_LOG_ERROR,
        Level::WARN => TRACKSIDE_LOG_WARN,
        Level::INFO => TRACKSIDE_LOG_INFO,
        Level::DEBUG => TRACKSIDE_LOG_DEBUG,
        Level::TRACE => TRACKSIDE_LOG_TRACE,
    }
}

/// A message, and what else an event says behind it: `name=value`.
#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let gap = if self.0.is_empty() { "" } else { " " };
        // Writing to a string cannot fail.
        if field.name() == "message" {
            write!(self.0, "{gap}{value:?}").ok();
        } else {
            write!(self.0, "{gap}{}={value:?}", field.name()).ok();
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("level", &self.level).finish_non_exhaustive()
    }
}
