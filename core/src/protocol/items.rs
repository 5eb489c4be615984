//! The hits of one request, as the items of an array.

use super::Enriched;

/// What one request may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) items: usize,
    /// Of the whole body; a first hit that is larger goes alone.
    pub(super) bytes: usize,
    /// How much of the body follows the array.
    pub(super) after: usize,
}

/// Writes the leading hits of `batch` that one request may hold, each by `write`, and answers how many those are.
pub(super) fn write_array(
    batch: &[Enriched<'_>],
    bounds: Bounds,
    body: &mut Vec<u8>,
    mut write: impl FnMut(&Enriched<'_>, &mut Vec<u8>),
) -> usize {
    let mut taken = 0;
    body.push(b'[');
    for enriched in batch.iter().take(bounds.items) {
        let before = body.len();
        if taken > 0 {
            body.push(b',');
        }
        write(enriched, body);
        if taken > 0 && body.len() + "]".len() + bounds.after > bounds.bytes {
            body.truncate(before);
            break;
        }
        taken += 1;
    }
    body.push(b']');
    taken
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::{config::IpPolicy, hit::sample};

    fn written(hits: usize, bounds: Bounds) -> (usize, String) {
        let hit = sample::page().seal(IpPolicy::Full);
        let mut body = b"{".to_vec();
        let batch = vec![Enriched::new(&hit); hits];
        let taken = write_array(&batch, bounds, &mut body, |_, body| body.extend_from_slice(b"1234"));
        (taken, String::from_utf8(body).unwrap())
    }

    #[test]
    fn as_many_as_there_is_room_for() {
        let bounds = |items, bytes| Bounds { items, bytes, after: 1 };
        assert_eq!(written(3, bounds(9, 99)), (3, "{[1234,1234,1234]".to_owned()));
        assert_eq!(written(3, bounds(2, 99)), (2, "{[1234,1234]".to_owned()));
        // The body ends with another byte.
        assert_eq!(written(3, bounds(9, 18)), (3, "{[1234,1234,1234]".to_owned()));
        assert_eq!(written(3, bounds(9, 17)), (2, "{[1234,1234]".to_owned()));
        assert_eq!(written(3, bounds(9, 1)), (1, "{[1234]".to_owned()), "the first in any case");
        assert_eq!(written(0, bounds(9, 99)), (0, "{[]".to_owned()));
    }
}
