//! What waits on the disk, for tools of operators: the command `trackside spool` is made of this. What a spool promises
//! is in [the guide](crate::guide::spool).

#[doc(inline)]
pub use trackside_transports::{
    drain,
    spool::{Directory, Entries, Entry, Finding, SegmentError, State, directories, folder},
};
