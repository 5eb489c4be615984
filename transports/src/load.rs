//! Reads a configuration from where the machine keeps it: files and the environment.
//!
//! Core checks the configuration and reads nothing; what looks it up stands here. Each function gives a
//! [`Config`]; [`Tracker::from_file`], [`Tracker::from_toml`] and [`Tracker::from_env`] open it too.
//!
//! In all of them a secret may be given as `env:NAME` or `file:PATH`. A relative `PATH` is looked up where
//! the process runs.

use std::{
    env,
    error::Error,
    ffi::OsString,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use trackside_core::config::{Builder, Config, ConfigError, SecretSource};

use crate::{OpenError, Tracker};

/// The variable that names the configuration's file.
const FILE: &str = "TRACKSIDE_CONFIG";
/// What begins the name of every variable that holds a key.
const PREFIX: &str = "TRACKSIDE__";

impl Tracker {
    /// A tracker for the configuration of [`load::file`](file()).
    ///
    /// # Errors
    ///
    /// Those of [`load::file`](file()), and when a destination needs a feature that this build does not have.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        let path = path.as_ref();
        Self::open(file(path)?).map_err(|error| LoadError::new(Origin::file(path), Cause::Open(error)))
    }

    /// A tracker for the configuration of [`load::toml`](toml()).
    ///
    /// # Errors
    ///
    /// Those of [`load::toml`](toml()), and when a destination needs a feature that this build does not have.
    pub fn from_toml(text: &str) -> Result<Self, LoadError> {
        Self::open(toml(text)?).map_err(|error| LoadError::new(Origin::Text, Cause::Open(error)))
    }

    /// A tracker for the configuration of [`load::environment`](environment).
    ///
    /// # Errors
    ///
    /// Those of [`load::environment`](environment), and when a destination needs a feature that this build
    /// does not have.
    pub fn from_env() -> Result<Self, LoadError> {
        let origin = named_file().map_or(Origin::Environment, |path| Origin::file(&path));
        Self::open(environment()?).map_err(|error| LoadError::new(origin, Cause::Open(error)))
    }
}

/// The configuration in a file, TOML or JSON by its extension, with the variables of the environment that
/// begin with `TRACKSIDE__` over it.
///
/// # Errors
///
/// When the file cannot be read or is neither `.toml` nor `.json`, when a variable is not UTF-8, and with
/// every mistake of the configuration at once.
pub fn file(path: impl AsRef<Path>) -> Result<Config, LoadError> {
    over(&Document::read(path)?, env::vars_os())
}

/// The configuration in a TOML text. The environment is not asked, but for secrets.
///
/// ```
/// let config = trackside_transports::load::toml("consent.policy = 'notice'")?;
/// assert_eq!(config.destinations()[0].name, "sqlite");
/// # Ok::<(), trackside_transports::load::LoadError>(())
/// ```
///
/// # Errors
///
/// With every mistake of the configuration at once.
pub fn toml(text: &str) -> Result<Config, LoadError> {
    builder().toml(text).build().map_err(|error| LoadError::new(Origin::Text, Cause::Config(error)))
}

/// The configuration of the environment: the [`file`](file()) that `TRACKSIDE_CONFIG` names, if it is set and not
/// empty, with the variables that begin with `TRACKSIDE__` over it.
///
/// # Errors
///
/// As for [`file`](file()).
pub fn environment() -> Result<Config, LoadError> {
    if let Some(document) = Document::named()? {
        return over(&document, env::vars_os());
    }
    let fail = |cause| LoadError::new(Origin::Environment, cause);
    let variables = keys(env::vars_os()).map_err(fail)?;
    builder().env(variables).build().map_err(|error| fail(Cause::Config(error)))
}

/// A builder that looks up secrets where they are: the environment and files.
///
/// ```
/// let config = trackside_transports::load::builder().toml("consent.policy = 'none'").build()?;
/// # Ok::<(), trackside_core::config::ConfigError>(())
/// ```
pub fn builder() -> Builder {
    Config::builder().secrets(secret)
}

/// A secret, looked up where it is: what [`builder`] passes to the configuration.
///
/// # Errors
///
/// Why there is none. The text names the variable or the file, and never shows what it holds.
pub fn secret(source: SecretSource<'_>) -> Result<String, String> {
    match source {
        SecretSource::Env(name) => env::var(name).map_err(|error| match error {
            env::VarError::NotPresent => format!("the variable {name} is not set"),
            // The error itself would show the value.
            env::VarError::NotUnicode(_) => format!("the value of the variable {name} is not UTF-8 text"),
        }),
        SecretSource::File(path) => {
            fs::read_to_string(path).map_err(|error| format!("the file {path} cannot be read: {error}"))
        }
        // A way that core knows and this crate does not: both are built together.
        _ => Err("this build cannot look it up".to_owned()),
    }
}

/// The variables of the environment that hold keys of the configuration, for [`Builder::env`].
///
/// # Errors
///
/// When one of them is not UTF-8.
pub fn variables() -> Result<Vec<(String, String)>, LoadError> {
    keys(env::vars_os()).map_err(|cause| LoadError::new(Origin::Environment, cause))
}

