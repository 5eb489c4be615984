//! What is measured: for each figure, everybody in turn, as many times as there are runs.

use std::{io, time::Duration};

use crate::{
    clock::{self, Times},
    collector::Collector,
    encode, job,
    report::{Limit, Row, Series},
    spool, stalled,
};

/// How exactly to measure.
#[derive(Clone, Copy)]
pub struct Effort {
    /// How many times everything is measured.
    pub runs: usize,
    /// How often everybody has a turn in one run. A shared machine is faster at one time than at another, by
    /// half; with short turns all see the same of both.
    turns: usize,
    /// Rounds of operations back to back in a turn.
    rounds: usize,
    /// Operations in a turn that are not back to back.
    paced: usize,
    /// Hits that are delivered one by one; ten times as many in batches.
    hits: usize,
    /// Hits that come while the collector is stalled.
    pub stalled: usize,
    /// Bytes that wait on the disk.
    pub backlog: u64,
    /// How many times these are delivered.
    pub backlogs: usize,
    /// How many seconds a receiver is away.
    pub away: usize,
}

impl Effort {
    pub const FULL: Self = Self {
        runs: 5,
        turns: 20,
        rounds: 5,
        paced: 1_500,
        hits: 20_000,
        stalled: 1_000_000,
        backlog: 1 << 30,
        backlogs: 3,
        away: 60,
    };
    pub const QUICK: Self = Self {
        runs: 1,
        turns: 2,
        rounds: 5,
        paced: 1_000,
        hits: 5_000,
        stalled: 100_000,
        backlog: 64 << 20,
        backlogs: 1,
        away: 3,
    };
}

/// A part of the table.
pub struct Section {
    /// Under which it alone may be asked for.
    pub name: &'static str,
    pub measure: fn(Effort) -> io::Result<Vec<Row>>,
}

/// All parts, in their order.
pub const SECTIONS: [Section; 15] = [
    Section { name: "request", measure: request },
    Section { name: "identity", measure: identity },
    Section { name: "ffi", measure: ffi },
    Section { name: "skipped", measure: skipped },
    Section { name: "rules", measure: rules },
    Section { name: "headers", measure: headers },
    Section { name: "threads", measure: threads },
    Section { name: "destinations", measure: destinations },
    Section { name: "encode", measure: encode::encode },
    Section { name: "delivery", measure: delivery },
    Section { name: "crowd", measure: crowd },
    Section { name: "spool", measure: spool::cost },
    Section { name: "backlog", measure: spool::backlog },
    Section { name: "stalled", measure: stalled::stalled },
    Section { name: "close", measure: stalled::close },
];

/// One tracked request, end to end.
fn request(effort: Effort) -> io::Result<Vec<Row>> {
    let who = ["floor", "ours", "posthog"];
    let ([p50, p99], [paced50, paced99]) =
        (latencies(&who, &effort.back_to_back(), effort)?, latencies(&who, &effort.paced(), effort)?);
    let row = |figure: &str, goal, series: Vec<Series>, limits: &[Limit]| {
        let [floor, ours, posthog] = all(series);
        Row {
            figure: format!("tracked request, {figure}, µs"),
            goal,
            floor: Some(floor),
            ours,
            peer: Some(("posthog-rs".to_owned(), posthog)),
            limits: limits.to_vec(),
        }
    };
    Ok(vec![
        row("every 200 µs, p50", "G1", paced50, &[Limit::FloorTimes(2.0), Limit::PeerTimes(0.1)]),
        row("every 200 µs, p99", "G2", paced99, &[Limit::FloorTimes(3.0), Limit::PeerTimes(0.2)]),
        row("back to back, p50", "G3", p50, &[Limit::FloorTimes(1.5)]),
        row("back to back, p99", "", p99, &[]),
    ])
}

/// A visitor who is known without a cookie, and one whose address is looked up in a file, beside one with a cookie.
fn identity(effort: Effort) -> io::Result<Vec<Row>> {
    let who = ["ours", "identity=cookieless", "geo=file"];
    let ([p50, _], [paced, _]) =
        (latencies(&who, &effort.back_to_back(), effort)?, latencies(&who, &effort.paced(), effort)?);
    let rows = |figure: &str, series: Vec<Series>, most: &[Limit]| {
        let [cookie, cookieless, geo] = all(series);
        let row = |of: &str, ours, peer: Option<&Series>, limits: &[Limit]| Row {
            figure: format!("tracked request, {of}, {figure}, p50, µs"),
            goal: "",
            floor: None,
            ours,
            peer: peer.map(|peer| ("cookie".to_owned(), peer.clone())),
            limits: limits.to_vec(),
        };
        vec![
            row("cookieless", cookieless.clone(), Some(&cookie), &[]),
            row("cookieless: more than with a cookie", cookieless.minus(&cookie), None, most),
            row("places from a file", geo.clone(), Some(&cookie), &[]),
            row("places from a file: more", geo.minus(&cookie), None, &[]),
        ]
    };
    let most = [Limit::AtMost(0.3)];
    Ok([rows("back to back", p50, &most), rows("every 200 µs", paced, &[])].concat())
}

