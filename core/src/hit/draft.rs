use std::{borrow::Cow, iter, net::IpAddr, sync::Arc};

use uuid::Uuid;

use super::{
    Event, Hit, Kind, Value,
    canonical::canonical,
    cap::{self, cut, cut_str},
    layout::{self, Field, Flags},
    path,
    query::{self, Keeps},
    referrer,
};
use crate::{
    config::{IpPolicy, PathPolicy, Urls},
    visitor::consent::{Choice, Standing},
};

/// Everything that goes into a record, borrowed from where it lies. `seal` copies it once.
#[derive(Clone)]
pub(crate) struct Draft<'a> {
    pub(crate) id: Uuid,
    pub(crate) micros: u64,
    pub(crate) visitor: Option<Uuid>,
    pub(crate) is_new: bool,
    pub(crate) is_cookieless: bool,
    pub(crate) first_visit: u64,
    pub(crate) session: Option<u64>,
    /// What its consent leaves of all this.
    pub(crate) standing: Standing,
    pub(crate) address: Option<IpAddr>,
    pub(crate) status: u16,
    pub(crate) secure: bool,
    pub(crate) site: &'a [u8],
    pub(crate) method: &'a [u8],
    pub(crate) path: &'a [u8],
    pub(crate) query: &'a [u8],
    pub(crate) urls: Urls,
    pub(crate) referrer: &'a [u8],
    pub(crate) agent: &'a [u8],
    pub(crate) language: &'a [u8],
    pub(crate) title: &'a str,
    pub(crate) user_id: &'a str,
    pub(crate) route: &'a str,
    pub(crate) event: Option<&'a Event<'a>>,
    /// Of an event that trackside tells apart by itself, what it is.
    pub(crate) special: Option<Kind>,
    /// What a page's visitor searched for.
    pub(crate) search: &'a str,
    pub(crate) properties: &'a [(Cow<'a, str>, Value<'a>)],
}

