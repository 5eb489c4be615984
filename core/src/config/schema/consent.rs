//! `[consent]`.

use crate::config::{
    Count, Identity, Policy,
    reader::{Read, Section},
};

pub(in crate::config) const POLICIES: &[(&str, Policy)] =
    &[("notice", Policy::Notice), ("none", Policy::None)];

const NOTICE: &str = "{site} uses a cookie to count visits.";
const MAX_NOTICE: usize = 4_096;

pub(super) struct Consent {
    pub(super) policy: Policy,
    pub(super) notice: String,
}

pub(super) fn read(consent: &mut Section<'_>, identity: Read<Identity>, count: Read<Count>) -> Consent {
    let policy = consent.choice("policy", POLICIES);
    if let Some((identity, count)) =
        identity.settled(super::visitor::IDENTITY).zip(count.settled(super::track::COUNT))
    {
        check(consent, &policy, identity, count);
    }
    let notice = consent.text("notice", "a text of 1 to 4096 bytes without control characters", |text| {
        let fits = !text.trim().is_empty() && text.len() <= MAX_NOTICE;
        let plain = !text.contains(|c: char| c.is_control() && c != '\n');
        (fits && plain).then(|| text.to_owned())
    });
    Consent { policy: policy.or(Policy::None), notice: notice.or(NOTICE.to_owned()) }
}

/// Whether visitors are told of the cookie is for whoever knows their law, where there is a cookie.
fn check(consent: &Section<'_>, policy: &Read<Policy>, identity: Identity, count: Count) {
    let without = match (identity, count) {
        (Identity::None, _) => Some("visitor.identity = \"none\""),
        (Identity::Cookieless, _) => Some("visitor.identity = \"cookieless\""),
        (_, Count::Api) => Some("track.count = \"api\""),
        (Identity::Cookie, Count::Pages) => None,
    };
    match (policy, without) {
        (Read::Absent, None) => consent.missing(
            "policy",
            "missing, and without a default: what a visitor cookie asks for depends on the visitors' law; \
             write \"notice\" (visitors are told on their first page) or \"none\" (nothing is asked for), \
             or do without a cookie by visitor.identity = \"cookieless\" or \"none\"",
        ),
        (Read::Is(Policy::Notice), Some(without)) => consent.mistake(
            "policy",
            format!(
                "\"notice\" has nothing to tell of with {without}, which sets no cookie; write \"none\" or \
                 leave it out"
            ),
        ),
        _ => {}
    }
}
