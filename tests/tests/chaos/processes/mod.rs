//! Processes that submit hits under load, on one spool, and that are killed, ended, forked and replaced at random while
//! the receiver flaps, their sinks panic and their clocks are set a day ahead and back. What each of them noted is held against what the receiver has.
//!
//! A seed makes the same processes, faults and orders in the same sequence; when each of them meets a process is the
//! system's to say.

mod child;
mod diary;
mod outside;
mod scribe;
mod setting;

use std::{
    env,
    io::{Read, Write},
    os::unix::process::ExitStatusExt,
    process::{self, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use trackside_core::config::Spooling;
use trackside_tests::folder::Folder;

pub(crate) use self::child::is_child;
use self::{
    child::{CHILD, FORK, HEIR, JUMP, KILL, SPOOL, TERM, WORKER, directories},
    diary::{Diary, FORKED},
    outside::Outside,
    setting::Setting,
};
use crate::{
    counts::Counts,
    random::Random,
    receiver::{Profile, Receiver},
    spooled::LIMIT,
};

/// So many live at a time, forked ones not counted.
const BESIDE: usize = 4;

pub(crate) fn run(seed: u64) -> Counts {
    let mut random = Random::new(seed);
    let setting = Setting::of(seed);
    let percent = random.below(40);
    let profile = Profile { faults: Setting::faults(), percent, patience: setting.patience };
    let receiver = Receiver::start(seed, profile);
    let mut play = Play {
        seed,
        receiver,
        folder: Folder::new().unwrap(),
        living: Vec::new(),
        started: 0,
        orders: 0,
        killed: Vec::new(),
        ends: Vec::new(),
    };
    for _ in 0..random.within(8..24) {
        play.act(&mut random);
        thread::sleep(Duration::from_millis(random.within(2..50) as u64));
    }
    if random.percent(50) {
        play.receiver.heal();
    }
    play.end_all(&mut random);
    play.receiver.heal();
    if setting.spooling != Spooling::Off {
        play.have_inherited();
    }
    let Play { receiver, folder, orders, killed, .. } = play;
    let diaries = Diary::all(folder.path());
    for (who, diary) in &diaries {
        let may_be_killed = killed.contains(who) || diary.has_died || is_killed(*who, &diaries);
        assert!(diary.end.is_some() || may_be_killed, "process {who} did not end well");
    }
    let outside = Outside { setting, diaries, did: receiver.close() };
    Counts { runs: 1, faults: orders + receiver.faults(), ..outside.counts() }
}

/// Whether the process that forked this one killed it.
fn is_killed(who: u64, diaries: &std::collections::BTreeMap<u64, Diary>) -> bool {
    diaries.get(&(who % FORKED)).is_some_and(|diary| diary.kills.contains(&who))
}

struct Play {
    seed: u64,
    /// Before their folder: should a run fail, they go first.
    living: Vec<Process>,
    receiver: Receiver,
    folder: Folder,
    started: u64,
    /// Kills, signals, forks and jumps of the clock.
    orders: u64,
    /// Processes that were ended by a signal.
    killed: Vec<u64>,
    /// Of what processes say: whoever was forked by one that is gone has it, too.
    ends: Vec<ChildStdout>,
}

struct Process {
    who: u64,
    child: process::Child,
}

impl Play {
    fn act(&mut self, random: &mut Random) {
        let is_gone = |process: &mut Process| !matches!(process.child.try_wait(), Ok(None));
        let gone: Vec<_> = self.living.extract_if(.., is_gone).collect();
        gone.into_iter().for_each(|process| self.bury(process));
        let (action, which) = (random.below(100), random.next() as usize);
        let pause = Duration::from_millis(random.below(60) as u64);
        if self.living.is_empty() || (action < 25 && self.living.len() < BESIDE) {
            return self.start(WORKER);
        }
        let which = which % self.living.len();
        match action {
            // Where there are as many as there may be, one makes room.
            ..45 => self.kill(which),
            45..55 => self.terminate(which),
            55..75 => self.tell(which, FORK),
            75..80 => self.tell(which, KILL),
            80..85 => self.tell(which, TERM),
            85..92 => self.tell(which, JUMP),
            _ => self.receiver.flap(pause),
        }
    }

    fn start(&mut self, role: &str) {
        let who = self.started;
        self.started += 1;
        let folder = self.folder.path().display();
        let told = format!("{} {who} {role} {} {folder}", self.seed, self.receiver.url());
        let mut command = Command::new(env::current_exe().unwrap());
        command.env(CHILD, told).stdin(Stdio::piped()).stdout(Stdio::piped());
        self.living.push(Process { who, child: command.spawn().unwrap() });
    }

    fn kill(&mut self, which: usize) {
        self.orders += 1;
        let mut process = self.living.swap_remove(which);
        process.child.kill().unwrap();
        self.bury(process);
    }

    fn terminate(&mut self, which: usize) {
        self.orders += 1;
        self.living[which].terminate();
    }

    fn tell(&mut self, which: usize, order: &str) {
        self.orders += 1;
        // Who has ended since hears nothing.
        let stdin = self.living[which].child.stdin.as_mut().unwrap();
        writeln!(stdin, "{order}").ok();
    }

    /// Ends those that live, and waits for them and for all whom they forked.
    fn end_all(&mut self, random: &mut Random) {
        self.orders += self.living.len() as u64;
        for process in &mut self.living {
            match random.below(3) {
                0 => process.child.kill().unwrap(),
                1 => process.terminate(),
                // The end of what it is told tells it, too.
                _ => drop(process.child.stdin.take()),
            }
        }
        while let Some(process) = self.living.pop() {
            self.bury(process);
        }
        for mut end in self.ends.drain(..) {
            let mut said = String::new();
            end.read_to_string(&mut said).unwrap();
            assert_eq!(said, "");
        }
    }

    fn bury(&mut self, mut process: Process) {
        drop(process.child.stdin.take());
        self.ends.extend(process.child.stdout.take());
        let status = process.child.wait().unwrap();
        match status.signal() {
            Some(libc::SIGKILL | libc::SIGTERM) => self.killed.push(process.who),
            _ => assert!(status.success(), "process {}: {status}", process.who),
        }
    }

    /// Has what was left delivered, by as many processes as it takes: one looks for others' directories once, and then
    /// only each half minute.
    fn have_inherited(&mut self) {
        // A busy disk syncs some hits a second.
        let (spool, until) = (self.folder.join(SPOOL), Instant::now() + 4 * LIMIT);
        while directories(&spool) > 0 {
            assert!(Instant::now() < until, "hits stay in {}", spool.display());
            self.start(HEIR);
            let heir = self.living.remove(0);
            self.bury(heir);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Who has ended, as most have, cannot be killed.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Process {
    #[allow(unsafe_code, reason = "signals are C")]
    fn terminate(&self) {
        // SAFETY: it has not been waited for, so that the number is still its own.
        unsafe { libc::kill(self.child.id() as libc::pid_t, libc::SIGTERM) };
    }
}
