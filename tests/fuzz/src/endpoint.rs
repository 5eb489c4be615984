//! The target `endpoint`: any request below `beacon.path` and `consent.path`.
//!
//! Only the site's own pages are answered, as far as the headers tell; what an answer sets and where it leads is the
//! site's own; and a reported page is recorded as the page itself would be.

use std::sync::LazyLock;

use trackside_core::{
    Annotations, Config, Hit, Moment, Reason, Request, Response,
    endpoint::{self, Answer},
    is_field_value, judge,
};

use crate::{
    escapes::{decoded, parts},
    page::{SITE, config},
    site::{ENTROPY, NOW},
};

static CONFIG: LazyLock<Config> = LazyLock::new(|| {
    config("consent = { policy = 'opt-in', path = '/consent/' }\nbeacon.path = '/t/'\nprivacy.query = 'keep'")
});

const METHODS: [&str; 4] = ["GET", "POST", "HEAD", "PUT"];
const PATHS: [&str; 4] = ["/t/", "/t/s.js", "/consent/grant", "/consent/withdraw"];

/// A request of the browser's.
#[derive(Debug)]
struct Asked<'a> {
    method: &'static str,
    path: &'static str,
    query: &'a [u8],
    headers: Vec<(&'static str, &'a [u8])>,
}

impl<'a> Asked<'a> {
    /// After a byte for method and path, and one for the headers that there are: the query and those headers, with NULs
    /// between them.
    fn read(data: &'a [u8]) -> Option<Self> {
        let ([how, which], rest) = data.split_first_chunk()?;
        let [query, values @ ..] = parts::<6>(rest);
        let names = ["sec-fetch-site", "origin", "referer", "sec-fetch-mode", "cookie"];
        let headers = names.into_iter().zip(values).enumerate();
        let headers = headers.filter(|(n, (_, value))| which & 1 << n != 0 && is_field_value(value));
        Some(Self {
            method: METHODS[usize::from(*how) % METHODS.len()],
            path: PATHS[usize::from(how / 4) % PATHS.len()],
            query,
            headers: headers.map(|(_, (name, value))| (name, value.trim_ascii())).collect(),
        })
    }

    fn value(&self, name: &str) -> Option<&'a [u8]> {
        self.headers.iter().find(|(other, _)| *other == name).map(|(_, value)| *value)
    }

    /// Whether a page of the site sent it: by the first header that says so.
    fn is_own(&self) -> bool {
        match self.value("sec-fetch-site") {
            Some(site) => site == b"same-origin",
            None => self.value("origin").or(self.value("referer")).is_some_and(is_own),
        }
    }

    fn answer(&self) -> (Answer, Vec<Hit>) {
        let target = [self.path.as_bytes(), b"?", self.query].concat();
        let headers = [&[("host", SITE.as_bytes())], &self.headers[..]].concat();
        let request = Request::new(self.method, &target, &headers);
        let mut hits = Vec::new();
        let draw = || (Moment::new(NOW, ENTROPY), None);
        let answer = endpoint::answer(&CONFIG, &request, draw, &mut |hit| hits.push(hit));
        (answer.expect("it is ours"), hits)
    }

    /// The first value of a parameter, decoded as a form's.
    fn parameter(&self, name: &str) -> Option<Vec<u8>> {
        let begin = format!("{name}=");
        let mut pairs = self.query.split(|&byte| byte == b'#').next()?.split(|&byte| byte == b'&');
        let value = pairs.find_map(|pair| pair.strip_prefix(begin.as_bytes()))?;
        let blanks: Vec<u8> = value.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect();
        Some(decoded(&blanks)).filter(|value| !value.is_empty())
    }
}

