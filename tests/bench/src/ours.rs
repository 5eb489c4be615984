//! Trackside as a Rust host has it: a tracker, and one request of a returning visitor in Chrome.

use std::{
    error::Error,
    fs, hint, io,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use http::{HeaderMap, HeaderName, HeaderValue, header};
use trackside_core::{Annotations, Config, Request, Response, judge::Verdict, ledger::Hits, transport::Left};
use trackside_transports::Tracker;

use crate::{clock::Load, sample::Crowd};

/// How long the workers may take to be done with what is queued.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What is configured and what is asked for, in words such as `page=ignored,rules=100`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Setup {
    /// `tracked`, `ignored` (skipped in begin) or `missing` (skipped in finish, for its 404).
    page: String,
    /// `cookie` or `cookieless`: what the visitor is known by.
    identity: String,
    /// `none`, or `file`: a database says where addresses are.
    geo: String,
    /// The destinations' types, joined by `+`.
    to: String,
    /// How many other paths are ignored.
    rules: usize,
    /// KiB of other cookies.
    cookies: usize,
    /// Hits that a queue holds; 0 for the default.
    queue: usize,
    /// Bytes that such a queue holds, with a unit; empty for as many as there may be.
    bytes: String,
    /// `off`, `overflow` or `always`: which hits go to the disk.
    spool: String,
    /// How many visitors come in turn, with a fifth as many agents.
    pub visitors: usize,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            page: "tracked".to_owned(),
            identity: "cookie".to_owned(),
            geo: "none".to_owned(),
            to: "sqlite+ga4".to_owned(),
            rules: 0,
            cookies: 0,
            queue: 0,
            bytes: String::new(),
            spool: "off".to_owned(),
            visitors: 1,
        }
    }
}

impl FromStr for Setup {
    type Err = String;

    fn from_str(words: &str) -> Result<Self, String> {
        let mut setup = Self::default();
        for word in words.split(',').filter(|word| *word != "ours") {
            let (key, value) = word.split_once('=').ok_or_else(|| format!("`{word}` is not `key=value`"))?;
            let number = || value.parse().map_err(|error| format!("`{word}`: {error}"));
            match key {
                "page" => setup.page = value.to_owned(),
                "identity" => setup.identity = value.to_owned(),
                "geo" => setup.geo = value.to_owned(),
                "to" => setup.to = value.to_owned(),
                "rules" => setup.rules = number()?,
                "cookies" => setup.cookies = number()?,
                "queue" => setup.queue = number()?,
                "bytes" => setup.bytes = value.to_owned(),
                "spool" => setup.spool = value.to_owned(),
                "visitors" => setup.visitors = number()?,
                _ => return Err(format!("unknown key `{key}`")),
            }
        }
        Ok(setup)
    }
}

/// A tracker, and the request and response that it is to count.
pub struct Ours {
    tracker: Tracker,
    target: &'static str,
    crowd: Crowd,
    /// What each of the crowd sends.
    headers: Vec<HeaderMap>,
    status: u16,
    response: HeaderMap,
}

impl Ours {
    /// Opens a tracker whose receivers are at `url`, and visits it once.
    pub fn open(setup: &Setup, url: &str) -> Result<Self, Box<dyn Error>> {
        Self::open_at(setup, url, &folder()?)
    }

    /// As [`open`](Self::open), with all that it writes in `folder`.
    pub fn open_at(setup: &Setup, url: &str, folder: &Path) -> Result<Self, Box<dyn Error>> {
        fs::write(folder.join(PLACES), include_bytes!("../../vectors/files/places.mmdb"))?;
        let toml = configuration(setup, url, &folder.to_string_lossy());
        let html = HeaderValue::from_static(HTML);
        let crowd = if setup.visitors == 1 { Crowd::one() } else { Crowd::of(setup.visitors) };
        let mut ours = Self {
            tracker: Tracker::open(Config::builder().toml(&toml).build()?)?,
            target: if setup.page == "ignored" { "/admin/walks/" } else { TARGET },
            headers: (0..crowd.len()).map(|n| chrome(crowd.agent(n))).collect(),
            crowd,
            status: if setup.page == "missing" { 404 } else { 200 },
            response: HeaderMap::from_iter([(header::CONTENT_TYPE, html)]),
        };
        for number in 0..ours.crowd.len() {
            ours.return_with_cookie(setup, number)?;
        }
        let verdict = ours.visit();
        if verdict.is_tracked() != (setup.page == "tracked") || verdict.headers().count() > 0 {
            return Err(format!("{setup:?}: {verdict}, which is not what is to be measured").into());
        }
        Ok(ours)
    }

