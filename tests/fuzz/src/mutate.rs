//! Changes blocks so that most of them stays what it is: what a mutator that knows nothing of them does seldom,
//! and breaks most else when it does.

use crate::layout::{Layout, Part};

/// Changes one number in the blocks of an input of `blob` by a little, or to one that is far off, or makes
/// one length larger and another smaller. False if there are none.
pub fn numbers(data: &mut [u8], seed: u32) -> bool {
    let Layout { counts, numbers, .. } = Layout::of(data);
    let mut random = Random(seed);
    let Some(&place) = random.of(&numbers) else { return false };
    // Mostly the next few: there a comparison goes wrong.
    let delta = 1 + (random.below(16) >> random.below(5));
    match random.below(7) {
        0 | 1 => change(data, place, |number| number.wrapping_add(delta)),
        2 | 3 => change(data, place, |number| number.wrapping_sub(delta)),
        4 => {
            let left = data.len() as u32;
            let far = [0, left, left.wrapping_neg(), 1 << 16, 1 << 31, u32::MAX - delta, u32::MAX];
            let far = random.of(&far).copied().unwrap_or_default();
            change(data, place, |_| far);
        }
        5 => {
            let count = random.of(&counts).copied().unwrap_or_default();
            let step = if random.below(2) == 0 { 1 } else { u16::MAX };
            change_short(data, count, |number| number.wrapping_add(step));
        }
        _ => {
            let other = random.of(&numbers).copied().unwrap_or(place);
            change(data, place, |number| number.wrapping_add(delta));
            change(data, other, |number| number.wrapping_sub(delta));
        }
    }
    true
}

/// Makes a part of the blocks in the first `size` bytes longer or shorter, and all lengths that it counts in:
/// what was a block still is one. Returns the new size; none if there is no such part, or no room.
pub fn lengths(data: &mut [u8], size: usize, seed: u32) -> Option<usize> {
    let parts = Layout::of(data.get(..size)?).parts;
    let mut random = Random(seed);
    let Part { lengths, begin, end, is_of_request } = random.of(&parts)?;
    let delta = 1 + (random.below(64) >> random.below(7)) as usize;
    let (size, by) = if random.below(2) == 0 {
        let size = Some(size + delta).filter(|&larger| larger <= data.len())?;
        data.copy_within(*end..size - delta, end + delta);
        // Some of it might be a text.
        data[*end..end + delta].fill_with(|| (random.below(256) >> random.below(3)).to_le_bytes()[0]);
        (size, delta)
    } else {
        let delta = delta.min(end - begin);
        data.copy_within(*end..size, end - delta);
        (size - delta, delta.wrapping_neg())
    };
    for &length in lengths {
        change(data, length, |number| number.wrapping_add(by as u32));
    }
    if *is_of_request {
        change_short(data, REQUEST_LENGTH, |number| number.wrapping_add(by as u16));
    }
    Some(size)
}

/// Where an input has the length of the request's block.
const REQUEST_LENGTH: usize = 4;

fn change(data: &mut [u8], place: usize, to: impl FnOnce(u32) -> u32) {
    if let Some(bytes) = data.get_mut(place..).and_then(|rest| rest.first_chunk_mut()) {
        *bytes = to(u32::from_le_bytes(*bytes)).to_le_bytes();
    }
}

fn change_short(data: &mut [u8], place: usize, to: impl FnOnce(u16) -> u16) {
    if let Some(bytes) = data.get_mut(place..).and_then(|rest| rest.first_chunk_mut()) {
        *bytes = to(u16::from_le_bytes(*bytes)).to_le_bytes();
    }
}

/// Numbers that follow from a seed, by a linear congruential generator.
struct Random(u32);

impl Random {
    fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        // Its upper bits are the better ones.
        ((u64::from(self.0) * u64::from(end)) >> 32) as u32
    }

    fn of<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len() as u32) as usize)
    }
}

/// A request with one header; a response with one, a property and an event that has one.
#[cfg(test)]
pub(crate) const INPUT: &[u8] = b"\0\0\0\0\x21\0\
    \x01\0\x01\0\x01\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\x02\0\0\0G/hvv\
    \x01\0\xc8\0\x01\0\x02\0\x01\0\0\0\x01\0\0\0\x04\0\0\0\x0a\0\0\0\x05\0\0\0\x27\0\0\0nv\
    \x02\0\0\0\x01\0\0\0k\x01\
    \x01\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\x0a\0\0\0e\x02\0\0\0\x01\0\0\0k\x01";

#[cfg(test)]
mod test {
    use super::{INPUT, lengths, numbers};
    use crate::{blob::Input, layout::Layout, reader};

    #[test]
    fn one_number_changes_or_two() {
        let Layout { counts, numbers: longs, .. } = Layout::of(INPUT);
        let places = || longs.iter().map(|&at| at..at + 4).chain(counts.iter().map(|&at| at..at + 2));
        for seed in 0..1_000 {
            let mut data = INPUT.to_vec();
            assert!(numbers(&mut data, seed));
            let changed: Vec<_> = places().filter(|at| data[at.clone()] != INPUT[at.clone()]).collect();
            // To make one larger and the same one smaller is no change.
            assert!(changed.len() <= 2, "{seed}: {changed:?}");
            for place in changed {
                data[place.clone()].copy_from_slice(&INPUT[place]);
            }
            assert_eq!(data, INPUT, "{seed}");
        }
    }

    #[test]
    fn parts_grow_and_shrink_and_the_blocks_hold_together() {
        let (mut larger, mut accepted) = (0, 0);
        for seed in 0..1_000 {
            let mut data = INPUT.to_vec();
            data.resize(INPUT.len() + 64, 0xaa);
            let size = lengths(&mut data, INPUT.len(), seed).expect("there is room");
            let data = &data[..size];
            let (input, layout) = (Input::read(data), Layout::of(data));
            let end = |of_request| {
                let parts = layout.parts.iter().filter(|part| part.is_of_request == of_request);
                parts.map(|part| part.end).max()
            };
            assert_eq!(end(true), Some(size - input.response.len()), "{seed}");
            assert_eq!(end(false), Some(size), "{seed}");
            larger += u32::from(size > INPUT.len());
            // Raw bytes are no text, and a property that has lost its end is none.
            let is_one = reader::request(input.request).is_ok() && reader::response(input.response).is_ok();
            accepted += u32::from(is_one);
        }
        assert!((400..600).contains(&larger) && (300..900).contains(&accepted), "{larger} {accepted}");
    }

    #[test]
    fn what_has_no_numbers_stays() {
        for length in 0..9 {
            let mut data = vec![0xff; length];
            assert!(!numbers(&mut data, 1), "{length}");
            assert_eq!(lengths(&mut data, length, 1), None);
            assert_eq!(data, vec![0xff; length]);
        }
    }

    #[test]
    fn nothing_grows_without_room() {
        for seed in 0..100 {
            let mut data = INPUT.to_vec();
            let size = lengths(&mut data, INPUT.len(), seed);
            assert!(size.is_none_or(|size| size <= INPUT.len()), "{seed}");
        }
    }
}
