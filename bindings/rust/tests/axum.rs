//! A real axum server on TCP, and what is recorded of what a client asks of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod common;

use std::net::SocketAddr;

use axum::{
    Extension, Router,
    body::Body,
    extract::{
        Path,
        ws::{Message, WebSocketUpgrade},
    },
    http::{Request, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use bytes::Bytes;
use http_body_util::{BodyExt, channel::Channel};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::{mpsc, oneshot},
};
use tower_service::Service;
use trackside::{Annotations, Event, Reason, Verdict, Visit, hit::Kind, tower::TracksideLayer};

use self::common::{Bench, NOON, Server, cookie, eventually, request};

async fn page() -> Html<&'static str> {
    Html("<h1>Hello</h1>")
}

async fn serve(bench: &Bench, app: Router) -> Server {
    Server::axum(app.layer(TracksideLayer::new(bench.tracker.clone()))).await
}

#[tokio::test]
async fn a_new_visitor_is_given_a_cookie_and_known_when_it_returns() {
    let bench = Bench::new("");
    let server = serve(&bench, Router::new().route("/", get(page))).await;

    let first = server.get("/?utm_source=mail&secret=1", &[("user-agent", "test/1")]).await;
    assert_eq!(first.body(), "<h1>Hello</h1>");
    assert_eq!(first.headers()["cache-control"], "private");
    let cookie = cookie(&first).unwrap();
    let hit = &bench.recording.take()[0];
    let id = hit.visitor().unwrap();
    assert_eq!(cookie, format!("trackside={id}.{NOON}.{NOON}.{NOON}"));
    assert!(hit.is_new());
    assert_eq!(
        (hit.site(), hit.path(), hit.query()),
        ("www.example.com", &b"/"[..], &b"utm_source=mail"[..])
    );
    assert_eq!((hit.agent(), hit.status()), (&b"test/1"[..], 200));
    assert_eq!(hit.ip(), "127.0.0.0".parse().ok(), "the peer of ConnectInfo, masked");
    assert_eq!((hit.route(), hit.is_secure()), ("/", false));

    // A minute later: known, in the same session, and no new cookie.
    bench.clock.set(NOON + 60);
    let second = server.get("/", &[("cookie", &cookie)]).await;
    assert!(!second.headers().contains_key("set-cookie") && !second.headers().contains_key("cache-control"));
    let hit = &bench.recording.take()[0];
    assert_eq!((hit.visitor(), hit.is_new(), hit.session()), (Some(id), false, Some(NOON)));

    // Two hours later: a second session, which the cookie learns of.
    let later = NOON + 7_200;
    bench.clock.set(later);
    let third = server.get("/", &[("cookie", &cookie)]).await;
    assert_eq!(common::cookie(&third).unwrap(), format!("trackside={id}.{NOON}.{later}.{later}"));
    let hit = &bench.recording.take()[0];
    assert_eq!((hit.visitor(), hit.session(), hit.first_visit()), (Some(id), Some(later), Some(NOON)));
    assert_eq!((bench.tracked(), bench.skipped()), (3, vec![]));
}

#[tokio::test]
async fn the_path_is_what_the_client_asked_for_and_the_route_what_matched() {
    let bench = Bench::new("");
    let users =
        Router::new().route("/users/{id}", get(|Path(id): Path<u32>| async move { Html(id.to_string()) }));
    let app = Router::new().nest("/api", Router::new().nest("/v1", users)).fallback(page);
    let server = serve(&bench, app).await;

    let response = server.get("/api/v1/users/7?page=2&gclid=x", &[]).await;
    assert_eq!(response.body(), "7");
    server.get("/elsewhere", &[]).await;

    let hits = bench.recording.take();
    assert_eq!((hits[0].path(), hits[0].query()), (&b"/api/v1/users/7"[..], &b"gclid=x"[..]));
    assert_eq!(hits[0].route(), "/api/v1/users/{id}");
    assert_eq!((hits[1].path(), hits[1].route()), (&b"/elsewhere"[..], ""), "a fallback has no route");
}

