//! Where the receiver's host is: looked up once for many requests.
//!
//! ureq asks before each request, also for one that goes over an open connection, and with a time-out it
//! starts a thread for each question: more work than the request itself. In a forked child such a thread may never run
//! (see [`fork::spawn`]), and where there is no thread to be had it panics. So the question is put on one of our own.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
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

/// Of a thread that asks: what the system's look-up needs, whatever is configured there.
const STACK: usize = 2 << 20;

/// Asks `inner`, and remembers its last answer.
#[derive(Debug, Default)]
pub(super) struct Remembering<R = DefaultResolver> {
    inner: Arc<R>,
    last: Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    answer: Option<Answer>,
    /// What was asked and has not been answered in time. It is waited for again: no second thread hangs beside it.
    question: Option<Question>,
}

#[derive(Debug)]
struct Answer {
    origin: String,
    addresses: ResolvedSocketAddrs,
    at: Instant,
}

#[derive(Debug)]
struct Question {
    origin: String,
    answer: Receiver<Result<ResolvedSocketAddrs, Error>>,
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
        if let Some(answer) = &last.answer
            && answer.origin.split_once(' ') == Some((scheme, authority))
            && now.duration_since(answer.at) < KEPT
        {
            return Ok(self.copy(&answer.addresses));
        }
        let origin = format!("{scheme} {authority}");
        let addresses = self.ask_within(&mut last.question, &origin, uri, config, timeout)?;
        let copy = self.copy(&addresses);
        last.answer = Some(Answer { origin, addresses, at: now });
        Ok(copy)
    }

    /// Asks on a thread of our own, and waits for the answer until `timeout`.
    fn ask_within(
        &self,
        question: &mut Option<Question>,
        origin: &str,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let asked = question.take().filter(|asked| asked.origin == origin);
        let asked = match asked {
            Some(asked) => asked,
            None => self.ask(origin, uri, config, timeout)?,
        };
        match asked.answer.recv_timeout(*timeout.after) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Timeout) => {
                *question = Some(asked);
                Err(Error::Timeout(timeout.reason))
            }
            // It panicked.
            Err(RecvTimeoutError::Disconnected) => Err(Error::HostNotFound),
        }
    }

    fn ask(&self, origin: &str, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<Question, Error> {
        let (sender, answer) = mpsc::sync_channel(1);
        let (inner, uri, config) = (Arc::clone(&self.inner), uri.clone(), config.clone());
        fork::spawn("trackside-resolve", STACK, move || {
            sender.send(inner.resolve(&uri, &config, without_end(timeout))).ok();
        })?;
        Ok(Question { origin: origin.to_owned(), answer })
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
    use std::sync::{
        Condvar,
        atomic::{AtomicU16, Ordering},
    };

    use ureq::Timeout;

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

    /// Answers nobody until it is let go, and counts who asks.
    #[derive(Debug, Default)]
    struct Hanging {
        asked: AtomicU16,
        is_free: Mutex<bool>,
        freed: Condvar,
    }

    impl Hanging {
        fn let_go(&self) {
            *self.is_free.lock().unwrap() = true;
            self.freed.notify_all();
        }
    }

    impl Resolver for Hanging {
        fn resolve(&self, _: &Uri, _: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
            assert!(timeout.after.is_not_happening(), "it would start a thread of its own");
            self.asked.fetch_add(1, Ordering::SeqCst);
            let free = self.is_free.lock().unwrap();
            let _free = self.freed.wait_while(free, |is_free| !*is_free).unwrap();
            let mut addresses = self.empty();
            addresses.push(([192, 0, 2, 1], 80).into());
            Ok(addresses)
        }
    }

    /// Asks, with so much time.
    fn within<R: Resolver>(
        resolver: &Remembering<R>,
        uri: &'static str,
        after: Duration,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let timeout = NextTimeout {
            after: time::Duration::Exact(after),
            reason: Timeout::Resolve,
            ..NextTimeout::default()
        };
        let question = &mut resolver.last.lock().unwrap().question;
        resolver.ask_within(question, uri, &Uri::from_static(uri), &Config::default(), timeout)
    }

    const SHORT: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_look_up_that_hangs_is_given_up_in_time_and_hangs_once() {
        let (resolver, uri) = (Remembering::<Hanging>::default(), "http://a.example/");
        for _ in 0..3 {
            let answer = within(&resolver, uri, SHORT);
            assert!(matches!(answer, Err(Error::Timeout(Timeout::Resolve))), "{answer:?}");
        }
        resolver.inner.let_go();
        assert_eq!(within(&resolver, uri, LONG).unwrap().len(), 1);
        assert_eq!(resolver.inner.asked.load(Ordering::SeqCst), 1);
        assert_eq!(within(&resolver, uri, LONG).unwrap().len(), 1);
        assert_eq!(resolver.inner.asked.load(Ordering::SeqCst), 2, "it is asked again");
    }

    #[test]
    fn a_look_up_that_fails_does_so() {
        let resolver = Remembering::<Moving>::default();
        let answer = within(&resolver, "http://nowhere.example/", LONG);
        assert!(matches!(answer, Err(Error::HostNotFound)), "{answer:?}");
        assert_eq!(within(&resolver, "http://a.example/", LONG).unwrap().len(), 1);
    }
}
