//! The caller's memory: arrays and structs to read, places to write to.
//!
//! # Soundness
//!
//! The methods of [`Call`] here are safe though they follow raw pointers: a `Call` exists only while an
//! exported function runs, whose caller has promised that a pointer is NULL or points at as much valid
//! memory as the function says, which nobody else changes (or, where it is written, uses) meanwhile.

mod headers;

use std::{
    marker::PhantomData,
    mem::{MaybeUninit, size_of},
    ptr::{self, NonNull},
    slice, str,
};

pub(crate) use self::headers::HeaderArray;
use crate::{
    boundary::Call,
    error::{Failure, trackside_error},
    text::trackside_bytes,
};

/// A struct that begins with its own size as the caller knows it, and grows at its end.
///
/// # Safety
///
/// It is `repr(C)`, its first field is `size: usize`, and any bytes make a valid one: so no references, no
/// enums, and [`trackside_truth`](crate::trackside_truth) in place of `bool`. [`growing!`] implements it.
pub(crate) unsafe trait Growing: Copy {
    /// What C calls it.
    const NAME: &'static str;
    /// Its size when it was first published: no caller's is smaller.
    const FIRST: usize;
}

/// Implements [`Growing`] for a struct whose last field in its first version was `last`.
macro_rules! growing {
    ($struct:ident, last: $last:ident) => {
        // SAFETY: the assertion sees to the first field; the struct's author to the others, as its doc says.
        unsafe impl $crate::view::Growing for $struct {
            const NAME: &'static str = stringify!($struct);
            const FIRST: usize = {
                assert!(::std::mem::offset_of!($struct, size) == 0);
                const fn size<S, F>(_: fn(&S) -> &F) -> usize {
                    ::std::mem::size_of::<F>()
                }
                ::std::mem::offset_of!($struct, $last) + size(|it: &$struct| &it.$last)
            };
        }
    };
}
pub(crate) use growing;

// SAFETY: it is an address and a number. Who reads what is there needs a promise of its own.
unsafe impl Send for trackside_bytes {}
// SAFETY: as above.
unsafe impl Sync for trackside_bytes {}

/// The text in `bytes`, if that is UTF-8. ASCII, which most of it is, is told several times as fast as the rest. Not in
/// line: it is many instructions, and wanted in many places.
#[inline(never)]
pub(crate) fn text(bytes: &[u8]) -> Option<&str> {
    if bytes.is_ascii() {
        // SAFETY: all of ASCII is UTF-8.
        return Some(unsafe { str::from_utf8_unchecked(bytes) });
    }
    str::from_utf8(bytes).ok()
}

impl Call {
    /// The `length` items at `data`. NULL will do for none.
    #[inline]
    pub(crate) fn array<T: Copy>(
        &self,
        data: *const T,
        length: usize,
        argument: &str,
    ) -> Result<&[T], Failure> {
        let data = items(data, length, argument)?;
        // SAFETY: it is not NULL, aligned, and not too long; the caller has promised the rest.
        Ok(unsafe { slice::from_raw_parts(data.as_ptr(), length) })
    }

    /// A copy of the caller's struct. Fields that the caller does not know yet are zero; those that this
    /// library does not know yet are left out.
    pub(crate) fn read<T: Growing>(&self, pointer: *const T, argument: &str) -> Result<T, Failure> {
        let pointer = readable(pointer, argument)?;
        let size = size_of_callers(pointer, argument)?;
        Ok(copied(pointer, size))
    }

    /// Shows `look` the caller's struct where it is, or what [`read`](Self::read) makes of it if the caller knows
    /// less of it: it was filled a moment ago in small fields, and to copy it so soon stalls the processor.
    #[inline]
    pub(crate) fn look<T: Growing, R>(
        &self,
        pointer: *const T,
        argument: &str,
        look: impl FnOnce(&T) -> Result<R, Failure>,
    ) -> Result<R, Failure> {
        let pointer = readable(pointer, argument)?;
        let size = size_of_callers(pointer, argument)?;
        let copy;
        let shown = if size >= size_of::<T>() {
            // SAFETY: the caller has promised `size` bytes, which nobody changes meanwhile, and any make a valid struct.
            unsafe { pointer.as_ref() }
        } else {
            copy = copied(pointer, size);
            &copy
        };
        look(shown)
    }