/// The same request through the C ABI, in structs and in blocks, beside the Rust call.
fn ffi(effort: Effort) -> io::Result<Vec<Row>> {
    let who = ["ours", "structs", "blob", "lent"];
    let ([p50, _], [paced, _]) =
        (latencies(&who, &effort.back_to_back(), effort)?, latencies(&who, &effort.paced(), effort)?);
    let rows = |figure: &str, series: Vec<Series>| {
        let [rust, structs, blob, lent] = all(series);
        [("structs", structs, 1.3), ("blob", blob, 1.15), ("blob that is lent", lent, 1.15)].map(
            |(way, ours, most)| Row {
                figure: format!("C ABI, {way}, {figure}, p50, µs"),
                goal: "",
                floor: None,
                ours,
                peer: Some(("Rust".to_owned(), rust.clone())),
                limits: vec![Limit::PeerTimes(most)],
            },
        )
    };
    Ok([rows("back to back", p50), rows("every 200 µs", paced)].concat())
}

/// A request that is skipped in begin, and one that is skipped in finish.
fn skipped(effort: Effort) -> io::Result<Vec<Row>> {
    let who = ["floor", "page=ignored", "page=missing"];
    let [p50, _] = latencies(&who, &effort.back_to_back(), effort)?;
    let [floor, ignored, missing] = all(p50);
    let row = |figure: &str, ours| Row {
        figure: format!("skipped request, {figure}, back to back, p50, µs"),
        goal: "",
        floor: Some(floor.clone()),
        ours,
        peer: None,
        limits: Vec::new(),
    };
    Ok(vec![row("ignored path", ignored), row("status 404", missing)])
}

/// What counts as flat: at most a quarter more, which is about the spread of one figure here.
const FLAT: f64 = 1.25;

/// A tracked request beside ever more rules that do not cover its path.
fn rules(effort: Effort) -> io::Result<Vec<Row>> {
    let numbers = [1, 10, 100, 1_000, 10_000];
    let who = numbers.map(|n| format!("rules={n}"));
    let figures = numbers.map(|n| format!("tracked request, {n} ignore rules, back to back, p50, µs"));
    growth(effort, &who, &figures, "1 rule", |_| Limit::PeerTimes(FLAT))
}

/// A tracked request with ever more cookies.
fn headers(effort: Effort) -> io::Result<Vec<Row>> {
    let sizes = [1, 4, 16, 64];
    let who = sizes.map(|n| format!("cookies={n}"));
    let figures = sizes.map(|n| format!("tracked request, {n} KiB of cookies, back to back, p50, µs"));
    // Linear: n times the bytes, at most n times the time.
    growth(effort, &who, &figures, "1 KiB", |n| Limit::PeerTimes(f64::from(sizes[n])))
}

/// A tracked request with one, two and three destinations.
fn destinations(effort: Effort) -> io::Result<Vec<Row>> {
    let to = ["sqlite", "sqlite+ga4", "sqlite+ga4+file"];
    let who = to.map(|to| format!("to={to}"));
    let figures = to.map(|to| format!("tracked request, to {to}, back to back, p50, µs"));
    let mut rows = growth(effort, &who, &figures, "1 destination", |_| Limit::PeerTimes(f64::INFINITY))?;
    rows.iter_mut().for_each(|row| {
        row.goal = "";
        row.limits.clear();
    });
    Ok(rows)
}

/// One row for each setup, all but the first held against the first.
fn growth<const N: usize>(
    effort: Effort,
    setups: &[String; N],
    figures: &[String; N],
    first: &str,
    limit: impl Fn(usize) -> Limit,
) -> io::Result<Vec<Row>> {
    let who: Vec<_> = ["floor"].into_iter().chain(setups.iter().map(String::as_str)).collect();
    let [mut p50, _] = latencies(&who, &effort.back_to_back(), effort)?;
    let floor = p50.remove(0);
    let least = p50[0].clone();
    let rows = p50.into_iter().zip(figures).enumerate().map(|(n, (ours, figure))| Row {
        figure: figure.clone(),
        goal: if n > 0 { "G16" } else { "" },
        floor: Some(floor.clone()),
        ours,
        peer: (n > 0).then(|| (first.to_owned(), least.clone())),
        limits: if n > 0 { vec![limit(n)] } else { Vec::new() },
    });
    Ok(rows.collect())
}

/// As many hits as fit into everybody's queue.
const FITS: &str = "5000";

