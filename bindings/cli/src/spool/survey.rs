//! What there is below `spool.dir`, directory by directory.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use trackside::{
    Config,
    config::Destination,
    spool::{self, Directory},
};

use super::tally::Tally;
use crate::{escape::escape, failure::Failure};

/// The directories that were asked for.
pub(super) struct Survey {
    /// The folder of all spools.
    pub(super) dir: PathBuf,
    pub(super) found: Vec<Found>,
}

/// The directory of one process.
pub(super) struct Found {
    pub(super) directory: Directory,
    pub(super) made_for: MadeFor,
    /// Whether a living process owns it.
    pub(super) is_owned: bool,
}

/// Whom the hits of a directory are for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum MadeFor {
    /// The destination of the configuration, of this type.
    Destination(&'static str),
    /// A destination of a name that the configuration does not have.
    Nobody,
    /// Another receiver than the destination of that name has now, or the same under another `ip` policy.
    Other,
}

impl Survey {
    /// What `config` has, of the destination and the directories alone that are named, if any are.
    pub(super) fn of(config: &Config, destination: Option<&str>, ids: &[String]) -> Result<Self, Failure> {
        let dir = config.spool().dir.clone();
        let unlisted = |error| {
            let dir = text(&dir);
            Failure::failed(format_args!(
                "the spool {dir} cannot be listed ({error}); run this as the user whose server writes it"
            ))
        };
        let mut directories = spool::directories(&dir).map_err(unlisted)?;
        let known: BTreeSet<_> = directories.iter().map(Directory::destination).map(str::to_owned).collect();
        if let Some(name) = destination {
            let is_configured = config.destinations().iter().any(|destination| destination.name == name);
            if !is_configured && !known.contains(name) {
                return Err(Failure::usage(format_args!(
                    "no destination is called `{name}`, and none of that name left anything in {}",
                    text(&dir)
                )));
            }
            directories.retain(|directory| directory.destination() == name);
        }
        if let Some(missing) = ids.iter().find(|id| directories.iter().all(|directory| directory.id() != *id))
        {
            return Err(Failure::usage(format_args!(
                "there is no directory {missing} in {}; `trackside spool list` names them",
                text(&dir)
            )));
        }
        directories.retain(|directory| ids.is_empty() || ids.iter().any(|id| id == directory.id()));
        let found = directories.into_iter().map(|directory| {
            let is_owned = directory.is_owned().map_err(|error| {
                let path = text(&directory.path());
                Failure::failed(format_args!(
                    "whether a living process owns {path} cannot be told ({error}); run this as the user whose \
                     server writes it"
                ))
            })?;
            Ok(Found { made_for: made_for(config, &directory), is_owned, directory })
        });
        let found = found.collect::<Result<_, Failure>>()?;
        Ok(Self { dir, found })
    }

    /// The folder of all spools, as it is printed.
    pub(super) fn dir(&self) -> String {
        text(&self.dir)
    }
}

/// A path as it is printed.
fn text(path: &Path) -> String {
    escape(path.as_os_str().as_encoded_bytes())
}

fn made_for(config: &Config, directory: &Directory) -> MadeFor {
    let of_the_name = |it: &&Destination| it.name == directory.destination();
    match config.destinations().iter().find(of_the_name) {
        None => MadeFor::Nobody,
        Some(it) if spool::folder(&config.spool().dir, it) == directory.folder() => {
            MadeFor::Destination(it.receiver.kind())
        }
        Some(_) => MadeFor::Other,
    }
}

impl MadeFor {
    /// How the table has it.
    pub(super) fn as_text(self) -> &'static str {
        match self {
            Self::Destination(kind) => kind,
            Self::Nobody => "not configured",
            Self::Other => "another one",
        }
    }
}

impl Found {
    /// The destination's name, as its folder has it: anybody may have made that.
    pub(super) fn destination(&self) -> String {
        escape(self.directory.destination().as_bytes())
    }

    pub(super) fn path(&self) -> String {
        text(&self.directory.path())
    }

    pub(super) fn owner(&self) -> &'static str {
        if self.is_owned { "living" } else { "dead" }
    }

    pub(super) fn segments(&self) -> Result<Vec<PathBuf>, Failure> {
        self.directory.segments().map_err(|error| {
            Failure::failed(format_args!(
                "{} cannot be listed ({error}); run this as the user whose server writes it",
                self.path()
            ))
        })
    }

    /// What is in it.
    pub(super) fn tally(&self) -> Result<Tally, Failure> {
        let mut tally = Tally::default();
        for segment in self.segments()? {
            tally.add(&segment);
        }
        Ok(tally)
    }
}