#[tokio::test]
async fn a_layer_on_a_nested_router_sees_the_outer_path_too() {
    let bench = Bench::new("");
    let layer = TracksideLayer::new(bench.tracker.clone());
    let inner = Router::new().route("/users/{id}", get(page)).layer(layer);
    let server = Server::axum(Router::new().route("/", get(page)).nest("/api", inner)).await;

    server.get("/", &[]).await;
    server.get("/api/users/7", &[]).await;
    let hits = bench.recording.take();
    assert_eq!(hits.len(), 1, "the layer is around /api alone");
    assert_eq!((hits[0].path(), hits[0].route()), (&b"/api/users/7"[..], "/api/users/{id}"));
}

#[tokio::test]
async fn around_the_whole_router_there_is_no_route() {
    use tower_layer::Layer;

    let bench = Bench::new("");
    let app = Router::new().nest("/api", Router::new().route("/users/{id}", get(page)));
    let wrapped = TracksideLayer::new(bench.tracker.clone()).layer(app);
    let server = Server::axum(Router::new().fallback_service(wrapped)).await;

    assert_eq!(server.get("/api/users/7", &[]).await.status(), 200);
    let hits = bench.recording.take();
    assert_eq!((hits[0].path(), hits[0].route()), (&b"/api/users/7"[..], ""));
}

#[tokio::test]
async fn two_layers_count_once() {
    let bench = Bench::new("");
    let layer = TracksideLayer::new(bench.tracker.clone());
    let inner = Router::new().route("/x", get(page)).layer(layer.clone());
    let server = Server::axum(Router::new().nest("/api", inner).layer(layer)).await;

    let response = server.get("/api/x", &[]).await;
    assert_eq!(response.headers().get_all("set-cookie").iter().count(), 1);
    assert_eq!((bench.tracked(), bench.skipped(), bench.recording.take().len()), (1, vec![], 1));
}

#[tokio::test]
async fn what_is_no_page_is_skipped_with_its_reason() {
    let bench = Bench::new("track.ignore = ['/admin/']");
    let app = Router::new()
        .route("/", get(page).post(page))
        .route("/admin/", get(page))
        .route("/style.css", get(|| async { ([(header::CONTENT_TYPE, "text/css")], "a {}") }))
        .route("/old", get(|| async { Redirect::to("/") }));
    let server = serve(&bench, app).await;

    let prefetch = [("sec-purpose", "prefetch;prerender")];
    let cases = [
        (request("POST", "/", &[]), 200, Reason::Method),
        (request("HEAD", "/", &[]), 200, Reason::Method),
        (request("GET", "/admin/", &[]), 200, Reason::Ignored),
        (request("GET", "/", &prefetch), 200, Reason::Prefetch),
        (request("GET", "/old", &[]), 303, Reason::Status),
        (request("GET", "/missing", &[]), 404, Reason::Status),
        (request("GET", "/style.css", &[]), 200, Reason::ContentType),
    ];
    for (n, (request, status, reason)) in (1..).zip(cases) {
        let asked = format!("{} {}", request.method(), request.uri());
        let count = || bench.skipped().iter().find(|(it, _)| *it == reason).map_or(0, |(_, count)| *count);
        let before = count();
        let response = server.send(request).await;
        assert_eq!(response.status(), status, "{asked}");
        assert!(!response.headers().contains_key("set-cookie"), "{asked}");
        assert!(!response.headers().contains_key("cache-control"), "{asked}");
        assert_eq!(count(), before + 1, "{asked}: {:?}", bench.skipped());
        assert_eq!(bench.tracker.stats().requests.seen(), n, "{asked}");
    }
    assert!(bench.recording.hits().is_empty());
}

#[tokio::test]
async fn a_304_is_a_seen_page_without_a_cookie() {
    let bench = Bench::new("");
    let app = Router::new().route("/", get(|| async { StatusCode::NOT_MODIFIED }));
    let server = serve(&bench, app).await;

    let known = "trackside=0191d2a0-7c1b-4e51-9d3c-2f6a8b7c5d4e.1795340000.1795348000.1795348000";
    let response = server.get("/", &[("cookie", known)]).await;
    assert!(!response.headers().contains_key("set-cookie"));
    let response = server.get("/", &[]).await;
    assert!(!response.headers().contains_key("set-cookie"));
    let hits = bench.recording.take();
    assert_eq!(hits[0].visitor(), "0191d2a0-7c1b-4e51-9d3c-2f6a8b7c5d4e".parse().ok());
    assert_eq!((hits[0].session(), hits[0].status()), (Some(1_795_348_000), 304));
    // An id that cannot be handed out is not recorded: the one of the day (a UUID of version 8) is.
    assert_eq!(hits[1].visitor().map(|visitor| visitor.get_version_num()), Some(8));
    assert_eq!(hits[1].session(), None);
}

