//! The hosts of search engines, social networks, AI assistants and spammers.

use std::collections::{HashMap, HashSet};

use super::Channel;

static LIST: &str = include_str!("lists/sites.tsv");
static SPAMMERS: &str = include_str!("lists/spammers.txt");

/// The longest host name there can be (RFC 1035 §2.3.4), with a little room.
const MAX_HOST: usize = 256;

/// What is known of referrers' hosts.
#[derive(Debug)]
pub(super) struct Sites {
    hosts: HashMap<&'static str, (Channel, &'static str)>,
    /// Those of one part of a host, with the beginning of its paths.
    parts: Vec<(&'static str, &'static str, Channel, &'static str)>,
    spammers: HashSet<&'static str>,
}

impl Sites {
    pub(super) fn built_in() -> Self {
        let (mut hosts, mut parts) = (HashMap::new(), Vec::new());
        for line in LIST.lines() {
            let mut columns = line.split('\t');
            if let (Some(kind), Some(name), Some(host)) = (columns.next(), columns.next(), columns.next())
                && let Some(channel) = Channel::of_code(kind)
            {
                match host.find('/') {
                    Some(at) => parts.push((&host[..at], &host[at..], channel, name)),
                    None => {
                        hosts.insert(host, (channel, name));
                    }
                }
            }
        }
        Self { hosts, parts, spammers: SPAMMERS.lines().collect() }
    }

    /// The channel that the address is one of, and the site's name.
    pub(super) fn find(&self, host: &str, path: &[u8]) -> Option<(Channel, &'static str)> {
        // A campaign's source can be any text, of which every part behind a dot would be looked up.
        let host = Some(without_www(host)).filter(|host| host.len() <= MAX_HOST)?;
        let part =
            self.parts.iter().find(|(part, begin, ..)| *part == host && path.starts_with(begin.as_bytes()));
        if let Some(&(_, _, channel, name)) = part {
            return Some((channel, name));
        }
        let of = |channel| {
            move |&(known, name): &(Channel, &'static str)| (known == channel).then_some((known, name))
        };
        let above = || suffixes(host).filter_map(|suffix| self.hosts.get(suffix));
        // A part of a search engine's site is something else: its mail, its news, its shop.
        above()
            .find_map(of(Channel::Ai))
            .or_else(|| {
                candidates(host)
                    .iter()
                    .filter_map(|host| self.hosts.get(host.as_str()))
                    .find_map(of(Channel::Search))
            })
            .or_else(|| above().find_map(of(Channel::Social)))
    }

    /// The name of the AI assistant that has the host `source`, or a domain that it is a part of. For the sources of
    /// campaigns, of which nothing else is asked: faster than [`Sites::find`].
    pub(super) fn assistant(&self, source: &str) -> Option<&'static str> {
        let host = Some(without_www(source)).filter(|host| host.len() <= MAX_HOST)?;
        let of_ai = |&(channel, name): &(Channel, &'static str)| (channel == Channel::Ai).then_some(name);
        suffixes(host).filter_map(|suffix| self.hosts.get(suffix)).find_map(of_ai)
    }

    /// The spammer whose host the referrer's is, or is a part of.
    pub(super) fn spammer(&self, host: &str) -> Option<&'static str> {
        suffixes(host).find_map(|suffix| self.spammers.get(suffix).copied())
    }
}

/// The host of an address in lower case, without port, and what comes behind it.
pub(super) fn host_and_path(address: &[u8]) -> Option<(String, &[u8])> {
    // A scheme is short: to look for one byte is quicker than to make ready for three.
    let mut colons = memchr::memchr_iter(b':', address);
    let rest = colons.find_map(|at| address[at + 1..].strip_prefix(b"//"))?;
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#' | b'\\')).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let port = host
        .iter()
        .rposition(|&byte| byte == b':')
        .filter(|&at| host[at + 1..].iter().all(u8::is_ascii_digit));
    let host = &host[..port.unwrap_or(host.len())];
    let host = host.strip_suffix(b".").unwrap_or(host);
    if host.is_empty() || host.len() > MAX_HOST {
        return None;
    }
    Some((std::str::from_utf8(host).ok()?.to_ascii_lowercase(), path))
}

/// Without the label that many sites have and many leave out.
pub(super) fn without_www(host: &str) -> &str {
    host.strip_prefix("www.").unwrap_or(host)
}

/// The host, and every domain that it is a part of.
fn suffixes(host: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(host), |host| host.split_once('.').map(|(_, rest)| rest))
}

/// The host, and as it stands in the list where `{}` may be any country: as its end, as one of its first labels,
/// or as both.
fn candidates(host: &str) -> Vec<String> {
    let is_country = |label: &str| label.len() == 2 && label.bytes().all(|byte| byte.is_ascii_alphabetic());
    let top = |host: &str| {
        let (rest, last) = host.rsplit_once('.')?;
        let rest = match rest.rsplit_once('.') {
            Some((rest, "co" | "com" | "edu" | "it" | "net" | "org")) => rest,
            _ => rest,
        };
        is_country(last).then(|| format!("{rest}.{{}}"))
    };
    let labels: Vec<_> = host.split('.').collect();
    // None of the list has it further back.
    let countries = (0..labels.len().saturating_sub(1).min(3)).filter(|&at| is_country(labels[at]));
    let replaced = countries.map(|at| {
        let mut labels = labels.clone();
        labels[at] = "{}";
        labels.join(".")
    });
    let mut candidates: Vec<_> = std::iter::once(host.to_owned()).chain(replaced).collect();
    let ends: Vec<_> = candidates.iter().filter_map(|host| top(host)).collect();
    candidates.extend(ends);
    candidates
}

#[cfg(test)]
#[path = "sites_test.rs"]
mod test;
