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
        let [scheme, rest] = referrer::cleaned(self.referrer, self.query_policy);
        let (name, category, label) = self.event.map_or(("", "", ""), |event| {
            (
                cut_str(&event.name, cap::EVENT),
                cut_str(event.category.as_deref().unwrap_or_default(), cap::EVENT),
                cut_str(event.label.as_deref().unwrap_or_default(), cap::EVENT),
            )
        });
        let site = cut(self.site, 255);
        let method = cut(self.method, cap::METHOD);
        let agent = cut(self.agent, cap::AGENT);
        let language = cut(self.language, cap::LANGUAGE);
        let title = cut_str(self.title, cap::TITLE);
        let user_id = cut_str(self.user_id, cap::USER_ID);
        let route = cut_str(self.route, cap::URL);

        // In the order of `Field`.
        let lengths: [usize; Field::COUNT] = [
            site.len(),
            method.len(),
            path.len(),
            query_length,
            scheme.len() + rest.len(),
            agent.len(),
            language.len(),
            title.len(),
            user_id.len(),
            route.len(),
            name.len(),
            category.len(),
            label.len(),
        ];
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

        let mut record: Arc<[u8]> = iter::repeat_n(0, size).collect();
        // OK because the Arc was made on the line above and nobody else can hold it.
        let Some(bytes) = Arc::get_mut(&mut record) else {
            return Hit(record);
        };
        let mut out = Writer { bytes, at: 0 };
        out.put(&[
            layout::VERSION,
            if self.event.is_some() { layout::KIND_EVENT } else { layout::KIND_PAGE },
        ]);
        let ip = policy.apply(self.address);
        let value = self.event.and_then(|event| event.value).filter(|v| v.is_finite());
        let mut flags = Flags(0);
        flags.set(Flags::VISITOR, self.visitor.is_some());
        flags.set(Flags::NEW, self.is_new);
        flags.set(Flags::SESSION, self.session.is_some());
        flags.set(Flags::SECURE, self.secure);
        flags.set(Flags::IP, ip.is_some());
        flags.set(Flags::IP_V6, ip.is_some_and(|ip| ip.is_ipv6()));
        flags.set(Flags::VALUE, value.is_some());
        flags.set_ip_policy(policy);
        out.put(&flags.0.to_le_bytes());
        out.put(&(size as u32).to_le_bytes());
        out.put(&self.micros.to_le_bytes());
        out.put(self.id.as_bytes());
        out.put(self.visitor.unwrap_or_default().as_bytes());
        out.put(&self.first_visit.to_le_bytes());
        out.put(&self.session.unwrap_or_default().to_le_bytes());
        let mut octets = [0; 16];
        match ip {
            Some(IpAddr::V4(v4)) => octets[..4].copy_from_slice(&v4.octets()),
            Some(IpAddr::V6(v6)) => octets = v6.octets(),
            None => {}
        }
        out.put(&octets);
        out.put(&value.unwrap_or_default().to_le_bytes());
        out.put(&self.status.to_le_bytes());
        out.put_length(properties);
        for length in lengths {
            out.put_length(length);
        }
        out.put_lower(site);
        out.put(method);
        out.put(path);
        for (n, pair) in query().enumerate() {
            if n > 0 {
                out.put(b"&");
            }
            out.put(pair);
        }
        out.put(scheme);
        out.put(rest);
        out.put(agent);
        out.put(language);
        for text in [title, user_id, route, name, category, label] {
            out.put(text.as_bytes());
        }
        for property in self.properties().take(properties) {
            property.write(&mut out);
        }
        Hit(record)
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
        let start = self.at;
        self.put(bytes);
        self.bytes[start..self.at].make_ascii_lowercase();
    }

    /// OK because every cap is below 64 Ki.
    fn put_length(&mut self, length: usize) {
        self.put(&(length as u16).to_le_bytes());
    }
}
