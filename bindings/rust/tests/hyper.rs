//! Services without axum: bare hyper, and gRPC as tonic frames it, by hand, since tonic itself would double
//! what the tests compile.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod common;

use std::{
    convert::Infallible,
    future::{Ready, ready},
    net::SocketAddr,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    service::TowerToHyperService,
};
use tokio::net::TcpStream;
use tower_layer::Layer;
use tower_service::Service;
use trackside::{Peer, Reason, Visit, tower::TracksideLayer};

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

/// A unary call's answer: one message, then the status in trailers.
#[derive(Clone)]
struct Greeter;

impl Service<Request<Incoming>> for Greeter {
    type Response = Response<BoxBody<Bytes, Infallible>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Incoming>) -> Self::Future {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from_static("0"));
        // Not compressed, two bytes long (the length-prefixed message of gRPC over HTTP/2).
        let message = Full::new(Bytes::from_static(b"\0\0\0\0\x02\x08\x01"));
        let body = message.with_trailers(ready(Some(Ok(trailers))));
        let response =
            Response::builder().header("content-type", "application/grpc").body(BodyExt::boxed(body));
        ready(Ok(response.unwrap()))
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

#[tokio::test]
async fn a_grpc_call_keeps_its_trailers() {
    let bench = Bench::new("track.count = 'api'");
    let layer = TracksideLayer::new(bench.tracker.clone());
    let server = Server::new(move |stream: TcpStream, peer| {
        let service = TowerToHyperService::new(FromPeer(peer, layer.layer(Greeter)));
        async move {
            let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            connection.serve_connection(TokioIo::new(stream), service).await.ok();
        }
    })
    .await;

    let io = TokioIo::new(server.connect().await);
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    let call = Request::post("http://api.example.com/hello.Greeter/Greet")
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Full::new(Bytes::from_static(b"\0\0\0\0\0")))
        .unwrap();
    let response = sender.send_request(call).await.unwrap();
    assert!(!response.headers().contains_key("set-cookie"), "a call of an API is given no cookie");
    let body = response.into_body().collect().await.unwrap();
    assert_eq!(body.trailers().unwrap()["grpc-status"], "0");
    assert_eq!(body.to_bytes().as_ref(), b"\0\0\0\0\x02\x08\x01");

    let hits = bench.recording.take();
    assert_eq!((hits[0].site(), hits[0].method()), ("api.example.com", &b"POST"[..]));
    assert_eq!(hits[0].path(), b"/hello.Greeter/Greet");
    assert_eq!((bench.tracked(), bench.skipped()), (1, Vec::<(Reason, u64)>::new()));
}
