use std::{
    future::{Future, Ready, ready},
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use actix_web::{
    Error, HttpMessage, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
    http::{
        StatusCode,
        header::{HeaderName, HeaderValue},
    },
};

use super::{
    headers::Lent,
    host::{kept, with_request},
};
use crate::{
    Annotations, Reason, Response, Tracker, Verdict, Visit,
    config::Mode,
    endpoint::{self, Answer},
    tower::count_off,
};

/// Counts what an application of actix-web answers; see [the module](super).
#[derive(Clone, Debug)]
pub struct Trackside {
    tracker: Tracker,
    /// Whether it has been warned of a middleware further out that takes the requests.
    is_warned_of_outer: Arc<AtomicBool>,
    shows_verdict: bool,
}

impl Trackside {
    /// Counts with `tracker`. Made once, outside the server's factory, and cloned there, it warns once of what is set
    /// up wrongly; made in the factory, each worker warns for itself.
    pub fn new(tracker: Tracker) -> Self {
        Self { tracker, is_warned_of_outer: Arc::default(), shows_verdict: false }
    }

    /// Inserts the [`Verdict`] into each response's extensions, for a middleware further out, such as an access log,
    /// to read. Defaults to not: it allocates.
    #[must_use]
    pub fn with_verdict(mut self) -> Self {
        self.shows_verdict = true;
        self
    }

    /// Answers a request that is trackside's own, if nobody further out has it.
    fn answer(&self, request: &ServiceRequest) -> Option<Answer> {
        endpoint::prefixes(self.tracker.config()).next()?;
        if request.extensions().contains::<Visit>() {
            return None;
        }
        with_request(request, |request| self.tracker.answer(request))
    }

    /// Begins the exchange of a request, and gives it its [`Visit`]. None if it already has one: somebody counts it.
    fn begin(&self, request: &ServiceRequest) -> Option<Visit> {
        if let Some(visit) = request.extensions().get::<Visit>() {
            if visit.is_of_another(&self.tracker) && !self.is_warned_of_outer.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    target: "trackside",
                    "requests come that a middleware further out counts with another tracker, so this one does not \
                     count them; give the outer middleware to its own scope or resource only, by `.wrap(..)` there"
                );
            }
            return None;
        }
        let visit = if self.tracker.config().mode() == Mode::Off {
            count_off(&self.tracker);
            Visit::default()
        } else {
            let kept = kept(request)?;
            with_request(request, |lent| Visit::begin(&self.tracker, lent, kept))
        };
        request.extensions_mut().insert(visit.clone());
        Some(visit)
    }
}

impl<S, B> Transform<S, ServiceRequest> for Trackside
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = TracksideMiddleware<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(TracksideMiddleware { service, trackside: Rc::new(self.clone()) }))
    }
}

/// A service whose exchanges are counted: what [`Trackside`] makes of `S`.
#[derive(Debug)]
pub struct TracksideMiddleware<S> {
    service: S,
    trackside: Rc<Trackside>,
}

impl<S, B> Service<ServiceRequest> for TracksideMiddleware<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        if let Some(answer) = self.trackside.answer(&request) {
            let response = ours(answer, self.trackside.shows_verdict);
            return Box::pin(ready(Ok(request.into_response(response).map_into_right_body())));
        }
        // Made before the inner service is called, which may panic.
        let mut ending = Ending(self.trackside.begin(&request));
        let shows_verdict = self.trackside.shows_verdict;
        let answering = self.service.call(request);
        Box::pin(async move {
            match answering.await {
                Ok(mut response) => {
                    ending.finish(&mut response, shows_verdict);
                    Ok(response.map_into_left_body())
                }
                Err(error) => {
                    ending.fail(error.as_response_error().status_code());
                    Err(error)
                }
            }
        })
    }
}

/// A response of trackside's own.
fn ours(answer: Answer, shows_verdict: bool) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status()).unwrap_or(StatusCode::NO_CONTENT);
    let mut builder = HttpResponse::build(status);
    for header in answer.headers() {
        builder.append_header(header);
    }
    let verdict = answer.reason().map_or_else(Verdict::default, Verdict::skip);
    let mut response = builder.body(answer.content().to_vec());
    if shows_verdict {
        response.extensions_mut().insert(verdict);
    }
    response
}

/// Ends an exchange: with the response's head, or as abandoned when the service panics or is no longer waited for.
struct Ending(Option<Visit>);

impl Ending {
    fn finish<B>(&mut self, response: &mut ServiceResponse<B>, shows_verdict: bool) {
        let Some(visit) = self.0.take() else {
            return;
        };
        let route = response.request().match_pattern();
        let response = response.response_mut();
        let last = response.extensions_mut().remove::<Annotations<'static>>();
        let headers = Lent(response.headers());
        let head = Response::new(response.status().as_u16(), &headers);
        // A visit without an exchange is that of `mode = "off"`.
        let verdict =
            visit.finish(&head, route.as_deref(), last).unwrap_or_else(|| Verdict::skip(Reason::Off));
        for (name, value) in verdict.headers() {
            let pair = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_str(value).ok());
            if let Some((name, value)) = pair {
                response.headers_mut().append(name, value);
            }
        }
        if shows_verdict {
            response.extensions_mut().insert(verdict);
        }
    }

    /// The response will be made of an error, further out: it can be given no cookie.
    fn fail(&mut self, status: StatusCode) {
        if (status.is_client_error() || status.is_server_error())
            && let Some(visit) = self.0.take()
        {
            let none: [(&str, &str); 0] = [];
            drop(visit.finish(&Response::new(status.as_u16(), &none), None, None));
        }
        self.abandon();
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
