use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::Router;
use tokio::{net::TcpListener, runtime::Runtime};
use trackside::{
    Reason, Tracker, clock::Clock, config::Builder, ledger::Stats, load, protocol::ReceiverType,
    tower::TracksideLayer,
};
use trackside_transports::pool::{Observer, Report};

use super::{Browser, LIMIT};

/// 2026-11-22 12:00:00 UTC, in seconds since the Unix epoch: when every site here opens.
pub(crate) const NOON: u64 = 1_795_348_800;

/// A server whose clock the test sets.
pub(crate) struct Site {
    pub(crate) tracker: Tracker,
    pub(crate) address: SocketAddr,
    clock: Arc<Hands>,
    told: Arc<Told>,
    asked: Arc<AtomicU64>,
    runtime: Option<Runtime>,
}

impl Site {
    /// Serves `app`, tracked as the defaults say and `toml` on top of them.
    pub(crate) fn open(toml: &str, app: Router) -> Self {
        Self::open_layered(toml, |layer| app.layer(layer))
    }

    /// Serves `app`, where destinations may be of this type of receiver, too.
    pub(crate) fn open_with(receiver: &'static ReceiverType, toml: &str, app: Router) -> Self {
        Self::build(load::builder().receiver(receiver), toml, |layer| app.layer(layer))
    }

    /// Serves what `layered` makes of the layer.
    pub(crate) fn open_layered(toml: &str, layered: impl FnOnce(TracksideLayer) -> Router) -> Self {
        Self::build(load::builder(), toml, layered)
    }

    fn build(builder: Builder, toml: &str, layered: impl FnOnce(TracksideLayer) -> Router) -> Self {
        let config = builder
            .toml("consent.policy = 'none'\nshutdown = '100ms'")
            .toml(toml)
            .build()
            .unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let clock = Arc::new(Hands(AtomicU64::new(NOON)));
        let told = Arc::new(Told::default());
        let tracker = Tracker::builder(config).clock(clock.clone()).observer(told.clone()).open().unwrap();
        let app = layered(TracksideLayer::new(tracker.clone()));
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let service = app.into_make_service_with_connect_info::<SocketAddr>();
        runtime.spawn(async { axum::serve(listener, service).await.unwrap() });
        Self { tracker, address, clock, told, asked: Arc::default(), runtime: Some(runtime) }
    }

    /// A browser that has never been here.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(format!("http://{}", self.address), Arc::clone(&self.asked))
    }

    /// Sets the clock to so many seconds after [`NOON`].
    pub(crate) fn at(&self, seconds: u64) {
        self.clock.0.store(NOON + seconds, Ordering::SeqCst);
    }

    /// Counts a request that was sent without a browser.
    pub(crate) fn asked_once_more(&self) {
        self.asked.fetch_add(1, Ordering::SeqCst);
    }

    /// Both books, once every hit has ended. Nothing may be left, and they must balance.
    pub(crate) fn settled(&self) -> Stats {
        assert!(self.tracker.flush(LIMIT).unwrap().is_empty(), "left: {:?}", self.tracker.stats());
        self.balanced()
    }

    /// Closes, and sums up what the observer was told of lost hits, of all destinations.
    pub(crate) fn told_of_lost(&self) -> BTreeMap<Reason, u64> {
        assert!(self.tracker.close(LIMIT).unwrap().is_empty(), "left: {:?}", self.tracker.stats());
        let mut lost = BTreeMap::new();
        for report in self.told.0.lock().unwrap().iter() {
            if let Report::Lost(reasons) = report {
                reasons.iter().for_each(|(reason, n)| *lost.entry(*reason).or_default() += n);
            }
        }
        lost
    }

    /// Both books, which must balance while nothing is going on: that of requests with what the browsers
    /// asked, that of hits with what is counted apart.
    pub(crate) fn balanced(&self) -> Stats {
        let stats = self.tracker.stats();
        assert_eq!(stats.requests.seen(), self.asked.load(Ordering::SeqCst), "{stats:?}");
        for hits in &stats.destinations {
            let lost: u64 = hits.refused.iter().chain(&hits.dropped).map(|(_, n)| n).sum();
            assert_eq!(hits.offered, hits.delivered + lost + hits.queued + hits.in_flight, "{stats:?}");
        }
        stats
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A handler that waits for what never comes is not waited for.
            runtime.shutdown_background();
        }
    }
}

/// Keeps what it is told.
#[derive(Debug, Default)]
struct Told(Mutex<Vec<Report>>);

impl Observer for Told {
    fn observe(&self, _: &str, report: &Report) {
        self.0.lock().unwrap().push(report.clone());
    }
}

/// Seconds since the Unix epoch.
#[derive(Debug)]
struct Hands(AtomicU64);

impl Clock for Hands {
    fn micros(&self) -> u64 {
        self.0.load(Ordering::SeqCst) * 1_000_000
    }
}
