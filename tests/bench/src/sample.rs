//! The page view that everybody records: of one visitor of one site, in Chrome, or of many who come in turn.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Chrome's agent, as it stands in `User-Agent`.
pub const AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36";

/// The visitor's id.
pub const VISITOR: &str = "5b1f8a7e-3c46-4d0a-9b1e-7c2d4e6f8a90";

/// The floor's page view: eleven fields, as the Measurement Protocol names them.
pub const FIELDS: [(&str, &str); 11] = [
    ("v", "1"),
    ("z", "1804289383"),
    ("t", "pageview"),
    (
        "dt",
        "Twelve walks along the old railway, and where to rest on the way back - Walking and cycling in the valley",
    ),
    ("dh", "www.example.com"),
    ("dr", "https://www.example.org/search/results/walks-and-cycling?region=valley"),
    (
        "dp",
        "/walks/twelve-walks-along-the-old-railway/where-to-rest-on-the-way-back/part-2/with-a-map-and-the-times-of-all-trains-and-buses-in-summer-2",
    ),
    ("tid", "UA-12345678-1"),
    ("cid", VISITOR),
    ("uip", "203.0.113.0"),
    ("ua", AGENT),
];

/// The path of the page that it views.
const PAGE: &str = "/walks/twelve-walks/the-old-railway/part/";

/// The peers' page view: the same fields, in about 500 bytes with what a peer adds of its own.
pub const SHORT: [(&str, &str); 11] = [
    ("v", "1"),
    ("z", "1804289383"),
    ("t", "pageview"),
    ("dt", "Twelve walks along the old railway"),
    ("dh", "www.example.com"),
    ("dr", "https://www.example.org/search"),
    ("dp", PAGE),
    ("tid", "UA-12345678-1"),
    ("cid", VISITOR),
    ("uip", "203.0.113.0"),
    ("ua", AGENT),
];

/// Who visits the site, one after the other.
pub struct Crowd {
    visitors: Vec<String>,
    agents: Vec<String>,
    turn: AtomicUsize,
}

impl Crowd {
    /// So many visitors, and a fifth as many agents. One alone is [`VISITOR`], with [`AGENT`].
    pub fn of(visitors: usize) -> Self {
        let agents = 0..visitors.div_ceil(5);
        Self {
            visitors: (0..visitors).map(|n| format!("{}{n:04x}", &VISITOR[..VISITOR.len() - 4])).collect(),
            // Another build of the same browser: as long, and as much work to tell what it is.
            agents: agents.map(|n| AGENT.replace("141.0.0.0", &format!("141.0.{n}.0"))).collect(),
            turn: AtomicUsize::new(0),
        }
    }

    pub fn one() -> Self {
        let alone = |text: &str| vec![text.to_owned()];
        Self { visitors: alone(VISITOR), agents: alone(AGENT), turn: AtomicUsize::new(0) }
    }

    pub fn len(&self) -> usize {
        self.visitors.len()
    }

    /// The number of who comes next. One alone is not counted: that would be work of the benchmark's.
    pub fn next(&self) -> usize {
        if self.len() == 1 { 0 } else { self.turn.fetch_add(1, Relaxed) % self.len() }
    }

    pub fn visitor(&self, number: usize) -> &str {
        &self.visitors[number]
    }

    pub fn agent(&self, number: usize) -> &str {
        &self.agents[number % self.agents.len()]
    }

    /// The fields of a peer's page view, of who comes next, and who that is.
    pub fn short(&self) -> (&str, impl Iterator<Item = (&'static str, &str)>) {
        self.short_of(PAGE)
    }

    /// As [`short`](Self::short), of the page at this path.
    pub fn short_of<'a>(&'a self, page: &'a str) -> (&'a str, impl Iterator<Item = (&'static str, &'a str)>) {
        let next = self.next();
        let fields = SHORT.into_iter().map(move |(key, value)| match key {
            "dp" => (key, page),
            "cid" => (key, self.visitor(next)),
            "ua" => (key, self.agent(next)),
            _ => (key, value),
        });
        (self.visitor(next), fields)
    }
}

#[cfg(test)]
mod test {
    use std::collections::HashSet;

    use super::{AGENT, Crowd, FIELDS, SHORT, VISITOR};
    use crate::floor::encode;

    #[test]
    fn the_fields_are_600_bytes_urlencoded() {
        let mut body = Vec::new();
        encode(&FIELDS, &mut body);
        assert_eq!(body.len(), 600, "{}", String::from_utf8_lossy(&body));
    }

    #[test]
    fn many_visitors_come_in_turn_each_with_an_agent() {
        let crowd = Crowd::of(1_000);
        let come: Vec<_> = (0..2_000).map(|_| crowd.next()).collect();
        assert_eq!(come[..3], [0, 1, 2]);
        assert_eq!((come[999], come[1_000]), (999, 0));
        let visitors: HashSet<_> = come.iter().map(|&n| crowd.visitor(n)).collect();
        let agents: HashSet<_> = come.iter().map(|&n| crowd.agent(n)).collect();
        assert_eq!((visitors.len(), agents.len()), (1_000, 200));
        assert!(visitors.iter().all(|visitor| visitor.len() == VISITOR.len()));
        assert_eq!(crowd.agent(7), AGENT.replace("141.0.0.0", "141.0.7.0"));
    }

    #[test]
    fn one_alone_sends_the_fields_as_they_are() {
        let crowd = Crowd::one();
        let (visitor, fields) = crowd.short();
        assert_eq!(visitor, VISITOR);
        assert_eq!(fields.collect::<Vec<_>>(), SHORT);
    }
}
