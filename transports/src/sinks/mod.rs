//! Where hits end: one folder a sink, the same file names in each. `mod.rs` has the factory and says what
//! the sink promises, `sink.rs` makes the attempt.

pub mod callback;
pub mod file;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "sqlite")]
pub mod sqlite;

mod identity;
pub(crate) use self::identity::Identity;
