use std::task::{Context, Poll};

use tower_service::Service;

use super::{ResponseFuture, TracksideLayer, framework, future::Ending};

/// A service whose exchanges are counted: what [`TracksideLayer`] makes of `S`.
#[derive(Clone, Debug)]
pub struct Trackside<S> {
    inner: S,
    layer: TracksideLayer,
}

impl<S> Trackside<S> {
    pub(super) fn new(inner: S, layer: TracksideLayer) -> Self {
        Self { inner, layer }
    }
}

impl<S, B, R> Service<http::Request<B>> for Trackside<S>
where
    S: Service<http::Request<B>, Response = http::Response<R>>,
    B: 'static,
    R: 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        if let Some(answer) = self.layer.answer(&request) {
            if framework::can_answer::<R>() {
                let unread = framework::Unread::of(request.into_body());
                return ResponseFuture::answered(answer, unread, self.layer.shows_verdict);
            }
            request.extensions_mut().insert(answer);
            return ResponseFuture::new(self.inner.call(request), Ending::new(None, false));
        }
        // Made before the inner service is called, which may panic.
        let ending = Ending::new(self.layer.begin(&mut request), self.layer.shows_verdict);
        ResponseFuture::new(self.inner.call(request), ending)
    }
}
