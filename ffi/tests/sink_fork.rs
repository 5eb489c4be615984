//! A host's sink in a process that forks while its worker is inside `deliver`: every process that frees what
//! it has is told once that its own copy can go.

#![allow(unsafe_code, reason = "it does what a host in C does")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]
#![cfg_attr(not(unix), allow(unused, reason = "there is no fork"))]

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
fn main() {
    host::run();
}

#[cfg(unix)]
mod host {
    use std::{
        ffi::c_void,
        io, process, ptr,
        sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::SeqCst},
        thread,
    };

    use trackside_ffi::*;

    const LONG: u64 = 60_000;
    const FORKS: usize = 50;
    const CONFIG: &str = "consent.policy = 'none'\nshutdown = '60s'\n
        [[destination]]\ntype = 'callback'\nbatch = { age = '0ms' }\n";

    /// What the sink sees of its host. Each process has its own copy.
    struct Host {
        parent: AtomicU32,
        /// Whether the parent's attempts may end.
        is_open: AtomicBool,
        begun: AtomicUsize,
        delivered: AtomicUsize,
        freed: AtomicUsize,
    }

    static HOST: Host = Host {
        parent: AtomicU32::new(0),
        is_open: AtomicBool::new(false),
        begun: AtomicUsize::new(0),
        delivered: AtomicUsize::new(0),
        freed: AtomicUsize::new(0),
    };

    unsafe extern "C" fn deliver(_: *mut c_void, batch: *mut trackside_batch) -> trackside_outcome {
        if HOST.freed.load(SeqCst) > 0 {
            process::abort();
        }
        HOST.begun.fetch_add(1, SeqCst);
        while process::id() == HOST.parent.load(SeqCst) && !HOST.is_open.load(SeqCst) {
            thread::yield_now();
        }
        // SAFETY: the batch is alive.
        HOST.delivered.fetch_add(unsafe { trackside_batch_count(batch) }, SeqCst);
        TRACKSIDE_OUTCOME_DELIVERED
    }

    unsafe extern "C" fn free(_: *mut c_void) {
        HOST.freed.fetch_add(1, SeqCst);
    }

    fn freed() -> usize {
        HOST.freed.load(SeqCst)
    }

    fn options() -> *mut trackside_options {
        let mut options = ptr::null_mut();
        let sink = trackside_sink {
            size: size_of::<trackside_sink>(),
            userdata: ptr::null_mut(),
            deliver: Some(deliver),
            free: Some(free),
        };
        let (toml, name) = (trackside_bytes::of(CONFIG), trackside_bytes::of("callback"));
        // SAFETY: the place is there, and the handle alive.
        unsafe {
            assert_eq!(trackside_options_new(&mut options, ptr::null_mut()), TRACKSIDE_OK);
            assert_eq!(trackside_options_toml(options, toml, ptr::null_mut()), TRACKSIDE_OK);
            assert_eq!(trackside_options_sink(options, name, &sink, ptr::null_mut()), TRACKSIDE_OK);
        }
        options
    }

    /// Opens a tracker and keeps the options.
    fn open(options: *const trackside_options) -> *mut trackside_tracker {
        let mut tracker = ptr::null_mut();
        // SAFETY: the place is there, and the handle alive.
        let opened = unsafe { trackside_tracker_open(options, &mut tracker, ptr::null_mut()) };
        assert_eq!(opened, TRACKSIDE_OK);
        tracker
    }

    /// A page view, which is tracked.
    fn visit(tracker: *const trackside_tracker) {
        let header = |name, value| trackside_header {
            name: trackside_bytes::of(name),
            value: trackside_bytes::of(value),
        };
        let host = header("host", "www.example.com");
        let html = header("content-type", "text/html");
        let request = trackside_request {
            size: size_of::<trackside_request>(),
            method: trackside_bytes::of("GET"),
            target: trackside_bytes::of("/"),
            authority: trackside_bytes::EMPTY,
            peer: trackside_bytes::EMPTY,
            headers: &host,
            header_count: 1,
            secure: false.into(),
            resolved: false.into(),
        };
        let response = trackside_response {
            size: size_of::<trackside_response>(),
            headers: &html,
            header_count: 1,
            status: 200,
        };
        let (mut exchange, mut reason, none) = (ptr::null_mut(), 77, ptr::null_mut());
        // SAFETY: the handles are alive, and all that the structs name is there.
        unsafe {
            assert_eq!(trackside_exchange_begin(tracker, &request, &mut exchange, none), TRACKSIDE_OK);
            assert_eq!(trackside_exchange_finish(exchange, &response, none), TRACKSIDE_OK);
            assert_eq!(trackside_exchange_reason(exchange, &mut reason, none), TRACKSIDE_OK);
            trackside_exchange_free(exchange);
        }
        assert_eq!(reason, TRACKSIDE_REASON_NONE);
    }

    fn close(tracker: *const trackside_tracker) {
        let size = size_of::<trackside_left>();
        let mut left = trackside_left { size, queued: 7, in_flight: 7, spooled: 7 };
        // SAFETY: the tracker is alive, and `left` is a struct of its size.
        let closed = unsafe { trackside_tracker_close(tracker, LONG, &mut left, ptr::null_mut()) };
        assert_eq!((closed, left.queued, left.in_flight), (TRACKSIDE_OK, 0, 0));
    }

    fn end(tracker: *mut trackside_tracker) {
        // SAFETY: the tracker is alive, and nobody has it any more.
        unsafe { trackside_tracker_free(tracker) }
    }

    fn end_options(options: *mut trackside_options) {
        // SAFETY: as above.
        unsafe { trackside_options_free(options) }
    }

    /// Runs `work` in a child, and waits until it has ended well.
    fn forked(work: impl FnOnce()) {
        // SAFETY: the child uses of what it inherits only what is fit for it; that is what is tested.
        let pid = unsafe { libc::fork() };
        assert_ne!(pid, -1, "fork: {}", io::Error::last_os_error());
        if pid == 0 {
            // SAFETY: no handler is installed, so that the signal ends a child that does not end by itself.
            unsafe { libc::alarm(120) };
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
            // SAFETY: the standard library's takes a lock that a thread of the parent may have held.
            unsafe { libc::exit(if done.is_ok() { 0 } else { 101 }) };
        }
        let mut status = 0;
        // SAFETY: `status` outlives the call.
        assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
        let is_well = libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0;
        assert!(is_well, "a child ended with status {status:#x}");
    }

    pub(super) fn run() {
        // SAFETY: as in `forked`.
        unsafe { libc::alarm(300) };
        HOST.parent.store(process::id(), SeqCst);
        let options = options();
        forked(|| {
            end_options(options);
            assert_eq!(freed(), 1, "a child frees options that opened nothing");
        });
        forked(|| {
            let tracker = open(options);
            visit(tracker);
            end(tracker);
            end_options(options);
            assert_eq!((HOST.delivered.load(SeqCst), freed()), (1, 1), "a child opens them");
        });

        let tracker = open(options);
        forked(|| {
            end(tracker);
            assert_eq!(freed(), 1, "a child frees a tracker that nobody used");
            end_options(options);
            assert_eq!(freed(), 1);
        });
        end_options(options);
        visit(tracker);
        while HOST.begun.load(SeqCst) == 0 {
            thread::yield_now();
        }

        // From here on the parent's worker has the sink in its hands.
        for n in 0..FORKS {
            forked(|| {
                HOST.begun.store(0, SeqCst);
                let visits = n % 3;
                (0..visits).for_each(|_| visit(tracker));
                if n % 2 == 0 {
                    close(tracker);
                    assert_eq!(freed(), 0);
                }
                if n % 5 == 0 {
                    // With or without a worker that is at rest.
                    forked(|| {
                        visit(tracker);
                        end(tracker);
                        assert_eq!(freed(), 1, "a child of the child's");
                    });
                    assert_eq!(freed(), 0);
                }
                end(tracker);
                assert_eq!((HOST.delivered.load(SeqCst), freed()), (visits, 1));
            });
            assert_eq!(freed(), 0, "the children's are not the parent's");
        }
        forked(|| visit(tracker)); // Closed by its exit, which frees nothing.

        HOST.is_open.store(true, SeqCst);
        close(tracker);
        assert_eq!((HOST.delivered.load(SeqCst), freed()), (1, 0));
        end(tracker);
        assert_eq!(freed(), 1);
        println!("sink_fork: {FORKS} forks from inside `deliver`, each process told once");
    }
}
