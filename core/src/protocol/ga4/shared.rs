//! What the hits of one request have in common.

use std::{
    hash::{Hash, Hasher},
    net::IpAddr,
};

use serde::Serialize;
use uuid::Uuid;

use super::{
    super::{
        common,
        json::Object,
        text::{Lossy, Shown, first_chars},
    },
    name,
};
use crate::{Value, hit::Hit};

const MAX_USER_PROPERTIES: usize = 25;
// In characters.
const MAX_USER_NAME: usize = 24;
const MAX_USER_VALUE: usize = 36;

/// Names that Google gives itself.
const RESERVED: [&str; 5] =
    ["first_open_after_install", "first_open_time", "first_visit_time", "last_deep_link_referrer", "user_id"];

/// What the hits of one request have in common.
#[derive(Eq, Hash, PartialEq)]
pub(super) struct Shared<'a> {
    client: Client<'a>,
    user_id: &'a str,
    ip: Option<IpAddr>,
    /// Country, region and city, in place of an address.
    place: [&'a str; 3],
    agent: &'a [u8],
    grants_ads: bool,
    of_user: OfUser<'a>,
}

impl<'a> Shared<'a> {
    /// That of `hit`, whose client may be `joined` with that of Google's tag, where the properties `of_user` are the
    /// user's.
    pub(super) fn of(hit: &'a Hit, joined: Option<&'a str>, of_user: &'a [String]) -> Self {
        Self {
            client: joined.map_or(Client::Own(hit.visitor()), Client::Joined),
            user_id: common::user(hit, usize::MAX),
            ip: hit.ip(),
            place: if hit.ip().is_none() { [hit.country(), hit.region(), hit.city()] } else { [""; 3] },
            agent: hit.agent(),
            grants_ads: hit.grants_ads(),
            of_user: OfUser { hit, names: of_user },
        }
    }

    pub(super) fn write(&self, body: &mut Object<'_>) {
        match self.client {
            Client::Joined(client) => body.put("client_id", client),
            Client::Own(Some(visitor)) => {
                let [first, last] = client_id(visitor);
                body.put("client_id", &Shown(format_args!("{first}.{last}")));
            }
            Client::Own(None) => {}
        }
        body.put_text("user_id", self.user_id);
        if let Some(ip) = self.ip {
            body.put("ip_override", &Shown(ip));
        }
        let [country, region, city] = self.place;
        if !country.is_empty() {
            let mut location = Object::open(body.key("user_location"));
            location.put("country_id", country);
            if !region.is_empty() {
                location.put("region_id", &Shown(format_args!("{country}-{region}")));
            }
            location.put_text("city", city);
            location.close();
        }
        if !self.agent.is_empty() {
            body.put("user_agent", &Shown(Lossy(self.agent)));
        }
        self.of_user.write(body);
        let ads = if self.grants_ads { "GRANTED" } else { "DENIED" };
        body.put("consent", &Consent { ad_user_data: ads, ad_personalization: ads });
    }
}

/// Whose hits they are.
#[derive(Eq, Hash, PartialEq)]
enum Client<'a> {
    /// The one of Google's tag.
    Joined(&'a str),
    /// The visitor.
    Own(Option<Uuid>),
}

#[derive(Serialize)]
struct Consent {
    ad_user_data: &'static str,
    ad_personalization: &'static str,
}

fn client_id(visitor: Uuid) -> [u32; 2] {
    let [a, b, c, d, .., w, x, y, z] = visitor.into_bytes();
    [[a, b, c, d], [w, x, y, z]].map(|bits| u32::from_be_bytes(bits).max(1))
}

/// The properties of a hit that are the user's.
struct OfUser<'a> {
    hit: &'a Hit,
    names: &'a [String],
}

impl<'a> OfUser<'a> {
    /// Each name with its value, if the hit has one.
    fn values(&self) -> impl Iterator<Item = (&'a str, Option<Value<'a>>)> {
        let hit = self.hit;
        self.names.iter().map(move |name| {
            let value = common::last_property(hit, name);
            (name.as_str(), value.filter(|value| !matches!(value, Value::Text(text) if text.is_empty())))
        })
    }

    fn write(&self, body: &mut Object<'_>) {
        if self.values().all(|(_, value)| value.is_none()) {
            return;
        }
        let mut properties = Object::open(body.key("user_properties"));
        for (name, value) in self.values() {
            let Some(value) = value else { continue };
            let mut property = Object::open(properties.key(name));
            match value {
                Value::Text(text) => property.put("value", first_chars(&text, MAX_USER_VALUE)),
                value => property.put("value", &value),
            }
            property.close();
        }
        properties.close();
    }
}

impl Eq for OfUser<'_> {}

impl PartialEq for OfUser<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.values().eq(other.values())
    }
}

impl Hash for OfUser<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for (_, value) in self.values() {
            match value {
                None => state.write_u8(0),
                // Two zeros are equal.
                Some(Value::Number(number)) => (number + 0.0).to_bits().hash(state),
                Some(Value::Text(text)) => text.hash(state),
                Some(Value::Truth(truth)) => truth.hash(state),
            }
        }
    }
}

/// The names in what is configured.
pub(super) fn user_properties(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty())
}

/// Whether they are names that Google takes.
pub(super) fn are_user_properties(text: &str) -> bool {
    let names: Vec<_> = user_properties(text).collect();
    let is_name =
        |name: &&str| name.len() <= MAX_USER_NAME && name::is_allowed(name) && !RESERVED.contains(name);
    let is_once = |name: &&str| names.iter().filter(|other| *other == name).count() == 1;
    (1..=MAX_USER_PROPERTIES).contains(&names.len())
        && names.iter().all(|name| is_name(name) && is_once(name))
}
