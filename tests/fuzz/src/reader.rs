//! Reads the two blocks as `trackside.h` specifies them, and not as the library does: from the front to the
//! back, part by part.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::parts::{Annotation, Bytes, Event, Property, Request, Response, Value};

/// What the specification refuses a block for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// Its structure.
    Malformed,
    /// A text that is not UTF-8.
    NotUtf8,
    /// Both; which one is told first is not specified.
    Both,
}

/// The request in `block`.
///
/// # Errors
///
/// When it is no request's block.
pub fn request(block: &[u8]) -> Result<Request<'_>, Refusal> {
    Reader::read(block, Reader::request)
}

/// The response in `block`.
///
/// # Errors
///
/// When it is no response's block.
pub fn response(block: &[u8]) -> Result<Response<'_>, Refusal> {
    Reader::read(block, Reader::response)
}

/// What is left of a block, or of a part of it.
struct Reader<'a> {
    rest: &'a [u8],
    has_broken_text: bool,
}

impl<'a> Reader<'a> {
    /// Reads all of `block`. None within means that it is malformed.
    fn read<T>(block: &'a [u8], what: impl FnOnce(&mut Self) -> Option<T>) -> Result<T, Refusal> {
        let mut reader = Self { rest: block, has_broken_text: false };
        let whole = what(&mut reader).filter(|_| reader.rest.is_empty());
        match (whole, reader.has_broken_text) {
            (Some(whole), false) => Ok(whole),
            (Some(_), true) => Err(Refusal::NotUtf8),
            (None, false) => Err(Refusal::Malformed),
            (None, true) => Err(Refusal::Both),
        }
    }

    fn request(&mut self) -> Option<Request<'a>> {
        let (version, flags) = (self.byte()?, self.byte()?);
        if version != 1 || flags > 7 {
            return None;
        }
        let headers = self.short()?;
        let [method, target, authority, peer] = [self.long()?, self.long()?, self.long()?, self.long()?];
        let lengths = self.pairs(headers)?;
        Some(Request {
            method: self.take(method)?.into(),
            target: self.take(target)?.into(),
            authority: self.take(authority)?.into(),
            peer: address(self.take(peer)?)?,
            secure: flags & 1,
            resolved: flags >> 1 & 1,
            headers: self.headers(&lengths)?,
        })
    }

    fn response(&mut self) -> Option<Response<'a>> {
        let (version, flags) = (self.byte()?, self.byte()?);
        if version != 1 || flags != 0 {
            return None;
        }
        let (status, headers, annotations) = (self.short()?, self.short()?, self.short()?);
        let (lengths, tags) = (self.pairs(headers)?, self.pairs(annotations)?);
        let headers = self.headers(&lengths)?;
        let annotations = tags.iter().map(|&(tag, length)| {
            self.inside(length, |part| match tag {
                1 => Some(Annotation::Title(part.text_to_the_end())),
                2 => Some(Annotation::UserId(part.text_to_the_end())),
                3 => Some(Annotation::Route(part.text_to_the_end())),
                4 => part.property().map(Annotation::Property),
                5 => part.event().map(Annotation::Event),
                _ => None,
            })
        });
        Some(Response { status, headers, annotations: annotations.collect::<Option<_>>()? })
    }

    fn property(&mut self) -> Option<Property<'a>> {
        let (kind, length) = (self.long()?, self.long()?);
        let key = self.text(length)?;
        let value = match kind {
            0 => Value::Text(self.text_to_the_end()),
            1 => Value::Number(self.number()?),
            2 => Value::Truth(self.byte().filter(|&byte| byte < 2)?),
            _ => return None,
        };
        Some(Property { key, value })
    }

    fn event(&mut self) -> Option<Event<'a>> {
        let [name, category, label, count] = [self.long()?, self.long()?, self.long()?, self.long()?];
        let value = Some(self.number()?).filter(|value| value.is_finite());
        let mut lengths = Vec::new();
        for _ in 0..count {
            lengths.push(self.long()?);
        }
        let (name, category, label) = (self.text(name)?, self.text(category)?, self.text(label)?);
        let properties = lengths.into_iter().map(|length| self.inside(length, Self::property));
        Some(Event { name, category, label, value, properties: properties.collect::<Option<_>>()? })
    }

    fn pairs(&mut self, count: u16) -> Option<Vec<(u32, u32)>> {
        (0..count).map(|_| Some((self.long()?, self.long()?))).collect()
    }

    fn headers(&mut self, lengths: &[(u32, u32)]) -> Option<Vec<(Bytes<'a>, Bytes<'a>)>> {
        let headers =
            lengths.iter().map(|&(name, value)| Some((self.take(name)?.into(), self.take(value)?.into())));
        headers.collect()
    }

    /// Reads a part of `length` bytes, which must be nothing but `what`.
    fn inside<T>(&mut self, length: u32, what: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let read = Self::read(self.take(length)?, what);
        self.has_broken_text |= matches!(read, Err(Refusal::NotUtf8 | Refusal::Both));
        read.ok()
    }

    fn text(&mut self, length: u32) -> Option<Bytes<'a>> {
        let bytes = self.take(length)?;
        self.has_broken_text |= str::from_utf8(bytes).is_err();
        Some(bytes.into())
    }

    fn text_to_the_end(&mut self) -> Bytes<'a> {
        let bytes = std::mem::take(&mut self.rest);
        self.has_broken_text |= str::from_utf8(bytes).is_err();
        bytes.into()
    }

    fn take(&mut self, length: u32) -> Option<&'a [u8]> {
        let (part, rest) = self.rest.split_at_checked(length as usize)?;
        self.rest = rest;
        Some(part)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N as u32)?.try_into().ok()
    }

    fn byte(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }

    fn short(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    fn long(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn number(&mut self) -> Option<f64> {
        self.array().map(f64::from_le_bytes)
    }
}

/// The address as text, as the arrays have it.
fn address(bytes: &[u8]) -> Option<Bytes<'static>> {
    let text = match bytes.len() {
        0 => String::new(),
        4 => Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?).to_string(),
        16 => Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).to_string(),
        _ => return None,
    };
    Some(Bytes(text.into_bytes().into()))
}
