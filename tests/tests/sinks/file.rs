use std::{
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process,
    time::Instant,
};

use trackside_core::protocol::Outcome;
use trackside_tests::{folder::Folder, hits};
use trackside_transports::{sink::Sink, sinks};

use crate::{LIMIT, deliver};

fn sink(path: PathBuf) -> Box<dyn Sink> {
    sinks::file::factory(Some(path))().unwrap()
}

#[test]
fn a_line_is_the_hit_as_json() {
    let folder = Folder::new().unwrap();
    let path = folder.join("hits.jsonl");
    deliver(&mut *sink(path.clone()), &hits::pages(2).unwrap());
    let text = fs::read_to_string(&path).unwrap();
    let second: serde_json::Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    assert_eq!(second["path"], "/page/1");
    assert_eq!(second["at"], hits::NOW + 1_000);
    assert_eq!(second["ip"], "203.0.113.9");
    assert!(text.ends_with("}\n"));
}

#[test]
fn what_is_there_stays() {
    let folder = Folder::new().unwrap();
    let path = folder.join("hits.jsonl");
    fs::write(&path, "{\"id\":\"before\"}\n").unwrap();
    deliver(&mut *sink(path.clone()), &hits::pages(1).unwrap());
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("{\"id\":\"before\"}\n{\"id\":"));
}

#[cfg(unix)]
#[test]
fn what_another_has_left_in_the_midst_of_a_line_takes_none_along() {
    use std::io::Write;

    let folder = Folder::new().unwrap();
    let path = folder.join("hits.jsonl");
    fs::write(&path, "{\"id\":\"torn").unwrap();
    deliver(&mut *sink(path.clone()), &hits::pages(1).unwrap());
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"id\":\"to").unwrap();
    deliver(&mut *sink(path.clone()), &hits::pages(2).unwrap());
    let text = fs::read_to_string(&path).unwrap();
    let whole = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).is_ok());
    assert_eq!(whole.collect::<Vec<_>>(), [false, true, false, true, true]);
}

#[test]
fn a_file_that_cannot_be_opened_is_named() {
    let folder = Folder::new().unwrap();
    let path = folder.join("missing/hits.jsonl");
    let error = sinks::file::factory(Some(path.clone()))().err().unwrap().to_string();
    assert!(error.starts_with(&format!("cannot open `{}` for appending: ", path.display())), "{error}");
}

/// Delivers hits one by one until `done`.
fn deliver_until(sink: &mut dyn Sink, outcome: &Outcome, done: impl Fn(&Outcome) -> bool) {
    let hits = hits::pages(1).unwrap();
    let deadline = Instant::now() + LIMIT;
    loop {
        let delivery = deliver(sink, &hits);
        if done(&delivery.outcome) {
            return;
        }
        assert_eq!((delivery.taken, &delivery.outcome), (1, outcome));
        assert!(Instant::now() < deadline);
        std::thread::yield_now();
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_was_rotated_away_is_made_anew() {
    let folder = Folder::new().unwrap();
    let (path, rotated) = (folder.join("hits.jsonl"), folder.join("hits.jsonl.1"));
    let mut sink = sink(path.clone());
    deliver(&mut *sink, &hits::pages(1).unwrap());
    fs::rename(&path, &rotated).unwrap();
    deliver_until(&mut *sink, &Outcome::Delivered, |_| path.exists());
    // Another file is put in its place.
    fs::write(folder.join("new"), "").unwrap();
    fs::rename(folder.join("new"), &path).unwrap();
    deliver_until(&mut *sink, &Outcome::Delivered, |_| fs::metadata(&path).unwrap().len() > 0);
}

#[cfg(unix)]
#[test]
fn without_its_folder_it_is_unavailable_until_that_is_back() {
    let folder = Folder::new().unwrap();
    fs::create_dir(folder.join("logs")).unwrap();
    let path = folder.join("logs/hits.jsonl");
    let mut sink = sink(path.clone());
    fs::remove_dir_all(folder.join("logs")).unwrap();
    deliver_until(&mut *sink, &Outcome::Delivered, |outcome| *outcome == Outcome::Unavailable);
    // It does not go back to the file that is gone.
    assert_eq!(deliver(&mut *sink, &hits::pages(1).unwrap()).outcome, Outcome::Unavailable);
    fs::create_dir(folder.join("logs")).unwrap();
    let delivery = deliver(&mut *sink, &hits::pages(2).unwrap());
    assert_eq!((delivery.taken, delivery.outcome), (2, Outcome::Delivered));
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 2);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_makes_it_unavailable() {
    let mut sink = sink("/dev/full".into());
    let delivery = deliver(&mut *sink, &hits::pages(3).unwrap());
    assert_eq!((delivery.taken, delivery.outcome), (3, Outcome::Unavailable));
}

/// The test `name` again, in a process of its own.
pub(crate) fn alone(name: &str) -> process::Command {
    let mut command = process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture", "--quiet"]);
    command
}

/// Runs that with its standard output in a pipe.
fn piped(name: &str) -> process::Child {
    alone(name).env(CHILD, "1").stdout(process::Stdio::piped()).spawn().unwrap()
}

const CHILD: &str = "TRACKSIDE_TEST_STDOUT";

#[test]
fn without_a_path_it_writes_to_the_standard_output() {
    if std::env::var_os(CHILD).is_some() {
        let mut sink = sinks::file::factory(None)().unwrap();
        assert_eq!(deliver(&mut *sink, &hits::pages(50).unwrap()).outcome, Outcome::Delivered);
        return;
    }
    let output = piped("file::without_a_path_it_writes_to_the_standard_output").wait_with_output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let hits: Vec<serde_json::Value> =
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert_eq!(hits.len(), 50);
}

#[test]
fn a_closed_pipe_makes_it_unavailable() {
    if std::env::var_os(CHILD).is_some() {
        let mut sink = sinks::file::factory(None)().unwrap();
        deliver_until(&mut *sink, &Outcome::Delivered, |outcome| *outcome == Outcome::Unavailable);
        // The test's own report cannot be written any more.
        process::exit(0);
    }
    let mut child = piped("file::a_closed_pipe_makes_it_unavailable");
    // The reader goes in the midst of the hits.
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().starts_with('{')));
    drop(lines);
    assert!(child.wait().unwrap().success());
}

#[test]
fn lines_of_several_processes_are_not_torn() {
    const PATH: &str = "TRACKSIDE_TEST_LINES";
    if let Some(path) = std::env::var_os(PATH) {
        let mut sink = sink(path.into());
        for _ in 0..20 {
            deliver(&mut *sink, &hits::pages(50).unwrap());
        }
        return;
    }
    let folder = Folder::new().unwrap();
    let path = folder.join("hits.jsonl");
    let children: Vec<_> = (0..4)
        .map(|_| {
            alone("file::lines_of_several_processes_are_not_torn")
                .env(PATH, &path)
                .stdout(process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 4 * 20 * 50);
    for line in text.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
}
