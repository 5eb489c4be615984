//! An axum server whose pages are counted, and how it stops without losing a hit.
//!
//! `cargo run -p trackside --features axum --example axum`, then open <http://127.0.0.1:8080/>; the hits
//! are in `trackside.db`.

use std::{error::Error, net::SocketAddr, time::Duration};

use axum::{Router, extract::Path, response::Html, routing::get};
use trackside::{Tracker, tower::TracksideLayer};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // `Tracker::from_env` or `Tracker::from_file("trackside.toml")` where the operator is to decide.
    let tracker = Tracker::from_toml(
        "consent.policy = 'notice'
         track.ignore = ['/admin/']",
    )?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    println!("http://{}/", listener.local_addr()?);
    // With the peer's address: without it, hits have none.
    let service = app(&tracker).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(ctrl_c()).await?;

    // `close` waits for deliveries, so it has no place on a thread that runs futures.
    let closed = tokio::task::spawn_blocking(move || tracker.close(Duration::from_secs(5))).await??;
    println!("{} hits were not delivered", closed.left.queued + closed.left.in_flight);
    Ok(())
}

/// The site.
pub fn app(tracker: &Tracker) -> Router {
    let articles = Router::new().route("/{slug}", get(article));
    Router::new()
        .route("/", get(|| async { Html("<h1>Hello</h1><a href=\"/news/today\">News</a>") }))
        .nest("/news", articles)
        // After the routes: from here it sees which of them matched.
        .layer(TracksideLayer::new(tracker.clone()))
}

async fn article(Path(slug): Path<String>) -> Html<String> {
    let letters: String = slug.chars().filter(char::is_ascii_alphanumeric).collect();
    Html(format!("<h1>{letters}</h1>"))
}

async fn ctrl_c() {
    if let Err(error) = tokio::signal::ctrl_c().await {
        eprintln!("Ctrl-C cannot be listened to: {error}");
    }
}
