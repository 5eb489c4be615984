//! A middleware for [actix-web](https://docs.rs/actix-web), whose HTTP stack is its own.
//!
//! ```no_run
//! use actix_web::{App, HttpServer, Responder, web};
//! use trackside::{Tracker, Visit, actix::Trackside};
//!
//! async fn page(visit: Visit) -> impl Responder {
//!     visit.title("Welcome");
//!     web::Html::new("<h1>Hello</h1>")
//! }
//!
//! #[actix_web::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let tracker = Tracker::from_toml("consent.policy = 'notice'")?;
//!     let trackside = Trackside::new(tracker.clone());
//!     HttpServer::new(move || App::new().wrap(trackside.clone()).route("/", web::get().to(page)))
//!     .bind(("127.0.0.1", 8080))?
//!     .run()
//!     .await?;
//!     // The server has ended, by a signal for instance, and what it let finish has finished.
//!     web::block(move || tracker.close(std::time::Duration::from_secs(5))).await??;
//!     Ok(())
//! }
//! ```
//!
//! It does what the [tower layer](crate::tower) does. Bodies pass through untouched; an exchange is judged when the
//! response's head is known, so a stream is counted once and at its beginning. Give it to [`App::wrap`] last, so that
//! it stands furthest out and its headers are the last word; scopes and resources can be wrapped, too.
//!
//! | | from |
//! | --- | --- |
//! | peer | the connection: [`ServiceRequest::peer_addr`]; none for a unix socket |
//! | https | whether the server ends TLS itself (`AppConfig::secure`), or the extension [`Secure`](crate::Secure); behind a proxy `[proxy]` of the configuration |
//! | target | the request's URI, which scopes do not change |
//! | route | [`match_pattern`], such as `/user/{id}` |
//!
//! Handlers take [`Visit`](crate::Visit) as an argument; a response may carry
//! [`Annotations`](crate::Annotations) in its extensions, which have the last word.
//!
//! A request that already has a [`Visit`](crate::Visit) passes through: the outermost middleware counts it. So a scope
//! inside that has a tracker of its own counts nothing, of which it warns once; wrap the scopes beside each other.
//!
//! An error that a handler returns is a response like any other. One that a middleware further in returns is judged
//! by the status that it stands for.
//!
//! [`App::wrap`]: actix_web::App::wrap
//! [`ServiceRequest::peer_addr`]: actix_web::dev::ServiceRequest::peer_addr
//! [`match_pattern`]: actix_web::HttpRequest::match_pattern

mod extract;
mod headers;
mod host;
mod middleware;

pub use self::middleware::{Trackside, TracksideMiddleware};
