//! Checking destinations before hits depend on them: what each says, in plain words.
//!
//! A receiver on the network is asked what [its type](trackside_core::protocol::check) has to ask, over the same
//! connections as hits take: time-outs, proxy and authorities are the destination's. A store and a file are opened for
//! writing, and nothing is left there. Sinks of the host's own are not called.

#[cfg(feature = "http")]
mod network;
mod places;

use std::time::{Duration, Instant};

use trackside_core::{
    Moment,
    config::{Config, Destination, Receiver},
    protocol::{
        Outgoing,
        check::{Finding, Grade, Means, Test, hit},
    },
};

use crate::{
    clock::{self, Clock},
    entropy::{self, Entropy},
};

/// How a destination is checked.
#[derive(Clone, Debug)]
pub struct Options {
    within: Duration,
    site: Option<String>,
    wants_hit: bool,
}

/// What a check has found out.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Checked {
    /// What was asked, in its order.
    pub asked: Vec<Asked>,
    /// What that told.
    pub findings: Vec<Finding>,
}

/// A request of a check.
#[derive(Debug)]
#[non_exhaustive]
pub struct Asked {
    /// By what means it asks.
    pub means: Means,
    /// The request. It holds secrets: its `shown_…` do not.
    pub request: Outgoing,
}

impl Options {
    /// A check that takes at most `within`, all its requests together.
    pub fn new(within: Duration) -> Self {
        Self { within: within.min(Duration::from_secs(365 * 24 * 60 * 60)), site: None, wants_hit: false }
    }

    /// The site of the test hit's page. Defaults to the first of the configuration.
    #[must_use]
    pub fn site(self, site: impl Into<String>) -> Self {
        Self { site: Some(site.into()), ..self }
    }

    /// Whether a receiver that has a debug endpoint is sent the test hit, too. Defaults to false.
    #[must_use]
    pub fn hit(self, wants_hit: bool) -> Self {
        Self { wants_hit, ..self }
    }
}

impl Checked {
    /// The worst of what was found.
    pub fn grade(&self) -> Grade {
        self.findings.iter().map(Finding::grade).max().unwrap_or(Grade::Unproven)
    }
}

impl From<Finding> for Checked {
    fn from(finding: Finding) -> Self {
        Self { asked: Vec::new(), findings: vec![finding] }
    }
}

/// Checks `destination`, one of `config`, whatever the configuration's `mode`.
pub fn check(config: &Config, destination: &Destination, options: &Options) -> Checked {
    let until = Instant::now() + options.within;
    match &destination.receiver {
        Receiver::Callback | Receiver::Celery { .. } => not_here(destination).into(),
        Receiver::File { path } => places::file(path.as_deref()).into(),
        Receiver::Sqlite { path, .. } => places::store(path).into(),
        Receiver::Remote(_) => with_test(config, destination, options, |test| ask(&test, destination, until))
            .unwrap_or_else(|finding| finding.into()),
        other => {
            Finding::unproven(format!("what {} does is not checked", other.kind()), "see its log").into()
        }
    }
}

/// What [`check`] would send first to `destination`, which is never sent; nothing where no request would be made. What
/// more would be asked depends on the answer.
///
/// # Errors
///
/// What is wrong with the configuration, if nothing would be sent for that reason.
pub fn rehearse(
    config: &Config,
    destination: &Destination,
    options: &Options,
) -> Result<Option<Asked>, Finding> {
    if !matches!(destination.receiver, Receiver::Remote(_)) {
        return Ok(None);
    }
    with_test(config, destination, options, |test| {
        let question = test.first();
        let mut request = Outgoing::new();
        question.ask(&test, &mut request);
        Some(Asked { means: question.means(), request })
    })
}

/// Does `work` with the test of a receiver on the network, if it takes hits at all.
fn with_test<R>(
    config: &Config,
    destination: &Destination,
    options: &Options,
    work: impl FnOnce(Test<'_>) -> R,
) -> Result<R, Finding> {
    let Receiver::Remote(remote) = &destination.receiver else {
        return Err(not_here(destination));
    };
    let moment = Moment::new(clock::System.micros(), entropy::System.draw());
    let hit = hit(config, destination, options.site.as_deref(), &moment);
    let test = Test::new(remote, &hit, moment.micros()).with_hit(options.wants_hit);
    test.admit()?;
    Ok(work(test))
}

#[cfg(feature = "http")]
use self::network::ask;

#[cfg(not(feature = "http"))]
fn ask(_: &Test<'_>, destination: &Destination, _: Instant) -> Checked {
    Finding::wrong(
        format!("destination `{}` is on the network, which this build cannot reach", destination.name),
        "build trackside with the feature `http`",
    )
    .into()
}

fn not_here(destination: &Destination) -> Finding {
    let kind = destination.receiver.kind();
    let to_do = match kind {
        "celery" => {
            "start a worker of Celery with the task, and see it run; the program's own counters tell of the rest"
        }
        _ => "see that program's own counters: what its sink refused or lost stands there",
    };
    Finding::unproven(
        format!(
            "what becomes of its hits: its sink ({kind}) is in the program that embeds trackside, and is not checked from here"
        ),
        to_do,
    )
}
