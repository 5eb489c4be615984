//! As many jobs at once as there are processors.

use std::{
    num::NonZero,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::Instant,
};

/// Does `work` on each of `items`, and prints the name of each when it is done.
///
/// # Errors
///
/// What all those said that failed: one failure hides no other.
pub(crate) fn each<T: Sync>(
    items: &[T],
    name: impl Fn(&T) -> String + Sync,
    work: impl Fn(&T) -> Result<(), String> + Sync,
) -> Result<(), String> {
    let next = AtomicUsize::new(0);
    let problems = Mutex::new(Vec::new());
    let worker = || {
        while let Some(item) = items.get(next.fetch_add(1, Relaxed)) {
            let begin = Instant::now();
            let done = work(item);
            let mark = if done.is_ok() { "" } else { " FAILED" };
            println!("{:>8.1} s  {}{mark}", begin.elapsed().as_secs_f64(), name(item));
            if let Err(problem) = done {
                problems.lock().unwrap_or_else(PoisonError::into_inner).push(problem);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(worker);
        }
    });
    let problems = problems.into_inner().unwrap_or_else(PoisonError::into_inner);
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n\n")) }
}

#[cfg(test)]
mod test {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use super::each;

    #[test]
    fn each_is_done_and_every_failure_told() {
        let done = AtomicUsize::new(0);
        let work = |n: &usize| {
            done.fetch_add(1, Relaxed);
            if n % 10 == 3 { Err(format!("{n} is wrong")) } else { Ok(()) }
        };
        let items: Vec<_> = (0..20).collect();
        let problem = each(&items, usize::to_string, work).unwrap_err();
        assert_eq!(done.into_inner(), 20);
        assert!(problem.contains("3 is wrong") && problem.contains("13 is wrong"), "{problem}");
        assert_eq!(each(&items[..3], usize::to_string, |_| Ok(())), Ok(()));
    }
}
