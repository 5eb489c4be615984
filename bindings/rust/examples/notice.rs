//! A page that tells its visitors of the cookie, once.
//!
//! With `consent.policy = "notice"` trackside says when the notice is due and what it says; showing it is
//! the site's job. `cargo run -p trackside --features axum --example notice`.

use std::{error::Error, net::SocketAddr};

use axum::{Router, response::Html, routing::get};
use trackside::{Tracker, Visit, tower::TracksideLayer};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let tracker = Tracker::from_toml(
        "[consent]
         policy = 'notice'
         notice = '{site} uses a cookie to count visits.'",
    )?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    println!("http://{}/", listener.local_addr()?);
    let service = app(&tracker).into_make_service_with_connect_info::<SocketAddr>();
    // After Ctrl-C the tracker's last clone goes, which delivers what is left; `axum.rs` closes it by hand.
    axum::serve(listener, service).with_graceful_shutdown(ctrl_c()).await?;
    Ok(())
}

/// The site.
pub fn app(tracker: &Tracker) -> Router {
    Router::new().route("/", get(home)).layer(TracksideLayer::new(tracker.clone()))
}

async fn home(visit: Visit) -> Html<String> {
    let notice = match visit.notice() {
        // `html` is escaped: the site's name comes from the request. `text` is for plain text.
        Some(notice) => format!("<p role=\"status\">{}</p>", notice.html()),
        None => String::new(),
    };
    Html(format!("<!doctype html><title>Home</title>{notice}<h1>Hello</h1>"))
}

async fn ctrl_c() {
    if let Err(error) = tokio::signal::ctrl_c().await {
        eprintln!("Ctrl-C cannot be listened to: {error}");
    }
}
