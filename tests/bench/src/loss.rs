//! What is lost and what comes twice, by the collector's count: after a documented shutdown, over an outage, and when the
//! process is killed.

use std::{fs, io, thread};

use crate::{
    collector::Collector,
    job, ours,
    report::{Limit, Row, Series},
    suite::{CORE, Effort, Section},
};

/// The parts that count, in their order.
pub const SECTIONS: [Section; 3] = [
    Section { name: "shutdown", measure: shutdown },
    Section { name: "outage", measure: outage },
    Section { name: "killed", measure: killed },
];

/// Ours, to a receiver that does not know a second copy, and to one that does; and the peers.
const KEYLESS: &str = "to=ga4";
const KEYED: &str = "to=segment";
const PEERS: [&str; 3] = ["posthog", "segment", "snowplow"];

/// Hits that are queued before a shutdown: half of what the smallest queue holds.
const QUEUED: usize = 5_000;

/// Hits, evenly in time, of which the first fifth comes before an outage and the last fifth after it: within everybody's
/// bounds.
const PACED: usize = 5_000;

/// How many hits were taken when the process is killed: not a multiple of anybody's batch.
const KILLED: usize = 1_537;

/// What came of one library's hits.
struct Came {
    lost: f64,
    doubled: f64,
    /// Lost without its own book saying so, or by how many that does not balance.
    untold: f64,
}

/// What came of everybody's, in all runs.
#[derive(Clone)]
struct Counts {
    lost: Series,
    doubled: Series,
    untold: Series,
}

/// A shutdown as each documentation has it, while the collector is up.
fn shutdown(effort: Effort) -> io::Result<Vec<Row>> {
    let who = [&[KEYLESS][..], &PEERS].concat();
    let counts = measure(effort, &who, |who| queue(who, &["shutdown", &QUEUED.to_string()]))?;
    let figure = format!("shutdown, {QUEUED} hits");
    Ok([beside_peers(&figure, "G9", &counts, Some(0.0)), vec![untold(&figure, "G9", &counts[0])]].concat())
}

/// An outage within everybody's bounds.
fn outage(effort: Effort) -> io::Result<Vec<Row>> {
    let who = [&[KEYLESS][..], &PEERS, &[KEYED]].concat();
    let how = ["outage", &PACED.to_string(), &effort.away.to_string()];
    let counts = measure(effort, &who, |who| queue(who, &how))?;
    let figure = format!("outage of {} s, {PACED} hits", effort.away);
    let keyed = &counts[who.len() - 1];
    Ok([
        beside_peers(&figure, "G11", &counts[..=PEERS.len()], None),
        vec![untold(&figure, "G11", &counts[0])],
        alone(&format!("{figure}, receiver with a key"), "G11", keyed),
    ]
    .concat())
}

/// kill -9 while hits come and go.
fn killed(effort: Effort) -> io::Result<Vec<Row>> {
    let spooled = [KEYLESS, KEYED].map(|to| format!("{to},spool=always"));
    let who = [&[KEYLESS][..], &PEERS, &[spooled[0].as_str(), spooled[1].as_str()]].concat();
    let counts = measure(effort, &who, kill)?;
    ours::clean_up()?;
    let figure = format!("kill -9 after {KILLED} hits");
    let [keyless, keyed] = [&counts[who.len() - 2], &counts[who.len() - 1]];
    Ok([
        beside_peers(&format!("{figure}, in memory"), "G12", &counts[..=PEERS.len()], None),
        vec![
            own(&format!("{figure}, with the spool: lost"), "G12", &keyless.lost, None),
            own(&format!("{figure}, with the spool: doubled"), "G12", &keyless.doubled, Some(0.0)),
            untold(&format!("{figure}, with the spool"), "G12", keyless),
        ],
        alone(&format!("{figure}, with the spool, receiver with a key"), "G12", keyed),
    ]
    .concat())
}

/// Queues hits, and counts what has come when the library has shut down.
fn queue(who: &str, how: &[&str]) -> io::Result<Came> {
    let collector = Collector::start(Some(CORE))?;
    let [taken, said, off] = job::run::<3>(&[&["lose", who, collector.url()], how].concat())?;
    came(&collector, taken, said, off)
}

/// Kills the process that queues hits, and has another deliver what it left on the disk.
fn kill(who: &str) -> io::Result<Came> {
    let collector = Collector::start(Some(CORE))?;
    let folder = ours::folder()?.join(who);
    fs::create_dir_all(&folder)?;
    let folder = folder.to_string_lossy();
    let taken = job::kill(&["go-on", who, collector.url(), &folder], KILLED)?;
    let [said, off] = if who.contains("spool") {
        job::run::<2>(&["adopt", who, collector.url(), &folder])?
    } else {
        // What was in memory nobody can tell of any more.
        [0.0, 0.0]
    };
    came(&collector, taken as f64, said, off)
}

fn came(collector: &Collector, taken: f64, said: f64, off: f64) -> io::Result<Came> {
    let [arrived, doubled] = collector.tally(taken as usize)?;
    let lost = taken - arrived;
    Ok(Came { lost, doubled, untold: (lost - said).max(0.0) + off })
}

/// Does `work` for all of them side by side, in all runs: what is counted does not depend on how fast it is.
fn measure(
    effort: Effort,
    who: &[&str],
    work: impl Fn(&str) -> io::Result<Came> + Sync,
) -> io::Result<Vec<Counts>> {
    let none = Counts { lost: Series::new(), doubled: Series::new(), untold: Series::new() };
    let mut counts = vec![none; who.len()];
    for _ in 0..effort.runs {
        let work = &work;
        let came: Vec<_> = thread::scope(|scope| {
            let running: Vec<_> = who.iter().map(|who| scope.spawn(move || work(who))).collect();
            running.into_iter().map(|one| one.join().expect("counting does not panic")).collect()
        });
        for (counts, came) in counts.iter_mut().zip(came) {
            let Came { lost, doubled, untold } = came?;
            counts.lost.push(lost);
            counts.doubled.push(doubled);
            counts.untold.push(untold);
        }
    }
    Ok(counts)
}

/// The first of `counts` beside each of the peers.
fn beside_peers(figure: &str, goal: &'static str, counts: &[Counts], most: Option<f64>) -> Vec<Row> {
    let ours = &counts[0];
    let mut rows = Vec::new();
    for (name, peer) in PEERS.into_iter().zip(&counts[1..]) {
        for (what, ours, peer, most) in
            [("lost", &ours.lost, &peer.lost, most), ("doubled", &ours.doubled, &peer.doubled, Some(0.0))]
        {
            rows.push(Row {
                peer: Some((name.to_owned(), peer.clone())),
                ..own(&format!("{figure}: {what}"), goal, ours, most)
            });
        }
    }
    rows
}

/// One of ours by which a receiver knows a second copy: nothing is lost, nothing doubled.
fn alone(figure: &str, goal: &'static str, counts: &Counts) -> Vec<Row> {
    vec![
        own(&format!("{figure}: lost"), goal, &counts.lost, Some(0.0)),
        own(&format!("{figure}: doubled"), goal, &counts.doubled, Some(0.0)),
    ]
}

fn untold(figure: &str, goal: &'static str, counts: &Counts) -> Row {
    own(&format!("{figure}: lost and in no book, or a book that is off"), goal, &counts.untold, Some(0.0))
}

fn own(figure: &str, goal: &'static str, ours: &Series, most: Option<f64>) -> Row {
    Row {
        figure: figure.to_owned(),
        goal,
        floor: None,
        ours: ours.clone(),
        peer: None,
        limits: most.map(Limit::AtMost).into_iter().collect(),
    }
}
