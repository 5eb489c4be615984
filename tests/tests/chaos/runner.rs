//! Runs families of faults, each run with a seed of its own.
//!
//! `TRACKSIDE_CHAOS=http` runs one family, `TRACKSIDE_CHAOS=http:42` its run of the seed 42 alone, once more.
//! `TRACKSIDE_CHAOS_SECONDS=600` goes on for so long, with seeds that nobody has chosen; without it each family has the
//! seeds from 1 on, and fewer of them with `TRACKSIDE_CHAOS_BRIEF`. Threads and processes are the system's to schedule: a seed makes the same faults, not the same
//! moments.

use std::{
    env,
    hash::{BuildHasher, RandomState},
    panic::{AssertUnwindSafe, catch_unwind},
    process,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use crate::counts::Counts;

const ONE: &str = "TRACKSIDE_CHAOS";
const SECONDS: &str = "TRACKSIDE_CHAOS_SECONDS";
const BRIEF: &str = "TRACKSIDE_CHAOS_BRIEF";

/// A run that has not ended by then never will.
const HANGS: Duration = Duration::from_secs(180);

/// One kind of faults.
pub(crate) struct Family {
    pub(crate) name: &'static str,
    /// How many runs there are, unless a time is given.
    pub(crate) runs: u64,
    /// How many there are among all the other tests.
    pub(crate) brief: u64,
    /// How many at a time: most of a run is waiting.
    pub(crate) beside: usize,
    /// Makes one run, and panics over what may not be.
    pub(crate) run: fn(u64) -> Counts,
}

/// Which runs are to be made.
#[derive(Clone, Copy)]
enum Seeds {
    Counted { first: u64, runs: u64 },
    Timed { first: u64, until: Instant },
}

pub(crate) fn main(families: &[Family]) {
    let asked = env::var(ONE).unwrap_or_default();
    let (name, seed) = asked.split_once(':').unwrap_or((&asked, ""));
    let chosen: Vec<_> = families.iter().filter(|family| name.is_empty() || family.name == name).collect();
    assert!(!chosen.is_empty(), "{ONE}={asked}: no family is called so");
    let seconds: Option<u32> = env::var(SECONDS).ok().map(|seconds| seconds.parse().expect(SECONDS));
    let is_brief = env::var_os(BRIEF).is_some();
    let mut all = Counts::default();
    for family in &chosen {
        let begun = Instant::now();
        let seeds = match (seed.parse(), seconds) {
            (Ok(first), _) => Seeds::Counted { first, runs: 1 },
            (Err(_), Some(seconds)) => {
                let until = begun + Duration::from_secs(seconds.into()) / chosen.len() as u32;
                Seeds::Timed { first: RandomState::new().hash_one(()) >> 32, until }
            }
            (Err(_), None) if is_brief => Seeds::Counted { first: 1, runs: family.brief },
            (Err(_), None) => Seeds::Counted { first: 1, runs: family.runs },
        };
        let counts = family.run_all(seeds);
        println!("chaos: {:<10} {counts}; {:.1} s", family.name, begun.elapsed().as_secs_f64());
        all.add(counts);
    }
    println!("chaos: {:<10} {all}", "in all");
}

impl Family {
    fn run_all(&self, seeds: Seeds) -> Counts {
        let (first, last) = match seeds {
            Seeds::Counted { first, runs } => (first, first + runs),
            Seeds::Timed { first, .. } => (first, u64::MAX),
        };
        println!("chaos: {} from the seed {first} on", self.name);
        let (next, total, failed) =
            (AtomicU64::new(first), Mutex::new(Counts::default()), AtomicBool::new(false));
        thread::scope(|scope| {
            for _ in 0..self.beside {
                scope.spawn(|| {
                    loop {
                        let is_over = matches!(seeds, Seeds::Timed { until, .. } if Instant::now() >= until);
                        let seed = next.fetch_add(1, SeqCst);
                        if is_over || seed >= last || failed.load(SeqCst) {
                            return;
                        }
                        match self.run_one(seed) {
                            Some(counts) => total.lock().unwrap().add(counts),
                            None => failed.store(true, SeqCst),
                        }
                    }
                });
            }
        });
        if failed.into_inner() {
            process::exit(1);
        }
        total.into_inner().unwrap()
    }

    /// None if it failed, which has been told.
    fn run_one(&self, seed: u64) -> Option<Counts> {
        let guard = Guard::new(self.name, seed);
        let counts = catch_unwind(AssertUnwindSafe(|| (self.run)(seed)));
        drop(guard);
        match counts {
            Ok(counts) if counts.lost == 0 && counts.doubled == 0 => Some(counts),
            Ok(counts) => {
                eprintln!("chaos: {counts}; {}", again(self.name, seed));
                None
            }
            Err(_) => {
                eprintln!("chaos: the run failed; {}", again(self.name, seed));
                None
            }
        }
    }
}

fn again(name: &str, seed: u64) -> String {
    format!("`cargo xtask chaos {name}:{seed}` does it again")
}

/// Ends the process, should a run never end.
struct Guard(std::sync::mpsc::Sender<()>);

impl Guard {
    fn new(name: &'static str, seed: u64) -> Self {
        let (sender, receiver) = std::sync::mpsc::channel();
        thread::spawn(move || {
            if let Err(std::sync::mpsc::RecvTimeoutError::Timeout) = receiver.recv_timeout(HANGS) {
                eprintln!("chaos: the run hangs; {}", again(name, seed));
                process::exit(1);
            }
        });
        Self(sender)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.send(()).ok();
    }
}
