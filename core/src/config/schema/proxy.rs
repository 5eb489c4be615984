//! `[proxy]`.

use crate::{
    config::{
        ProxyHeader,
        reader::{Read, Section},
        tree::quoted,
    },
    proxy::{Networks, Proxies, Trust},
};

use ProxyHeader as Header;

pub(in crate::config) const PROXY_HEADERS: &[(&str, Header)] = &[
    named(Header::XForwardedFor),
    named(Header::Forwarded),
    named(Header::CfConnectingIp),
    named(Header::DoConnectingIp),
    named(Header::FastlyClientIp),
    named(Header::FlyClientIp),
    named(Header::TrueClientIp),
    named(Header::XAzureClientIp),
    named(Header::XClientIp),
    named(Header::XEnvoyExternalAddress),
    named(Header::XNfClientConnectionIp),
    named(Header::XRealIp),
];

/// More than anybody has.
const MAX_HOPS: usize = 100;
const MAX_NETWORKS: usize = 10_000;

const EXPECTED: &str =
    r#"a network such as "10.0.0.0/8", an address, "private" (all private addresses) or "unix""#;

/// The proxies that are trusted; none if nobody is.
pub(super) fn read(proxy: &mut Section<'_>) -> Option<Proxies> {
    let networks = networks(proxy);
    let hops = proxy.number("hops", 0..=MAX_HOPS);
    let header = proxy.choice("header", PROXY_HEADERS);
    let is_header_given = matches!(header, Read::Is(_));
    let header = header.or(Header::XForwardedFor);
    let hops = hops.or(0);
    let trust = match (networks, hops) {
        (Some(_), 1..) => {
            proxy.mistake(
                "hops",
                "it stands for `trusted`, which is given too: write one of them, the networks of your proxies \
                 or their number",
            );
            return None;
        }
        (Some(networks), 0) => Trust::Networks(networks),
        (None, 1..) => Trust::Hops(hops),
        (None, 0) => {
            if is_header_given {
                proxy.warn(
                    "header",
                    "it is not read, as no proxy is trusted: name yours by proxy.trusted or proxy.hops",
                );
            }
            return None;
        }
    };
    if hops > 1 && !is_list(header) {
        let name = header.name();
        proxy.mistake(
            "hops",
            format!(
                "{name} has one address, whoever adds to a list: write 1, or name the networks by `trusted`"
            ),
        );
    }
    Some(Proxies::new(trust, header))
}

fn networks(proxy: &mut Section<'_>) -> Option<Networks> {
    let mut networks = Networks::default();
    let texts = proxy.list("trusted", MAX_NETWORKS, EXPECTED, |tree| tree.as_text().map(str::to_owned));
    let texts = texts.or(Vec::new());
    for (n, text) in texts.iter().enumerate() {
        if let Err(why) = networks.add(text) {
            let why = if why.is_empty() { format!("is not {EXPECTED}") } else { why };
            proxy.mistake(&format!("trusted[{n}]"), format!("{} {why}", quoted(text)));
        }
    }
    if networks.are_everybody() {
        proxy.warn("trusted", "a network of all addresses trusts every client to say who it is");
    }
    (!texts.is_empty()).then_some(networks)
}

fn is_list(header: Header) -> bool {
    matches!(header, Header::Forwarded | Header::XForwardedFor)
}

const fn named(header: Header) -> (&'static str, Header) {
    (header.name(), header)
}
