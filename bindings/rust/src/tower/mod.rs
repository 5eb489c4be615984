//! A [tower] layer: it works wherever a service takes an [`http::Request`] and answers with an
//! [`http::Response`], as in axum, hyper and tonic.
//!
//! Bodies pass through by value, whatever their type; an exchange is judged when the response's head is
//! known, so a stream is counted once and at its beginning.
//!
//! What the layer finds out by itself, and from where:
//!
//! | | request extensions, the first that is there | else |
//! | --- | --- | --- |
//! | peer | [`Peer`](crate::Peer), `SocketAddr`, axum's `ConnectInfo` and `MockConnectInfo`[^axum] of a `SocketAddr` | none, of which it warns once |
//! | https | [`Secure`](crate::Secure) | the URI's scheme |
//! | client, scheme and host are found out already | [`Resolved`](crate::Resolved) | not: `[proxy]` of the configuration tells which proxies are to be believed |
//! | target | axum's `OriginalUri`[^axum], which mounting does not change | the request's URI |
//! | route | axum's `MatchedPath`[^axum] | none |
//!
//! # With axum
//!
//! Give the layer to `Router::layer`, after the routes: there it sees which route has matched.
//! `Router::route_layer` does the same, but requests that no route matches are not even counted as skipped.
//! Wrapped around the whole router it works too, but hits have no route, as none has been looked for yet.
//! Serve with `into_make_service_with_connect_info::<SocketAddr>()`, or hits have no address.
//!
//! # With hyper
//!
//! `hyper_util::service::TowerToHyperService` takes the wrapped service. Insert [`Peer`](crate::Peer) into
//! the requests of each connection. The example `hyper.rs` shows both.
//!
//! # With tonic
//!
//! Give the layer to `Server::builder().layer(..)`. Calls of gRPC are POSTs of `application/grpc`:
//! `track.count = "api"` counts them. An interceptor before it says who the peer is:
//!
//! ```
//! # use trackside::{Peer, Tracker, tower::TracksideLayer};
//! use tonic::{Request, Status, service::InterceptorLayer, transport::Server};
//!
//! fn with_peer(mut request: Request<()>) -> Result<Request<()>, Status> {
//!     if let Some(address) = request.remote_addr() {
//!         request.extensions_mut().insert(Peer::from(address));
//!     }
//!     Ok(request)
//! }
//!
//! # fn server(tracker: Tracker) {
//! let server = Server::builder()
//!     .layer(InterceptorLayer::new(with_peer))
//!     .layer(TracksideLayer::new(tracker));
//! # }
//! ```
//!
//! # The beacon
//!
//! Requests to `beacon.path` are [answered](crate::endpoint) by the layer and go no further, if the wrapped
//! service's bodies are axum's[^axum]. With bodies of other types they go on to that service, with the
//! [`Answer`](crate::endpoint::Answer) in their extensions, and it returns that:
//!
//! ```
//! use trackside::endpoint::Answer;
//!
//! fn answered(request: &mut http::Request<()>) -> Option<http::Response<Vec<u8>>> {
//!     request.extensions_mut().remove::<Answer>().map(Answer::into_response)
//! }
//! # assert!(answered(&mut http::Request::new(())).is_none());
//! ```
//!
//! What is left of the request's body is read first, up to 64 KiB; such a service does well to do the same, as hyper
//! closes a connection on which a body was not read to its end.
//!
//! # More than one layer
//!
//! A request that already has a [`Visit`](crate::Visit) passes through: the outermost layer counts it. So an
//! API with a tracker of its own (`track.count = "api"`) is nested after the layer of the pages, which then
//! does not cover it:
//!
#![cfg_attr(feature = "axum", doc = "```")]
#![cfg_attr(not(feature = "axum"), doc = "```ignore")]
//! # use axum::{Router, response::Html, routing::get};
//! # use trackside::{Tracker, tower::TracksideLayer};
//! # fn app(pages: Tracker, calls: Tracker) -> Router {
//! let api = Router::new().route("/items", get(|| async { "[]" })).layer(TracksideLayer::new(calls));
//! Router::new()
//!     .route("/", get(|| async { Html("<h1>Hello</h1>") }))
//!     .layer(TracksideLayer::new(pages))
//!     .nest("/api", api)
//! # }
//! ```
//!
//! The other way round it warns, once. Requests that no route matches count with the pages.
//!
//! [tower]: https://docs.rs/tower
//! [^axum]: With the feature `axum`.

mod framework;
mod future;
mod host;
mod kept;
mod layer;
mod service;

pub(crate) use self::kept::Kept;
#[cfg(feature = "actix")]
pub(crate) use self::layer::count_off;
pub use self::{future::ResponseFuture, layer::TracksideLayer, service::Trackside};
