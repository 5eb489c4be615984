//! `trackside check`: whether the destinations take what they are sent, and what to do if not.

mod json;
mod text;

use std::{
    io::{self, Write},
    sync::Arc,
    thread,
};

use trackside::{
    Config, Tracker,
    check::{self, Asked, Checked, Options},
    config::{Destination, Mode},
    protocol::check::{Finding, Grade},
    transport::Null,
};

use crate::{
    configuration::{self, Location},
    escape::escape,
    failure::Failure,
    output::{self, Format},
    timeout::Timeout,
};

/// Ask every destination whether it takes hits; tell what is right, wrong, and to be done
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// How long it may take at most, for all destinations at once
    #[arg(long, value_name = "TIME", default_value = "30s")]
    timeout: Timeout,

    /// Print what each would be sent first, with *** for secrets; nothing is sent
    #[arg(long)]
    dry_run: bool,

    /// Send a test hit, which counts, also where a debug endpoint (ga4, ga-v1) says that it would do
    #[arg(long)]
    hit: bool,

    /// The host name of the test hit's page [default: the first of `site`]
    #[arg(long, value_name = "HOST")]
    site: Option<String>,

    /// Only the destination of this name
    #[arg(long, value_name = "NAME")]
    destination: Option<String>,

    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    #[command(flatten)]
    location: Location,
}

const AFTER_HELP: &str = "\
The configuration is validated with the files that it names, then every destination is asked, all at
once, with its own proxy, certificates and time-outs; one that fails keeps no other from being asked.

What is sent:
  ga4, ga-v1      the hit goes to the debug endpoint, which validates and counts nothing; where there is
                  none, and with --hit, it goes where hits go
  the others      one test hit, which counts; matomo's again without the token if it refused it,
                  webhook's again with a wrong signature, which it should refuse; plausible's again to
                  be told which address it sees; snowplow is asked /health before
  sqlite, file    nothing: the store or file is opened for writing, and nothing is left there
  callback        nothing: the sink is in the program that embeds trackside; the same for celery

A test hit is a page view of the page /trackside-check with the title `trackside check`, always of one
visitor, 74726163-6b73-4964-a563-6865636b2e2e, from 203.0.113.9 (as far as `ip` allows), so that it can
be filtered. What the configuration's `mode` and the destination's `only` say holds nothing back.

What is found:
  right           as it should be
  unproven        it cannot be found out this way, as receivers answer 2xx to what they throw away, too;
                  it is told where to look
  wrong           hits would be lost; it is told what to do

JSON has one object with `mode`; `warnings` of the configuration; and `destinations`, a list of
{\"name\", \"type\", \"grade\", \"asked\" of {\"means\", \"method\", \"url\"}, \"findings\" of {\"grade\", \"what\",
\"to_do\"}}, where a grade is one of these words, that of the destination its worst. With --dry-run
what is asked has \"headers\" and \"body\", too, and there is no grade without a finding. Secrets are ***.
Fields may be added, none is taken away.

Examples:
  trackside check --config trackside.toml --dry-run
  trackside check --config trackside.toml --destination ga4 --hit
  trackside check --config trackside.toml --format json > check.json && echo ready

Exit codes: 0 nothing is wrong, 1 something is, or a file that the configuration names cannot be used,
2 wrong command line or configuration.";

/// What there is to tell of one destination.
struct Told<'a> {
    destination: &'a Destination,
    checked: Checked,
}

/// Asks, and prints what was found.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = configuration::load(&arguments.location)?.config;
    let wanted = wanted(&config, arguments.destination.as_deref())?;
    // Files that it names are read, no store is opened, and a sink of the host's is not missed.
    Tracker::builder(config.clone()).transport(Arc::new(Null)).open().map_err(Failure::failed)?;
    for warning in config.warnings() {
        // With the standard error closed, nobody wants to know.
        writeln!(io::stderr(), "trackside: warning: {}", escape(warning.to_string().as_bytes())).ok();
    }
    let options = Options::new(arguments.timeout.0).hit(arguments.hit);
    let options = match &arguments.site {
        Some(site) => options.site(site),
        None => options,
    };
    let told = if arguments.dry_run {
        wanted.into_iter().map(|destination| rehearsed(&config, destination, &options)).collect()
    } else {
        checked(&config, wanted, &options)
    };
    output::print(&match arguments.format {
        Format::Text => text::render(&config, &told, arguments.dry_run),
        Format::Json => json::render(&config, &told, arguments.dry_run).map_err(Failure::failed)?,
    })?;
    let wrong: Vec<_> = told
        .iter()
        .filter(|told| told.checked.findings.iter().any(Finding::is_wrong))
        .map(|told| format!("`{}`", told.destination.name))
        .collect();
    match &wrong[..] {
        [] => Ok(()),
        wrong => Err(Failure::failed(format_args!("something is wrong with {}", wrong.join(", ")))),
    }
}

fn wanted<'a>(config: &'a Config, name: Option<&str>) -> Result<Vec<&'a Destination>, Failure> {
    let all = config.destinations();
    let wanted: Vec<_> = all.iter().filter(|it| name.is_none_or(|name| it.name == name)).collect();
    match name {
        Some(name) if wanted.is_empty() => {
            let known: Vec<_> = all.iter().map(|destination| format!("`{}`", destination.name)).collect();
            Err(Failure::usage(format_args!(
                "no destination is called `{}`; the configuration has {}",
                escape(name.as_bytes()),
                known.join(", ")
            )))
        }
        _ => Ok(wanted),
    }
}

/// Asks all at once: one that does not answer keeps nobody waiting but for itself.
fn checked<'a>(config: &Config, wanted: Vec<&'a Destination>, options: &Options) -> Vec<Told<'a>> {
    thread::scope(|scope| {
        let running: Vec<_> = wanted
            .into_iter()
            .map(|destination| (destination, scope.spawn(move || check::check(config, destination, options))))
            .collect();
        let ended = running.into_iter().map(|(destination, thread)| {
            let checked = thread.join().unwrap_or_else(|_| {
                Finding::wrong("the check itself failed", "please report it as a mistake of trackside's")
                    .into()
            });
            Told { destination, checked }
        });
        ended.collect()
    })
}

/// What would be asked.
fn rehearsed<'a>(config: &Config, destination: &'a Destination, options: &Options) -> Told<'a> {
    let mut checked = Checked::default();
    match check::rehearse(config, destination, options) {
        Ok(asked) => checked.asked.extend(asked),
        Err(finding) => checked.findings.push(finding),
    }
    Told { destination, checked }
}

impl Told<'_> {
    /// The worst of what was found; nothing where nothing was asked.
    fn grade(&self) -> Option<Grade> {
        (!self.checked.findings.is_empty()).then(|| self.checked.grade())
    }
}

fn mode(config: &Config) -> &'static str {
    match config.mode() {
        Mode::DryRun => "dry-run",
        Mode::Off => "off",
        _ => "on",
    }
}

/// The body of a request, which is text in all of trackside's protocols.
fn body(asked: &Asked) -> String {
    String::from_utf8_lossy(&asked.request.shown_payload()).into_owned()
}
