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

/// Where a piece ends, as bytes of the tail. All of them stand in front: the first piece begins behind them.
type End = [u8; size_of::<usize>()];

/// The pieces in the bytes of a handle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pieces<'a, const N: usize> {
    ends: &'a [End; N],
    /// The ends and the pieces.
    bytes: &'a [u8],
}

impl<'a, const N: usize> Pieces<'a, N> {
    /// Those that [`Place::holding`] copied to these bytes; of others, empty ones.
    #[inline]
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        match bytes.as_chunks().0.first_chunk() {
            Some(ends) => Self { ends, bytes },
            None => Self { ends: &[[0; size_of::<End>()]; N], bytes: &[] },
        }
    }

    /// The `n`th of them.
    #[inline]
    pub(crate) fn get(self, n: usize) -> Option<&'a [u8]> {
        self.bytes.get(self.begin(n)?..self.end(n)?)
    }

    /// The `n`th and all that stands behind it: what is further, if there are `n` of them.
    #[inline]
    pub(crate) fn all_from(self, n: usize) -> &'a [u8] {
        self.begin(n).and_then(|begin| self.bytes.get(begin..)).unwrap_or_default()
    }

    #[inline]
    fn begin(self, n: usize) -> Option<usize> {
        if n > 0 { self.end(n - 1) } else { Some(N * size_of::<End>()) }
    }

    #[inline]
    fn end(self, n: usize) -> Option<usize> {
        self.ends.get(n).map(|end| usize::from_ne_bytes(*end))
    }
}

/// The place of a handle that is not made yet, with its bytes.
#[derive(Debug)]
pub(crate) struct Place<T: Handle> {
    at: NonNull<Tailed<T>>,
    length: usize,
}

impl<T: Handle> Place<T> {
    /// A place with copies of all `pieces`, one behind the other, and in front of them where each of the first `N`
    /// ends. None if there are fewer, or if there is no memory for it.
    ///
    /// Not in line, so that its loops stay loops: all code of a request has to fit into the processor's cache.
    #[inline(never)]
    pub(crate) fn holding<const N: usize>(pieces: &[&[u8]]) -> Option<Self> {
        const { assert!(T::HAS_TAIL) };
        let (numbered, further) = pieces.split_at_checked(N)?;
        let begin = size_of::<End>() * N;
        let length = pieces.iter().map(|piece| piece.len()).try_fold(begin, usize::checked_add)?;
        // SAFETY: a handle has a size.
        let at = NonNull::new(unsafe { alloc(layout::<T>(length)?) })?;
        let place = Self { at: at.cast(), length };
        let tail = place.tail();
        let mut end = begin;
        let mut copy = |piece: &[u8]| {
            // Some are empty, and a call that copies nothing costs as much as one that copies little.
            if !piece.is_empty() {
                // SAFETY: the tail has room for the ends and all that stands behind them, and nobody else knows of it
                // yet.
                unsafe { ptr::copy_nonoverlapping(piece.as_ptr(), tail.add(end), piece.len()) };
                end += piece.len();
            }
            end
        };
        for (n, piece) in numbered.iter().enumerate() {
            let end = copy(piece).to_ne_bytes();
            // SAFETY: as above.
            unsafe { tail.cast::<End>().add(n).write(end) };
        }
        for piece in further {
            copy(piece);
        }
        Some(place)
    }

    /// The ends and the copies.
    #[cfg(test)]
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
            // One by one: all at once would be put together elsewhere first.
            (&raw mut (*whole).tagged.tag).write(T::TAG);
            (&raw mut (*whole).tagged.owner).write(Owner::Host);
            (&raw mut (*whole).tagged.value).write(value);
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
