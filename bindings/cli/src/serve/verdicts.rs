//! One line for each request: what it was and what became of it.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use trackside::{Reason, Verdict};

use crate::{
    escape::{escape, shorten},
    printer::Printer,
};

/// How many characters of a method and of a path are shown.
const METHOD: usize = 20;
const PATH: usize = 200;

/// Prints the line of a request whose response's head is known.
pub(super) async fn print(State(printer): State<Printer>, request: Request, next: Next) -> Response {
    let mut line = Line {
        method: shorten(escape(request.method().as_str().as_bytes()), METHOD),
        path: shorten(escape(request.uri().path().as_bytes()), PATH),
        status: None,
        verdict: Verdict::skip(Reason::Abandoned),
        printer,
    };
    let response = next.run(request).await;
    line.status = Some(response.status().as_u16());
    if let Some(verdict) = response.extensions().get::<Verdict>() {
        line.verdict = verdict.clone();
    }
    response
}

/// Is printed when it is dropped: a request that is no longer waited for has its line too.
struct Line {
    method: String,
    path: String,
    status: Option<u16>,
    verdict: Verdict,
    printer: Printer,
}

impl Drop for Line {
    fn drop(&mut self) {
        let Self { method, path, status, verdict, printer } = self;
        let time = time_of_day();
        let status = status.map_or("-".to_owned(), |status| status.to_string());
        printer.line(format!("{time} {method} {path} {status} {verdict}"));
    }
}

/// Hours, minutes and seconds in UTC.
fn time_of_day() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    format!("{:02}:{:02}:{:02}Z", now / 3_600 % 24, now / 60 % 60, now % 60)
}
