//! Which library this is.
