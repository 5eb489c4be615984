//! The target `address`: what is recorded of a page's path, query and referrer, of any bytes.
//!
//! Whatever stands around it, no secret and no e-mail address is recorded where the configuration hides them;
//! what was recorded is recorded again as it is; and a canonical path is one, and means what the path meant.

use std::sync::LazyLock;

use trackside_core::{Config, is_field_value};

use crate::{
    escapes::{decoded, find, parts},
    page::{config, view},
};

/// The longest path with its query, and the longest referrer.
const MOST: usize = 2_048;
/// Of so few bytes nothing is cut, however much longer their record is.
const SHORT: usize = 300;
/// What no record may hold. No rule knows it: it is hidden for where it stands.
const SECRET: &str = "geheimnis";

/// Names whose values are secret, in several spellings.
const NAMES: [&str; 8] =
    ["token", "X-Api-Key", "%70assword", "jsessionid", "user%2Eemail", "sid", "reset_tok%65n", "IBAN"];
/// Ways to write the sign of an e-mail address.
const SIGNS: [&str; 4] = ["@", "%40", "%2540", "%252540"];

static CONFIGS: LazyLock<Vec<Config>> = LazyLock::new(|| {
    let paths = ["redacted", "anonymous"];
    let queries = ["keep", "campaign", "drop"];
    let all = paths.iter().flat_map(|path| queries.map(|query| (*path, query)));
    let all = all.flat_map(|(path, query)| [(path, query, true), (path, query, false)]);
    all.map(|(path, query, canonical)| {
        config(&format!(
            "visitor.identity = 'none'\nprivacy = {{ path = '{path}', query = '{query}' }}\n\
             track.canonical = {canonical}"
        ))
    })
    .collect()
});

static SPELT: LazyLock<Config> = LazyLock::new(|| {
    config("visitor.identity = 'none'\nprivacy = { path = 'full', query = 'raw' }\ntrack.canonical = true")
});

/// What is recorded of an address.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Recorded {
    path: Vec<u8>,
    query: Vec<u8>,
    referrer: Vec<u8>,
}

impl Recorded {
    fn of(config: &Config, path: &[u8], query: &[u8], referrer: &[u8]) -> Self {
        let target = [path, b"?", query].concat();
        let hit = view(config, &target, &[("referer", referrer)]).hit.expect("it is tracked");
        let recorded = Self {
            path: hit.path().to_vec(),
            query: hit.query().to_vec(),
            // A header has no blanks around it.
            referrer: hit.referrer().trim_ascii().to_vec(),
        };
        assert!(recorded.path.len() + usize::from(!recorded.query.is_empty()) + recorded.query.len() <= MOST);
        assert!(hit.referrer().len() <= MOST);
        recorded.check_referrer();
        recorded
    }

    /// It names a host, and nobody who is known there.
    fn check_referrer(&self) {
        let Some(at) = find(&self.referrer, b"://") else {
            return assert!(self.referrer.is_empty(), "what is no address is not recorded");
        };
        let rest = &self.referrer[at + 3..];
        let end = rest.iter().position(|byte| b"/?\\".contains(byte)).unwrap_or(rest.len());
        assert!(!rest[..end].contains(&b'@') && !rest.contains(&b'#'), "{self:?}");
    }

    fn holds(&self, text: &str) -> bool {
        [&self.path, &self.query, &self.referrer].iter().any(|part| find(part, text.as_bytes()).is_some())
    }
}

/// Records an address: after a byte that says how, path, query and referrer with a NUL between them.
///
/// # Panics
///
/// When the library does what it should not.
pub fn run(data: &[u8]) {
    let Some((&how, data)) = data.split_first() else { return };
    let [path, query, referrer] = parts(data);
    if !is_field_value(referrer) {
        return;
    }
    let how = usize::from(how);
    let path = [b"/", path].concat();
    let once = Recorded::of(&CONFIGS[how % CONFIGS.len()], &path, query, referrer);
    let twice = Recorded::of(&CONFIGS[how % CONFIGS.len()], &once.path, &once.query, &once.referrer);
    // What was hidden with its name, because it has none, names no campaign the next time.
    let is_nameless = [&once.query, &once.referrer]
        .iter()
        .any(|part| part.split(|byte| b"?&".contains(byte)).any(|pair| pair == b"***"));
    if data.len() <= SHORT && !is_nameless {
        assert_eq!(once, twice, "what was recorded stays");
    }
    hides(&CONFIGS[how % CONFIGS.len()], how / 16, &path, query, referrer);
    is_canonical(&path);
}

