//! C's `bool`.

/// C's `bool` in a struct that a caller may have filled with anything: Rust's own may hold nothing but 0
/// and 1. The header has `bool` in its place.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct trackside_truth(u8);

impl trackside_truth {
    /// Whether it is true: anything but 0.
    pub fn get(self) -> bool {
        self.0 != 0
    }
}

impl From<bool> for trackside_truth {
    fn from(truth: bool) -> Self {
        Self(u8::from(truth))
    }
}
