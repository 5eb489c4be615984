//! Which hits have come, and how often: of bodies of requests in any wire format, by a mark that each hit carries in the
//! path of its page.

use std::collections::{HashMap, HashSet};

/// What stands before a hit's number, of eight digits.
const MARK: &[u8] = b"hit-";

/// The names of the keys by which receivers know a second copy.
const KEYS: [&[u8]; 3] = [b"\"messageId\":\"", b"\"uuid\":\"", b"\"eid\":\""];

/// The path of the page that is viewed in the hit of this number.
pub fn page(number: usize) -> String {
    format!("/walks/hit-{number:08}/")
}

/// What has come so far.
#[derive(Debug, Default)]
pub struct Tally {
    marks: HashMap<usize, u64>,
    keys: HashSet<Vec<u8>>,
}

impl Tally {
    /// Counts what is in `body`.
    pub fn add(&mut self, body: &[u8]) {
        for number in after(body, MARK).filter_map(number) {
            *self.marks.entry(number).or_default() += 1;
        }
        for name in KEYS {
            let keys = after(body, name).filter_map(|rest| rest.split(|byte| *byte == b'"').next());
            self.keys.extend(keys.map(<[u8]>::to_vec));
        }
    }

    /// How many hits have come of the first `hits`.
    pub fn came(&self, hits: usize) -> u64 {
        self.marks.keys().filter(|number| **number < hits).count() as u64
    }

    /// How many copies too many a receiver would count: where hits have keys, one that comes again with the same key is
    /// none.
    pub fn doubled(&self) -> u64 {
        let copies = match self.keys.len() as u64 {
            0 => self.marks.values().sum(),
            keys => keys,
        };
        copies.saturating_sub(self.marks.len() as u64)
    }
}

/// What follows each `mark` in `body`.
fn after<'a>(body: &'a [u8], mark: &'static [u8]) -> impl Iterator<Item = &'a [u8]> {
    let places = body.windows(mark.len()).enumerate().filter(move |(_, bytes)| *bytes == mark);
    places.map(move |(at, _)| &body[at + mark.len()..])
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits.get(..8)?).ok()?.parse().ok()
}

#[cfg(test)]
mod test {
    use super::{Tally, page};

    fn tally(bodies: &[&str]) -> Tally {
        let mut tally = Tally::default();
        bodies.iter().for_each(|body| tally.add(body.as_bytes()));
        tally
    }

    #[test]
    fn hits_are_told_apart_by_their_mark_in_any_escape() {
        assert_eq!(page(42), "/walks/hit-00000042/");
        let seen = tally(&[
            "dl=https%3A%2F%2Fx%2Fwalks%2Fhit-00000001%2F",
            r#"{"dp":"/walks/hit-00000000/"}"#,
            "hit-7",
        ]);
        assert_eq!((seen.came(2), seen.came(1), seen.doubled()), (2, 1, 0));
    }

    #[test]
    fn a_second_copy_counts_twice_where_hits_have_no_key() {
        let seen = tally(&["/hit-00000001/ /hit-00000002/", "/hit-00000002/"]);
        assert_eq!((seen.came(9), seen.doubled()), (2, 1));
    }

    #[test]
    fn a_second_copy_with_the_same_key_is_none_and_with_another_is_one() {
        let first = r#"{"messageId":"a","path":"/hit-00000001/","url":"/hit-00000001/"}"#;
        let again = tally(&[first, first]);
        assert_eq!((again.came(9), again.doubled()), (1, 0), "its mark may stand in it twice");
        let other = r#"{"messageId":"b","path":"/hit-00000001/"}"#;
        assert_eq!(tally(&[first, other]).doubled(), 1);
    }
}
