//! Where C ends and Rust begins: the one place that catches panics, and turns a failure into a status.

use std::{
    any::Any,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    ptr,
};

use crate::{
    error::{Failure, trackside_error},
    status::{TRACKSIDE_OK, TRACKSIDE_PANIC, trackside_status},
};

/// Witnesses that an exported function is running, and so that a caller has promised what the function's
/// `# Safety` section asks for. What `handle`, `view` and `text` make of a caller's pointers borrows from
/// it, and so cannot outlive the call.
#[derive(Debug)]
pub(crate) struct Call(());

#[cfg(test)]
impl Call {
    /// A call for a test, which is the caller and so answers for its pointers.
    pub(crate) fn of_a_test() -> Self {
        Self(())
    }
}

/// Runs the body of a function that returns a status. A failure is told in `error` too, unless that is
/// NULL.
pub(crate) fn enter(
    error: *mut trackside_error,
    body: impl FnOnce(&Call) -> Result<(), Failure>,
) -> trackside_status {
    let Err(failure) = caught(body) else {
        return TRACKSIDE_OK;
    };
    tell(error, &failure);
    failure.status()
}

/// As [`enter`], for a function whose error struct the body finds: until then a failure is not told.
pub(crate) fn enter_finding(
    body: impl FnOnce(&Call, &mut *mut trackside_error) -> Result<(), Failure>,
) -> trackside_status {
    let mut error = ptr::null_mut();
    let Err(failure) = caught(|call| body(call, &mut error)) else {
        return TRACKSIDE_OK;
    };
    tell(error, &failure);
    failure.status()
}

#[cold]
fn tell(error: *mut trackside_error, failure: &Failure) {
    if let Some(out) = Call(()).error(error) {
        let told = failure.to_error(out.size());
        out.set(&told);
    }
}

/// As [`enter`], for a function that takes something over: `body` is given what `own` made of it, and however
/// the call fails after that, it is dropped.
pub(crate) fn enter_owning<T>(
    error: *mut trackside_error,
    own: impl FnOnce(&Call) -> Result<T, Failure>,
    body: impl FnOnce(&Call, T) -> Result<(), Failure>,
) -> trackside_status {
    let owned = guarded(|| own(&Call(())));
    enter(error, |call| body(call, owned?))
}

/// Runs the body of a function that has no status to return: whatever fails, the answer is `otherwise`.
pub(crate) fn answer<T>(otherwise: T, body: impl FnOnce(&Call) -> Result<T, Failure>) -> T {
    caught(body).unwrap_or(otherwise)
}

fn caught<T>(body: impl FnOnce(&Call) -> Result<T, Failure>) -> Result<T, Failure> {
    guarded(|| {
        #[cfg(any(test, feature = "_inject-panic"))]
        inject::panic_if_asked();
        body(&Call(()))
    })
}

fn guarded<T>(run: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    // A handle that a panic left half changed stays a valid one: what it holds keeps its own invariants.
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(result) => result,
        Err(panic) => Err(bug(panic)),
    }
}

#[cold]
fn bug(panic: Box<dyn Any + Send>) -> Failure {
    let text = format!("a bug of trackside, please report it: {}", said(&*panic));
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        mem::forget(second); // Or it could go on for ever.
    }
    Failure::new(TRACKSIDE_PANIC, text)
}

/// What `panic!` was called with, if that was a text.
fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("it said nothing")
}

/// Makes calls panic, as a bug would. It is not part of the library that is shipped.
#[cfg(any(test, feature = "_inject-panic"))]
pub(crate) mod inject {
    use std::{
        cell::Cell,
        panic::{panic_any, resume_unwind},
    };

    thread_local! {
        static NEXT: Cell<i32> = const { Cell::new(0) };
    }

    /// Makes this thread's next call panic: 1 with a text, 2 with what panics again when it is dropped,
    /// 0 not at all. Or the next that comes there: 3 while headers are looked at, 4 before a verdict is kept.
    ///
    /// # Safety
    ///
    /// Nothing is asked for.
    #[unsafe(no_mangle)]
    pub unsafe extern "C" fn trackside_inject_panic(kind: i32) {
        NEXT.set(kind);
    }

    /// While headers are looked at, in the midst of a begin or of a finish.
    pub(crate) const MIDWAY: i32 = 3;
    /// When an exchange is over, and before its verdict is kept.
    pub(crate) const LATE: i32 = 4;

    #[allow(clippy::panic, reason = "it stands for a bug")]
    pub(super) fn panic_if_asked() {
        match NEXT.get() {
            1 => {
                NEXT.set(0);
                panic!("injected")
            }
            2 => {
                NEXT.set(0);
                panic_any(PanicsOnDrop)
            }
            _ => {}
        }
    }

    #[allow(clippy::panic, reason = "it stands for a bug")]
    pub(crate) fn panic_if_asked_at(place: i32) {
        if NEXT.get() == place {
            NEXT.set(0);
            panic!("injected")
        }
    }

    struct PanicsOnDrop;

    impl Drop for PanicsOnDrop {
        fn drop(&mut self) {
            resume_unwind(Box::new(()));
        }
    }
}

#[cfg(test)]
#[path = "boundary_test.rs"]
mod test;
