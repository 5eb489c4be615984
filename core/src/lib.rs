//! The verdict, the hit and the wire formats of trackside.
//!
//! # In scope
//!
//! Deciding whether a request counts, whose it is and what is recorded of it; the record; the bytes that
//! each receiver expects and the meaning of its answer; the configuration of all this.
//!
//! # Out of scope
//!
//! Time, randomness, the environment, files, sockets and threads. Core takes all of them as parameters,
//! so that the same inputs give the same bytes in every language.

#![forbid(unsafe_code)]

pub mod config;
mod decide;
pub mod endpoint;
pub mod enrich;
pub mod explain;
pub mod exposition;
pub mod hit;
pub mod judge;
pub mod ledger;
mod moment;
pub mod protocol;
mod proxy;
mod request;
mod response;
pub mod transport;
pub mod visitor;

pub use self::{
    config::Config,
    hit::{Annotations, Event, Hit, Value},
    ledger::Reason,
    moment::Moment,
    request::{FINISH_HEADERS, Headers, REQUEST_HEADERS, Request, is_field_value},
    response::{RESPONSE_HEADERS, Response},
};
