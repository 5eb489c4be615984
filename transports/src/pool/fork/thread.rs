use std::{io, thread};

use super::attach::as_own_thread;

/// Starts a thread that nobody waits for; what panics in it ends it and nothing else. A write into a pipe that nobody
/// reads, or beyond the size that a file may have, fails there, and raises no signal that would end the host.
///
/// In a forked child of Unix it is not the standard library's. That one takes a lock of the whole process as
/// each of its threads begins and ends, to report overflowing stacks; a fork that comes while any thread of
/// the host does so leaves the lock taken, and no such thread gets anywhere in the child.
///
/// # Errors
///
/// The system's, if it has no thread to give.
pub fn spawn(name: &str, stack: usize, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let work = || {
        #[cfg(unix)]
        bare::survive_writes();
        as_own_thread(work)
    };
    #[cfg(unix)]
    if super::is_child() {
        return bare::spawn(name, stack, work);
    }
    let mut thread = thread::Builder::new().stack_size(stack);
    // A NUL would panic.
    thread = thread.name(name.replace('\0', ""));
    thread.spawn(work).map(drop)
}

#[cfg(unix)]
mod bare {
    use std::{
        ffi::c_void,
        io,
        mem::{self, MaybeUninit},
        panic::{AssertUnwindSafe, catch_unwind},
        ptr,
    };

    pub(super) fn spawn<F: FnOnce() + Send + 'static>(name: &str, stack: usize, work: F) -> io::Result<()> {
        let job = Box::into_raw(Box::new(Job { name: Name::new(name), work }));
        // SAFETY: `run::<F>` takes what `job` points to, once.
        let failed = unsafe { create(stack, run::<F>, job.cast()) };
        if failed != 0 {
            // SAFETY: it came from `Box::into_raw` above, and there is no thread that would take it.
            drop(unsafe { Box::from_raw(job) });
            return Err(io::Error::from_raw_os_error(failed));
        }
        Ok(())
    }

    /// Blocks the signals that a write of the calling thread may raise, as far as they would end the process: programs
    /// that the host's hooks start from here inherit that.
    pub(super) fn survive_writes() {
        let mut signals = MaybeUninit::uninit();
        // SAFETY: set and action are made before they are read, and no other thread's mask changes. No call here fails
        // with such arguments, and where one did the signal would end the process as before.
        unsafe {
            libc::sigemptyset(signals.as_mut_ptr());
            for signal in [libc::SIGPIPE, libc::SIGXFSZ] {
                let mut action = MaybeUninit::<libc::sigaction>::zeroed();
                libc::sigaction(signal, ptr::null(), action.as_mut_ptr());
                if action.assume_init().sa_sigaction == libc::SIG_DFL {
                    libc::sigaddset(signals.as_mut_ptr(), signal);
                }
            }
            libc::pthread_sigmask(libc::SIG_BLOCK, signals.as_ptr(), ptr::null_mut());
        }
    }

    struct Job<F> {
        name: Name,
        work: F,
    }

    /// Answers the number of an error, or 0.
    ///
    /// # Safety
    ///
    /// `run` may be called with `job` on another thread.
    unsafe fn create(
        stack: usize,
        run: extern "C" fn(*mut c_void) -> *mut c_void,
        job: *mut c_void,
    ) -> libc::c_int {
        let (mut attributes, mut thread) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        let attributes = attributes.as_mut_ptr();
        // SAFETY: the attributes are used between `init` and `destroy`; the caller answers for the rest.
        unsafe {
            let failed = libc::pthread_attr_init(attributes);
            if failed != 0 {
                return failed;
            }
            let mut failed = libc::pthread_attr_setstacksize(attributes, stack);
            if failed == 0 {
                failed = libc::pthread_attr_setdetachstate(attributes, libc::PTHREAD_CREATE_DETACHED);
            }
            if failed == 0 {
                failed = libc::pthread_create(thread.as_mut_ptr(), attributes, run, job);
            }
            libc::pthread_attr_destroy(attributes);
            failed
        }
    }

    extern "C" fn run<F: FnOnce()>(job: *mut c_void) -> *mut c_void {
        // SAFETY: `spawn` made it of a `Box<Job<F>>`, and hands it to this one thread.
        let job = *unsafe { Box::from_raw(job.cast::<Job<F>>()) };
        job.name.set();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(job.work)) {
            mem::forget(panic); // Its drop could panic, too.
        }
        ptr::null_mut()
    }

    /// What Linux shows of a thread's name.
    struct Name([u8; 16]);

    impl Name {
        fn new(name: &str) -> Self {
            let mut bytes = [0; 16];
            // One stays 0.
            for (to, from) in bytes.iter_mut().take(15).zip(name.bytes().filter(|&byte| byte != 0)) {
                *to = from;
            }
            Self(bytes)
        }

        /// Names the calling thread, where that is done so.
        fn set(&self) {
            #[cfg(any(target_os = "linux", target_os = "android"))]
            // SAFETY: the name ends with a 0.
            unsafe {
                libc::pthread_setname_np(libc::pthread_self(), self.0.as_ptr().cast());
            }
        }
    }
}
