//! Changing a hit: a new record, with everything else as it was.

use std::sync::Arc;

use super::{
    Hit, Kind, Value,
    cap::{self, cut, cut_str},
    draft::{Property, Writer},
    layout::{self, Field, Flags, View},
};

/// A text of a hit that an [`Edit`] may change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Text {
    /// The `User-Agent`.
    Agent,
    /// The event's category.
    Category,
    /// The event's label.
    Label,
    /// The language, such as `en-GB`.
    Language,
    /// The event's name; an event keeps it if the new one is empty, and a page view has none.
    Name,
    /// The path, percent-encoded.
    Path,
    /// The query, without the question mark.
    Query,
    /// The page that led here.
    Referrer,
    /// The route template.
    Route,
    /// The page's title.
    Title,
    /// The user's id.
    UserId,
}

impl Text {
    fn field(self) -> Field {
        match self {
            Self::Agent => Field::Agent,
            Self::Category => Field::Category,
            Self::Label => Field::Label,
            Self::Language => Field::Language,
            Self::Name => Field::Name,
            Self::Path => Field::Path,
            Self::Query => Field::Query,
            Self::Referrer => Field::Referrer,
            Self::Route => Field::Route,
            Self::Title => Field::Title,
            Self::UserId => Field::UserId,
        }
    }

    fn cap(self) -> usize {
        match self {
            Self::Agent => cap::AGENT,
            Self::Category | Self::Label | Self::Name => cap::EVENT,
            Self::Language => cap::LANGUAGE,
            Self::Path | Self::Query | Self::Referrer | Self::Route => cap::URL,
            Self::Title => cap::TITLE,
            Self::UserId => cap::USER_ID,
        }
    }
}

/// What is to be changed about a hit. Texts are cut as the host's and the client's are.
///
/// What tells one hit from another (id, kind and time) and what the judge has decided (status, site, session)
/// cannot be changed; the visitor and the address can be taken out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Edit {
    texts: Vec<(Text, String)>,
    /// None: taken out.
    properties: Vec<(String, Option<Value<'static>>)>,
    forgets_visitor: bool,
    forgets_ip: bool,
}

impl Edit {
    /// No change.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts `value` in place of a text; empty: takes it out. Of two the later stands.
    pub fn set(&mut self, text: Text, value: impl Into<String>) {
        self.texts.push((text, value.into()));
    }

    /// Puts a property in place of those of the same name, or adds it.
    pub fn property(&mut self, key: impl Into<String>, value: impl Into<Value<'static>>) {
        self.properties.push((key.into(), Some(value.into())));
    }

    /// Takes out the properties called `key`.
    pub fn remove_property(&mut self, key: impl Into<String>) {
        self.properties.push((key.into(), None));
    }

    /// Takes out the visitor and the session, and with them the user's id and the [ids](Hit::joined) of scripts.
    pub fn forget_visitor(&mut self) {
        self.forgets_visitor = true;
    }

    /// Takes out the address, and with it where the visitor is.
    pub fn forget_ip(&mut self) {
        self.forgets_ip = true;
    }

    /// The hit that `hit` becomes, with the same id; none if nothing is to be changed.
    pub fn apply(&self, hit: &Hit) -> Option<Hit> {
        if *self == Self::default() {
            return None;
        }
        let view = View(&hit.0);
        let texts: Vec<Vec<u8>> = (0..Field::COUNT).map(|field| view.nth(field).to_vec()).collect();
        let texts = self.edited(hit, texts);
        let properties = self.edited_properties(hit);

        let room = hit.0.len() + self.size();
        let mut bytes = vec![0; room.min(layout::MAX_RECORD)];
        let mut out = Writer::new(&mut bytes);
        for (field, text) in texts.iter().enumerate() {
            out.nth(field, text);
        }
        let mut count = 0;
        for (key, value) in properties.iter().take(cap::PROPERTIES) {
            let Some(property) = Property::new(key, value) else { continue };
            if !out.try_property(&property, layout::MAX_RECORD) {
                break;
            }
            count += 1;
        }
        let (size, lengths) = out.end();
        bytes.truncate(size);
        bytes.resize(size, 0);
        let mut dropped = 0;
        let place = if self.forgets_ip { &[] } else { hit.place_bytes() };
        let joined = if self.forgets_visitor { &[] } else { hit.joined_bytes() };
        for (flag, part) in [(Flags::PLACE, place), (Flags::JOINED, joined)] {
            if part.is_empty() || bytes.len() + part.len() > layout::MAX_RECORD {
                dropped |= flag;
            } else {
                bytes.extend_from_slice(part);
            }
        }
        self.put_head(hit, &mut bytes, &lengths, count, dropped);
        Some(Hit(Arc::from(bytes)))
    }

