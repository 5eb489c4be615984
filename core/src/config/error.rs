//! What is wrong with a configuration: all of it at once.

use std::{cell::RefCell, error::Error, fmt};

/// How many mistakes are told; a document of a million of them fills no log.
const TOLD: usize = 100;

/// Every mistake of a configuration, each with its key's path and what would be right.
///
/// `Display` writes one mistake a line. No message shows a secret.
///
/// ```
/// use trackside_core::config::Config;
///
/// let error = Config::builder().toml("mood = 'on'\nshutdown = 5").build().unwrap_err();
/// let paths: Vec<_> = error.mistakes().map(|(path, _)| path).collect();
/// assert_eq!(paths, ["shutdown", "consent.policy", "mood"]);
/// # let text = error.to_string();
/// # assert!(text.contains("mood: unknown key; did you mean \"mode\"?"), "{text}");
/// ```
#[derive(Clone)]
pub struct ConfigError(Box<[Mistake]>);

impl ConfigError {
    /// The mistakes: the path of each, such as `destination[0].queue.hits`, and what is wrong there.
    ///
    /// The path of a syntax error is its place, `line 3, column 5`; that of a variable of the
    /// environment which names no key is the variable; where more than 100 mistakes were made, the last
    /// path is empty and its message counts the others.
    pub fn mistakes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|mistake| (mistake.path.as_str(), mistake.message.as_str()))
    }
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.mistakes()).finish()
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (path, message)) in self.mistakes().enumerate() {
            let (line, colon) = (if n == 0 { "" } else { "\n" }, if path.is_empty() { "" } else { ": " });
            write!(f, "{line}{path}{colon}{message}")?;
        }
        Ok(())
    }
}

impl Error for ConfigError {}

/// One thing that is wrong, in one line.
#[derive(Clone)]
pub(super) struct Mistake {
    path: String,
    message: String,
}

impl Mistake {
    pub(super) fn new(path: String, message: String) -> Self {
        let message = message.replace(|c: char| c.is_control(), " ");
        Self { path, message }
    }
}

/// Collects what is found while a configuration is read.
#[derive(Default)]
pub(super) struct Report(RefCell<Found>);

#[derive(Default)]
struct Found {
    mistakes: Vec<Mistake>,
    more: usize,
    /// Whether a whole layer could not be read, so that what is missing may stand there.
    incomplete: bool,
    warnings: Vec<String>,
}

impl Report {
    /// Something is wrong at `path`.
    pub(super) fn add(&self, path: String, message: String) {
        self.push(Mistake::new(path, message));
    }

    /// The key at `path` has no default and is not given.
    pub(super) fn missing(&self, path: String, message: String) {
        if !self.0.borrow().incomplete {
            self.add(path, message);
        }
    }

    /// A layer could not be read at all.
    pub(super) fn unreadable(&self, mistake: Mistake) {
        self.0.borrow_mut().incomplete = true;
        self.push(mistake);
    }

    pub(super) fn warn(&self, path: &str, message: impl fmt::Display) {
        self.0.borrow_mut().warnings.push(format!("{path}: {message}"));
    }

    pub(super) fn is_clean(&self) -> bool {
        self.0.borrow().mistakes.is_empty()
    }

    pub(super) fn into_warnings(self) -> Vec<String> {
        self.0.into_inner().warnings
    }

    pub(super) fn into_error(self) -> ConfigError {
        let Found { mut mistakes, more, .. } = self.0.into_inner();
        if more > 0 {
            mistakes.push(Mistake::new(String::new(), format!("and {more} more mistakes")));
        }
        ConfigError(mistakes.into())
    }

    fn push(&self, mistake: Mistake) {
        let found = &mut *self.0.borrow_mut();
        if found.mistakes.len() < TOLD {
            found.mistakes.push(mistake);
        } else {
            found.more += 1;
        }
    }
}
