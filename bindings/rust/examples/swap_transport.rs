//! How to test what a site reports: the same configuration, with a transport that keeps hits in memory.
//!
//! `cargo run -p trackside --features axum --example swap_transport` shows what was recorded; in a test, `println!`
//! would be `assert_eq!`. Where a test is not about counting, `mode = "off"` is enough.

use std::{error::Error, sync::Arc};

use axum::{Router, body::Body, http::Request, response::Html, routing::get};
use tower_service::Service;
use trackside::{Hit, Tracker, Visit, load, tower::TracksideLayer, transport::Recording};

const CONFIG: &str = "consent.policy = 'notice'
                      site = ['www.example.com']
                      track.ignore = ['/admin/']";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    for hit in visit(&["/", "/admin/", "/pricing"]).await? {
        println!("{} {:?} {}", hit.site(), hit.title(), String::from_utf8_lossy(hit.path()));
    }
    Ok(())
}

/// The site under test.
fn app(tracker: &Tracker) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/admin/", get(page))
        .route("/pricing", get(page))
        .layer(TracksideLayer::new(tracker.clone()))
}

async fn page(visit: Visit) -> Html<&'static str> {
    visit.title("A page");
    Html("<h1>A page</h1>")
}

/// The hits of somebody who looks at `paths`. No socket is opened, no thread started and no file written.
pub async fn visit(paths: &[&str]) -> Result<Vec<Hit>, Box<dyn Error>> {
    let recording = Arc::new(Recording::new());
    let tracker = Tracker::builder(load::toml(CONFIG)?).transport(recording.clone()).open()?;
    let mut app = app(&tracker);
    for path in paths {
        let request = Request::get(*path).header("host", "www.example.com").body(Body::empty())?;
        app.call(request).await?;
    }
    Ok(recording.take())
}
