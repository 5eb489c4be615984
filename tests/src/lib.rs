//! What the tests share.

pub mod collector;
pub mod folder;
pub mod hits;
pub mod visit;
