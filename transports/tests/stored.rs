//! What a request leaves on the disk: the bytes of the spool, searched.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod kit;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use kit::{all, count, does, eventually};
use trackside_core::{Annotations, Config, Reason, Request, Response, protocol::Outcome};
use trackside_transports::Tracker;
use uuid::Uuid;

/// One destination for each `ip` policy, and one of a third party.
fn toml(folder: &Path) -> String {
    let own = |ip: &str| {
        format!("[[destination]]\ntype = 'callback'\nname = '{ip}'\nip = '{ip}'\nspool = 'always'\n")
    };
    format!(
        "consent.policy = 'notice'\nprivacy.query = 'keep'\ntrack.bots = 'keep'\nspool.dir = '{}'\n{}{}{}\
         [[destination]]\ntype = 'ga-v1'\nname = 'third'\ntracking_id = 'UA-1-1'\n\
         url = 'http://127.0.0.1:1/collect'\nip = 'full'\nspool = 'always'\n",
        folder.display(),
        own("full"),
        own("masked"),
        own("none")
    )
}

/// A folder that goes with its test.
struct Place(PathBuf);

impl Place {
    /// All that is in the segments of a destination.
    fn bytes(&self, name: &str) -> Vec<u8> {
        let below = |path: &Path| -> Vec<PathBuf> {
            let entries = fs::read_dir(path).into_iter().flatten();
            entries.map(|entry| entry.unwrap().path()).collect()
        };
        let is_its = |path: &PathBuf| {
            path.file_name().and_then(|it| it.to_str()).is_some_and(|it| it.starts_with(&format!("{name}-")))
        };
        let homes = below(&self.0).into_iter().filter(is_its).flat_map(|folder| below(&folder));
        let files = homes.filter(|home| home.is_dir()).flat_map(|home| below(&home));
        files.flat_map(|file| fs::read(file).unwrap()).collect()
    }

    fn has(&self, name: &str, part: impl AsRef<[u8]>) -> bool {
        let part = part.as_ref();
        self.bytes(name).windows(part.len()).any(|bytes| bytes == part)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn visit(tracker: &Tracker, target: &str, peer: &str, cookie: &str) {
    let headers = [
        ("host", "www.example.com"),
        ("accept", "text/html"),
        ("user-agent", "Probe/7 (an agent)"),
        ("referer", "https://other.example/from?mail=someone%40mail.example"),
        ("cookie", cookie),
    ];
    let request = Request::new("GET", target, &headers).with_peer(peer.parse().ok());
    let response = Response::new(200, &[("content-type", "text/html")]);
    let verdict = tracker.begin(&request).finish(&request, &response, &Annotations::new());
    assert!(verdict.is_tracked());
}

const VISITOR: &str = "5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11";
const OWN: [&str; 3] = ["full", "masked", "none"];

#[test]
fn nothing_is_in_the_spool_but_what_may_be_stored() {
    let place = Place(std::env::temp_dir().join(format!("trackside-stored-{}", std::process::id())));
    let config = Config::builder().toml(&toml(&place.0)).build().unwrap();
    // They stay on the disk for as long as the test looks at them.
    let later = does(|batch, _| all(batch, Outcome::Retry(Some(Duration::from_secs(3_600)))));
    let mut builder = Tracker::builder(config);
    for name in OWN {
        builder = builder.sink(name, later.clone());
    }
    let tracker = builder.open().unwrap();
    let times = "1784710800.1784713400.1784714390";
    let refused = format!("trackside={VISITOR}.{times}; trackside_consent=denied");
    visit(&tracker, "/refused?token=s3cr3tvalue", "198.51.100.88", &refused);
    visit(&tracker, "/shop?token=s3cr3tvalue&utm_source=letter&q=words", "203.0.113.77", "other=c00kie");
    for name in OWN {
        eventually("both hits are on the disk", || place.has(name, "/refused") && place.has(name, "/shop"));
    }
    eventually("the third party's, too", || place.has("third", "/shop"));

    // What may be told is there, so that what is not found is not merely written otherwise.
    let (whole, masked) = ([203, 0, 113, 77], [203, 0, 113, 0]);
    for (name, has_whole, has_masked) in
        [("full", true, false), ("masked", false, true), ("none", false, false), ("third", true, false)]
    {
        assert_eq!((place.has(name, whole), place.has(name, masked)), (has_whole, has_masked), "{name}");
        for part in ["letter", "words", "Probe/7 (an agent)", "token=***"] {
            assert!(place.has(name, part), "{name}: {part}");
        }
        for part in ["s3cr3tvalue", "c00kie", "203.0.113", "198.51.100", "mail.example", VISITOR] {
            assert!(!place.has(name, part), "{name}: {part}");
        }
        // Of who has refused neither the address nor who it is.
        assert!(!place.has(name, [198, 51, 100]), "{name}");
        assert!(!place.has(name, Uuid::parse_str(VISITOR).unwrap().as_bytes()), "{name}");
    }
    assert!(!place.has("third", "/refused"), "what who has refused did is not for third parties");
    let book = tracker.stats().destinations.pop().unwrap();
    assert_eq!((book.name.as_str(), count(&book.refused, Reason::NoConsent)), ("third", 1));
    tracker.close(Duration::from_millis(50)).ok();
}
