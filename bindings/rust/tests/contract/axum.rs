//! A site of axum's, with the tower layer.

use std::{convert::Infallible, future::pending, sync::mpsc};

use axum::{
    Router,
    body::{Body, Bytes},
    http::StatusCode,
    response::{Html, IntoResponse, Response},
    routing::get,
};
use trackside::{
    Event, Visit,
    consent::{Choice, Consent},
    tower::TracksideLayer,
};

use super::{CONFIG, run};
use crate::common::{Bench, Server};

fn html(body: impl Into<Body>) -> Response {
    ([("content-type", "text/html")], body.into()).into_response()
}

async fn breaks() -> Response {
    panic!("on purpose")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_of_axum_s_keeps_the_contract() {
    let bench = Bench::new(CONFIG);
    let (reached, waiting) = mpsc::channel();
    let shop = Router::new().route("/items/{id}", get(|| async { Html("") }));
    let app = Router::new()
        .route("/", get(|| async { Html("") }))
        .route("/unchanged", get(|| async { StatusCode::NOT_MODIFIED }))
        .route("/redirect", get(|| async { (StatusCode::FOUND, [("location", "/")]) }))
        .route("/data", get(|| async { ([("content-type", "application/json")], "1") }))
        .route("/admin/", get(|| async { Html("") }))
        .route("/fails", get(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
        .route(
            "/stream",
            get(|| async {
                let pieces = ["one", "two", "three"].map(|piece| Ok::<_, Infallible>(Bytes::from(piece)));
                html(Body::from_stream(tokio_stream::iter(pieces)))
            }),
        )
        .route(
            "/said",
            get(|visit: Visit| async move {
                visit.title("Said");
                visit.user_id("u-42");
                visit.event(Event::new("add"));
                html("")
            }),
        )
        .route(
            "/notice",
            get(|visit: Visit| async move {
                html(visit.notice().map_or_else(String::new, |notice| notice.text().to_owned()))
            }),
        )
        .route(
            "/refused",
            get(|visit: Visit| async move {
                visit.set_consent(Consent::new(Choice::Denied, Choice::Unknown));
                html("")
            }),
        )
        .route("/breaks", get(breaks))
        .route(
            "/waits",
            get(move || async move {
                reached.send(()).unwrap();
                pending::<Response>().await
            }),
        )
        .nest("/shop", shop)
        .layer(TracksideLayer::new(bench.tracker.clone()));
    let server = Server::axum(app).await;
    let address = server.address;
    tokio::task::spawn_blocking(move || run(&bench, address, &waiting)).await.unwrap();
}
