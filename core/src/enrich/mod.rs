//! What workers find out about a hit: whose agent it is, by which channel it came, for which campaign, and from
//! which place.
//!
//! None of it changes the response, so none of it is the request thread's work. Everything is pure: an
//! [`Enricher`] looks at the hit and at lists, which stand compiled in `lists/` beside this file with their
//! licences and the date of their last refresh.
//!
//! ```
//! use std::sync::Arc;
//! use trackside_core::{
//!     Annotations, Config, Moment, Request, Response,
//!     enrich::{Channel, Class, Enricher, Lists, Purpose},
//!     judge,
//! };
//!
//! let config = Config::builder().toml("visitor.identity = 'none'").build()?;
//! let headers = [("host", "www.example.com"), ("accept", "text/html"), ("user-agent", "GPTBot/1.2")];
//! let request = Request::new("GET", "/", &headers);
//! let exchange = judge::begin(&config, &request, Moment::new(0, [7; 64]), None);
//! let mut hits = Vec::new();
//! let response = [("content-type", "text/html")];
//! let response = Response::new(200, &response);
//! let verdict =
//!     judge::finish(&config, exchange, &request, &response, &Annotations::new(), &mut |hit| hits.push(hit));
//! assert!(verdict.is_tracked());
//!
//! let enricher = Enricher::new(&config, Arc::new(Lists::built_in()));
//! let found = enricher.look(&hits[0]);
//! let bot = found.bot().expect("a bot");
//! assert_eq!((bot.class(), bot.name(), bot.operator()), (Class::Ai, "GPTBot", "OpenAI"));
//! assert_eq!(bot.purpose(), Some(Purpose::Training));
//! assert_eq!(found.channel(), Channel::Direct);
//! # Ok::<(), trackside_core::config::ConfigError>(())
//! ```

mod agent;
mod agents;
mod bot;
mod campaign;
mod channel;
mod crawlers;
mod json;
mod locate;
mod odd;
mod sites;
mod words;

use std::sync::Arc;

use self::{
    agent::Known,
    agents::Told,
    crawlers::Crawlers,
    odd::Robots,
    sites::{Sites, host_and_path},
    words::Words,
};
pub use self::{
    agents::Agents,
    bot::{Bot, Class, Purpose},
    campaign::{Campaign, Click},
    channel::Channel,
    crawlers::ListError,
    locate::Locate,
};
use crate::{
    Config, Hit, Reason,
    config::{Bots, GeoPolicy},
    hit::{Edit, Place},
    protocol::{Enriched, Protocol},
};

/// The lists that agents and referrers are looked up in: some 400 KiB, made in some milliseconds. One is enough
/// for a process.
#[derive(Debug)]
pub struct Lists {
    known: Known,
    crawlers: Crawlers,
    robots: Robots,
    sites: Sites,
}

impl Lists {
    /// Those that came with this version.
    pub fn built_in() -> Self {
        Self {
            known: Known::built_in(),
            crawlers: Crawlers::built_in(),
            robots: Robots::built_in(),
            sites: Sites::built_in(),
        }
    }

    /// Those that came with this version, with other crawlers: `json` as in `crawler-user-agents.json` of
    /// <https://github.com/monperrus/crawler-user-agents>, a list of objects with a `pattern` and `tags`.
    ///
    /// # Errors
    ///
    /// If that is something else, has a pattern that is no regular expression, or is too large.
    pub fn with_crawlers(json: &str) -> Result<Self, ListError> {
        Ok(Self { crawlers: Crawlers::of_json(json)?, ..Self::built_in() })
    }
}

/// Looks at hits as a configuration says.
#[derive(Clone, Debug)]
pub struct Enricher {
    lists: Arc<Lists>,
    bots: Bots,
    allow: Words,
    deny: Words,
    sites: Vec<String>,
    geo: GeoPolicy,
    places: Option<Arc<dyn Locate>>,
}

impl Enricher {
    /// One that looks hits up in `lists`.
    pub fn new(config: &Config, lists: Arc<Lists>) -> Self {
        let track = &config.track;
        Self {
            lists,
            bots: track.bots,
            allow: Words::new(&track.bots_allow),
            deny: Words::new(&track.bots_deny),
            sites: config.sites.clone(),
            geo: config.geo,
            places: None,
        }
    }

    /// One that asks `places` where the addresses of hits are, as far as `privacy.geo` and a hit's address allow it.
    /// Defaults to nobody.
    #[must_use]
    pub fn with_places(self, places: Arc<dyn Locate>) -> Self {
        Self { places: Some(places), ..self }
    }

    /// What there is to find out about `hit`, in time linear in its length.
    pub fn look(&self, hit: &Hit) -> Found {
        self.found(hit, |referrer| self.bot(hit, referrer, |agent| self.told(agent)))
    }

