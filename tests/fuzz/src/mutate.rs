//! Changes the numbers in blocks: what a mutator that knows nothing of them does seldom, and breaks most
//! else when it does.

use crate::blob::Input;

/// No block has so many of anything that the others would not do.
const MOST: usize = 64;

/// Changes one of the 32-bit numbers in the blocks of an input of `blob` by a little, or to one that is far
/// off, or makes one length larger and another smaller. False if there are none.
pub fn numbers(data: &mut [u8], seed: u32) -> bool {
    let places = places(data);
    let mut random = Random(seed);
    let Some(&place) = random.of(&places) else { return false };
    // Mostly the next few: there a comparison goes wrong.
    let delta = 1 + (random.below(16) >> random.below(5));
    match random.below(6) {
        0 | 1 => change(data, place, |number| number.wrapping_add(delta)),
        2 | 3 => change(data, place, |number| number.wrapping_sub(delta)),
        4 => {
            let left = data.len() as u32;
            let far = [0, left, left.wrapping_neg(), 1 << 16, 1 << 31, u32::MAX - delta, u32::MAX];
            let far = random.of(&far).copied().unwrap_or_default();
            change(data, place, |_| far);
        }
        _ => {
            let other = random.of(&places).copied().unwrap_or(place);
            change(data, place, |number| number.wrapping_add(delta));
            change(data, other, |number| number.wrapping_sub(delta));
        }
    }
    true
}

fn change(data: &mut [u8], place: usize, to: impl FnOnce(u32) -> u32) {
    if let Some(bytes) = data.get_mut(place..).and_then(|rest| rest.first_chunk_mut()) {
        *bytes = to(u32::from_le_bytes(*bytes)).to_le_bytes();
    }
}

/// Where the 32-bit numbers stand: lengths, tags, types and counts. Numbers behind one that is wrong are
/// looked for where it says, and may not be any.
fn places(data: &[u8]) -> Vec<usize> {
    let input = Input::read(data);
    let response = data.len() - input.response.len();
    let request = response - input.request.len();
    let within = |begin, places: Vec<usize>| places.into_iter().map(move |place| begin + place);
    within(request, of_request(input.request)).chain(within(response, of_response(input.response))).collect()
}

fn of_request(block: &[u8]) -> Vec<usize> {
    table(block, 4, 4 + 2 * short(block, 2))
}

fn of_response(block: &[u8]) -> Vec<usize> {
    let (headers, annotations) = (short(block, 4), short(block, 6));
    let mut places = table(block, 8, 2 * (headers + annotations));
    let mut begin = 8 + 8 * (headers + annotations);
    begin += table(block, 8, 2 * headers).into_iter().map(|place| long(block, place)).sum::<usize>();
    for row in table(block, 8 + 8 * headers, 2 * annotations).chunks_exact(2) {
        let part = block.get(begin..).unwrap_or_default();
        let within = match long(block, row[0]) {
            4 => table(part, 0, 2),
            5 => of_event(part),
            _ => Vec::new(),
        };
        places.extend(within.into_iter().map(|place| begin + place));
        begin += long(block, row[1]);
    }
    places
}

fn of_event(event: &[u8]) -> Vec<usize> {
    let count = long(event, 12).min(MOST);
    let lengths = table(event, 24, count);
    let mut places = table(event, 0, 4);
    let mut begin = 24 + 4 * count;
    begin += table(event, 0, 3).into_iter().map(|place| long(event, place)).sum::<usize>();
    for length in &lengths {
        places.extend(table(event, begin, 2));
        begin += long(event, *length);
    }
    places.extend(lengths);
    places
}

/// Where `count` numbers stand from `begin` on, as far as there are any.
fn table(block: &[u8], begin: usize, count: usize) -> Vec<usize> {
    (0..count).map(|n| begin + 4 * n).take_while(|place| place + 4 <= block.len()).collect()
}

fn short(block: &[u8], at: usize) -> usize {
    let number = block.get(at..).and_then(|rest| rest.first_chunk());
    number.map_or(0, |bytes| usize::from(u16::from_le_bytes(*bytes)).min(MOST))
}

fn long(block: &[u8], at: usize) -> usize {
    let number = block.get(at..).and_then(|rest| rest.first_chunk());
    number.map_or(0, |bytes| u32::from_le_bytes(*bytes) as usize)
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

#[cfg(test)]
mod test {
    use super::{numbers, places};
    use crate::{blob::Input, reader};

    /// A request with one header; a response with one, a property and an event that has one.
    const INPUT: &[u8] = b"\0\0\0\0\x21\0\
        \x01\0\x01\0\x01\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\x02\0\0\0G/hvv\
        \x01\0\xc8\0\x01\0\x02\0\x01\0\0\0\x01\0\0\0\x04\0\0\0\x0a\0\0\0\x05\0\0\0\x27\0\0\0nv\
        \x02\0\0\0\x01\0\0\0k\x01\
        \x01\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\x0a\0\0\0e\x02\0\0\0\x01\0\0\0k\x01";

    #[test]
    fn every_number_is_found() {
        let input = Input::read(INPUT);
        assert!(reader::request(input.request).is_ok() && reader::response(input.response).is_ok());
        let request = [10, 14, 18, 22, 26, 30];
        let tables = [47, 51, 55, 59, 63, 67];
        let (property, event) = ([73, 77], [83, 87, 91, 95, 112, 116, 107]);
        assert_eq!(places(INPUT), [&request[..], &tables, &property, &event].concat());
    }

    #[test]
    fn one_number_changes_or_two() {
        for seed in 0..1_000 {
            let mut data = INPUT.to_vec();
            assert!(numbers(&mut data, seed));
            let changed = |place: &usize| data[*place..place + 4] != INPUT[*place..place + 4];
            let changed: Vec<usize> = places(INPUT).into_iter().filter(changed).collect();
            // To make one larger and the same one smaller is no change.
            assert!(changed.len() <= 2, "{seed}: {changed:?}");
            for place in changed {
                data[place..place + 4].copy_from_slice(&INPUT[place..place + 4]);
            }
            assert_eq!(data, INPUT, "{seed}");
        }
    }

    #[test]
    fn bytes_without_numbers_stay() {
        for length in 0..9 {
            let mut data = vec![0xff; length];
            assert!(!numbers(&mut data, 1), "{length}");
            assert_eq!(data, vec![0xff; length]);
        }
    }
}