    /// The caller's struct, to change where it is: one that all callers know the whole of.
    #[allow(clippy::mut_from_ref, reason = "what is borrowed from the call is the caller's promise")]
    pub(crate) fn change<T: Growing>(&self, pointer: *mut T, argument: &str) -> Result<&mut T, Failure> {
        const { assert!(T::FIRST == size_of::<T>()) };
        let mut pointer = readable(pointer, argument)?;
        size_of_callers(pointer, argument)?;
        // SAFETY: the caller has promised `size` bytes, which nobody else uses meanwhile, and any make a valid struct.
        Ok(unsafe { pointer.as_mut() })
    }

    /// Copies of the caller's structs, all of which are as large as the first one says.
    pub(crate) fn read_array<T: Growing>(
        &self,
        data: *const T,
        length: usize,
        argument: &str,
    ) -> Result<impl ExactSizeIterator<Item = T> + use<'_, T>, Failure> {
        let mut first = NonNull::dangling();
        let mut stride = 0;
        if length > 0 {
            first = readable(data, argument)?;
            stride = size_of_callers(first, &format!("{argument}[0]"))?;
            if stride % align_of::<T>() != 0 || length > isize::MAX as usize / stride {
                let problem =
                    format!("has {length} items of size {stride}, which cannot be; set each `size`");
                return Err(Failure::invalid(argument, &problem));
            }
            for n in 1..length {
                // SAFETY: the caller has promised `length` structs, one behind the other.
                let size = unsafe { first.byte_add(n * stride).cast::<usize>().read() };
                if size != stride {
                    let problem =
                        format!("has the size {size} where the first has {stride}; set each `size`");
                    return Err(Failure::invalid(&format!("{argument}[{n}]"), &problem));
                }
            }
        }
        // SAFETY: as above.
        Ok((0..length).map(move |n| copied(unsafe { first.byte_add(n * stride) }, stride)))
    }

    /// A place for a result.
    pub(crate) fn output<T: Copy>(&self, pointer: *mut T, argument: &str) -> Result<Output<'_, T>, Failure> {
        Ok(Output { place: readable(pointer, argument)?, call: PhantomData })
    }

    /// A place for a result that the caller may not want.
    pub(crate) fn optional_output<T: Copy>(
        &self,
        pointer: *mut T,
        argument: &str,
    ) -> Result<Option<Output<'_, T>>, Failure> {
        if pointer.is_null() { Ok(None) } else { self.output(pointer, argument).map(Some) }
    }

    /// A caller's struct for a result.
    pub(crate) fn struct_output<T: Growing>(
        &self,
        pointer: *mut T,
        argument: &str,
    ) -> Result<StructOutput<'_, T>, Failure> {
        let place = readable(pointer, argument)?;
        let size = size_of_callers(place, argument)?;
        Ok(StructOutput { place, size, call: PhantomData })
    }

    /// A caller's struct for a result that the caller may not want.
    pub(crate) fn optional_struct_output<T: Growing>(
        &self,
        pointer: *mut T,
        argument: &str,
    ) -> Result<Option<StructOutput<'_, T>>, Failure> {
        if pointer.is_null() { Ok(None) } else { self.struct_output(pointer, argument).map(Some) }
    }

    /// The caller's error struct, however small it is.
    pub(crate) fn error(&self, pointer: *mut trackside_error) -> Option<StructOutput<'_, trackside_error>> {
        let place = readable(pointer, "error").ok()?;
        // SAFETY: all callers' structs begin with their size.
        let size = unsafe { place.cast::<usize>().read() };
        Some(StructOutput { place, size, call: PhantomData })
    }

    /// A caller's buffer of `capacity` bytes. NULL will do for none.
    #[allow(clippy::mut_from_ref, reason = "what is borrowed from the call is the caller's promise")]
    pub(crate) fn buffer<T: Copy>(
        &self,
        data: *mut T,
        capacity: usize,
        argument: &str,
    ) -> Result<&mut [MaybeUninit<T>], Failure> {
        let data = items(data.cast::<MaybeUninit<T>>(), capacity, argument)?;
        // SAFETY: as for `array`, and the caller lets nobody else use it meanwhile.
        Ok(unsafe { slice::from_raw_parts_mut(data.as_ptr(), capacity) })
    }
}

