//! A hit with what a worker found out about it, as JSON: what the file sink writes.
//!
//! The fields of the hit, then `bot` (`class`, and where they are known `name`, `operator` and `purpose`),
//! `channel`, `source`, `campaign` (`source`, `medium`, `name`, `term`, `content`, `id`, `click`) and, unless the hit has
//! one, `place` (`country`, `region`, `city`). Of a hit that nobody looked at there are only its own fields.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{Bot, Campaign, Found};
use crate::{hit, protocol::Enriched};

impl Serialize for Enriched<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        hit::put_fields(self.hit, &mut map)?;
        if let Some(found) = self.found {
            put_found(found, &mut map)?;
        }
        map.end()
    }
}

impl Serialize for Found {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        put_found(self, &mut map)?;
        map.end()
    }
}

fn put_found<M: SerializeMap>(found: &Found, map: &mut M) -> Result<(), M::Error> {
    if let Some(bot) = found.bot() {
        map.serialize_entry("bot", bot)?;
    }
    map.serialize_entry("channel", found.channel().code())?;
    put_text(map, "source", found.source())?;
    if !found.campaign().is_empty() {
        map.serialize_entry("campaign", found.campaign())?;
    }
    if let Some(place) = found.place() {
        map.serialize_entry("place", place)?;
    }
    Ok(())
}

impl Serialize for Bot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("class", self.class().code())?;
        put_text(&mut map, "name", self.name())?;
        put_text(&mut map, "operator", self.operator())?;
        if let Some(purpose) = self.purpose() {
            map.serialize_entry("purpose", purpose.code())?;
        }
        map.end()
    }
}

impl Serialize for Campaign {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        put_text(&mut map, "source", self.source())?;
        put_text(&mut map, "medium", self.medium())?;
        put_text(&mut map, "name", self.name())?;
        put_text(&mut map, "term", self.term())?;
        put_text(&mut map, "content", self.content())?;
        put_text(&mut map, "id", self.id())?;
        if let Some((click, _)) = self.click() {
            map.serialize_entry("click", click.code())?;
        }
        map.end()
    }
}

fn put_text<M: SerializeMap>(map: &mut M, key: &str, text: &str) -> Result<(), M::Error> {
    if text.is_empty() { Ok(()) } else { map.serialize_entry(key, text) }
}
