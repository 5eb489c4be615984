//! A word of warning where a proxy stands in front that nobody trusts.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use trackside_core::{Config, Request, config::Mode, judge::overlooked_proxy};

use crate::log;

/// After so many requests nobody looks any more. The first ones may be health checks.
const LOOKS: u32 = 1_000;

/// Looks at the first requests.
#[derive(Debug)]
pub(crate) struct ProxyWatch {
    left: AtomicU32,
    is_warned: AtomicBool,
}

impl ProxyWatch {
    pub(crate) fn new(config: &Config) -> Self {
        let looks = if config.trusts_proxies() || config.mode() == Mode::Off { 0 } else { LOOKS };
        Self { left: AtomicU32::new(looks), is_warned: AtomicBool::new(false) }
    }

    /// Warns of the proxy that `request` came by, if it is the first.
    #[inline]
    pub(crate) fn look(&self, config: &Config, request: &Request<'_>) {
        let left = self.left.load(Relaxed);
        if left > 0 {
            // Several threads may count one request: it is no matter.
            self.left.store(left - 1, Relaxed);
            self.look_closer(config, request);
        }
    }

    #[cold]
    fn look_closer(&self, config: &Config, request: &Request<'_>) {
        let Some(header) = overlooked_proxy(config, request) else { return };
        self.left.store(0, Relaxed);
        if self.is_warned.swap(true, Relaxed) {
            return;
        }
        let (peer, way_out) = match request.peer() {
            Some(peer) => (peer.to_string(), "\"private\""),
            None => ("a peer without an address".to_owned(), "\"unix\""),
        };
        log::guarded(|| {
            tracing::warn!(
                target: "trackside",
                "a request came from {peer} with {header}: a proxy stands in front that is not trusted, and its \
                 address is taken for that of every client; name it by `proxy.trusted` in the configuration, such \
                 as [{way_out}], or by `proxy.hops`"
            );
        });
    }
}
