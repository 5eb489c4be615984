//! What counts, and what is skipped: for which reason, and with nothing added to the answer.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Body,
    extract::{
        Path,
        ws::{Message, WebSocketUpgrade},
    },
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use bytes::Bytes;
use http::{StatusCode, header};
use http_body_util::channel::{Channel, Sender};
use tower_http::services::ServeDir;
use trackside::{Event, Reason, Visit};
use trackside_tests::folder::Folder;

use crate::kit::{Site, pages, rows, sqlite};

#[test]
fn what_is_no_page_view_is_skipped_with_its_reason() {
    let folder = Folder::new().unwrap();
    let store = folder.join("trackside.db");
    let files = folder.join("files");
    fs::create_dir(&files).unwrap();
    fs::write(files.join("style.css"), "p {}").unwrap();
    let app = pages()
        .route("/admin/", get(|| async { Html("<p>admin</p>") }))
        .route("/form", post(|| async { Html("<p>thanks</p>") }))
        .route("/old", get(|| async { Redirect::to("/page/7") }))
        .route("/broken", get(|| async { (StatusCode::INTERNAL_SERVER_ERROR, Html("<p>oh</p>")) }))
        .nest_service("/files", ServeDir::new(files));
    let site = Site::open(&format!("track.ignore = ['/admin/']\n{}", sqlite(&store)), app);
    let browser = site.browser();

    type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], u16, &'a str, Reason);
    let cases: &[Case<'_>] = &[
        ("GET", "/admin/", &[], 200, "<p>admin</p>", Reason::Ignored),
        ("GET", "/%61dmin/", &[], 404, "", Reason::Ignored),
        ("GET", "/nowhere", &[], 404, "", Reason::Status),
        ("GET", "/broken", &[], 500, "<p>oh</p>", Reason::Status),
        ("GET", "/old", &[], 303, "", Reason::Status),
        ("HEAD", "/page/1", &[], 200, "", Reason::Method),
        ("POST", "/form", &[], 200, "<p>thanks</p>", Reason::Method),
        ("GET", "/page/1", &[("sec-purpose", "prefetch;prerender")], 200, "<p>1</p>", Reason::Prefetch),
        ("GET", "/page/1", &[("purpose", "prefetch")], 200, "<p>1</p>", Reason::Prefetch),
        ("GET", "/page/1", &[("x-moz", "prefetch")], 200, "<p>1</p>", Reason::Prefetch),
        ("GET", "/files/style.css", &[], 200, "p {}", Reason::ContentType),
    ];
    for &(method, path, headers, status, body, reason) in cases {
        let count = || {
            let skipped = site.tracker.stats().requests.skipped;
            skipped.iter().find(|(it, _)| *it == reason).map_or(0, |(_, n)| *n)
        };
        let before = count();
        let page = browser.send(method, path, headers);
        assert_eq!((page.status(), page.text().as_str()), (status, body), "{method} {path}");
        assert!(page.is_untouched(), "{method} {path}");
        assert_eq!(count(), before + 1, "{method} {path} {headers:?}: {:?}", site.tracker.stats());
    }
    let stats = site.settled();
    assert_eq!((stats.requests.tracked, stats.requests.seen()), (0, cases.len() as u64));
    assert_eq!(stats.destinations[0].offered, 0);
    assert!(rows(&store).is_empty());
}

#[test]
fn a_redirect_is_skipped_and_its_target_counts() {
    let folder = Folder::new().unwrap();
    let store = folder.join("trackside.db");
    let site = Site::open(&sqlite(&store), pages().route("/old", get(|| async { Redirect::to("/page/7") })));
    let browser = site.browser();

    let redirect = browser.get("/old");
    assert_eq!(browser.get(redirect.header("location").unwrap()).text(), "<p>7</p>");
    let stats = site.settled();
    assert_eq!((stats.requests.tracked, stats.requests.skipped), (1, vec![(Reason::Status, 1)]));
    let [row] = rows(&store).try_into().unwrap();
    assert_eq!(row.path, "/page/7");
}

#[test]
fn a_head_that_is_to_count_has_no_cookie() {
    let folder = Folder::new().unwrap();
    let store = folder.join("trackside.db");
    let site = Site::open(&format!("track.methods = ['GET', 'HEAD']\n{}", sqlite(&store)), pages());
    let browser = site.browser();

    // New: an id that cannot be handed out is not recorded, but that of the day (a UUID of version 8).
    assert!(browser.send("HEAD", "/page/1", &[]).is_untouched());
    browser.get("/page/2");
    assert!(browser.send("HEAD", "/page/3", &[]).is_untouched());
    assert_eq!(site.settled().requests.tracked, 3);
    let mut rows = rows(&store);
    rows.sort_by(|a, b| a.path.cmp(&b.path));
    let visitors: Vec<_> = rows.iter().map(|row| row.visitor).collect();
    let versions = visitors.iter().map(|visitor| visitor.map(|id| id.get_version_num()));
    assert_eq!(versions.collect::<Vec<_>>(), [Some(8), Some(4), Some(4)]);
    assert_eq!(visitors[1], visitors[2]);
}

