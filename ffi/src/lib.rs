//! The C ABI of trackside: `include/trackside.h` over the Rust library.
//!
//! # In scope
//!
//! Pointers, lengths and status numbers: each exported function checks what it is given, calls the Rust
//! library, and says in C's words how it went.
//!
//! # Out of scope
//!
//! Any decision. What is tracked, what a hit holds and how it is delivered is the business of
//! `trackside-core` and `trackside-transports`, so that C and Rust cannot differ.
//!
//! # How it is built
//!
//! Every exported function is an `unsafe extern "C" fn` whose body, unless it returns a constant, is one
//! closure given to `boundary`, the one place that catches panics and turns a failure into a status. The
//! closure gets a `Call`, the witness that a caller has promised what the function's `# Safety` section asks
//! for; through it, and only through it, `handle` and `view` turn pointers into references, which live no
//! longer than the call. So the unsafe operations stand in `handle`, `view` and `callback`, and nowhere else but in
//! `picks`, which leaves unwritten what a request does not have, and in `exchange`, which is written where it will be.

#![allow(unsafe_code, reason = "a C ABI is unsafe by nature; it is kept to the modules named above")]
#![allow(non_camel_case_types, reason = "the types have the names that C gives them")]

mod annotations;
mod attach;
mod backlog;
mod batch;
mod blob;
mod boundary;
mod callback;
mod consent;
mod destination;
mod edit;
mod endpoint;
mod error;
mod event;
mod exchange;
mod explain;
mod handle;
mod headers;
mod hit;
mod hold;
mod hooks;
mod kept;
mod lines;
mod log;
mod names;
mod notice;
mod options;
mod outgoing;
mod peer;
mod picks;
mod property;
mod reason;
mod request;
mod response;
mod scratch;
mod sink;
mod stats;
mod status;
mod text;
mod tracker;
mod truth;
mod verdict;
mod version;
mod view;
mod visitor;

#[cfg(test)]
mod test_exchange;
#[cfg(test)]
mod test_kit;
#[cfg(feature = "_planted-race")]
mod test_race;

#[cfg(any(test, feature = "_inject-panic"))]
pub use self::boundary::inject::trackside_inject_panic;
pub use self::{
    annotations::*, attach::*, backlog::*, batch::*, blob::*, consent::*, destination::*, edit::*,
    endpoint::*, error::*, event::*, exchange::*, explain::*, hit::*, hooks::*, lines::*, log::*, notice::*,
    options::*, outgoing::*, property::*, reason::*, request::*, response::*, scratch::*, sink::*, stats::*,
    status::*, text::*, tracker::*, truth::*, verdict::*, version::*, visitor::*,
};
