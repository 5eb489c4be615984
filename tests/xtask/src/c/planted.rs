//! Programs that have a bug each, to see that a tool finds it.

use std::process::Command;

use super::{process, programs::Program};
use crate::parallel;

/// Runs each of `bugs`, a program's name and what is to be said of it, in the way that `command` answers.
pub(super) fn are_found(
    bugs: &[(&str, &str)],
    command: impl Fn(&Program) -> Result<Command, String> + Sync,
) -> Result<(), String> {
    parallel::each(
        bugs,
        |(name, _)| format!("planted: {name}"),
        |(name, report)| process::fail(&mut command(&Program::planted(name))?, report),
    )
}
