//! Writes the bytes of which `Arbitrary` makes an exchange.

use crate::{
    headers::Input,
    lend::Manner,
    parts::{Annotation, Bytes, Event, Property, Request, Response, Value},
    slip::Slip,
};

/// A value that can be written as the fuzzer's bytes.
pub(super) trait Put {
    fn put(&self, to: &mut Vec<u8>);

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.put(&mut bytes);
        bytes
    }
}

/// Numbers are little-endian.
macro_rules! numbers {
    ($($number:ty),+) => {$(
        impl Put for $number {
            fn put(&self, to: &mut Vec<u8>) {
                to.extend(self.to_le_bytes());
            }
        }
    )+};
}

numbers!(u8, u16, i32, f64);

impl Put for bool {
    fn put(&self, to: &mut Vec<u8>) {
        u8::from(*self).put(to);
    }
}

impl<T: Put> Put for Option<T> {
    fn put(&self, to: &mut Vec<u8>) {
        self.is_some().put(to);
        self.iter().for_each(|it| it.put(to));
    }
}

/// Before each item stands whether there is one.
impl<T: Put> Put for Vec<T> {
    fn put(&self, to: &mut Vec<u8>) {
        for item in self {
            true.put(to);
            item.put(to);
        }
        false.put(to);
    }
}

impl<A: Put, B: Put> Put for (A, B) {
    fn put(&self, to: &mut Vec<u8>) {
        self.0.put(to);
        self.1.put(to);
    }
}

impl Put for Bytes<'_> {
    fn put(&self, to: &mut Vec<u8>) {
        u16::try_from(self.len()).expect("a seed's texts are short").put(to);
        to.extend_from_slice(self);
    }
}

/// Structs are written field by field.
macro_rules! fields {
    ($struct:ty: $($field:ident),+) => {
        impl Put for $struct {
            fn put(&self, to: &mut Vec<u8>) {
                $(self.$field.put(to);)+
            }
        }
    };
}

fields!(Input<'_>: configuration, manner, slip, request, response, later);
fields!(Manner: null_when_empty, growth, room);
fields!(Request<'_>: method, target, authority, peer, secure, resolved, headers);
fields!(Response<'_>: status, headers, annotations);
fields!(Property<'_>: key, value);
fields!(Event<'_>: name, category, label, value, properties);

/// Which one it is of so many: a number of which the upper bits say it.
fn variant(n: u32, of: u32, to: &mut Vec<u8>) {
    let number = ((u64::from(n) << 32).div_ceil(of.into())) as u32;
    to.extend(number.to_le_bytes());
}

impl Put for Slip {
    fn put(&self, to: &mut Vec<u8>) {
        variant(self.place as u32, crate::slip::PLACES.len() as u32, to);
        variant(self.fault as u32, 2, to);
        self.number.put(to);
    }
}

impl Put for Annotation<'_> {
    fn put(&self, to: &mut Vec<u8>) {
        let (n, inner): (_, &dyn Put) = match self {
            Self::Title(text) => (0, text),
            Self::UserId(text) => (1, text),
            Self::Route(text) => (2, text),
            Self::Property(property) => (3, property),
            Self::Event(event) => (4, event),
        };
        variant(n, 5, to);
        inner.put(to);
    }
}

impl Put for Value<'_> {
    fn put(&self, to: &mut Vec<u8>) {
        let (n, inner): (_, &dyn Put) = match self {
            Self::Text(text) => (0, text),
            Self::Number(number) => (1, number),
            Self::Truth(byte) => (2, byte),
            Self::None(number) => (3, number),
        };
        variant(n, 4, to);
        inner.put(to);
    }
}
