//! The configuration of a command: a file, or the built-in one, with the environment on top.
//!
//! `trackside::load` alone does not serve here: it has no built-in text, and does not tell which files hold
//! secrets, which must never be served.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use trackside::{Config, config::SecretSource, load};

use crate::failure::Failure;

/// What is used without `--config`.
pub(crate) const BUILT_IN: &str = include_str!("../trackside.toml");

/// Where the configuration stands.
#[derive(Debug, clap::Args)]
pub(crate) struct Location {
    /// The configuration, in TOML or, by its name, in JSON [default: built in; `serve` prints it]
    ///
    /// Variables that begin with TRACKSIDE__ go over it, such as TRACKSIDE__CONSENT__POLICY=none.
    #[arg(long, value_name = "FILE", env = "TRACKSIDE_CONFIG", hide_env_values = true)]
    config: Option<PathBuf>,
}

/// A configuration, and where it was found.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) config: Config,
    /// The configuration's file; none if it is the built-in one.
    pub(crate) file: Option<PathBuf>,
    /// The files that its secrets stand in.
    pub(crate) secrets: Vec<PathBuf>,
    /// Whether the environment changes anything in it.
    pub(crate) is_changed: bool,
}

/// Reads the configuration.
pub(crate) fn load(location: &Location) -> Result<Loaded, Failure> {
    let file = location.config.clone().filter(|file| !file.as_os_str().is_empty());
    let text = file.as_deref().map(read).transpose()?;
    let is_json = file.as_ref().and_then(|f| f.extension()).is_some_and(|e| e.eq_ignore_ascii_case("json"));
    let text = text.as_deref().unwrap_or(BUILT_IN);

    let builder = Config::builder();
    let builder = if is_json { builder.json(text) } else { builder.toml(text) };
    let variables = load::variables().map_err(Failure::usage)?;
    let is_changed = !variables.is_empty();
    let secrets = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&secrets);
    let config =
        builder.env(variables).secrets(move |source| resolve(source, &seen)).build().map_err(|error| {
            let name = file.as_ref().map_or("built in".to_owned(), |file| file.display().to_string());
            let more = if is_changed { ", with the TRACKSIDE__ variables of the environment" } else { "" };
            Failure::usage(format_args!(
                "the configuration ({name}{more}) is wrong:\n{}",
                indent(&error.to_string())
            ))
        })?;
    let secrets = std::mem::take(&mut *secrets.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(Loaded { config, file, secrets, is_changed })
}

fn read(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file).map_err(|error| {
        let name = file.display();
        Failure::usage(match error.kind() {
            ErrorKind::NotFound => format!("there is no configuration file {name}"),
            ErrorKind::InvalidData => format!("the configuration file {name} is not UTF-8 text"),
            _ => format!("the configuration file {name} cannot be read: {error}"),
        })
    })
}

/// Looks a secret up, and remembers its file.
fn resolve(source: SecretSource<'_>, files: &Mutex<Vec<PathBuf>>) -> Result<String, String> {
    if let SecretSource::File(path) = source {
        files.lock().unwrap_or_else(PoisonError::into_inner).push(PathBuf::from(path));
    }
    load::secret(source)
}

/// `text` with every line moved in.
pub(crate) fn indent(text: &str) -> String {
    let lines = text.lines().map(|line| if line.is_empty() { String::new() } else { format!("  {line}") });
    lines.collect::<Vec<_>>().join("\n")
}
