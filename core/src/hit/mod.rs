//! The hit: one page view or event, independent of any receiver.
//!
//! A [`Hit`] is one shared block of bytes, so that handing it to several destinations copies nothing.
//! The block's layout is described in `layout.rs`.

mod annotations;
mod canonical;
pub(crate) mod cap;
mod client;
mod draft;
mod edit;
mod joined;
mod json;
mod layout;
mod path;
mod place;
mod query;
mod record;
mod referrer;
mod search;
mod shape;

use std::{fmt, net::IpAddr, sync::Arc};

use uuid::Uuid;

use self::layout::{Field, Flags, View};
pub use self::{
    annotations::{Annotations, Event, Value},
    edit::{Edit, Text},
    place::Place,
    record::RecordError,
};
pub(crate) use self::{client::Client, draft::Draft, joined::Joined, json::put_fields, search::term};
use crate::config::IpPolicy;

/// One page view or event. Cloning it copies a pointer.
///
/// Texts that came from the client (path, query, referrer, agent, language) are bytes: nothing makes a
/// client send UTF-8. What the operator may not store is already gone: the address is masked and the
/// query cut as the configuration says.
#[derive(Clone, Eq, PartialEq)]
pub struct Hit(pub(crate) Arc<[u8]>);

/// What a hit records.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Kind {
    /// A file that was downloaded: `track.downloads`.
    Download,
    /// Something that the host reported by name.
    Event,
    /// A page that was asked for and is not there: `track.not_found`.
    NotFound,
    /// A page that was seen.
    Page,
    /// A search on the site: `track.search`.
    Search,
}

impl Kind {
    /// How it is written in reports and files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Download => "download",
            Self::Event => "event",
            Self::NotFound => "not-found",
            Self::Page => "page",
            Self::Search => "search",
        }
    }
}

impl Hit {
    /// The hit's own id (UUID v7), the same at every destination and in every attempt.
    pub fn id(&self) -> Uuid {
        Uuid::from_bytes(self.view().array(layout::ID))
    }

    /// Whether this is a page view, an event of the host's, or one that trackside tells apart by itself.
    pub fn kind(&self) -> Kind {
        layout::kind(self.view().byte(layout::KIND))
    }

    /// When the exchange began, or the event was raised, in microseconds since the Unix epoch.
    pub fn micros(&self) -> u64 {
        self.view().u64(layout::MICROS)
    }

    /// The visitor, if one is known and may be recorded.
    pub fn visitor(&self) -> Option<Uuid> {
        self.has(Flags::VISITOR).then(|| Uuid::from_bytes(self.view().array(layout::VISITOR)))
    }

    /// Whether this exchange gave the visitor its id.
    pub fn is_new(&self) -> bool {
        self.has(Flags::NEW)
    }

    /// Whether the visitor's id is a cookieless one: it is another one the next day, and nobody knows whether it
    /// is new.
    pub fn is_cookieless(&self) -> bool {
        self.has(Flags::COOKIELESS)
    }

    /// Whether no third party may have it: the visitor refused, or was to be asked and has not agreed. Destinations
    /// with `third_party` refuse it(`no-consent`), and so does [`explain`](crate::explain).
    pub fn is_confined(&self) -> bool {
        self.has(Flags::CONFINED)
    }

    /// Whether the visitor allowed that it serves ads.
    pub fn grants_ads(&self) -> bool {
        self.has(Flags::ADS)
    }

    /// The visitor's first visit, in seconds since the Unix epoch. A cookieless visitor has none.
    pub fn first_visit(&self) -> Option<u64> {
        let is_known = self.has(Flags::VISITOR) && !self.is_cookieless();
        is_known.then(|| self.view().u64(layout::FIRST_VISIT))
    }

    /// The session, named by the second it began, in seconds since the Unix epoch.
    pub fn session(&self) -> Option<u64> {
        self.has(Flags::SESSION).then(|| self.view().u64(layout::SESSION))
    }

    /// The client's address, as far as the destination's `ip` policy allows it.
    pub fn ip(&self) -> Option<IpAddr> {
        let bytes: [u8; 16] = self.view().array(layout::IP);
        if !self.has(Flags::IP) {
            return None;
        }
        if self.has(Flags::IP_V6) {
            return Some(IpAddr::from(bytes));
        }
        let [a, b, c, d, ..] = bytes;
        Some(IpAddr::from([a, b, c, d]))
    }

