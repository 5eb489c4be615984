//! A handle with bytes behind it in the same block of memory: as many as it takes, and one allocation.

use std::{
    alloc::{Layout, alloc, dealloc},
    mem::{ManuallyDrop, offset_of},
    ptr::{self, NonNull},
    slice,
};

use super::{Handle, Owner, Tagged};

/// A handle and its bytes.
#[repr(C)]
pub(super) struct Tailed<T: Handle, B: ?Sized = [u8; 0]> {
    /// C's pointer points here.
    tagged: Tagged<T>,
    length: usize,
    tail: B,
}

/// The place of a handle that is not made yet, with its bytes.
#[derive(Debug)]
pub(crate) struct Place<T: Handle> {
    at: NonNull<Tailed<T>>,
    length: usize,
}

impl<T: Handle> Place<T> {
    /// A place with copies of all `pieces`, one behind the other. None if there is no memory for it.
    #[inline]
    pub(crate) fn holding(pieces: &[&[u8]]) -> Option<Self> {
        const { assert!(T::HAS_TAIL) };
        let length = pieces.iter().try_fold(0, |sum: usize, piece| sum.checked_add(piece.len()))?;
        // SAFETY: a handle has a size.
        let at = NonNull::new(unsafe { alloc(layout::<T>(length)?) })?;
        let place = Self { at: at.cast(), length };
        let mut end = place.tail();
        for piece in pieces {
            // SAFETY: the tail has room for all pieces, and nobody else knows of it yet.
            unsafe {
                ptr::copy_nonoverlapping(piece.as_ptr(), end, piece.len());
                end = end.add(piece.len());
            }
        }
        Some(place)
    }

    /// The copies.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: all of the tail was written, and is not written again.
        unsafe { slice::from_raw_parts(self.tail(), self.length) }
    }

    /// Makes the handle and gives it to C, which ends it through [`Call::end`](crate::boundary::Call::end).
    pub(crate) fn give(self, value: T) -> *mut T {
        let place = ManuallyDrop::new(self);
        let whole = place.at.as_ptr();
        // SAFETY: the place is as large as its layout, and belongs to nobody yet.
        unsafe {
            (&raw mut (*whole).length).write(place.length);
            (&raw mut (*whole).tagged).write(Tagged { tag: T::TAG, owner: Owner::Host, value });
        }
        whole.cast()
    }

    fn tail(&self) -> *mut u8 {
        // SAFETY: the tail, though it may be empty, is inside of the place.
        unsafe { (&raw mut (*self.at.as_ptr()).tail).cast() }
    }
}

impl<T: Handle> Drop for Place<T> {
    fn drop(&mut self) {
        if let Some(layout) = layout::<T>(self.length) {
            // SAFETY: it was allocated with this layout, and nothing was made of it.
            unsafe { dealloc(self.at.as_ptr().cast(), layout) };
        }
    }
}

/// How a handle with `length` bytes lies in memory.
fn layout<T: Handle>(length: usize) -> Option<Layout> {
    let size = offset_of!(Tailed<T>, tail).checked_add(length)?;
    Layout::from_size_align(size, align_of::<Tailed<T>>()).ok().map(|layout| layout.pad_to_align())
}

/// The bytes of a handle.
///
/// # Safety
///
/// The handle must be a live one that [`Place::give`] gave, and stay so for `'a`.
pub(super) unsafe fn tail<'a, T: Handle>(handle: *const Tagged<T>) -> &'a [u8] {
    const { assert!(T::HAS_TAIL) };
    let whole: *const Tailed<T> = handle.cast();
    // SAFETY: there are `length` bytes, all of which were written, and are not written again.
    unsafe { slice::from_raw_parts((&raw const (*whole).tail).cast(), (*whole).length) }
}

/// The handle and its bytes, to be dropped.
///
/// # Safety
///
/// The handle must be a live one that [`Place::give`] gave, and nobody may use it any more.
pub(super) unsafe fn whole<T: Handle>(handle: *mut Tagged<T>) -> Box<Tailed<T, [u8]>> {
    let whole: *mut Tailed<T> = handle.cast();
    // SAFETY: it was allocated with the layout of this type, whose last field has so many bytes.
    unsafe {
        let fat = ptr::slice_from_raw_parts_mut(whole.cast::<u8>(), (*whole).length);
        Box::from_raw(fat as *mut Tailed<T, [u8]>)
    }
}
