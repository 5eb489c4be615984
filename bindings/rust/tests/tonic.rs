//! tonic: the layer as the guide says, the peer from tonic's own extension, and calls as its client makes them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod common;

use std::{
    convert::Infallible,
    future::{Ready, ready},
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Buf, BufMut, Bytes};
use tokio_stream::{StreamExt, wrappers::TcpListenerStream};
use tonic::{
    Request, Response, Status,
    body::Body,
    client,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    codegen::http,
    server::{self, NamedService, ServerStreamingService, UnaryService},
    service::InterceptorLayer,
    transport::{Channel, Endpoint, Server},
};
use tower_service::Service;
use trackside::{Peer, Reason, tower::TracksideLayer};

use self::common::Bench;

/// Messages as bytes, whatever they say.
#[derive(Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(message);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}

/// What a generated service is made of: `Greet` answers with one message, `Count` with three.
#[derive(Clone)]
struct Greeter;

impl NamedService for Greeter {
    const NAME: &'static str = "hello.Greeter";
}

impl UnaryService<Bytes> for Greeter {
    type Response = Bytes;
    type Future = Ready<Result<Response<Bytes>, Status>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let name = request.into_inner();
        ready(if name.is_empty() {
            Err(Status::invalid_argument("no name"))
        } else {
            Ok(Response::new(name))
        })
    }
}

impl ServerStreamingService<Bytes> for Greeter {
    type Response = Bytes;
    type ResponseStream = tokio_stream::Iter<std::vec::IntoIter<Result<Bytes, Status>>>;
    type Future = Ready<Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let messages = vec![Ok(request.into_inner()); 3];
        ready(Ok(Response::new(tokio_stream::iter(messages))))
    }
}

impl Service<http::Request<Body>> for Greeter {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            let mut grpc = server::Grpc::new(Raw);
            Ok(match request.uri().path() {
                "/hello.Greeter/Greet" => grpc.unary(Self, request).await,
                _ => grpc.server_streaming(Self, request).await,
            })
        })
    }
}

/// Hands on the peer that tonic knows.
fn with_peer(mut request: Request<()>) -> Result<Request<()>, Status> {
    if let Some(address) = request.remote_addr() {
        request.extensions_mut().insert(Peer::from(address));
    }
    Ok(request)
}

/// A client of a server on a port of its own, which ends with the test.
async fn serve(bench: &Bench) -> client::Grpc<Channel> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::builder()
        .layer(InterceptorLayer::new(with_peer))
        .layer(TracksideLayer::new(bench.tracker.clone()))
        .add_service(Greeter);
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
    let mut client = client::Grpc::new(channel);
    client.ready().await.unwrap();
    client
}

#[tokio::test]
async fn calls_count_as_those_of_an_api() {
    let bench = Bench::new("track.count = 'api'");
    let mut client = serve(&bench).await;
    let message = Bytes::from_static(b"\x0a\x02Jo");

    let path = http::uri::PathAndQuery::from_static("/hello.Greeter/Greet");
    let response = client.unary(Request::new(message.clone()), path, Raw).await.unwrap();
    assert_eq!(response.metadata().get("set-cookie"), None, "a call of an API is given no cookie");
    assert_eq!(response.into_inner(), message);

    client.ready().await.unwrap();
    let path = http::uri::PathAndQuery::from_static("/hello.Greeter/Count");
    let stream = client.server_streaming(Request::new(message.clone()), path, Raw).await.unwrap();
    let messages: Vec<_> = stream.into_inner().map(Result::unwrap).collect().await;
    assert_eq!(messages, [&message, &message, &message]);

    let hits = bench.recording.take();
    let paths: Vec<_> = hits.iter().map(|hit| (hit.method(), hit.path())).collect();
    let post = &b"POST"[..];
    assert_eq!(paths, [(post, &b"/hello.Greeter/Greet"[..]), (post, b"/hello.Greeter/Count")]);
    assert!(hits.iter().all(|hit| hit.ip() == "127.0.0.0".parse().ok() && hit.site() == "127.0.0.1"));
}

/// A call that fails is answered 200, with its status in the trailers or, as here, the headers.
#[tokio::test]
async fn an_error_reaches_the_client() {
    let bench = Bench::new("track.count = 'api'");
    let mut client = serve(&bench).await;
    let path = http::uri::PathAndQuery::from_static("/hello.Greeter/Greet");
    let status = client.unary(Request::new(Bytes::new()), path, Raw).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (tonic::Code::InvalidArgument, "no name"));
    assert_eq!(bench.tracked(), 1);
}

#[tokio::test]
async fn calls_are_no_pages() {
    let bench = Bench::new("");
    let mut client = serve(&bench).await;
    let path = http::uri::PathAndQuery::from_static("/hello.Greeter/Greet");
    client.unary(Request::new(Bytes::from_static(b"x")), path, Raw).await.unwrap();
    assert_eq!(bench.skipped(), [(Reason::Method, 1)]);
}
