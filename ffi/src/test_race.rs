//! A race, to see that helgrind finds one in our own code. It is not part of the library that is shipped.

use std::cell::UnsafeCell;

/// A counter that nothing guards.
struct Unguarded(UnsafeCell<u64>);

// SAFETY: there is none, and that is its purpose. A torn or lost count harms nothing: nobody reads it.
unsafe impl Sync for Unguarded {}

static BEGUN: Unguarded = Unguarded(UnsafeCell::new(0));

/// Counts one more, by a plain load and a plain store.
pub(crate) fn bump() {
    let count = BEGUN.0.get();
    // SAFETY: the pointer is that of a static; what else would be needed is missing on purpose.
    unsafe { *count = (*count).wrapping_add(1) };
}
