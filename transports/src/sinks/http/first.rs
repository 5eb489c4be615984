//! What ureq makes at the first request of a process and keeps for all others.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

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

/// The generation in which it is being made, or [`MADE`], which a child inherits.
static STATE: AtomicU64 = AtomicU64::new(NOT_BEGUN);
const NOT_BEGUN: u64 = 0;
const MADE: u64 = u64::MAX;

/// Has it made before there is a worker, and while nobody forks. Whoever comes while another thread makes it waits for
/// that thread, which a child forked meanwhile does not have: no request of the child's would ever end. A fork does not
/// wait without bound; if one comes in the midst all the same, its child leaves this to its workers, which may then
/// wait for ever, while who opens a tracker does not.
pub(super) fn make() {
    fork::install();
    let state = STATE.load(SeqCst);
    if state == MADE || (state != NOT_BEGUN && state != fork::generation()) {
        return;
    }
    fork::without_fork(|| {
        STATE.store(fork::generation(), SeqCst);
        let config = Agent::config_builder().proxy(None).build();
        // Fails where the host would be looked up.
        Agent::with_parts(config, (), Nowhere).get("http://trackside.invalid/").call().ok();
        STATE.store(MADE, SeqCst);
    });
}

#[derive(Debug)]
struct Nowhere;

impl Resolver for Nowhere {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Err(Error::HostNotFound)
    }
}
