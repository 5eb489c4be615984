//! Whose hits are whose, where several trackers share a folder.

use super::*;
use kit::{Notes, all, does};
use trackside_core::{Annotations, Config, Request, Response, protocol::Outcome};
use trackside_transports::Tracker;

/// A tracker with one destination, and what its receiver was told.
fn tracker(place: &Place, keys: &str, outcome: Outcome) -> (Tracker, Notes) {
    let dir = place.0.display();
    let config = Config::builder()
        .toml("consent.policy = 'none'\ntrack.bots = 'keep'")
        .toml(&format!(
            "spool.dir = '{dir}'\n[[destination]]\nname = 'stats'\nspool = 'always'\nbatch.age = '0ms'\n{keys}"
        ))
        .build()
        .unwrap();
    let notes = Notes::default();
    let at = notes.clone();
    let sink = does(move |batch, _| {
        at.note(batch);
        all(batch, outcome.clone())
    });
    (Tracker::builder(config).sink("stats", sink).open().unwrap(), notes)
}

fn visit(tracker: &Tracker) {
    let cookie = "trackside=0190a5a0-1111-4222-8333-444455556666";
    let headers = [("host", "www.example.com"), ("cookie", cookie)];
    let request = Request::new("GET", "/", &headers);
    let exchange = tracker.begin(&request);
    let response = Response::new(200, &[("content-type", "text/html")]);
    assert!(exchange.finish(&request, &response, &Annotations::new()).is_tracked());
}

#[test]
fn what_is_left_is_for_the_same_receiver_and_policy_alone() {
    let place = Place::new();
    let mine = "type = 'ga-v1'\ntracking_id = 'UA-1'";
    let away = Outcome::Retry(Some(Duration::from_secs(3_600)));
    let (first, tried) = tracker(&place, mine, away);
    visit(&first);
    eventually("it is in the spool", || {
        let book = first.stats().destinations.remove(0);
        !tried.batches().is_empty() && book.spooled == 1
    });
    assert_eq!(first.close(kit::LONG).unwrap().left.spooled, 1);
    for others in [
        "type = 'ga-v1'\ntracking_id = 'UA-2'",
        "type = 'ga-v1'\ntracking_id = 'UA-1'\nurl = 'https://other.example/collect'",
        "type = 'ga-v1'\ntracking_id = 'UA-1'\nip = 'full'",
        "type = 'callback'",
    ] {
        let (other, notes) = tracker(&place, others, Outcome::Delivered);
        visit(&other);
        assert!(other.close(kit::LONG).unwrap().is_empty(), "{others}");
        let book = other.stats().destinations.remove(0);
        assert_eq!((book.offered, book.adopted, book.delivered), (1, 0, 1), "{others}");
        assert_eq!(notes.seen().len(), 1);
    }
    let (heir, notes) = tracker(&place, mine, Outcome::Delivered);
    visit(&heir);
    eventually("what was left is delivered", || heir.stats().destinations.remove(0).adopted == 1);
    assert!(heir.close(kit::LONG).unwrap().is_empty());
    assert_eq!(notes.seen().len(), 2);
}

#[test]
fn what_is_for_others_is_told_of() {
    let place = Place::new();
    let options = |fingerprint: &str| Options {
        folder: place.0.join(format!("stats-{fingerprint}")),
        ..place.options()
    };
    let other = open(options("00000001"));
    fill(&other, 1);
    other.close();
    let spool = Spool::new(options("00000002"));
    spool.tend(Instant::now());
    let [told] = &spool.troubles()[..] else { panic!() };
    assert!(told.contains("stats-00000001") && told.contains("remove the folder"), "{told}");
    assert!(!spool.has_unread());
}
