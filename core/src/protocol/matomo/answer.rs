//! What Matomo answers.

use serde::Deserialize;

use super::super::{Outcome, answer};
use crate::{Headers, ledger::Reason};

pub(super) fn classify_bulk(status: u16, headers: &dyn Headers, body: &[u8]) -> Outcome {
    match (status, Counts::read(body)) {
        // Asked for by a setting of the server's, or of a proxy's.
        (204, _) => Outcome::Delivered,
        (200..=299, Some(counts)) if counts.status == "success" => counts.outcome(),
        // The database has been rolled back.
        (500, Some(counts)) if counts.status == "error" => Outcome::Retry(None),
        (200..=299, _) => Outcome::Refused(Reason::Rejected),
        _ => answer::classify(status, headers),
    }
}

pub(super) fn classify_single(status: u16, headers: &dyn Headers, body: &[u8]) -> Outcome {
    match status {
        204 => Outcome::Delivered,
        200..=299 if !body.starts_with(b"GIF8") => Outcome::Refused(Reason::Rejected),
        _ => answer::classify(status, headers),
    }
}

/// What a bulk request is answered.
#[derive(Deserialize)]
struct Counts {
    status: String,
    #[serde(default)]
    tracked: usize,
    #[serde(default)]
    invalid: usize,
}

impl Counts {
    /// PHP may have written a notice before it.
    fn read(body: &[u8]) -> Option<Self> {
        let start = memchr::memmem::find(body, b"{\"status\"")?;
        serde_json::Deserializer::from_slice(&body[start..]).into_iter().next()?.ok()
    }

    /// What it did not track is lost, whether it calls it invalid or never read it. Which of them were invalid it tells a
    /// superuser's token alone. No request is without hits.
    fn outcome(&self) -> Outcome {
        match (self.tracked, self.invalid) {
            (0, 0) => Outcome::Refused(Reason::Rejected),
            (tracked, _) => Outcome::Took(tracked, Reason::Rejected),
        }
    }
}