    /// The `ip` policy under which this record was made.
    pub fn ip_policy(&self) -> IpPolicy {
        self.flags().ip_policy()
    }

    /// The status of the response; 0 for an event raised outside an exchange.
    pub fn status(&self) -> u16 {
        self.view().u16(layout::STATUS)
    }

    /// Whether the page was asked for by https.
    pub fn is_secure(&self) -> bool {
        self.has(Flags::SECURE)
    }

    /// The site: a host name in lower case, without a port.
    pub fn site(&self) -> &str {
        self.text(Field::Site)
    }

    /// The request's method.
    pub fn method(&self) -> &[u8] {
        self.view().field(Field::Method)
    }

    /// The path as the client asked for it, as `track.canonical` spells it and without what `privacy.path` hides, at
    /// most 2,048 bytes.
    pub fn path(&self) -> &[u8] {
        self.view().field(Field::Path)
    }

    /// What `privacy.query` keeps of the query, without the question mark.
    pub fn query(&self) -> &[u8] {
        self.view().field(Field::Query)
    }

    /// The page that led here, without user information and fragment, at most 2,048 bytes.
    pub fn referrer(&self) -> &[u8] {
        self.view().field(Field::Referrer)
    }

    /// The `User-Agent`, at most 1,024 bytes.
    pub fn agent(&self) -> &[u8] {
        self.view().field(Field::Agent)
    }

    /// The first language of `Accept-Language`, such as `en-GB`.
    pub fn language(&self) -> &str {
        self.text(Field::Language)
    }

    /// The page's title, as the host gave it, at most 1,500 bytes.
    pub fn title(&self) -> &str {
        self.text(Field::Title)
    }

    /// The user's id, as the host gave it.
    pub fn user_id(&self) -> &str {
        self.text(Field::UserId)
    }

    /// The route template, as the host gave it, such as `/user/{id}`.
    pub fn route(&self) -> &str {
        self.text(Field::Route)
    }

    /// The event's name; empty for a page view.
    pub fn name(&self) -> &str {
        self.text(Field::Name)
    }

    /// The event's category.
    pub fn category(&self) -> &str {
        self.text(Field::Category)
    }

    /// The event's label; of a search, and of the page that shows what was found, the term.
    pub fn label(&self) -> &str {
        self.text(Field::Label)
    }

    /// The event's value.
    pub fn value(&self) -> Option<f64> {
        self.has(Flags::VALUE).then(|| f64::from_bits(self.view().u64(layout::VALUE)))
    }

    /// The properties, in the order in which the host gave them.
    pub fn properties(&self) -> impl Iterator<Item = (&str, Value<'_>)> {
        self.view().properties()
    }

    /// The page's address, put together from scheme, site, path and what was kept of the query.
    pub fn url(&self) -> Vec<u8> {
        let scheme: &[u8] = if self.is_secure() { b"https://" } else { b"http://" };
        let mut url = [scheme, self.site().as_bytes(), self.path()].concat();
        if !self.query().is_empty() {
            url.push(b'?');
            url.extend_from_slice(self.query());
        }
        url
    }

    /// The size of the record, in bytes: what the hit costs a queue.
    pub fn size(&self) -> usize {
        self.0.len()
    }

    /// Where in memory the record is: of hits that live at the same time, only clones of each other have the same.
    pub fn place(&self) -> usize {
        self.0.as_ptr().addr()
    }

    fn text(&self, field: Field) -> &str {
        std::str::from_utf8(self.view().field(field)).unwrap_or_default()
    }

    fn flags(&self) -> Flags {
        Flags(self.view().u16(layout::FLAGS))
    }

    fn has(&self, flag: u16) -> bool {
        self.flags().has(flag)
    }

    fn view(&self) -> View<'_> {
        View(&self.0)
    }
}

impl fmt::Debug for Hit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hit")
            .field("id", &self.id())
            .field("kind", &self.kind())
            .field("site", &self.site())
            .field("path", &self.path().escape_ascii().to_string())
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod test;
