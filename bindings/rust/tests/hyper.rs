//! A service without axum, on bare hyper.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod common;

use std::{
    convert::Infallible,
    future::{Ready, ready},
    net::SocketAddr,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::net::TcpStream;
use tower_layer::Layer;
use tower_service::Service;
use trackside::{Peer, Visit, tower::TracksideLayer};

use self::common::{Bench, Server, request};

/// Inserts the connection's peer.
#[derive(Clone)]
struct FromPeer<S>(SocketAddr, S);

impl<B, S: Service<Request<B>>> Service<Request<B>> for FromPeer<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.1.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        request.extensions_mut().insert(Peer::from(self.0));
        self.1.call(request)
    }
}

#[derive(Clone)]
struct Page;

impl Service<Request<Incoming>> for Page {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        request.extensions().get::<Visit>().unwrap().title("Bare");
        let page = Response::builder().header("content-type", "text/html").body(Full::from("<h1>Hello</h1>"));
        ready(Ok(page.unwrap()))
    }
}

#[tokio::test]
async fn bare_hyper_says_who_its_peer_is() {
    let bench = Bench::new("");
    let layer = TracksideLayer::new(bench.tracker.clone());
    let server = Server::new(move |stream: TcpStream, peer| {
        let service = TowerToHyperService::new(FromPeer(peer, layer.layer(Page)));
        async move {
            let connection = hyper::server::conn::http1::Builder::new();
            connection.serve_connection(TokioIo::new(stream), service).await.ok();
        }
    })
    .await;

    let response = server.get("/?fbclid=1&x=2", &[]).await;
    assert_eq!(response.body(), "<h1>Hello</h1>");
    assert!(common::cookie(&response).unwrap().starts_with("trackside="));
    let hits = bench.recording.take();
    assert_eq!((hits[0].title(), hits[0].query()), ("Bare", &b"fbclid=1"[..]));
    assert_eq!(hits[0].ip(), "127.0.0.0".parse().ok());

    // A target in absolute form (RFC 9112 §3.2.2), as proxies get it.
    let mut absolute = request("GET", "/", &[]);
    *absolute.uri_mut() = "http://proxied.example.com/x".parse().unwrap();
    server.send(absolute).await;
    let hits = bench.recording.take();
    assert_eq!((hits[0].site(), hits[0].path()), ("proxied.example.com", &b"/x"[..]));
}
