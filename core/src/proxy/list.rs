//! Lists of plain values, as `X-Forwarded-For` has them, over one header or several.

use http::HeaderName;

use super::{Told, Trust, node};
use crate::{
    Headers,
    request::{each_value, split},
};

/// The client's address by a list of addresses: walked from the right, for as long as those who wrote are trusted.
/// What comes before is not even looked at.
pub(super) fn walk<'a>(headers: &'a dyn Headers, name: &HeaderName, trust: &Trust) -> Told<'a> {
    // Of hops it must be known how many entries stand to the right of a line.
    let (mut left, most) = match trust {
        Trust::Hops(hops) => (count(headers, name), *hops),
        Trust::Networks(_) => (0, usize::MAX),
    };
    let mut told = Told::default();
    each_value(headers, name, |line| {
        if most < usize::MAX {
            left -= entries(line).count().min(left);
            if left >= most {
                return;
            }
        }
        let (mut depth, mut address, mut is_end) = (0, None, false);
        for entry in entries_from_right(line) {
            let Some(found) = node::address(entry) else {
                is_end = true;
                break;
            };
            (depth, address) = (depth + 1, Some(found));
            if !trust.reaches(left + depth, address) {
                is_end = true;
                break;
            }
        }
        // A line of trusted proxies alone leads on to the one before.
        if is_end || told.address.is_none() {
            told = Told { address, depth, ..Told::default() };
        } else {
            told.depth += depth;
        }
    });
    told
}

/// The address in a header that has one and comes once.
pub(super) fn only<'a>(headers: &'a dyn Headers, name: &HeaderName) -> Told<'a> {
    let address = only_value(headers, name).and_then(node::address);
    Told { address, depth: address.is_some().into(), ..Told::default() }
}

/// The value of a header that comes once. If it comes more than once, somebody but the proxy wrote one of them, and
/// nobody knows which.
pub(super) fn only_value<'a>(headers: &'a dyn Headers, name: &HeaderName) -> Option<&'a [u8]> {
    let (mut value, mut count) = (&[][..], 0_usize);
    each_value(headers, name, |line| {
        value = line;
        count += 1;
    });
    (count == 1).then_some(value)
}

/// The value so many places from the right, from 1, or the first if there are fewer.
pub(super) fn from_right<'a>(headers: &'a dyn Headers, name: &HeaderName, place: usize) -> Option<&'a [u8]> {
    let mut skipped = count(headers, name).checked_sub(1)?.saturating_sub(place - 1);
    let mut found = None;
    each_value(headers, name, |line| {
        for entry in entries(line).take_while(|_| found.is_none()) {
            match skipped.checked_sub(1) {
                Some(less) => skipped = less,
                None => {
                    found = Some(entry);
                    break;
                }
            }
        }
    });
    found
}

fn count(headers: &dyn Headers, name: &HeaderName) -> usize {
    let mut count = 0;
    each_value(headers, name, |line| count += entries(line).count());
    count
}

/// The entries of a line. Empty ones do not count (RFC 9110 §5.6.1).
pub(super) fn entries(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    split(line, b',').map(<[u8]>::trim_ascii).filter(|entry| !entry.is_empty())
}

fn entries_from_right(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.rsplit(|&b| b == b',').map(<[u8]>::trim_ascii).filter(|entry| !entry.is_empty())
}
