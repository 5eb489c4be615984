//! While nobody answers: what memory and queuing cost, and how long a close takes.

use std::{
    error::Error,
    fs, io,
    net::TcpListener,
    str::FromStr,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use crate::{
    clock::{self, Load, Times},
    collector::{self, Collector},
    job, numbered,
    ours::{Ours, Setup},
    peers::{Posthog, Segment, Snowplow},
    report::{Limit, Row, Series},
    sample::Crowd,
    spool::NOBODY,
    suite::Effort,
};

/// Hits queued one after the other.
const BURST: usize = 1_000;

/// Bursts before the collector stalls.
const NORMAL: usize = 20;

/// Who takes more is stopped.
const MOST: u64 = 1 << 30;

/// A queue that is full in bytes before it is full in hits.
const BOUNDED: &str = "to=ga4,queue=40000,bytes=16MiB";

/// The bytes of that.
const QUEUED: f64 = (16 << 20) as f64;

const MIB: f64 = (1 << 20) as f64;

/// The deadline of a close that cannot deliver.
const DEADLINE: Duration = Duration::from_secs(1);

/// Who takes longer to shut down is stopped.
const PATIENCE: Duration = Duration::from_secs(25);

/// How many hits wait when it begins.
const WAITING: usize = 1_000;

/// Ours and its peers, while the collector takes connections and answers nobody.
pub fn stalled(effort: Effort) -> io::Result<Vec<Row>> {
    let who = [BOUNDED, "posthog", "segment", "snowplow"];
    let [mut grown, mut normal, mut slow, mut done] = [const { [const { Series::new() }; 4] }; 4];
    for _ in 0..effort.runs {
        for (n, who) in who.into_iter().enumerate() {
            let collector = Collector::start(None)?;
            let words = ["stalled", who, collector.url(), &effort.stalled.to_string()];
            let numbers = job::run::<4>(&words)?;
            for (series, number) in [&mut grown, &mut normal, &mut slow, &mut done].into_iter().zip(numbers) {
                series[n].push(number);
            }
        }
    }
    let queued = Series::of(QUEUED / MIB, effort.runs);
    let mut rows = Vec::new();
    for (n, who) in who.into_iter().enumerate().skip(1) {
        let peer = |series: &[Series; 4]| Some((who.to_owned(), series[n].clone()));
        let hits = |n: usize| done[n].median();
        rows.push(Row {
            figure: format!(
                "stalled: memory more, {:.0} hits ({who}: {:.0}), MiB; floor: the queue's bytes",
                hits(0),
                hits(n)
            ),
            goal: "G8",
            floor: Some(queued.clone()),
            ours: grown[0].clone(),
            peer: peer(&grown),
            limits: vec![Limit::FloorTimes(1.25)],
        });
        rows.push(Row {
            figure: "stalled: queuing, p99, µs; floor: before it stalled".to_owned(),
            goal: "G8",
            floor: Some(normal[0].clone()),
            ours: slow[0].clone(),
            peer: peer(&slow),
            limits: vec![Limit::FloorTimes(2.0)],
        });
        rows.push(Row {
            figure: format!("before it stalled: queuing, p99, µs ({who})"),
            goal: "",
            floor: None,
            ours: normal[0].clone(),
            peer: peer(&normal),
            limits: Vec::new(),
        });
    }
    Ok(rows)
}

/// The job of [`stalled`]: by how many MiB memory grew at most since the collector stalled, the 99th percentile of the
/// time to queue a hit before and after, in µs, and how many hits were queued after.
pub fn queue_in_vain(who: &str, url: &str, hits: usize) -> Result<String, Box<dyn Error>> {
    match who {
        "posthog" => fill(Posthog::start(url, Crowd::one()), url, hits),
        "segment" => fill(Segment::start(url, Crowd::one()), url, hits),
        "snowplow" => fill(Snowplow::start(url), url, hits),
        _ => fill(Ours::open(&Setup::from_str(who)?, url)?, url, hits),
    }
}

fn fill(load: impl Load, url: &str, hits: usize) -> Result<String, Box<dyn Error>> {
    let normal = clock::back_to_back(&load, NORMAL, BURST);
    collector::stall(url)?;
    let before = resident()?;
    let (mut times, mut most, mut done) = (Times::new(), before, 0);
    while done < hits && most - before < MOST {
        times.add_each(&clock::chain(&load, BURST));
        done += BURST;
        // Its other threads have their turn, as between requests.
        thread::sleep(Duration::from_millis(1));
        most = most.max(resident()?);
    }
    let grown = (most - before) as f64 / MIB;
    // A peer that is dropped waits for the collector.
    std::mem::forget(load);
    Ok(format!("{grown} {} {} {done}", normal.at(0.99) as f64 / 1e3, times.at(0.99) as f64 / 1e3))
}

/// The bytes of memory that this process has.
fn resident() -> io::Result<u64> {
    let text = fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    Ok(number.ok_or(io::ErrorKind::InvalidData)? << 10)
}

/// A close with a receiver that refuses, and with one that takes a request and never answers; in memory and with a spool,
/// beside the peers' shutdowns, which take no deadline.
pub fn close(effort: Effort) -> io::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for receiver in ["down", "stalled"] {
        let mut peers = Vec::new();
        for who in ["posthog", "segment", "snowplow"] {
            let mut took = Series::new();
            for _ in 0..effort.runs {
                took.push(job::run::<1>(&["shut", who, receiver])?[0]);
            }
            peers.push((format!("{who}, stopped after {} s", PATIENCE.as_secs()), took));
        }
        for spool in ["off", "always"] {
            let [mut took, mut named] = [const { Series::new() }; 2];
            for _ in 0..effort.runs {
                let [seconds, hits] = job::run::<2>(&["close", &format!("to=ga4,spool={spool}"), receiver])?;
                took.push(seconds);
                named.push(hits);
            }
            let figure =
                format!("close within {} s, spool = {spool}, receiver {receiver}", DEADLINE.as_secs());
            let row = |what: &str, ours, limit| Row {
                figure: format!("{figure}: {what}"),
                goal: "G10",
                floor: None,
                ours,
                peer: None,
                limits: vec![limit],
            };
            let within = Limit::AtMost(1.1 * DEADLINE.as_secs_f64());
            if spool == "off" {
                // They have none.
                rows.extend(
                    peers
                        .iter()
                        .map(|peer| Row { peer: Some(peer.clone()), ..row("s", took.clone(), within) }),
                );
            } else {
                rows.push(row("s", took, within));
            }
            rows.push(row("hits that were left and not named", named, Limit::AtMost(0.0)));
        }
    }
    Ok(rows)
}

