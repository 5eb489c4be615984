use super::{Facts, Rule, shown};
use crate::{Request, ledger::Reason};

pub(super) const RULE: Rule = Rule { name: "site", check, view, holds_events: true };

fn check(facts: &Facts<'_>) -> Result<(), Reason> {
    let host = facts.host.ok_or(Reason::UnknownSite)?;
    let sites = &facts.config.sites;
    if sites.is_empty() || sites.iter().any(|site| site.as_bytes().eq_ignore_ascii_case(host)) {
        Ok(())
    } else {
        Err(Reason::UnknownSite)
    }
}

fn view(facts: &Facts<'_>) -> String {
    let host = facts.host.map_or_else(|| "no valid host".to_owned(), shown);
    if facts.config.sites.is_empty() {
        format!("{host}; counted: any")
    } else {
        format!("{host}; counted: {}", facts.config.sites.join(", "))
    }
}

/// The host that the request names, without port and final dot, and only if it could be one.
pub(super) fn host<'a>(
    request: &Request<'a>,
    target: Option<&'a [u8]>,
    header: impl FnOnce() -> Option<&'a [u8]>,
) -> Option<&'a [u8]> {
    valid(named(request, target, header)?)
}

/// The authority that the adapter or the target gives, else the `Host` header (RFC 9112 §3.2.2).
pub(super) fn named<'a>(
    request: &Request<'a>,
    target: Option<&'a [u8]>,
    header: impl FnOnce() -> Option<&'a [u8]>,
) -> Option<&'a [u8]> {
    request.authority.or(target).or_else(header)
}

fn valid(authority: &[u8]) -> Option<&[u8]> {
    let end = match authority {
        [b'[', inside @ ..] => {
            let length = inside.iter().position(|b| !b.is_ascii_hexdigit() && !b":.".contains(b))?;
            (length > 0 && inside[length] == b']').then_some(length + 2)?
        }
        _ => {
            let is_inside = |b: &u8| b.is_ascii_alphanumeric() || b"._-".contains(b);
            authority.iter().position(|b| !is_inside(b)).unwrap_or(authority.len())
        }
    };
    let (host, port) = authority.split_at(end);
    let is_port = match port {
        [] => true,
        [b':', digits @ ..] => digits.len() <= 5 && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    let host = host.strip_suffix(b".").unwrap_or(host);
    (is_port && (1..=255).contains(&host.len())).then_some(host)
}

#[cfg(test)]
#[path = "site_test.rs"]
mod test;
