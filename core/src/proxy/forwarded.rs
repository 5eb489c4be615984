//! The walk along `Forwarded` (RFC 7239).

use http::HeaderName;

use super::{
    Told, Trust,
    element::{Broken, Element, elements},
    node,
};
use crate::{Headers, request::each_value};

/// Room for an address without its escapes.
pub(super) const ADDRESS: usize = 96;

/// What the trusted elements tell.
///
/// Quotes can be read from the left alone, so the walk is turned round: what is told so far is what it would be if
/// everybody to the right were trusted, and each further element bears that out or takes its place.
pub(super) fn walk<'a>(headers: &'a dyn Headers, name: &HeaderName, trust: &Trust) -> Told<'a> {
    let (mut left, most) = match trust {
        Trust::Hops(hops) => (count(headers, name), *hops),
        Trust::Networks(_) => (0, usize::MAX),
    };
    let mut told = Told::default();
    each_value(headers, name, |line| {
        for element in elements(line) {
            // This one's place, counted from the right; of networks it does not matter.
            let place = left;
            left = left.saturating_sub(1);
            if place <= most {
                told = step(told, element, place, trust);
            }
        }
    });
    told
}

fn step<'a>(told: Told<'a>, element: Result<Element<'a>, Broken>, place: usize, trust: &Trust) -> Told<'a> {
    let Ok(element) = element else {
        return Told::default();
    };
    let address = element.client.and_then(|client| client.unescaped::<ADDRESS, _>(node::address));
    let own = Told {
        address,
        depth: 1,
        proto: element.proto.and_then(|proto| proto.plain()),
        host: element.host.and_then(|host| host.plain()),
    };
    if address.is_none() || !trust.reaches(place, address) {
        return own;
    }
    Told {
        address: told.address.or(own.address),
        depth: 1,
        proto: told.proto.or(own.proto),
        host: told.host.or(own.host),
    }
}

fn count(headers: &dyn Headers, name: &HeaderName) -> usize {
    let mut count = 0;
    each_value(headers, name, |line| count += elements(line).count());
    count
}