/// A configuration's file, read but not yet checked: one layer of a configuration, for those who lay
/// layers themselves.
///
/// ```no_run
/// use trackside_transports::load::{self, Document};
///
/// let document = Document::read("trackside.toml")?;
/// let config = document.add_to(load::builder().toml("shutdown = '2s'")).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Document {
    path: PathBuf,
    text: String,
    add: fn(Builder, &str) -> Builder,
}

impl Document {
    /// Reads a file, TOML or JSON by its extension.
    ///
    /// # Errors
    ///
    /// When it cannot be read, is not UTF-8, or is neither `.toml` nor `.json`.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        let path = path.as_ref();
        let fail = |cause| LoadError::new(Origin::file(path), cause);
        let is = |extension: &str| path.extension().is_some_and(|it| it.eq_ignore_ascii_case(extension));
        let add: fn(Builder, &str) -> Builder = match () {
            () if is("toml") => Builder::toml,
            () if is("json") => Builder::json,
            () => return Err(fail(Cause::Format)),
        };
        let text = fs::read_to_string(path).map_err(|error| fail(Cause::Read(error)))?;
        Ok(Self { path: path.to_owned(), text, add })
    }

    /// Reads the file that `TRACKSIDE_CONFIG` names, if it is set and not empty.
    ///
    /// # Errors
    ///
    /// As for [`read`](Self::read).
    pub fn named() -> Result<Option<Self>, LoadError> {
        named_file().map(Self::read).transpose()
    }

    /// Lays it over what `builder` has so far.
    pub fn add_to(&self, builder: Builder) -> Builder {
        (self.add)(builder, &self.text)
    }

    /// Where it stands.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Shows no text: it may hold secrets.
impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document").field("path", &self.path).finish_non_exhaustive()
    }
}

/// The configuration of a file, with an environment over it.
fn over(
    document: &Document,
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Config, LoadError> {
    let variables = keys(environment).map_err(|cause| LoadError::new(Origin::file(&document.path), cause))?;
    let names = variables.iter().map(|(name, _)| name.clone()).collect();
    document.add_to(builder()).env(variables).build().map_err(|error| {
        let origin = Origin::File { path: document.path.clone(), variables: names };
        LoadError::new(origin, Cause::Config(error))
    })
}

fn named_file() -> Option<PathBuf> {
    env::var_os(FILE).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// The variables that hold keys; the others are nobody's business.
fn keys(all: impl Iterator<Item = (OsString, OsString)>) -> Result<Vec<(String, String)>, Cause> {
    all.filter(|(name, _)| name.as_encoded_bytes().starts_with(PREFIX.as_bytes()))
        .map(|(name, value)| match (name.into_string(), value.into_string()) {
            (Ok(name), Ok(value)) => Ok((name, value)),
            (Ok(name), Err(_)) => Err(Cause::Variable(name)),
            (Err(name), _) => Err(Cause::Variable(name.to_string_lossy().into_owned())),
        })
        .collect()
}

/// A configuration could not be read or opened. Its text names the file, if there is one, and every
/// mistake in a line of its own; `Debug` is the same, as that is what a `main` shows which fails with it.
pub struct LoadError(Box<Inner>);

struct Inner {
    origin: Origin,
    cause: Cause,
}

/// Where the configuration stood.
enum Origin {
    Environment,
    File {
        path: PathBuf,
        /// The variables of the environment that lie over it.
        variables: Vec<String>,
    },
    Text,
}

impl Origin {
    fn file(path: &Path) -> Self {
        Self::File { path: path.to_owned(), variables: Vec::new() }
    }
}

#[derive(Debug)]
enum Cause {
    Config(ConfigError),
    Format,
    Open(OpenError),
    Read(io::Error),
    /// The variable of this name is not UTF-8.
    Variable(String),
}

impl LoadError {
    fn new(origin: Origin, cause: Cause) -> Self {
        Self(Box::new(Inner { origin, cause }))
    }

    /// The configuration's file, if it stands in one.
    pub fn file(&self) -> Option<&Path> {
        match &self.0.origin {
            Origin::File { path, .. } => Some(path),
            Origin::Environment | Origin::Text => None,
        }
    }

    /// The configuration's mistakes, if it could be read and has any.
    pub fn config(&self) -> Option<&ConfigError> {
        match &self.0.cause {
            Cause::Config(error) => Some(error),
            _ => None,
        }
    }

    /// Whether the file could not be read.
    pub fn is_io(&self) -> bool {
        matches!(self.0.cause, Cause::Read(_))
    }
}

impl fmt::Debug for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.origin {
            Origin::Environment => write!(f, "the environment ({FILE} names no file): ")?,
            Origin::File { path, variables } if variables.is_empty() => write!(f, "{}: ", path.display())?,
            Origin::File { path, variables } => {
                write!(f, "{}, with {} of the environment: ", path.display(), variables.join(", "))?;
            }
            Origin::Text => {}
        }
        match &self.0.cause {
            Cause::Config(error) => write!(f, "mistakes in the configuration:\n{error}"),
            Cause::Format => f.write_str("neither TOML nor JSON by its name; call it .toml or .json"),
            Cause::Open(error) => error.fmt(f),
            Cause::Read(error) => write!(f, "cannot be read: {error}"),
            Cause::Variable(name) => {
                write!(f, "the environment variable {name:?} is not UTF-8; set it to text, or unset it")
            }
        }
    }
}

// Its text says all that a cause would say.
impl Error for LoadError {}

#[cfg(test)]
#[path = "load_test.rs"]
mod test;
