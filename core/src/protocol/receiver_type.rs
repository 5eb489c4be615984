//! The types of receivers: what each `[[destination]]` with a protocol may name as its `type`.

use std::{fmt, sync::Arc};

use super::{
    Key, Protocol, ScriptCookie, Values,
    check::{self, Question},
    ga_v1, ga4, goatcounter, matomo, plausible, posthog,
    segment::{RUDDERSTACK, SEGMENT},
    snowplow, umami, webhook,
};

/// Every type of receiver that trackside speaks to over HTTP by itself, in the order in which they are told of.
///
/// A new one is a file beside this with a `TYPE`, and a line here.
pub static TYPES: &[&ReceiverType] = &[
    &ga4::TYPE,
    &ga_v1::TYPE,
    &matomo::TYPE,
    &plausible::TYPE,
    &posthog::TYPE,
    &SEGMENT,
    &RUDDERSTACK,
    &webhook::TYPE,
    &umami::TYPE,
    &goatcounter::TYPE,
    &snowplow::TYPE,
];

/// A type of receiver: the word for it, its own keys in the configuration, and what makes its protocol of them.
///
/// Those of trackside stand in [`TYPES`]; one of your own is given to
/// [`Builder::receiver`](crate::config::Builder::receiver), and is then configured as they are.
#[derive(Clone, Copy)]
#[must_use = "it does nothing until a configuration's builder has it"]
pub struct ReceiverType {
    pub(crate) name: &'static str,
    pub(crate) keys: &'static [Key],
    pub(crate) make: Make,
    pub(crate) cookies: Option<Cookies>,
    pub(crate) title: &'static str,
    pub(crate) example: &'static str,
    pub(crate) check: First,
}

/// What is asked first to check a destination whose keys hold these values.
type First = fn(&Values) -> &'static Question;

type Make = fn(&Values) -> Result<Arc<dyn Protocol>, WrongKey>;
type Cookies = fn(&Values) -> Vec<ScriptCookie>;

impl ReceiverType {
    /// The type `name`, 1 to 15 of a-z, 0-9 and hyphen, with its own `keys`, of which a `url` is one, and `make`.
    ///
    /// The keys are read before `make` is called: each has a value that it may hold, or its default, or nothing. It
    /// checks what one key demands of another. After a mistake in a key it is called all the same, with empty texts
    /// for what is wrong, to find out the limits; what it complains of then is not told.
    pub const fn new(name: &'static str, keys: &'static [Key], make: Make) -> Self {
        Self { name, keys, make, cookies: None, title: "", example: "", check: |_| &check::TEST_HIT }
    }

    /// The cookies of the receiver's own script in the browser whose ids its hits take along, as its keys say; those of
    /// trackside ask for them with `join = true` alone. They are read of visitors who allow it, which takes
    /// `visitor.identity = "cookie"`: with another it is a mistake, told of the key `join`. Defaults to none.
    pub const fn cookies(mut self, cookies: Cookies) -> Self {
        self.cookies = Some(cookies);
        self
    }

    /// What stands in the guide: the receiver's own name for itself.
    pub const fn title(mut self, title: &'static str) -> Self {
        self.title = title;
        self
    }

    /// What stands in the guide: the lines of TOML, beside `type`, without which it cannot be configured.
    pub const fn example(mut self, lines: &'static str) -> Self {
        self.example = lines;
        self
    }

    /// What is asked first to [check](mod@check) a destination whose keys hold what `first` is handed. Defaults to
    /// [`TEST_HIT`](check::TEST_HIT).
    pub const fn check(mut self, first: fn(&Values) -> &'static Question) -> Self {
        self.check = first;
        self
    }

    /// The word for it, the `type` of its destinations.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The lines of TOML, beside `type`, without which it cannot be configured; empty if it has not told them. Secrets
    /// are taken from the environment there.
    pub fn lines(&self) -> &'static str {
        self.example
    }
}

/// Shows the name: functions have none.
impl fmt::Debug for ReceiverType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReceiverType").field(&self.name).finish()
    }
}

/// What a receiver's own checks found: a mistake in the configuration.
#[derive(Clone, Debug)]
pub struct WrongKey {
    pub(crate) key: &'static str,
    pub(crate) message: String,
}

impl WrongKey {
    /// Something is wrong with `key`, which `message` tells together with what would be right. It must show no
    /// secret.
    pub fn new(key: &'static str, message: impl Into<String>) -> Self {
        Self { key, message: message.into() }
    }
}

/// A receiver over HTTP, as it is configured: its type, what its keys hold, and the protocol made of that.
#[derive(Clone)]
pub struct Remote {
    pub(crate) kind: &'static ReceiverType,
    pub(crate) values: Values,
    pub(crate) protocol: Arc<dyn Protocol>,
}

impl Remote {
    /// Its type.
    pub fn kind(&self) -> &'static ReceiverType {
        self.kind
    }

    /// What its keys hold.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// Its wire format.
    pub fn protocol(&self) -> &Arc<dyn Protocol> {
        &self.protocol
    }

    /// What tells it apart from others of its type: the values of the keys that are an [identity](Key::identity),
    /// of a secret its SHA-256.
    pub fn identity(&self) -> impl Iterator<Item = String> {
        self.kind.keys.iter().filter(|key| key.is_identity).map(|key| self.values.shown(key.name))
    }
}

/// Secrets are `***`.
impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("type", &self.kind.name).field("values", &self.values).finish()
    }
}

#[cfg(test)]
#[path = "receivers_test.rs"]
mod test;
