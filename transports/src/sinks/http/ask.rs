//! One question to a receiver, outside any pool.

use std::time::{Duration, Instant};

use http::HeaderMap;
use trackside_core::{
    config::Http,
    protocol::{Outgoing, check::Finding},
};

use super::{
    fault::Way,
    first,
    line::{Answered, Line, speakable},
};

/// What was answered.
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Sends `out` as `http` says, and reads the answer, before `until`.
///
/// # Errors
///
/// What is wrong on the way.
pub(crate) fn ask(out: &Outgoing, http: &Http, until: Instant) -> Result<Told, Finding> {
    let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    let mut http = http.clone();
    http.timeout = http.timeout.min(left);
    let wrong = |why: crate::sink::SinkError| {
        Finding::wrong(why.to_string(), "compare the destination's keys with the reference")
    };
    speakable(out).map_err(wrong)?;
    first::make();
    let mut line = Line::open(&http).map_err(wrong)?;
    let way = Way::new(out.url(), &http);
    match line.send(out, None) {
        Ok(Answered { broke_off: Some(kind), .. }) => Err(way.no_end(kind)),
        Ok(Answered { status, headers, .. }) => Ok(Told { status, headers, body: line.body().to_vec() }),
        Err(no_answer) => Err(way.fault(&line, &no_answer)),
    }
}
