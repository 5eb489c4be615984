//! The host's functions, called from here.
//!
//! # Soundness
//!
//! A callback is given in an exported function, whose caller has promised that it may be called with its
//! userdata from any thread as long as that function says, and that it returns as functions of C do.
//!
//! One kind of host cannot keep the last promise: an interpreter that ends while a function of it is being called ends
//! the function's thread, too, by `pthread_exit` (CPython does, before 3.14). See [`Sunk`].

use std::{
    ffi::c_void,
    fmt,
    mem::{forget, transmute},
    ptr,
    sync::atomic::{AtomicPtr, Ordering},
    thread,
};

use trackside_core::visitor::DailyKey;
use trackside_transports::{clock::Clock, entropy::Entropy, keys::Keys, pool::fork};

use crate::{
    attach::Attach,
    batch::trackside_batch,
    edit::trackside_edit,
    handle::Tagged,
    hit::trackside_hit,
    hold::HandedOver,
    hooks::{trackside_editor, trackside_filter},
    sink::{TRACKSIDE_OUTCOME_UNKNOWN, trackside_deliver, trackside_outcome, trackside_release},
    status::{TRACKSIDE_OK, trackside_status},
    text::trackside_bytes,
    truth::trackside_truth,
};

/// What a host wants to see again in its callback.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Userdata(*mut c_void);

// SAFETY: it is only handed back; the host has promised that its callback may have it on any thread.
unsafe impl Send for Userdata {}
// SAFETY: as above.
unsafe impl Sync for Userdata {}

impl Userdata {
    pub(crate) fn new(userdata: *mut c_void) -> Self {
        Self(userdata)
    }
}

/// A host's clock.
pub(crate) struct HostClock {
    pub(crate) tell: unsafe extern "C" fn(userdata: *mut c_void) -> u64,
    pub(crate) userdata: Userdata,
}

impl Clock for HostClock {
    fn micros(&self) -> u64 {
        type Tell = unsafe extern "C-unwind" fn(*mut c_void) -> u64;

        // SAFETY: as in `HostSink::deliver`.
        let tell: Tell = unsafe { transmute(self.tell) };
        attach();
        let sunk = Sunk;
        // SAFETY: see the module's doc.
        let micros = unsafe { tell(self.userdata.0) };
        forget(sunk);
        micros
    }
}

impl fmt::Debug for HostClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HostClock")
    }
}

/// A host's randomness.
pub(crate) struct HostEntropy {
    pub(crate) fill: unsafe extern "C" fn(userdata: *mut c_void, bytes: *mut u8),
    pub(crate) userdata: Userdata,
}

impl Entropy for HostEntropy {
    fn draw(&self) -> [u8; 64] {
        type Fill = unsafe extern "C-unwind" fn(*mut c_void, *mut u8);

        let mut bytes = [0; 64];
        // SAFETY: as in `HostSink::deliver`.
        let fill: Fill = unsafe { transmute(self.fill) };
        attach();
        let sunk = Sunk;
        // SAFETY: see the module's doc; the function is told of as many bytes as there are.
        unsafe { fill(self.userdata.0, bytes.as_mut_ptr()) };
        forget(sunk);
        bytes
    }
}

impl fmt::Debug for HostEntropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HostEntropy")
    }
}

/// A host's keys.
pub(crate) struct HostKeys {
    pub(crate) fill: unsafe extern "C" fn(userdata: *mut c_void, day: u64, key: *mut u8) -> trackside_truth,
    pub(crate) userdata: Userdata,
}

impl Keys for HostKeys {
    fn key(&self, day: u64) -> Option<DailyKey> {
        type Fill = unsafe extern "C-unwind" fn(*mut c_void, u64, *mut u8) -> trackside_truth;

        let mut key = [0; 32];
        // SAFETY: as in `HostSink::deliver`.
        let fill: Fill = unsafe { transmute(self.fill) };
        attach();
        let sunk = Sunk;
        // SAFETY: see the module's doc; the function is told of as many bytes as there are.
        let is_there = unsafe { fill(self.userdata.0, day, key.as_mut_ptr()) };
        forget(sunk);
        is_there.get().then_some(DailyKey(key))
    }
}

impl fmt::Debug for HostKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HostKeys")
    }
}

/// A host's sink.
#[derive(Debug)]
pub(crate) struct HostSink {
    pub(crate) deliver: trackside_deliver,
    pub(crate) free: trackside_release,
    pub(crate) userdata: Userdata,
}

impl HostSink {
    /// Has the host make an attempt. The batch is the host's alone until it returns.
    pub(crate) fn deliver(&self, batch: &mut Tagged<trackside_batch>) -> trackside_outcome {
        type Deliver = unsafe extern "C-unwind" fn(*mut c_void, *mut trackside_batch) -> trackside_outcome;

        let Some(deliver) = self.deliver else {
            return TRACKSIDE_OUTCOME_UNKNOWN;
        };
        // SAFETY: the two differ in what a compiler may assume of how they end, and in nothing else.
        let deliver: Deliver = unsafe { transmute(deliver) };
        attach();
        let sunk = Sunk;
        // SAFETY: see the module's doc.
        let outcome = unsafe { deliver(self.userdata.0, batch.as_mut_ptr()) };
        forget(sunk);
        outcome
    }
}

impl HandedOver for HostSink {
    fn free(&self) {
        release(self.free, self.userdata);
    }
}

/// A host's hooks.
#[derive(Debug)]
pub(crate) struct HostHooks {
    pub(crate) filter: trackside_filter,
    pub(crate) edit: trackside_editor,
    pub(crate) free: trackside_release,
    pub(crate) userdata: Userdata,
}

