//! The keys and what they may hold: one file a section. The reference is the documentation of
//! [`config`](super).

mod beacon;
mod changes;
mod consent;
mod destination;
mod geo;
mod host;
mod keys;
mod network;
mod only;
mod proxy;
mod receiver;
mod spool;
mod track;
mod visitor;

use std::time::Duration;

use http::header::DNT;

use super::{
    Config, GeoPolicy, IpPolicy, Mode, PathPolicy, QueryPolicy, Signal, Urls,
    builder::Resolver,
    error::Report,
    reader::{Read, Section},
    tree::Tree,
};
use crate::{
    protocol::{self, ReceiverType, ScriptCookie},
    proxy::Proxies,
};

pub(super) use self::{
    consent::{BEFORES, DENIEDS, POLICIES, SIGNALS},
    destination::{AFTER_UNKNOWN, WHEN_FULL},
    geo::CDNS,
    network::COMPRESSIONS,
    proxy::PROXY_HEADERS,
    spool::SPOOLINGS,
    track::{BOTS, COUNTS},
    visitor::{DERIVED, IDENTITIES, SAME_SITES, USER_IDS},
};

const MILLISECOND: Duration = Duration::from_millis(1);

pub(super) const MODES: &[(&str, Mode)] = &[("on", Mode::On), ("dry-run", Mode::DryRun), ("off", Mode::Off)];
pub(super) const IPS: &[(&str, IpPolicy)] =
    &[("masked", IpPolicy::Masked), ("full", IpPolicy::Full), ("none", IpPolicy::None)];
pub(super) const QUERIES: &[(&str, QueryPolicy)] = &[
    ("campaign", QueryPolicy::Campaign),
    ("keep", QueryPolicy::Keep),
    ("raw", QueryPolicy::Raw),
    ("drop", QueryPolicy::Drop),
];
pub(super) const PATHS: &[(&str, PathPolicy)] = &[
    ("redacted", PathPolicy::Redacted),
    ("anonymous", PathPolicy::Anonymous),
    ("route", PathPolicy::Route),
    ("full", PathPolicy::Full),
];

pub(super) const GEOS: &[(&str, GeoPolicy)] = &[
    ("none", GeoPolicy::None),
    ("country", GeoPolicy::Country),
    ("region", GeoPolicy::Region),
    ("city", GeoPolicy::City),
];

/// Reads every key. What it returns is only good if the report is clean afterwards.
pub(super) fn read(
    tree: Tree,
    report: &Report,
    resolver: Option<&Resolver>,
    receivers: &[&'static ReceiverType],
) -> Option<Config> {
    Section::root(tree, report, |root| {
        let mode = root.choice("mode", MODES).or(Mode::On);
        let sites = sites(root);
        let shutdown = root.duration("shutdown", MILLISECOND).or(Duration::from_secs(5));
        let visitor = root.table("visitor", |visitor| visitor::read(visitor, resolver));
        let domain = &visitor.cookie.domain;
        if !domain.is_empty() && !sites.is_empty() && !sites.iter().any(|site| is_within(site, domain)) {
            root.mistake(
                "visitor.cookie.domain",
                format!(
                    "browsers refuse a cookie of {domain} from {}, which site names; write a domain that it is below, or \
                     leave it out",
                    sites.join(", ")
                ),
            );
        }
        let (count, track, canonical) = root.table("track", track::read);
        let consent = root.table("consent", |consent| consent::read(consent, visitor.identity, count));
        let (ip, query, path, geo) = root.table("privacy", |privacy| {
            (
                privacy.choice("ip", IPS).or(IpPolicy::Masked),
                privacy.choice("query", QUERIES).or(QueryPolicy::Campaign),
                privacy.choice("path", PATHS).or(PathPolicy::Redacted),
                privacy.choice("geo", GEOS),
            )
        });
        let beacon = root.table("beacon", |beacon| beacon::read(beacon, count));
        let proxies = root.table("proxy", proxy::read);
        let (place, geo_file) =
            root.table("geo", |table| geo::read(table, geo.or(GeoPolicy::Country), proxies.is_some()));
        if matches!(geo, Read::Is(policy) if policy > GeoPolicy::Country)
            && place.is_none()
            && geo_file.is_none()
        {
            root.warn("privacy.geo", "nobody knows it: write geo.cdn, geo.country or geo.file");
        }
        let proxies = proxies.map(|proxies| proxies.with_place(place));
        let dnt = (consent.dnt != Signal::Ignore).then_some(DNT);
        let more_headers = proxies.iter().flat_map(Proxies::headers).chain(dnt).collect();
        let spool = root.table("spool", spool::read);
        let destinations =
            destination::read(root, ip, visitor.identity.settled(visitor::IDENTITY), resolver, receivers);
        let mut script_cookies: Vec<ScriptCookie> = Vec::new();
        for cookie in destinations.iter().flat_map(|destination| protocol::cookies(&destination.receiver)) {
            if !script_cookies.iter().any(|known| known.name() == cookie.name()) {
                script_cookies.push(cookie);
            }
        }
        if geo_file.is_some() && destinations.iter().all(|destination| destination.ip == IpPolicy::None) {
            root.warn(
                "geo.file",
                "it tells nothing, as no destination is told an address: each has ip = \"none\"",
            );
        }
        let mut ip_policies = Vec::new();
        for destination in &destinations {
            if !ip_policies.contains(&destination.ip) {
                ip_policies.push(destination.ip);
            }
        }
        Some(Config {
            mode,
            sites,
            shutdown,
            identity: visitor.identity.or(visitor::IDENTITY),
            keys: visitor.keys,
            secret: visitor.secret,
            user_ids: visitor.user_ids,
            session_timeout: visitor.session_timeout,
            cookie: visitor.cookie,
            consent: consent.policy,
            before: consent.before,
            denied: consent.denied,
            gpc: consent.gpc,
            dnt: consent.dnt,
            notice: consent.notice,
            consent_form: consent.form,
            count: count.or(track::COUNT),
            track: track?,
            urls: Urls { query, path, canonical },
            beacon,
            proxies,
            geo: geo.or(GeoPolicy::Country),
            geo_file,
            more_headers,
            spool,
            destinations,
            script_cookies,
            ip_policies,
            warnings: Vec::new(),
        })
    })
}

/// Whether `host` is `domain` or below it.
fn is_within(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn sites(root: &mut Section<'_>) -> Vec<String> {
    const EXPECTED: &str = "a host name alone, such as \"www.example.com\": without scheme, port and \
        path, and in its xn-- form if it is not ASCII";
    let sites = root.list("site", usize::MAX, EXPECTED, |tree| host::site(tree.as_text()?));
    let mut distinct = Vec::new();
    let Read::Is(sites) = sites else {
        return distinct;
    };
    for site in sites {
        if !distinct.contains(&site) {
            distinct.push(site);
        }
    }
    distinct
}