#[tokio::test]
async fn what_the_handler_says_of_the_page_is_recorded() {
    async fn by_visit(visit: Visit) -> Html<&'static str> {
        visit.title("Cart");
        visit.user_id("u-42");
        visit.property("plan", "pro");
        visit.event(Event::new("add").value(2.0));
        Html("")
    }
    async fn by_response(visit: Visit) -> impl IntoResponse {
        visit.title("not this one");
        visit.property("from", "visit");
        let annotations = Annotations::new().title("Cart").route("/own").event(Event::new("seen"));
        (Extension(annotations), Html(""))
    }
    async fn purchase(visit: Visit) -> StatusCode {
        visit.event(Event::new("purchase").value(29.0));
        StatusCode::NO_CONTENT
    }

    let bench = Bench::new("");
    let app = Router::new()
        .route("/visit", get(by_visit))
        .route("/response", get(by_response))
        .route("/checkout", post(purchase));
    let server = serve(&bench, app).await;

    server.get("/visit", &[]).await;
    let hits = bench.recording.take();
    assert_eq!((hits[0].kind(), hits[0].title(), hits[0].user_id()), (Kind::Page, "Cart", "u-42"));
    assert_eq!(hits[0].properties().next(), Some(("plan", "pro".into())));
    assert_eq!((hits[1].kind(), hits[1].name(), hits[1].value()), (Kind::Event, "add", Some(2.0)));
    assert_eq!(hits[1].visitor(), hits[0].visitor());

    server.get("/response", &[]).await;
    let hits = bench.recording.take();
    assert_eq!((hits[0].title(), hits[0].route(), hits[1].name()), ("Cart", "/own", "seen"));
    assert_eq!(hits[0].properties().next(), Some(("from", "visit".into())), "both are merged");

    server.send(request("POST", "/checkout", &[])).await;
    let hits = bench.recording.take();
    assert_eq!(hits.len(), 1, "the POST is no page view, its event counts");
    assert_eq!((hits[0].kind(), hits[0].name(), hits[0].value()), (Kind::Event, "purchase", Some(29.0)));
    assert_eq!(bench.skipped(), [(Reason::Method, 1)]);
}

#[tokio::test]
async fn the_notice_is_shown_on_the_first_page_alone() {
    async fn page(visit: Visit) -> Html<String> {
        Html(visit.notice().map_or_else(|| "none".to_owned(), |notice| notice.html()))
    }
    let bench = Bench::new("consent = { policy = 'notice', notice = '{site} & its cookie' }");
    let server = serve(&bench, Router::new().route("/", get(page))).await;

    let first = server.get("/", &[]).await;
    assert_eq!(first.body(), "www.example.com &amp; its cookie");
    let second = server.get("/", &[("cookie", &cookie(&first).unwrap())]).await;
    assert_eq!(second.body(), "none");
}

#[tokio::test]
async fn a_visitor_outlives_its_exchange() {
    let bench = Bench::new("");
    let (sender, mut visitors) = mpsc::unbounded_channel();
    let app = Router::new().route(
        "/",
        get(move |visit: Visit| async move {
            assert!(visit.is_new());
            sender.send((visit.id(), visit.visitor().unwrap())).unwrap();
            Html("")
        }),
    );
    let server = serve(&bench, app).await;
    server.get("/", &[("user-agent", "test/1")]).await;
    let (id, visitor) = visitors.recv().await.unwrap();

    let _queued = bench.tracker.event(&visitor, &Event::new("paid"));
    let hits = bench.recording.take();
    assert_eq!((hits[1].name(), hits[1].visitor(), hits[1].agent()), ("paid", id, &b"test/1"[..]));
    assert_eq!(hits[0].visitor(), id);
    assert_eq!(hits[1].ip(), "127.0.0.0".parse().ok());
}