impl Draft<'_> {
    /// The record, with the address as `policy` allows it: one allocation of exactly its size.
    pub(crate) fn seal(&self, policy: IpPolicy) -> Hit {
        // Most records are put together here and then copied: that is faster than to fill the allocation.
        let mut small = [0; 768];
        let size = self.write(policy, &mut small);
        if let Some(record) = small.get(..size) {
            return Hit(record.into());
        }
        let mut record: Arc<[u8]> = iter::repeat_n(0, size).collect();
        // OK because the Arc was made on the line above and nobody else can hold it.
        if let Some(bytes) = Arc::get_mut(&mut record) {
            self.write(policy, bytes);
        }
        Hit(record)
    }

    /// Writes the record, as far as `bytes` reach, and answers how long it is.
    fn write(&self, policy: IpPolicy, bytes: &mut [u8]) -> usize {
        let mut out = Writer::new(bytes);
        let text = |text, max| cut_str(text, max).as_bytes();
        let path = self.path();
        let path = cut(&path, cap::URL);
        out.site(cut(self.site, cap::SITE));
        out.texts(Field::Method, &[cut(self.method, cap::METHOD), path]);
        // The question mark counts too.
        let room = (cap::URL - path.len()).saturating_sub(1);
        let is_anonymous = self.standing.is_anonymous();
        let keeps = Keeps { policy: self.urls.query, clicks: !is_anonymous };
        for (n, pieces) in query::kept(self.query, keeps, room).enumerate() {
            out.piece(Field::Query, if n > 0 { b"&" } else { b"" });
            pieces.into_iter().for_each(|piece| out.piece(Field::Query, piece));
        }
        referrer::cleaned(self.referrer, keeps, self.urls, &mut |piece| out.piece(Field::Referrer, piece));
        out.texts(
            Field::Agent,
            &[
                cut(self.agent, cap::AGENT),
                cut(self.language, cap::LANGUAGE),
                text(self.title, cap::TITLE),
                if is_anonymous { &[] } else { text(self.user_id, cap::USER_ID) },
                text(self.route, cap::URL),
            ],
        );
        if let Some(event) = self.event {
            let [category, label] =
                [&event.category, &event.label].map(|text| text.as_deref().unwrap_or_default());
            let name = event.name.as_ref();
            out.texts(Field::Name, &[name, category, label].map(|part| text(part, cap::EVENT)));
        } else {
            out.piece(Field::Label, text(self.search, cap::EVENT));
        }

        let mut properties = 0;
        for property in self.properties().take(cap::PROPERTIES) {
            if !out.try_property(&property, layout::MAX_RECORD) {
                break;
            }
            properties += 1;
        }
        let size = out.at;
        let head = self.head(policy, size, properties, &out.lengths);
        out.at = 0;
        out.put(&head);
        size
    }

    /// The path as it may be recorded, or the route in its place.
    fn path(&self) -> Cow<'_, [u8]> {
        if self.urls.path == PathPolicy::Route && !self.route.is_empty() {
            let slash = if self.route.starts_with('/') { "" } else { "/" };
            return Cow::Owned([slash, self.route].concat().into_bytes());
        }
        match self.urls.canonical.then(|| canonical(self.path)) {
            Some(Cow::Owned(spelt)) => Cow::Owned(path::recorded(&spelt, self.urls.path).into_owned()),
            _ => path::recorded(self.path, self.urls.path),
        }
    }

    /// Everything of fixed size.
    fn head(
        &self,
        policy: IpPolicy,
        size: usize,
        properties: usize,
        lengths: &[u16; Field::COUNT],
    ) -> [u8; layout::TEXTS] {
        let ip = policy.apply(self.address.filter(|_| !self.standing.is_anonymous()));
        let value = self.event.and_then(|event| event.value).filter(|value| value.is_finite());
        let mut flags = Flags(0);
        flags.set(Flags::VISITOR, self.visitor.is_some());
        flags.set(Flags::NEW, self.is_new);
        flags.set(Flags::SESSION, self.session.is_some());
        flags.set(Flags::SECURE, self.secure);
        flags.set(Flags::IP, ip.is_some());
        flags.set(Flags::IP_V6, ip.is_some_and(|ip| ip.is_ipv6()));
        flags.set(Flags::VALUE, value.is_some());
        flags.set(Flags::COOKIELESS, self.is_cookieless);
        flags.set(Flags::CONFINED, self.standing.is_confined);
        flags.set(Flags::ADS, self.standing.consent.ads == Choice::Granted);
        flags.set_ip_policy(policy);

        let mut head = [0; layout::TEXTS];
        let mut put = |at: usize, bytes: &[u8]| head[at..at + bytes.len()].copy_from_slice(bytes);
        put(layout::VERSION_AT, &[layout::VERSION]);
        let kind = self.special.unwrap_or(if self.event.is_some() { Kind::Event } else { Kind::Page });
        put(layout::KIND, &[layout::kind_byte(kind)]);
        put(layout::FLAGS, &flags.0.to_le_bytes());
        put(layout::LENGTH, &(size as u32).to_le_bytes());
        put(layout::MICROS, &self.micros.to_le_bytes());
        put(layout::ID, self.id.as_bytes());
        put(layout::VISITOR, self.visitor.unwrap_or_default().as_bytes());
        put(layout::FIRST_VISIT, &self.first_visit.to_le_bytes());
        put(layout::SESSION, &self.session.unwrap_or_default().to_le_bytes());
        match ip {
            Some(IpAddr::V4(v4)) => put(layout::IP, &v4.octets()),
            Some(IpAddr::V6(v6)) => put(layout::IP, &v6.octets()),
            None => {}
        }
        put(layout::VALUE, &value.unwrap_or_default().to_le_bytes());
        put(layout::STATUS, &self.status.to_le_bytes());
        put(layout::PROPERTIES, &short(properties));
        for (field, &length) in lengths.iter().enumerate() {
            put(layout::LENGTHS + 2 * field, &length.to_le_bytes());
        }
        head
    }

    fn properties(&self) -> impl Iterator<Item = Property<'_>> {
        let properties = self.event.map_or(self.properties, |event| &event.properties);
        properties.iter().filter_map(|(key, value)| Property::new(key, value))
    }
}

/// A property as it will stand in the record.
pub(super) enum Property<'a> {
    Number(&'a str, f64),
    Text(&'a str, &'a str),
    Truth(&'a str, bool),
}

impl<'a> Property<'a> {
    pub(super) fn new(key: &'a str, value: &'a Value<'a>) -> Option<Self> {
        let key = cut_str(key, cap::KEY);
        match value {
            Value::Number(number) => number.is_finite().then_some(Self::Number(key, *number)),
            Value::Text(text) => Some(Self::Text(key, cut_str(text, cap::VALUE))),
            Value::Truth(truth) => Some(Self::Truth(key, *truth)),
        }
    }

    fn write(&self, out: &mut Writer<'_>) {
        let (Self::Number(key, _) | Self::Text(key, _) | Self::Truth(key, _)) = self;
        out.put_length(key.len());
        out.put(key.as_bytes());
        match self {
            Self::Number(_, number) => {
                out.put(&[layout::TYPE_NUMBER]);
                out.put(&number.to_le_bytes());
            }
            Self::Text(_, text) => {
                out.put(&[layout::TYPE_TEXT]);
                out.put_length(text.len());
                out.put(text.as_bytes());
            }
            Self::Truth(_, truth) => out.put(&[layout::TYPE_TRUTH, u8::from(*truth)]),
        }
    }
}

/// Writes one text after the other. What does not fit is counted all the same.
pub(super) struct Writer<'a> {
    bytes: &'a mut [u8],
    at: usize,
    lengths: [u16; Field::COUNT],
}

