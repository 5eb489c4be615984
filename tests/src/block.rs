//! The blocks of the C ABI, written as the header specifies them, and not as the library reads them.

/// A request's block.
#[derive(Clone, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "tests build it")]
pub struct RequestBlock {
    /// The client came by https.
    pub secure: bool,
    /// Peer, scheme and host are the client's already.
    pub resolved: bool,
    /// The block stays where it is, unchanged, until the exchange is freed.
    pub lent: bool,
    /// The method.
    pub method: Vec<u8>,
    /// The target.
    pub target: Vec<u8>,
    /// The authority; empty: none.
    pub authority: Vec<u8>,
    /// The address in network order: none, 4 or 16 bytes.
    pub peer: Vec<u8>,
    /// Names and values.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
}

impl RequestBlock {
    /// Its bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut parts: Vec<&[u8]> = vec![&self.method, &self.target, &self.authority, &self.peer];
        for (name, value) in &self.headers {
            parts.extend([&name[..], value]);
        }
        let mut block =
            vec![1, u8::from(self.secure) | u8::from(self.resolved) << 1 | u8::from(self.lent) << 2];
        block.extend(short(self.headers.len()));
        parts.iter().for_each(|part| block.extend(long(part.len())));
        block.extend(parts.concat());
        block
    }
}

/// A response's block.
#[derive(Clone, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "tests build it")]
pub struct ResponseBlock {
    /// The status.
    pub status: u16,
    /// Names and values.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// In their order.
    pub annotations: Vec<Annotation>,
}

/// What a response's block may add.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_enums, reason = "tests name each")]
pub enum Annotation {
    /// The page's title.
    Title(String),
    /// The user's id.
    UserId(String),
    /// The route.
    Route(String),
    /// A property of the page view.
    Property(String, Property),
    /// An event.
    Event(Event),
}

/// A property's value.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_enums, reason = "tests name each")]
pub enum Property {
    /// A text.
    Text(String),
    /// A number.
    Number(f64),
    /// True or false.
    Truth(bool),
}

/// An event.
#[derive(Clone, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "tests build it")]
pub struct Event {
    /// Its name.
    pub name: String,
    /// Its category; empty: none.
    pub category: String,
    /// Its label; empty: none.
    pub label: String,
    /// How much.
    pub value: Option<f64>,
    /// Its properties.
    pub properties: Vec<(String, Property)>,
}

impl ResponseBlock {
    /// Its bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let payloads: Vec<_> = self.annotations.iter().map(Annotation::payload).collect();
        let mut block = vec![1, 0];
        block.extend(self.status.to_le_bytes());
        block.extend(short(self.headers.len()));
        block.extend(short(payloads.len()));
        for (name, value) in &self.headers {
            block.extend(long(name.len()));
            block.extend(long(value.len()));
        }
        for (tag, payload) in &payloads {
            block.extend(long(*tag));
            block.extend(long(payload.len()));
        }
        for (name, value) in &self.headers {
            block.extend(name);
            block.extend(value);
        }
        payloads.iter().for_each(|(_, payload)| block.extend(payload));
        block
    }
}

impl Annotation {
    fn payload(&self) -> (usize, Vec<u8>) {
        match self {
            Self::Title(text) => (1, text.clone().into_bytes()),
            Self::UserId(text) => (2, text.clone().into_bytes()),
            Self::Route(text) => (3, text.clone().into_bytes()),
            Self::Property(key, value) => (4, value.payload(key)),
            Self::Event(event) => (5, event.payload()),
        }
    }
}

impl Property {
    fn payload(&self, key: &str) -> Vec<u8> {
        let (kind, value) = match self {
            Self::Text(text) => (0, text.clone().into_bytes()),
            Self::Number(number) => (1, number.to_le_bytes().to_vec()),
            Self::Truth(truth) => (2, vec![u8::from(*truth)]),
        };
        [&long(kind)[..], &long(key.len()), key.as_bytes(), &value].concat()
    }
}

impl Event {
    fn payload(&self) -> Vec<u8> {
        let properties: Vec<_> = self.properties.iter().map(|(key, value)| value.payload(key)).collect();
        let mut payload = Vec::new();
        for length in [self.name.len(), self.category.len(), self.label.len(), properties.len()] {
            payload.extend(long(length));
        }
        payload.extend(self.value.unwrap_or(f64::NAN).to_le_bytes());
        properties.iter().for_each(|property| payload.extend(long(property.len())));
        for text in [&self.name, &self.category, &self.label] {
            payload.extend(text.as_bytes());
        }
        payload.extend(properties.concat());
        payload
    }
}

/// OK because a test's block is small.
fn short(number: usize) -> [u8; 2] {
    (number as u16).to_le_bytes()
}

/// OK because a test's block is small.
fn long(number: usize) -> [u8; 4] {
    (number as u32).to_le_bytes()
}

/// What a verdict's block says: the reason, and the headers to append.
///
/// # Panics
///
/// When it is not as it is specified.
pub fn verdict(block: &[u8]) -> (u16, Vec<(String, String)>) {
    let short = |at: usize| u16::from_le_bytes([block[at], block[at + 1]]);
    let number = |at: usize| usize::from(short(at)) + (usize::from(short(at + 2)) << 16);
    assert_eq!((&block[..2], short(6)), (&[1, 0][..], 0), "version, flags, and nothing");
    let count = usize::from(short(4));
    let mut at = 8 + 8 * count;
    let mut take = |length: usize| {
        at += length;
        String::from_utf8_lossy(&block[at - length..at]).into_owned()
    };
    let headers = (0..count).map(|n| (take(number(8 + 8 * n)), take(number(12 + 8 * n)))).collect();
    assert_eq!(at, block.len(), "there is nothing behind it");
    (short(2), headers)
}
