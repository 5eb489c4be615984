use std::{
    path::PathBuf,
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use trackside_core::visitor::DailyKey;

use super::{
    Keys, KeysError,
    file::{self, Care},
    format::{Ring, to_next_turn},
    slots::Slots,
};
use crate::{files, log, pool::fork::PerProcess};

/// So often workers look whether the file is still the same: it may have been deleted, or a clock set.
const LOOK: u64 = 3_600 * 1_000_000;
/// So long after a failure workers try again.
const AGAIN: u64 = 60 * 1_000_000;
/// Where somebody else is at it.
const SOON: u64 = 1_000_000;
/// How long a request waits for another that turns the file. Hits without an id are the lesser evil.
const PATIENCE: Duration = Duration::from_millis(50);

/// Ring in a file that all processes share. The [module](super) tells its format and what becomes of it.
#[derive(Debug)]
pub struct FileKeys {
    path: PathBuf,
    slots: Slots,
    /// When a worker has something to see to, in microseconds since the Unix epoch.
    due: AtomicU64,
    desk: PerProcess<Desk>,
}

/// What the threads of a process share to turn the file one at a time.
#[derive(Debug, Default)]
struct Desk {
    state: Mutex<State>,
    is_done: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// A thread is at it.
    is_turning: bool,
    /// No request of this day tries: one has.
    failed_on: Option<u64>,
    /// What the log was told last.
    told: Option<String>,
    /// What a request has written is not known to be on the disk.
    is_unsynced: bool,
}

impl FileKeys {
    /// The keys of the file at `path`, which is looked at when the first is asked for, and made if it is not there.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path = files::absolute(&path.into());
        Self { path, slots: Slots::default(), due: AtomicU64::new(0), desk: PerProcess::new() }
    }

    /// A request of a day that is not in memory. The first turns the file, others wait for it a little.
    #[cold]
    fn first(&self, day: u64) -> Option<DailyKey> {
        let desk = self.desk.get(Desk::default);
        let mut state = desk.state();
        loop {
            if let Some(key) = self.slots.get(day) {
                return Some(key);
            }
            if state.failed_on == Some(day) {
                return None;
            }
            if !state.is_turning {
                break;
            }
            let (woken, timeout) =
                desk.is_done.wait_timeout(state, PATIENCE).unwrap_or_else(PoisonError::into_inner);
            if timeout.timed_out() {
                return self.slots.get(day);
            }
            state = woken;
        }
        state.is_turning = true;
        drop(state);
        let turned = file::turn(&self.path, noon(day), Care::Quick);
        self.settle(desk, day, turned, Care::Quick);
        self.slots.get(day)
    }

    /// Books what came of turning the file; answers with what went wrong.
    fn settle(
        &self,
        desk: &Desk,
        day: u64,
        turned: Result<(Ring, bool), KeysError>,
        care: Care,
    ) -> Option<KeysError> {
        let mut state = desk.state();
        state.is_turning = false;
        let (problem, news) = match turned {
            Ok((keys, is_written)) => {
                self.slots.put(&keys);
                state.failed_on = None;
                state.is_unsynced |= is_written && care == Care::Quick;
                (None, state.told.take().map(|_| None))
            }
            Err(error) => {
                state.failed_on = Some(day);
                let text = error.to_string();
                let is_news = !error.is_busy() && state.told.as_ref() != Some(&text);
                if is_news {
                    state.told = Some(text.clone());
                }
                (Some(error), is_news.then_some(Some(text)))
            }
        };
        drop(state);
        desk.is_done.notify_all();
        // The log may be the host's own, and slow: nobody waits for it.
        log::guarded(|| match news {
            Some(Some(text)) => {
                tracing::error!(target: "trackside", "{text}. Hits are counted without cookieless ids");
            }
            Some(None) => {
                tracing::info!(target: "trackside", "keys file `{}` is in order again", self.path.display());
            }
            None => {}
        });
        problem
    }

    /// Turns the file, on a worker.
    #[cold]
    fn turn(&self, micros: u64) -> u64 {
        let desk = self.desk.get(Desk::default);
        {
            let mut state = desk.state();
            if state.is_turning {
                return SOON;
            }
            state.is_turning = true;
        }
        let turned = file::turn(&self.path, micros, Care::Durable);
        let problem = self.settle(desk, DailyKey::day(micros), turned, Care::Durable);
        let is_unsynced = std::mem::take(&mut desk.state().is_unsynced);
        // One that fails may succeed with what is written next.
        if is_unsynced && file::sync(&self.path).is_err() {
            desk.state().is_unsynced = true;
        }
        match problem {
            None => to_next_turn(micros).min(LOOK),
            Some(problem) if problem.is_busy() => SOON,
            Some(_) => AGAIN,
        }
    }
}

/// Tomorrow's key is for a worker to see to.
fn noon(day: u64) -> u64 {
    const DAY: u64 = 24 * 3_600 * 1_000_000;
    day.saturating_mul(DAY).saturating_add(DAY / 2)
}

impl Desk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keys for FileKeys {
    #[inline]
    fn key(&self, day: u64) -> Option<DailyKey> {
        match self.slots.get(day) {
            None => self.first(day),
            key => key,
        }
    }

    fn tend(&self, micros: u64) -> Duration {
        let due = self.due.load(Relaxed);
        let mut left = due.saturating_sub(micros);
        // Further away than any wait: the clock was set back.
        if left == 0 || left > LOOK {
            let is_mine =
                self.due.compare_exchange(due, micros.saturating_add(SOON), Relaxed, Relaxed).is_ok();
            left = SOON;
            if is_mine {
                left = self.turn(micros);
                self.due.store(micros.saturating_add(left), Relaxed);
            }
        }
        Duration::from_micros(left)
    }
}