/// Requests from 1 to 64 threads at once.
fn threads(effort: Effort) -> io::Result<Vec<Row>> {
    let collector = Collector::start(None)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let rounds = effort.rounds.to_string();
    let mut rows: Vec<Row> = Vec::new();
    let mut alone = None;
    for threads in [1, 2, 4, 8, 16, 32, 64] {
        let [mut floor, mut ours, mut floor_rate, mut ours_rate] = [const { Series::new() }; 4];
        // snowplow_tracker's is one thread's.
        let mut peers = ["posthog", "segment"].map(|who| (who.to_owned(), Series::new()));
        for _ in 0..effort.runs {
            for (who, p50, rate) in
                [("floor", &mut floor, &mut floor_rate), ("queue=65536", &mut ours, &mut ours_rate)]
            {
                let words = ["request", who, collector.url(), "threads", &threads.to_string(), &rounds];
                let numbers = job::run::<2>(&words)?;
                p50.push(numbers[0] / 1e3);
                rate.push(numbers[1]);
            }
            for (who, p50) in &mut peers {
                let threads = threads.to_string();
                let words = ["request", &**who, collector.url(), "threads", &threads, &rounds, FITS];
                p50.push(job::run::<2>(&words)?[0] / 1e3);
            }
        }
        rows.extend(peers.map(|peer| Row {
            figure: format!("tracked request, {threads} threads, p50, µs"),
            goal: "",
            floor: None,
            ours: ours.clone(),
            peer: Some(peer),
            limits: Vec::new(),
        }));
        let alone = alone.get_or_insert_with(|| ours.clone());
        let within = threads > 1 && threads <= cores;
        rows.push(Row {
            figure: format!("tracked request, {threads} threads, p50, µs"),
            goal: if within { "G16" } else { "" },
            floor: Some(floor),
            ours,
            peer: (threads > 1).then(|| ("1 thread".to_owned(), alone.clone())),
            limits: if within { vec![Limit::PeerTimes(FLAT)] } else { Vec::new() },
        });
        rows.push(Row {
            figure: format!("tracked requests/s, {threads} threads"),
            goal: "",
            floor: Some(floor_rate),
            ours: ours_rate,
            peer: None,
            limits: Vec::new(),
        });
    }
    Ok(rows)
}

/// Hits a second and processor time a hit, by a process on one core, which it shares with its collector: what that takes
/// is the same for all who send as many requests. The floor of ours is a bare socket that writes as many bytes as often.
fn delivery(effort: Effort) -> io::Result<Vec<Row>> {
    let (single, many) = (effort.hits, effort.hits * 10);
    let who = [
        ("ureq", single),
        ("to=ga-v1", single),
        ("posthog", many),
        ("segment", many),
        ("to=ga4", many),
        ("snowplow", many),
    ];
    let delivered = Delivered::measure(effort, who, 1)?;
    let one = "one hit a POST";
    let batch = format!("{:.0} hits a POST", delivered.packed[4].median());
    let row = |figure: &str, what: What, goal, ours, peer, limit: Option<Limit>| {
        delivered.row(format!("{figure}, {}", what.name()), what, goal, [ours, peer], limit)
    };
    Ok(vec![
        row(one, What::Cost, "G5", 1, 0, Some(Limit::PeerTimes(1.5))),
        row(one, What::Rate, "", 1, 0, None),
        row(&batch, What::Cost, "G6", 4, 2, Some(Limit::PeerTimes(0.5))),
        row(&batch, What::Rate, "", 4, 2, None),
        row(&batch, What::Rate, "G7", 4, 3, Some(Limit::PeerAtLeast(1.0))),
        row(&batch, What::Cost, "", 4, 3, None),
        // Its rate is not known: what it is given time for in between it may have done at once.
        row(&batch, What::Cost, "", 4, 5, None),
    ])
}

/// As [`delivery`], of many visitors with many agents who come in turn. A request to GA4 holds hits of one visitor
/// alone, so that there are as many requests as hits; one to the peers' receivers holds whatever comes.
fn crowd(effort: Effort) -> io::Result<Vec<Row>> {
    /// And a fifth as many agents.
    const VISITORS: usize = 1_000;
    let hits = effort.hits * 5;
    let who = ["posthog", "segment", "to=ga4", "to=file", "to=sqlite"].map(|who| (who, hits));
    let delivered = Delivered::measure(effort, who, VISITORS)?;
    let mut rows = Vec::new();
    for (ours, (name, _)) in who.into_iter().enumerate().skip(2) {
        for (what, peer) in [(What::Cost, 0), (What::Rate, 0), (What::Cost, 1), (What::Rate, 1)] {
            let packed = delivered.packed[ours].median();
            let packed = if packed.is_finite() { format!(" ({packed:.1} a POST)") } else { String::new() };
            let figure = format!("{VISITORS} visitors, {name}{packed}, {}", what.name());
            rows.push(delivered.row(figure, what, "", [ours, peer], None));
        }
    }
    Ok(rows)
}

