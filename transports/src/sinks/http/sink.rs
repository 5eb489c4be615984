use std::{sync::Arc, time::Instant};

use trackside_core::{
    Reason,
    config::{Compression, Http},
    protocol::{Dated, Enriched, Outcome, Outgoing, Protocol},
};

use super::{
    compress::Gzip,
    line::{Answered, Line, NoAnswer, cause, speakable},
    progress::Reached,
};
use crate::{
    log,
    sink::{Blame, Delivery, Sink, SinkError},
};

pub(super) struct HttpSink {
    protocol: Arc<dyn Protocol>,
    line: Line,
    out: Outgoing,
    /// Where bodies are compressed.
    gzip: Option<Gzip>,
}

impl HttpSink {
    pub(super) fn open(protocol: Arc<dyn Protocol>, http: &Http) -> Result<Self, SinkError> {
        let mut out = Outgoing::new();
        protocol.encode(&[], 0, &mut out);
        speakable(&out)?;
        let line = Line::open(http)?;
        let compresses = match http.compression {
            Compression::Auto => protocol.needs().gzip,
            compression => compression == Compression::Gzip,
        };
        let gzip = compresses.then(Gzip::default);
        Ok(Self { protocol, line, out, gzip })
    }

    /// Sends `out` and reads the answer, which says what a failure may lie with.
    fn attempt(&mut self, now: u64) -> (Outcome, Option<Blame>) {
        let began = Instant::now();
        let compressed = self.gzip.as_mut().and_then(|gzip| gzip.compressed(self.out.payload()));
        match self.line.send(&self.out, compressed) {
            Ok(Answered { status, headers, broke_off }) => {
                if let Some(kind) = broke_off {
                    self.log("the answer broke off", &kind);
                }
                let came = now.saturating_add(began.elapsed().as_micros() as u64);
                let headers = Dated::new(&headers, came);
                let outcome = match self.protocol.classify(status, &headers, self.line.body()) {
                    // What is missing may be what makes a yes of it.
                    Outcome::Refused(_) if broke_off.is_some() && (200..300).contains(&status) => {
                        Outcome::Unknown
                    }
                    outcome => outcome,
                };
                let is_told = broke_off.is_none() || status >= 500;
                (outcome, is_told.then(|| Blame::of(status)))
            }
            Err(NoAnswer::Failed(error)) => {
                self.log("no answer", &cause(&error));
                let has_written = self.line.has_reached(Reached::Wrote);
                (if has_written { Outcome::Unknown } else { Outcome::Retry(None) }, None)
            }
            // Nothing that http would not send can be sent later either.
            Err(NoAnswer::Invalid) => {
                self.log("the request cannot be sent", &"not valid HTTP");
                (Outcome::Refused(Reason::Rejected), None)
            }
        }
    }

    fn log(&self, what: &str, cause: &dyn std::fmt::Display) {
        log::guarded(|| {
            tracing::debug!(target: "trackside", url = %self.out.shown_url(), %cause, "{what}");
        });
    }
}

impl Sink for HttpSink {
    fn deliver(&mut self, batch: &[Enriched<'_>], now: u64) -> Delivery {
        let taken = self.protocol.encode(batch, now, &mut self.out).clamp(1, batch.len().max(1));
        let (outcome, blame) = self.attempt(now);
        let delivery = Delivery::new(taken, outcome);
        match blame {
            Some(blame) => delivery.blaming(blame),
            None => delivery,
        }
    }
}
