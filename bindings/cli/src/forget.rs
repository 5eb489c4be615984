//! `trackside forget`: deletes what the embedded stores hold of one visitor or user.

use std::{fmt::Write, path::PathBuf};

use trackside::{
    Config,
    config::{Destination, Receiver},
    sinks::sqlite::{self, Forgotten, Who},
};
use uuid::Uuid;

use crate::{
    configuration::{self, Location},
    failure::Failure,
    output,
};

/// Delete all that is stored of one visitor or user
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The visitor's id, or the value of its cookie; with --user the id of a user
    #[arg(value_name = "ID")]
    id: String,

    /// ID is what your site gave as the user's id
    #[arg(long)]
    user: bool,

    /// The store [default: all those of the configuration]
    #[arg(long, value_name = "PATH")]
    store: Option<PathBuf>,

    #[command(flatten)]
    location: Location,
}

const AFTER_HELP: &str = "\
What it does:
  The hits of the visitor or user are deleted, and the store is written anew, so that nothing of them
  is left in the file or in its log. Servers may run meanwhile: while it is written anew their hits
  wait. It takes as much room again as the store has, and a while if that is large.

  The id of a user is looked for as it is, and, with user_id = \"hashed\" in the configuration, hashed
  under its secret, too.

What it does not do:
  The visitor keeps its cookie, and its next page is counted: withdrawing consent is what ends that.
  What waits in the memory of a running server is stored later: hits of the last second, or, while the
  store could not be written, of up to max_age. So is what waits in a spool, on disk: see
  `trackside spool list`. Do it again then.
  Files of JSON lines, other services and backups are out of its reach; it names those of the
  configuration.

Examples:
  trackside forget 5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11
  trackside forget --user u-42 --config trackside.toml

Exit codes: 0 done, also if there was nothing to delete; 1 a store is in the way; 2 wrong command
line or configuration.";

/// Deletes, and says what.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let loaded = configuration::load(&arguments.location)?;
    let stores = match &arguments.store {
        Some(store) => vec![store.clone()],
        None => stores_of(&loaded.config)?,
    };
    if let Some(missing) = stores.iter().find(|store| !store.exists()) {
        return Err(Failure::failed(format_args!(
            "there is no store {}; nothing is deleted; --store names another",
            missing.display()
        )));
    }
    let ids = ids(arguments, &loaded.config)?;
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    let who = match visitor(arguments)? {
        Some(visitor) => Who::Visitor(visitor),
        None => Who::User(&ids),
    };
    let mut told = String::new();
    for store in &stores {
        let Forgotten { hits, others, .. } = sqlite::forget(store, who).map_err(Failure::failed)?;
        sqlite::purge(store).map_err(|error| {
            Failure::failed(format_args!(
                "{hits} hits are deleted, but traces of them may be left: {error}; do it again"
            ))
        })?;
        // Writing to a text cannot fail.
        writeln!(told, "{}: {hits} {} deleted", store.display(), if hits == 1 { "hit" } else { "hits" }).ok();
        if !others.is_empty() {
            told.push_str("These visitors have other hits, which do not have that user id and are left:\n");
        }
        for (visitor, hits) in others {
            writeln!(told, "  {visitor}  {hits}").ok();
        }
    }
    if arguments.store.is_none() {
        for destination in out_of_reach(&loaded.config) {
            let (name, kind) = (&destination.name, destination.receiver.kind());
            writeln!(told, "not in reach: what was sent to destination `{name}` ({kind})").ok();
        }
    }
    output::print(&told)
}

/// The visitor, if it is one.
fn visitor(arguments: &Arguments) -> Result<Option<Uuid>, Failure> {
    if arguments.user {
        return Ok(None);
    }
    // The cookie's value begins with the id.
    let id = arguments.id.split('.').next().unwrap_or_default();
    Uuid::try_parse(id).map(Some).map_err(|_| {
        Failure::usage(
            "the id of a visitor is a UUID, such as 5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11; with --user it is a user's",
        )
    })
}

/// The ids under which a user may be recorded.
fn ids(arguments: &Arguments, config: &Config) -> Result<Vec<String>, Failure> {
    let id = &arguments.id;
    if arguments.user && id.is_empty() {
        return Err(Failure::usage("an empty id is no user's"));
    }
    Ok(config.recorded_user_ids(id))
}

/// All embedded stores of a configuration.
fn stores_of(config: &Config) -> Result<Vec<PathBuf>, Failure> {
    let stores: Vec<_> = config.destinations().iter().filter_map(store_of).cloned().collect();
    if stores.is_empty() {
        return Err(Failure::usage(
            "the configuration has no destination of type sqlite; name a store with --store",
        ));
    }
    Ok(stores)
}

fn out_of_reach(config: &Config) -> impl Iterator<Item = &Destination> {
    config.destinations().iter().filter(|destination| store_of(destination).is_none())
}

fn store_of(destination: &Destination) -> Option<&PathBuf> {
    match &destination.receiver {
        Receiver::Sqlite { path, .. } => Some(path),
        _ => None,
    }
}
