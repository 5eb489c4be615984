use std::{fmt, net::IpAddr};

use uuid::Uuid;

use super::{
    Owner,
    consent::{Footing, Standing},
};
use crate::{
    config::{Config, IpPolicy},
    decide::Facts,
    hit::{Client, Draft, Hit, Joined, Place},
};

/// An owned snapshot of a visitor, for events that are raised when the exchange is over: its id and
/// session, the site, address and place as far as the configuration allows them, agent and language.
///
/// Its `Debug` names nobody.
#[derive(Clone)]
pub struct Visitor {
    owner: Owner,
    standing: Standing,
    site: Vec<u8>,
    secure: bool,
    address: Option<IpAddr>,
    agent: Vec<u8>,
    language: Vec<u8>,
    place: Option<Place>,
    joined: Option<Joined>,
}

impl Visitor {
    pub(crate) fn new(facts: &Facts<'_>, owner: Owner, standing: &Standing) -> Self {
        let client = Client::of(facts.request.headers);
        let policies = &facts.config.ip_policies;
        let loosest = [IpPolicy::Full, IpPolicy::Masked].into_iter().find(|p| policies.contains(p));
        Self {
            owner,
            standing: *standing,
            site: facts.site().to_owned(),
            secure: facts.is_secure,
            address: loosest.unwrap_or(IpPolicy::None).apply(facts.address),
            agent: client.agent.to_owned(),
            language: client.language.to_owned(),
            place: None,
            joined: None,
        }
    }

    pub(crate) fn with_place(self, place: Option<Place>) -> Self {
        Self { place, ..self }
    }

    pub(crate) fn with_joined(self, joined: Option<Joined>) -> Self {
        Self { joined, ..self }
    }

    /// `hit` with the place that was told of, and what scripts in the browser call the visitor.
    pub(crate) fn completed(&self, hit: Hit) -> Hit {
        hit.completed(self.place.as_ref(), self.joined.as_ref())
    }

    /// The visitor's id, if there is one. That of a new visitor holds only if the exchange's response could
    /// carry its cookie.
    pub fn id(&self) -> Option<Uuid> {
        self.owner.visitor
    }

    /// Whether the visitor came without a valid cookie.
    pub fn is_new(&self) -> bool {
        self.owner.is_new
    }

    /// The session, named by the second it began, in seconds since the Unix epoch.
    pub fn session(&self) -> Option<u64> {
        self.owner.session
    }

    /// Whether anything may be recorded of it: not without consent, where the configuration says so.
    pub fn is_recorded(&self) -> bool {
        self.standing.footing != Footing::Skip
    }

    pub(crate) fn draft(&self, config: &Config) -> Draft<'_> {
        Draft {
            id: Uuid::nil(),
            micros: 0,
            visitor: self.owner.visitor,
            is_new: self.owner.is_new,
            is_cookieless: self.owner.is_cookieless,
            first_visit: self.owner.first_visit,
            session: self.owner.session,
            standing: self.standing,
            address: self.address,
            status: 0,
            secure: self.secure,
            site: &self.site,
            method: &[],
            path: &[],
            query: &[],
            urls: config.urls,
            referrer: &[],
            agent: &self.agent,
            language: &self.language,
            title: "",
            user_id: "",
            route: "",
            event: None,
            special: None,
            search: "",
            properties: &[],
        }
    }
}

impl fmt::Debug for Visitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visitor")
            .field("is_new", &self.is_new())
            .field("is_recorded", &self.is_recorded())
            .finish_non_exhaustive()
    }
}
