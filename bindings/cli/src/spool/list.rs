use std::fmt::Write;

use serde_json::{Value, json};

use super::{
    Format, Selection, json as print_json,
    survey::{Found, MadeFor, Survey},
    tally::{Tally, age},
};
use crate::{failure::Failure, output};

/// List each process's directory: its receiver, its owner, and how much waits
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    #[command(flatten)]
    selection: Selection,
}

const AFTER_HELP: &str = "\
What the columns mean:
  destination  the name of the destination that the hits are for
  receiver     its type in the configuration; `another one` if the destination of that name now has
               another receiver or another `ip`, and `not configured` if none has that name: such hits
               are delivered by the configuration alone that they were made under
  owner        living: a process has it, and delivers what is in it. dead: nobody has; the next process
               at its first hit, or `trackside spool drain`, takes it over
  segments     files, which hold many hits each
  hits         those that were not delivered, refused or dropped yet; damaged ones cannot be counted
  bytes        what the files take
  oldest       how long ago the oldest of these hits came

JSON has one object with `dir` and `directories`, a list of {\"destination\", \"receiver\", \"owner\", \"path\",
\"segments\", \"hits\", \"bytes\", \"oldest_at\", \"sound\"}: `receiver` is null if it is another one or not
configured, `oldest_at` is in microseconds since 1970 or null, `sound` is what `verify` says.
Fields may be added, none is taken away.

Exit codes: 0 done, also if there is nothing; 1 the spool cannot be read; 2 wrong command line or
configuration.";

/// Prints the directories.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let survey = super::survey(&arguments.selection)?;
    let tallied = survey.found.iter().map(|found| Ok((found, found.tally()?)));
    let tallied = tallied.collect::<Result<Vec<_>, Failure>>()?;
    output::print(&match arguments.format {
        Format::Table => table(&survey, &tallied),
        Format::Json => {
            let directories: Vec<_> = tallied.iter().map(|(found, tally)| row(found, tally)).collect();
            print_json(&json!({"dir": survey.dir.display().to_string(), "directories": directories}))?
        }
    })
}

fn table(survey: &Survey, tallied: &[(&Found, Tally)]) -> String {
    if tallied.is_empty() {
        return format!("nothing is in the spool {}\n", survey.dir());
    }
    let mut out = String::new();
    let mut line = |cells: [&str; 7], path: &str| {
        let [destination, receiver, owner, segments, hits, bytes, oldest] = cells;
        // Writing to a text cannot fail.
        writeln!(
            out,
            "{destination:<16}{receiver:<16}{owner:<8}{segments:>9}{hits:>10}{bytes:>13}{oldest:>8}  {path}"
        )
        .ok();
    };
    line(["destination", "receiver", "owner", "segments", "hits", "bytes", "oldest"], "directory");
    for (found, tally) in tallied {
        let numbers = [tally.segments, tally.pending(), tally.bytes].map(|n| n.to_string());
        let [segments, hits, bytes] = numbers.each_ref().map(String::as_str);
        let oldest = tally.oldest.map_or("-".to_owned(), age);
        let (destination, receiver) = (found.destination(), found.made_for.as_text());
        line([&destination, receiver, found.owner(), segments, hits, bytes, &oldest], &found.path());
    }
    out
}

fn row(found: &Found, tally: &Tally) -> Value {
    let receiver = match found.made_for {
        MadeFor::Destination(kind) => Some(kind),
        MadeFor::Nobody | MadeFor::Other => None,
    };
    json!({
        "destination": found.directory.destination(),
        "receiver": receiver,
        "owner": found.owner(),
        "path": found.directory.path().to_string_lossy(),
        "segments": tally.segments,
        "hits": tally.pending(),
        "bytes": tally.bytes,
        "oldest_at": tally.oldest,
        "sound": tally.is_sound(),
    })
}
