use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use trackside_tests::folder::Folder;

use super::example;
use crate::kit::Browser;

/// A running server.
pub(super) struct Program {
    child: Child,
    out: BufReader<ChildStdout>,
    base: String,
    asked: Arc<AtomicU64>,
}

impl Program {
    /// Starts it on a free port, and waits until it listens.
    pub(super) fn start(folder: &Folder, toml: &str, workers: usize) -> Self {
        let file = folder.join("server.toml");
        std::fs::write(&file, toml).unwrap();
        let mut child = Command::new(example("server"))
            .args(["--port", "0", "--workers", &workers.to_string()])
            .arg(file)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let base = listening(&mut out);
        Self { child, out, base, asked: Arc::default() }
    }

    /// A browser that has never been here.
    pub(super) fn browser(&self) -> Browser {
        Browser::new(self.base.clone(), Arc::clone(&self.asked))
    }

    /// How many requests all browsers have sent.
    pub(super) fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }

    pub(super) fn terminate(&self) {
        let command = format!("kill -s TERM {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success());
    }

    /// What its processes print until the last one ends, all of which must end well.
    pub(super) fn books(mut self) -> Books {
        let books = Books::read((&mut self.out).lines().map(Result::unwrap));
        assert!(self.child.wait().unwrap().success());
        books
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It has ended already unless the test failed. By SIGKILL its workers would outlive it.
        if matches!(self.child.try_wait(), Ok(None)) {
            self.terminate();
            self.child.wait().ok();
        }
    }
}

/// Where a program says that it listens, which it does first.
pub(super) fn listening(out: &mut impl BufRead) -> String {
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    line.trim_end().strip_prefix("listening on ").unwrap().trim_end_matches('/').to_owned()
}

/// The books of each process, by its number.
pub(super) struct Books(BTreeMap<u32, Book>);

/// Lines of one process, by what stands before their numbers.
type Book = BTreeMap<String, Line>;

/// A line's numbers by the word after each, `delivered` as well as `queue-full`.
type Line = BTreeMap<String, u64>;

impl Books {
    /// Reads all `lines`.
    pub(super) fn read(lines: impl Iterator<Item = String>) -> Self {
        let mut books = BTreeMap::<u32, Book>::new();
        for line in lines {
            let parts: Vec<_> = line.split(": ").collect();
            let [process, title, numbers] = parts[..] else { panic!("{line}") };
            let process = process.strip_prefix("process ").unwrap().parse().unwrap();
            let twice = books.entry(process).or_default().insert(title.to_owned(), numbers_of(numbers));
            assert!(twice.is_none(), "{line}");
        }
        let books = Self(books);
        books.balance();
        books
    }

    /// How many processes there were.
    pub(super) fn processes(&self) -> usize {
        self.0.len()
    }

    /// The sum of all processes' lines under `title`.
    pub(super) fn sum(&self, title: &str) -> Line {
        let mut sum = Line::new();
        for book in self.0.values() {
            for (word, n) in &book[title] {
                *sum.entry(word.clone()).or_default() += n;
            }
        }
        sum
    }

    /// Every line of every process.
    fn balance(&self) {
        for (process, book) in &self.0 {
            let requests = &book["requests"];
            assert_eq!(requests["seen"], requests["tracked"] + requests["skipped"], "{process}: {book:?}");
            for hits in book.iter().filter(|(title, _)| title.starts_with("hits to ")).map(|(_, hits)| hits) {
                let ended = hits["delivered"] + hits["refused"] + hits["dropped"];
                assert_eq!(hits["offered"] + hits["adopted"], ended + hits["pending"], "{process}: {book:?}");
            }
        }
    }
}

/// Of `5 seen = 3 tracked + 2 skipped (ignored 2)`: what stands in parentheses has its number behind the word.
fn numbers_of(text: &str) -> Line {
    let mut numbers = Line::new();
    for (n, part) in text.replace("in flight", "in-flight").split(['(', ')']).enumerate() {
        let inside = n % 2 == 1;
        let words: Vec<_> = part.split([' ', ',']).filter(|word| !matches!(*word, "" | "=" | "+")).collect();
        for pair in words.chunks_exact(2) {
            let (word, number) = if inside { (pair[0], pair[1]) } else { (pair[1], pair[0]) };
            numbers.insert(word.to_owned(), number.parse().unwrap());
        }
    }
    numbers
}