/// Whether the address names the site, with any port.
fn is_own(url: &[u8]) -> bool {
    let url = url.to_ascii_lowercase();
    let rest = [&b"http://"[..], b"https://"].iter().find_map(|scheme| url.strip_prefix(*scheme));
    let Some(rest) = rest else { return false };
    let authority = rest.split(|byte| b"/?#".contains(byte)).next().unwrap_or_default();
    let Some(port) = authority.strip_prefix(SITE.as_bytes()) else { return false };
    match port.strip_prefix(b".").unwrap_or(port) {
        [] => true,
        [b':', digits @ ..] => digits.len() <= 5 && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

/// Asks for what the bytes say.
///
/// # Panics
///
/// When the library does what it should not.
pub fn run(data: &[u8]) {
    let Some(asked) = Asked::read(data) else { return };
    let (answer, hits) = asked.answer();
    for (name, value) in answer.headers() {
        assert!(value.bytes().all(|byte| (b' '..0x7f).contains(&byte)), "{name}: {value}");
    }
    let has_content = !answer.content().is_empty();
    assert!(!has_content || asked.method != "HEAD");
    let takes = match asked.path {
        "/t/" => &["GET", "POST"][..],
        "/t/s.js" => &["GET", "HEAD"],
        _ => &["POST"],
    };
    if !takes.contains(&asked.method) {
        assert_eq!((answer.status(), answer.reason(), hits.len()), (405, Some(Reason::Endpoint), 0));
        return;
    }
    match asked.path {
        "/t/s.js" => assert_eq!((answer.status(), has_content), (200, asked.method == "GET")),
        _ if !asked.is_own() => {
            assert_eq!((answer.status(), answer.reason(), hits.len()), (403, Some(Reason::CrossOrigin), 0));
            assert!(answer.headers().all(|(name, _)| name != "Set-Cookie"));
        }
        "/t/" => reports(&asked, &answer, &hits),
        _ => consents(&asked, &answer),
    }
}

/// Sees what is recorded of a report.
fn reports(asked: &Asked<'_>, answer: &Answer, hits: &[Hit]) {
    let page = asked.parameter("p").or_else(|| {
        let referer = asked.value("referer").filter(|referer| is_url(referer))?;
        let at = crate::escapes::find(referer, b"://")? + 3;
        let rest = &referer[at..];
        let begin = rest.iter().position(|byte| b"/?#".contains(byte))?;
        rest[begin..].split(|&byte| byte == b'#').next().map(<[u8]>::to_vec)
    });
    let is_plain = |text: &[u8]| !text.iter().any(u8::is_ascii_control);
    let Some(page) = page.filter(|page| page.starts_with(b"/") && is_plain(page)) else {
        assert_eq!((answer.status(), hits.len()), (400, 0), "{asked:?}");
        return;
    };
    let referrer = asked.parameter("r").filter(|text| is_plain(text)).unwrap_or_default();
    let mut headers = vec![("host", SITE.as_bytes()), ("accept", b"text/html"), ("referer", &referrer)];
    headers.extend(asked.headers.iter().filter(|(name, _)| *name == "cookie"));
    let request = Request::new("GET", &page, &headers);
    let exchange = judge::begin(&CONFIG, &request, Moment::new(NOW, ENTROPY), None);
    let answered = [("content-type", "text/html"), ("cache-control", "private, no-store")];
    let title =
        asked.parameter("t").map(|title| String::from_utf8_lossy(&title).replace(char::is_control, ""));
    let mut annotations = Annotations::new();
    if let Some(title) = title.filter(|title| !title.is_empty()) {
        annotations.set_title(title);
    }
    let status = asked.parameter("s").and_then(|status| String::from_utf8(status).ok());
    let status =
        status.filter(|status| status.len() == 3 && status.bytes().all(|digit| digit.is_ascii_digit()));
    let status = status.and_then(|status| status.parse().ok()).filter(|status| (100..600).contains(status));
    let response = Response::new(status.unwrap_or(200), &answered);
    let mut expected = Vec::new();
    let verdict =
        judge::finish(&CONFIG, exchange, &request, &response, &annotations, &mut |hit| expected.push(hit));
    assert_eq!(answer.reason(), verdict.reason());
    let shown =
        |hits: &[Hit]| hits.iter().map(|hit| serde_json::to_string(hit).unwrap_or_default()).collect();
    let (seen, expected): (Vec<String>, Vec<String>) = (shown(hits), shown(&expected));
    assert_eq!(seen, expected);
    assert!([200, 204].contains(&answer.status()));
}

fn is_url(text: &[u8]) -> bool {
    let text = text.to_ascii_lowercase();
    text.starts_with(b"http://") || text.starts_with(b"https://")
}

/// Sees what an answer to a form sets, and where it leads.
fn consents(asked: &Asked<'_>, answer: &Answer) {
    let set: Vec<_> = answer.headers().filter(|(name, _)| *name == "Set-Cookie").map(|(_, it)| it).collect();
    let names: Vec<_> = set.iter().map(|cookie| cookie.split(';').next().unwrap_or_default()).collect();
    let query = asked.query.split(|&byte| byte == b'#').next().unwrap_or_default();
    let with_ads = query.split(|&byte| byte == b'&').any(|pair| pair == b"ads=1");
    let expected = match asked.path {
        "/consent/withdraw" => &["trackside=", "trackside_consent=denied"][..],
        _ if with_ads => &["trackside_consent=granted.ads"],
        _ => &["trackside_consent=granted"],
    };
    assert_eq!(names, expected);
    let location = answer.headers().find(|(name, _)| *name == "Location").map(|(_, value)| value.as_bytes());
    assert_eq!(answer.status(), if location.is_some() { 303 } else { 204 });
    let Some(location) = location else { return };
    // To the page that it came from, which is the site's own, and nowhere else however a browser reads it.
    let referer = asked.value("referer").expect("where it came from");
    let referer = referer.split(|&byte| byte == b'#').next().unwrap_or_default();
    let begin = referer.strip_suffix(location).expect("it is where it came from");
    assert!(is_own(begin) && !begin[begin.len().min(8)..].contains(&b'/'), "{asked:?}");
    assert!(location.starts_with(b"/") && !location.starts_with(b"//") && !location.starts_with(b"/\\"));
    assert!(location.iter().all(u8::is_ascii_graphic));
}