/// A response whose body comes out of the channel.
fn stream(content_type: &str) -> (http_body_util::channel::Sender<Bytes>, Response) {
    let (sender, body) = Channel::new(1);
    let response = Response::builder().header("content-type", content_type).body(Body::new(body)).unwrap();
    (sender, response)
}

#[tokio::test]
async fn a_stream_is_counted_at_its_head_and_passes_chunk_by_chunk() {
    let bench = Bench::new("track.count = 'api'");
    let (sender, mut senders) = mpsc::unbounded_channel();
    let app = Router::new().route(
        "/events",
        get(move |visit: Visit| async move {
            let (chunks, response) = stream("text/event-stream");
            sender.send((chunks, visit)).ok().unwrap();
            response
        }),
    );
    let server = serve(&bench, app).await;

    let mut response = server.open(request("GET", "/events", &[])).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(bench.recording.hits().len(), 1, "the head is known, no byte of the body is");
    let (mut chunks, visit) = senders.recv().await.unwrap();
    for chunk in ["data: 1\n\n", "data: 2\n\n"] {
        chunks.send_data(Bytes::from(chunk)).await.unwrap();
        let frame = response.body_mut().frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), chunk);
    }

    visit.title("too late");
    visit.event(Event::new("too late"));
    assert!(visit.visitor().is_none() && visit.notice().is_none());
    drop(chunks);
    assert!(response.body_mut().frame().await.is_none());
    assert_eq!((bench.tracked(), bench.recording.hits().len()), (1, 1));
    assert_eq!(bench.tracker.stats().requests.late, 2);
}

#[tokio::test]
async fn a_websocket_upgrade_is_skipped_and_works() {
    async fn echo(upgrade: WebSocketUpgrade) -> Response {
        upgrade.on_upgrade(|mut socket| async move {
            while let Some(Ok(Message::Text(text))) = socket.recv().await {
                socket.send(Message::Text(text)).await.unwrap();
            }
        })
    }
    let bench = Bench::new("");
    let server = serve(&bench, Router::new().route("/ws", get(echo))).await;

    let mut stream = server.connect().await;
    // The key is that of RFC 6455 §1.3, where the answer to it stands too.
    let ask = "GET /ws HTTP/1.1\r\nHost: www.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
               Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(ask.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 101 ") && head.contains("s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
    assert!(!head.contains("set-cookie"), "{head}");
    assert_eq!(bench.skipped(), [(Reason::Upgrade, 1)]);

    // "hi" as a client's frame, masked with zeros (RFC 6455 §5.2), and as a server's.
    stream.write_all(&[0x81, 0x82, 0, 0, 0, 0, b'h', b'i']).await.unwrap();
    let mut frame = [0; 4];
    stream.read_exact(&mut frame).await.unwrap();
    assert_eq!(frame, [0x81, 2, b'h', b'i']);
    assert!(bench.recording.hits().is_empty());
}

#[tokio::test]
async fn a_client_that_goes_away_has_abandoned_its_exchange() {
    let bench = Bench::new("");
    let (started, mut starts) = mpsc::unbounded_channel();
    let app = Router::new().route(
        "/",
        get(move |visit: Visit| async move {
            visit.event(Event::new("never sent"));
            started.send(visit).unwrap();
            std::future::pending::<Html<&str>>().await
        }),
    );
    let server = serve(&bench, app).await;

    let mut stream = server.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n").await.unwrap();
    let visit = starts.recv().await.unwrap();
    drop(stream);
    eventually("abandoned", || bench.skipped() == [(Reason::Abandoned, 1)]).await;

    visit.event(Event::new("too late"));
    assert_eq!(bench.tracker.stats().requests.late, 1);
    drop(visit);
    assert_eq!(bench.skipped(), [(Reason::Abandoned, 1)], "counted once");
    assert!(bench.recording.hits().is_empty());
}

#[tokio::test]
async fn a_handler_that_panics_has_abandoned_its_exchange() {
    let bench = Bench::new("");
    let app = Router::new().route(
        "/",
        get(|visit: Visit| async move {
            visit.title("a secret that a panic must not send");
            if visit.is_new() {
                panic!("on purpose");
            }
            Html("")
        }),
    );
    let server = serve(&bench, app).await;

    let mut stream = server.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n").await.unwrap();
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0, "the connection is closed without an answer");
    assert_eq!((bench.tracked(), bench.skipped()), (0, vec![(Reason::Abandoned, 1)]));
    assert!(bench.recording.hits().is_empty());
}

