use std::{
    cell::Cell,
    sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use super::{GENERATION, attach, gate, generation, locks};

/// How long a fork waits, in all, for connections to come free; and then for threads that make themselves known.
const PATIENCE: Duration = Duration::from_millis(100);

const ABSENT: u8 = 0;
const BEGUN: u8 = 1;
const PRESENT: u8 = 2;

static INSTALLED: AtomicU8 = AtomicU8::new(ABSENT);

/// The thread that is forking, in the lower half, and the generation it does so in, in the upper: a child
/// inherits the word and must not take it for its own.
static FORKING: AtomicU64 = AtomicU64::new(0);

thread_local! {
    // Neither has a destructor, so that they can be read at any time, exit included.
    static NUMBER: Cell<u32> = const { Cell::new(0) };
    /// The generation in which this thread forks without having closed the gates; another thread's fork went
    /// on for too long.
    static BLIND: Cell<u64> = const { Cell::new(0) };
}

/// Registers the handlers of fork, once in the life of the process. Every pool does so when it is made.
///
/// No lock guards this: a child could inherit it taken. If the process forks in the middle, the handlers may
/// be registered twice, which does no harm.
pub fn install() {
    match INSTALLED.compare_exchange(ABSENT, BEGUN, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => register(),
        Err(PRESENT) => {}
        Err(_) => {
            for _ in 0..1_000 {
                if INSTALLED.load(Ordering::Acquire) == PRESENT {
                    return;
                }
                thread::yield_now();
            }
            register();
        }
    }
}

fn register() {
    // SAFETY: the handlers are functions of this library, which is never unloaded (it is linked with
    // `-z nodelete` where it is a shared object), and none of them unwinds.
    let failed = unsafe { libc::pthread_atfork(Some(prepare), Some(parent), Some(child)) };
    if failed == 0 {
        INSTALLED.store(PRESENT, Ordering::Release);
    } else {
        INSTALLED.store(ABSENT, Ordering::Release);
        tracing::error!(
            target: "trackside",
            "pthread_atfork failed with error {failed}: hits will be lost or doubled if this process forks \
             without exec; start it with more memory, or open the tracker after the fork"
        );
    }
}

/// A number for the calling thread that no other thread of this process has, not even an inherited one.
pub(super) fn this_thread() -> u32 {
    static THREADS: AtomicU32 = AtomicU32::new(1);
    NUMBER.with(|number| {
        if number.get() == 0 {
            number.set(THREADS.fetch_add(1, Ordering::Relaxed));
        }
        number.get()
    })
}

/// Whether a fork is under way for which the gates are closed, and then whether it is the calling thread's.
pub(super) fn under_way() -> Option<bool> {
    let forking = FORKING.load(Ordering::Acquire);
    // One that was inherited is over.
    (forking >> 32 == generation()).then(|| forking == forking_here())
}

fn forking_here() -> u64 {
    (generation() << 32) | u64::from(this_thread())
}

extern "C" fn prepare() {
    let until = Instant::now() + PATIENCE;
    let here = forking_here();
    loop {
        let seen = FORKING.load(Ordering::Acquire);
        if seen == here {
            return; // Registered twice: the other registration has done it.
        }
        let is_inherited = seen >> 32 != here >> 32;
        if (seen == 0 || is_inherited)
            && FORKING.compare_exchange(seen, here, Ordering::AcqRel, Ordering::Relaxed).is_ok()
        {
            break;
        }
        if Instant::now() >= until {
            BLIND.set(generation());
            gate::begin_blind_fork();
            return;
        }
        thread::yield_now();
    }
    gate::close_all(until);
    locks::prepare(until);
    // It is seldom that one does, and a child without connections goes on, where this one would hang.
    attach::prepare(Instant::now() + PATIENCE);
}

extern "C" fn parent() {
    if FORKING.load(Ordering::Acquire) == forking_here() {
        gate::reopen_all();
        locks::parent();
        attach::parent();
        FORKING.store(0, Ordering::Release);
    }
    if BLIND.get() == generation() {
        BLIND.set(0);
        gate::end_blind_fork();
    }
}

/// Nothing else may be done here: the child of a process with threads may call little until it execs, and
/// what it inherits is in an unknown state.
extern "C" fn child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    locks::child();
    attach::child();
}
