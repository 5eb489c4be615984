use super::{Facts, Rule, shown};
use crate::{Request, ledger::Reason, request::is_word};

pub(super) const RULE: Rule = Rule { name: "site", check, view, holds_events: true };

fn check(facts: &Facts<'_>) -> Result<(), Reason> {
    let host = facts.host.ok_or(Reason::UnknownSite)?;
    let sites = &facts.config.sites;
    if !is_its_path(facts.path) {
        return Err(Reason::UnknownSite);
    }
    if sites.is_empty() || sites.iter().any(|site| is_word(host, site)) {
        Ok(())
    } else {
        Err(Reason::UnknownSite)
    }
}

fn view(facts: &Facts<'_>) -> String {
    let host = facts.host.map_or_else(|| "no valid host".to_owned(), shown);
    if !is_its_path(facts.path) {
        return format!("{host}; but the path begins with no /: {}", shown(facts.path));
    }
    if facts.config.sites.is_empty() {
        format!("{host}; counted: any")
    } else {
        format!("{host}; counted: {}", facts.config.sites.join(", "))
    }
}

/// Whether it is a path below the site's root. Behind the name of the site, `.example.org` and `@example.org` would make
/// another host's address of it; servers that mind RFC 9112 §3.2 let none of these through.
fn is_its_path(path: &[u8]) -> bool {
    matches!(path, [] | [b'/', ..] | b"*")
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

/// What a host name may have.
static IS_INSIDE: [bool; 256] = {
    let mut inside = [false; 256];
    let mut byte = 0;
    while byte < inside.len() {
        let b = byte as u8;
        inside[byte] = b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        byte += 1;
    }
    inside
};

/// The host in an authority, without port and final dot, if it could be one.
pub(super) fn valid(authority: &[u8]) -> Option<&[u8]> {
    let end = match authority {
        [b'[', inside @ ..] => {
            let length = inside.iter().position(|b| !b.is_ascii_hexdigit() && !b":.".contains(b))?;
            (length > 0 && inside[length] == b']').then_some(length + 2)?
        }
        _ => authority.iter().position(|&b| !IS_INSIDE[usize::from(b)]).unwrap_or(authority.len()),
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