/// The core that whoever delivers has, and the collector with it.
pub const CORE: usize = 0;

/// What is measured of a delivery.
#[derive(Clone, Copy)]
enum What {
    Cost,
    Rate,
}

impl What {
    fn name(self) -> &'static str {
        match self {
            Self::Cost => "CPU µs a hit",
            Self::Rate => "hits/s",
        }
    }
}

/// What came of everybody's deliveries.
struct Delivered<const N: usize> {
    who: [&'static str; N],
    rate: [Series; N],
    cost: [Series; N],
    /// Hits a POST; without end where there are none.
    packed: [Series; N],
    floor_rate: [Series; N],
    floor_cost: [Series; N],
}

impl<const N: usize> Delivered<N> {
    /// Has everybody deliver so many hits, of `visitors` in turn.
    fn measure(effort: Effort, who: [(&'static str, usize); N], visitors: usize) -> io::Result<Self> {
        let collector = Collector::start(Some(CORE))?;
        let none = || std::array::from_fn(|_| Series::new());
        let mut delivered = Self {
            who: who.map(|(who, _)| who),
            rate: none(),
            cost: none(),
            packed: none(),
            floor_rate: none(),
            floor_cost: none(),
        };
        for _ in 0..effort.runs {
            for (n, (who, hits)) in who.into_iter().enumerate() {
                let measure = |who: &str, hits: usize| {
                    let words = ["delivery", who, collector.url(), &hits.to_string(), &visitors.to_string()];
                    job::run::<2>(&words)
                };
                let before = collector.seen()?;
                let numbers = measure(who, hits)?;
                let after = collector.seen()?;
                let [posts, bytes] = [after[0] - before[0], after[1] - before[1]];
                let each = hits as f64 / posts;
                delivered.rate[n].push(numbers[0]);
                delivered.cost[n].push(numbers[1]);
                delivered.packed[n].push(each);
                if who.starts_with("to=") && posts > 0.0 {
                    let numbers = measure(&format!("socket={:.0}", bytes / posts), posts as usize)?;
                    delivered.floor_rate[n].push(numbers[0] * each);
                    delivered.floor_cost[n].push(numbers[1] / each);
                }
            }
        }
        Ok(delivered)
    }

    /// One of ours beside one of the peers.
    fn row(
        &self,
        figure: String,
        what: What,
        goal: &'static str,
        [ours, peer]: [usize; 2],
        limit: Option<Limit>,
    ) -> Row {
        let (of, floor) = match what {
            What::Cost => (&self.cost, &self.floor_cost[ours]),
            What::Rate => (&self.rate, &self.floor_rate[ours]),
        };
        let packed = self.packed[peer].median();
        Row {
            figure,
            goal,
            floor: (!floor.is_empty()).then(|| floor.clone()),
            ours: of[ours].clone(),
            peer: Some((format!("{} ({packed:.0} a POST)", self.who[peer]), of[peer].clone())),
            limits: limit.into_iter().collect(),
        }
    }
}

impl Effort {
    fn back_to_back(self) -> [String; 2] {
        ["back-to-back".to_owned(), self.rounds.to_string()]
    }

    fn paced(self) -> [String; 2] {
        ["paced".to_owned(), self.paced.to_string()]
    }
}

/// How long the machine is watched before a turn.
const WATCH: Duration = Duration::from_millis(10);

/// p50 and p99 of each of `who`, in µs. Says besides how undisturbed the machine was.
fn latencies(who: &[&str], how: &[String; 2], effort: Effort) -> io::Result<[Vec<Series>; 2]> {
    let collector = Collector::start(None)?;
    let mut series = [vec![Series::new(); who.len()], vec![Series::new(); who.len()]];
    let mut interruptions = Series::new();
    for _ in 0..effort.runs {
        let mut times: Vec<_> = who.iter().map(|_| Times::new()).collect();
        let mut taken = 0.0;
        for _ in 0..effort.turns {
            taken += clock::interruptions(WATCH);
            for (who, times) in who.iter().zip(&mut times) {
                job::time(&["request", who, collector.url(), &how[0], &how[1]], times)?;
            }
        }
        interruptions.push(taken / effort.turns as f64);
        for (series, quantile) in series.iter_mut().zip([0.5, 0.99]) {
            for (series, times) in series.iter_mut().zip(&times) {
                series.push(times.at(quantile) as f64 / 1e3);
            }
        }
    }
    eprintln!("{}: the processor was taken from a thread that spins {interruptions} times a second", how[0]);
    Ok(series)
}

fn all<const N: usize>(series: Vec<Series>) -> [Series; N] {
    // OK because there is one series for each of those who were measured.
    series.try_into().expect("as many were measured")
}
