//! The layer around services without a network: what it must not touch, and how exchanges end.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod common;

use std::{
    convert::Infallible,
    future::{Future, ready},
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Poll},
};

use tower_layer::Layer;
use tower_service::Service;
use trackside::{Event, Peer, Reason, Resolved, Secure, Visit, tower::TracksideLayer};

use self::common::{Bench, Warnings};

/// A service that is ready and answers as `answer` does.
#[derive(Clone)]
struct Answers<F>(F);

impl<B, R, E, F, A> Service<http::Request<B>> for Answers<F>
where
    F: FnMut(http::Request<B>) -> A,
    A: Future<Output = Result<http::Response<R>, E>>,
{
    type Response = http::Response<R>;
    type Error = E;
    type Future = A;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> A {
        (self.0)(request)
    }
}

fn layer(bench: &Bench) -> TracksideLayer {
    TracksideLayer::new(bench.tracker.clone())
}

fn request<B>(body: B) -> http::Request<B> {
    let request =
        http::Request::get("/").header("host", "www.example.com").extension(Peer([203, 0, 113, 9].into()));
    request.body(body).unwrap()
}

fn html<R>(body: R) -> http::Response<R> {
    http::Response::builder().header("content-type", "text/html").body(body).unwrap()
}

/// Neither `Clone`, `Send`, `Default` nor a body: nothing can be done with it but hand it on.
#[derive(Debug, PartialEq)]
struct Opaque(*const u8);

#[tokio::test]
async fn bodies_pass_by_value_whatever_they_are() {
    let bench = Bench::new("");
    let (sent, answered) = (b"sent".as_ptr(), b"answered".as_ptr());
    let mut service = layer(&bench).layer(Answers(|request: http::Request<Opaque>| {
        assert_eq!(request.into_body(), Opaque(sent));
        ready(Ok::<_, Infallible>(html(Opaque(answered))))
    }));
    let response = service.call(request(Opaque(sent))).await.unwrap();
    assert_eq!(response.into_body(), Opaque(answered));
    assert_eq!(bench.tracked(), 1);
}

#[tokio::test]
async fn headers_are_added_and_none_is_replaced() {
    let bench = Bench::new("");
    let mut service = layer(&bench).layer(Answers(|_: http::Request<()>| {
        let mut response = html(());
        response.headers_mut().append("set-cookie", "theirs=1".parse().unwrap());
        response.headers_mut().append("x-own", "kept".parse().unwrap());
        ready(Ok::<_, Infallible>(response))
    }));
    let response = service.call(request(())).await.unwrap();
    let cookies: Vec<_> = response.headers().get_all("set-cookie").iter().collect();
    assert_eq!(cookies.len(), 2);
    assert_eq!(cookies[0], "theirs=1");
    assert!(cookies[1].to_str().unwrap().starts_with("trackside="));
    assert_eq!(response.headers()["x-own"], "kept");
}

