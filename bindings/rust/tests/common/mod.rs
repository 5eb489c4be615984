//! What the tests share: a tracker that records, a server on TCP, a client that sends one request.

#![allow(dead_code, reason = "no test uses all of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

#[path = "../../../../transports/tests/kit/warnings.rs"]
mod warnings;

use std::{
    future::Future,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

#[allow(unused_imports, reason = "not all tests look at warnings")]
pub(crate) use self::warnings::Warnings;
use axum::Router;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::{body::Incoming, client::conn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use trackside::{Reason, Tracker, clock::Clock, load, transport::Recording};

/// 2026-11-22 12:00:00 UTC.
pub(crate) const NOON: u64 = 1_795_348_800;

/// A clock that a test sets.
#[derive(Debug)]
pub(crate) struct Hands(AtomicU64);

impl Hands {
    pub(crate) fn set(&self, seconds: u64) {
        self.0.store(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn micros(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// A tracker whose clock stands at noon and whose hits stay in memory.
pub(crate) struct Bench {
    pub(crate) tracker: Tracker,
    pub(crate) recording: Arc<Recording>,
    pub(crate) clock: Arc<Hands>,
}

impl Bench {
    /// With the defaults, and `toml` on top.
    pub(crate) fn new(toml: &str) -> Self {
        let recording = Arc::new(Recording::new());
        let clock = Arc::new(Hands(AtomicU64::new(NOON * 1_000_000)));
        let config = load::builder().toml("consent.policy = 'none'").toml(toml).build().unwrap();
        let tracker =
            Tracker::builder(config).transport(recording.clone()).clock(clock.clone()).open().unwrap();
        Self { tracker, recording, clock }
    }

    /// What the requests so far were skipped for.
    pub(crate) fn skipped(&self) -> Vec<(Reason, u64)> {
        self.tracker.stats().requests.skipped
    }

    pub(crate) fn tracked(&self) -> u64 {
        self.tracker.stats().requests.tracked
    }
}

/// A server on a port of its own, which ends with the test.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn axum(app: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = app.into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(async { axum::serve(listener, service).await.unwrap() });
        Self { address, task }
    }

    /// Serves each connection as `serve` does.
    pub(crate) async fn new<F: Future<Output = ()> + Send + 'static>(
        serve: impl Fn(TcpStream, SocketAddr) -> F + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            while let Ok((stream, peer)) = listener.accept().await {
                tokio::spawn(serve(stream, peer));
            }
        });
        Self { address, task }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends one request on a connection of its own; the body is still to come.
    pub(crate) async fn open(&self, request: http::Request<Empty<Bytes>>) -> http::Response<Incoming> {
        let io = TokioIo::new(self.connect().await);
        let (mut sender, connection) = conn::http1::handshake(io).await.unwrap();
        tokio::spawn(connection.with_upgrades());
        sender.send_request(request).await.unwrap()
    }

    /// Sends one request, and reads the response to its end.
    pub(crate) async fn send(&self, request: http::Request<Empty<Bytes>>) -> http::Response<Bytes> {
        let (head, body) = self.open(request).await.into_parts();
        http::Response::from_parts(head, body.collect().await.unwrap().to_bytes())
    }

    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> http::Response<Bytes> {
        self.send(request("GET", path, headers)).await
    }

    /// Sends one request by HTTP/2 that is known to be spoken (RFC 9113 §3.3).
    pub(crate) async fn send_h2(&self, request: http::Request<Empty<Bytes>>) -> http::Response<Bytes> {
        let io = TokioIo::new(self.connect().await);
        let (mut sender, connection) = conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        let (head, body) = sender.send_request(request).await.unwrap().into_parts();
        http::Response::from_parts(head, body.collect().await.unwrap().to_bytes())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A request as a browser would send it for a page.
pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> http::Request<Empty<Bytes>> {
    let mut request = http::Request::builder().method(method).uri(path);
    for (name, value) in [("host", "www.example.com"), ("accept", "text/html")] {
        if !headers.iter().any(|(own, _)| *own == name) {
            request = request.header(name, value);
        }
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Empty::new()).unwrap()
}

/// The cookie that a response sets, as a browser would send it back.
pub(crate) fn cookie<B>(response: &http::Response<B>) -> Option<String> {
    let cookie = response.headers().get("set-cookie")?.to_str().unwrap();
    Some(cookie.split(';').next().unwrap().to_owned())
}

/// Lets the other tasks have their turns until `condition` holds; fails after ten seconds.
pub(crate) async fn eventually(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < deadline, "{what} did not happen in ten seconds");
        tokio::task::yield_now().await;
    }
}
