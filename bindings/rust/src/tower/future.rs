use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{HeaderName, HeaderValue};
use pin_project_lite::pin_project;

use crate::{Annotations, Response, Verdict, Visit};

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
pub(super) struct Ending(Option<Visit>);

impl Ending {
    pub(super) fn new(visit: Option<Visit>) -> Self {
        Self(visit)
    }

    fn finish<R>(&mut self, response: &mut http::Response<R>) {
        let Some(visit) = self.0.take() else {
            return;
        };
        let last = response.extensions_mut().remove::<Annotations<'static>>();
        let head = Response::new(response.status().as_u16(), response.headers());
        if let Some(verdict) = visit.finish(&head, last) {
            append(&verdict, response.headers_mut());
        }
    }

    fn abandon(&mut self) {
        if let Some(visit) = self.0.take() {
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
