use super::{Selection, count, survey::Found};
use crate::{failure::Failure, output};

/// Remove what processes left that are gone: these hits are lost
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Do it; without this it only says what would be removed
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    selection: Selection,
}

const AFTER_HELP: &str = "\
For hits that nobody can deliver any more, such as those of a destination that was taken out of the
configuration. Try `drain` before. Directories of living processes are left alone; one that is named is
refused, and nothing is removed.

Examples:
  trackside spool purge                          what would be removed
  trackside spool purge --yes --destination old
  trackside spool purge --yes 5f0c1d2e3a4b5c9a

Exit codes: 0 done, also if there was nothing to remove; 1 a file is in the way, or a living process
owns the directory that was named; 2 wrong command line or configuration, or --yes is missing.";

/// Removes, and says what.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let selection = &arguments.selection;
    let survey = super::survey(selection)?;
    let (living, dead): (Vec<_>, Vec<_>) = survey.found.iter().partition(|found| found.is_owned);
    if let Some(found) = living.first().filter(|_| !selection.directories.is_empty()) {
        return Err(owned(found));
    }
    let mut told = String::new();
    for found in &dead {
        let what = what(found)?;
        if !arguments.yes {
            told += &format!("{}: {what}\n", found.path());
            continue;
        }
        match purge(found, &what) {
            Ok(done) => told += &done,
            Err(failure) => {
                // What is gone has to be known.
                output::print(&told)?;
                return Err(failure);
            }
        }
    }
    if dead.is_empty() {
        told = format!("there is nothing to remove in the spool {}\n", survey.dir());
    }
    if !living.is_empty() {
        let directories = count(living.len() as u64, "directory");
        told += &format!("left alone: {directories} that living processes own\n");
    }
    output::print(&told)?;
    if arguments.yes || dead.is_empty() {
        return Ok(());
    }
    Err(Failure::usage("nothing is removed yet: these hits would be lost; add --yes if they shall be"))
}

/// What is in a directory.
fn what(found: &Found) -> Result<String, Failure> {
    let tally = found.tally()?;
    let mut what = format!(
        "{} that did not end, {}, {}",
        count(tally.pending(), "hit"),
        count(tally.segments, "segment"),
        count(tally.bytes, "byte")
    );
    if !tally.is_sound() {
        what += "; some cannot be read, and are not counted";
    }
    Ok(what)
}

fn purge(found: &Found, what: &str) -> Result<String, Failure> {
    let path = found.path();
    match found.directory.purge() {
        Ok(true) if found.directory.path().exists() => {
            Ok(format!("{path}: removed {what}; there are other files, which stay\n"))
        }
        Ok(true) => Ok(format!("{path}: removed {what}\n")),
        // Another has come to it meanwhile.
        Ok(false) => {
            Ok(format!("{path}: left alone, a process has taken it over or delivered it meanwhile\n"))
        }
        Err(error) => Err(Failure::failed(format_args!(
            "{path} cannot be removed ({error}); run this as the user whose server writes it"
        ))),
    }
}

fn owned(found: &Found) -> Failure {
    Failure::failed(format_args!(
        "a living process owns {}; nothing is removed; end it, which delivers what it can, and try again",
        found.path()
    ))
}
