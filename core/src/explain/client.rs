//! Who the client is: what the proxies tell, and what of it is believed.

use std::net::IpAddr;

use http::HeaderName;

use super::escape;
use crate::{Request, config::Config, decide::Facts, proxy};

pub use crate::proxy::Hop;

/// The client behind the connection's other end, and how it was found.
#[derive(Debug)]
#[non_exhaustive]
pub struct Client {
    /// Who is named as having handed the request on, nearest first; the last is where the walk ended.
    pub hops: Vec<Hop>,
    /// How many more the header names, which nobody looks at: anybody may have written them.
    pub unread: usize,
    /// The client's address, before anything of it is cut.
    pub address: Option<IpAddr>,
    /// Whether the client came by https.
    pub is_secure: bool,
    /// Who says so.
    pub scheme_source: String,
    /// The host that the client asked for; none if no valid one is named.
    pub host: Option<String>,
    /// Who names it.
    pub host_source: String,
}

impl Client {
    pub(super) fn of(config: &Config, request: &Request<'_>, facts: &Facts<'_>) -> Self {
        let (hops, unread) = proxy::hops(config.proxies.as_ref(), request);
        let [proto, host] = config.proxies.as_ref().map_or([None; 2], |proxies| proxies.tellers(request));
        let is_absolute = !request.target.starts_with(b"/") && request.target.contains(&b':');
        Self {
            hops,
            unread,
            address: facts.address,
            is_secure: facts.is_secure,
            scheme_source: proto.map_or("the server", HeaderName::as_str).to_owned(),
            host: facts.host.map(escape),
            host_source: match host {
                Some(header) => header.as_str(),
                None if request.authority.is_some() => "the server",
                None if is_absolute => "the target",
                None => "the Host header",
            }
            .to_owned(),
        }
    }
}
