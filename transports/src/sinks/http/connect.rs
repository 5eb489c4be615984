//! How a connection is made, and what stands between it and ureq.

use std::sync::{Arc, atomic::AtomicBool};

#[cfg(feature = "tls")]
use ureq::unversioned::transport::RustlsConnector;
use ureq::{
    Error,
    unversioned::transport::{
        ConnectProxyConnector, ConnectionDetails, Connector, Either, TcpConnector, Transport,
    },
};

use super::{join::Joined, steady::Steady, watch::Watched};

/// Connects, through the proxy where there is one and by TLS where the URL says so, and sets `wrote` before the first
/// byte of a request is written.
pub(super) fn connector(wrote: Arc<AtomicBool>, has_proxy: bool) -> impl Connector {
    let connector =
        ().chain(ConnectProxyConnector::default()).chain(TcpConnector::default()).chain(Steadying);
    #[cfg(feature = "tls")]
    let connector = connector.chain(RustlsConnector::default());
    connector.chain(Requesting { wrote, has_proxy })
}

/// Below TLS, which measures time-outs anew for each of its own reads and writes.
#[derive(Debug)]
struct Steadying;

impl<T: Transport> Connector<T> for Steadying {
    type Out = Steady<T>;

    fn connect(&self, _: &ConnectionDetails<'_>, chained: Option<T>) -> Result<Option<Self::Out>, Error> {
        Ok(chained.map(Steady))
    }
}

/// Above TLS, where there are requests.
#[derive(Debug)]
struct Requesting {
    wrote: Arc<AtomicBool>,
    has_proxy: bool,
}

impl<T: Transport> Connector<T> for Requesting {
    type Out = Either<T, Joined<Watched<T>>>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<T>,
    ) -> Result<Option<Self::Out>, Error> {
        // The way to the proxy itself is made by the same chain, with a configuration without it: what is written
        // there is no request.
        let is_the_way = self.has_proxy && details.config.proxy().is_none();
        Ok(chained.map(|transport| match is_the_way {
            true => Either::A(transport),
            false => Either::B(Joined::new(Watched::new(transport, Arc::clone(&self.wrote)))),
        }))
    }
}
