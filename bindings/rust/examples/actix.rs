//! An actix-web server whose pages are counted, and how it stops without losing a hit.
//!
//! `cargo run -p trackside --features actix --example actix`, then open <http://127.0.0.1:8080/>; the hits
//! are in `trackside.db`.

use std::{error::Error, time::Duration};

use actix_web::{App, HttpServer, Responder, web};
use trackside::{Tracker, Visit, actix::Trackside};

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // `Tracker::from_env` or `Tracker::from_file("trackside.toml")` where the operator is to decide.
    let tracker = Tracker::from_toml(
        "consent.policy = 'notice'
         track.ignore = ['/admin/']",
    )?;
    // Cloned for each worker.
    let trackside = Trackside::new(tracker.clone());
    let server = HttpServer::new(move || App::new().wrap(trackside.clone()).configure(site));
    println!("http://127.0.0.1:8080/");
    // Until Ctrl-C or SIGTERM, and then until what it let finish has finished.
    server.bind(("127.0.0.1", 8080))?.run().await?;

    // `close` waits for deliveries, so it has no place on a thread that runs futures.
    let closed = web::block(move || tracker.close(Duration::from_secs(5))).await??;
    println!("{} hits were not delivered", closed.left.queued + closed.left.in_flight);
    Ok(())
}

/// The site.
pub fn site(app: &mut web::ServiceConfig) {
    app.route("/", web::get().to(front)).route("/news/{slug}", web::get().to(article));
}

async fn front() -> impl Responder {
    web::Html::new("<h1>Hello</h1><a href=\"/news/today\">News</a>")
}

async fn article(visit: Visit, slug: web::Path<String>) -> impl Responder {
    let letters: String = slug.chars().filter(char::is_ascii_alphanumeric).collect();
    visit.title(letters.clone());
    web::Html::new(format!("<h1>{letters}</h1>"))
}
