//! What each process notes of what it is about to do and of what it was told: one call of the system a line, so that
//! whoever is killed leaves whole lines, and no lock, so that whoever is forked can go on.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    fs::{self, OpenOptions},
    io::Write,
    panic::resume_unwind,
    path::{Path, PathBuf},
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use trackside_core::{
    Reason,
    ledger::Hits,
    protocol::{Enriched, Outcome},
};
use trackside_transports::sink::{Delivery, Sink, SinkFactory};

use crate::{counts, hits::number, random::Random, wire::Attempts};

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

/// It is about to be written down that an attempt at this hit begins.
pub(super) fn begins(hit: u64) {
    write(&format!("begins {hit}"));
}

/// It was written down what came of it.
pub(super) fn settles(hit: u64) {
    write(&format!("settles {hit}"));
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
    let Hits { offered, delivered, panics, .. } = book;
    let of = |reason| counts::lost(book, reason);
    let given_up = counts::all_lost(book);
    let (ambiguous, shut, poison) = (of(Reason::Ambiguous), of(Reason::Shutdown), of(Reason::Poison));
    write(&format!("ends {offered} {delivered} {panics} {given_up} {ambiguous} {shut} {poison}"));
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
    /// Sinks with somebody who looks over their shoulders. So many attempts of a hundred end in a panic.
    pub(super) fn watch(factory: impl SinkFactory, seed: u64, percent: usize) -> impl SinkFactory {
        move || Ok(Box::new(Watched { sink: factory()?, seed, percent }) as Box<dyn Sink>)
    }
}

struct Watched {
    sink: Box<dyn Sink>,
    seed: u64,
    percent: usize,
}

impl Sink for Watched {
    fn deliver(&mut self, batch: &[Enriched<'_>], now: u64) -> Delivery {
        let mut random = Random::of(self.seed, first_number() + ATTEMPTS.load(SeqCst));
        let panics = random.percent(self.percent);
        if panics && random.percent(50) {
            let hits: Vec<_> = batch.iter().map(|enriched| number(enriched.hit)).collect();
            Noted.begin(&hits);
            panic();
        }
        let delivery = self.sink.deliver(batch, now);
        if panics {
            panic();
        }
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

/// Ends an attempt by a panic without a word.
fn panic() -> ! {
    write(&format!("panics {}", LAST.get()));
    resume_unwind(Box::new("as it was drawn"));
}

/// What one process noted.
#[derive(Debug, Default)]
pub(super) struct Diary {
    pub(super) submitted: BTreeSet<u64>,
    pub(super) queued: BTreeSet<u64>,
    pub(super) turned_away: u64,
    pub(super) sure: BTreeSet<u64>,
    pub(super) attempts: BTreeMap<u64, Attempt>,
    /// Hits of which the process had written down that they are attempted, and nothing else, when it was last heard of.
    pub(super) begun: BTreeSet<u64>,
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
    Panicked,
    /// The process was killed.
    Torn,
    /// The answer did not come.
    Unknown,
}

/// What the book of a process says that closed its pool.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) offered: u64,
    pub(super) delivered: u64,
    pub(super) panics: u64,
    pub(super) given_up: u64,
    /// Of those, by reason.
    pub(super) ambiguous: u64,
    pub(super) shut: u64,
    pub(super) poison: u64,
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
                // A sink that is made has a request made of no hit.
                ("attempts", &[_]) => {}
                ("attempts", &[attempt, ref hits @ ..]) => {
                    let attempted = Attempt { hits: hits.to_vec(), outcome: How::Torn };
                    assert!(diary.attempts.insert(attempt, attempted).is_none());
                }
                ("delivered", attempt) => diary.end_attempt(attempt, How::Delivered),
                ("again", attempt) => diary.end_attempt(attempt, How::Again),
                ("panics", attempt) => diary.end_attempt(attempt, How::Panicked),
                ("unknown", attempt) => diary.end_attempt(attempt, How::Unknown),
                ("begins", &[hit]) => _ = diary.begun.insert(hit),
                ("settles", &[hit]) => _ = diary.begun.remove(&hit),
                ("kills", &[who]) => diary.kills.push(who),
                ("dies", []) => diary.has_died = true,
                ("ends", &[offered, delivered, panics, given_up, ambiguous, shut, poison]) => {
                    diary.end = Some(End { offered, delivered, panics, given_up, ambiguous, shut, poison });
                }
                _ => panic!("{line:?} is no line of a diary"),
            }
        }
        diary
    }

    fn end_attempt(&mut self, attempt: &[u64], how: How) {
        self.attempts.get_mut(&attempt[0]).unwrap().outcome = how;
    }

    /// The attempts that ended so.
    pub(super) fn attempts_that(&self, how: How) -> impl Iterator<Item = &Attempt> {
        self.attempts.values().filter(move |attempt| attempt.outcome == how)
    }

    /// Their hits.
    pub(super) fn hits_of(&self, how: How) -> impl Iterator<Item = u64> {
        self.attempts_that(how).flat_map(|attempt| &attempt.hits).copied()
    }

    /// Hits of attempts of which nobody knows how they ended.
    pub(super) fn unknown(&self) -> impl Iterator<Item = u64> {
        [How::Panicked, How::Torn, How::Unknown].into_iter().flat_map(|how| self.hits_of(how))
    }
}