#[tokio::test]
async fn http_2_names_its_host_in_the_authority() {
    let bench = Bench::new("site = ['www.example.com']");
    let server = serve(&bench, Router::new().route("/page", get(page))).await;

    let ask = |uri: &str| http::Request::builder().uri(uri).body(http_body_util::Empty::new()).unwrap();
    assert_eq!(server.send_h2(ask("http://www.example.com:8080/page?ttclid=1")).await.status(), 200);
    assert_eq!(server.send_h2(ask("http://other.example.com/page")).await.status(), 200);
    let hits = bench.recording.take();
    assert_eq!(hits.len(), 1);
    assert_eq!(
        (hits[0].site(), hits[0].path(), hits[0].query()),
        ("www.example.com", &b"/page"[..], &b"ttclid=1"[..])
    );
    assert_eq!(bench.skipped(), [(Reason::UnknownSite, 1)]);
}

#[tokio::test]
async fn mode_off_counts_and_does_nothing_else() {
    let bench = Bench::new("mode = 'off'");
    let app = Router::new().route(
        "/",
        get(|visit: Visit| async move {
            visit.title("ignored");
            assert!(visit.id().is_none() && visit.notice().is_none() && visit.visitor().is_none());
            Html("<h1>Hello</h1>")
        }),
    );
    let server = serve(&bench, app).await;

    let response = server.get("/", &[]).await;
    assert_eq!((response.status().as_u16(), response.body().as_ref()), (200, &b"<h1>Hello</h1>"[..]));
    assert!(!response.headers().contains_key("set-cookie"));
    let requests = bench.tracker.stats().requests;
    assert_eq!((requests.seen(), requests.skipped, requests.late), (1, vec![(Reason::Off, 1)], 0));
    assert!(bench.recording.hits().is_empty());
}

#[tokio::test]
async fn the_beacon_is_answered_before_the_handlers_and_counts_their_shared_pages() {
    let bench = Bench::new("beacon.path = '/t/'");
    let shared = |visit: Visit| async move {
        let tag = visit.beacon().unwrap_or_default().to_owned();
        ([("cache-control", "public, max-age=60")], Html(tag))
    };
    let private = |visit: Visit| async move { Html(visit.beacon().unwrap_or_default().to_owned()) };
    let app = Router::new()
        .route("/shared", get(shared))
        .route("/private", get(private))
        .route("/", get(page))
        .route("/t/more", get(|| async { "the host's" }));
    let server = serve(&bench, app).await;

    for path in ["/shared", "/private"] {
        let response = server.get(path, &[]).await;
        let tag = String::from_utf8(response.body().to_vec()).unwrap();
        assert!(
            tag.starts_with("<script defer src=\"/t/s.js\"></script><noscript><img src=\"/t/\""),
            "{tag}"
        );
        assert!(!response.headers().contains_key("set-cookie"));
    }
    assert_eq!(server.get("/", &[]).await.status(), 200);
    assert_eq!(server.get("/t/more", &[]).await.body(), "the host's");
    let script = server.get("/t/s.js", &[]).await;
    assert_eq!(script.headers()["content-type"], "text/javascript; charset=utf-8");
    assert_eq!(script.body(), trackside::endpoint::beacon::SCRIPT);
    let own = ("sec-fetch-site", "same-origin");
    let pixel = server.get("/t/?p=/shared", &[own, ("user-agent", "a browser")]).await;
    assert_eq!((pixel.status().as_u16(), pixel.body().len()), (200, 43));
    assert!(pixel.headers().contains_key("set-cookie"));
    assert_eq!(pixel.headers()["cache-control"], "private, no-store");
    assert_eq!(server.get("/t/?p=/shared", &[]).await.status(), 403);

    let paths: Vec<_> = bench.recording.hits().iter().map(|hit| hit.path().to_vec()).collect();
    assert_eq!(paths, [&b"/"[..], b"/shared"]);
    assert_eq!(bench.recording.hits()[1].agent(), b"a browser");
    assert!(bench.recording.hits()[1].ip().is_some());
    let requests = bench.tracker.stats().requests;
    let skipped =
        [(Reason::ContentType, 1), (Reason::Beacon, 2), (Reason::Endpoint, 1), (Reason::CrossOrigin, 1)];
    assert_eq!((requests.tracked, requests.skipped), (2, skipped.to_vec()));
}

