//! The lengths that stand in front of what they measure.

use super::wrong::{Parsed, Wrong};
use crate::{headers::Fields, picks::Picks};

/// The little-endian number at `at`, which is within the head.
#[inline]
pub(super) fn short<const N: usize>(head: &[u8; N], at: usize) -> u16 {
    u16::from_le_bytes([head[at], head[at + 1]])
}

/// As [`short`], of four bytes.
#[inline]
pub(super) fn long<const N: usize>(head: &[u8; N], at: usize) -> u32 {
    u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]])
}

/// The head, of fixed size, and what follows it.
pub(super) fn head<const N: usize>(block: &[u8]) -> Parsed<(&[u8; N], &[u8])> {
    block
        .split_first_chunk()
        .ok_or_else(|| Wrong::new(format_args!("has {} bytes, less than its head of {N}", block.len())))
}

/// The first `count` rows of `N` bytes each, and what follows them.
#[inline]
pub(super) fn rows<const N: usize>(bytes: &[u8], count: usize) -> Option<(&[[u8; N]], &[u8])> {
    let (rows, rest) = bytes.split_at_checked(count.checked_mul(N)?)?;
    Some((rows.as_chunks().0, rest))
}

/// Whether `bytes` is as long as announced.
pub(super) fn check(announced: u64, bytes: &[u8]) -> Parsed<()> {
    if announced == bytes.len() as u64 { Ok(()) } else { Err(wrong_length(announced, bytes.len())) }
}

/// What is left of so many bytes behind all that is announced; none if they end before.
pub(super) fn left(bytes: u64, announced: impl IntoIterator<Item = u32>) -> Option<u64> {
    // To count down is less code than to add up: the compiler leaves the loop as it is.
    announced.into_iter().try_fold(bytes, |left, length| left.checked_sub(length.into()))
}

#[cold]
#[inline(never)]
pub(super) fn wrong_length(announced: u64, has: usize) -> Wrong {
    Wrong::new(format_args!("announces {announced} bytes behind its lengths, and has {has}"))
}

/// Takes parts from the front of bytes whose lengths were checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rest<'f>(pub(super) &'f [u8]);

impl<'f> Rest<'f> {
    /// The next `length` bytes, if there are as many.
    #[inline]
    pub(super) fn all(&mut self, length: u32) -> Option<&'f [u8]> {
        self.0.split_off(..usize::try_from(length).ok()?)
    }

    /// The next `length` bytes; of what is not there, as much as there is.
    pub(super) fn take(&mut self, length: impl TryInto<usize>) -> &'f [u8] {
        let length = length.try_into().unwrap_or(usize::MAX);
        let (part, rest) = self.0.split_at_checked(length).unwrap_or((self.0, &[]));
        self.0 = rest;
        part
    }
}

/// Two numbers: the lengths of a name and its value, or a tag and a length.
pub(super) type Pair = [u8; 8];

/// The headers of a block.
#[derive(Debug)]
pub(crate) struct Packed<'f> {
    lengths: &'f [Pair],
    parts: Rest<'f>,
}

impl<'f> Packed<'f> {
    /// Those of these lengths, which stand at the front of `parts`.
    pub(super) fn new(lengths: &'f [Pair], parts: Rest<'f>) -> Self {
        Self { lengths, parts }
    }

    /// Puts those that are read into `picks`; none if what there is does not end where the last of them does.
    ///
    /// Not in line, so that its loop has the registers for itself.
    #[inline(never)]
    pub(super) fn put_into(&self, picks: &mut Picks<'f>) -> Option<()> {
        let (mut rest, mut lengths) = (self.parts, self.lengths.iter());
        let all = picks.put_headers(|| {
            let Some(pair) = lengths.next() else {
                return Ok(None);
            };
            match (rest.all(long(pair, 0)), rest.all(long(pair, 4))) {
                (Some(name), Some(value)) => Ok(Some((name, value))),
                _ => Err(()),
            }
        });
        if all.is_ok() && rest.0.is_empty() { Some(()) } else { None }
    }

    /// How many bytes the headers of these lengths have.
    #[cold]
    pub(super) fn announced(lengths: &[Pair]) -> u64 {
        lengths.iter().map(|pair| u64::from(long(pair, 0)) + u64::from(long(pair, 4))).sum()
    }

    /// What is left of so many bytes behind the headers of these lengths; none if they end before.
    pub(super) fn left(bytes: u64, lengths: &[Pair]) -> Option<u64> {
        lengths.iter().try_fold(bytes, |left, pair| {
            left.checked_sub(long(pair, 0).into())?.checked_sub(long(pair, 4).into())
        })
    }
}

impl<'f> Fields<'f> for Packed<'f> {
    #[inline]
    fn find<T>(&self, mut look: impl FnMut(&'f [u8], &'f [u8]) -> Option<T>) -> Option<T> {
        let mut rest = self.parts.0;
        for pair in self.lengths {
            let (name, value);
            // Their lengths were checked, so that there is no end before the last one's.
            (name, rest) = rest.split_at_checked(long(pair, 0).try_into().ok()?)?;
            (value, rest) = rest.split_at_checked(long(pair, 4).try_into().ok()?)?;
            if let Some(answer) = look(name, value) {
                return Some(answer);
            }
        }
        None
    }
}
