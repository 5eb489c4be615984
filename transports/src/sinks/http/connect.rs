//! How a connection is made, and what stands between it and ureq.

#[cfg(feature = "tls")]
use ureq::unversioned::transport::RustlsConnector;
use ureq::{
    Error,
    unversioned::transport::{
        ConnectProxyConnector, ConnectionDetails, Connector, Either, TcpConnector, Transport,
    },
};

use super::{
    join::Joined,
    progress::{Progress, Reached},
    steady::Steady,
    watch::Watched,
};

/// Connects, through the proxy where there is one and by TLS where the URL says so, and tells `progress` of it: of the
/// request's first byte before that is written.
pub(super) fn connector(progress: Progress, has_proxy: bool) -> impl Connector {
    let steadying = Steadying { progress: progress.clone(), has_proxy };
    let connector =
        ().chain(ConnectProxyConnector::default()).chain(TcpConnector::default()).chain(steadying);
    #[cfg(feature = "tls")]
    let connector = connector.chain(RustlsConnector::default());
    connector.chain(Requesting { progress, has_proxy })
}

/// Below TLS, which measures time-outs anew for each of its own reads and writes.
#[derive(Debug)]
struct Steadying {
    progress: Progress,
    has_proxy: bool,
}

impl<T: Transport> Connector<T> for Steadying {
    type Out = Steady<T>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<T>,
    ) -> Result<Option<Self::Out>, Error> {
        let to_proxy = self.has_proxy && details.config.proxy().is_none();
        self.progress.reach(if to_proxy { Reached::Proxy } else { Reached::Receiver });
        Ok(chained.map(Steady))
    }
}

/// Above TLS, where there are requests.
#[derive(Debug)]
struct Requesting {
    progress: Progress,
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
            false => {
                self.progress.reach(Reached::Ready);
                Either::B(Joined::new(Watched::new(transport, self.progress.clone())))
            }
        }))
    }
}
