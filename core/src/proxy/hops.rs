//! The walk towards the client step by step, for a person to read. It is the walk of [`Proxies::arrival`], written
//! without regard to time; tests hold the two against each other.

use std::net::IpAddr;

use http::HeaderName;

use super::{Proxies, Trust, element::elements, forwarded, list, node, overlooked};
use crate::{Request, config::ProxyHeader, explain::escape};

/// One that is named as having handed a request on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Hop {
    /// Who names it: `peer` if it is the other end of the connection, else the header.
    pub source: &'static str,
    /// What stands there; empty if nothing does.
    pub entry: String,
    /// Whether its word is taken on whom it got the request from.
    pub is_trusted: bool,
    /// Why, and what follows.
    pub view: String,
}

/// What the walk came by, nearest first, and how many entries stand to the left of where it ended.
pub(crate) fn hops(proxies: Option<&Proxies>, request: &Request<'_>) -> (Vec<Hop>, usize) {
    let peer = |is_trusted, view: String| Hop {
        source: "peer",
        entry: request.peer.map_or_else(|| "no address".to_owned(), |peer| peer.to_canonical().to_string()),
        is_trusted,
        view,
    };
    if request.is_resolved {
        return (vec![peer(false, "the client, as the server itself has found out".to_owned())], 0);
    }
    let Some(proxies) = proxies else {
        let mut hops = vec![peer(false, "the client, as no proxy is trusted".to_owned())];
        hops.extend(overlooked::present(request).map(|(source, value)| Hop {
            source,
            entry: escape(value),
            is_trusted: false,
            view: "not read, as neither proxy.trusted nor proxy.hops is set".to_owned(),
        }));
        return (hops, 0);
    };
    let Some(why) = proxies.trust.why(0, request.peer) else {
        let name = proxies.header.name();
        let view = format!("the client, as it is not in proxy.trusted; {name} is not read");
        return (vec![peer(false, view)], 0);
    };
    let mut hops = vec![peer(true, why)];
    let unread = proxies.follow(request, &mut hops);
    (hops, unread)
}

impl Proxies {
    /// Adds what the header names, and answers how many entries were left.
    fn follow(&self, request: &Request<'_>, hops: &mut Vec<Hop>) -> usize {
        let source = self.header.name();
        let entries = self.entries(request);
        let mut add = |entry: &str, is_trusted, view: String| {
            hops.push(Hop { source, entry: entry.to_owned(), is_trusted, view });
        };
        if entries.is_empty() {
            add("", false, "does not come".to_owned());
        }
        let is_list = matches!(self.header, ProxyHeader::Forwarded | ProxyHeader::XForwardedFor);
        if !is_list && entries.len() > 1 {
            let view =
                format!("comes {} times, and nobody knows which of them the proxy wrote", entries.len());
            add("", false, view);
            return 0;
        }
        for (depth, (entry, address)) in (1..).zip(&entries) {
            let why = if is_list { self.trust.why(depth, *address) } else { None };
            match (address, why) {
                (None, _) => add(entry, false, "no address, so that the walk ends before it".to_owned()),
                (Some(_), Some(why)) => {
                    add(entry, true, why);
                    continue;
                }
                (Some(_), None) => add(entry, false, "the client".to_owned()),
            }
            return entries.len() - depth;
        }
        0
    }

    /// What stands in the header, from the right, and the address that it is.
    fn entries(&self, request: &Request<'_>) -> Vec<(String, Option<IpAddr>)> {
        let mut entries = Vec::new();
        let headers = request.headers;
        match self.header {
            ProxyHeader::Forwarded => headers.each(&self.name, &mut |line| {
                entries.extend(elements(line.trim_ascii()).map(|element| {
                    let client = element.ok().and_then(|element| element.client);
                    let shown = client.and_then(|client| {
                        client.unescaped::<{ forwarded::ADDRESS }, _>(|text| Some(escape(text)))
                    });
                    let address = client
                        .and_then(|client| client.unescaped::<{ forwarded::ADDRESS }, _>(node::address));
                    (shown.unwrap_or_else(|| "something without `for`".to_owned()), address)
                }));
            }),
            ProxyHeader::XForwardedFor => headers.each(&self.name, &mut |line| {
                entries.extend(list::entries(line).map(|entry| (escape(entry), node::address(entry))));
            }),
            _ => headers.each(&self.name, &mut |line| {
                let entry = line.trim_ascii();
                entries.push((escape(entry), node::address(entry)));
            }),
        }
        entries.reverse();
        entries
    }

    /// The headers by which scheme and host are known, if they are.
    pub(crate) fn tellers(&self, request: &Request<'_>) -> [Option<&HeaderName>; 2] {
        let told = self.told(request).unwrap_or_default();
        let [proto, host] = match self.header {
            ProxyHeader::Forwarded => [&self.name; 2],
            _ => [&super::PROTO, &super::HOST],
        };
        [
            told.proto.and_then(super::scheme_is_secure).map(|_| proto),
            super::host(request, told).map(|_| host),
        ]
    }
}

impl Trust {
    /// Why the one at `address`, so many entries from the right, is trusted; none if it is not.
    fn why(&self, depth: usize, address: Option<IpAddr>) -> Option<String> {
        if !self.reaches(depth, address) {
            return None;
        }
        Some(match self {
            Self::Hops(hops) => format!("trusted, as proxy {} of {hops}", depth + 1),
            Self::Networks(networks) => {
                format!("trusted, as in {}", networks.naming(address).unwrap_or_default())
            }
        })
    }
}
