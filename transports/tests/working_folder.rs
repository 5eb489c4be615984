//! A host that goes into another folder, as a daemon does: the paths of its configuration mean what they meant before.
//! A test program of its own, as a process has one working folder.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod kit;

use std::{collections::BTreeSet, env, fs, path::Path, time::Duration};

use kit::{all, does};
use trackside_core::{Annotations, Config, Request, Response, protocol::Outcome};
use trackside_transports::Tracker;

fn names(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn visit(tracker: &Tracker) {
    let request =
        Request::new("GET", "/", &[("host", "www.example.com")]).with_peer(Some([192, 0, 2, 1].into()));
    let response = Response::new(200, &[("content-type", "text/html")]);
    assert!(tracker.begin(&request).finish(&request, &response, &Annotations::new()).is_tracked());
}

#[test]
fn paths_mean_what_they_meant_when_the_tracker_was_opened() {
    let base = env::temp_dir().join(format!("trackside-folder-{}", std::process::id()));
    let [first, second] = ["first", "second"].map(|name| base.join(name));
    [&first, &second].into_iter().for_each(|folder| fs::create_dir_all(folder).unwrap());
    env::set_current_dir(&first).unwrap();
    let config = "visitor.identity = 'cookieless'
        track.bots = 'keep'
        [[destination]]
        type = 'sqlite'
        [[destination]]
        type = 'file'
        path = 'hits.jsonl'
        [[destination]]
        type = 'callback'
        name = 'mine'
        spool = 'always'
        batch.age = '0ms'";
    let open = || {
        let config = Config::builder().toml(config).build().unwrap();
        let sink = does(|batch, _| all(batch, Outcome::Delivered));
        Tracker::builder(config).sink("mine", sink).open().unwrap()
    };
    let (opened, used) = (open(), open());
    visit(&used);
    assert!(used.flush(Duration::from_secs(60)).unwrap().is_empty());

    env::set_current_dir(&second).unwrap();
    for tracker in [opened, used] {
        visit(&tracker);
        let closed = tracker.close(Duration::from_secs(60)).unwrap();
        assert!(closed.left.is_empty(), "{:?}", closed.left);
        assert!(
            closed.stats.destinations.iter().all(|book| book.delivered == book.offered && book.offered > 0)
        );
    }
    assert_eq!(names(&second), BTreeSet::new());
    let expected = ["hits.jsonl", "trackside-spool", "trackside.db", "trackside.keys"];
    assert_eq!(names(&first), expected.map(str::to_owned).into());
    assert_eq!(fs::read_to_string(first.join("hits.jsonl")).unwrap().lines().count(), 3);
    fs::remove_dir_all(&base).unwrap();
}
