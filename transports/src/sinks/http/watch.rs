//! A layer around the connection that sees the request's first byte go out, after any TLS handshake.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

#[cfg(feature = "tls")]
use ureq::unversioned::transport::RustlsConnector;
use ureq::{
    Error,
    unversioned::transport::{
        Buffers, ConnectProxyConnector, ConnectionDetails, Connector, NextTimeout, TcpConnector, Transport,
    },
};

/// Connects, through the proxy where there is one and by TLS where the URL says so, and sets `wrote` before the first
/// byte of a request is written.
pub(super) fn connector(wrote: Arc<AtomicBool>, has_proxy: bool) -> impl Connector {
    let connector = ().chain(ConnectProxyConnector::default()).chain(TcpConnector::default());
    #[cfg(feature = "tls")]
    let connector = connector.chain(RustlsConnector::default());
    connector.chain(Watch { wrote, has_proxy })
}

#[derive(Debug)]
struct Watch {
    wrote: Arc<AtomicBool>,
    has_proxy: bool,
}

impl<T: Transport> Connector<T> for Watch {
    type Out = Watched<T>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<T>,
    ) -> Result<Option<Self::Out>, Error> {
        // The way to the proxy itself is made by the same chain, with a configuration without it: what is written
        // there is no request.
        let is_the_way = self.has_proxy && details.config.proxy().is_none();
        let wrote = if is_the_way { Arc::default() } else { Arc::clone(&self.wrote) };
        Ok(chained.map(|transport| Watched { transport, wrote }))
    }
}

#[derive(Debug)]
struct Watched<T> {
    transport: T,
    wrote: Arc<AtomicBool>,
}

impl<T: Transport> Transport for Watched<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.transport.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if amount > 0 {
            self.wrote.store(true, Ordering::Relaxed);
        }
        self.transport.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.transport.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.transport.is_open()
    }

    fn is_tls(&self) -> bool {
        self.transport.is_tls()
    }
}