impl<'a> Writer<'a> {
    /// One that begins with the texts.
    pub(super) fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes, at: layout::TEXTS, lengths: [0; Field::COUNT] }
    }

    /// Writes a text, or a piece of it behind the others, of the field of this number.
    #[inline(never)] // All texts go through here.
    pub(super) fn nth(&mut self, field: usize, text: &[u8]) {
        self.put(text);
        // OK because every cap is below 64 Ki.
        self.lengths[field] += text.len() as u16;
    }

    /// Writes a property, unless the record would become longer than `most`.
    pub(super) fn try_property(&mut self, property: &Property<'_>, most: usize) -> bool {
        let before = self.at;
        property.write(self);
        let fits = self.at <= most;
        if !fits {
            self.at = before;
        }
        fits
    }

    /// Where it ended, and the lengths of the texts.
    pub(super) fn end(self) -> (usize, [u16; Field::COUNT]) {
        (self.at, self.lengths)
    }

    fn put(&mut self, bytes: &[u8]) {
        if let Some(to) = self.bytes.get_mut(self.at..self.at + bytes.len()) {
            copy(to, bytes);
        }
        self.at += bytes.len();
    }

    /// Writes the texts of `first` and of the fields behind it.
    #[inline(never)] // So that it stays a loop.
    fn texts(&mut self, first: Field, texts: &[&[u8]]) {
        for (field, text) in (first as usize..).zip(texts) {
            if !text.is_empty() {
                self.nth(field, text);
            }
        }
    }

    /// Writes a piece of a text, behind the others of its field.
    #[inline]
    fn piece(&mut self, field: Field, piece: &[u8]) {
        if !piece.is_empty() {
            self.nth(field as usize, piece);
        }
    }

    /// Writes the site, in lower case.
    fn site(&mut self, site: &[u8]) {
        if let Some(to) = self.bytes.get_mut(self.at..self.at + site.len()) {
            to.iter_mut().zip(site).for_each(|(to, from)| *to = from.to_ascii_lowercase());
        }
        self.at += site.len();
        self.lengths[Field::Site as usize] = site.len() as u16;
    }

    fn put_length(&mut self, length: usize) {
        self.put(&short(length));
    }
}

/// Copies `from` to `to`, which is as long. Most texts are short, and the standard library copies each by a call of
/// `memcpy`: here those of up to 128 bytes are copied in place, as a beginning and an end that may overlap.
#[inline]
fn copy(to: &mut [u8], from: &[u8]) {
    let is_short = copy_ends::<16>(to, from)
        || copy_ends::<64>(to, from)
        || copy_ends::<32>(to, from)
        || copy_ends::<8>(to, from)
        || copy_ends::<4>(to, from);
    if !is_short {
        to.copy_from_slice(from);
    }
}

/// Copies `from` if it is of `N` to twice as many bytes, and says whether it is.
#[inline]
fn copy_ends<const N: usize>(to: &mut [u8], from: &[u8]) -> bool {
    let (Some(first), Some(last)) = (from.first_chunk::<N>(), from.last_chunk::<N>()) else {
        return false;
    };
    if from.len() > 2 * N || to.len() != from.len() {
        return false;
    }
    if let Some(to) = to.first_chunk_mut() {
        *to = *first;
    }
    if let Some(to) = to.last_chunk_mut() {
        *to = *last;
    }
    true
}

/// OK because every cap is below 64 Ki.
fn short(length: usize) -> [u8; 2] {
    (length as u16).to_le_bytes()
}

#[cfg(test)]
mod test {
    use super::copy;

    #[test]
    fn a_text_of_any_length_is_copied() {
        let from: Vec<u8> = (0..=255).chain(0..=255).collect();
        for length in 0..from.len() {
            let mut to = vec![0xa5; length];
            copy(&mut to, &from[..length]);
            assert_eq!(to, from[..length], "{length} bytes");
        }
    }
}
