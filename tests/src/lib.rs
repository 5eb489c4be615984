//! What the tests share.

pub mod collector;
