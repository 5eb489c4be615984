#![doc = include_str!("../README.md")]

pub mod address;
pub mod agent;
pub mod blob;
pub mod block;
pub mod call;
pub mod config;
pub mod cookies;
pub mod endpoint;
pub mod escapes;
pub mod exchange;
pub mod headers;
pub mod keys;
mod layout;
pub mod lend;
pub mod lines;
pub mod memory;
pub mod mutate;
pub mod page;
pub mod parts;
pub mod proxy;
pub mod reader;
pub mod rust;
pub mod scratch;
pub mod site;
pub mod slip;
pub mod spool;

#[cfg(test)]
mod seeds;
