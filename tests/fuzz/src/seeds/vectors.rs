//! Seeds that are made of `tests/vectors`.

use std::{fs, path::Path};

use super::{
    MANNER, Seeds, blob,
    blocks::{request, response},
    vector::Vector,
};
use crate::{headers::Input, reader, slip::Slip};

/// Vectors that differ in what is read of them, each with the configuration under which it is most of all.
const VECTORS: [(&str, u8); 46] = [
    ("abandoned", 0),
    ("api-any-type-any-method", 2),
    ("cache-expires-after-date", 0),
    ("cache-qualified-private", 0),
    ("cache-several-headers", 7),
    ("cache-targeted-freshness", 0),
    ("content-type-accept-names-configured-types", 6),
    ("content-type-none-sec-fetch-dest-document", 0),
    ("cookie-among-others", 1),
    ("cookie-bare-uuid", 0),
    ("cookie-malformed", 0),
    ("cookie-of-raw-bytes", 1),
    ("cookie-times-out-of-order", 1),
    ("cut-annotations", 1),
    ("cut-event", 1),
    ("cut-path", 1),
    ("cut-query", 1),
    ("cut-referrer-and-agent", 1),
    ("event-held-back", 6),
    ("event-ids-count", 0),
    ("event-of-a-page", 1),
    ("event-values", 0),
    ("ga4-properties", 1),
    ("identity-none", 3),
    ("ip-of-a-unix-socket", 0),
    ("ip-v4-mapped", 1),
    ("language-first-tag", 0),
    ("language-unusable", 1),
    ("method-head-skipped", 6),
    ("method-of-raw-bytes", 1),
    ("mode-dry-run-tracked", 4),
    ("mode-off", 5),
    ("not-modified-lapsed-session", 0),
    ("notice-escaped", 7),
    ("page-returning-visitor", 0),
    ("path-glob-several-stars", 6),
    ("path-of-odd-targets", 6),
    ("path-raw-bytes", 1),
    ("prefetch-sec-purpose-anywhere-in-the-list", 0),
    ("query-campaign", 0),
    ("referrer-cleaned", 0),
    ("site-authority-beats-absolute-form", 0),
    ("site-ipv6-literal", 6),
    ("story-three-sessions", 0),
    ("target-absolute-form-with-userinfo", 3),
    ("upgrade-101-skipped", 0),
];

/// Calls `each` with a vector's name, its configuration here, and both blocks of its first call; an
/// abandoned exchange has no second.
fn each(mut each: impl FnMut(&str, u8, Vec<u8>, Option<Vec<u8>>)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors");
    for (name, configuration) in VECTORS {
        let text = fs::read_to_string(folder.join(name).with_extension("json")).unwrap();
        let vector: Vector = serde_json::from_str(&text).unwrap();
        let call = &vector.calls[0];
        let response = call.response.as_ref().map(|answered| response(answered, &call.annotations).bytes());
        each(name, configuration, request(&call.request).bytes(), response);
    }
}

pub(super) fn blobs(seeds: &mut Seeds<Vec<u8>>) {
    each(|name, configuration, request, response| {
        seeds.add(name, blob(configuration, 0, 0, &request, &response.unwrap_or_default()));
    });
}

pub(super) fn inputs(seeds: &mut Seeds<Input<'static>>) {
    each(|name, configuration, request, response| {
        // OK because there are few, and a test ends.
        let request = reader::request(request.leak()).expect("it was made so");
        let response = response.map(|block| reader::response(block.leak()).expect("it was made so"));
        let input =
            Input { configuration, manner: MANNER, slip: Slip::default(), request, response, later: None };
        seeds.add(name, input);
    });
}
