//! One measurement of one contender, in a process of its own, so that nobody's threads disturb another.
//! The process gets the job in words and answers in numbers.

use std::{
    error::Error,
    io::{self, Read},
    process::{Command, Stdio},
    str::FromStr,
    time::Instant,
};

use crate::{
    abi::{Abi, Way},
    clock::{self, Load, Times},
    floor::Floor,
    numbered,
    ours::{Ours, Setup},
    peers::{self, Posthog, Segment, Snowplow},
    sample::{Crowd, FIELDS},
    spool, stalled,
    suite::CORE,
};

/// Operations in one round of back to back.
const BURST: usize = 1_000;

/// Operations that the threads of one round share.
const SHARED: usize = 64_000;

/// Runs the job that `words` describe, in a child, and returns its `N` numbers.
pub fn run<const N: usize>(words: &[&str]) -> io::Result<[f64; N]> {
    let text = ask(words)?;
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    numbers.try_into().map_err(|_| unclear(words, &text))
}

/// Runs the job that `words` describe, in a child, and adds what it timed to `times`.
pub fn time(words: &[&str], times: &mut Times) -> io::Result<()> {
    let text = ask(words)?;
    times.add_all(&text).map_err(|_| unclear(words, &text))
}

/// Runs the job that `words` describe, in a child that is killed as soon as it has written `lines` lines, and returns how
/// many it wrote in all.
pub fn kill(words: &[&str], lines: usize) -> io::Result<usize> {
    let mut child = command(words)?.stdout(Stdio::piped()).spawn()?;
    let mut out = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let (mut written, mut buffer) = (0, [0; 4_096]);
    loop {
        let read = out.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        let before = written;
        written += buffer[..read].iter().filter(|byte| **byte == b'\n').count();
        if before < lines && written >= lines {
            child.kill()?;
        }
    }
    let status = child.wait()?;
    if written < lines {
        return Err(io::Error::other(format!("job {}: {status} after {written} lines", words.join(" "))));
    }
    Ok(written)
}

fn command(words: &[&str]) -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("job").args(words).stdin(Stdio::null()).stderr(Stdio::inherit());
    Ok(command)
}

fn ask(words: &[&str]) -> io::Result<String> {
    let output = command(words)?.output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("job {}: {}", words.join(" "), output.status)));
    }
    String::from_utf8(output.stdout).map_err(io::Error::other)
}

fn unclear(words: &[&str], answer: &str) -> io::Error {
    io::Error::other(format!("job {}: answer {answer:?}", words.join(" ")))
}

/// The job's own process.
pub fn answer(words: &[&str]) -> Result<String, Box<dyn Error>> {
    Ok(match words {
        ["request", who, url, rest @ ..] => match *who {
            "floor" => latency(&Floor::start(), rest)?,
            "posthog" => latency(&Posthog::start(url, Crowd::one()), rest)?,
            "segment" => latency(&Segment::start(url, Crowd::one()), rest)?,
            "write" => latency(&spool::Write::open()?, rest)?,
            "structs" => through(Way::Structs, url, rest)?,
            "lent" => through(Way::Lent, url, rest)?,
            "blob" => through(Way::Blob, url, rest)?,
            _ if who.starts_with("write+") => {
                let ours = Ours::open(&Setup::from_str(&who["write+".len()..])?, url)?;
                let both = spool::Both(ours, spool::Write::open()?);
                let answer = latency(&both, rest)?;
                both.0.close()?;
                answer
            }
            _ => {
                let ours = Ours::open(&Setup::from_str(who)?, url)?;
                let answer = latency(&ours, rest)?;
                ours.close()?;
                answer
            }
        },
        ["backlog", bytes] => spool::deliver_backlog(bytes.parse()?)?,
        ["stalled", who, url, hits] => stalled::queue_in_vain(who, url, hits.parse()?)?,
        ["close", who, receiver] => stalled::close_in_vain(who, receiver)?,
        ["shut", who, receiver] => stalled::shut_in_vain(who, receiver)?,
        ["lose", who, url, rest @ ..] => numbered::lose(who, url, rest)?,
        ["go-on", who, url, folder] => numbered::go_on(who, url, folder)?,
        ["adopt", who, url, folder] => numbered::adopt(who, url, folder)?,
        ["delivery", who, url, hits, visitors] => delivery(who, url, hits.parse()?, visitors.parse()?)?,
        _ => return Err(format!("unknown job {words:?}").into()),
    })
}

fn through(way: Way, url: &str, how: &[&str]) -> Result<String, Box<dyn Error>> {
    let abi = Abi::open(way, url)?;
    let answer = latency(&abi, how)?;
    abi.close()?;
    Ok(answer)
}

fn latency(load: &(impl Load + Sync), how: &[&str]) -> Result<String, Box<dyn Error>> {
    Ok(match *how {
        ["back-to-back", rounds] => clock::back_to_back(load, rounds.parse()?, BURST).to_string(),
        ["paced", count] => clock::paced(load, count.parse()?).to_string(),
        ["threads", threads, rounds, ref shared @ ..] => {
            let shared = shared.first().map_or(Ok(SHARED), |shared| shared.parse())?;
            let (times, rate) = clock::threads(load, threads.parse()?, rounds.parse()?, shared);
            format!("{} {rate}", times.at(0.5))
        }
        _ => return Err(format!("unknown way {how:?}").into()),
    })
}

/// Hits per second of wall time, and microseconds of processor time a hit, on one core.
fn delivery(who: &str, url: &str, hits: usize, visitors: usize) -> Result<String, Box<dyn Error>> {
    clock::pin(CORE);
    let crowd = || if visitors == 1 { Crowd::one() } else { Crowd::of(visitors) };
    let begin = (Instant::now(), clock::processor_time());
    match who {
        "ureq" => peers::ureq_loop(url, hits),
        _ if who.starts_with("socket=") => peers::socket_loop(url, who["socket=".len()..].parse()?, hits)?,
        "segment" => {
            let segment = Segment::start(url, crowd());
            (0..hits).for_each(|_| segment.queue());
            segment.close();
        }
        "snowplow" => {
            let snowplow = Snowplow::start(url);
            deliver(&snowplow, hits);
            snowplow.close();
        }
        "posthog" => deliver(&Posthog::start(url, crowd()), hits),
        _ => {
            let setup = Setup::from_str(&format!("{who},visitors={visitors}"))?;
            let ours = Ours::open(&setup, url)?;
            // Each visitor has come once, for the cookie.
            deliver(&ours, hits.saturating_sub(visitors));
            ours.close()?;
        }
    }
    let (wall, processor) = (begin.0.elapsed(), clock::processor_time() - begin.1);
    let hits = hits as f64;
    Ok(format!("{} {}", hits / wall.as_secs_f64(), processor.as_secs_f64() * 1e6 / hits))
}

/// As many at a time as fit into half of everybody's queue.
fn deliver(load: &impl Load, hits: usize) {
    for n in 1..=hits {
        load.one();
        if n % 5_000 == 0 || n == hits {
            load.settle();
        }
    }
}

impl Load for Floor {
    fn one(&self) {
        self.record(&FIELDS);
    }

    fn settle(&self) {}
}
