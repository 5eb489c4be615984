//! The target `cookies`: any bytes in `Cookie`, held against the cookies' specification, read here in another way.
//!
//! The visitor is the first that a valid cookie names, and nobody else; the banner's answer is what its cookies
//! say; and what is set is a cookie of the configured name and attributes, by which the visitor is known again.

use std::sync::LazyLock;

use trackside_core::{
    Config, is_field_value,
    visitor::consent::{Choice, Consent},
};

use crate::{
    page::{config, view},
    site::NOW,
};

const SECONDS: u64 = NOW / 1_000_000;
const YEAR: u64 = 365 * 24 * 3_600;

static NOTICE: LazyLock<Config> = LazyLock::new(|| config("consent.policy = 'notice'"));
static OPT_OUT: LazyLock<Config> =
    LazyLock::new(|| config("consent.policy = 'opt-out'\nvisitor.cookie = { renew = true, secure = true }"));

/// A visitor as the cookie tells of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Told<'a> {
    id: &'a str,
    /// First visit, session's start and last seen.
    times: Option<[u64; 3]>,
}

impl<'a> Told<'a> {
    fn of(value: &'a str) -> Option<Self> {
        let (id, times) = match value.split_once('.') {
            None => (value, None),
            Some((id, times)) => {
                let times: Vec<&str> = times.split('.').collect();
                let are_times = times.len() == 3
                    && times.iter().all(|it| {
                        (1..=12).contains(&it.len()) && it.bytes().all(|byte| byte.is_ascii_digit())
                    });
                let number = |n: usize| times[n].parse().ok();
                (id, Some(are_times.then(|| Some([number(0)?, number(1)?, number(2)?])).flatten()?))
            }
        };
        let groups: Vec<&str> = id.split('-').collect();
        let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
        let are_digits = groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let is_one = |of: char| !id.chars().all(|c| c == '-' || c.eq_ignore_ascii_case(&of));
        let is_id = lengths == [8, 4, 4, 4, 12] && are_digits && is_one('0') && is_one('f');
        is_id.then_some(Self { id, times })
    }
}

/// The cookies of a header, by name.
fn cookies<'a>(header: &'a [u8], name: &str) -> impl Iterator<Item = Option<&'a str>> {
    let begin = format!("{name}=");
    header.split(|&byte| byte == b';').filter_map(move |pair| {
        let value = pair.trim_ascii().strip_prefix(begin.as_bytes())?;
        Some(str::from_utf8(value).ok())
    })
}

/// Views a page with the bytes as `Cookie`, where the first byte says how.
///
/// # Panics
///
/// When the library does what it should not.
pub fn run(data: &[u8]) {
    let Some((&how, header)) = data.split_first() else { return };
    if !is_field_value(header) {
        return;
    }
    let is_renewed = how & 1 != 0;
    let config = if is_renewed { &OPT_OUT } else { &NOTICE };
    let header = header.trim_ascii();
    let is_alive = |told: &Told<'_>| {
        let first = told.times.map_or(SECONDS, |times| times[0].min(times[1]).min(times[2]).min(SECONDS));
        is_renewed || SECONDS - first < YEAR
    };
    let told = cookies(header, "trackside").flatten().filter_map(Told::of).find(is_alive);
    let consent = said(header);

    // In one header, or in two, as HTTP/2 may have them.
    let cut = header.iter().position(|&byte| byte == b';').filter(|_| how & 2 != 0);
    let (first, second) = header.split_at(cut.unwrap_or(header.len()));
    let second = second.strip_prefix(b";").unwrap_or_default();
    let viewed = view(config, b"/", &[("cookie", first), ("cookie", second), ("accept", b"text/html")]);

    let id = viewed.exchange.visitor_id().map(|id| id.to_string());
    assert_eq!(viewed.exchange.consent(), consent);
    let hit = viewed.hit.expect("it is tracked");
    if consent.analytics == Choice::Denied {
        assert!(id.is_none() && hit.visitor().is_none() && viewed.verdict.headers().next().is_none());
        return;
    }
    match told {
        Some(told) => {
            assert_eq!(id.as_deref(), Some(&*told.id.to_ascii_lowercase()));
            assert!(!viewed.exchange.is_new() && !hit.is_new());
            if let Some([first, start, seen]) = told.times {
                let seen = seen.min(SECONDS);
                let first = first.min(start.min(seen));
                assert_eq!(hit.first_visit(), Some(first));
            }
        }
        None => assert!(viewed.exchange.is_new() && hit.is_new()),
    }
    for (name, value) in viewed.verdict.headers() {
        if name == "Set-Cookie" {
            is_sound(value, is_renewed);
            let pair = value.split(';').next().unwrap_or_default();
            let again = view(config, b"/", &[("cookie", pair.as_bytes())]);
            assert_eq!(again.exchange.visitor_id().map(|id| id.to_string()), id);
            assert!(!again.exchange.is_new());
            assert_eq!(again.verdict.headers().next(), None, "it need not be set twice");
        }
    }
}

/// What the banner's cookies say.
fn said(header: &[u8]) -> Consent {
    let answers = |header| cookies(header, "trackside_consent").flatten();
    let is_no = |value: &str| ["denied", "\"denied\""].iter().any(|no| value.eq_ignore_ascii_case(no));
    // Right behind a comma only a no is believed.
    let mut joined =
        header.split(|&byte| byte == b',').skip(1).filter_map(|rest| rest.split(|&byte| byte == b';').next());
    if answers(header).any(is_no) || joined.any(|pair| answers(pair).any(is_no)) {
        return Consent::new(Choice::Denied, Choice::Denied);
    }
    match answers(header).find(|value| ["granted", "granted.ads"].contains(value)) {
        Some("granted") => Consent::new(Choice::Granted, Choice::Unknown),
        Some(_) => Consent::new(Choice::Granted, Choice::Granted),
        None => Consent::default(),
    }
}

/// Sees that a `Set-Cookie` is what is configured, and nothing more.
fn is_sound(header: &str, is_renewed: bool) {
    let mut parts = header.split("; ");
    let value = parts.next().and_then(|pair| pair.strip_prefix("trackside=")).expect("its name");
    let told = Told::of(value).expect("its value");
    let [first, start, seen] = told.times.expect("its times");
    assert!(first <= start && start <= seen && seen == SECONDS, "{header}");
    let age = if is_renewed { YEAR } else { YEAR - (SECONDS - first) };
    let age = format!("Max-Age={age}");
    let secure = if is_renewed { &["Secure"][..] } else { &[] };
    let expected = [&["HttpOnly", "SameSite=Lax"], secure, &["Path=/", &age]].concat();
    assert_eq!(parts.collect::<Vec<_>>(), expected, "{header}");
}
