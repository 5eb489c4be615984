//! What each process notes of what it is about to do and of what it was told: one call of the system a line, so that
//! whoever is killed leaves whole lines, and no lock, so that whoever is forked can go on.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use trackside_core::{
    ledger::Hits,
    protocol::{Enriched, Outcome},
};
use trackside_transports::sink::{Delivery, Sink, SinkFactory};

use crate::{counts, wire::Attempts};

/// Who is below was started by the run, and who is not was forked.
pub(super) const FORKED: u64 = 1_000;

static FOLDER: OnceLock<PathBuf> = OnceLock::new();
static WHO: AtomicU64 = AtomicU64::new(0);
static ATTEMPTS: AtomicU64 = AtomicU64::new(0);

/// This process is `who` from now on, and its diary is in `folder`.
pub(super) fn begin(folder: &Path, who: u64) {
    FOLDER.set(folder.to_owned()).unwrap();
    WHO.store(who, SeqCst);
}

/// As [`begin`], for a child that was forked.
pub(super) fn go_on_as(who: u64) {
    WHO.store(who, SeqCst);
}

/// A name for a child that is to be forked.
pub(super) fn name_of_child() -> u64 {
    static CHILDREN: AtomicU64 = AtomicU64::new(1);
    who() + FORKED * CHILDREN.fetch_add(1, SeqCst)
}

pub(super) fn who() -> u64 {
    WHO.load(SeqCst)
}

/// A number that no other process comes to.
pub(super) fn first_number() -> u64 {
    who() << 32
}

fn write(line: &str) {
    let path = FOLDER.get().unwrap().join(format!("diary-{}", who()));
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
}

/// A hit is about to be submitted.
pub(super) fn submits(hit: u64) {
    write(&format!("submits {hit}"));
}

/// It was queued, by this thread.
pub(super) fn queued(thread: usize, hit: u64) {
    write(&format!("queued {thread} {hit}"));
}

pub(super) fn turned_away(hit: u64, why: impl Display) {
    write(&format!("turned-away {hit} {why}"));
}

/// Whatever this thread has had queued is in the spool, or has ended.
pub(super) fn sure(thread: usize) {
    write(&format!("sure {thread}"));
}

/// A child that was forked may be killed.
pub(super) fn kills(who: u64) {
    write(&format!("kills {who}"));
}

/// The process ends without closing its pool.
pub(super) fn dies() {
    write("dies");
}

/// The last of one that closes its pool.
pub(super) fn ends(book: &Hits) {
    let Hits { offered, delivered, .. } = book;
    write(&format!("ends {offered} {delivered} {}", counts::all_lost(book)));
}

/// Notes each attempt, and how it ended.
#[derive(Debug)]
pub(super) struct Noted;

impl Attempts for Noted {
    fn begin(&self, hits: &[u64]) -> u64 {
        let attempt = first_number() + ATTEMPTS.fetch_add(1, SeqCst);
        let hits: Vec<_> = hits.iter().map(u64::to_string).collect();
        write(&format!("attempts {attempt} {}", hits.join(" ")));
        LAST.set(attempt);
        attempt
    }
}

thread_local! {
    /// The attempt that this worker makes.
    static LAST: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

impl Noted {
    /// Sinks with somebody who looks over their shoulders.
    pub(super) fn watch(factory: impl SinkFactory) -> impl SinkFactory {
        move || Ok(Box::new(Watched(factory()?)) as Box<dyn Sink>)
    }
}

struct Watched(Box<dyn Sink>);

impl Sink for Watched {
    fn deliver(&mut self, batch: &[Enriched<'_>], now: u64) -> Delivery {
        let delivery = self.0.deliver(batch, now);
        let how = match &delivery.outcome {
            Outcome::Delivered => "delivered",
            Outcome::Retry(_) => "again",
            Outcome::Unknown => "unknown",
            other => panic!("no receiver here answers {other:?}"),
        };
        write(&format!("{how} {}", LAST.get()));
        delivery
    }
}

/// What one process noted.
#[derive(Debug, Default)]
pub(super) struct Diary {
    pub(super) submitted: BTreeSet<u64>,
    pub(super) queued: BTreeSet<u64>,
    pub(super) turned_away: u64,
    pub(super) sure: BTreeSet<u64>,
    pub(super) attempts: BTreeMap<u64, Attempt>,
    pub(super) kills: Vec<u64>,
    pub(super) has_died: bool,
    pub(super) end: Option<End>,
}

#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) hits: Vec<u64>,
    pub(super) outcome: How,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum How {
    Again,
    Delivered,
    /// The process was killed, or the answer did not come.
    Unknown,
}

/// What the book of a process says that closed its pool.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) offered: u64,
    pub(super) delivered: u64,
    pub(super) given_up: u64,
}

impl Diary {
    /// All diaries of a folder, by whose they are.
    pub(super) fn all(folder: &Path) -> BTreeMap<u64, Self> {
        let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
        let diaries = entries.filter_map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            let who = name.strip_prefix("diary-")?.parse().unwrap();
            Some((who, Self::read(&fs::read_to_string(entry.path()).unwrap())))
        });
        diaries.collect()
    }

    fn read(text: &str) -> Self {
        let mut diary = Self::default();
        let mut waiting: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        // What follows the last line's end is half a line.
        for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            let numbers: Vec<u64> = rest.split(' ').map_while(|number| number.parse().ok()).collect();
            match (word, &numbers[..]) {
                ("submits", &[hit]) => _ = diary.submitted.insert(hit),
                ("queued", &[thread, hit]) => {
                    diary.queued.insert(hit);
                    waiting.entry(thread).or_default().push(hit);
                }
                ("turned-away", &[_]) => diary.turned_away += 1,
                ("sure", &[thread]) => diary.sure.extend(waiting.remove(&thread).unwrap_or_default()),
                ("attempts", &[attempt, ref hits @ ..]) => {
                    let attempted = Attempt { hits: hits.to_vec(), outcome: How::Unknown };
                    assert!(diary.attempts.insert(attempt, attempted).is_none());
                }
                ("delivered", attempt) => diary.end_attempt(attempt, How::Delivered),
                ("again", attempt) => diary.end_attempt(attempt, How::Again),
                ("unknown", attempt) => diary.end_attempt(attempt, How::Unknown),
                ("kills", &[who]) => diary.kills.push(who),
                ("dies", []) => diary.has_died = true,
                ("ends", &[offered, delivered, given_up]) => {
                    diary.end = Some(End { offered, delivered, given_up });
                }
                _ => panic!("{line:?} is no line of a diary"),
            }
        }
        diary
    }

    fn end_attempt(&mut self, attempt: &[u64], how: How) {
        self.attempts.get_mut(&attempt[0]).unwrap().outcome = how;
    }

    /// Hits of the attempts that ended so.
    pub(super) fn hits_of(&self, how: How) -> impl Iterator<Item = u64> {
        let attempts = self.attempts.values().filter(move |attempt| attempt.outcome == how);
        attempts.flat_map(|attempt| &attempt.hits).copied()
    }
}
