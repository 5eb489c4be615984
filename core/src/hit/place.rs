//! Where the visitor is, as far as it may be recorded.

use std::borrow::Cow;

use percent_encoding::percent_decode;
use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{
    Hit,
    cap::{self, cut_str},
    joined::tail,
    layout::{self, Flags},
};
use crate::config::GeoPolicy;

/// Where a visitor is: a country, and perhaps its part and a city in it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Place {
    country: String,
    region: String,
    city: String,
}

impl Place {
    /// A place in the country of this ISO 3166-1 code of two letters. None if it is no such code, or one of those that
    /// stand for no country (`XX`, `ZZ`).
    ///
    /// `region` is the part of an ISO 3166-2 code behind the country's, with the country in front or not, and `city` a
    /// name in UTF-8, percent-encoded or not, of which 128 bytes are kept. What is neither counts as unknown, as what
    /// is empty does.
    pub fn new(country: &[u8], region: &[u8], city: &[u8]) -> Option<Self> {
        let country = code(country, 2..=2)?;
        let is_known = country.bytes().all(|b| b.is_ascii_uppercase()) && country != "XX" && country != "ZZ";
        is_known.then(|| {
            let region = region_of(region, &country);
            Self { country, region, city: city_of(city) }
        })
    }

    /// As [`new`](Self::new), with a city's name as it is.
    pub fn named(country: &str, region: &str, city: &str) -> Option<Self> {
        let place = Self::new(country.as_bytes(), region.as_bytes(), &[])?;
        Some(Self { city: name(city), ..place })
    }

    /// The country's ISO 3166-1 code of two letters, such as `DE`.
    pub fn country(&self) -> &str {
        &self.country
    }

    /// The region's code (ISO 3166-2) without the country's, such as `BE` for Berlin; empty if it is not known.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The city's name; empty if it is not known.
    pub fn city(&self) -> &str {
        &self.city
    }

    /// What `policy` leaves of it.
    pub(crate) fn narrowed(mut self, policy: GeoPolicy) -> Option<Self> {
        if policy < GeoPolicy::City {
            self.city.clear();
        }
        if policy < GeoPolicy::Region {
            self.region.clear();
        }
        (policy > GeoPolicy::None).then_some(self)
    }

    fn texts(&self) -> [&str; 3] {
        [&self.country, &self.region, &self.city]
    }
}

/// A code of letters and digits, in capitals.
fn code(bytes: &[u8], lengths: std::ops::RangeInclusive<usize>) -> Option<String> {
    let is_code = lengths.contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_alphanumeric);
    let code = is_code.then(|| std::str::from_utf8(bytes).ok())??;
    Some(code.to_ascii_uppercase())
}

fn region_of(region: &[u8], country: &str) -> String {
    let region = match region.split_at_checked(country.len()) {
        Some((start, rest)) if start.eq_ignore_ascii_case(country.as_bytes()) => {
            match rest.strip_prefix(b"-") {
                Some(rest) => rest,
                // `USCA` has the country in front, `USA` would be a region of three letters.
                None if region.len() > 3 => rest,
                None => region,
            }
        }
        _ => region,
    };
    code(region, 1..=3).filter(|region| region != "ZZ").unwrap_or_default()
}

fn city_of(city: &[u8]) -> String {
    let city: Cow<'_, [u8]> = percent_decode(city).into();
    name(std::str::from_utf8(&city).unwrap_or_default())
}

fn name(city: &str) -> String {
    let city = city.trim();
    // `?` stands for none.
    let is_name = city.chars().any(char::is_alphanumeric) && !city.chars().any(char::is_control);
    cut_str(if is_name { city } else { "" }, cap::CITY).to_owned()
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Texts(self.texts()).serialize(serializer)
    }
}

/// Country, region and city, of which the empty ones are left out.
pub(super) struct Texts<'a>(pub(super) [&'a str; 3]);

impl Serialize for Texts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, text) in ["country", "region", "city"].into_iter().zip(self.0) {
            if !text.is_empty() {
                map.serialize_entry(key, text)?;
            }
        }
        map.end()
    }
}

impl Hit {
    /// The country that a trusted proxy told of: its ISO 3166-1 code of two letters. What a worker found out by the
    /// address is not among it: that has [`Enriched::country`](crate::protocol::Enriched::country), too.
    pub fn country(&self) -> &str {
        self.place_texts()[0]
    }

    /// The region that a trusted proxy told of: the part of its ISO 3166-2 code behind the country's.
    pub fn region(&self) -> &str {
        self.place_texts()[1]
    }

    /// The city that a trusted proxy told of.
    pub fn city(&self) -> &str {
        self.place_texts()[2]
    }

    pub(super) fn place_texts(&self) -> [&str; 3] {
        let bytes = self.place_bytes();
        let mut rest = bytes.get(layout::PLACE_LENGTHS..).unwrap_or_default();
        let mut take = |at: usize| {
            let length = bytes.get(at).copied().unwrap_or_default();
            let (text, left) = rest.split_at_checked(length.into()).unwrap_or_default();
            rest = left;
            std::str::from_utf8(text).unwrap_or_default()
        };
        [take(0), take(1), take(2)]
    }

    /// The part of the record where the place stands.
    pub(super) fn place_bytes(&self) -> &[u8] {
        if self.has(Flags::PLACE) { tail(self.view()).0 } else { &[] }
    }

    /// The same hit with a place, unless the record would become too long. It comes before what is joined.
    #[cold] // Few configurations ask for it, and it is a copy.
    #[inline(never)]
    pub(crate) fn at(self, place: &Place) -> Self {
        let texts = place.texts();
        let mut record = self.0.to_vec();
        record.extend(texts.map(|text| text.len() as u8)); // OK because every cap is below 256.
        record.extend(texts.iter().flat_map(|text| text.bytes()));
        if self.has(Flags::PLACE | Flags::JOINED) || record.len() > layout::MAX_RECORD {
            return self;
        }
        layout::extend_head(&mut record, Flags::PLACE);
        Self(record.into())
    }
}

#[cfg(test)]
#[path = "place_test.rs"]
mod test;
