use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{HeaderName, HeaderValue};
use pin_project_lite::pin_project;

use super::framework::{self, Unread};
use crate::{Annotations, Reason, Response, Verdict, Visit, endpoint::Answer};

pin_project! {
    /// The response of a [`Trackside`](super::Trackside), whose exchange ends with its head.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: Inner<F>,
        ending: Ending,
    }
}

pin_project! {
    /// Who answers.
    #[derive(Debug)]
    #[project = Answering]
    enum Inner<F> {
        Host { #[pin] future: F },
        // None once it is given.
        Ours { answer: Option<Box<Answer>>, unread: Option<Unread>, shows_verdict: bool },
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(inner: F, ending: Ending) -> Self {
        Self { inner: Inner::Host { future: inner }, ending }
    }

    /// A response of trackside's own, once what is `unread` of its request has been read. A body for it must be
    /// one that [`framework::response`] can make.
    pub(super) fn answered(answer: Answer, unread: Option<Unread>, shows_verdict: bool) -> Self {
        let answer = Some(Box::new(answer));
        Self { inner: Inner::Ours { answer, unread, shows_verdict }, ending: Ending::new(None, false) }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<http::Response<R>, E>>,
    R: 'static,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let inner = match this.inner.project() {
            Answering::Host { future } => future,
            Answering::Ours { answer, unread, shows_verdict } => {
                if let Some(unread) = unread {
                    ready!(unread.poll_end(context));
                }
                let response = answer.take().and_then(|answer| ours(*answer, *shows_verdict));
                return response.map_or(Poll::Pending, |response| Poll::Ready(Ok(response)));
            }
        };
        let mut answer = ready!(inner.poll(context));
        match &mut answer {
            Ok(response) => this.ending.finish(response),
            Err(_) => this.ending.abandon(),
        }
        Poll::Ready(answer)
    }
}

fn ours<R: 'static>(answer: Answer, shows_verdict: bool) -> Option<http::Response<R>> {
    let verdict = answer.reason().map_or_else(Verdict::default, Verdict::skip);
    let mut response = framework::response(answer)?;
    if shows_verdict {
        response.extensions_mut().insert(verdict);
    }
    Some(response)
}

/// Ends an exchange: with the response's head, or as abandoned when the service fails, panics or is no
/// longer waited for.
#[derive(Debug)]
pub(super) struct Ending {
    /// None once it has ended.
    visit: Option<Visit>,
    shows_verdict: bool,
}

impl Ending {
    pub(super) fn new(visit: Option<Visit>, shows_verdict: bool) -> Self {
        Self { visit, shows_verdict }
    }

    fn finish<R>(&mut self, response: &mut http::Response<R>) {
        let Some(visit) = self.visit.take() else {
            return;
        };
        let last = response.extensions_mut().remove::<Annotations<'static>>();
        let head = Response::new(response.status().as_u16(), response.headers());
        // A visit without an exchange is that of `mode = "off"`.
        let verdict = visit.finish(&head, None, last).unwrap_or_else(|| Verdict::skip(Reason::Off));
        append(&verdict, response.headers_mut());
        if self.shows_verdict {
            response.extensions_mut().insert(verdict);
        }
    }

    fn abandon(&mut self) {
        if let Some(visit) = self.visit.take() {
            visit.abandon();
        }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.abandon();
    }
}

/// Adds the verdict's headers to those that are there. One that http cannot hold is left out.
fn append(verdict: &Verdict, headers: &mut http::HeaderMap) {
    for (name, value) in verdict.headers() {
        let pair = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_str(value).ok());
        if let Some((name, value)) = pair {
            // A map that is full stays as it is.
            headers.try_append(name, value).ok();
        }
    }
}
