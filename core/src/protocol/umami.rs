//! `umami`: the collecting endpoint of Umami, of the version that runs there.
//!
//! Sources: Umami's own source (`src/app/api/{send,batch}/route.ts`) at its versions, and its [manual].
//!
//! # What is sent
//!
//! JSON by POST: to an address that ends with `/batch` an array of up to 100 hits and 1 MB, to another one hit. The
//! request's own agent is that of the hit if it goes alone, and always the same browser's for an array: Umami throws
//! away what programs send, a whole array with it. Of each hit, as `payload` of a `type` of `event`:
//!
//! | key | value | since |
//! | --- | --- | --- |
//! | `website` | the website's id, as configured | |
//! | `hostname`, `url` | the site, and path and query; the whole address where the path begins with two slashes or the site has over 100 characters | |
//! | `referrer`, `title`, `language` | 500 characters, the language 35 | |
//! | `name` | of an event: its category and name joined (`cart_add`), 50 characters; `file_download`, `page_not_found`, `search`; none of a page view | |
//! | `data` | of these: `category`, `label`, `value`, `search_term`, `link_url`, and the properties; `revenue`, where there is a `currency` of three capital letters, is the property of that name if it is a number, else the value | |
//! | `ip` | the address, as far as the destination may know it | 2.10 |
//! | `tag` | as configured | 2.11 |
//! | `userAgent` | the agent | 2.16 |
//! | `timestamp` | the second of the hit, at most that of the sending | 2.17 |
//! | `id` | the user's id, or where that is blank or longer than 50 characters the visitor's | 2.18 |
//!
//! Before 2.10 the address is sent as `X-Forwarded-For`; before 2.17 a hit counts when it arrives. A page view has no
//! properties in Umami. In addresses everything that RFC 3986 does not allow is percent-encoded; in texts control
//! characters and what is not UTF-8 become U+FFFD. What is empty is left out, and so are numbers of 10¹⁵ and more, over
//! which Umami's store would fail.
//!
//! # What is refused
//!
//! An event without a name (`bad-name`); in a batch a hit without an agent, and before 2.18, where visitors are told
//! apart by address and agent, one without either (`no-visitor`). Before 2.17 what is older than ten minutes is dropped
//! (`expired`), as it would count when it arrives. Where Umami answers a hit with `beep`, it took it for a bot's
//! (`bot-there`), and where with 403, its address is blocked there (`filtered-there`). In a batch it tells of each hit that
//! it did not take (`rejected`), or perhaps took (`ambiguous`), but calls a bot's processed like any other. From 3.0.2 on
//! the answer has a `cache` if any hit of the batch counts: without one all that it calls processed were taken for bots'
//! (`bot-there`). An answer that is not Umami's refuses all (`rejected`): to a batch one without `size` and `details`, to
//! one hit one without `cache`, which before 2.16 is all there is: a token (three words with dots between).
//!
//! [manual]: https://umami.is/docs/api/sending-stats

mod answer;
mod payload;

use std::{
    fmt::{self, Display, Formatter, Write},
    sync::Arc,
};

use uuid::{Uuid, fmt::Hyphenated};

use super::{
    Enriched, Key, Needs, Outcome, Outgoing, Part, Parts, Protocol, ReceiverType, Tells, Values, WrongKey,
    common,
    items::{self, Bounds},
};
use crate::{Headers, hit::Hit, ledger::Reason};

/// `umami`: Umami.
pub static TYPE: ReceiverType = ReceiverType::new("umami", KEYS, make)
    .title("Umami")
    .example(
        "url = \"https://umami.example.com/api/batch\"\nwebsite = \"3f9c2f5e-7f0a-4b52-9d5d-0e7a3c8b1f20\"",
    )
    .check(|_| &super::check::umami::FIRST);

static KEYS: &[Key] = &[
    Key::url("url")
        .required("where hits are posted, such as \"https://umami.example.com/api/batch\"")
        .identity()
        .doc("where hits are posted: many at once if the path ends with `/batch`, else one by one"),
    Key::text("website", "a website's id, which is a UUID", is_uuid)
        .required("the website's id, a UUID, under Settings, Websites, Edit")
        .identity()
        .doc("the website's id"),
    Key::text("version", "the version that runs there, 2.7 or later, such as \"2.18\"", is_version)
        .default_text("3.1")
        .doc("the version of Umami: what it can be told, and what its answers tell; say it where an older one runs"),
    Key::text("tag", "a tag of up to 50 characters", is_tag).doc("marks every hit"),
];

fn is_uuid(text: &str) -> bool {
    text.len() == Hyphenated::LENGTH && Uuid::try_parse(text).is_ok()
}

fn is_version(text: &str) -> bool {
    Version::of(text).is_some_and(|version| version >= FIRST)
}

fn is_tag(text: &str) -> bool {
    text.encode_utf16().count() <= 50 && !text.chars().any(char::is_control)
}

fn make(values: &Values) -> Result<Arc<dyn Protocol>, WrongKey> {
    let [url, website, version] = ["url", "website", "version"].map(|key| values.text(key));
    let version = Version::of(version).unwrap_or(ID);
    if common::is_batch(url) && version < BATCH {
        return Err(WrongKey::new(
            "url",
            "ends with /batch, which Umami has from version 2.17 on; write /api/send, or the version that runs there",
        ));
    }
    Ok(Arc::new(Umami::new(url, website, version).tag(values.text("tag"))))
}

