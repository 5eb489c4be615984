//! Bodies with gzip (RFC 1952).

use std::io::Write;

use flate2::{Compression, GzBuilder};

/// What is shorter gains little.
const LEAST: usize = 1_024;

/// A buffer that is reused from body to body.
#[derive(Debug, Default)]
pub(super) struct Gzip(Vec<u8>);

impl Gzip {
    /// `body` compressed; none where that gains nothing.
    pub(super) fn compressed(&mut self, body: &[u8]) -> Option<&[u8]> {
        if body.len() < LEAST {
            return None;
        }
        let mut out = std::mem::take(&mut self.0);
        out.clear();
        // The fastest level: bodies are repetitive, and a higher one costs the worker more than it saves on the way.
        let mut encoder = GzBuilder::new().write(out, Compression::fast());
        encoder.write_all(body).ok()?;
        self.0 = encoder.finish().ok()?;
        (self.0.len() < body.len()).then_some(self.0.as_slice())
    }
}

#[cfg(test)]
mod test {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    fn back(gzip: &[u8]) -> Vec<u8> {
        let mut body = Vec::new();
        GzDecoder::new(gzip).read_to_end(&mut body).unwrap();
        body
    }

    #[test]
    fn what_is_compressed_comes_back() {
        let mut gzip = Gzip::default();
        for n in [103, 9_000] {
            let body = "en=page_view&".repeat(n);
            let compressed = gzip.compressed(body.as_bytes()).unwrap();
            assert!(compressed.len() < body.len() / 5);
            assert_eq!(back(compressed), body.as_bytes());
        }
    }

    #[test]
    fn short_bodies_and_noise_go_as_they_are() {
        let mut gzip = Gzip::default();
        assert_eq!(gzip.compressed(&[b'a'; LEAST - 1]), None);
        assert!(gzip.compressed(&[b'a'; LEAST]).is_some());
        let mut state = 1_u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .take(4_096)
        .collect();
        assert_eq!(gzip.compressed(&noise), None);
    }
}
