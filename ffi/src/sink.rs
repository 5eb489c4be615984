//! A sink whose attempts are made by the host.

use trackside_transports::Builder;

use crate::error::Failure;

/// The sinks that options hold until a tracker is opened with them.
#[derive(Debug, Default)]
pub(crate) struct Sinks(());

impl Sinks {
    /// Gives them to the tracker that is being opened; they belong to that one alone.
    pub(crate) fn give_to(&self, builder: Builder) -> Result<Builder, Failure> {
        let Self(()) = self;
        Ok(builder)
    }
}