    /// Delivers everything.
    ///
    /// # Errors
    ///
    /// When a hit was lost on the way: then the measurement was of something else.
    pub fn close(self) -> Result<(), Box<dyn Error>> {
        for book in self.tracker.close(PATIENCE)?.stats.destinations {
            if book.delivered != book.offered {
                return Err(format!("not all were delivered: {book:?}").into());
            }
        }
        Ok(())
    }

    /// Closes while not all can be delivered, and says what was left.
    pub fn leave(&self, within: Duration) -> Result<Left, Box<dyn Error>> {
        Ok(self.tracker.close(within)?.left)
    }

    /// The book of the only destination.
    pub fn book(&self) -> Hits {
        self.tracker.stats().destinations.pop().unwrap_or_default()
    }

    /// The first visit hands out a cookie; from then on it comes along, behind the site's other cookies. Where it hands
    /// out none, another one of the site's, as long, stands in its place.
    fn return_with_cookie(&mut self, setup: &Setup, number: usize) -> Result<(), Box<dyn Error>> {
        let headers = &mut self.headers[number];
        let request = Request::new("GET", TARGET, &*headers).with_peer(Some(PEER.into()));
        let response = Response::new(200, &self.response);
        let verdict = self.tracker.begin(&request).finish(&request, &response, &Annotations::new());
        let cookie = verdict.headers().find(|(name, _)| *name == "Set-Cookie").map(|(_, value)| value);
        let pair = match cookie.and_then(|cookie| cookie.split(';').next()) {
            None if setup.identity == "cookieless" => FOREIGN,
            pair => pair.ok_or("no cookie was handed out")?,
        };
        let others = "preference=12345678; ".repeat(setup.cookies * 1024 / 21);
        headers.insert(header::COOKIE, HeaderValue::from_str(&format!("{others}{pair}"))?);
        Ok(())
    }

    fn visit(&self) -> Verdict {
        self.view(self.target)
    }

    /// A visit of the page at this path.
    pub fn view(&self, target: &str) -> Verdict {
        let headers = &self.headers[self.crowd.next()];
        let request = Request::new("GET", target, headers).with_peer(Some(PEER.into())).with_secure(true);
        let exchange = self.tracker.begin(&request);
        let response = Response::new(self.status, &self.response);
        exchange.finish(&request, &response, &Annotations::new().title(TITLE))
    }
}

impl Load for Ours {
    fn one(&self) {
        drop(hint::black_box(self.visit()));
    }

    fn settle(&self) {
        let left = self.tracker.flush(PATIENCE);
        assert!(left.is_ok_and(|left| left.is_empty()), "not delivered in a minute");
    }
}

pub const TITLE: &str = "Twelve walks along the old railway, and where to rest on the way back";
pub const TARGET: &str =
    "/walks/twelve-walks-along-the-old-railway/?utm_source=newsletter&utm_medium=mail&page=2";

/// A cookie as long as trackside's.
const FOREIGN: &str = "sessionid=5b1f8a7e-3c46-4d0a-9b1e-7c2d4e6f8a90.1784116800.1784116800.1784116800";

/// The name of the database of places.
const PLACES: &str = "places.mmdb";

/// Where the peer is.
pub const PEER: [u8; 4] = [203, 0, 113, 9];
pub const HTML: &str = "text/html; charset=utf-8";

