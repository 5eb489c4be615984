use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{HeaderName, HeaderValue};
use pin_project_lite::pin_project;

use crate::{Annotations, Reason, Response, Verdict, Visit};

pin_project! {
    /// The response of a [`Trackside`](super::Trackside), whose exchange ends with its head.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        ending: Ending,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(inner: F, ending: Ending) -> Self {
        Self { inner, ending }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<http::Response<R>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut answer = ready!(this.inner.poll(context));
        match &mut answer {
            Ok(response) => this.ending.finish(response),
            Err(_) => this.ending.abandon(),
        }
        Poll::Ready(answer)
    }
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
        let verdict = visit.finish(&head, last).unwrap_or_else(|| Verdict::skip(Reason::Off));
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
