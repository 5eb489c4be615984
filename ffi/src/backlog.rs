//! What the library has to say, kept until the host asks for it: for interpreters, whose functions a thread of
//! this library cannot always call.

use std::{
    collections::VecDeque,
    ffi::c_char,
    mem,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
};

use trackside_transports::pool::fork::{self, PerProcess};

use crate::{
    boundary::enter,
    error::{Failure, trackside_error},
    explain::write,
    log::{self, Ear},
    status::trackside_status,
};

/// As trackside_log_set, but keeps the messages until trackside_log_take takes them: then no thread of the
/// library ever calls the host. 1,000 messages are kept, of 1 MiB together; further ones are counted.
///
/// `*waiting` is set to the address of a number that is not 0 while something waits. It may be read at any
/// time, as long as the process lives, by a plain load: so that who has nothing to take needs no call. `waiting`
/// may be NULL.
///
/// A forked child begins with nothing that waits; what the number says there is settled by its first
/// trackside_log_take.
///
/// Threads: any, at any time. Statuses: TRACKSIDE_INVALID_ARGUMENT (`level`), TRACKSIDE_UNSUPPORTED (the host is
/// in Rust, and has a `tracing` subscriber of its own).
///
/// # Safety
///
/// `waiting` is NULL or points at a place for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_log_keep(
    level: i32,
    waiting: *mut *const u32,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let waiting = call.optional_output(waiting, "waiting")?;
        fork::install();
        log::listen(Some(Ear::Backlog), level)?;
        if let Some(waiting) = waiting {
            waiting.set(WAITING.as_ptr());
        }
        Ok(())
    })
}

/// Takes the oldest message that trackside_log_keep has kept: writes it to `buffer`, in UTF-8 and ending in NUL,
/// its level to `level`, and to `lost` how many messages could not be kept since the last one was taken. `*needed`
/// is set to the size of the message with its NUL, also if that is more than `capacity`. `level` and `lost` may
/// be NULL.
///
/// Threads: any, at any time. Statuses: TRACKSIDE_NULL_ARGUMENT, TRACKSIDE_INVALID_ARGUMENT,
/// TRACKSIDE_NOT_FOUND (nothing waits), TRACKSIDE_BUFFER (`capacity` is less than `*needed`; `buffer` is not
/// written, and the message waits on).
///
/// # Safety
///
/// `buffer` is NULL or has room for `capacity` bytes; `needed`, `level` and `lost` are NULL or point at a place
/// for a number of their type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_log_take(
    buffer: *mut c_char,
    capacity: usize,
    needed: *mut usize,
    level: *mut i32,
    lost: *mut u64,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |call| {
        let buffer = call.buffer(buffer.cast::<u8>(), capacity, "buffer")?;
        let needed = call.output(needed, "needed")?;
        let level = call.optional_output(level, "level")?;
        let lost = call.optional_output(lost, "lost")?;
        let mut backlog = backlog();
        let Some((_, text)) = backlog.messages.front() else {
            WAITING.store(0, Relaxed);
            return Err(Failure::not_found("no message waits"));
        };
        needed.set(text.len());
        write(buffer, text.as_bytes())?;
        if let Some((number, text)) = backlog.messages.pop_front() {
            backlog.bytes -= text.len();
            if let Some(level) = level {
                level.set(number);
            }
        }
        if let Some(out) = lost {
            out.set(mem::take(&mut backlog.lost));
        }
        WAITING.store(backlog.messages.len() as u32, Relaxed);
        Ok(())
    })
}

/// How many messages are kept.
const MESSAGES: usize = 1_000;
/// How many bytes they may have together.
const BYTES: usize = 1 << 20;

/// How many messages wait, to be read without a call.
static WAITING: AtomicU32 = AtomicU32::new(0);

/// Each process has its own: another thread may hold the lock while this one forks.
static BACKLOG: PerProcess<Mutex<Backlog>> = PerProcess::new();

#[derive(Debug, Default)]
struct Backlog {
    messages: VecDeque<(i32, String)>,
    bytes: usize,
    lost: u64,
}

fn backlog() -> MutexGuard<'static, Backlog> {
    BACKLOG.get(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps a message, or counts it.
pub(crate) fn keep(level: i32, message: &str) {
    let mut backlog = backlog();
    if backlog.messages.len() == MESSAGES || backlog.bytes + message.len() + 1 > BYTES {
        backlog.lost += 1;
        return;
    }
    let text = format!("{message}\0");
    backlog.bytes += text.len();
    backlog.messages.push_back((level, text));
    WAITING.store(backlog.messages.len() as u32, Relaxed);
}
