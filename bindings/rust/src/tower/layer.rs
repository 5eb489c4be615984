use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tower_layer::Layer;

use super::{Kept, Trackside, host};
use crate::{
    Annotations, Request, Response, Tracker, Visit,
    config::{IpPolicy, Mode},
    endpoint::{self, Answer},
};

/// Counts what the services that it wraps answer.
///
/// ```
/// use trackside::{Tracker, tower::TracksideLayer};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let tracker = Tracker::from_toml("consent.policy = 'notice'")?;
/// let app: axum::Router = axum::Router::new()
///     .route("/", axum::routing::get(|| async { axum::response::Html("<h1>Hello</h1>") }))
///     .layer(TracksideLayer::new(tracker));
/// # Ok(())
/// # }
/// ```
///
/// Where it has the last clone of the tracker, as here, dropping it closes the tracker, and blocks an async thread for
/// up to `shutdown`: keep a clone, and [close it first](crate::guide::running#shutdown).
///
/// A request that the layer answers itself, as the beacon's, leaves what
/// [`poll_ready`](tower_service::Service::poll_ready) has reserved of the wrapped service, such as the permit of a
/// concurrency limit, with this clone of it, until that is called again or dropped.
#[derive(Clone, Debug)]
pub struct TracksideLayer {
    tracker: Tracker,
    /// Whether a missing peer need not be warned of, or has been.
    is_warned: Arc<AtomicBool>,
    /// Whether it has been warned of a layer further out that takes the requests.
    is_warned_of_outer: Arc<AtomicBool>,
    pub(super) shows_verdict: bool,
}

impl TracksideLayer {
    /// Counts with `tracker`.
    pub fn new(tracker: Tracker) -> Self {
        let config = tracker.config();
        let needs_none =
            config.trusts_peer(None) || config.destinations().iter().all(|it| it.ip == IpPolicy::None);
        Self {
            tracker,
            is_warned: Arc::new(AtomicBool::new(needs_none)),
            is_warned_of_outer: Arc::default(),
            shows_verdict: false,
        }
    }

    /// Inserts the [`Verdict`](crate::Verdict) into each response's extensions, for a layer further out, such
    /// as an access log, to read. Defaults to not: it allocates.
    #[must_use]
    pub fn with_verdict(mut self) -> Self {
        self.shows_verdict = true;
        self
    }

    /// Answers `request`, if it is one of trackside's own and nobody further out has it.
    pub(super) fn answer<B>(&self, request: &http::Request<B>) -> Option<Answer> {
        endpoint::prefixes(self.tracker.config()).next()?;
        if request.extensions().get::<Visit>().is_some() {
            return None;
        }
        host::with_request(request, |request| self.tracker.answer(request))
    }

    /// Begins the exchange of `request`, and gives it its [`Visit`]. None if it already has one: somebody
    /// counts it.
    pub(super) fn begin<B>(&self, request: &mut http::Request<B>) -> Option<Visit> {
        if let Some(visit) = request.extensions().get::<Visit>() {
            if visit.is_of_another(&self.tracker) && !self.is_warned_of_outer.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    target: "trackside",
                    "requests come that a layer further out counts with another tracker, so this layer does \
                     not count them; give the outer layer to its own routes only, in axum by `.layer(..)` \
                     before `.nest(..)` and `.merge(..)`"
                );
            }
            return None;
        }
        let visit = if self.tracker.config().mode() == Mode::Off {
            count_off(&self.tracker);
            Visit::default()
        } else {
            let kept = Kept::of(request);
            if !kept.has_peer() && !self.is_warned.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    target: "trackside",
                    "requests come without their peer's address, so hits have none; in axum, serve with \
                     `into_make_service_with_connect_info::<SocketAddr>()`; elsewhere, insert \
                     `trackside::Peer` into the requests' extensions; or set `privacy.ip = \"none\"`"
                );
            }
            host::with_request(request, |lent| Visit::begin(&self.tracker, lent, kept))
        };
        request.extensions_mut().insert(visit.clone());
        Some(visit)
    }
}

/// Counts a request of which nothing else is to be known.
pub(crate) fn count_off(tracker: &Tracker) {
    let headers: [(&str, &str); 0] = [];
    let request = Request::new("", "", &headers);
    let verdict = tracker.begin(&request).finish(&request, &Response::new(0, &headers), &Annotations::new());
    debug_assert!(!verdict.is_tracked(), "with mode = \"off\" nothing is tracked");
}

impl<S> Layer<S> for TracksideLayer {
    type Service = Trackside<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Trackside::new(inner, self.clone())
    }
}
