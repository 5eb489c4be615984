//! The page view that everybody records: one visitor of one site, in Chrome.

/// Chrome's agent, as it stands in `User-Agent`.
pub const AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36";

/// The visitor's id.
pub const VISITOR: &str = "5b1f8a7e-3c46-4d0a-9b1e-7c2d4e6f8a90";

/// The floor's page view: eleven fields, as the Measurement Protocol names them.
pub const FIELDS: [(&str, &str); 11] = [
    ("v", "1"),
    ("z", "1804289383"),
    ("t", "pageview"),
    (
        "dt",
        "Twelve walks along the old railway, and where to rest on the way back - Walking and cycling in the valley",
    ),
    ("dh", "www.example.com"),
    ("dr", "https://www.example.org/search/results/walks-and-cycling?region=valley"),
    (
        "dp",
        "/walks/twelve-walks-along-the-old-railway/where-to-rest-on-the-way-back/part-2/with-a-map-and-the-times-of-all-trains-and-buses-in-summer-2",
    ),
    ("tid", "UA-12345678-1"),
    ("cid", VISITOR),
    ("uip", "203.0.113.0"),
    ("ua", AGENT),
];

/// The peers' page view: the same fields, in about 500 bytes with what a peer adds of its own.
pub const SHORT: [(&str, &str); 11] = [
    ("v", "1"),
    ("z", "1804289383"),
    ("t", "pageview"),
    ("dt", "Twelve walks along the old railway"),
    ("dh", "www.example.com"),
    ("dr", "https://www.example.org/search"),
    ("dp", "/walks/twelve-walks/the-old-railway/part/"),
    ("tid", "UA-12345678-1"),
    ("cid", VISITOR),
    ("uip", "203.0.113.0"),
    ("ua", AGENT),
];

#[cfg(test)]
mod test {
    use super::FIELDS;
    use crate::floor::encode;

    #[test]
    fn the_fields_are_600_bytes_urlencoded() {
        let mut body = Vec::new();
        encode(&FIELDS, &mut body);
        assert_eq!(body.len(), 600, "{}", String::from_utf8_lossy(&body));
    }
}
