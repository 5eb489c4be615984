//! The `trackside` command: serve a folder, report what was counted, check destinations, explain a verdict, see to the
//! spool.

mod check;
mod configuration;
mod escape;
mod explain;
mod failure;
mod forget;
mod ledger;
mod log;
mod output;
mod printer;
mod report;
mod serve;
mod spool;
mod timeout;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::failure::Failure;

/// Server-side web analytics: count page views without a script.
#[derive(Debug, Parser)]
#[command(name = "trackside", version, max_term_width = 100, after_help = AFTER_HELP)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Arguments),
    Report(report::Arguments),
    Check(check::Arguments),
    Explain(explain::Arguments),
    Forget(forget::Arguments),
    Spool(spool::Arguments),
}

const AFTER_HELP: &str = "\
Begin with:
  trackside serve              serve a small sample site and see its page views counted
  trackside report             see what was counted
  trackside check              see whether the receivers take what they are sent
  trackside explain --help     see why a request counts, and what would be sent of it
  trackside spool --help       see to what waits on disk

Exit codes:
  0  done
  1  it could not be done: a store, a file or the network is in the way
  2  it was asked for wrongly: the command line, the configuration or the request";

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(),
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Forget(arguments) => forget::run(&arguments),
        Command::Spool(arguments) => spool::run(&arguments),
    }
}
