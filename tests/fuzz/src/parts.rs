//! An exchange in parts, as a host has them: what the fuzzer makes, what a block holds, and what the arrays
//! are filled with.

use std::{borrow::Cow, fmt, ops::Deref};

use arbitrary::{Arbitrary, Unstructured};

/// A request.
#[derive(Arbitrary, Clone, Debug, Default, PartialEq)]
pub struct Request<'a> {
    /// The method.
    pub method: Bytes<'a>,
    /// The target.
    pub target: Bytes<'a>,
    /// The authority; empty: none.
    pub authority: Bytes<'a>,
    /// The address as text; empty: none.
    pub peer: Bytes<'a>,
    /// C's `bool` for https, which may hold more than a truth.
    pub secure: u8,
    /// C's `bool` for peer, scheme and host being the client's already.
    pub resolved: u8,
    /// Names and values.
    pub headers: Vec<(Bytes<'a>, Bytes<'a>)>,
}

/// A response, and what the host adds.
#[derive(Arbitrary, Clone, Debug, Default, PartialEq)]
pub struct Response<'a> {
    /// The status.
    pub status: u16,
    /// Names and values.
    pub headers: Vec<(Bytes<'a>, Bytes<'a>)>,
    /// In their order.
    pub annotations: Vec<Annotation<'a>>,
}

impl Response<'_> {
    /// That of a plain page.
    pub fn page() -> Self {
        let headers = vec![(b"content-type"[..].into(), b"text/html"[..].into())];
        Self { status: 200, headers, annotations: Vec::new() }
    }
}

/// What a host adds to an exchange.
#[derive(Arbitrary, Clone, Debug, PartialEq)]
pub enum Annotation<'a> {
    /// The page's title.
    Title(Bytes<'a>),
    /// The user's id.
    UserId(Bytes<'a>),
    /// The route.
    Route(Bytes<'a>),
    /// A property of the page view.
    Property(Property<'a>),
    /// An event.
    Event(Event<'a>),
}

impl<'a> Annotation<'a> {
    /// A property that is a number.
    pub fn number(key: &'a [u8], number: f64) -> Self {
        Self::Property(Property { key: key.into(), value: Value::Number(number) })
    }
}

/// A property.
#[derive(Arbitrary, Clone, Debug, PartialEq)]
pub struct Property<'a> {
    /// Its name.
    pub key: Bytes<'a>,
    /// Its value.
    pub value: Value<'a>,
}

/// A property's value.
#[derive(Arbitrary, Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// A text.
    Text(Bytes<'a>),
    /// A number.
    Number(f64),
    /// C's `bool`, which may hold more than a truth.
    Truth(u8),
    /// Of a type that there is not; see [`Value::no_type`].
    None(i32),
}

impl Value<'_> {
    /// The number of no type, made of any number: the types have 0 to 2.
    pub fn no_type(number: i32) -> i32 {
        number | 4
    }
}

/// An event.
#[derive(Arbitrary, Clone, Debug, Default, PartialEq)]
pub struct Event<'a> {
    /// Its name.
    pub name: Bytes<'a>,
    /// Its category; empty: none.
    pub category: Bytes<'a>,
    /// Its label; empty: none.
    pub label: Bytes<'a>,
    /// How much.
    pub value: Option<f64>,
    /// Its properties.
    pub properties: Vec<Property<'a>>,
}

/// Any bytes, also where there should be UTF-8. The fuzzer's have their length in front, in two bytes.
#[derive(Clone, Default, PartialEq)]
pub struct Bytes<'a>(pub Cow<'a, [u8]>);

impl Bytes<'_> {
    /// The text that they are.
    pub fn text(&self) -> Option<&str> {
        str::from_utf8(self).ok()
    }
}

impl<'a> From<&'a [u8]> for Bytes<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self(bytes.into())
    }
}

impl<'a> Arbitrary<'a> for Bytes<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let length = usize::from(u16::arbitrary(u)?).min(u.len());
        Ok(u.bytes(length)?.into())
    }
}

impl AsRef<[u8]> for Bytes<'_> {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Deref for Bytes<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Bytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.escape_ascii())
    }
}
