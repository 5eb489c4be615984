//! Which paths count: `track.ignore` and `track.only`.
//!
//! A pattern without `*` is a plain prefix, as Python's `str.startswith`. With `*`, which stands for any
//! run of bytes, `/` included, the pattern is anchored at both ends. There is no other metacharacter.
//!
//! All patterns of a list are looked for in one pass, whose cost does not grow with their number.

use std::{cmp::Reverse, collections::BTreeMap, mem, sync::Arc};

use aho_corasick::AhoCorasick;
use percent_encoding::percent_decode;

use super::{Facts, Rule, prefixes::Prefixes, shown};
use crate::ledger::Reason;

pub(super) const RULE: Rule = Rule { name: "path", check, view, holds_events: true };

fn check(facts: &Facts<'_>) -> Result<(), Reason> {
    let track = &facts.config.track;
    if track.ignore.is_empty() && track.only.is_empty() {
        return Ok(());
    }
    decoded(facts.path, |path| {
        if track.ignore.find(path).is_some() {
            Err(Reason::Ignored)
        } else if !track.only.is_empty() && track.only.find(path).is_none() {
            Err(Reason::NotOnly)
        } else {
            Ok(())
        }
    })
}

fn view(facts: &Facts<'_>) -> String {
    let track = &facts.config.track;
    decoded(facts.path, |path| {
        let ignored = match track.ignore.find(path) {
            Some(pattern) => format!("ignored by `{pattern}`"),
            None => "ignored by no pattern".to_owned(),
        };
        let only = match track.only.find(path) {
            Some(pattern) => format!(", covered by `{pattern}` of `only`"),
            None if track.only.is_empty() => String::new(),
            None => ", covered by no pattern of `only`".to_owned(),
        };
        format!("{}: {ignored}{only}", shown(path))
    })
}

/// Shows `look` the path decoded once; broken escapes stay as they are. Allocates only for an escaped
/// path of more than a kilobyte.
fn decoded<T>(path: &[u8], look: impl FnOnce(&[u8]) -> T) -> T {
    if memchr::memchr(b'%', path).is_none() {
        return look(path);
    }
    let mut short = [0; 1_024];
    let Some(short) = short.get_mut(..path.len()) else {
        return look(&percent_decode(path).collect::<Vec<u8>>());
    };
    let length = short.iter_mut().zip(percent_decode(path)).map(|(slot, byte)| *slot = byte).count();
    look(&short[..length])
}

/// A list of patterns.
#[derive(Clone, Debug, Default)]
pub(crate) struct Patterns {
    /// As written.
    texts: Arc<[String]>,
    /// What stands before the first asterisk: of plain prefixes all, and of those globs of which it is the most
    /// telling piece.
    beginnings: Prefixes,
    /// The other globs.
    pieces: Option<Pieces>,
}

/// Globs, found by their most telling piece.
#[derive(Clone, Debug)]
struct Pieces {
    automaton: AhoCorasick,
    /// The globs that share each piece of the automaton, as places in the list.
    sharing: Arc<[Vec<usize>]>,
}

impl Patterns {
    /// The patterns of one list.
    ///
    /// # Errors
    ///
    /// Why the list is too large for one automaton.
    pub(crate) fn new(texts: Vec<String>) -> Result<Self, String> {
        let mut sharing = BTreeMap::new();
        for piece in texts.iter().flat_map(|text| text.split('*')) {
            *sharing.entry(piece).or_insert(0) += 1;
        }
        let (mut beginnings, mut others) = (Vec::new(), Vec::new());
        for (n, text) in texts.iter().enumerate() {
            match most_telling_piece(text, &sharing) {
                (0, beginning) => beginnings.push((n, beginning.as_bytes())),
                (_, piece) => others.push((piece, n)),
            }
        }
        others.sort_unstable();
        let beginnings = Prefixes::new(beginnings);
        let pieces = if others.is_empty() { None } else { Some(Pieces::new(&others)?) };
        Ok(Self { texts: texts.into(), beginnings, pieces })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// A pattern that covers `path`, if there is one.
    pub(crate) fn find(&self, path: &[u8]) -> Option<&str> {
        let covering = |n: &usize| covers(self.texts[*n].as_bytes(), path);
        let found = self.beginnings.of(path).find(covering);
        let found = found.or_else(|| self.pieces.as_ref()?.of(path).find(covering));
        found.map(|n| self.texts[n].as_str())
    }
}

/// The piece that the fewest other patterns have, of these the longest, and where among the pieces it stands:
/// by it a path leads to as few patterns as can be.
fn most_telling_piece<'a>(pattern: &'a str, sharing: &BTreeMap<&str, usize>) -> (usize, &'a str) {
    let pieces = pattern.split('*').enumerate().filter(|(_, piece)| !piece.is_empty());
    pieces.min_by_key(|(_, piece)| (sharing.get(piece), Reverse(piece.len()))).unwrap_or_default()
}

impl Pieces {
    /// `globs` by their most telling piece, in its order.
    fn new(globs: &[(&str, usize)]) -> Result<Self, String> {
        let groups = || globs.chunk_by(|(a, _), (b, _)| a == b);
        let automaton =
            AhoCorasick::new(groups().map(|group| group[0].0)).map_err(|error| error.to_string())?;
        let sharing = groups().map(|group| group.iter().map(|&(_, n)| n).collect()).collect();
        Ok(Self { automaton, sharing })
    }

    /// The globs whose most telling piece stands in `path`, each once.
    fn of(&self, path: &[u8]) -> impl Iterator<Item = usize> {
        let mut is_found = Vec::new();
        self.automaton
            .find_overlapping_iter(path)
            // What a glob says of the path does not depend on where its piece was found: each is asked once,
            // or a path made of their pieces would be walked once for every place.
            .filter(move |found| {
                is_found.resize(self.sharing.len(), false);
                !mem::replace(&mut is_found[found.pattern().as_usize()], true)
            })
            .flat_map(|found| &self.sharing[found.pattern().as_usize()])
            .copied()
    }
}

/// Whether the pattern covers the path: a plain one if the path begins with it, a glob if it is one of it.
fn covers(pattern: &[u8], path: &[u8]) -> bool {
    if pattern.contains(&b'*') { is_glob_of(pattern, path) } else { path.starts_with(pattern) }
}

/// Whether the pieces of the pattern, between its asterisks, stand in `text` in order, the first at the beginning and
/// the last at the end. One without an asterisk is one of itself alone.
pub(crate) fn is_glob_of(pattern: &[u8], text: &[u8]) -> bool {
    let mut pieces = pattern.split(|&b| b == b'*');
    let (Some(first), Some(last)) = (pieces.next(), pieces.next_back()) else {
        return pattern == text;
    };
    let Some(mut rest) = text.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else {
        return false;
    };
    for piece in pieces {
        match memchr::memmem::find(rest, piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
#[path = "path_test.rs"]
mod test;
