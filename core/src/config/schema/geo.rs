//! `[geo]`.

use std::path::PathBuf;

use http::HeaderName;

use super::visitor::is_token;
use crate::{
    config::{
        Cdn, GeoPolicy,
        reader::{Read, Section},
    },
    proxy::PlaceHeaders,
};

pub(in crate::config) const CDNS: &[(&str, Cdn)] = &[
    ("app-engine", Cdn::AppEngine),
    ("cloudflare", Cdn::Cloudflare),
    ("cloudfront", Cdn::Cloudfront),
    ("vercel", Cdn::Vercel),
];

const MAX_NAME: usize = 256;

/// The headers that tell of a client's place, and the file that does; neither with the policy that records nothing.
pub(super) fn read(
    geo: &mut Section<'_>,
    policy: GeoPolicy,
    trusts_proxies: bool,
) -> (Option<PlaceHeaders>, Option<PathBuf>) {
    let cdn = geo.choice("cdn", CDNS);
    let [country, region, city] = ["country", "region", "city"].map(|key| header(geo, key));
    let file = geo.text("file", "the path of a file: not empty and without NUL", |text| {
        (!text.is_empty() && !text.contains('\0')).then(|| PathBuf::from(text))
    });
    let key = if cdn.is_absent() { "country" } else { "cdn" };
    let own = [("country", &country), ("region", &region), ("city", &city)];
    if let Some((key, _)) = own.iter().find(|(_, name)| !name.is_absent()) {
        if !cdn.is_absent() {
            geo.mistake(
                key,
                "it stands for `cdn`, which is given too: write one of them, whose headers they are or their \
                 names",
            );
        } else if country.is_absent() {
            geo.missing("country", format!("missing: without a country, {key} tells of no place"));
        }
    }
    let country = country.ok();
    let headers = match (cdn.ok(), country) {
        (Some(cdn), _) => Some(PlaceHeaders::of(cdn, policy)),
        (None, Some(country)) => Some(PlaceHeaders { policy, country, region: region.ok(), city: city.ok() }),
        (None, None) => None,
    };
    if headers.is_some() && !trusts_proxies {
        geo.warn(key, "it is not read, as no proxy is trusted: name yours by proxy.trusted or proxy.hops");
    }
    let is_wanted = policy != GeoPolicy::None;
    (headers.filter(|_| is_wanted), file.ok().filter(|_| is_wanted))
}

fn header(geo: &mut Section<'_>, key: &'static str) -> Read<HeaderName> {
    geo.text(key, "the name of a header, such as \"x-geo-country\"", |text| {
        let is_name = text.len() <= MAX_NAME && is_token(text);
        HeaderName::from_bytes(text.as_bytes()).ok().filter(|_| is_name)
    })
}
