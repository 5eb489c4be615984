//! The keys of a receiver in the configuration, as its file declares them.

use sha2::{Digest, Sha256};

use crate::config::Secret;

/// One key of a receiver's own in its `[[destination]]`: what it may hold, what stands where it is left out, and what
/// is told of it. Made by one of the constructors, each of which is one kind of value.
///
/// ```
/// use trackside_core::protocol::Key;
///
/// static KEYS: &[Key] = &[
///     Key::url("url").default_text("https://stats.example.com/collect").identity().doc("where hits are posted"),
///     Key::secret("token").required("the site's token").doc("under Settings, API"),
///     Key::number("site_id", 1, 1_000_000).required("the site's number, such as 1").identity().doc("the site"),
/// ];
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "it does nothing until a receiver has it"]
pub struct Key {
    pub(crate) name: &'static str,
    pub(crate) holds: Holds,
    pub(crate) absent: Absent,
    pub(crate) is_identity: bool,
    pub(crate) doc: &'static str,
}

/// What a key may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Holds {
    Bool,
    Number { least: u64, most: u64 },
    Numbers { most: usize, expected: &'static str, fits: fn(&str, u64) -> bool },
    Secret,
    Text { expected: &'static str, fits: fn(&str) -> bool },
    Url,
    Word(&'static [&'static str]),
}

/// What stands where the key is left out.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Absent {
    Bool(bool),
    /// A mistake; the text tells what to write.
    Mistake(&'static str),
    Nothing,
    Number(u64),
    Text(&'static str),
}

impl Key {
    /// `true` or `false`.
    pub const fn bool(name: &'static str) -> Self {
        Self::new(name, Holds::Bool)
    }

    /// A whole number from `least` to `most`.
    pub const fn number(name: &'static str, least: u64, most: u64) -> Self {
        Self::new(name, Holds::Number { least, most })
    }

    /// A table of at most `most` names, each with a number; what `fits` refuses is told as "not `expected`".
    pub const fn numbers(
        name: &'static str,
        most: usize,
        expected: &'static str,
        fits: fn(&str, u64) -> bool,
    ) -> Self {
        Self::new(name, Holds::Numbers { most, expected, fits })
    }

    /// A secret: itself, `env:NAME` or `file:PATH`. It is never shown.
    pub const fn secret(name: &'static str) -> Self {
        Self::new(name, Holds::Secret)
    }

    /// A text; what `fits` refuses is told as "not `expected`".
    pub const fn text(name: &'static str, expected: &'static str, fits: fn(&str) -> bool) -> Self {
        Self::new(name, Holds::Text { expected, fits })
    }

    /// An absolute http or https URL without userinfo and fragment, of at most 2,048 bytes.
    pub const fn url(name: &'static str) -> Self {
        Self::new(name, Holds::Url)
    }

    /// One of a few words.
    pub const fn word(name: &'static str, words: &'static [&'static str]) -> Self {
        Self::new(name, Holds::Word(words))
    }

    const fn new(name: &'static str, holds: Holds) -> Self {
        Self { name, holds, absent: Absent::Nothing, is_identity: false, doc: "" }
    }

    /// What a text, a URL or a word is where it is left out. Defaults to nothing, an empty text.
    pub const fn default_text(mut self, text: &'static str) -> Self {
        self.absent = Absent::Text(text);
        self
    }

    /// What a number is where it is left out. Defaults to nothing.
    pub const fn default_number(mut self, number: u64) -> Self {
        self.absent = Absent::Number(number);
        self
    }

    /// What a truth value is where it is left out. Defaults to false.
    pub const fn default_bool(mut self, value: bool) -> Self {
        self.absent = Absent::Bool(value);
        self
    }

    /// To leave it out is a mistake, which is told as "missing: `what`".
    pub const fn required(mut self, what: &'static str) -> Self {
        self.absent = Absent::Mistake(what);
        self
    }

    /// With another value it is another receiver, for whom hits that wait in a spool are not meant. Of URLs, texts,
    /// words and numbers, and of a secret that names the receiver's project or source: it counts by its hash. Another
    /// secret may be replaced at any time.
    pub const fn identity(mut self) -> Self {
        self.is_identity = true;
        self
    }

    /// What it means, for the reference; where to find it belongs here too.
    pub const fn doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }
}

/// What the configuration has for a receiver's keys, checked as the keys say, defaults filled in.
#[derive(Clone, Debug, Default)]
pub struct Values(Vec<(&'static str, Given)>);

/// The value of one key.
#[derive(Clone, Debug)]
pub(crate) enum Given {
    Bool(bool),
    Number(u64),
    Numbers(Vec<(String, u64)>),
    Secret(Secret),
    Text(String),
}

impl Values {
    pub(crate) fn put(&mut self, key: &'static str, given: Given) {
        self.0.push((key, given));
    }

    /// The text, URL or word of `key`; empty if there is none.
    pub fn text(&self, key: &str) -> &str {
        match self.given(key) {
            Some(Given::Text(text)) => text,
            _ => "",
        }
    }

    /// The secret of `key`; none if it is not given.
    pub fn secret(&self, key: &str) -> Option<&Secret> {
        match self.given(key) {
            Some(Given::Secret(secret)) => Some(secret),
            _ => None,
        }
    }

    /// The number of `key`; none if it is not given and has no default.
    pub fn number(&self, key: &str) -> Option<u64> {
        match self.given(key) {
            Some(Given::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// The table of `key`, in the order of its names; empty if there is none.
    pub fn numbers(&self, key: &str) -> &[(String, u64)] {
        match self.given(key) {
            Some(Given::Numbers(numbers)) => numbers,
            _ => &[],
        }
    }

    /// Whether `key` is true.
    pub fn is_true(&self, key: &str) -> bool {
        matches!(self.given(key), Some(Given::Bool(true)))
    }

    fn given(&self, key: &str) -> Option<&Given> {
        self.0.iter().find(|(name, _)| *name == key).map(|(_, given)| given)
    }

    /// The value of `key`, as an identity has it.
    pub(crate) fn shown(&self, key: &str) -> String {
        match self.given(key) {
            Some(Given::Bool(value)) => value.to_string(),
            Some(Given::Number(number)) => number.to_string(),
            Some(Given::Text(text)) => text.clone(),
            Some(Given::Secret(secret)) => digest(secret),
            Some(Given::Numbers(_)) | None => String::new(),
        }
    }
}

/// What may be known of a secret: whether it is the same, and nothing that leads back to it.
fn digest(secret: &Secret) -> String {
    let mut hasher = Sha256::new();
    // So that it is the hash of no key that is kept elsewhere.
    hasher.update(b"trackside spool\0");
    hasher.update(secret.reveal());
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_secret_is_shown_by_a_hash_of_its_own() {
        let mut values = Values::default();
        values.put("token", Given::Secret(Secret::new("s3cret")));
        // By `printf 'trackside spool\0s3cret' | sha256sum`.
        let expected = "2f7c7d7e45c790b8d387b1c5b45a2e69ba85fd162edd239e8b628e50545ca022";
        assert_eq!(values.shown("token"), expected);
    }
}
