//! The hit of the protocols' golden examples, for tests to build upon.

use uuid::{Uuid, uuid};

use super::{Draft, Event};
use crate::{
    config::{PathPolicy, QueryPolicy, Urls},
    visitor::consent::Standing,
};

pub(crate) const VISITOR: Uuid = uuid!("5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11");

/// 2026-07-22T10:00:00Z, in microseconds.
pub(crate) const MICROS: u64 = 1_784_714_400_000_000;

/// A page view of a visitor's second page.
pub(crate) fn page() -> Draft<'static> {
    Draft {
        id: uuid!("019f8941-6900-7abc-8def-0123ff00007b"),
        micros: MICROS,
        visitor: Some(VISITOR),
        is_new: false,
        is_cookieless: false,
        first_visit: 1_784_714_000,
        session: Some(1_784_714_000),
        standing: Standing::default(),
        address: Some([203, 0, 113, 9].into()),
        status: 200,
        secure: true,
        site: b"shop.example",
        method: b"GET",
        path: b"/cart",
        query: b"size=9&utm_source=news&utm_medium=email&utm_campaign=july",
        urls: Urls { query: QueryPolicy::Keep, path: PathPolicy::Redacted, canonical: false },
        referrer: b"https://www.google.com/",
        agent: b"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        language: b"en-GB",
        title: "Cart & checkout",
        user_id: "u-42",
        route: "",
        event: None,
        special: None,
        search: "",
        properties: &[],
    }
}

/// Something put into the cart.
pub(crate) fn add() -> Event<'static> {
    Event::new("add").category("cart").label("SKU-1").value(2.0).property("colour", "red")
}