/// A cache in front has its next request on that connection under way.
#[tokio::test]
async fn a_report_whose_body_ends_late_keeps_its_connection() {
    let bench = Bench::new("beacon.path = '/t/'");
    let server = serve(&bench, Router::new()).await;
    let mut stream = server.connect().await;
    let head = "POST /t/?p=/shared HTTP/1.1\r\nHost: www.example.com\r\nSec-Fetch-Site: same-origin\r\n";
    stream.write_all(format!("{head}Transfer-Encoding: chunked\r\n\r\n").as_bytes()).await.unwrap();
    eventually("the report is counted", || bench.tracker.stats().requests.tracked == 1).await;
    stream.write_all(b"5\r\nhello\r\n0\r\n\r\n").await.unwrap();
    stream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.unwrap();
    assert_eq!(answers.matches("HTTP/1.1 204").count(), 2, "{answers}");
}

/// A body is read so far as an honest client would send one, and no further.
#[tokio::test]
async fn a_report_with_an_endless_body_is_answered() {
    let bench = Bench::new("beacon.path = '/t/'");
    let server = serve(&bench, Router::new()).await;
    let mut stream = server.connect().await;
    let head = "POST /t/?p=/shared HTTP/1.1\r\nHost: www.example.com\r\nSec-Fetch-Site: same-origin\r\n";
    stream.write_all(format!("{head}Content-Length: 1000000\r\n\r\n").as_bytes()).await.unwrap();
    stream.write_all(&[b'x'; 100_000]).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 204");
}

#[tokio::test]
async fn the_verdict_is_shown_to_who_asks() {
    for (toml, path, shown) in [
        ("", "/", "tracked"),
        ("track.ignore = ['/']", "/", "skipped(ignored)"),
        ("", "/none", "skipped(status)"),
        ("mode = 'off'", "/", "skipped(off)"),
        ("beacon.path = '/t/'", "/t/s.js", "skipped(endpoint)"),
    ] {
        let bench = Bench::new(toml);
        let app = Router::new().route("/", get(|| async { Html("<h1>Hello</h1>") }));
        let ask = || Request::get(path).header("host", "www.example.com").body(Body::empty()).unwrap();
        let layer = TracksideLayer::new(bench.tracker.clone());
        let response = app.clone().layer(layer.clone().with_verdict()).call(ask()).await.unwrap();
        assert_eq!(response.extensions().get::<Verdict>().unwrap().to_string(), shown);
        let response = app.layer(layer).call(ask()).await.unwrap();
        assert!(response.extensions().get::<Verdict>().is_none());
    }
}

#[tokio::test]
async fn a_handler_works_without_the_layer() {
    let app = Router::new().route(
        "/",
        get(|visit: Visit| async move {
            visit.title("nobody listens");
            Html(format!("{:?}", visit.id()))
        }),
    );
    let server = Server::axum(app).await;
    assert_eq!(server.get("/", &[]).await.body(), "None");
}

#[tokio::test]
async fn shutdown_is_graceful() {
    let bench = Bench::new("");
    let app = Router::new().route("/", get(page)).layer(TracksideLayer::new(bench.tracker.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    let server = tokio::spawn(async {
        axum::serve(listener, service)
            .with_graceful_shutdown(async { stopped.await.unwrap() })
            .await
            .unwrap();
    });
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("<h1>Hello</h1>"), "{answer}");

    stop.send(()).unwrap();
    server.await.unwrap();
    let tracker = bench.tracker.clone();
    let left = tokio::task::spawn_blocking(move || tracker.close(std::time::Duration::from_secs(5)));
    assert!(left.await.unwrap().unwrap().is_empty());
    assert_eq!(bench.recording.hits().len(), 1);
}
