//! What is told of hits that were left where nobody called `close`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod kit;

use std::{
    env, fs,
    path::PathBuf,
    process::{self, Command},
    sync::{Arc, Mutex},
    time::Duration,
};

use kit::{warnings::Warnings, *};
use trackside_core::{Annotations, Config, Reason, Request, Response, protocol::Outcome};
use trackside_transports::{
    Tracker,
    pool::{Observer, Report},
};

/// Two destinations, of which `stuck` waits at the door, and `quick` does not.
const TOML: &str = "consent.policy = 'none'\ntrack.bots = 'keep'\nshutdown = '50ms'\n\
    [[destination]]\ntype = 'callback'\nname = 'stuck'\nbatch.hits = 1\n\
    [[destination]]\ntype = 'callback'\nname = 'quick'\nbatch.hits = 1\n";

#[derive(Clone, Debug, Default)]
struct Told(Arc<Mutex<Vec<(String, Report)>>>);

impl Told {
    /// Of what was left; losses are told by workers, too, where there are any.
    fn left(&self) -> Vec<(String, Report)> {
        let told = self.0.lock().unwrap();
        told.iter().filter(|(_, report)| matches!(report, Report::Left { .. })).cloned().collect()
    }
}

impl Observer for Told {
    fn observe(&self, destination: &str, report: &Report) {
        self.0.lock().unwrap().push((destination.to_owned(), report.clone()));
    }
}

/// A tracker with five hits, of which `stuck` has one at the door and four in its queue.
fn left_behind(observer: Arc<dyn Observer>, door: &Door) -> Tracker {
    let at = door.clone();
    let stuck = does(move |batch, _| {
        at.pass();
        all(batch, Outcome::Delivered)
    });
    let config = Config::builder().toml(TOML).build().unwrap();
    let tracker = Tracker::builder(config)
        .sink("stuck", stuck)
        .sink("quick", does(|batch, _| all(batch, Outcome::Delivered)))
        .observer(observer)
        .open()
        .unwrap();
    for _ in 0..5 {
        let request = Request::new("GET", "/", &[("host", "www.example.com")]);
        let response = Response::new(200, &[("content-type", "text/html")]);
        let verdict = tracker.begin(&request).finish(&request, &response, &Annotations::new());
        assert!(verdict.is_tracked());
        door.wait_for(1);
    }
    eventually("the other has all", || tracker.stats().destinations[1].delivered == 5);
    tracker
}

fn expected() -> (String, Report) {
    ("stuck".to_owned(), Report::Left { queued: 4, in_flight: 1, spooled: 0 })
}

const LINE: &str = "stuck: hits were left as the process ended or let go of the tracker: 4 given up, 1 in flight, their \
                    end unknown, 0 in the spool, for the next process; a longer `shutdown` gives them more time";

#[test]
fn who_lets_go_of_a_tracker_is_told_what_was_left_of_which_destination() {
    let (told, warnings, door) = (Told::default(), Warnings::default(), Door::default());
    tracing::subscriber::with_default(warnings.clone(), || {
        let tracker = left_behind(Arc::new(told.clone()), &door);
        drop(tracker.clone());
        assert_eq!(told.left(), [], "it is not the last");
        drop(tracker);
    });
    eventually("the observer is told", || told.left() == [expected()]);
    assert_eq!(warnings.take(), [LINE]);
    door.open();
}

/// Stays at the door with what it is told.
#[derive(Debug)]
struct Stuck(Door);

impl Observer for Stuck {
    fn observe(&self, _: &str, report: &Report) {
        if matches!(report, Report::Left { .. }) {
            self.0.pass();
        }
    }
}

#[test]
fn an_observer_that_does_not_return_holds_up_nobody_who_lets_go_of_a_tracker() {
    let (told, door) = (Door::default(), Door::default());
    // Without a subscriber here, nobody else's might be asked for what is said at this place.
    tracing::subscriber::with_default(Warnings::default(), || {
        drop(left_behind(Arc::new(Stuck(told.clone())), &door));
    });
    // The observer is still there.
    told.wait_for(1);
    told.open();
    door.open();
}

#[test]
fn who_closes_has_the_answer_and_is_told_nothing_more() {
    let (told, warnings, door) = (Told::default(), Warnings::default(), Door::default());
    tracing::subscriber::with_default(warnings.clone(), || {
        let tracker = left_behind(Arc::new(told.clone()), &door);
        let closed = tracker.close(Duration::from_millis(50)).unwrap();
        assert_eq!((closed.left.queued, closed.left.in_flight), (4, 1));
        // The book was read when it was closed.
        let stuck = closed.stats.destinations.iter().find(|book| book.name == "stuck").unwrap();
        assert_eq!((&stuck.dropped[..], stuck.pending()), (&[(Reason::Shutdown, 4)][..], 1));
    });
    assert_eq!((told.left(), warnings.take()), (Vec::new(), Vec::new()));
    door.open();
}

#[test]
fn where_nothing_was_left_nothing_is_told() {
    let (told, warnings, door) = (Told::default(), Warnings::default(), Door::default());
    tracing::subscriber::with_default(warnings.clone(), || {
        let tracker = left_behind(Arc::new(told.clone()), &door);
        door.open();
        eventually("it has all, too", || tracker.stats().destinations[0].delivered == 5);
        drop(tracker);
    });
    assert_eq!((told.left(), warnings.take()), (Vec::new(), Vec::new()));
}

/// Where the process that exits writes down what it is told.
const FILE: &str = "TRACKSIDE_TEST_LEFT";

/// Writes down what it is told, and what the log was told before.
#[derive(Clone, Default)]
struct Noted(Warnings, PathBuf);

impl std::fmt::Debug for Noted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Noted").field(&self.1).finish_non_exhaustive()
    }
}

impl Observer for Noted {
    fn observe(&self, destination: &str, report: &Report) {
        if matches!(report, Report::Left { .. }) {
            let before = fs::read_to_string(&self.1).unwrap_or_default();
            let line = format!("{before}{destination} {report:?}\n{}\n", self.0.take().join("\n"));
            fs::write(&self.1, line).unwrap();
        }
    }
}

/// Not by itself: the process that the next test starts.
#[test]
#[ignore = "the next test starts it"]
fn a_process_that_exits() {
    let file = PathBuf::from(env::var_os(FILE).expect("the next test starts it"));
    let warnings = Warnings::default();
    tracing::subscriber::set_global_default(warnings.clone()).unwrap();
    // As one in a static: it is never dropped.
    std::mem::forget(left_behind(Arc::new(Noted(warnings, file)), &Door::default()));
}

#[cfg(unix)]
#[test]
fn a_process_that_exits_without_closing_tells_once_what_was_left_of_which_destination() {
    let file = env::temp_dir().join(format!("trackside-left-{}", process::id()));
    let status = Command::new(env::current_exe().unwrap())
        .args(["--exact", "a_process_that_exits", "--ignored"])
        .env(FILE, &file)
        .output()
        .unwrap();
    assert!(status.status.success(), "{status:?}");
    let told = fs::read_to_string(&file).unwrap_or_default();
    fs::remove_file(&file).ok();
    let (name, report) = expected();
    assert_eq!(told, format!("{name} {report:?}\n{LINE}\n"));
}
