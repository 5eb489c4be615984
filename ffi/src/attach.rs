//! Threads of the library's that make themselves known to the host, and forks that are kept out of that.

use std::ffi::c_void;

use trackside_transports::pool::fork;

use crate::{
    boundary::{answer, enter},
    callback::{HostAttach, Seat, Userdata},
    error::trackside_error,
    status::trackside_status,
};

/// Makes the calling thread known to the host's runtime, such as an interpreter: does what that does when it meets a
/// thread, and nothing else, for no fork happens meanwhile. It must return, and not by an exception.
pub type trackside_attach = Option<unsafe extern "C" fn(userdata: *mut c_void)>;

/// Has each thread of the library's call `attach` once, before it calls any other function of the host's: for the
/// whole process, and from now on. With NULL threads that have not done so yet do not.
///
/// It is for a host whose runtime takes locks of its own to write down a thread that it meets, and to forget one that
/// ends, as CPython does: a fork at that moment would leave them taken in the child. So a thread is inside `attach`,
/// and runs its destructors of pthread_key_create as it ends, while nobody forks. A fork waits for it, for at most
/// 100 ms, and a thread for a fork, for at most a second.
///
/// Each call keeps some bytes for good, and what was given before may still be called when it returns; so `userdata`
/// must live as long as the process.
///
/// Threads: any, at any time. Statuses: TRACKSIDE_OK alone.
///
/// # Safety
///
/// `attach` is NULL or may be called as said above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_attach_set(
    attach: trackside_attach,
    userdata: *mut c_void,
    error: *mut trackside_error,
) -> trackside_status {
    enter(error, |_| {
        fork::install();
        let host = attach.map(|attach| HostAttach { attach, userdata: Userdata::new(userdata) });
        ATTACH.put(Box::leak(Box::new(Attach(host))));
        Ok(())
    })
}

/// Says that the calling thread is about to fork. It waits, for at most a second, until no thread is inside
/// trackside_attach or at its end, and keeps others from it until trackside_fork_end.
///
/// It is for a host that forks while it holds what trackside_attach waits for, as CPython's os.fork holds the GIL:
/// there it is called before, and without it. Forks of other hosts need neither, the library's handlers of
/// pthread_atfork do the same; without it they would wait for those 100 ms in vain, and then fork.
///
/// Threads: any, at any time.
///
/// # Safety
///
/// Nothing is asked for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_fork_begin() {
    answer((), |_| {
        fork::begin();
        Ok(())
    });
}

/// Says that the fork is over: once for each trackside_fork_begin, in the parent alone, also if there was no fork.
///
/// Threads: any, at any time.
///
/// # Safety
///
/// Nothing is asked for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_fork_end() {
    answer((), |_| {
        fork::end();
        Ok(())
    });
}

/// What was given last.
static ATTACH: Seat<Attach> = Seat::empty();

#[derive(Debug)]
pub(crate) struct Attach(Option<HostAttach>);

impl Attach {
    /// How threads make themselves known, if they are to.
    pub(crate) fn get() -> Option<&'static HostAttach> {
        ATTACH.get()?.0.as_ref()
    }
}
