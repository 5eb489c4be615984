//! Where visitors grant and withdraw their consent, and the banner that asks them, for hosts that have none of
//! their own.
//!
//! With `consent.path = "/consent/"` trackside answers, to forms of the site's own pages alone:
//!
//! | request | answer |
//! | --- | --- |
//! | `POST /consent/grant` | sets the banner's cookie to `granted`; with `?ads=1` to `granted.ads` |
//! | `POST /consent/withdraw` | deletes the visitor cookie, and sets the banner's to `denied` |
//!
//! A form leads back (303) to the page that it stands on, as far as `Referer` names it and it is the site's own;
//! without one the answer is 204, at which a browser stays where it is. A script's request is answered with 204.
//! Other methods are refused (405), and so is what other sites' pages send (403), as `Sec-Fetch-Site` or else
//! `Origin` tells, or where one of these comes twice and says two things: nobody consents for somebody else. No body is
//! read.
//!
//! Withdrawing works with any `mode`; granting sets no cookie in a dry run or with `mode = "off"`.

use http::{HeaderName, header::REFERER};

use super::{Answer, refuse_foreign, refuse_method, untold};
use crate::{
    Reason, Request,
    config::{Config, Mode},
    decide::{self, Facts},
    request::{first_value, split},
    visitor::{Notice, consent, escaped},
};

const GRANT: &str = "grant";
const WITHDRAW: &str = "withdraw";

static SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// The longest address that is led back to.
const MAX_LOCATION: usize = 2_048;

/// The banner that asks for consent, in HTML without a script: `notice`, and a form of two buttons that are alike,
/// which are answered as [the module](self) says. None without `consent.path`.
///
/// It is a region of its own, labelled by its text; its class is `trackside-consent`, and how it looks is for the
/// site's style sheet to say. It belongs on pages on which the notice is due, which caches must not share.
///
/// ```
/// use trackside_core::{Config, endpoint::consent::banner, visitor::Notice};
///
/// let config = Config::builder().toml("consent = { policy = 'opt-in', path = '/consent/' }").build()?;
/// let html = banner(&config, &Notice::new("May {site} count you?", "a.example")).expect("there is a path");
/// assert!(html.contains("<p id=\"trackside-consent-text\">May a.example count you?</p>"));
/// assert!(html.contains("<button type=\"submit\" formaction=\"/consent/grant\">Allow</button>"));
/// # Ok::<(), trackside_core::config::ConfigError>(())
/// ```
pub fn banner(config: &Config, notice: &Notice) -> Option<String> {
    let form = config.consent_form.as_ref()?;
    let path = form.path.as_str();
    let (text, allow, refuse) = (notice.html(), escaped(&form.allow), escaped(&form.refuse));
    Some(format!(
        "<section class=\"trackside-consent\" role=\"region\" aria-labelledby=\"trackside-consent-text\">\
         <p id=\"trackside-consent-text\">{text}</p>\
         <form method=\"post\" action=\"{path}{WITHDRAW}\">\
         <button type=\"submit\" formaction=\"{path}{GRANT}\">{allow}</button> \
         <button type=\"submit\" formaction=\"{path}{WITHDRAW}\">{refuse}</button>\
         </form></section>"
    ))
}

/// Answers what was asked for below `consent.path`; none if it is the host's.
pub(super) fn answer(config: &Config, request: &Request<'_>, name: &[u8], query: &[u8]) -> Option<Answer> {
    let grants = match name {
        name if name == GRANT.as_bytes() => true,
        name if name == WITHDRAW.as_bytes() => false,
        _ => return None,
    };
    if request.method != b"POST" {
        return Some(refuse_method(config, "POST"));
    }
    if let Some(refusal) = refuse_foreign(config, request) {
        return Some(refusal);
    }
    let facts = Facts::new(config, request);
    let is_secure = facts.is_secure;
    let back = if is_form(request) { back(&facts, request) } else { None };
    let answer = untold(config, if back.is_some() { 303 } else { 204 }, Reason::Endpoint);
    let answer = if !grants {
        let [deleted, denied] = consent::withdraw(config, is_secure);
        answer.header("Set-Cookie", deleted).header("Set-Cookie", denied)
    } else if config.mode == Mode::On {
        let with_ads = split(query, b'&').any(|pair| pair == b"ads=1");
        answer.header("Set-Cookie", consent::grant(config, with_ads, is_secure))
    } else {
        answer
    };
    Some(match back {
        Some(back) => answer.header("Location", back),
        None => answer,
    })
}

/// Whether the browser is to show another page (W3C Fetch Metadata §2.2); old ones do not say.
fn is_form(request: &Request<'_>) -> bool {
    first_value(request.headers, &SEC_FETCH_MODE).is_none_or(|mode| mode == b"navigate")
}

/// The page that the form stands on, if it is one of the site's own: its path and query. The host is left out, so
/// that nobody is led anywhere else.
fn back(facts: &Facts<'_>, request: &Request<'_>) -> Option<String> {
    let referer = first_value(request.headers, &REFERER)?;
    let is_own =
        decide::host_of(referer).zip(facts.host).is_some_and(|(its, own)| its.eq_ignore_ascii_case(own));
    let target = decide::target_of(referer).filter(|_| is_own)?;
    // "//" begins a host (RFC 3986 §4.2), and browsers read a backslash as a slash.
    let is_path = target.starts_with(b"/") && !matches!(target.get(1), Some(b'/' | b'\\'));
    let is_plain = target.len() <= MAX_LOCATION && target.iter().all(u8::is_ascii_graphic);
    (is_path && is_plain).then(|| String::from_utf8_lossy(target).into_owned())
}

#[cfg(test)]
#[path = "consent_test.rs"]
mod test;
