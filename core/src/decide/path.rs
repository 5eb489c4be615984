//! Which paths count: `track.ignore` and `track.only`.
//!
//! A pattern without `*` is a plain prefix, as Python's `str.startswith`. With `*`, which stands for any
//! run of bytes, `/` included, the pattern is anchored at both ends. There is no other metacharacter.
//!
//! All patterns of a list are looked for in one pass, whose cost does not grow with their number.

use std::sync::Arc;

use aho_corasick::{AhoCorasick, Anchored, Input, MatchKind, StartKind};
use percent_encoding::percent_decode;

use super::{Facts, Rule, shown};
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
    if path.len() > short.len() {
        return look(&percent_decode(path).collect::<Vec<u8>>());
    }
    let length = short.iter_mut().zip(percent_decode(path)).map(|(slot, byte)| *slot = byte).count();
    look(&short[..length])
}

/// A list of patterns.
#[derive(Clone, Debug)]
pub(crate) struct Patterns {
    /// As written, for `explain`.
    texts: Arc<[String]>,
    prefixes: Option<Prefixes>,
    globs: Option<Globs>,
}

#[derive(Clone, Debug)]
struct Prefixes {
    automaton: AhoCorasick,
    /// The place in `texts` of each pattern of the automaton.
    origin: Arc<[usize]>,
}

/// Globs, found by their longest piece between two asterisks and then tried in full.
#[derive(Clone, Debug)]
struct Globs {
    automaton: AhoCorasick,
    /// The places in `texts` of the globs that share each piece of the automaton.
    origin: Arc<[Vec<usize>]>,
    /// Globs of asterisks alone, which cover everything.
    always: Option<usize>,
}

impl Patterns {
    /// The patterns of one list.
    ///
    /// # Errors
    ///
    /// Why the list is too large for one automaton.
    pub(crate) fn new(texts: Vec<String>) -> Result<Self, String> {
        let (mut prefixes, mut globs) = (Vec::new(), Vec::new());
        for (n, text) in texts.iter().enumerate() {
            if text.contains('*') { globs.push(n) } else { prefixes.push(n) }
        }
        Ok(Self {
            prefixes: Prefixes::new(&texts, prefixes)?,
            globs: Globs::new(&texts, &globs)?,
            texts: texts.into(),
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// A pattern that covers `path`, if there is one.
    pub(crate) fn find(&self, path: &[u8]) -> Option<&str> {
        let prefix = self.prefixes.as_ref().and_then(|prefixes| prefixes.find(path));
        let found = prefix.or_else(|| self.globs.as_ref()?.find(&self.texts, path));
        found.map(|n| self.texts[n].as_str())
    }
}

impl Prefixes {
    fn new(texts: &[String], origin: Vec<usize>) -> Result<Option<Self>, String> {
        if origin.is_empty() {
            return Ok(None);
        }
        let automaton = AhoCorasick::builder()
            .start_kind(StartKind::Anchored)
            .match_kind(MatchKind::Standard)
            .build(origin.iter().map(|&n| &texts[n]))
            .map_err(|error| error.to_string())?;
        Ok(Some(Self { automaton, origin: origin.into() }))
    }

    fn find(&self, path: &[u8]) -> Option<usize> {
        let input = Input::new(path).anchored(Anchored::Yes);
        // OK because the automaton was built for anchored searches, the only way this could fail.
        let found = self.automaton.try_find(input).ok().flatten()?;
        Some(self.origin[found.pattern().as_usize()])
    }
}

impl Globs {
    fn new(texts: &[String], globs: &[usize]) -> Result<Option<Self>, String> {
        if globs.is_empty() {
            return Ok(None);
        }
        let longest = |n: usize| texts[n].split('*').max_by_key(|piece| piece.len()).unwrap_or_default();
        let always = globs.iter().copied().find(|&n| longest(n).is_empty());
        let mut pieces: Vec<(&str, Vec<usize>)> = Vec::new();
        let mut sorted: Vec<_> = globs.iter().filter(|&&n| !longest(n).is_empty()).collect();
        sorted.sort_by_key(|&&n| (longest(n), n));
        for &n in sorted {
            match pieces.last_mut() {
                Some((piece, sharing)) if *piece == longest(n) => sharing.push(n),
                _ => pieces.push((longest(n), vec![n])),
            }
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(pieces.iter().map(|(piece, _)| piece))
            .map_err(|error| error.to_string())?;
        let origin = pieces.into_iter().map(|(_, sharing)| sharing).collect();
        Ok(Some(Self { automaton, origin, always }))
    }

    fn find(&self, texts: &[String], path: &[u8]) -> Option<usize> {
        if self.always.is_some() {
            return self.always;
        }
        // A piece is tried at its first sight alone: what a glob says of the rest does not depend on
        // where in the path its longest piece was found.
        let mut last = None;
        self.automaton
            .find_overlapping_iter(path)
            .filter(|found| last.replace(found.pattern()) != Some(found.pattern()))
            .flat_map(|found| &self.origin[found.pattern().as_usize()])
            .copied()
            .find(|&n| covers(texts[n].as_bytes(), path))
    }
}

/// Whether the glob covers the whole path: its pieces stand there in order, the first at the beginning
/// and the last at the end.
fn covers(glob: &[u8], path: &[u8]) -> bool {
    let mut pieces = glob.split(|&b| b == b'*');
    let (Some(first), Some(last)) = (pieces.next(), pieces.next_back()) else {
        return glob == path;
    };
    let Some(rest) = path.strip_prefix(first) else {
        return false;
    };
    let Some(mut rest) = rest.strip_suffix(last) else {
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
