//! A handle with bytes behind it in the same block of memory: as many as it takes, and one allocation.

use std::{
    alloc::{Layout, alloc, dealloc},
    mem::{self, offset_of},
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

/// Where pieces lie that stand, or that are shown, behind a handle. It belongs into that handle: what it points at lives
/// as long.
#[derive(Debug)]
pub(crate) struct Pieces<const N: usize> {
    table: NonNull<[*const [u8]; N]>,
    /// How many bytes of copies stand behind the table; none if the pieces are elsewhere.
    copied: usize,
}

// SAFETY: nobody writes to what is pointed at, and it belongs to no thread.
unsafe impl<const N: usize> Send for Pieces<N> {}
// SAFETY: as above.
unsafe impl<const N: usize> Sync for Pieces<N> {}

impl<const N: usize> Pieces<N> {
    /// The `n`th of them.
    #[inline]
    pub(crate) fn get(&self, n: usize) -> Option<&[u8]> {
        // SAFETY: the table was written, and lives as long as the handle, as does what is in it.
        unsafe { self.table.as_ref().get(n).map(|piece| &**piece) }
    }

    /// Of copies, the `n`th and all that stands behind it: what is further, if there are `n` of them.
    #[inline]
    pub(crate) fn all_from(&self, n: usize) -> &[u8] {
        // SAFETY: behind the table there are as many bytes, all of which were written.
        let copies = unsafe { slice::from_raw_parts(self.table.add(1).cast().as_ptr(), self.copied) };
        let before = (0..n).filter_map(|n| self.get(n)).map(<[u8]>::len).sum::<usize>();
        copies.get(before..).unwrap_or_default()
    }
}

/// The place of a handle that is not made yet, with `N` pieces for it.
#[derive(Debug)]
pub(crate) struct Place<T: Handle, const N: usize> {
    at: NonNull<Tailed<T>>,
    /// How many bytes there are behind the handle.
    length: usize,
}

impl<T: Handle, const N: usize> Place<T, N> {
    const TABLE: usize = size_of::<[*const [u8]; N]>();

    /// A place for a handle that is shown `pieces` where they lie, which is safe as the host has promised that they stay
    /// there until the handle has ended. None if there is no memory for it.
    #[inline]
    pub(crate) fn showing(pieces: &[&[u8]; N]) -> Option<Self> {
        let place = Self::with_room(0)?;
        // SAFETY: there is room for it, and nobody else knows of it yet; a reference lies in memory as a pointer does.
        unsafe { place.table().write(ptr::from_ref(pieces).cast::<[*const [u8]; N]>().read()) }
        Some(place)
    }

    /// A place for a handle with copies of `pieces`, one behind the other, and of `further` ones behind them. None if
    /// there is no memory for it.
    ///
    /// Not in line, so that its loops stay loops: all code of a request has to fit into the processor's cache.
    #[inline(never)]
    pub(crate) fn holding(pieces: &[&[u8]; N], further: &[&[u8]]) -> Option<Self> {
        let add = |sum: usize, piece: &&[u8]| sum.checked_add(piece.len());
        let copied = further.iter().try_fold(pieces.iter().try_fold(0, add)?, add)?;
        let place = Self::with_room(copied)?;
        let table = place.table();
        // SAFETY: it is the end of the table.
        let mut end: *mut u8 = unsafe { table.add(1) }.cast().as_ptr();
        let mut copy = |piece: &[u8]| {
            let copy = ptr::slice_from_raw_parts(end, piece.len());
            // Some are empty, and a call that copies nothing costs as much as one that copies little.
            if !piece.is_empty() {
                // SAFETY: there is room for all of them, and nobody else knows of it yet.
                unsafe {
                    ptr::copy_nonoverlapping(piece.as_ptr(), end, piece.len());
                    end = end.add(piece.len());
                }
            }
            copy
        };
        for (n, piece) in pieces.iter().enumerate() {
            // SAFETY: there is room for the table, which has as many.
            unsafe { table.cast::<*const [u8]>().add(n).write(copy(piece)) };
        }
        for piece in further {
            copy(piece);
        }
        Some(place)
    }

    /// The pieces, for the value that will be in the place.
    #[inline]
    pub(crate) fn pieces(&self) -> Pieces<N> {
        Pieces { table: self.table(), copied: self.length - Self::TABLE }
    }

    /// A place with room for a table of pieces, and for so many bytes behind it.
    #[inline]
    fn with_room(bytes: usize) -> Option<Self> {
        let length = bytes.checked_add(Self::TABLE)?;
        // SAFETY: a handle has a size.
        let at = NonNull::new(unsafe { alloc(layout::<T>(length)?) })?;
        Some(Self { at: at.cast(), length })
    }

    #[inline]
    fn table(&self) -> NonNull<[*const [u8]; N]> {
        const { assert!(T::HAS_TAIL && offset_of!(Tailed<T>, tail).is_multiple_of(align_of::<*const [u8]>())) };
        // SAFETY: the tail is inside of the place.
        unsafe { self.at.byte_add(offset_of!(Tailed<T>, tail)) }.cast()
    }

    /// Makes the handle, whose value `write` writes, and gives it to C, which ends it through
    /// [`Call::end`](crate::boundary::Call::end); and what `write` answers.
    ///
    /// # Safety
    ///
    /// `write` writes all of the value.
    #[inline]
    pub(crate) unsafe fn give<A>(self, write: impl FnOnce(*mut T) -> A) -> (*mut T, A) {
        let whole = self.at.as_ptr();
        // SAFETY: the place is as large as its layout, and belongs to nobody yet.
        let answer = unsafe {
            (&raw mut (*whole).length).write(self.length);
            (&raw mut (*whole).tagged.tag).write(T::TAG);
            (&raw mut (*whole).tagged.owner).write(Owner::Host);
            write(&raw mut (*whole).tagged.value)
        };
        mem::forget(self);
        (whole.cast(), answer)
    }
}

impl<T: Handle, const N: usize> Drop for Place<T, N> {
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
