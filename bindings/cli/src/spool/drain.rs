use std::{fmt::Write, io, thread, time::Duration};

use serde_json::{Map, Value, json};
use trackside::{
    Config, Reason,
    config::{Destination, Mode, Receiver},
    ledger::Hits,
    spool,
};

use super::{
    Format, count, json as print_json,
    survey::{Found, MadeFor, Survey},
};
use crate::{
    configuration::{self, Location},
    failure::Failure,
    ledger, log, output,
    printer::Printer,
    timeout::Timeout,
};

/// How long what the log says may take to be read at the end.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Deliver now what processes left that are gone, and print the books
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// How long it may take; what is left then stays on disk
    #[arg(long, value_name = "TIME", default_value = "60s")]
    timeout: Timeout,

    /// How to print the books
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    /// Only those of the destination of this name
    #[arg(long, value_name = "NAME")]
    destination: Option<String>,

    #[command(flatten)]
    location: Location,
}

const AFTER_HELP: &str = "\
It is what the next process with this configuration would do at its first hit, for servers that do not
come back: all destinations at once, in batches and with retries; what cannot be delivered in time
stays, and can be drained again, unless it is too old. Hits of a living process are that process's to
deliver, and left alone.

Mind:
  The configuration has to be the one that the hits were recorded under: the same name, receiver and
  `ip` of the destination. Hits made for another are left, and told of.
  A program's own filters and editors of hits (hooks) are not asked, since they are part of it: if yours
  has some, start it again instead. The same goes for sinks of its own (callback, celery).
  A hit older than the destination's max_age (default 72h, and no less where spool = \"off\" today) is
  dropped(expired), whether or not the receiver would take it. To have it delivered raise max_age first.
  With mode = \"off\" or \"dry-run\" nothing is sent, and so nothing is drained.
  What was under way when its process was killed is sent again only to receivers that know a second
  copy, or with after_unknown = \"resend\"; else it is dropped(ambiguous).

The books: hits adopted = delivered + refused (by the receiver or on its behalf) + dropped + pending.
What was damaged is in dropped(corrupt). JSON has one object with `destinations`, a list of
{\"destination\", \"adopted\", \"delivered\", \"refused\", \"dropped\", \"pending\"}, of which `refused` and
`dropped` are objects of counts by reason; `left`, how many hits wait in directories of dead processes
after it, and `living`, how many in those of living ones. Fields may be added, none is taken away.

Exit codes: 0 nothing is left but what living processes own; 1 something is left, was too old or
cannot be read, or a destination cannot be reached from here; 2 wrong command line or configuration.";

/// Delivers, and prints the books.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = configuration::load(&arguments.location)?.config;
    if config.mode() != Mode::On {
        return Err(Failure::usage(
            "with this configuration's `mode` nothing is sent, and so nothing is drained; TRACKSIDE__MODE=on overrides it",
        ));
    }
    let problems = Printer::start(io::stderr())
        .map_err(|error| Failure::failed(format_args!("no thread can be started: {error}")))?;
    log::to(problems.clone());
    let survey = || Survey::of(&config, arguments.destination.as_deref(), &[]);
    let before = survey()?;
    let drained = drain(&config, &before, arguments.timeout.0);
    problems.end(None, LAST_WORDS);
    let (books, failed): (Vec<_>, Vec<_>) = drained.into_iter().partition(Result::is_ok);
    let books: Vec<_> = books.into_iter().filter_map(Result::ok).collect();
    let after = Left::of(&before, &survey()?, &books)?;
    output::print(&match arguments.format {
        Format::Table => table(&books, &after),
        Format::Json => {
            let destinations: Vec<_> = books.iter().map(row).collect();
            let Left { hits, living, .. } = after;
            print_json(&json!({"destinations": destinations, "left": hits, "living": living}))?
        }
    })?;
    if let Some(failed) = failed.into_iter().find_map(Result::err) {
        return Err(failed);
    }
    after.check()
}