/// Umami names no limit, but goes through the request's headers again for each hit.
const MAX_HITS: usize = 100;
/// In bytes.
const MAX_BODY: usize = 1_000_000;
/// How far back a hit may be dated before [`TIMESTAMP`], in seconds.
const WINDOW: u64 = 10 * 60;
/// The agent of a batch, which belongs to no visitor: a browser's, as Umami takes nothing of a batch whose own agent
/// is missing or a program's, whatever its hits' agents are.
const BROWSER: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// A version of Umami, as far as it matters here.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Version {
    major: u32,
    minor: u32,
    patch: u32,
}

impl Version {
    /// `text`: two numbers with a dot between, such as `2.18`, perhaps a third, which is 0 otherwise; none if it is
    /// anything else.
    pub fn of(text: &str) -> Option<Self> {
        let mut numbers = text.splitn(3, '.');
        let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?;
        let (major, minor) = (number(numbers.next()?)?, number(numbers.next()?)?);
        Some(Self { major, minor, patch: number(numbers.next().unwrap_or("0"))? })
    }

    const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor, patch: 0 }
    }
}

/// The first that is known here.
const FIRST: Version = Version::new(2, 7);
const IP: Version = Version::new(2, 10);
const TAG: Version = Version::new(2, 11);
const AGENT: Version = Version::new(2, 16);
const TIMESTAMP: Version = Version::new(2, 17);
/// The first that has `/api/batch`.
const BATCH: Version = Version::new(2, 17);
const ID: Version = Version::new(2, 18);
/// The first whose answer to a batch has `cache`.
const CACHE: Version = Version { patch: 2, ..Version::new(3, 0) };

/// The wire format of `umami`.
#[derive(Debug)]
pub struct Umami {
    url: String,
    website: String,
    version: Version,
    tag: String,
    is_batch: bool,
}

impl Umami {
    /// Posts to `url`, whose path ends with `/api/send` or `/api/batch`, for the website of this id, to an Umami of
    /// `version`.
    pub fn new(url: &str, website: &str, version: Version) -> Self {
        let is_batch = common::is_batch(url);
        Self { url: url.to_owned(), website: website.to_owned(), version, tag: String::new(), is_batch }
    }

    /// Marks every hit. Defaults to no tag.
    #[must_use]
    pub fn tag(self, tag: &str) -> Self {
        Self { tag: tag.to_owned(), ..self }
    }
}

impl Protocol for Umami {
    fn needs(&self) -> Needs {
        let parts = Parts::ALL.without(Part::Session).only_if(self.version >= TIMESTAMP, Part::Time);
        let has_id = self.version >= ID;
        Needs {
            address: self.version < ID,
            batch: if self.is_batch { MAX_HITS } else { 1 },
            window: if self.version < TIMESTAMP { WINDOW } else { u64::MAX },
            tells: if self.is_batch { Tells::Each } else { Tells::Whole },
            tells_bots: !self.is_batch,
            parts: parts.only_if(has_id, Part::User).only_if(has_id, Part::Visitor),
            ..Needs::default()
        }
    }

    fn admit(&self, hit: &Hit) -> Result<(), Reason> {
        let is_by_address = self.version < ID;
        let has_agent = !hit.agent().trim_ascii().is_empty();
        // It would be taken for the sending host's, or for the batch's browser's.
        if is_by_address && hit.ip().is_none() || (is_by_address || self.is_batch) && !has_agent {
            return Err(Reason::NoVisitor);
        }
        common::check_name(hit)
    }

    fn group(&self, _: &Hit) -> u64 {
        0
    }

    fn encode(&self, batch: &[Enriched<'_>], now: u64, out: &mut Outgoing) -> usize {
        out.start("POST", &self.url);
        out.header("content-type", "application/json");
        let Some(first) = batch.first() else {
            return 0;
        };
        if self.is_batch {
            out.header("user-agent", BROWSER);
            let bounds = Bounds { items: MAX_HITS, bytes: MAX_BODY, after: 0 };
            return items::write_array(batch, bounds, out.body(), |enriched, body| {
                self.write(enriched, now, body);
            });
        }
        if !first.hit.agent().is_empty() {
            out.header("user-agent", Printable(first.hit.agent()));
        }
        if let Some(ip) = first.hit.ip().filter(|_| self.version < IP) {
            out.header("x-forwarded-for", ip);
        }
        self.write(first, now, out.body());
        1
    }

    fn classify(&self, status: u16, headers: &dyn Headers, body: &[u8]) -> Outcome {
        match super::answer::classify(status, headers) {
            Outcome::Delivered if self.is_batch => answer::of_batch(body, self.version >= CACHE),
            Outcome::Delivered => answer::of_one(body),
            Outcome::Refused(_) if status == 403 && !self.is_batch => Outcome::Refused(Reason::FilteredThere),
            outcome => outcome,
        }
    }
}

/// An agent as a header may have it: printable ASCII.
struct Printable<'a>(&'a [u8]);

impl Display for Printable<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|&byte| {
            f.write_char(if (b' '..=b'~').contains(&byte) { char::from(byte) } else { '?' })
        })
    }
}

#[cfg(test)]
#[path = "umami_test.rs"]
mod test;
