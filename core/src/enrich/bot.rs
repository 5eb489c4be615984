use std::borrow::Cow;

macro_rules! words {
    ($(#[$doc:meta])+ $name:ident { $($(#[$of:meta])+ $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])+
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$of])+ $variant,)+
        }

        impl $name {
            /// Every one there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable word, as it stands in stores, files and reports.
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// The one of this word.
            pub fn of_code(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.code() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.code())
            }
        }
    };
}
pub(super) use words;

words! {
    /// What kind of program a [`Bot`] is.
    Class {
        /// `absurd`: its agent is what no browser sends: an address, an id, markup, no letter, or 1,024 bytes
        /// and more.
        Absurd = "absurd",
        /// `academic`: it collects for research.
        Academic = "academic",
        /// `ads`: it looks after advertisements.
        Ads = "ads",
        /// `ai`: it feeds or acts for a language model; [`Bot::purpose`] says which.
        Ai = "ai",
        /// `archive`: it keeps copies of the web.
        Archive = "archive",
        /// `automation`: a browser that a program drives.
        Automation = "automation",
        /// `denied`: `track.bots_deny` names it.
        Denied = "denied",
        /// `empty`: it sent no agent.
        Empty = "empty",
        /// `feed`: it reads feeds.
        Feed = "feed",
        /// `library`: a library or tool that programs use.
        Library = "library",
        /// `monitor`: it sees whether the site is up.
        Monitor = "monitor",
        /// `other`: it calls itself a robot, and no list knows it.
        Other = "other",
        /// `preview`: it fetches what a link shows in a message.
        Preview = "preview",
        /// `scanner`: it looks for weaknesses.
        Scanner = "scanner",
        /// `search`: it feeds a search engine.
        Search = "search",
        /// `seo`: it watches ranks and links.
        Seo = "seo",
        /// `spam`: the referrer is a spammer's.
        Spam = "spam",
    }
}

words! {
    /// What an AI agent fetches a page for.
    Purpose {
        /// `other`: something else, or nobody knows.
        Other = "other",
        /// `person`: it acts for a person, now.
        Person = "person",
        /// `search`: an index that answers are made from.
        Search = "search",
        /// `training`: a model's training.
        Training = "training",
    }
}

/// A program that is no browser in a person's hands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Bot {
    pub(super) class: Class,
    pub(super) name: Cow<'static, str>,
    pub(super) operator: &'static str,
    pub(super) purpose: Option<Purpose>,
}

impl Bot {
    pub(super) fn new(class: Class, name: impl Into<Cow<'static, str>>) -> Self {
        let purpose = (class == Class::Ai).then_some(Purpose::Other);
        Self { class, name: name.into(), operator: "", purpose }
    }

    /// What kind of program it is.
    pub fn class(&self) -> Class {
        self.class
    }

    /// Its name, as a list or its agent has it, such as `Googlebot`; of a spammer the host, of a denied one the
    /// pattern; may be empty.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Who runs it, as far as that is known of an AI agent; else empty.
    pub fn operator(&self) -> &str {
        self.operator
    }

    /// What an AI agent fetches the page for; none for every other class.
    pub fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }
}
