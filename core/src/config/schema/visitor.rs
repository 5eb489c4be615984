//! `[visitor]` and `[visitor.cookie]`.

use std::time::Duration;

use super::host;
use crate::{
    config::{
        Cookie, Identity, Keys, SameSite, Secret, Secure, UserId,
        builder::Resolver,
        reader::{Read, Section},
        units,
    },
    visitor::UserIds,
};

pub(super) const IDENTITY: Identity = Identity::Cookie;
pub(in crate::config) const IDENTITIES: &[(&str, Identity)] =
    &[("cookie", Identity::Cookie), ("cookieless", Identity::Cookieless), ("none", Identity::None)];
pub(in crate::config) const SAME_SITES: &[(&str, SameSite)] =
    &[("lax", SameSite::Lax), ("strict", SameSite::Strict), ("none", SameSite::None)];

pub(in crate::config) const USER_IDS: &[(&str, UserId)] =
    &[("plain", UserId::Plain), ("hashed", UserId::Hashed)];

/// Who holds a hash of a guessable text may try all texts; a secret must not be one of those that can be tried.
const MIN_SECRET: usize = 16;
pub(in crate::config) const DERIVED: &str = "derived";
const KEYS: &str = "trackside.keys";

const DAY: Duration = Duration::from_secs(86_400);
/// The longest that browsers keep a cookie (RFC 6265bis §5.5).
const MAX_AGE: Duration = Duration::from_secs(400 * 86_400);
/// Browsers ignore an attribute that is longer (RFC 6265bis §5.6).
const MAX_ATTRIBUTE: usize = 1_024;
const MAX_NAME: usize = 256;

pub(super) struct Visitor {
    pub(super) identity: Read<Identity>,
    pub(super) keys: Keys,
    pub(super) secret: Option<Secret>,
    pub(super) user_ids: UserIds,
    pub(super) session_timeout: Duration,
    pub(super) cookie: Cookie,
}

pub(super) fn read(visitor: &mut Section<'_>, resolver: Option<&Resolver>) -> Visitor {
    let identity = visitor.choice("identity", IDENTITIES);
    let keys =
        visitor.text("keys", "\"derived\", or the path of a file: not empty and without NUL", |text| {
            let keys = if text == DERIVED { Keys::Derived } else { Keys::File(text.into()) };
            (!text.is_empty() && !text.contains('\0')).then_some(keys)
        });
    let user_id = visitor.choice("user_id", USER_IDS).or(UserId::Plain);
    let keys = keys.or(Keys::File(KEYS.into()));
    let secret = secret(visitor, &keys, user_id, resolver);
    let user_ids = match (user_id, &secret) {
        (UserId::Hashed, Some(secret)) => UserIds::hashed(secret),
        _ => UserIds::Plain,
    };
    Visitor {
        identity,
        keys,
        secret,
        user_ids,
        session_timeout: visitor
            .duration("session_timeout", Duration::from_secs(1))
            .or(Duration::from_secs(30 * 60)),
        cookie: visitor.table("cookie", cookie),
    }
}

/// The secret, which is there if anything needs it.
fn secret(
    visitor: &mut Section<'_>,
    keys: &Keys,
    user_id: UserId,
    resolver: Option<&Resolver>,
) -> Option<Secret> {
    let given = visitor.secret("secret", resolver);
    let user = match (keys, user_id) {
        (Keys::Derived, _) => Some("keys = \"derived\""),
        (_, UserId::Hashed) => Some("user_id = \"hashed\""),
        _ => None,
    };
    match (&given, user) {
        (Read::Absent, Some(user)) => visitor
            .missing("secret", format!("missing: {user} needs it, as \"env:NAME\", \"file:PATH\" or itself")),
        (Read::Is(secret), _) if secret.len() < MIN_SECRET => visitor.mistake(
            "secret",
            "is shorter than 16 bytes, so that it could be guessed; draw one, as `openssl rand -hex 32` does",
        ),
        (Read::Is(_), None) => visitor.warn(
            "secret",
            "is needed for keys = \"derived\" and for user_id = \"hashed\" alone, and neither is written",
        ),
        _ => {}
    }
    given.ok().map(Secret::new)
}