/// The job of [`close`] for a peer: how many seconds its shutdown took, as its documentation has it, or how long it was
/// waited for.
pub fn shut_in_vain(who: &str, receiver: &str) -> Result<String, Box<dyn Error>> {
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let url = match receiver {
        "down" => NOBODY.to_owned(),
        _ => format!("http://{}", silent.local_addr()?),
    };
    let (who, (sender, ended)) = (who.to_owned(), mpsc::channel());
    thread::spawn(move || {
        // What cannot be opened does not answer, and its row is empty.
        let load = numbered::open_peer(&who, &url)?;
        (0..WAITING).for_each(|number| _ = load.queue(number));
        let begin = Instant::now();
        load.shut().ok()?;
        sender.send(begin.elapsed()).ok()
    });
    let took = match ended.recv_timeout(PATIENCE) {
        Ok(took) => took,
        // The process ends with this job, and the shutdown with it.
        Err(mpsc::RecvTimeoutError::Timeout) => PATIENCE,
        Err(mpsc::RecvTimeoutError::Disconnected) => return Err("the peer did not shut down".into()),
    };
    Ok(took.as_secs_f64().to_string())
}

/// The job of [`close`]: how many seconds it took, and how many hits were neither delivered nor named as left.
pub fn close_in_vain(setup: &str, receiver: &str) -> Result<String, Box<dyn Error>> {
    // The system takes connections and requests for it, and nobody reads them.
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let url = match receiver {
        "down" => NOBODY.to_owned(),
        _ => format!("http://{}", silent.local_addr()?),
    };
    let ours = Ours::open(&Setup::from_str(setup)?, &url)?;
    for _ in 0..WAITING {
        ours.one();
    }
    let begin = Instant::now();
    let left = ours.leave(DEADLINE)?;
    let seconds = begin.elapsed().as_secs_f64();
    let book = ours.book();
    if left.is_empty() {
        return Err(format!("nothing was left, which is not what is to be measured: {book:?}").into());
    }
    let named = left.queued + left.in_flight + left.spooled;
    Ok(format!("{seconds} {}", (book.offered - book.delivered).abs_diff(named)))
}
