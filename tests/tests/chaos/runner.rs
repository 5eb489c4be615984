//! Runs families of faults, each run with a seed of its own.
//!
//! `TRACKSIDE_CHAOS=http` runs one family, `TRACKSIDE_CHAOS=http:42` its run of the seed 42 alone, once more.
//! `TRACKSIDE_CHAOS_SECONDS=600` goes on for so long, with seeds that nobody has chosen; without it each family has the
//! seeds from 1 on, and fewer of them with `TRACKSIDE_CHAOS_BRIEF`. Threads and processes are the system's to schedule:
//! a seed makes the same faults, not the same moments.
//!
//! Runs are made side by side, each lane of them in a process of its own, one after the other: so it is seen what a run
//! leaves in memory.

use std::{
    env,
    hash::{BuildHasher, RandomState},
    io::{BufRead, BufReader, Write, stdin},
    panic::{AssertUnwindSafe, catch_unwind},
    process::{self, Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{counts::Counts, heap, receiver};

const ONE: &str = "TRACKSIDE_CHAOS";
const SECONDS: &str = "TRACKSIDE_CHAOS_SECONDS";
const BRIEF: &str = "TRACKSIDE_CHAOS_BRIEF";

/// In the process of a lane: its family.
const LANE: &str = "TRACKSIDE_CHAOS_LANE";

/// What stands before the counts that a lane tells of a run.
const TOLD: &str = "run: ";

/// A run that has not ended by then never will.
const HANGS: Duration = Duration::from_secs(180);

/// By then all threads of a run have ended.
const SETTLES: Duration = Duration::from_secs(20);

/// One kind of faults.
pub(crate) struct Family {
    pub(crate) name: &'static str,
    /// How many runs there are, unless a time is given.
    pub(crate) runs: u64,
    /// How many there are among all the other tests.
    pub(crate) brief: u64,
    /// How many lanes there are: most of a run is waiting.
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
    if let Ok(name) = env::var(LANE) {
        return families.iter().find(|family| family.name == name).expect(LANE).go_along();
    }
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
        let seed = || {
            let is_over = matches!(seeds, Seeds::Timed { until, .. } if Instant::now() >= until);
            let seed = next.fetch_add(1, SeqCst);
            (!is_over && seed < last && !failed.load(SeqCst)).then_some(seed)
        };
        thread::scope(|scope| {
            for _ in 0..self.beside {
                scope.spawn(|| match self.lane(seed) {
                    Some(counts) => total.lock().unwrap().add(counts),
                    None => failed.store(true, SeqCst),
                });
            }
        });
        if failed.into_inner() {
            process::exit(1);
        }
        total.into_inner().unwrap()
    }

    /// Has the runs of these seeds made, one after the other, by a process of their own. None if one failed, of which
    /// that process tells.
    fn lane(&self, seed: impl Fn() -> Option<u64>) -> Option<Counts> {
        let (mut total, mut next) = (Counts::default(), seed());
        if next.is_none() {
            return Some(total);
        }
        let mut command = Command::new(env::current_exe().unwrap());
        command.env(LANE, self.name).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut lane = command.spawn().unwrap();
        let (mut told, mut lines) =
            (lane.stdin.take().unwrap(), BufReader::new(lane.stdout.take().unwrap()).lines());
        while let Some(one) = next {
            // Who is gone has told why.
            writeln!(told, "{one}").ok();
            let counts = lines.find_map(|line| {
                let line = line.unwrap();
                let counts = line.strip_prefix(TOLD).map(Counts::of);
                if counts.is_none() {
                    println!("{line}");
                }
                counts
            });
            let Some(counts) = counts else { break };
            total.add(counts);
            next = seed();
        }
        drop(told);
        lane.wait().unwrap().success().then_some(total)
    }

    /// The process of a lane.
    fn go_along(&self) {
        let mut left = Left::default();
        receiver::prepare();
        for seed in stdin().lines() {
            let seed = seed.unwrap().parse().unwrap();
            let Some(counts) = self.run_one(seed) else {
                process::exit(1);
            };
            if let Err(problem) = left.look() {
                eprintln!("chaos: {problem}; {}", again(self.name, seed));
                process::exit(1);
            }
            println!("{TOLD}{}", counts.words());
        }
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

/// What runs leave in memory: nothing. Threads that are about to end have something for a moment.
#[derive(Default)]
struct Left {
    runs: u64,
    /// What the first ones left, which is made once.
    floor: i64,
}

impl Left {
    /// Runs by which all is made that is made once.
    const FIRST: u64 = 2;

    /// A run that leaves a batch is found out by the tenth at the latest, and most by the first.
    const MOST: i64 = 4 << 10;

    /// Looks at it after a run.
    fn look(&mut self) -> Result<(), String> {
        self.runs += 1;
        let until = Instant::now() + SETTLES;
        loop {
            let live = heap::live();
            if self.runs <= Self::FIRST {
                self.floor = live;
            }
            let more = live - self.floor;
            if more <= Self::MOST {
                return Ok(());
            }
            if Instant::now() >= until {
                return Err(format!("{more} bytes more are allocated after {} runs", self.runs));
            }
            thread::yield_now();
        }
    }
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