#[tokio::test]
async fn what_trusted_proxies_say_of_the_client_is_recorded() {
    let bench = Bench::new("proxy.trusted = ['203.0.113.9', 'unix']\nprivacy.ip = 'full'");
    let mut service =
        layer(&bench).layer(Answers(|_: http::Request<()>| ready(Ok::<_, Infallible>(html(())))));
    let forwarded = || {
        let mut request = request(());
        for (name, value) in [
            ("x-forwarded-for", "192.0.2.66, 198.51.100.1"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "shop.example"),
        ] {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        request
    };
    let response = service.call(forwarded()).await.unwrap();
    assert!(response.headers()["set-cookie"].to_str().unwrap().contains("; Secure"));
    let mut unix = forwarded();
    unix.extensions_mut().remove::<Peer>();
    service.call(unix).await.unwrap();
    let mut stranger = forwarded();
    stranger.extensions_mut().insert(Peer([203, 0, 113, 10].into()));
    service.call(stranger).await.unwrap();
    let mut resolved = forwarded();
    resolved.extensions_mut().insert(Resolved(true));
    service.call(resolved).await.unwrap();

    let hits = bench.recording.take();
    let seen: Vec<_> =
        hits.iter().map(|hit| format!("{} {} {}", hit.ip().unwrap(), hit.is_secure(), hit.site())).collect();
    assert_eq!(
        seen,
        [
            "198.51.100.1 true shop.example",
            "198.51.100.1 true shop.example",
            "203.0.113.10 false www.example.com",
            "203.0.113.9 false www.example.com",
        ]
    );
}

#[tokio::test]
async fn what_the_host_says_of_the_connection_is_recorded() {
    let bench = Bench::new("");
    let mut service =
        layer(&bench).layer(Answers(|_: http::Request<()>| ready(Ok::<_, Infallible>(html(())))));
    let socket: SocketAddr = "198.51.100.7:4711".parse().unwrap();

    let mut first = request(());
    first.extensions_mut().insert(Secure(true));
    first.extensions_mut().insert(socket);
    let response = service.call(first).await.unwrap();
    assert!(response.headers()["set-cookie"].to_str().unwrap().contains("; Secure"));

    let mut second = request(());
    *second.uri_mut() = "https://www.example.com/".parse().unwrap();
    second.extensions_mut().remove::<Peer>();
    second.extensions_mut().insert(socket);
    service.call(second).await.unwrap();

    let mut third = request(());
    *third.uri_mut() = "https://www.example.com/".parse().unwrap();
    third.extensions_mut().insert(Secure(false));
    service.call(third).await.unwrap();

    let hits = bench.recording.take();
    let seen: Vec<_> = hits.iter().map(|hit| (hit.ip().unwrap().to_string(), hit.is_secure())).collect();
    let expected = [("203.0.113.0", true), ("198.51.100.0", true), ("203.0.113.0", false)];
    assert_eq!(seen, expected.map(|(ip, secure)| (ip.to_owned(), secure)));
}

#[tokio::test]
async fn an_error_of_the_service_passes_and_is_abandoned() {
    let bench = Bench::new("");
    let mut service = layer(&bench).layer(Answers(|request: http::Request<()>| {
        request.extensions().get::<Visit>().unwrap().event(Event::new("never sent"));
        ready(Err::<http::Response<()>, _>("broken"))
    }));
    assert_eq!(service.call(request(())).await.unwrap_err(), "broken");
    assert_eq!(bench.skipped(), [(Reason::Abandoned, 1)]);
    assert!(bench.recording.hits().is_empty());
}

#[test]
fn a_service_that_panics_when_called_is_abandoned() {
    fn panics(_: http::Request<()>) -> std::future::Ready<Result<http::Response<()>, Infallible>> {
        panic!("on purpose")
    }
    let bench = Bench::new("");
    let mut service = layer(&bench).layer(Answers(panics));
    let panic = catch_unwind(AssertUnwindSafe(|| drop(service.call(request(())))));
    assert!(panic.is_err());
    assert_eq!(bench.skipped(), [(Reason::Abandoned, 1)]);
}

#[test]
fn a_response_nobody_waits_for_is_abandoned_whoever_holds_the_visit() {
    let bench = Bench::new("");
    let mut held = None;
    let mut service = layer(&bench).layer(Answers(|request: http::Request<()>| {
        held = request.extensions().get::<Visit>().cloned();
        std::future::pending::<Result<http::Response<()>, Infallible>>()
    }));
    let response = service.call(request(()));
    assert!(bench.skipped().is_empty());
    drop(response);
    drop(service);
    assert_eq!(bench.skipped(), [(Reason::Abandoned, 1)]);

    let visit = held.unwrap();
    assert!(visit.id().is_some() && visit.is_new(), "what it knew it still knows");
    assert!(!format!("{visit:?}").contains("www.example.com"), "it shows no headers: {visit:?}");
    visit.user_id("too late");
    drop(visit);
    let requests = bench.tracker.stats().requests;
    assert_eq!((requests.seen(), requests.late), (1, 1));
}

#[tokio::test]
async fn the_inner_service_says_when_it_is_ready() {
    #[derive(Clone)]
    struct Busy;
    impl Service<http::Request<()>> for Busy {
        type Response = http::Response<()>;
        type Error = &'static str;
        type Future = std::future::Ready<Result<Self::Response, Self::Error>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            Poll::Ready(Err("busy"))
        }

        fn call(&mut self, _: http::Request<()>) -> Self::Future {
            panic!("it is never ready")
        }
    }
    let bench = Bench::new("");
    let mut service = layer(&bench).layer(Busy);
    let ready = std::future::poll_fn(|context| service.poll_ready(context)).await;
    assert_eq!(ready, Err("busy"));
    assert_eq!(bench.tracker.stats().requests.seen(), 0);
}

