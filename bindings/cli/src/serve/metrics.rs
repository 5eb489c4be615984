//! The books for Prometheus, on a listener of their own: never where the pages are.

use axum::{Router, extract::State, http::header, response::IntoResponse, routing::get};
use trackside::{Tracker, exposition::CONTENT_TYPE};

/// Answers `GET /metrics`, and nothing else.
pub(super) fn router(tracker: Tracker) -> Router {
    Router::new().route("/metrics", get(books)).with_state(tracker)
}

async fn books(State(tracker): State<Tracker>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], tracker.stats().prometheus().to_string())
}
