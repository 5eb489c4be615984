//! What goes over the wire: lines, the number of the attempt and then one hit a line.

use std::{fmt, io::Write, sync::Arc};

use trackside_core::{
    Config, Headers, Hit, Reason,
    protocol::{self, Enriched, Needs, Outcome, Outgoing, Protocol},
};

use crate::hits::number;

/// Knows of each attempt before it is made.
pub(crate) trait Attempts: fmt::Debug + Send + Sync + 'static {
    /// The number of an attempt at these hits, which no other has.
    fn begin(&self, hits: &[u64]) -> u64;
}

/// It reads answers as a receiver on the network does.
#[derive(Debug)]
pub(crate) struct Wire {
    url: String,
    needs: Needs,
    answers: Arc<dyn Protocol>,
    attempts: Arc<dyn Attempts>,
}

impl Wire {
    pub(crate) fn new(url: &str, needs: Needs, attempts: Arc<dyn Attempts>) -> Self {
        let toml = format!(
            "consent.policy = 'none'\n[[destination]]\ntype = 'ga-v1'\ntracking_id = 'UA-1-1'\nurl = '{url}'"
        );
        let config = Config::builder().toml(&toml).build().unwrap();
        let answers = protocol::of(&config.destinations()[0].receiver).unwrap();
        Self { url: url.to_owned(), needs, answers, attempts }
    }
}

impl Protocol for Wire {
    fn needs(&self) -> Needs {
        self.needs
    }

    fn admit(&self, _: &Hit) -> Result<(), Reason> {
        Ok(())
    }

    fn group(&self, _: &Hit) -> u64 {
        0
    }

    fn encode(&self, batch: &[Enriched<'_>], _: u64, out: &mut Outgoing) -> usize {
        out.start("POST", &self.url);
        let taken = &batch[..batch.len().min(self.needs.batch)];
        let numbers: Vec<_> = taken.iter().map(|enriched| number(enriched.hit)).collect();
        writeln!(out.body(), "{}", self.attempts.begin(&numbers)).unwrap();
        for (number, enriched) in numbers.iter().zip(taken) {
            writeln!(out.body(), "{number} {}", enriched.hit.path().escape_ascii()).unwrap();
        }
        taken.len()
    }

    fn classify(&self, status: u16, headers: &dyn Headers, body: &[u8]) -> Outcome {
        assert!(body.len() <= 64 << 10, "an answer of {} bytes", body.len());
        self.answers.classify(status, headers, body)
    }
}
