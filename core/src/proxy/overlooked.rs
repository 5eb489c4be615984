use http::{HeaderName, header};

use super::networks::is_private;
use crate::{Config, Request};

/// What the proxies write that stand in front of most servers.
static HEADERS: [HeaderName; 4] = [
    HeaderName::from_static("x-forwarded-for"),
    header::FORWARDED,
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("cf-connecting-ip"),
];

/// The header by which a proxy shows itself that nobody trusts: one that tells of a client, in a request whose
/// peer has a private address or none. Then it is the proxy's address that is recorded. For who is to be warned of it.
pub fn overlooked_proxy(config: &Config, request: &Request<'_>) -> Option<&'static str> {
    let is_near = request.peer.is_none_or(|peer| is_private(peer.to_canonical()));
    if config.trusts_proxies() || request.is_resolved || !is_near {
        return None;
    }
    present(request).next().map(|(name, _)| name)
}

/// Those headers that are there, with what they say.
pub(super) fn present<'a>(request: &Request<'a>) -> impl Iterator<Item = (&'static str, &'a [u8])> {
    HEADERS.iter().filter_map(|name| Some((name.as_str(), request.headers.value(name)?.trim_ascii())))
}

#[cfg(test)]
mod test {
    use super::overlooked_proxy;
    use crate::{Config, Request};

    #[test]
    fn a_proxy_shows_itself_by_its_address_and_its_header() {
        let config =
            |text: &str| Config::builder().toml("consent.policy = 'none'").toml(text).build().unwrap();
        let seen = |config: &Config, peer: &str, header: &str| {
            let headers = [("host", "www.example.com"), (header, "198.51.100.1")];
            overlooked_proxy(config, &Request::new("GET", "/", &headers).with_peer(peer.parse().ok()))
        };
        let nobody = config("");
        for (peer, header) in [
            ("10.0.0.1", "x-forwarded-for"),
            ("", "forwarded"),
            ("127.0.0.1", "x-real-ip"),
            ("::ffff:192.168.0.1", "cf-connecting-ip"),
        ] {
            assert_eq!(seen(&nobody, peer, header), Some(header), "{peer}");
            assert_eq!(seen(&config("proxy.hops = 1"), peer, header), None, "{peer}");
            assert_eq!(seen(&nobody, peer, "accept"), None, "{peer}");
            assert_eq!(seen(&nobody, "203.0.113.9", header), None);
        }
        let headers = [("x-forwarded-for", "198.51.100.1")];
        assert_eq!(overlooked_proxy(&nobody, &Request::new("GET", "/", &headers).with_resolved(true)), None);
    }
}
