//! `trackside report`: what the embedded store has counted.

mod since;
mod table;

use std::path::PathBuf;

use clap::ValueEnum;
use trackside::{Config, config::Receiver, sinks::sqlite};

use self::since::Since;
use crate::{
    configuration::{self, Location},
    escape::escape_json,
    failure::Failure,
    output,
};

/// Tell what was counted: views, visitors, sessions, pages, referrers, countries, statuses
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// From when on: 30m, 24h, 7d, 4w, or a date like 2026-11-01 (UTC) [default: all]
    #[arg(long, value_name = "WHEN")]
    since: Option<Since>,

    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    /// The store [default: that of the configuration]
    #[arg(long, value_name = "PATH")]
    store: Option<PathBuf>,

    #[command(flatten)]
    location: Location,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Table,
    /// For programs
    Json,
}

const AFTER_HELP: &str = "\
What the figures mean:
  views            page views; calls, where count = \"api\"
  visitors         visitor ids that were seen twice or more
  single_hit_ids   visitor ids that were seen once: many are programs that keep no cookie and are given
                   a new id with each request, so they are told apart
  sessions         visits, as the hits name them (visitor.session_timeout); where they name none, as
                   without a cookie, a visitor's hits without a gap of more than 30 minutes
  without_visitor  page views of which no visitor is known
  events           what the site reported by name
  bots             page views of programs (crawlers, AI agents, libraries), which no other figure has
  pages, referrers the ten with the most views; addresses of the site itself are no referrers

JSON has one object with those names (numbers) but bots, and six lists, most views first:
  pages      of {\"path\", \"views\"}, the path percent-encoded as it was asked for
  referrers  of {\"referrer\", \"views\"}
  statuses   of {\"status\", \"views\"}
  channels   of {\"channel\", \"views\"}: ai, campaign, direct, email, referral, search, social
  countries  of {\"country\", \"views\"}, by ISO 3166-1 code, where it is known (geo.cdn, geo.file)
  bots       of {\"class\", \"operator\", \"purpose\", \"name\", \"views\"}; an AI agent's purpose is training,
             search, person (it acts for one) or other
Fields may be added, none is taken away. The table shows paths decoded.

Examples:
  trackside report --since 7d
  trackside report --since 2026-11-01 --format json
  trackside report --store /var/lib/trackside/trackside.db

The store is only read, also while a server writes to it; one that is not there is an error and is
not made. Exit codes: 0 done, 1 the store cannot be read, 2 wrong command line or configuration.";

/// Prints the report.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let store = match &arguments.store {
        Some(store) => store.clone(),
        None => store_of(&configuration::load(&arguments.location)?.config)?,
    };
    let since = arguments.since.map_or(Ok(0), Since::micros)?;
    if !store.exists() {
        return Err(Failure::failed(format_args!(
            "there is no store {}; the first hit that is delivered makes it, --store names another",
            store.display()
        )));
    }
    let report = sqlite::report(&store, since).map_err(Failure::failed)?;
    output::print(&match arguments.format {
        Format::Table => table::table(&report),
        Format::Json => {
            let document = serde_json::to_string_pretty(&report).map_err(Failure::failed)?;
            escape_json(&document) + "\n"
        }
    })
}

/// The first embedded store of a configuration.
fn store_of(config: &Config) -> Result<PathBuf, Failure> {
    let mut stores = config.destinations().iter().filter_map(|destination| match &destination.receiver {
        Receiver::Sqlite { path, .. } => Some(path.clone()),
        _ => None,
    });
    stores.next().ok_or_else(|| {
        Failure::usage("the configuration has no destination of type sqlite; name a store with --store")
    })
}
