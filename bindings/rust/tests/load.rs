//! A configuration out of the environment. Each case is a process of its own, as nobody may set variables
//! while threads run.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use trackside::{Tracker, load};

/// Set in the processes that do the work.
const ASK: &str = "TEST_ASK";

/// What a process says of its environment, or of the file that it is given.
#[test]
fn child() {
    let Some(ask) = env::var_os(ASK) else {
        return;
    };
    let loaded = if ask.is_empty() { Tracker::from_env() } else { Tracker::from_file(Path::new(&ask)) };
    match loaded {
        Ok(tracker) => println!("shutdown = {:?}", tracker.config().shutdown()),
        Err(error) => println!("file = {:?}\n{error}", error.file()),
    }
}

fn ask(file: &str, variables: &[(&str, &OsStr)]) -> String {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["child", "--exact", "--nocapture"]).env_remove("TRACKSIDE_CONFIG");
    command.env(ASK, file).envs(variables.iter().copied());
    let output = command.output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let path = env::temp_dir().join(format!("trackside-{}-{name}", std::process::id()));
        fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        fs::remove_file(&self.0).ok();
    }
}

#[test]
fn the_environment_goes_over_the_file_that_it_names() {
    let file = File::new("named.toml", "consent.policy = 'none'\nshutdown = '7s'");
    let path = file.0.as_os_str();
    assert!(ask("", &[("TRACKSIDE_CONFIG", path)]).contains("shutdown = 7s\n"));
    let over = ask("", &[("TRACKSIDE_CONFIG", path), ("TRACKSIDE__SHUTDOWN", "8s".as_ref())]);
    assert!(over.contains("shutdown = 8s\n"), "{over}");

    let given = ask(path.to_str().unwrap(), &[("TRACKSIDE__SHUTDOWN", "9s".as_ref())]);
    assert!(given.contains("shutdown = 9s\n"), "{given}");
}

#[test]
fn the_environment_is_enough() {
    let policy: (&str, &OsStr) = ("TRACKSIDE__CONSENT__POLICY", "none".as_ref());
    assert!(ask("", &[policy]).contains("shutdown = 5s\n"));
    assert!(ask("", &[policy, ("TRACKSIDE_CONFIG", "".as_ref())]).contains("shutdown = 5s\n"));

    let missing = ask("", &[]);
    assert!(missing.contains("file = None\nthe environment (TRACKSIDE_CONFIG names no file): "), "{missing}");
    assert!(missing.contains("\nconsent.policy: "), "{missing}");
}

#[test]
fn secrets_are_looked_up_and_never_shown() {
    let toml = "visitor.identity = 'none'\n[[destination]]\ntype = 'ga4'\nmeasurement_id = 'G-ABC123DEF4'\n\
                url = 'http://127.0.0.1:9/'\napi_secret = 'env:TEST_SECRET'";
    let file = File::new("secret.toml", toml);
    let path = file.0.to_str().unwrap();
    assert!(ask(path, &[("TEST_SECRET", "s3cret".as_ref())]).contains("shutdown = 5s\n"));

    let missing = ask(path, &[]);
    assert!(
        missing.contains("destination[0].api_secret: ") && missing.contains("env:TEST_SECRET"),
        "{missing}"
    );
    let wrong = ask(path, &[("TEST_SECRET", "s3cret\u{7}".as_ref())]);
    assert!(wrong.contains("destination[0].api_secret: ") && !wrong.contains("s3cret"), "{wrong}");
}

#[test]
fn a_text_is_alone() {
    let config = load::toml("consent.policy = 'none'").unwrap();
    assert_eq!(config.shutdown().as_secs(), 5);
    assert!(Tracker::from_toml("mode = 1").unwrap_err().file().is_none());
}