#[test]
fn of_static_files_the_pages_count() {
    let folder = Folder::new().unwrap();
    let store = folder.join("trackside.db");
    let files = folder.join("files");
    fs::create_dir(&files).unwrap();
    fs::write(files.join("about.html"), "<p>about</p>").unwrap();
    fs::write(files.join("logo.svg"), "<svg/>").unwrap();
    let site = Site::open(&sqlite(&store), Router::new().fallback_service(ServeDir::new(files)));
    let browser = site.browser();

    assert_eq!(browser.get("/about.html").text(), "<p>about</p>");
    assert!(browser.get("/logo.svg").is_untouched());
    assert_eq!(browser.get("/none.html").status(), 404);
    let stats = site.settled();
    assert_eq!(stats.requests.skipped, [(Reason::Status, 1), (Reason::ContentType, 1)]);
    let [row] = rows(&store).try_into().unwrap();
    assert_eq!((row.path.as_str(), row.visitor.is_some()), ("/about.html", true));
}

/// A body of this type, and the end to write it by.
fn streamed(content_type: &'static str) -> (Router, Arc<Mutex<Option<Sender<Bytes>>>>) {
    let writer = Arc::new(Mutex::new(None));
    let kept = Arc::clone(&writer);
    let app = Router::new().route(
        "/stream",
        get(move || async move {
            let (sender, body) = Channel::<Bytes>::new(1);
            *kept.lock().unwrap() = Some(sender);
            ([(header::CONTENT_TYPE, content_type)], Body::new(body))
        }),
    );
    (app, writer)
}

/// Writes `chunk`, and reads it at the other end.
fn pass_on(writer: &mut Sender<Bytes>, chunk: &'static str, reader: &mut impl Read) {
    writer.try_send(http_body::Frame::data(Bytes::from_static(chunk.as_bytes()))).unwrap();
    let mut read = vec![0; chunk.len()];
    reader.read_exact(&mut read).unwrap();
    assert_eq!(read, chunk.as_bytes());
}

#[test]
fn a_streamed_page_is_stored_once_while_it_is_still_being_sent() {
    let folder = Folder::new().unwrap();
    let store = folder.join("trackside.db");
    let (app, writer) = streamed("text/html; charset=utf-8");
    let site = Site::open(&sqlite(&store), app);
    let browser = site.browser();

    let mut response = browser.open("GET", "/stream", &[]).unwrap();
    assert_eq!(response.headers()[header::TRANSFER_ENCODING], "chunked");
    let mut reader = response.body_mut().as_reader();
    let mut writer = writer.lock().unwrap().take().unwrap();
    pass_on(&mut writer, "<p>one</p>", &mut reader);
    // Nothing of the page is held back, and its hit does not wait for the end.
    assert_eq!(site.settled().requests.tracked, 1);
    assert_eq!(rows(&store).len(), 1);
    pass_on(&mut writer, "<p>two</p>", &mut reader);
    drop(writer);
    assert_eq!(reader.read(&mut [0; 8]).unwrap(), 0);
    assert_eq!(site.settled().requests.tracked, 1);
    let [row] = rows(&store).try_into().unwrap();
    assert_eq!((row.path.as_str(), row.status), ("/stream", Some(200)));
}

#[test]
fn server_sent_events_are_no_page() {
    let folder = Folder::new().unwrap();
    let store = folder.join("trackside.db");
    let (app, writer) = streamed("text/event-stream");
    let site = Site::open(&sqlite(&store), app);
    let browser = site.browser();

    let mut response = browser.open("GET", "/stream", &[]).unwrap();
    let mut reader = response.body_mut().as_reader();
    let mut writer = writer.lock().unwrap().take().unwrap();
    pass_on(&mut writer, "data: 1\n\n", &mut reader);
    assert_eq!(site.balanced().requests.skipped, [(Reason::ContentType, 1)]);
    pass_on(&mut writer, "data: 2\n\n", &mut reader);
    drop(writer);
    assert_eq!(reader.read(&mut [0; 8]).unwrap(), 0);
    assert_eq!(site.settled().requests.skipped, [(Reason::ContentType, 1)]);
    assert!(rows(&store).is_empty());
}

