//! The table: figure, goal, floor, ours, peer, ratios, met or not.

use std::fmt;

/// One value for each run.
#[derive(Clone, Debug)]
pub struct Series(Vec<f64>);

impl Series {
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// What is the same in every one of so many runs.
    pub fn of(value: f64, runs: usize) -> Self {
        Self(vec![value; runs])
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    /// For each run, how many times `other` it was. Runs are compared with themselves, as a machine that others
    /// share is not the same in the next one.
    fn over(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(this, other)| this / other).collect())
    }

    /// For each run, how much more than `other` it was.
    pub fn minus(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(this, other)| this - other).collect())
    }

    pub fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        match sorted.len() {
            0 => f64::NAN,
            n if n % 2 == 1 => sorted[n / 2],
            n => (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0,
        }
    }
}

/// The median, and the spread from the least to the greatest.
impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let least = self.0.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = self.0.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        write!(f, "{}", short(self.median()))?;
        if self.0.len() > 1 {
            write!(f, " ({}-{})", short(least), short(greatest))?;
        }
        Ok(())
    }
}

fn short(value: f64) -> String {
    match value.abs() {
        v if v >= 1_000.0 => format!("{:.0} k", value / 1_000.0),
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// One line of the table.
#[derive(Clone)]
pub struct Row {
    pub figure: String,
    /// The goal's number, as `G1`; empty where there is none.
    pub goal: &'static str,
    pub floor: Option<Series>,
    pub ours: Series,
    /// Who else was measured, and what came out.
    pub peer: Option<(String, Series)>,
    /// What the ratios must be.
    pub limits: Vec<Limit>,
}

/// A bound on ours, or on its ratio to another's.
#[derive(Clone, Copy, Debug)]
pub enum Limit {
    /// Ours is at most so much.
    AtMost(f64),
    /// Ours is at most so many times the floor.
    FloorTimes(f64),
    /// Ours is at most so many times the peer's.
    PeerTimes(f64),
    /// Ours is at least so many times the peer's.
    PeerAtLeast(f64),
}

impl Row {
    fn ratios(&self) -> [Option<f64>; 2] {
        let to = |other: Option<&Series>| other.map(|other| self.ours.over(other).median());
        [to(self.floor.as_ref()), to(self.peer.as_ref().map(|(_, series)| series))]
    }

    fn met(&self) -> &'static str {
        let [floor, peer] = self.ratios();
        let met = |limit: &Limit| match *limit {
            Limit::AtMost(most) => self.ours.median() <= most,
            Limit::FloorTimes(most) => floor.is_some_and(|ratio| ratio <= most),
            Limit::PeerTimes(most) => peer.is_some_and(|ratio| ratio <= most),
            Limit::PeerAtLeast(least) => peer.is_some_and(|ratio| ratio >= least),
        };
        match self.limits[..] {
            [] => "",
            ref limits if limits.iter().all(met) => "met",
            _ => "NOT MET",
        }
    }

    fn limit(&self) -> String {
        let text = self.limits.iter().map(|limit| match limit {
            Limit::AtMost(most) => format!("≤ {most}"),
            Limit::FloorTimes(most) => format!("≤ {most} floor"),
            Limit::PeerTimes(most) => format!("≤ {most} peer"),
            Limit::PeerAtLeast(least) => format!("≥ {least} peer"),
        });
        let text: Vec<_> = text.collect();
        [self.goal, &text.join(", ")].join(" ").trim().to_owned()
    }

    fn cells(&self) -> [String; 8] {
        // Beside nothing there is no ratio.
        let [floor, peer] = self
            .ratios()
            .map(|ratio| ratio.filter(|r| r.is_finite()).map_or_else(String::new, |r| format!("{r:.2}")));
        [
            self.figure.clone(),
            self.limit(),
            self.floor.as_ref().map_or_else(String::new, Series::to_string),
            self.ours.to_string(),
            self.peer.as_ref().map_or_else(String::new, |(name, series)| format!("{series} {name}")),
            floor,
            peer,
            self.met().to_owned(),
        ]
    }
}

/// All lines, in columns.
pub fn table(rows: &[Row]) -> String {
    let titles = ["figure", "goal", "floor", "ours", "peer", "/ floor", "/ peer", "met"].map(str::to_owned);
    let lines: Vec<_> = std::iter::once(titles).chain(rows.iter().map(Row::cells)).collect();
    let widths: [usize; 8] =
        std::array::from_fn(|n| lines.iter().map(|cells| cells[n].chars().count()).max().unwrap_or(0));
    let mut text = String::new();
    for cells in lines {
        let padded: Vec<_> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text.push_str(padded.join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod test {
    use super::{Limit, Row, Series, table};

    fn series(values: &[f64]) -> Series {
        let mut series = Series::new();
        values.iter().for_each(|value| series.push(*value));
        series
    }

    #[test]
    fn median_and_spread() {
        assert_eq!(series(&[3.0, 1.0, 2.0]).median(), 2.0);
        assert_eq!(series(&[4.0, 1.0]).median(), 2.5);
        assert_eq!(series(&[0.5, 12.34, 2500.0]).to_string(), "12.3 (0.50-2 k)");
        assert_eq!(series(&[123.4]).to_string(), "123");
        assert_eq!(series(&[2.0, 9.0, 4.0]).minus(&series(&[1.0, 3.0, 4.0])).median(), 1.0, "of 1, 6 and 0");
        assert_eq!(series(&[2.0, 9.0, 4.0]).over(&series(&[1.0, 3.0, 4.0])).median(), 2.0, "of 2, 3 and 1");
    }

    #[test]
    fn a_goal_is_met_when_all_its_limits_are() {
        let mut row = Row {
            figure: "one request, µs".to_owned(),
            goal: "G1",
            floor: Some(series(&[1.0])),
            ours: series(&[1.5]),
            peer: Some(("posthog-rs".to_owned(), series(&[20.0]))),
            limits: vec![Limit::FloorTimes(2.0), Limit::PeerTimes(0.1)],
        };
        assert_eq!(row.met(), "met");
        assert!(table(&[]).starts_with("figure  goal  floor"));
        row.limits.push(Limit::PeerAtLeast(1.0));
        assert_eq!(row.met(), "NOT MET");
        row.limits = vec![Limit::FloorTimes(1.4)];
        assert_eq!(row.met(), "NOT MET");
        row.floor = None;
        assert_eq!(row.met(), "NOT MET");
        row.limits = vec![Limit::AtMost(1.5)];
        assert_eq!(row.met(), "met");
        row.limits = vec![Limit::AtMost(1.4)];
        assert_eq!(row.met(), "NOT MET");
        row.limits.clear();
        assert_eq!(row.met(), "");
        row.peer = Some(("posthog-rs".to_owned(), series(&[0.0])));
        assert!(!table(&[row]).contains("inf"), "beside nothing");
    }
}
