use std::{borrow::Cow, iter, net::IpAddr, sync::Arc};

use uuid::Uuid;

use super::{
    Event, Hit, Value,
    cap::{self, cut, cut_str},
    layout::{self, Field, Flags},
    query, referrer,
};
use crate::config::{IpPolicy, QueryPolicy};

/// Everything that goes into a record, borrowed from where it lies. `seal` copies it once.
#[derive(Clone)]
pub(crate) struct Draft<'a> {
    pub(crate) id: Uuid,
    pub(crate) micros: u64,
    pub(crate) visitor: Option<Uuid>,
    pub(crate) is_new: bool,
    pub(crate) first_visit: u64,
    pub(crate) session: Option<u64>,
    pub(crate) address: Option<IpAddr>,
    pub(crate) status: u16,
    pub(crate) secure: bool,
    pub(crate) site: &'a [u8],
    pub(crate) method: &'a [u8],
    pub(crate) path: &'a [u8],
    pub(crate) query: &'a [u8],
    pub(crate) query_policy: QueryPolicy,
    pub(crate) referrer: &'a [u8],
    pub(crate) agent: &'a [u8],
    pub(crate) language: &'a [u8],
    pub(crate) title: &'a str,
    pub(crate) user_id: &'a str,
    pub(crate) route: &'a str,
    pub(crate) event: Option<&'a Event<'a>>,
    pub(crate) properties: &'a [(Cow<'a, str>, Value<'a>)],
}

impl Draft<'_> {
    /// The record, with the address as `policy` allows it: one allocation of exactly its size.
    pub(crate) fn seal(&self, policy: IpPolicy) -> Hit {
        let path = cut(self.path, cap::URL);
        // The question mark counts too.
        let room = (cap::URL - path.len()).saturating_sub(1);
        let query = || query::kept(self.query, self.query_policy, room);
        let query_length = query().map(|pair| pair.len() + 1).sum::<usize>().saturating_sub(1);
        let [scheme, address] = referrer::cleaned(self.referrer, self.query_policy);
        let (name, category, label) =
            self.event.map_or(("", None, None), |e| (&e.name, e.category.as_deref(), e.label.as_deref()));
        let event = |text| cut_str(text, cap::EVENT).as_bytes();

        // In the order of `Field`. A referrer comes in two pieces, and a query in as many as it has pairs.
        let texts: [&[u8]; Field::COUNT] = [
            cut(self.site, cap::SITE),
            cut(self.method, cap::METHOD),
            path,
            &[],
            address,
            cut(self.agent, cap::AGENT),
            cut(self.language, cap::LANGUAGE),
            cut_str(self.title, cap::TITLE).as_bytes(),
            cut_str(self.user_id, cap::USER_ID).as_bytes(),
            cut_str(self.route, cap::URL).as_bytes(),
            event(name),
            event(category.unwrap_or_default()),
            event(label.unwrap_or_default()),
        ];
        let mut lengths = texts.map(<[u8]>::len);
        lengths[Field::Query as usize] = query_length;
        lengths[Field::Referrer as usize] += scheme.len();

        let mut size = layout::TEXTS + lengths.iter().sum::<usize>();
        let mut properties = 0;
        for property in self.properties().take(cap::PROPERTIES) {
            let with = size + property.size();
            if with > layout::MAX_RECORD {
                break;
            }
            size = with;
            properties += 1;
        }

        let mut record = zeroes(size);
        // OK because the Arc was made on the line above and nobody else can hold it.
        let Some(bytes) = Arc::get_mut(&mut record) else {
            return Hit(record);
        };
        let mut out = Writer { bytes, at: 0 };
        out.put(&self.head(policy, size, properties, &lengths));
        for (field, text) in texts.into_iter().enumerate() {
            if field == Field::Site as usize {
                out.put_lower(text);
                continue;
            }
            if field == Field::Query as usize {
                for (n, pair) in query().enumerate() {
                    out.put(if n > 0 { b"&" } else { b"" });
                    out.put(pair);
                }
            } else if field == Field::Referrer as usize {
                out.put(scheme);
            }
            out.put(text);
        }
        for property in self.properties().take(properties) {
            property.write(&mut out);
        }
        Hit(record)
    }

    /// Everything of fixed size.
    fn head(
        &self,
        policy: IpPolicy,
        size: usize,
        properties: usize,
        lengths: &[usize; Field::COUNT],
    ) -> [u8; layout::TEXTS] {
        let ip = policy.apply(self.address);
        let value = self.event.and_then(|event| event.value).filter(|value| value.is_finite());
        let mut flags = Flags(0);
        flags.set(Flags::VISITOR, self.visitor.is_some());
        flags.set(Flags::NEW, self.is_new);
        flags.set(Flags::SESSION, self.session.is_some());
        flags.set(Flags::SECURE, self.secure);
        flags.set(Flags::IP, ip.is_some());
        flags.set(Flags::IP_V6, ip.is_some_and(|ip| ip.is_ipv6()));
        flags.set(Flags::VALUE, value.is_some());
        flags.set_ip_policy(policy);

        let mut head = [0; layout::TEXTS];
        let mut put = |at: usize, bytes: &[u8]| head[at..at + bytes.len()].copy_from_slice(bytes);
        put(layout::VERSION_AT, &[layout::VERSION]);
        put(layout::KIND, &[if self.event.is_some() { layout::KIND_EVENT } else { layout::KIND_PAGE }]);
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
            put(layout::LENGTHS + 2 * field, &short(length));
        }
        head
    }

    fn properties(&self) -> impl Iterator<Item = Property<'_>> {
        let properties = self.event.map_or(self.properties, |event| &event.properties);
        properties.iter().filter_map(|(key, value)| Property::new(key, value))
    }
}

/// A property as it will stand in the record.
enum Property<'a> {
    Number(&'a str, f64),
    Text(&'a str, &'a str),
    Truth(&'a str, bool),
}

impl<'a> Property<'a> {
    fn new(key: &'a str, value: &'a Value<'a>) -> Option<Self> {
        let key = cut_str(key, cap::KEY);
        match value {
            Value::Number(number) => number.is_finite().then_some(Self::Number(key, *number)),
            Value::Text(text) => Some(Self::Text(key, cut_str(text, cap::VALUE))),
            Value::Truth(truth) => Some(Self::Truth(key, *truth)),
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Number(key, _) => 2 + key.len() + 1 + 8,
            Self::Text(key, text) => 2 + key.len() + 1 + 2 + text.len(),
            Self::Truth(key, _) => 2 + key.len() + 1 + 1,
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

struct Writer<'a> {
    bytes: &'a mut [u8],
    at: usize,
}

impl Writer<'_> {
    fn put(&mut self, bytes: &[u8]) {
        self.bytes[self.at..self.at + bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
    }

    fn put_lower(&mut self, bytes: &[u8]) {
        let end = self.at + bytes.len();
        for (to, from) in self.bytes[self.at..end].iter_mut().zip(bytes) {
            *to = from.to_ascii_lowercase();
        }
        self.at = end;
    }

    fn put_length(&mut self, length: usize) {
        self.put(&short(length));
    }
}

/// OK because every cap is below 64 Ki.
fn short(length: usize) -> [u8; 2] {
    (length as u16).to_le_bytes()
}

/// A record to be filled. Most are copied from zeroes that lie ready, as that is the fastest way.
fn zeroes(size: usize) -> Arc<[u8]> {
    static ZEROES: [u8; 1_024] = [0; 1_024];
    match ZEROES.get(..size) {
        Some(zeroes) => zeroes.into(),
        None => iter::repeat_n(0, size).collect(),
    }
}
