//! Memory as a host lends it: each piece for itself and no longer than it is said to be, so that the
//! sanitizer sees every byte read or written beyond it, and every look at it after the call.

use std::{
    alloc::{Layout, alloc, dealloc, handle_alloc_error},
    ptr::{self, NonNull},
    slice,
};

/// Some bytes on the heap, aligned for every type.
#[derive(Debug)]
pub struct Piece {
    place: NonNull<u8>,
    size: usize,
}

/// What stands in memory that nobody has written to.
pub const FILL: u8 = 0xa5;

/// It asks for as much alignment as anything.
#[repr(align(16))]
struct Widest;

impl Piece {
    /// As many bytes of [`FILL`].
    pub fn new(size: usize) -> Self {
        if size == 0 {
            return Self { place: NonNull::<Widest>::dangling().cast(), size };
        }
        let layout = layout(size);
        // SAFETY: the size is not 0.
        let Some(place) = NonNull::new(unsafe { alloc(layout) }) else { handle_alloc_error(layout) };
        // SAFETY: as many bytes were allocated.
        unsafe { place.write_bytes(FILL, size) };
        Self { place, size }
    }

    /// A copy of `bytes`.
    pub fn copy(bytes: &[u8]) -> Self {
        let this = Self::new(bytes.len());
        // SAFETY: it has as many bytes, and nobody else knows them.
        unsafe { this.place.copy_from_nonoverlapping(NonNull::from(bytes).cast(), bytes.len()) };
        this
    }

    /// A copy of the items.
    pub fn items<T: Copy>(items: &[T]) -> Self {
        let this = Self::new(size_of_val(items));
        // SAFETY: as above, and it is aligned for every type.
        unsafe { this.place.cast().copy_from_nonoverlapping(NonNull::from(items).cast::<T>(), items.len()) };
        this
    }

    /// Structs of a caller who knows only the first `size` bytes of `T`, or more than there are in `T`;
    /// each begins with that size.
    pub fn structs<T: Copy>(items: &[T], size: usize) -> Self {
        let this = Self::new(items.len() * size);
        for (n, item) in items.iter().enumerate() {
            // SAFETY: there are so many bytes, as often as there are items; what is copied ends with `T`;
            // and sizes are multiples of a word where there is more than one.
            unsafe {
                let place = this.place.add(n * size);
                place.copy_from_nonoverlapping(NonNull::from(item).cast(), size.min(size_of::<T>()));
                if size >= size_of::<usize>() {
                    place.cast::<usize>().write_unaligned(size);
                }
            }
        }
        this
    }

    /// Where it is.
    pub fn pointer<T>(&self) -> *mut T {
        self.place.as_ptr().cast()
    }

    /// What stands there now.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: they are initialised, and the library, which may have written there, does so during a
        // call alone.
        unsafe { slice::from_raw_parts(self.place.as_ptr(), self.size) }
    }

    /// The value that stands there now, if it is large enough.
    pub fn read<T: Copy>(&self) -> T {
        assert!(size_of::<T>() <= self.size);
        // SAFETY: there are as many bytes; the types that are read here may hold any.
        unsafe { ptr::read(self.pointer()) }
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        if self.size > 0 {
            // SAFETY: it was allocated with this layout.
            unsafe { dealloc(self.place.as_ptr(), layout(self.size)) }
        }
    }
}

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size, align_of::<Widest>()).expect("no more than the fuzzer gives")
}
