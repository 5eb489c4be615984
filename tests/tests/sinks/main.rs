//! What every sink must do, and what each of them does beyond that.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod callback;
mod contract;
mod file;
mod http;
mod keep;
mod outage;
mod reach;
mod sqlite;

use std::time::Duration;

use trackside_core::{Hit, protocol::Enriched};
use trackside_transports::sink::{Delivery, Sink};

/// How long a test waits for what must happen.
const LIMIT: Duration = Duration::from_secs(30);

fn deliver(sink: &mut dyn Sink, hits: &[Hit]) -> Delivery {
    let batch: Vec<_> = hits.iter().map(Enriched::new).collect();
    sink.deliver(&batch, trackside_tests::hits::NOW)
}
