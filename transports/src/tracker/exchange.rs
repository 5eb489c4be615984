use std::{fmt, sync::Arc};

use trackside_core::{
    Annotations, Reason, Request, Response, endpoint,
    judge::{self, Verdict},
    transport::Submitted,
    visitor::{Notice, Visitor, consent::Consent},
};
use uuid::Uuid;

use super::Live;
use crate::{log, pool::fork};

/// A request that has begun. Finish it when the response's head is known; one that is dropped unfinished
/// is skipped(`abandoned`).
#[must_use = "an exchange that is dropped is skipped(abandoned)"]
pub struct Exchange {
    pub(super) live: Arc<Live>,
    pub(super) exchange: judge::Exchange,
    pub(super) generation: u64,
    /// Whether it is finished or abandoned.
    pub(super) is_over: bool,
}

impl Exchange {
    /// The visitor's id, if there is one. That of a new visitor is recorded only if the response can carry
    /// its cookie.
    pub fn visitor_id(&self) -> Option<Uuid> {
        self.exchange.visitor_id()
    }

    /// Whether the visitor came without a valid cookie and would be given one.
    pub fn is_new(&self) -> bool {
        self.exchange.is_new()
    }

    /// What the visitor has allowed, whoever said so.
    pub fn consent(&self) -> Consent {
        self.exchange.consent()
    }

    /// Says what the visitor has allowed, as [`judge::Exchange::set_consent`] does. An exchange that is over stays as
    /// it is, and counts it as late.
    pub fn set_consent(&mut self, consent: Consent) {
        if self.is_over {
            self.count_late();
        } else {
            self.exchange.set_consent(&self.live.config, consent);
        }
    }

    /// Whether the notice is due, which takes no request to say.
    pub fn is_notice_due(&self) -> bool {
        !self.is_over && self.exchange.is_notice_due()
    }

    /// The notice, if it is due: on the visitor's first page, or, where visitors are asked, on each until they
    /// answer. Takes the request that `begin` took.
    pub fn notice(&self, request: &Request<'_>) -> Option<Notice> {
        judge::notice(&self.live.config, self.open()?, request)
    }

    /// An owned snapshot of the visitor, for [`Tracker::event`](super::Tracker::event) later. Takes the request that `begin` took.
    pub fn visitor(&self, request: &Request<'_>) -> Option<Visitor> {
        Some(judge::visitor(&self.live.config, self.open()?, request))
    }

    /// The markup that loads the beacon, if there is one. Whoever gives it to the page notes that by
    /// [`Annotations::set_beacon`].
    pub fn beacon(&self) -> Option<&str> {
        endpoint::beacon::tag(&self.live.config)
    }

    /// Judges the exchange, submits its hits, and answers with the headers to append to the response.
    /// Takes the request that `begin` took.
    ///
    /// An exchange that was begun before a fork belongs to the parent: in the child it is
    /// skipped(`abandoned`) without being counted, so that nothing is counted twice.
    pub fn finish(
        mut self,
        request: &Request<'_>,
        response: &Response<'_>,
        annotations: &Annotations<'_>,
    ) -> Verdict {
        self.end(request, response, annotations)
    }

    /// [`finish`](Self::finish), for adapters that keep the exchange when it is over. A second call answers
    /// skipped(`abandoned`) and counts nothing.
    pub fn end(
        &mut self,
        request: &Request<'_>,
        response: &Response<'_>,
        annotations: &Annotations<'_>,
    ) -> Verdict {
        if self.is_over || self.is_inherited() {
            self.is_over = true;
            return Verdict::skip(Reason::Abandoned);
        }
        let live = &self.live;
        let verdict = judge::end(&live.config, &self.exchange, request, response, annotations, &mut |hit| {
            // The destination's book says what became of it.
            let (Submitted::Queued | Submitted::Dropped(_)) = live.transport.submit(hit);
        });
        // Not before: should the judge panic, it is counted when it is dropped.
        self.is_over = true;
        live.count(verdict.reason());
        log::guarded(|| {
            tracing::debug!(target: "trackside", %verdict, ?request, status = response.status());
        });
        verdict
    }

    /// Ends it as skipped(`abandoned`), for adapters that keep it when it is over. An exchange that is over
    /// stays as it is.
    pub fn abandon(&mut self) {
        if !self.is_over && !self.is_inherited() {
            self.live.count(Some(Reason::Abandoned));
        }
        self.is_over = true;
    }

    /// Whether it is finished or abandoned.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    fn open(&self) -> Option<&judge::Exchange> {
        if self.is_over { None } else { Some(&self.exchange) }
    }

    /// Whether it was begun by the parent of this process.
    fn is_inherited(&self) -> bool {
        self.generation != fork::generation()
    }

    /// Counts an annotation that came after it was over. For adapters.
    pub fn count_late(&self) {
        self.live.book().late();
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.abandon();
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Exchange").field(&self.exchange).finish()
    }
}
