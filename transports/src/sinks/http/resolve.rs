//! Where the receiver's host is: looked up once for many requests.
//!
//! ureq asks before each request, also for one that goes over an open connection, and with a time-out it
//! starts a thread for each question: more work than the request itself. In a forked child it gets no
//! time-out: such a thread may never run there (see [`fork::spawn`]), and the system's own has to do.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use http::Uri;
use ureq::{
    Error,
    config::Config,
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::{NextTimeout, time},
    },
};

use crate::pool::fork;

/// How long an answer holds. A host that moves is missed for so long, while attempts end in *retry*.
const KEPT: Duration = Duration::from_secs(10);

/// Asks `inner`, and remembers its last answer.
#[derive(Debug, Default)]
pub(super) struct Remembering<R = DefaultResolver> {
    inner: R,
    last: Mutex<Option<Answer>>,
}

#[derive(Debug)]
struct Answer {
    origin: String,
    addresses: ResolvedSocketAddrs,
    at: Instant,
}

impl<R: Resolver> Remembering<R> {
    fn resolve_at(
        &self,
        now: Instant,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let (scheme, authority) = (uri.scheme_str().unwrap_or_default(), uri.authority());
        let authority = authority.map_or("", |authority| authority.as_str());
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = &*last
            && answer.origin.split_once(' ') == Some((scheme, authority))
            && now.duration_since(answer.at) < KEPT
        {
            return Ok(self.copy(&answer.addresses));
        }
        let timeout = if fork::is_child() { without_end(timeout) } else { timeout };
        let addresses = self.inner.resolve(uri, config, timeout)?;
        let copy = self.copy(&addresses);
        *last = Some(Answer { origin: format!("{scheme} {authority}"), addresses, at: now });
        Ok(copy)
    }

    fn copy(&self, addresses: &ResolvedSocketAddrs) -> ResolvedSocketAddrs {
        let mut copy = self.empty();
        addresses.iter().for_each(|address| copy.push(*address));
        copy
    }
}

impl<R: Resolver> Resolver for Remembering<R> {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        self.resolve_at(Instant::now(), uri, config, timeout)
    }
}

fn without_end(timeout: NextTimeout) -> NextTimeout {
    NextTimeout { after: time::Duration::NotHappening, ..timeout }
}

#[cfg(test)]
mod test {
    use std::sync::atomic::{AtomicU16, Ordering};

    use super::*;

    /// Answers with a new port each time.
    #[derive(Debug, Default)]
    struct Moving(AtomicU16);

    impl Resolver for Moving {
        fn resolve(&self, uri: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
            if uri.host() == Some("nowhere.example") {
                return Err(Error::HostNotFound);
            }
            let mut addresses = self.empty();
            addresses.push(([192, 0, 2, 1], self.0.fetch_add(1, Ordering::Relaxed)).into());
            Ok(addresses)
        }
    }

    fn port(resolver: &Remembering<Moving>, now: Instant, uri: &'static str) -> Option<u16> {
        let uri = Uri::from_static(uri);
        let found = resolver.resolve_at(now, &uri, &Config::default(), NextTimeout::default());
        found.ok().map(|addresses| addresses[0].port())
    }

    #[test]
    fn an_answer_holds_for_a_while_and_for_one_origin() {
        let (resolver, now) = (Remembering::<Moving>::default(), Instant::now());
        assert_eq!(port(&resolver, now, "http://a.example/x"), Some(0));
        assert_eq!(port(&resolver, now + KEPT / 2, "http://a.example/y?z"), Some(0));
        assert_eq!(port(&resolver, now + KEPT, "http://a.example/x"), Some(1));
        assert_eq!(port(&resolver, now + KEPT, "https://a.example/x"), Some(2));
        assert_eq!(port(&resolver, now + KEPT, "https://a.example:8443/x"), Some(3));
    }

    #[test]
    fn a_failure_is_not_remembered() {
        let (resolver, now) = (Remembering::<Moving>::default(), Instant::now());
        assert_eq!(port(&resolver, now, "http://a.example/"), Some(0));
        assert_eq!(port(&resolver, now + KEPT, "http://nowhere.example/"), None);
        assert_eq!(port(&resolver, now + KEPT, "http://nowhere.example/"), None);
        assert_eq!(port(&resolver, now + KEPT, "http://a.example/"), Some(1));
    }
}