/// Sees that secrets are not recorded, whatever stands around them.
fn hides(config: &Config, how: usize, path: &[u8], query: &[u8], referrer: &[u8]) {
    let is_there = [path, query, referrer]
        .iter()
        .any(|part| find(&part.to_ascii_lowercase(), SECRET.as_bytes()).is_some() || part.contains(&b'#'));
    if is_there || path.contains(&b'?') {
        return;
    }
    let (name, sign) = (NAMES[how % NAMES.len()], SIGNS[how / 4 % SIGNS.len()]);
    let address = format!("{SECRET}{sign}example.com");
    let path = |planted: &str| [path, b"/", planted.as_bytes(), path].concat();
    let query = |planted: &str| [query, b"&", planted.as_bytes(), b"&", query].concat();
    let referrer = |rest: &[u8]| [b"https://a.example", rest].concat();

    let value = format!("{name}={SECRET}");
    let in_path = path(&format!("x;{value}"));
    let in_query = query(&value);
    let address_in_path = path(&address);
    let address_in_query = query(&format!("utm_content={address}"));
    let led_by = |path: &[u8], query: &[u8]| referrer(&[path, b"?", query].concat());
    let address_for_a_name = query(&format!("{address}=1"));
    let all = [(&in_path, &in_query), (&address_in_path, &address_in_query), (&in_path, &address_for_a_name)];
    for (path, query) in all {
        let from = led_by(path, query);
        let from = if is_field_value(&from) { from } else { Vec::new() };
        let recorded = Recorded::of(config, path, query, &from);
        assert!(!recorded.holds(SECRET), "{recorded:?}");
    }
    let named = [format!("https://{SECRET}:{SECRET}@").as_bytes(), b"a.example", &in_path].concat();
    let named = if is_field_value(&named) { named } else { Vec::new() };
    assert!(!Recorded::of(config, b"/", b"", &named).holds(SECRET));
}

/// Sees that the one spelling of a path is one.
fn is_canonical(path: &[u8]) {
    let raw = path.iter().position(|byte| b"?#".contains(byte)).map_or(path, |end| &path[..end]);
    if raw.len() > SHORT {
        return;
    }
    let spelt = |path: &[u8]| Recorded::of(&SPELT, path, b"", b"").path;
    let once = spelt(raw);
    let shown = once.escape_ascii();
    assert_eq!(spelt(&once), once);
    assert!(once.iter().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(byte)), "{shown}");
    let segments: Vec<_> = once.split(|&byte| byte == b'/').skip(1).collect();
    let (last, inner) = segments.split_last().expect("it begins with a slash");
    assert!(inner.iter().all(|segment| ![&b""[..], b".", b".."].contains(segment)), "{shown}");
    assert!(![&b"."[..], b".."].contains(last), "{shown}");

    let decoded_once = decoded(raw);
    let has_dots = decoded_once.windows(2).any(|pair| pair[0] == b'/' && b"/.".contains(&pair[1]));
    if !has_dots {
        assert_eq!(decoded(&once).escape_ascii().to_string(), decoded_once.escape_ascii().to_string());
    }
    if !raw.contains(&b'%') {
        let escaped: Vec<u8> = raw
            .iter()
            .flat_map(|byte| match byte {
                b'/' => vec![b'/'],
                // A sign that may stand there or not keeps its escape: it may have another meaning.
                byte if byte.is_ascii_alphanumeric()
                    || b"-._~".contains(byte)
                    || !byte.is_ascii_graphic() =>
                {
                    format!("%{byte:02x}").into_bytes()
                }
                byte => vec![*byte],
            })
            .collect();
        assert_eq!(spelt(&escaped), once, "{shown}");
    }
}
