//! Bare hyper: wrap the service, and say who is at the other end of each connection.
//!
//! `cargo run -p trackside --features tower --example hyper`, then open <http://127.0.0.1:8080/>. In a program of
//! your own it needs, beside `trackside` with the feature `tower`:
//!
//! ```toml
//! bytes = "1"
//! http = "1"
//! http-body-util = "0.1"
//! hyper = { version = "1", features = ["http1", "server"] }
//! hyper-util = { version = "0.1", features = ["service", "tokio"] }
//! tokio = { version = "1", features = ["macros", "net", "rt", "signal"] }
//! tower-layer = "0.3"
//! tower-service = "0.3"
//! ```

use std::{
    convert::Infallible,
    error::Error,
    future::{Ready, ready},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::net::{TcpListener, TcpStream};
use tower_layer::Layer;
use tower_service::Service;
use trackside::{
    Peer, Tracker,
    tower::{Trackside, TracksideLayer},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let tracker = Tracker::from_toml("consent.policy = 'notice'")?;
    let layer = TracksideLayer::new(tracker.clone());
    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    println!("http://{}/", listener.local_addr()?);
    loop {
        tokio::select! {
            accepted = listener.accept() => tokio::spawn(serve(accepted?.0, layer.clone())),
            _ = tokio::signal::ctrl_c() => break,
        };
    }
    // Connections that are still open end with the process; what was counted is delivered.
    let closed = tokio::task::spawn_blocking(move || tracker.close(Duration::from_secs(5))).await??;
    println!("{} hits were not delivered", closed.left.queued + closed.left.in_flight);
    Ok(())
}

/// Serves one connection to its end.
pub async fn serve(stream: TcpStream, layer: TracksideLayer) {
    let Ok(address) = stream.peer_addr() else {
        return;
    };
    let site = Site { pages: layer.layer(Pages), peer: address.into() };
    let connection = http1::Builder::new();
    if let Err(error) =
        connection.serve_connection(TokioIo::new(stream), TowerToHyperService::new(site)).await
    {
        eprintln!("{address}: {error}");
    }
}

/// The pages of one connection.
#[derive(Clone)]
struct Site {
    pages: Trackside<Pages>,
    peer: Peer,
}

impl Service<Request<Incoming>> for Site {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = <Trackside<Pages> as Service<Request<Incoming>>>::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request<Incoming>>::poll_ready(&mut self.pages, context)
    }

    fn call(&mut self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.peer);
        self.pages.call(request)
    }
}

#[derive(Clone)]
struct Pages;

impl Service<Request<Incoming>> for Pages {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Incoming>) -> Self::Future {
        let mut response = Response::new(Full::from("<h1>Hello</h1>"));
        let html = http::HeaderValue::from_static("text/html; charset=utf-8");
        response.headers_mut().insert(http::header::CONTENT_TYPE, html);
        ready(Ok(response))
    }
}