impl HostHooks {
    /// What the host says of the hit, which is its own to read until it returns, and whether it wants it.
    pub(crate) fn filter(&self, hit: &Tagged<trackside_hit>) -> (trackside_status, bool) {
        type Filter =
            unsafe extern "C-unwind" fn(*mut c_void, *const trackside_hit, *mut trackside_truth) -> i32;

        let Some(filter) = self.filter else {
            return (TRACKSIDE_OK, true);
        };
        // SAFETY: the two differ in what a compiler may assume of how they end, and in nothing else.
        let filter: Filter = unsafe { transmute(filter) };
        let mut wanted = trackside_truth::from(true);
        attach();
        let sunk = Sunk;
        // SAFETY: see the module's doc.
        let status = unsafe { filter(self.userdata.0, hit.as_ptr(), &mut wanted) };
        forget(sunk);
        (status, wanted.get())
    }

    /// Has the host say in `edit`, which is its own until it returns, what is to be changed about the hit.
    pub(crate) fn edit(
        &self,
        hit: &Tagged<trackside_hit>,
        edit: &mut Tagged<trackside_edit>,
    ) -> trackside_status {
        type Editor =
            unsafe extern "C-unwind" fn(*mut c_void, *const trackside_hit, *mut trackside_edit) -> i32;

        let Some(editor) = self.edit else {
            return TRACKSIDE_OK;
        };
        // SAFETY: as in `filter`.
        let editor: Editor = unsafe { transmute(editor) };
        attach();
        let sunk = Sunk;
        // SAFETY: see the module's doc.
        let status = unsafe { editor(self.userdata.0, hit.as_ptr(), edit.as_mut_ptr()) };
        forget(sunk);
        status
    }
}

impl HandedOver for HostHooks {
    fn free(&self) {
        release(self.free, self.userdata);
    }
}

fn release(free: trackside_release, userdata: Userdata) {
    if let Some(free) = free {
        // SAFETY: see the module's doc, and `deliver`.
        let free: unsafe extern "C-unwind" fn(*mut c_void) = unsafe { transmute(free) };
        attach();
        let sunk = Sunk;
        // SAFETY: as above.
        unsafe { free(userdata.0) };
        forget(sunk);
    }
}

/// How threads of the library's make themselves known to the host.
#[derive(Debug)]
pub(crate) struct HostAttach {
    pub(crate) attach: unsafe extern "C" fn(userdata: *mut c_void),
    pub(crate) userdata: Userdata,
}

/// Goes before every call of a host's function: a thread of the library's makes itself known first, once.
fn attach() {
    type Function = unsafe extern "C-unwind" fn(*mut c_void);

    let Some(host) = Attach::get() else {
        return;
    };
    // Declared first, it goes last: no fork waits for a thread that rests in there.
    let sunk = Sunk;
    if let Some(attaching) = fork::attaching() {
        // SAFETY: as in `deliver`.
        let attach: Function = unsafe { transmute(host.attach) };
        // SAFETY: see the module's doc.
        unsafe { attach(host.userdata.0) };
        drop(attaching);
    }
    forget(sunk);
}

/// Stands between a host's function and the frames of this library. A thread that is being ended inside the
/// function unwinds its stack; no frame of Rust survives that, the first that catches aborts the process. So the
/// thread goes no further than this, and rests here until the process is gone. Its hits stay in flight.
struct Sunk;

impl Drop for Sunk {
    fn drop(&mut self) {
        loop {
            thread::park();
        }
    }
}

/// A host's log.
#[derive(Clone, Copy)]
pub(crate) struct HostLog {
    pub(crate) take: unsafe extern "C" fn(userdata: *mut c_void, level: i32, message: trackside_bytes),
    pub(crate) userdata: Userdata,
}

impl HostLog {
    pub(crate) fn take(self, level: i32, message: &str) {
        attach();
        // SAFETY: see the module's doc.
        unsafe { (self.take)(self.userdata.0, level, trackside_bytes::of(message)) }
    }

    pub(crate) fn is(self, other: Self) -> bool {
        ptr::fn_addr_eq(self.take, other.take) && self.userdata == other.userdata
    }
}

/// A place for something that lives for ever, such as one of the log's listeners. Nobody ever waits for it: a child
/// could be forked while somebody does.
#[derive(Debug)]
pub(crate) struct Seat<T: 'static>(AtomicPtr<T>);

impl<T: 'static> Seat<T> {
    pub(crate) const fn empty() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    pub(crate) fn get(&self) -> Option<&'static T> {
        // SAFETY: what is put here lives for ever, and nobody changes it.
        unsafe { self.0.load(Ordering::Acquire).as_ref() }
    }

    pub(crate) fn put(&self, held: &'static T) {
        self.0.store(ptr::from_ref(held).cast_mut(), Ordering::Release);
    }

    /// Puts `new` where `old` is, for ever; or gives it back, if another came first.
    pub(crate) fn replace(&self, old: Option<&'static T>, new: Box<T>) -> Result<&'static T, Box<T>> {
        let old = old.map_or(ptr::null_mut(), |old| ptr::from_ref(old).cast_mut());
        let new = Box::into_raw(new);
        match self.0.compare_exchange(old, new, Ordering::AcqRel, Ordering::Acquire) {
            // SAFETY: it is never freed, and nobody changes it.
            Ok(_) => Ok(unsafe { &*new }),
            // SAFETY: it came from the box above, and nobody else has seen it.
            Err(_) => Err(unsafe { Box::from_raw(new) }),
        }
    }
}