/// A caller's place for a result, to be written when nothing can fail any more.
#[derive(Debug)]
#[must_use = "it is a promise to write"]
pub(crate) struct Output<'call, T> {
    place: NonNull<T>,
    call: PhantomData<&'call mut T>,
}

impl<T: Copy> Output<'_, T> {
    pub(crate) fn set(self, value: T) {
        // SAFETY: it is aligned, and the caller has promised that it can be written.
        unsafe { self.place.write(value) }
    }
}

/// A caller's struct for a result, of which the caller may know less, or more, than this library.
#[derive(Debug)]
#[must_use = "it is a promise to write"]
pub(crate) struct StructOutput<'call, T> {
    place: NonNull<T>,
    size: usize,
    call: PhantomData<&'call mut T>,
}

impl<T: Growing> StructOutput<'_, T> {
    /// How large the caller's struct is.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Writes the fields that the caller knows, but not `size`.
    pub(crate) fn set(self, value: &T) {
        let begin = size_of::<usize>();
        let end = self.size.min(size_of::<T>());
        // SAFETY: the caller has promised `size` bytes that can be written.
        unsafe {
            let from = ptr::from_ref(value).cast::<MaybeUninit<u8>>().add(begin);
            let to = self.place.cast::<MaybeUninit<u8>>().add(begin);
            ptr::copy_nonoverlapping(from, to.as_ptr(), end.saturating_sub(begin));
        }
    }
}

/// Where `length` items are. For none it is somewhere.
#[inline]
fn items<T>(data: *const T, length: usize, argument: &str) -> Result<NonNull<T>, Failure> {
    if length == 0 {
        return Ok(NonNull::dangling());
    }
    if length > isize::MAX as usize / size_of::<T>().max(1) {
        return Err(too_long(length, argument));
    }
    readable(data, argument)
}

#[inline]
fn readable<T>(pointer: *const T, argument: &str) -> Result<NonNull<T>, Failure> {
    match NonNull::new(pointer.cast_mut()) {
        Some(pointer) if pointer.is_aligned() => Ok(pointer),
        pointer => Err(unreadable(pointer.is_none(), align_of::<T>(), argument)),
    }
}

#[cold]
#[inline(never)]
fn too_long(length: usize, argument: &str) -> Failure {
    Failure::invalid(argument, &format!("has the length {length}, more than memory can hold"))
}

#[cold]
#[inline(never)]
fn unreadable(is_null: bool, alignment: usize, argument: &str) -> Failure {
    if is_null {
        return Failure::null(argument);
    }
    Failure::invalid(argument, &format!("is not aligned to {alignment} bytes, as its type is"))
}

#[inline]
fn size_of_callers<T: Growing>(pointer: NonNull<T>, argument: &str) -> Result<usize, Failure> {
    // SAFETY: all callers' structs begin with their size.
    let size = unsafe { pointer.cast::<usize>().read() };
    if size >= T::FIRST { Ok(size) } else { Err(too_small::<T>(size, argument)) }
}

#[cold]
#[inline(never)]
fn too_small<T: Growing>(size: usize, argument: &str) -> Failure {
    let problem = format!("has the size {size}, less than {}; set it to sizeof({})", T::FIRST, T::NAME);
    Failure::invalid(&format!("{argument}.size"), &problem)
}

fn copied<T: Growing>(pointer: NonNull<T>, size: usize) -> T {
    if size >= size_of::<T>() {
        // SAFETY: the caller has promised `size` bytes, and any bytes make a valid struct.
        return unsafe { pointer.read() };
    }
    let mut copy = MaybeUninit::<T>::zeroed();
    // SAFETY: the caller has promised `size` bytes, and any bytes make a valid struct.
    unsafe {
        let to = copy.as_mut_ptr().cast::<MaybeUninit<u8>>();
        let from = pointer.cast::<MaybeUninit<u8>>().as_ptr();
        ptr::copy_nonoverlapping(from, to, size.min(size_of::<T>()));
        copy.assume_init()
    }
}

#[cfg(test)]
#[path = "view_test.rs"]
mod test;
