//! What ureq makes at the first request of a process and keeps for all others.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use http::Uri;
use ureq::{
    Agent, Error,
    config::Config,
    unversioned::{
        resolver::{ResolvedSocketAddrs, Resolver},
        transport::NextTimeout,
    },
};

use crate::pool::fork;

/// Whether it has been made here, or by a process that this one was forked from.
static IS_MADE: AtomicBool = AtomicBool::new(false);

/// Has it made before there is a worker, and while nobody forks. Whoever comes while another thread makes it waits for
/// that thread, which a child forked meanwhile does not have: no request of the child's would ever end. A fork does not
/// wait without bound; if one comes in the midst all the same, opening a tracker in its child never ends.
pub(super) fn make() {
    if IS_MADE.load(SeqCst) {
        return;
    }
    fork::install();
    fork::without_fork(|| {
        let config = Agent::config_builder().proxy(None).build();
        // Fails where the host would be looked up.
        Agent::with_parts(config, (), Nowhere).get("http://trackside.invalid/").call().ok();
    });
    IS_MADE.store(true, SeqCst);
}

#[derive(Debug)]
struct Nowhere;

impl Resolver for Nowhere {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Err(Error::HostNotFound)
    }
}
