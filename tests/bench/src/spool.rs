//! What the queue on disk costs, how fast a backlog is delivered from it, and how long a close takes while nobody
//! answers.

use std::{
    error::Error,
    fs, io,
    net::TcpListener,
    path::Path,
    str::FromStr,
    thread,
    time::{Duration, Instant},
};

use crate::{
    clock::Load,
    collector::Collector,
    job,
    ours::{Ours, PATIENCE, Setup, folder},
    report::{Limit, Row, Series},
    suite::Effort,
};

/// Nobody listens there: connections are refused at once.
const NOBODY: &str = "http://127.0.0.1:1";

/// The deadline of a close that cannot deliver.
const DEADLINE: Duration = Duration::from_secs(1);

/// How many hits wait when it begins.
const LEFT: usize = 1_000;

const GIB: f64 = (1_u64 << 30) as f64;

/// The rows of this section.
pub fn section(effort: Effort) -> io::Result<Vec<Row>> {
    Ok([cost(effort)?, backlog(effort)?, close(effort)?].concat())
}

/// A tracked request that writes its hit to the disk, beside one that queues it in memory.
fn cost(effort: Effort) -> io::Result<Vec<Row>> {
    let collector = Collector::start(None)?;
    let rounds = effort.rounds.to_string();
    let mut rows = Vec::new();
    for threads in [1, 2, 4, 8] {
        let [mut memory, mut disk] = [const { Series::new() }; 2];
        for _ in 0..effort.runs {
            for (who, p50) in [("to=ga4,queue=65536", &mut memory), ("to=ga4,spool=always", &mut disk)] {
                let words = ["request", who, collector.url(), "threads", &threads.to_string(), &rounds];
                p50.push(job::run::<2>(&words)?[0] / 1e3);
            }
        }
        let row = |figure: String, goal, ours, peer, limits: &[Limit]| Row {
            figure,
            goal,
            floor: None,
            ours,
            peer,
            limits: limits.to_vec(),
        };
        let more = disk.minus(&memory);
        let in_memory = Some(("in memory".to_owned(), memory));
        let figure = format!("tracked request, spool = always, {threads} threads, p50, µs");
        rows.push(row(figure, "", disk, in_memory, &[]));
        rows.push(row("the same: more than in memory".to_owned(), "G12", more, None, &[Limit::AtMost(0.5)]));
    }
    Ok(rows)
}

/// A backlog that another process left, to a receiver that is back.
fn backlog(effort: Effort) -> io::Result<Vec<Row>> {
    let collector = Collector::start(None)?;
    let [mut rate, mut whole] = [const { Series::new() }; 2];
    for _ in 0..effort.runs {
        let [hits, seconds, bytes] =
            job::run::<3>(&["backlog", collector.url(), &effort.backlog.to_string()])?;
        rate.push(hits / seconds);
        whole.push(seconds * GIB / bytes);
    }
    let row = |figure: &str, ours| Row {
        figure: figure.to_owned(),
        goal: "",
        floor: None,
        ours,
        peer: None,
        limits: Vec::new(),
    };
    Ok(vec![row("from the spool, hits/s", rate), row("a backlog of 1 GiB, s", whole)])
}

/// A close with a receiver that refuses, and with one that takes a request and never answers.
fn close(effort: Effort) -> io::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for receiver in ["down", "stalled"] {
        let mut took = Series::new();
        for _ in 0..effort.runs {
            took.push(job::run::<1>(&["close", receiver])?[0]);
        }
        rows.push(Row {
            figure: format!("close within {} s, receiver {receiver}, s", DEADLINE.as_secs()),
            goal: "G10",
            floor: None,
            ours: took,
            peer: None,
            limits: vec![Limit::AtMost(1.1 * DEADLINE.as_secs_f64())],
        });
    }
    Ok(rows)
}

/// The job of [`backlog`]: how many hits were delivered in how many seconds, and how many bytes they had on the disk.
pub fn deliver_backlog(url: &str, bytes: u64) -> Result<String, Box<dyn Error>> {
    let setup = Setup::from_str("to=ga4,spool=always")?;
    let before = Ours::open(&setup, NOBODY)?;
    let disk = folder()?.join("spool");
    let mut size = 0;
    while size < bytes {
        for _ in 0..20_000 {
            before.one();
        }
        size = size_of(&disk)?;
    }
    let left = before.leave(DEADLINE)?;
    let left = left.spooled + left.in_flight;

    let begin = Instant::now();
    let after = Ours::open(&setup, url)?;
    // Flush and close wait for what was submitted, and this was submitted to another.
    while after.delivered() < left {
        if begin.elapsed() > PATIENCE {
            return Err(format!("{} of {left} were delivered", after.delivered()).into());
        }
        thread::sleep(Duration::from_millis(5));
    }
    let seconds = begin.elapsed().as_secs_f64();
    after.leave(PATIENCE)?;
    fs::remove_dir_all(folder()?)?;
    Ok(format!("{left} {seconds} {size}"))
}

/// The job of [`close`]: how many seconds it took.
pub fn close_in_vain(receiver: &str) -> Result<String, Box<dyn Error>> {
    // Its backlog takes connections and requests, and nobody reads them.
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let url = match receiver {
        "down" => NOBODY.to_owned(),
        _ => format!("http://{}", silent.local_addr()?),
    };
    let ours = Ours::open(&Setup::from_str("to=ga4")?, &url)?;
    for _ in 0..LEFT {
        ours.one();
    }
    let begin = Instant::now();
    let left = ours.leave(DEADLINE)?;
    let seconds = begin.elapsed().as_secs_f64();
    fs::remove_dir_all(folder()?)?;
    if left.is_empty() {
        return Err("nothing was left, which is not what is to be measured".into());
    }
    Ok(seconds.to_string())
}

/// How many bytes the files below `folder` have.
fn size_of(folder: &Path) -> io::Result<u64> {
    let mut size = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        size += if entry.file_type()?.is_dir() { size_of(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(size)
}