#[test]
fn a_websocket_is_upgraded_and_skipped() {
    async fn echo(upgrade: WebSocketUpgrade) -> Response {
        upgrade.on_upgrade(|mut socket| async move {
            while let Some(Ok(Message::Text(text))) = socket.recv().await {
                socket.send(Message::Text(text)).await.unwrap();
            }
        })
    }
    let folder = Folder::new().unwrap();
    let store = folder.join("trackside.db");
    let site = Site::open(&sqlite(&store), Router::new().route("/socket", get(echo)));

    site.asked_once_more();
    let mut stream = TcpStream::connect(site.address).unwrap();
    // The example of RFC 6455 §1.3.
    write!(
        stream,
        "GET /socket HTTP/1.1\r\nHost: {}\r\nAccept: text/html\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        site.address
    )
    .unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 101 ") && head.contains("s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
    assert!(!head.contains("set-cookie") && !head.contains("cache-control"), "{head}");
    // "hi", masked with zeros, and as it comes back (RFC 6455 §5.2).
    stream.write_all(&[0x81, 0x82, 0, 0, 0, 0, b'h', b'i']).unwrap();
    let mut frame = [0; 4];
    stream.read_exact(&mut frame).unwrap();
    assert_eq!(frame, [0x81, 2, b'h', b'i']);

    assert_eq!(site.settled().requests.skipped, [(Reason::Upgrade, 1)]);
    assert!(rows(&store).is_empty());
}

#[test]
fn a_nested_router_does_not_hide_the_path_that_was_asked_for() {
    async fn user(visit: Visit, Path(id): Path<u32>) -> impl IntoResponse {
        visit.title("A user");
        Html(id.to_string())
    }
    let folder = Folder::new().unwrap();
    let store = folder.join("trackside.db");
    let users = Router::new().route("/users/{id}", get(user));
    let app = pages().nest("/app", Router::new().nest("/v1", users));
    let site = Site::open(&format!("track.ignore = ['/users/', '/app/v1/users/9']\n{}", sqlite(&store)), app);
    let browser = site.browser();

    assert_eq!(browser.get("/app/v1/users/7").text(), "7");
    assert_eq!(browser.get("/app/v1/users/9").text(), "9");
    assert_eq!(site.settled().requests.skipped, [(Reason::Ignored, 1)]);
    let [row] = rows(&store).try_into().unwrap();
    assert_eq!((row.path.as_str(), row.route.as_deref()), ("/app/v1/users/7", Some("/app/v1/users/{id}")));
    assert_eq!(row.title.as_deref(), Some("A user"));
}

#[test]
fn a_layer_inside_a_nested_router_counts_what_is_inside_by_its_whole_path() {
    let folder = Folder::new().unwrap();
    let store = folder.join("trackside.db");
    let toml = format!("track.only = ['/app/']\n{}", sqlite(&store));
    let site = Site::open_layered(&toml, |layer| pages().nest("/app", pages().layer(layer)));
    let browser = site.browser();

    assert_eq!(browser.get("/app/page/2").text(), "<p>2</p>");
    assert_eq!(site.settled().requests.tracked, 1);
    let [row] = rows(&store).try_into().unwrap();
    assert_eq!((row.path.as_str(), row.route.as_deref()), ("/app/page/2", Some("/app/page/{n}")));
}

#[test]
fn an_event_of_a_request_that_is_no_page_is_stored() {
    async fn buy(visit: Visit) -> StatusCode {
        visit.event(Event::new("purchase").value(29.0));
        StatusCode::NO_CONTENT
    }
    let folder = Folder::new().unwrap();
    let store = folder.join("trackside.db");
    let site = Site::open(&sqlite(&store), pages().route("/checkout", post(buy)));
    let browser = site.browser();

    browser.get("/");
    assert_eq!(browser.send("POST", "/checkout", &[]).status(), 204);
    let stats = site.settled();
    assert_eq!((stats.requests.tracked, stats.requests.skipped), (1, vec![(Reason::Method, 1)]));
    assert_eq!((stats.destinations[0].offered, stats.destinations[0].delivered), (2, 2));
    let (events, pages): (Vec<_>, Vec<_>) = rows(&store).into_iter().partition(|row| row.kind == "event");
    assert_eq!((events.len(), pages.len()), (1, 1));
    assert_eq!((events[0].name.as_deref(), events[0].value), (Some("purchase"), Some(29.0)));
    assert_eq!(events[0].path, "/checkout");
    assert_eq!(events[0].visitor, pages[0].visitor);
}
