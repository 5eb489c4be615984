//! Times single operations, and whole processes.

use std::{
    fmt, hint,
    num::ParseIntError,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use rustix::{
    thread::{CpuSet, sched_setaffinity},
    time::{ClockId, clock_gettime},
};

/// What is timed.
pub trait Load {
    /// One operation, as the request thread makes it.
    fn one(&self);

    /// Waits, untimed, until what the operations left to other threads is done.
    fn settle(&self);
}

/// The time between two operations that are not back to back.
const PACE: Duration = Duration::from_micros(200);

/// Between two looks at the clock that lie so far apart somebody else had the processor.
const TAKEN: Duration = Duration::from_nanos(500);

/// How long the operations took, in nanoseconds.
pub struct Times(Histogram<u64>);

impl Times {
    pub fn new() -> Self {
        // OK because 1 ns to 100 s at three digits is within what the crate can hold.
        Self(Histogram::new_with_bounds(1, 100_000_000_000, 3).expect("valid bounds"))
    }

    fn add(&mut self, nanoseconds: u64) {
        self.0.saturating_record(nanoseconds.max(1));
    }

    /// Counts as many operations as there are `nanoseconds`.
    pub fn add_each(&mut self, nanoseconds: &[u64]) {
        nanoseconds.iter().for_each(|ns| self.add(*ns));
    }

    /// Counts what another process timed, in the words that [`fmt::Display`] writes.
    ///
    /// # Errors
    ///
    /// When these are not pairs of numbers.
    pub fn add_all(&mut self, words: &str) -> Result<(), ParseIntError> {
        let mut numbers = words.split_whitespace().map(str::parse);
        while let (Some(value), Some(count)) = (numbers.next().transpose()?, numbers.next().transpose()?) {
            self.0.saturating_record_n(value, count);
        }
        Ok(())
    }

    /// The value that a share of `quantile` of all operations did not exceed.
    pub fn at(&self, quantile: f64) -> u64 {
        self.0.value_at_quantile(quantile)
    }
}

/// Every value and how often it was timed.
impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut values = self.0.iter_recorded();
        values.try_for_each(|step| write!(f, "{} {} ", step.value_iterated_to(), step.count_at_value()))
    }
}

/// `rounds` rounds of `burst` operations back to back. The first round is not counted.
pub fn back_to_back(load: &impl Load, rounds: usize, burst: usize) -> Times {
    let mut times = Times::new();
    for round in 0..=rounds {
        let taken = chain(load, burst);
        load.settle();
        if round > 0 {
            times.add_each(&taken);
        }
    }
    times
}

/// `count` operations, one every 200 µs, by a thread that spins in between. The first tenth is not
/// counted.
pub fn paced(load: &impl Load, count: usize) -> Times {
    let mut times = Times::new();
    let mut due = Instant::now();
    for n in 0..count {
        due += PACE;
        while Instant::now() < due {
            hint::spin_loop();
        }
        let begin = Instant::now();
        load.one();
        let took = begin.elapsed();
        if n >= count / 10 {
            times.add(took.as_nanos() as u64);
        }
    }
    load.settle();
    times
}

/// How often a second the processor is taken from a thread that spins, seen for so long. A guest's own counters do not
/// know how often its host does so, which empties the cache of page addresses each time.
pub fn interruptions(time: Duration) -> f64 {
    let begin = Instant::now();
    let (mut last, mut taken) = (begin, 0);
    while last - begin < time {
        let now = Instant::now();
        taken += usize::from(now - last >= TAKEN);
        last = now;
    }
    taken as f64 / (last - begin).as_secs_f64()
}

/// `rounds` rounds in which `threads` threads share `burst` operations. Also says how many operations
/// were done in a second by all of them.
pub fn threads(load: &(impl Load + Sync), threads: usize, rounds: usize, burst: usize) -> (Times, f64) {
    let mut times = Times::new();
    let mut wall = Duration::ZERO;
    let each = burst / threads;
    for round in 0..=rounds {
        let barrier = Barrier::new(threads);
        let work = || {
            barrier.wait();
            let begin = Instant::now();
            let taken = chain(load, each);
            (begin, Instant::now(), taken)
        };
        let done: Vec<_> = thread::scope(|scope| {
            let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            running.into_iter().map(|thread| thread.join().expect("a load does not panic")).collect()
        });
        load.settle();
        if round > 0 {
            let begin = done.iter().map(|(begin, ..)| *begin).min();
            let end = done.iter().map(|(_, end, _)| *end).max();
            wall += end.zip(begin).map_or(Duration::ZERO, |(end, begin)| end - begin);
            done.into_iter().flat_map(|(.., taken)| taken).for_each(|ns| times.add(ns));
        }
    }
    (times, (each * threads * rounds) as f64 / wall.as_secs_f64())
}

/// The time of each of `count` operations, by one look at the clock each.
pub fn chain(load: &impl Load, count: usize) -> Vec<u64> {
    // Written once before, so that no page is handed out while the clock runs.
    let mut times = vec![u64::MAX; count];
    let mut last = Instant::now();
    for time in &mut times {
        load.one();
        let now = Instant::now();
        *time = (now - last).as_nanos() as u64;
        last = now;
    }
    times
}

/// The processor time that this process has used so far, all threads together.
pub fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Keeps this thread, and those it starts from now on, on one core.
pub fn pin(core: usize) {
    let mut cores = CpuSet::new();
    cores.set(core % thread::available_parallelism().map_or(1, usize::from));
    sched_setaffinity(None, &cores).expect("the core exists");
}

#[cfg(test)]
mod test {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[derive(Default)]
    struct Counted {
        ones: AtomicUsize,
        settled: AtomicUsize,
    }

    impl Load for Counted {
        fn one(&self) {
            self.ones.fetch_add(1, Ordering::Relaxed);
        }

        fn settle(&self) {
            self.settled.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn the_first_round_is_not_counted() {
        let load = Counted::default();
        let times = back_to_back(&load, 3, 10);
        assert_eq!(times.0.len(), 30);
        assert_eq!((load.ones.into_inner(), load.settled.into_inner()), (40, 4));
    }

    #[test]
    fn the_first_tenth_of_paced_operations_is_not_counted() {
        let load = Counted::default();
        assert_eq!(paced(&load, 20).0.len(), 18);
        assert_eq!((load.ones.into_inner(), load.settled.into_inner()), (20, 1));
    }

    #[test]
    fn what_another_process_timed_is_counted_with_the_own() {
        let mut others = Times::new();
        [700, 700, 90_000].into_iter().for_each(|ns| others.add(ns));
        let mut times = Times::new();
        times.add(100);
        times.add_all(&others.to_string()).unwrap();
        assert_eq!(times.0.len(), 4);
        assert_eq!([0.25, 0.5, 0.75].map(|q| times.at(q)), [100, 700, 700]);
        assert!(times.add_all("700 once").is_err());
    }

    #[test]
    fn threads_share_a_burst() {
        let load = Counted::default();
        let (times, rate) = threads(&load, 4, 2, 100);
        assert_eq!(times.0.len(), 200);
        assert_eq!(load.ones.into_inner(), 300);
        assert!(rate > 0.0);
    }
}