    /// The same as [`Enricher::look`], much faster where the hit's agent is known to `agents` from another look.
    pub fn look_with(&self, agents: &mut Agents, hit: &Hit) -> Found {
        let told = |agent: &[u8]| agents.of(agent, || self.told(agent)).clone();
        self.found(hit, |referrer| self.bot(hit, referrer, told))
    }

    /// What there is to find out, and the bot that `bot` says it was, which is told the referrer's host.
    fn found(&self, hit: &Hit, bot: impl FnOnce(Option<&str>) -> Option<Bot>) -> Found {
        let referrer = host_and_path(hit.referrer());
        let referrer = referrer.as_ref().map(|(host, path)| (host.as_str(), *path));
        let bot = bot(referrer.map(|(host, _)| host));
        let campaign = Campaign::of(hit.query());
        let (channel, source) = channel::of(hit, referrer, &campaign, &self.sites, &self.lists.sites);
        Found { bot, channel, source, campaign, place: self.place(hit) }
    }

    /// Where the address is, if nobody nearer to the client has said where that is.
    fn place(&self, hit: &Hit) -> Option<Place> {
        let places = self.places.as_ref().filter(|_| hit.country().is_empty())?;
        places.locate(hit.ip()?)?.narrowed(self.geo)
    }

    /// The hit that `seen` becomes by a destination's [changes](crate::config::Destination::changes), and what there is
    /// to find out about that; none if nothing is to be changed. What was found to be a bot's stays a bot's, whatever
    /// agent it has then.
    pub fn change(&self, seen: &Enriched<'_>, changes: &Edit) -> Option<(Hit, Found)> {
        let hit = changes.apply(seen.hit)?;
        let bot = seen.found.and_then(Found::bot).cloned();
        let found = self.found(&hit, |_| bot);
        Some((hit, found))
    }

    /// Whether a destination takes the hit: first as `track.bots` says, then as its protocol, if it has one,
    /// does.
    ///
    /// # Errors
    ///
    /// The reason for which it does not.
    pub fn admit(&self, hit: &Enriched<'_>, protocol: Option<&dyn Protocol>) -> Result<(), Reason> {
        if hit.found.is_some_and(|found| found.bot.is_some()) {
            let can_mark = protocol.is_none_or(|protocol| protocol.needs().marks_bots);
            match self.bots {
                Bots::Keep => {}
                Bots::Separate if can_mark => {}
                Bots::Separate | Bots::Drop => return Err(Reason::Bot),
            }
        }
        protocol.map_or(Ok(()), |protocol| protocol.admit(hit.hit))
    }

    fn bot(&self, hit: &Hit, referrer: Option<&str>, told: impl FnOnce(&[u8]) -> Told) -> Option<Bot> {
        if self.bots == Bots::Keep {
            return None;
        }
        match told(hit.agent().trim_ascii()) {
            Told::Allowed => None,
            Told::Denied(bot) => Some(bot),
            Told::Listed(bot) => match referrer.and_then(|host| self.lists.sites.spammer(host)) {
                Some(spammer) => Some(Bot::new(Class::Spam, spammer)),
                None => bot,
            },
        }
    }

    fn told(&self, agent: &[u8]) -> Told {
        if self.allow.find(agent).is_some() {
            return Told::Allowed;
        }
        if let Some(word) = self.deny.find(agent) {
            return Told::Denied(Bot::new(Class::Denied, word.to_owned()));
        }
        Told::Listed(
            odd::of(agent)
                .or_else(|| self.lists.known.find(agent))
                .or_else(|| self.lists.crawlers.find(agent))
                .or_else(|| self.lists.robots.guess(agent)),
        )
    }
}

/// What a worker found out about a hit.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Found {
    bot: Option<Bot>,
    channel: Channel,
    source: String,
    campaign: Campaign,
    place: Option<Place>,
}

impl Found {
    /// The program that sent the request, if it was no browser in a person's hands. Never one with
    /// `track.bots = "keep"`.
    pub fn bot(&self) -> Option<&Bot> {
        self.bot.as_ref()
    }

    /// By which way the visitor came.
    pub fn channel(&self) -> Channel {
        self.channel
    }

    /// Who led here: the name of the search engine, the social network or the AI assistant, the campaign's
    /// source, or the referrer's host; empty with [`Channel::Direct`] and [`Channel::Internal`].
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Where the hit's address is. Always none where the hit has a [`country`](Hit::country) already: [`Enriched`]
    /// has both.
    pub fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// The campaign, as far as `privacy.query` has left it in the query.
    pub fn campaign(&self) -> &Campaign {
        &self.campaign
    }
}

#[cfg(test)]
#[path = "enrich_test.rs"]
mod test;
