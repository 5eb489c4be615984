//! What the layer allocates for a request, counted: at most five a tracked one. In a binary of its own, as
//! the counting allocator is everybody's.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod common;

use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    runtime::Runtime,
};
use tower_layer::Layer;
use tower_service::Service;
use trackside::{Reason, Tracker, load, tower::TracksideLayer, transport::Null};

const WARM_UP: u64 = 10;
const REQUESTS: u64 = 100;
const MEASUREMENTS: u64 = 8;
const SEEN: u64 = WARM_UP + REQUESTS * MEASUREMENTS;

/// A returning visitor with the headers of a browser.
const REQUEST: &str = "GET /news/?utm_source=mail HTTP/1.1\r\nHost: www.example.com\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n\
    Accept-Language: en-GB,en;q=0.9\r\nAccept-Encoding: gzip, deflate, br\r\n\
    Cookie: trackside=0191d2a0-7c1b-4e51-9d3c-2f6a8b7c5d4e.1795340000.1795348000.1795348790\r\n\
    Referer: https://search.example.com/\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\n\
    Sec-Fetch-Site: cross-site\r\nSec-Fetch-User: ?1\r\nUpgrade-Insecure-Requests: 1\r\n\
    Connection: keep-alive\r\n\r\n";

#[derive(Clone)]
struct Page;

impl Service<Request<Incoming>> for Page {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Incoming>) -> Self::Future {
        let mut response = Response::new(Full::from(&b"<h1>Hello</h1>"[..]));
        response.headers_mut().insert("content-type", http::HeaderValue::from_static("text/html"));
        ready(Ok(response))
    }
}

/// What [`REQUESTS`] requests on one connection allocate, after a few that fill what is kept: the least of
/// several measurements, since now and then hyper allocates once more.
fn measure<S>(runtime: &Runtime, request: &'static str, service: S) -> u64
where
    S: Service<Request<Incoming>, Response = Response<Full<Bytes>>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    let (mut client, server) = tokio::io::duplex(64 * 1024);
    runtime.spawn(async move {
        let io = TokioIo::new(server);
        http1::Builder::new().serve_connection(io, TowerToHyperService::new(service)).await.unwrap();
    });
    runtime.block_on(ask(&mut client, request, WARM_UP));
    let measurements = (0..MEASUREMENTS).map(|_| {
        let info = allocation_counter::measure(|| runtime.block_on(ask(&mut client, request, REQUESTS)));
        info.count_total
    });
    measurements.min().unwrap()
}

async fn ask(client: &mut DuplexStream, request: &str, times: u64) {
    for _ in 0..times {
        client.write_all(request.as_bytes()).await.unwrap();
        let mut answer = [0; 1024];
        let mut len = 0;
        while !answer[..len].ends_with(b"</h1>") {
            let read = client.read(&mut answer[len..]).await.unwrap();
            assert!(read > 0, "the server has gone");
            len += read;
        }
    }
}

/// A tracker whose transport allocates nothing.
fn tracker(bench: &common::Bench, toml: &str) -> Tracker {
    let config = load::builder().toml("consent.policy = 'none'").toml(toml).build().unwrap();
    let transport = std::sync::Arc::new(Null);
    Tracker::builder(config).transport(transport).clock(bench.clock.clone()).open().unwrap()
}

#[test]
fn a_tracked_request_costs_at_most_five_allocations() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let bench = common::Bench::new("");
    let bare = measure(&runtime, REQUEST, Page);
    let cost = |toml: &str| {
        let tracker = tracker(&bench, toml);
        let counted = measure(&runtime, REQUEST, TracksideLayer::new(tracker.clone()).layer(Page));
        assert_eq!(tracker.stats().requests.seen(), SEEN);
        let more = counted - bare;
        assert_eq!(more % REQUESTS, 0, "{more} allocations are not the same for each of {REQUESTS} requests");
        (more / REQUESTS, tracker.stats().requests)
    };

    let (allocations, book) = cost("");
    assert_eq!(book.tracked, SEEN, "{book:?}");
    // The record, what is kept of the request, and the extension with its map, which is two.
    assert_eq!(allocations, 5);

    let (allocations, book) = cost("track.ignore = ['/news/']");
    assert_eq!(book.skipped, [(Reason::Ignored, SEEN)]);
    assert_eq!(allocations, 4);

    let (allocations, book) = cost("mode = 'off'");
    assert_eq!(book.skipped, [(Reason::Off, SEEN)]);
    assert_eq!(allocations, 3, "the extension alone");
}
