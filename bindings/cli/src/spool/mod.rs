//! `trackside spool`: what waits on the disk, and what processes left there that are gone.

mod drain;
mod list;
mod purge;
mod redact;
mod show;
mod survey;
mod tally;
mod verify;

use clap::{Subcommand, ValueEnum};
use serde_json::Value;

use crate::{
    configuration::{self, Location},
    escape::escape_json,
    failure::Failure,
};

/// See, check, deliver or remove what waits in the spool, on disk
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Arguments),
    Verify(verify::Arguments),
    Show(show::Arguments),
    Drain(drain::Arguments),
    Purge(purge::Arguments),
}

const AFTER_HELP: &str = "\
A destination with spool = \"overflow\" or \"always\" keeps hits on disk, below spool.dir. Each process
has a directory of its own there. What a process leaves that has ended or was killed, the next one with
the same configuration delivers at its first hit; `drain` does it now.

Nothing here disturbs a living process: its directory is listed and read, and neither drained nor
removed. The folder is that of the configuration; TRACKSIDE__SPOOL__DIR=PATH names another.

Examples:
  trackside spool list --config trackside.toml
  trackside spool verify --config trackside.toml && echo sound
  trackside spool drain --config trackside.toml --timeout 5m";

/// Which directories are meant.
#[derive(Debug, clap::Args)]
pub(crate) struct Selection {
    /// Only these, by the 16 hex digits that they are called [default: all]
    #[arg(value_name = "DIRECTORY")]
    directories: Vec<String>,

    /// Only those of the destination of this name
    #[arg(long, value_name = "NAME")]
    destination: Option<String>,

    #[command(flatten)]
    location: Location,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Table,
    /// For programs
    Json,
}

/// Does what the subcommand says.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.command {
        Command::List(arguments) => list::run(arguments),
        Command::Verify(arguments) => verify::run(arguments),
        Command::Show(arguments) => show::run(arguments),
        Command::Drain(arguments) => drain::run(arguments),
        Command::Purge(arguments) => purge::run(arguments),
    }
}

/// The directories that are meant, and where they were looked for.
fn survey(selection: &Selection) -> Result<survey::Survey, Failure> {
    let config = configuration::load(&selection.location)?.config;
    survey::Survey::of(&config, selection.destination.as_deref(), &selection.directories)
}

/// A document as it is printed.
fn json(document: &Value) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(document).map_err(Failure::failed)?;
    Ok(escape_json(&text) + "\n")
}

/// `1 hit`, `2 hits`.
fn count(n: u64, what: &str) -> String {
    match (n, what.strip_suffix('y')) {
        (1, _) => format!("1 {what}"),
        (_, Some(stem)) => format!("{n} {stem}ies"),
        (_, None) => format!("{n} {what}s"),
    }
}

#[cfg(test)]
mod test {
    use super::count;

    #[test]
    fn one_is_told_from_many() {
        assert_eq!([count(1, "hit"), count(0, "hit")], ["1 hit", "0 hits"]);
        assert_eq!([count(1, "directory"), count(2, "directory")], ["1 directory", "2 directories"]);
    }
}