fn cookie(section: &mut Section<'_>) -> Cookie {
    let mut cookie = Cookie {
        name: section
            .text(
                "name",
                "a cookie's name: 1 to 256 ASCII letters, digits or any of !#$%&'*+-.^_`|~",
                |text| (text.len() <= MAX_NAME && is_token(text)).then(|| text.to_owned()),
            )
            .or("trackside".to_owned()),
        path: section
            .text("path", "a path of printable ASCII that begins with / and has no ;", |text| {
                let fits = text.starts_with('/') && text.len() <= MAX_ATTRIBUTE;
                (fits && text.bytes().all(|b| (0x20..0x7f).contains(&b) && b != b';'))
                    .then(|| text.to_owned())
            })
            .or("/".to_owned()),
        domain: section
            .text(
                "domain",
                r#"a host name alone, such as "example.com", or empty for the site's own host"#,
                |text| {
                    // The dot that older standards wanted in front means nothing any more.
                    if text.is_empty() {
                        Some(String::new())
                    } else {
                        host::site(text.strip_prefix('.').unwrap_or(text))
                    }
                },
            )
            .or(String::new()),
        max_age: max_age(section),
        renew: section.bool("renew").or(false),
        same_site: section.choice("same_site", SAME_SITES).or(SameSite::Lax),
        http_only: section.bool("http_only").or(true),
        secure: section
            .read("secure", r#""auto", true or false"#, |tree| match (tree.as_text(), tree.as_bool()) {
                (Some("auto"), _) => Some(Secure::Auto),
                (_, secure) => Some(if secure? { Secure::Always } else { Secure::Never }),
            })
            .or(Secure::Auto),
    };
    check(section, &cookie);
    if cookie.secure == Secure::Auto && needs_secure(&cookie) {
        cookie.secure = Secure::Always;
    }
    cookie
}

fn max_age(section: &mut Section<'_>) -> Duration {
    let max_age = section.duration("max_age", Duration::from_secs(1)).or(DAY * 365);
    if max_age > MAX_AGE {
        let given = units::duration_text(max_age);
        section.warn(
            "max_age",
            format_args!("{given} is clamped to 400d, the longest that browsers keep a cookie"),
        );
    }
    max_age.min(MAX_AGE)
}

const HOST: &str = "__Host-";
const SECURE: &str = "__Secure-";

/// Browsers compare it without regard to case (RFC 6265bis §5.4).
fn has_prefix(cookie: &Cookie, prefix: &str) -> bool {
    cookie.name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Whether browsers refuse it without `Secure`.
fn needs_secure(cookie: &Cookie) -> bool {
    cookie.same_site == SameSite::None || has_prefix(cookie, HOST) || has_prefix(cookie, SECURE)
}

/// What browsers refuse to store, whatever the request (RFC 6265bis §4.1.3, §5.7).
fn check(section: &Section<'_>, cookie: &Cookie) {
    let (host, never) = (has_prefix(cookie, HOST), cookie.secure == Secure::Never);
    if host && cookie.path != "/" {
        section.mistake("path", "browsers refuse a cookie named __Host-… with another path than \"/\"");
    }
    if host && !cookie.domain.is_empty() {
        section.mistake("domain", "browsers refuse a cookie named __Host-… with a domain; leave it out");
    }
    if never && (host || has_prefix(cookie, SECURE)) {
        let prefix = if host { HOST } else { SECURE };
        section.mistake(
            "secure",
            format!("browsers refuse a cookie named {prefix}… with secure = false; write true"),
        );
    }
    if never && cookie.same_site == SameSite::None {
        section.mistake(
            "same_site",
            "browsers refuse a cookie with same_site = \"none\" and secure = false; write secure = true, or \
             \"lax\" here",
        );
    }
}

/// A token of HTTP (RFC 9110 §5.6.2), which is also what a cookie may be named.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}
