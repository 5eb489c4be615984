#![doc = include_str!("../README.md")]

pub mod blob;
pub mod block;
pub mod call;
pub mod exchange;
pub mod headers;
mod layout;
pub mod lend;
pub mod memory;
pub mod mutate;
pub mod parts;
pub mod proxy;
pub mod reader;
pub mod rust;
pub mod site;
pub mod slip;

#[cfg(test)]
mod seeds;
