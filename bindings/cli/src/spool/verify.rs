use std::fmt::Write;

use serde_json::{Value, json};

use super::{
    Format, Selection, count, json as print_json,
    survey::Found,
    tally::{Fault, Tally},
};
use crate::{escape::escape, failure::Failure, output};

/// Read every segment to its end, and tell what is good, damaged or torn, and where
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
What the words mean:
  good        hits that can be read: waiting; begun, an attempt of which nobody knows how it ended; or
              ended, which go with their file
  damaged     records, or stretches of a file which took one or more records. They are passed over, and
              dropped(corrupt) by the process that comes to them
  torn        a record at the end of a file that was not written to its end, as a process leaves it that
              was killed in that moment, or a disk that was full. In a living process's directory it may
              be one that is being written just now. That is no fault
  foreign     hits in the layout of another version of trackside, which are left to that
  unreadable  files of which nothing can be read: damaged at the beginning in both copies, of another
              version, or not to be opened

Of each file the first ten places are told, as path:byte. Nothing is changed.

JSON has one object with `directories`, a list of {\"path\", \"owner\", \"segments\", \"waiting\", \"begun\",
\"ended\", \"damaged\", \"torn\", \"foreign\", \"unreadable\", \"faults\"}, the last of {\"segment\",
\"offset\", \"what\"}.
Fields may be added, none is taken away.

Exit codes: 0 all is sound, torn ends included; 1 something is damaged, foreign or unreadable; 2 wrong
command line or configuration.";

/// Reads, and says what was found.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let survey = super::survey(&arguments.selection)?;
    let tallied = survey.found.iter().map(|found| Ok((found, found.tally()?)));
    let tallied = tallied.collect::<Result<Vec<_>, Failure>>()?;
    output::print(&match arguments.format {
        Format::Table if tallied.is_empty() => format!("nothing is in the spool {}\n", survey.dir()),
        Format::Table => tallied.iter().map(|(found, tally)| table(found, tally)).collect(),
        Format::Json => {
            let directories: Vec<_> = tallied.iter().map(|(found, tally)| row(found, tally)).collect();
            print_json(&json!({ "directories": directories }))?
        }
    })?;
    match tallied.iter().filter(|(_, tally)| !tally.is_sound()).count() as u64 {
        0 => Ok(()),
        unsound => Err(Failure::failed(format_args!(
            "not sound: {}; what is good there is delivered all the same",
            count(unsound, "directory")
        ))),
    }
}

fn table(found: &Found, tally: &Tally) -> String {
    let Tally { waiting, begun, ended, damaged, torn, foreign, unreadable, .. } = tally;
    let mut out = format!(
        "{} ({}): {}: {} good ({waiting} waiting, {begun} begun, {ended} ended), {damaged} damaged, {torn} torn, \
         {foreign} foreign, {unreadable} unreadable\n",
        found.path(),
        found.owner(),
        count(tally.segments, "segment"),
        tally.good(),
    );
    for Fault { segment, offset, what } in &tally.faults {
        let segment = escape(segment.as_os_str().as_encoded_bytes());
        let place = offset.map_or(segment.clone(), |offset| format!("{segment}:{offset}"));
        // Writing to a text cannot fail.
        writeln!(out, "  {place}: {what}").ok();
    }
    out
}

fn row(found: &Found, tally: &Tally) -> Value {
    let faults = tally.faults.iter().map(|Fault { segment, offset, what }| {
        json!({"segment": segment.to_string_lossy(), "offset": offset, "what": what})
    });
    json!({
        "path": found.directory.path().to_string_lossy(),
        "owner": found.owner(),
        "segments": tally.segments,
        "waiting": tally.waiting,
        "begun": tally.begun,
        "ended": tally.ended,
        "damaged": tally.damaged,
        "torn": tally.torn,
        "foreign": tally.foreign,
        "unreadable": tally.unreadable,
        "faults": faults.collect::<Vec<_>>(),
    })
}
