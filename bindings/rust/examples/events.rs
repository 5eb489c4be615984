//! What a handler says of its page, events, and events that are raised when the page is long out.
//!
//! `cargo run -p trackside --features axum --example events`.

use std::{error::Error, net::SocketAddr};

use axum::{
    Extension, Router,
    extract::State,
    http::StatusCode,
    response::{Html, IntoResponse},
    routing::{get, post},
};
use trackside::{Annotations, Event, Tracker, Visit, tower::TracksideLayer, transport::Submitted};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let tracker = Tracker::from_toml("consent.policy = 'notice'")?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    println!("http://{}/", listener.local_addr()?);
    let service = app(&tracker).into_make_service_with_connect_info::<SocketAddr>();
    // After Ctrl-C the tracker's last clone goes, which delivers what is left; `axum.rs` closes it by hand.
    axum::serve(listener, service).with_graceful_shutdown(ctrl_c()).await?;
    Ok(())
}

/// The site.
pub fn app(tracker: &Tracker) -> Router {
    Router::new()
        .route("/cart", get(cart))
        .route("/help", get(help))
        .route("/checkout", post(checkout))
        .layer(TracksideLayer::new(tracker.clone()))
        .with_state(tracker.clone())
}

/// By the visit, which a handler takes as an argument.
async fn cart(visit: Visit) -> Html<&'static str> {
    visit.title("Cart");
    visit.user_id("u-42");
    visit.property("plan", "pro");
    visit.event(Event::new("view_cart").value(29.0));
    Html("<h1>Cart</h1>")
}

/// By an extension of the response, for code that never sees the request.
async fn help() -> impl IntoResponse {
    (Extension(Annotations::new().title("Help")), Html("<h1>Help</h1>"))
}

/// A POST is no page view, but its events count. What happens later needs a snapshot of the visitor.
async fn checkout(State(tracker): State<Tracker>, visit: Visit) -> StatusCode {
    visit.event(Event::new("checkout").category("shop").value(29.0));
    if let Some(visitor) = visit.visitor() {
        tokio::spawn(async move {
            // The bank has answered.
            let paid = Event::new("purchase").value(29.0).property("gift", false);
            if let Submitted::Dropped(reason) = tracker.event(&visitor, &paid) {
                eprintln!("the purchase was not counted: {reason}");
            }
        });
    }
    StatusCode::ACCEPTED
}

async fn ctrl_c() {
    if let Err(error) = tokio::signal::ctrl_c().await {
        eprintln!("Ctrl-C cannot be listened to: {error}");
    }
}
