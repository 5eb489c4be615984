//! Where in an input of `blob` the blocks' numbers stand, and what they measure. What lies behind a number that
//! is wrong is looked for where it says, and may be anything.

use crate::blob::Input;

/// No block has so many of anything that the others would not do.
const MOST: usize = 64;

/// What there is in the two blocks.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    /// Where the 16-bit counts stand.
    pub(crate) counts: Vec<usize>,
    /// Where the 32-bit numbers stand: lengths, tags, types and counts.
    pub(crate) numbers: Vec<usize>,
    /// What has a length.
    pub(crate) parts: Vec<Part>,
}

/// What has a length.
#[derive(Debug)]
pub(crate) struct Part {
    /// Where its length stands, and those of the parts around it.
    pub(crate) lengths: Vec<usize>,
    /// Where it begins.
    pub(crate) begin: usize,
    /// Where it ends, which is within the input.
    pub(crate) end: usize,
    /// Whether it is one of the request's.
    pub(crate) is_of_request: bool,
}

impl Layout {
    /// That of these bytes.
    pub(crate) fn of(data: &[u8]) -> Self {
        let input = Input::read(data);
        let response = data.len() - input.response.len();
        let mut layout = Self::default();
        let request = Walk { data: &data[..response], is_of_request: true, layout: &mut layout };
        request.request(response - input.request.len());
        Walk { data, is_of_request: false, layout: &mut layout }.response(response);
        layout
    }
}

/// A way through one block, which ends where the data does.
struct Walk<'a> {
    data: &'a [u8],
    is_of_request: bool,
    layout: &'a mut Layout,
}

impl Walk<'_> {
    fn request(mut self, begin: usize) {
        let headers = self.count(begin + 2);
        let lengths = self.table(begin + 4, 4 + 2 * headers);
        self.parts(&lengths, &[], begin + 20 + 8 * headers);
    }

    fn response(mut self, begin: usize) {
        let (headers, annotations) = (self.count(begin + 4), self.count(begin + 6));
        let lengths = self.table(begin + 8, 2 * headers);
        let rows = self.table(begin + 8 + 8 * headers, 2 * annotations);
        let mut at = self.parts(&lengths, &[], begin + 8 + 8 * (headers + annotations));
        for row in rows.chunks_exact(2) {
            let part = at;
            at = self.parts(&row[1..], &[], part);
            match self.long(row[0]) {
                4 => self.property(&row[1..], part),
                5 => self.event(&row[1..], part),
                _ => {}
            }
        }
    }

    fn property(&mut self, around: &[usize], begin: usize) {
        let head = self.table(begin, 2);
        self.parts(head.get(1..).unwrap_or_default(), around, begin + 8);
    }

    fn event(&mut self, around: &[usize], begin: usize) {
        let head = self.table(begin, 4);
        let count = self.long(begin + 12).min(MOST);
        let lengths = self.table(begin + 24, count);
        let texts = &head[..head.len().min(3)];
        let mut at = self.parts(texts, around, begin + 24 + 4 * count);
        for length in lengths {
            let part = at;
            at = self.parts(&[length], around, part);
            self.property(&[&[length], around].concat(), part);
        }
    }

    /// How many there are, according to the number at `at`.
    fn count(&mut self, at: usize) -> usize {
        let number = self.data.get(at..).and_then(|rest| rest.first_chunk());
        self.layout.counts.extend(number.map(|_| at));
        number.map_or(0, |bytes| usize::from(u16::from_le_bytes(*bytes)).min(MOST))
    }

    /// Where `count` numbers stand from `begin` on, as far as there are any.
    fn table(&mut self, begin: usize, count: usize) -> Vec<usize> {
        let places = (0..count).map(|n| begin + 4 * n).take_while(|place| place + 4 <= self.data.len());
        let places: Vec<usize> = places.collect();
        self.layout.numbers.extend(&places);
        places
    }

    /// The parts of these lengths, one behind the other from `begin` on. Returns where they end.
    fn parts(&mut self, lengths: &[usize], around: &[usize], mut begin: usize) -> usize {
        for &length in lengths {
            let end = begin + self.long(length);
            if end <= self.data.len() {
                let lengths = [&[length], around].concat();
                let is_of_request = self.is_of_request;
                self.layout.parts.push(Part { lengths, begin, end, is_of_request });
            }
            begin = end;
        }
        begin
    }

    fn long(&self, at: usize) -> usize {
        let number = self.data.get(at..).and_then(|rest| rest.first_chunk());
        number.map_or(0, |bytes| u32::from_le_bytes(*bytes) as usize)
    }
}

#[cfg(test)]
mod test {
    use super::Layout;
    use crate::{blob::Input, mutate::INPUT, reader};

    #[test]
    fn every_number_is_found() {
        let input = Input::read(INPUT);
        assert!(reader::request(input.request).is_ok() && reader::response(input.response).is_ok());
        let request = [10, 14, 18, 22, 26, 30];
        let tables = [47, 51, 55, 59, 63, 67];
        let (property, event) = ([73, 77], [83, 87, 91, 95, 107, 112, 116]);
        let mut layout = Layout::of(INPUT);
        layout.numbers.sort_unstable();
        assert_eq!(layout.numbers, [&request[..], &tables, &property, &event].concat());
        assert_eq!(layout.counts, [8, 43, 45]);
    }

    #[test]
    fn every_part_is_found() {
        let parts = Layout::of(INPUT).parts;
        let parts: Vec<_> = parts.iter().map(|it| (&INPUT[it.begin..it.end], &it.lengths[..])).collect();
        let property = b"\x02\0\0\0\x01\0\0\0k\x01";
        let expected: [(&[u8], &[usize]); 14] = [
            (b"G", &[10]),
            (b"/", &[14]),
            (b"", &[18]),
            (b"", &[22]),
            (b"h", &[26]),
            (b"vv", &[30]),
            (b"n", &[47]),
            (b"v", &[51]),
            (property, &[59]),
            (b"k", &[77, 59]),
            (&INPUT[83..], &[67]),
            (b"e", &[83, 67]),
            (b"", &[87, 67]),
            (b"", &[91, 67]),
        ];
        assert_eq!(parts[..14], expected);
        assert_eq!(parts[14..], [(&property[..], &[107, 67][..]), (b"k", &[116, 107, 67])]);
    }
}
