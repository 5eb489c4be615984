//! Hits with a number each, which is in their path.

use std::{
    process, str,
    sync::atomic::{AtomicU64, Ordering::SeqCst},
};

use trackside_core::{
    Annotations, Config, Event, Hit, Moment, Request, Response, config::Destination, judge,
};

/// Makes hits, no two of one number or one id.
#[derive(Debug)]
pub(crate) struct Maker {
    config: Config,
    next: AtomicU64,
}

impl Maker {
    pub(crate) fn new() -> Self {
        Self::from(0)
    }

    /// Its first hit has the number `first`.
    pub(crate) fn from(first: u64) -> Self {
        let toml = "consent.policy = 'none'\nprivacy.path = 'full'";
        let config = Config::builder().toml(toml).build().unwrap();
        Self { config, next: AtomicU64::new(first) }
    }

    /// The defaults of a destination.
    pub(crate) fn destination(&self) -> &Destination {
        &self.config.destinations()[0]
    }

    /// A page view at the time `micros`, `more` bytes larger than the smallest.
    pub(crate) fn page(&self, micros: u64, more: usize) -> Hit {
        self.make(micros, more, None)
    }

    /// An event called `name`.
    pub(crate) fn event(&self, micros: u64, name: &str) -> Hit {
        self.make(micros, 0, Some(name))
    }

    /// The path of a page with the next number.
    pub(crate) fn path(&self, more: usize) -> String {
        format!("/{}/{}", self.next.fetch_add(1, SeqCst), "x".repeat(more))
    }

    fn make(&self, micros: u64, more: usize, event: Option<&str>) -> Hit {
        static DRAWN: AtomicU64 = AtomicU64::new(0);
        let mut entropy = [0; 64];
        let own = u64::from(process::id()) << 32;
        // Every id is drawn from a block of its own.
        for (place, block) in (0..).zip(entropy.chunks_exact_mut(16)) {
            block[..8].copy_from_slice(&(own + DRAWN.fetch_add(1, SeqCst)).to_be_bytes());
            block[8] = place;
        }
        let path = self.path(more);
        let headers = [("host", "www.example.com"), ("accept", "text/html")];
        let request = Request::new("GET", &path, &headers);
        let exchange = judge::begin(&self.config, &request, Moment::new(micros, entropy), None);
        let headers = [("content-type", "text/html")];
        let response = Response::new(200, &headers);
        let mut annotations = Annotations::new();
        if let Some(name) = event {
            annotations.add_event(Event::new(name));
        }
        let mut hits = Vec::new();
        let verdict = judge::finish(&self.config, exchange, &request, &response, &annotations, &mut |hit| {
            hits.push(hit)
        });
        assert!(verdict.is_tracked());
        hits.pop().unwrap()
    }
}

/// The number of a hit.
pub(crate) fn number(hit: &Hit) -> u64 {
    let path = str::from_utf8(hit.path()).unwrap();
    path.split('/').nth(1).unwrap().parse().unwrap()
}
