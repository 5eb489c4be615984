//! Files that the configuration names: what cannot be used is told when the tracker is opened.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::{env, fs, path::PathBuf, process};

use trackside_core::Config;
use trackside_transports::{OpenError, Tracker};

struct File(PathBuf);

impl File {
    /// A path of a test's own, where nothing is.
    fn new(name: &str) -> Self {
        Self(env::temp_dir().join(format!("trackside-files-{}-{name}", process::id())))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        fs::remove_file(&self.0).ok();
    }
}

fn open(config: &str) -> Result<Tracker, OpenError> {
    Tracker::open(Config::builder().toml("visitor.identity = 'none'").toml(config).build().unwrap())
}

#[test]
fn a_list_of_crawlers_that_cannot_be_used_is_told() {
    let list = File::new("crawlers.json");
    let config = format!("track.bots_list = {:?}", list.0);
    for (text, says) in [
        (None, "it cannot be read ("),
        (Some(&b"[{\"pattern\": \"(\"}]"[..]), "regex parse error"),
        (Some(b"{}"), "invalid type: map"),
        (Some(b"[{\"tags\": []}]"), "missing field `pattern`"),
        (Some(b"[{\"pattern\": \"\"}]"), "pattern 0 is empty"),
        (Some(b"\xff"), "it is not UTF-8"),
    ] {
        if let Some(text) = text {
            fs::write(&list.0, text).unwrap();
        }
        let error = open(&config).unwrap_err();
        assert!(error.is_file() && !error.is_feature(), "{error}");
        let told = error.to_string();
        assert!(told.starts_with(&format!("track.bots_list `{}`: ", list.0.display())), "{told}");
        assert!(told.contains(says), "{told}");
    }
    // With nobody to look, nobody reads it.
    for setting in ["mode = 'off'", "track.bots = 'keep'"] {
        open(&format!("{setting}\n{config}")).unwrap();
    }
    fs::write(&list.0, "[{\"pattern\": \"Tests/\", \"tags\": [\"seo\"]}]").unwrap();
    open(&config).unwrap();
}

#[test]
fn a_database_of_places_takes_a_feature_and_a_file() {
    let error = open("geo.file = 'no such file.mmdb'").unwrap_err();
    if cfg!(feature = "geo") {
        assert!(error.is_file() && !error.is_feature());
        assert!(
            error.to_string().starts_with("geo.file `no such file.mmdb`: it cannot be read ("),
            "{error}"
        );
    } else {
        assert!(error.is_feature() && !error.is_file());
        assert_eq!(
            error.to_string(),
            "geo.file `no such file.mmdb` is a MaxMind DB file, which this build cannot read; build trackside with the \
             feature `geo`"
        );
    }
    open("mode = 'off'\ngeo.file = 'no such file.mmdb'").unwrap();
    open("privacy.geo = 'none'\ngeo.file = 'no such file.mmdb'").unwrap();
}
