//! What the tests share.

pub mod block;
pub mod collector;
pub mod folder;
pub mod hits;
pub mod receivers;
pub mod visit;
