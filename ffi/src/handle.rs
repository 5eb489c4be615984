//! What stands behind C's opaque pointers.
//!
//! A handle is a value with a tag in front of it, and C's pointer points at the tag: a function that is
//! given a handle of another type sees that before it looks further. The tag is overwritten when the
//! handle ends, so that most uses after that are seen too; they are undefined all the same.
//!
//! # Soundness
//!
//! The methods of [`Call`] here are safe though they follow raw pointers: a `Call` exists only while an
//! exported function runs, whose caller has promised that a pointer is NULL, or points at a live handle of
//! any type; that nobody changes the handle while a call reads it; that a call which changes it has it for itself; and that
//! what was lent to it stays where it is, unchanged, until it has ended.

mod tail;

use std::{fmt, ptr};

pub(crate) use self::tail::{Pieces, Place};

use crate::{boundary::Call, error::Failure};

/// The value behind an opaque pointer. C's name for its pointer's target is the type's own. C may read it from
/// several threads at once, and end it on another than it was made on.
pub(crate) trait Handle: Sized + Send + Sync {
    /// What stands before a live one; no two types have the same.
    const TAG: Tag;
    /// What C calls it, for error texts.
    const NAME: &'static str;
    /// Whether bytes stand behind it: then [`Place`] makes it, and nobody else.
    const HAS_TAIL: bool = false;
}

/// What stands before a live handle: four bytes that a debugger shows as a word.
pub(crate) type Tag = [u8; 4];

/// What stands before a handle that has ended.
const ENDED: Tag = *b"GONE";

/// A value with its tag. On the heap it belongs to C, which frees it; elsewhere C only borrows it.
#[repr(C)]
pub(crate) struct Tagged<T: Handle> {
    tag: Tag,
    owner: Owner,
    value: T,
}

/// Who ends a handle.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
enum Owner {
    Host = 1,
    Library = 2,
}

impl<T: Handle> Tagged<T> {
    /// A handle that the library keeps: C may use it until it is dropped, and cannot free it.
    pub(crate) fn new(value: T) -> Self {
        const { assert!(!T::HAS_TAIL) };
        Self { tag: T::TAG, owner: Owner::Library, value }
    }

    /// The value.
    pub(crate) fn get(&self) -> &T {
        &self.value
    }

    /// The value, to change.
    pub(crate) fn get_mut(&mut self) -> &mut T {
        &mut self.value
    }

    /// What C is given to read it by. It is valid while `self` stays where it is, unchanged.
    pub(crate) fn as_ptr(&self) -> *const T {
        ptr::from_ref(self).cast()
    }

    /// What C is given to use it by. It is valid while `self` stays where it is and nobody else uses it.
    pub(crate) fn as_mut_ptr(&mut self) -> *mut T {
        ptr::from_mut(self).cast()
    }
}

impl<T: Handle> Drop for Tagged<T> {
    fn drop(&mut self) {
        // SAFETY: the tag is ours to write. Volatile, or the compiler would leave out a write that nobody
        // may read any more.
        unsafe { ptr::write_volatile(&mut self.tag, ENDED) }
    }
}

impl<T: Handle + fmt::Debug> fmt::Debug for Tagged<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

/// Puts a value on the heap and gives it to C, which ends it through [`Call::end`].
pub(crate) fn give<T: Handle>(value: T) -> *mut T {
    const { assert!(!T::HAS_TAIL) };
    Box::into_raw(Box::new(Tagged { tag: T::TAG, owner: Owner::Host, value })).cast()
}

impl Call {
    /// The value behind `pointer`, to read.
    pub(crate) fn shared<T: Handle>(&self, pointer: *const T, argument: &str) -> Result<&T, Failure> {
        let tagged = checked(pointer, argument)?;
        // SAFETY: the tag says that it is a live one of this type, and the caller that nobody changes it.
        Ok(unsafe { &(*tagged).value })
    }

    /// The value behind `pointer`, to change.
    #[allow(clippy::mut_from_ref, reason = "what is borrowed from the call is the caller's promise")]
    pub(crate) fn exclusive<T: Handle>(&self, pointer: *mut T, argument: &str) -> Result<&mut T, Failure> {
        let tagged = checked(pointer, argument)?;
        // SAFETY: as for `shared`, and the caller lets nobody else use it meanwhile.
        Ok(unsafe { &mut (*tagged.cast_mut()).value })
    }

    /// Ends a handle that [`give`] gave, or [`Place::give`]. Nothing happens with NULL, with what is no such
    /// handle, and with one that the library keeps.
    pub(crate) fn end<T: Handle>(&self, pointer: *mut T) -> Result<(), Failure> {
        let tagged = checked(pointer, "handle")?.cast_mut();
        // SAFETY: it is a live one of this type.
        if unsafe { (*tagged).owner } == Owner::Host {
            // SAFETY: the host has it from `give`, and nobody uses it any more.
            unsafe { if T::HAS_TAIL { drop(tail::whole(tagged)) } else { drop(Box::from_raw(tagged)) } }
        }
        Ok(())
    }
}

/// Whether `pointer` points at a live handle of type `T`.
#[inline]
fn checked<T: Handle>(pointer: *const T, argument: &str) -> Result<*const Tagged<T>, Failure> {
    let tagged: *const Tagged<T> = pointer.cast();
    // SAFETY: the caller has promised a handle, and all of them begin with a tag, which has no alignment.
    if tagged.is_null() || !tagged.is_aligned() || unsafe { tagged.cast::<Tag>().read() } != T::TAG {
        return Err(refused(tagged.is_null(), argument, T::NAME));
    }
    Ok(tagged)
}

#[cold]
#[inline(never)]
fn refused(is_null: bool, argument: &str, expected: &str) -> Failure {
    if is_null { Failure::null(argument) } else { Failure::wrong_handle(argument, expected) }
}

#[cfg(test)]
#[path = "handle_test.rs"]
mod test;