/// Drains each destination that a dead process has left something for, all at once.
fn drain(config: &Config, survey: &Survey, within: Duration) -> Vec<Result<Hits, Failure>> {
    let is_left = |destination: &&Destination| {
        survey.found.iter().any(|found| {
            let is_its = matches!(found.made_for, MadeFor::Destination(_));
            let is_dead = !found.is_owned && is_its && found.directory.destination() == destination.name;
            // One in which nothing waits is tidied up by who can deliver; nobody has to be told of it.
            is_dead && (has_sink(destination) || found.tally().map_or(true, |tally| tally.pending() > 0))
        })
    };
    let destinations: Vec<_> = config.destinations().iter().filter(is_left).collect();
    thread::scope(|scope| {
        let running: Vec<_> = destinations
            .into_iter()
            .map(|destination| {
                let run = move || {
                    if has_sink(destination) {
                        return spool::drain(config, destination, within).map_err(Failure::failed);
                    }
                    Err(Failure::failed(format_args!(
                        "hits for destination `{}` are left: its sink ({}) is in the program that embeds trackside; \
                         start that program, it takes them over with its first hit",
                        destination.name,
                        destination.receiver.kind()
                    )))
                };
                (destination, scope.spawn(run))
            })
            .collect();
        let ended = running.into_iter().map(|(destination, thread)| {
            thread.join().unwrap_or_else(|_| {
                Err(Failure::failed(format_args!("destination `{}` could not be drained", destination.name)))
            })
        });
        ended.collect()
    })
}

/// Whether it can be delivered to from here.
fn has_sink(destination: &Destination) -> bool {
    !matches!(destination.receiver, Receiver::Callback | Receiver::Celery { .. })
}

/// What is there when all is done that could be.
#[derive(Default)]
struct Left {
    hits: u64,
    directories: u64,
    /// Of these, the ones made for no destination of this configuration.
    elsewhere: u64,
    /// Whether something cannot be read.
    is_unsound: bool,
    living: u64,
    living_directories: u64,
    /// Hits that were too old to be tried again.
    expired: u64,
}

impl Left {
    fn of(before: &Survey, after: &Survey, books: &[Hits]) -> Result<Self, Failure> {
        let dropped = books.iter().flat_map(|hits| &hits.dropped);
        let expired = dropped.filter(|(reason, _)| *reason == Reason::Expired).map(|(_, n)| n).sum();
        let mut left = Self { expired, ..Self::default() };
        // A worker that still waits for an answer has the locks of what it was to deliver: that living process is this.
        let was_dead =
            |found: &Found| before.found.iter().any(|was| !was.is_owned && was.directory == found.directory);
        for found in &after.found {
            let Found { made_for, is_owned, .. } = found;
            let tally = found.tally()?;
            if *is_owned && !was_dead(found) {
                left.living += tally.pending();
                left.living_directories += 1;
            } else if tally.pending() > 0 || !tally.is_sound() {
                left.hits += tally.pending();
                left.directories += 1;
                left.elsewhere += u64::from(!matches!(made_for, MadeFor::Destination(_)));
                left.is_unsound |= !tally.is_sound();
            }
        }
        Ok(left)
    }

    /// Whether nothing is left that could be delivered.
    fn check(&self) -> Result<(), Failure> {
        if self.directories == 0 {
            return match self.expired {
                0 => Ok(()),
                expired => Err(Failure::failed(format_args!(
                    "dropped: {} older than the destination's max_age; raise it before you drain what has waited \
                     longer",
                    count(expired, "hit")
                ))),
            };
        }
        let ways = [
            (self.elsewhere > 0, "`trackside spool list` tells for whom"),
            (self.is_unsound, "`trackside spool verify` tells what cannot be read"),
            (self.elsewhere == 0 && !self.is_unsound, "see why in the log, and drain again"),
        ];
        let ways: Vec<_> = ways.into_iter().filter(|(is_so, _)| *is_so).map(|(_, way)| way).collect();
        Err(Failure::failed(format_args!(
            "left on disk: {} in {}; {}",
            count(self.hits, "hit"),
            count(self.directories, "directory"),
            ways.join("; ")
        )))
    }
}

fn table(books: &[Hits], left: &Left) -> String {
    let mut out = String::new();
    // Writing to a text cannot fail.
    for hits in books {
        writeln!(out, "{}", ledger::line(hits, hits.adopted, "adopted")).ok();
    }
    if books.is_empty() {
        out += "no dead process left anything for a destination that can be drained here\n";
    }
    if left.living_directories > 0 {
        writeln!(
            out,
            "left alone: {} in {} that living processes own",
            count(left.living, "hit"),
            count(left.living_directories, "directory")
        )
        .ok();
    }
    out
}

fn row(hits: &Hits) -> Value {
    json!({
        "destination": hits.name,
        "adopted": hits.adopted,
        "delivered": hits.delivered,
        "refused": by_reason(&hits.refused),
        "dropped": by_reason(&hits.dropped),
        "pending": hits.pending(),
    })
}

fn by_reason(counts: &[(Reason, u64)]) -> Map<String, Value> {
    counts.iter().map(|(reason, n)| (reason.code().to_owned(), (*n).into())).collect()
}
