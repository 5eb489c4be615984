//! Where the client is, as the proxy in front knows.

use http::HeaderName;

use super::list;
use crate::{
    Headers,
    config::{Cdn, GeoPolicy},
    hit::Place,
};

/// The headers that tell of it.
#[derive(Clone, Debug)]
pub(crate) struct PlaceHeaders {
    pub(crate) policy: GeoPolicy,
    pub(crate) country: HeaderName,
    pub(crate) region: Option<HeaderName>,
    pub(crate) city: Option<HeaderName>,
}

impl PlaceHeaders {
    /// Those of a network that has its own.
    pub(crate) fn of(cdn: Cdn, policy: GeoPolicy) -> Self {
        let [country, region, city] = cdn.headers().map(HeaderName::from_static);
        Self { policy, country, region: Some(region), city: Some(city) }
    }

    /// The names of those that are read.
    pub(super) fn names(&self) -> impl Iterator<Item = &HeaderName> {
        let region = self.region.as_ref().filter(|_| self.policy >= GeoPolicy::Region);
        let city = self.city.as_ref().filter(|_| self.policy >= GeoPolicy::City);
        [Some(&self.country), region, city].into_iter().flatten()
    }

    /// The place, as far as it may be recorded. A header that comes more than once tells nothing: somebody but the
    /// proxy wrote one of them.
    pub(super) fn read(&self, headers: &dyn Headers) -> Option<Place> {
        let told = [Some(&self.country), self.region.as_ref(), self.city.as_ref()];
        let [country, region, city] =
            told.map(|name| name.and_then(|name| list::only_value(headers, name)).unwrap_or_default());
        Place::new(country, region, city)?.narrowed(self.policy)
    }
}