#[test]
fn a_missing_peer_is_warned_of_once() {
    let calls = AtomicUsize::new(0);
    let ask = |toml: &str| {
        let bench = Bench::new(toml);
        let warnings = Warnings::default();
        tracing::subscriber::with_default(warnings.clone(), || {
            let layer = layer(&bench);
            for _ in 0..3 {
                let mut service = layer.layer(Answers(|_: http::Request<()>| {
                    calls.fetch_add(1, Ordering::SeqCst);
                    ready(Ok::<_, Infallible>(html(())))
                }));
                let mut request = request(());
                request.extensions_mut().remove::<Peer>();
                drop(service.call(request));
            }
        });
        warnings.take()
    };
    let warnings = ask("");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    for fix in ["into_make_service_with_connect_info::<SocketAddr>()", "trackside::Peer", "privacy.ip"] {
        assert!(warnings[0].contains(fix), "{warnings:?}");
    }
    assert!(ask("privacy.ip = 'none'").is_empty(), "no address is wanted");
    assert!(ask("mode = 'off'").is_empty(), "nothing is wanted");
    assert_eq!(calls.into_inner(), 9);
}

#[test]
fn a_layer_inside_that_of_another_tracker_warns_once() {
    let (pages, api) = (Bench::new(""), Bench::new("track.count = 'api'"));
    let ask = |outer: &Bench, inner: &Bench| {
        let warnings = Warnings::default();
        tracing::subscriber::with_default(warnings.clone(), || {
            let answers = Answers(|_: http::Request<()>| ready(Ok::<_, Infallible>(html(()))));
            let mut service = layer(outer).layer(layer(inner).layer(answers));
            for _ in 0..3 {
                drop(service.call(request(())));
            }
        });
        warnings.take()
    };
    let warnings = ask(&pages, &api);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("`.layer(..)` before `.nest(..)`"), "{warnings:?}");
    assert!(ask(&pages, &pages).is_empty(), "it is counted as it should be");
    assert_eq!((pages.tracker.stats().requests.seen(), api.tracker.stats().requests.seen()), (6, 0));
}

#[tokio::test]
async fn a_service_with_bodies_of_its_own_is_handed_the_answer_of_the_beacon() {
    let bench = Bench::new("beacon.path = '/t/'");
    let mut service = layer(&bench).layer(Answers(|mut request: http::Request<()>| {
        assert!(request.extensions().get::<Visit>().is_none());
        let answer = request.extensions_mut().remove::<trackside::endpoint::Answer>().unwrap();
        ready(Ok::<http::Response<Vec<u8>>, Infallible>(answer.into_response()))
    }));
    let request = http::Request::post("/t/?p=/a")
        .header("host", "www.example.com")
        .header("origin", "http://www.example.com")
        .body(())
        .unwrap();
    let response = service.call(request).await.unwrap();
    assert_eq!(response.status(), 204);
    assert!(response.headers().contains_key("set-cookie"));
    assert_eq!((bench.tracked(), bench.skipped()), (1, Vec::new()));
    assert_eq!(bench.recording.hits()[0].path(), b"/a");
}