    fn edited(&self, hit: &Hit, mut texts: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        for (text, value) in &self.texts {
            let is_events = matches!(text, Text::Category | Text::Label | Text::Name);
            // A page's label is what was searched for.
            let is_foreign = is_events && hit.kind() == Kind::Page && !value.is_empty();
            if is_foreign || (*text == Text::Name && value.is_empty()) {
                continue;
            }
            if let Some(place) = texts.get_mut(text.field() as usize) {
                *place = match text {
                    Text::Path | Text::Query | Text::Referrer | Text::Agent => {
                        cut(value.as_bytes(), text.cap())
                    }
                    _ => cut_str(value, text.cap()).as_bytes(),
                }
                .to_vec();
            }
        }
        // The question mark counts too.
        let room = (cap::URL - texts[Field::Path as usize].len().min(cap::URL)).saturating_sub(1);
        let query = &mut texts[Field::Query as usize];
        *query = cut(query, room).to_vec();
        if self.forgets_visitor {
            texts[Field::UserId as usize].clear();
        }
        texts
    }

    fn edited_properties(&self, hit: &Hit) -> Vec<(String, Value<'static>)> {
        let owned = |value| match value {
            Value::Text(text) => Value::Text(std::borrow::Cow::Owned(text.into_owned())),
            Value::Number(number) => Value::Number(number),
            Value::Truth(truth) => Value::Truth(truth),
        };
        let mut properties: Vec<_> =
            hit.properties().map(|(key, value)| (key.to_owned(), owned(value))).collect();
        for (key, value) in &self.properties {
            let key = cut_str(key, cap::KEY);
            properties.retain(|(known, _)| known != key);
            properties.extend(value.clone().map(|value| (key.to_owned(), value)));
        }
        properties
    }

    /// More than everything that is added.
    fn size(&self) -> usize {
        let texts = self.texts.iter().map(|(_, value)| value.len());
        let properties = self.properties.iter().map(|(key, value)| match value {
            Some(Value::Text(text)) => key.len() + text.len() + 16,
            _ => key.len() + 16,
        });
        texts.chain(properties).sum()
    }

    /// Copies what is of fixed size, and corrects it: what the flags of `dropped` tell of is not there any more.
    fn put_head(
        &self,
        hit: &Hit,
        bytes: &mut [u8],
        lengths: &[u16; Field::COUNT],
        properties: u16,
        dropped: u16,
    ) {
        let size = bytes.len();
        let mut put = |at: usize, part: &[u8]| {
            if let Some(to) = bytes.get_mut(at..at + part.len()) {
                to.copy_from_slice(part);
            }
        };
        put(0, hit.0.get(..layout::TEXTS).unwrap_or_default());
        let mut flags = View(&hit.0).u16(layout::FLAGS);
        if self.forgets_visitor {
            flags &= !(Flags::VISITOR | Flags::NEW | Flags::SESSION | Flags::COOKIELESS);
            put(layout::VISITOR, &[0; 16]);
            put(layout::FIRST_VISIT, &[0; 8]);
            put(layout::SESSION, &[0; 8]);
        }
        if self.forgets_ip {
            flags &= !(Flags::IP | Flags::IP_V6);
            put(layout::IP, &[0; 16]);
        }
        flags &= !dropped;
        put(layout::FLAGS, &flags.to_le_bytes());
        put(layout::LENGTH, &(size as u32).to_le_bytes());
        put(layout::PROPERTIES, &properties.to_le_bytes());
        for (field, length) in lengths.iter().enumerate() {
            put(layout::LENGTHS + 2 * field, &length.to_le_bytes());
        }
    }
}

#[cfg(test)]
#[path = "edit_test.rs"]
mod test;
