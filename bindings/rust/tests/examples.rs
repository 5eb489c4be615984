//! The examples do what they say.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod common;

use actix_web::{
    App,
    test::{TestRequest, call_and_read_body, init_service},
};
use trackside::{Tracker, actix::Trackside, tower::TracksideLayer};

use self::common::{Bench, Server, cookie, eventually, request};

macro_rules! example {
    ($name:ident, $path:literal) => {
        #[allow(dead_code, unreachable_pub, reason = "its main is not called, and it is a program elsewhere")]
        #[path = $path]
        mod $name;
    };
}

example!(actix_server, "../examples/actix.rs");
example!(axum_server, "../examples/axum.rs");
example!(events, "../examples/events.rs");
example!(hyper_server, "../examples/hyper.rs");
example!(notice, "../examples/notice.rs");
example!(swap_transport, "../examples/swap_transport.rs");

async fn serve(app: impl Fn(&Tracker) -> axum::Router) -> (Bench, Server) {
    let bench = Bench::new("consent.policy = 'notice'");
    let server = Server::axum(app(&bench.tracker)).await;
    (bench, server)
}

#[actix_web::test]
async fn actix() {
    let bench = Bench::new("");
    let app = App::new().wrap(Trackside::new(bench.tracker.clone())).configure(actix_server::site);
    let app = init_service(app).await;
    for (path, body) in [("/", "News"), ("/news/today%3Cscript%3E", "<h1>todayscript</h1>")] {
        let request = TestRequest::get().uri(path).insert_header(("host", "www.example.com"));
        let shown = call_and_read_body(&app, request.to_request()).await;
        assert!(std::str::from_utf8(&shown).unwrap().contains(body), "{shown:?}");
    }
    let hits = bench.recording.take();
    let routes: Vec<_> = hits.iter().map(|hit| hit.route()).collect();
    assert_eq!(routes, ["/", "/news/{slug}"]);
    assert_eq!(hits[1].title(), "todayscript");
}

#[tokio::test]
async fn axum() {
    let (bench, server) = serve(axum_server::app).await;
    server.get("/", &[]).await;
    let article = server.get("/news/today%3Cscript%3E", &[]).await;
    assert_eq!(article.body(), "<h1>todayscript</h1>");
    let routes: Vec<_> = bench.recording.take().iter().map(|hit| hit.route().to_owned()).collect();
    assert_eq!(routes, ["/", "/news/{slug}"]);
}

#[tokio::test]
async fn hyper() {
    let bench = Bench::new("");
    let layer = TracksideLayer::new(bench.tracker.clone());
    let server = Server::new(move |stream, _| hyper_server::serve(stream, layer.clone())).await;
    assert_eq!(server.get("/", &[]).await.body(), "<h1>Hello</h1>");
    assert_eq!(bench.recording.take()[0].ip(), "127.0.0.0".parse().ok());
}

#[tokio::test]
async fn notice_is_shown_once() {
    let (_bench, server) = serve(notice::app).await;
    let first = server.get("/", &[]).await;
    let shown = "<p role=\"status\">www.example.com uses a cookie to count visits.</p>";
    assert!(std::str::from_utf8(first.body()).unwrap().contains(shown));
    let second = server.get("/", &[("cookie", &cookie(&first).unwrap())]).await;
    assert!(!std::str::from_utf8(second.body()).unwrap().contains("<p"));
}

#[tokio::test]
async fn events_early_and_late() {
    let (bench, server) = serve(events::app).await;
    server.get("/cart", &[]).await;
    let hits = bench.recording.take();
    assert_eq!((hits[0].title(), hits[0].user_id(), hits[1].name()), ("Cart", "u-42", "view_cart"));

    server.get("/help", &[]).await;
    assert_eq!(bench.recording.take()[0].title(), "Help");

    server.send(request("POST", "/checkout", &[])).await;
    eventually("the bank's answer", || bench.recording.hits().len() == 2).await;
    let mut names: Vec<_> = bench.recording.take().iter().map(|hit| hit.name().to_owned()).collect();
    names.sort_unstable();
    assert_eq!(names, ["checkout", "purchase"]);
}

#[tokio::test]
async fn a_transport_is_swapped() {
    let hits = swap_transport::visit(&["/", "/admin/", "/pricing"]).await.unwrap();
    let paths: Vec<_> = hits.iter().map(|hit| hit.path()).collect();
    assert_eq!(paths, [&b"/"[..], b"/pricing"]);
    assert_eq!(hits[0].title(), "A page");
}
