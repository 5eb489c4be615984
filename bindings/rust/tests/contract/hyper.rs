//! A site on bare hyper, with the tower layer: its bodies are of no type that the layer knows.

use std::{
    convert::Infallible,
    future::pending,
    pin::Pin,
    sync::mpsc::{self, Sender},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    body::{Frame, Incoming},
    server::conn::http1,
};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::net::TcpStream;
use tower_layer::Layer;
use tower_service::Service;
use trackside::{
    Event, Peer, Visit,
    consent::{Choice, Consent},
    endpoint::Answer,
    tower::TracksideLayer,
};

use super::{CONFIG, run};
use crate::common::{Bench, Server};

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// In pieces, each of which is sent by itself.
fn body(pieces: impl IntoIterator<Item = Vec<u8>>) -> Body {
    let frames: Vec<_> = pieces.into_iter().map(|piece| Ok(Frame::data(Bytes::from(piece)))).collect();
    StreamBody::new(tokio_stream::iter(frames)).boxed_unsync()
}

fn response(status: u16, content_type: &str, text: &str) -> Response<Body> {
    let response = Response::builder().status(status).header("content-type", content_type);
    response.body(body((!text.is_empty()).then(|| text.as_bytes().to_vec()))).unwrap()
}

fn html(text: &str) -> Response<Body> {
    response(200, "text/html", text)
}

/// The pages of one connection.
#[derive(Clone)]
struct Pages(Sender<()>);

impl Pages {
    async fn answer(self, mut request: Request<Incoming>) -> Response<Body> {
        if let Some(answer) = request.extensions_mut().remove::<Answer>() {
            return answer.into_response::<Vec<u8>>().map(|bytes| body(Some(bytes)));
        }
        let visit = request.extensions_mut().remove::<Visit>().unwrap();
        match request.uri().path() {
            "/" | "/admin/" | "/shop/items/7" => html(""),
            "/unchanged" => Response::builder().status(304).body(Empty::new().boxed_unsync()).unwrap(),
            "/redirect" => Response::builder().status(302).header("location", "/").body(body(None)).unwrap(),
            "/data" => response(200, "application/json", "1"),
            "/stream" => html("").map(|_| body(["one", "two", "three"].map(Vec::from))),
            "/said" => {
                visit.title("Said");
                visit.user_id("u-42");
                visit.event(Event::new("add"));
                html("")
            }
            "/notice" => html(visit.notice().as_ref().map_or("", |notice| notice.text())),
            "/refused" => {
                visit.set_consent(Consent::new(Choice::Denied, Choice::Unknown));
                html("")
            }
            "/fails" => response(500, "text/html", ""),
            "/breaks" => panic!("on purpose"),
            "/waits" => {
                self.0.send(()).unwrap();
                pending().await
            }
            _ => response(404, "text/html", ""),
        }
    }
}

impl Service<Request<Incoming>> for Pages {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let pages = self.clone();
        Box::pin(async { Ok(pages.answer(request).await) })
    }
}

/// Says who is at the other end.
#[derive(Clone)]
struct From<S>(Peer, S);

impl<S: Service<Request<Incoming>>> Service<Request<Incoming>> for From<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.1.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Incoming>) -> S::Future {
        request.extensions_mut().insert(self.0);
        self.1.call(request)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_on_bare_hyper_keeps_the_contract() {
    let bench = Bench::new(CONFIG);
    let layer = TracksideLayer::new(bench.tracker.clone());
    let (reached, waiting) = mpsc::channel();
    let server = Server::new(move |stream: TcpStream, peer| {
        let site = From(Peer::from(peer), layer.layer(Pages(reached.clone())));
        async move {
            let connection = http1::Builder::new();
            connection.serve_connection(TokioIo::new(stream), TowerToHyperService::new(site)).await.ok();
        }
    })
    .await;
    let address = server.address;
    tokio::task::spawn_blocking(move || run(&bench, address, &waiting)).await.unwrap();
}
