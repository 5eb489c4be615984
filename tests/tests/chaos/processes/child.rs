//! A process of a run: it submits hits until it is told to end, or is ended, and forks when it is told to.

#![allow(unsafe_code, reason = "fork, kill and signals are C")]

use std::{
    env, fs,
    io::stdin,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use trackside_core::{
    Reason,
    transport::{Submitted, Transport},
};
use trackside_transports::{clock::Clock, pool::Pool};

use super::{diary, setting::Setting};
use crate::{
    clock::Unsteady,
    counts::assert_balanced,
    hits::{Maker, number},
    random::Random,
    spooled::LIMIT,
};

/// In the child: the seed, who it is, its role, where the receiver is, and the folder of the run.
pub(super) const CHILD: &str = "TRACKSIDE_CHAOS_PROCESS";

/// Of the folder of the run.
pub(super) const SPOOL: &str = "stats";

pub(super) const HEIR: &str = "heir";
pub(super) const WORKER: &str = "worker";

/// What a process may be told in a line.
pub(super) const FORK: &str = "fork";
pub(super) const JUMP: &str = "jump";
pub(super) const KILL: &str = "kill";
pub(super) const TERM: &str = "term";

/// Who does not end by itself is ended by a signal, in seconds.
const WATCHDOG: u32 = 100;

/// Nothing more is to be submitted.
static IS_OVER: AtomicBool = AtomicBool::new(false);
/// The pool is about to close: from now on what was queued may be dropped.
static CLOSES: AtomicBool = AtomicBool::new(false);

/// Which whoever is forked goes on with.
static CLOCK: Unsteady = Unsteady::new();

/// That clock.
#[derive(Debug)]
struct Jumping;

impl Clock for Jumping {
    fn micros(&self) -> u64 {
        CLOCK.micros()
    }
}

/// Whether this process is a child of a run; if so, it has lived.
pub(crate) fn is_child() -> bool {
    let Ok(told) = env::var(CHILD) else {
        return false;
    };
    let [seed, who, role, url, folder] = told.splitn(5, ' ').collect::<Vec<_>>().try_into().unwrap();
    let (seed, who, folder) = (seed.parse().unwrap(), who.parse().unwrap(), Path::new(folder));
    end_on_signal();
    watchdog();
    diary::begin(folder, who);
    let setting = Setting::of(seed);
    let pool = setting.pool(url, &folder.join(SPOOL), Arc::new(Jumping));
    // Nobody waits for the thread that reads what this process is told.
    let life = Life { seed, setting, pool: Box::leak(Box::new(pool)) };
    if role == HEIR {
        life.inherit(&folder.join(SPOOL))
    } else {
        life.work()
    }
    true
}

/// What threads and forked children share.
#[derive(Clone, Copy)]
struct Life {
    seed: u64,
    setting: Setting,
    pool: &'static Pool,
}

impl Life {
    fn work(self) {
        let mut random = Random::of(self.seed, 100 + diary::who());
        let (maker, threads) = (Maker::from(diary::first_number()), random.within(1..4));
        let until = self.deadline(&mut random);
        let closes_amidst = random.percent(50);
        let told = Random::new(random.next());
        thread::spawn(move || self.heed(told));
        thread::scope(|scope| {
            for n in 0..threads {
                let (maker, random) = (&maker, Random::new(random.next()));
                scope.spawn(move || self.load(maker, n, random, closes_amidst));
            }
            while !IS_OVER.load(SeqCst) {
                thread::sleep(Duration::from_millis(1));
            }
            if closes_amidst {
                self.close(until);
            }
        });
        self.close(until);
        self.end();
    }

    /// Submits until it is over, and beyond.
    fn load(self, maker: &Maker, thread: usize, mut random: Random, closes_amidst: bool) {
        let is_over = || if closes_amidst { self.is_closed() } else { IS_OVER.load(SeqCst) };
        while !is_over() {
            for _ in 0..random.within(1..12) {
                self.submit(maker, thread, &mut random);
            }
            thread::sleep(Duration::from_micros(random.below(5_000) as u64));
        }
    }

    /// Whether it has been seen that nothing is taken any more.
    fn is_closed(self) -> bool {
        self.pool.stats()[0].dropped.iter().any(|(reason, _)| *reason == Reason::Closed)
    }

    fn submit(self, maker: &Maker, thread: usize, random: &mut Random) {
        let hit = maker.page(CLOCK.micros(), random.below(300));
        let number = number(&hit);
        diary::submits(number);
        match self.pool.submit(hit) {
            Submitted::Queued => diary::queued(thread, number),
            Submitted::Dropped(reason) => diary::turned_away(number, reason),
        }
        // Asked before it is known that the pool was not closing then.
        let is_sure = self.setting.is_sure(&self.pool.stats()[0]);
        if is_sure && !CLOSES.load(SeqCst) {
            diary::sure(thread);
        }
    }

    /// Does what it is told. At the end of that it is over.
    fn heed(self, mut random: Random) {
        let mut forked = Vec::new();
        for line in stdin().lines() {
            match &*line.unwrap() {
                JUMP => CLOCK.jump(&mut random),
                FORK => forked.push(self.fork(&mut random)),
                KILL if !forked.is_empty() => forked.swap_remove(random.below(forked.len())).kill(),
                TERM if !forked.is_empty() => forked[random.below(forked.len())].terminate(),
                _ => {}
            }
        }
        IS_OVER.store(true, SeqCst);
    }

    fn fork(self, random: &mut Random) -> Forked {
        let who = diary::name_of_child();
        let random = Random::new(random.next());
        // SAFETY: the child uses of what it inherits only what is fit for it; that is what is tested.
        match unsafe { libc::fork() } {
            -1 => panic!("fork: {}", std::io::Error::last_os_error()),
            0 => {
                watchdog();
                diary::go_on_as(who);
                let done = catch_unwind(AssertUnwindSafe(|| self.live_on(random)));
                // That of the standard library takes a lock that a thread of the parent may have held.
                // SAFETY: it does not return.
                unsafe { libc::_exit(if done.is_ok() { 0 } else { 101 }) };
            }
            pid => Forked { pid, who },
        }
    }

    /// What a forked child does: it has one thread.
    fn live_on(self, mut random: Random) {
        CLOSES.store(false, SeqCst);
        let maker = Maker::from(diary::first_number());
        for _ in 0..random.within(1..60) {
            if IS_OVER.load(SeqCst) {
                break;
            }
            self.submit(&maker, 0, &mut random);
            thread::sleep(Duration::from_micros(random.below(3_000) as u64));
        }
        if random.percent(30) {
            diary::dies();
            return;
        }
        self.close(self.deadline(&mut random));
        self.end();
    }

    /// As a process that has no time, or all of it.
    fn deadline(self, random: &mut Random) -> Duration {
        *random.one_of(&[Duration::ZERO, Duration::from_millis(20), LIMIT])
    }

    fn close(self, within: Duration) {
        CLOSES.store(true, SeqCst);
        self.pool.close(Instant::now() + within).unwrap();
    }

    /// Notes the last of the book, once nothing is made of its hits any more.
    fn end(self) {
        let limit = Instant::now() + LIMIT;
        let book = loop {
            let book = self.pool.stats().remove(0);
            if book.queued + book.in_flight == 0 {
                break book;
            }
            assert!(Instant::now() < limit, "{book:?}");
            thread::yield_now();
        };
        assert_balanced(&book);
        diary::ends(&book);
    }

    /// Delivers what the others left.
    fn inherit(self, spool: &Path) {
        let mut random = Random::of(self.seed, 100 + diary::who());
        // It opens the spool, and what was left is found then.
        self.submit(&Maker::from(diary::first_number()), 0, &mut random);
        let patience = Instant::now() + Duration::from_secs(1);
        // One is its own.
        while (self.pool.stats()[0].pending() > 0 || directories(spool) > 1) && Instant::now() < patience {
            thread::sleep(Duration::from_millis(1));
        }
        self.close(LIMIT);
        self.end();
    }
}

/// How many directories of processes are in a spool.
pub(super) fn directories(spool: &Path) -> usize {
    let entries = fs::read_dir(spool).into_iter().flatten().map(Result::unwrap);
    entries.filter(|entry| entry.path().extension().is_none()).count()
}

/// A child of this process that has not been waited for, so that the number is its own.
struct Forked {
    pid: libc::pid_t,
    who: u64,
}

impl Forked {
    fn kill(self) {
        diary::kills(self.who);
        let mut status = 0;
        // SAFETY: the number is a child's; `status` outlives the call.
        unsafe {
            libc::kill(self.pid, libc::SIGKILL);
            libc::waitpid(self.pid, &raw mut status, 0);
        }
    }

    fn terminate(&self) {
        // SAFETY: the number is a child's.
        unsafe { libc::kill(self.pid, libc::SIGTERM) };
    }
}

fn end_on_signal() {
    extern "C" fn end(_: libc::c_int) {
        IS_OVER.store(true, SeqCst);
    }
    // SAFETY: all that the handler does is to store into a static.
    unsafe { libc::signal(libc::SIGTERM, end as extern "C" fn(libc::c_int) as libc::sighandler_t) };
}

fn watchdog() {
    // SAFETY: no handler is installed, so that the signal ends the process.
    unsafe { libc::alarm(WATCHDOG) };
}