/// A folder for this process alone, which [`clean_up`] removes.
pub fn folder() -> io::Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("trackside-bench-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Removes what this process has written.
pub fn clean_up() -> io::Result<()> {
    fs::remove_dir_all(folder()?)
}

pub fn configuration(setup: &Setup, url: &str, folder: &str) -> String {
    let ignore: Vec<_> = (0..setup.rules).map(|n| format!("\"/private/area-{n}/\"")).collect();
    let mut toml =
        format!("site = [\"www.example.com\"]\ntrack.ignore = [\"/admin/\", {}]\n", ignore.join(", "));
    toml.push_str(&match setup.identity.as_str() {
        "cookieless" => format!("visitor = {{ identity = \"cookieless\", keys = \"{folder}/keys\" }}\n"),
        _ => "consent.policy = \"notice\"\n".to_owned(),
    });
    if setup.geo == "file" {
        toml.push_str(&format!("geo.file = \"{folder}/{PLACES}\"\n"));
    }
    if setup.spool != "off" {
        toml.push_str(&format!("spool = {{ dir = \"{folder}/spool\", bytes = \"4GiB\" }}\n"));
    }
    for kind in setup.to.split('+') {
        let keys = match kind {
            "sqlite" => format!("path = \"{folder}/hits.db\""),
            "file" => format!("path = \"{folder}/hits.jsonl\""),
            "ga4" => format!(
                "url = \"{url}/mp/collect\"\nmeasurement_id = \"G-BENCHMARK1\"\napi_secret = \"secret\"\n\
                 batch.hits = 20"
            ),
            "segment" => format!("url = \"{url}/v1/batch\"\nwrite_key = \"secret\""),
            _ => format!("url = \"{url}/collect\"\ntracking_id = \"UA-12345678-1\""),
        };
        toml.push_str(&format!("[[destination]]\ntype = \"{kind}\"\n{keys}\n"));
        if setup.spool != "off" {
            toml.push_str(&format!("spool = \"{}\"\n", setup.spool));
        }
        if setup.queue > 0 {
            let bytes = if setup.bytes.is_empty() { "1GiB" } else { &setup.bytes };
            toml.push_str(&format!("queue = {{ hits = {}, bytes = \"{bytes}\" }}\n", setup.queue));
        }
    }
    toml
}

/// The fourteen headers that Chrome sends, as `agent`, when somebody follows a link.
pub fn chrome(agent: &str) -> HeaderMap {
    let text = [
        ("host", "www.example.com"),
        ("sec-ch-ua", r#""Chromium";v="141", "Google Chrome";v="141", "Not?A_Brand";v="8""#),
        ("sec-ch-ua-mobile", "?0"),
        ("sec-ch-ua-platform", "\"Linux\""),
        ("upgrade-insecure-requests", "1"),
        ("user-agent", agent),
        (
            "accept",
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
        ),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-user", "?1"),
        ("sec-fetch-dest", "document"),
        ("referer", "https://www.example.org/search/results/walks-and-cycling?region=valley"),
        ("accept-encoding", "gzip, deflate, br, zstd"),
        ("accept-language", "en-GB,en;q=0.9,de;q=0.8"),
    ];
    text.into_iter()
        .filter_map(|(name, value)| Some((HeaderName::from_static(name), HeaderValue::from_str(value).ok()?)))
        .collect()
}

#[cfg(test)]
mod test {
    use std::str::FromStr;

    use super::{Setup, chrome};
    use crate::sample::AGENT;

    #[test]
    fn a_setup_is_read_from_words() {
        let setup = Setup::from_str("page=ignored,rules=100,to=ga4").unwrap();
        assert_eq!((setup.page.as_str(), setup.rules, setup.to.as_str()), ("ignored", 100, "ga4"));
        assert_eq!(Setup::from_str("ours").unwrap().to, "sqlite+ga4");
        assert!(Setup::from_str("rules=x").is_err());
        assert!(Setup::from_str("colour=red").is_err());
    }

    #[test]
    fn chrome_sends_fourteen_headers() {
        assert_eq!(chrome(AGENT).len(), 14);
    }
}
