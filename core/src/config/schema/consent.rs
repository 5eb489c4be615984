//! `[consent]`.

use crate::config::{
    Before, ConsentForm, Count, Denied, Identity, Policy, Signal,
    reader::{Read, Section},
};

pub(in crate::config) const POLICIES: &[(&str, Policy)] = &[
    ("notice", Policy::Notice),
    ("opt-in", Policy::OptIn),
    ("opt-out", Policy::OptOut),
    ("none", Policy::None),
];
pub(in crate::config) const BEFORES: &[(&str, Before)] =
    &[("cookieless", Before::Cookieless), ("anonymous", Before::Anonymous), ("skip", Before::Skip)];
pub(in crate::config) const DENIEDS: &[(&str, Denied)] =
    &[("anonymous", Denied::Anonymous), ("skip", Denied::Skip)];
pub(in crate::config) const SIGNALS: &[(&str, Signal)] =
    &[("honour", Signal::Honour), ("strict", Signal::Strict), ("ignore", Signal::Ignore)];

const NOTICE: &str = "{site} uses a cookie to count visits.";
const QUESTION: &str = "May {site} count your visits?";
const MAX_NOTICE: usize = 4_096;
const MAX_BUTTON: usize = 200;

pub(super) struct Consent {
    pub(super) policy: Policy,
    pub(super) before: Before,
    pub(super) denied: Denied,
    pub(super) gpc: Signal,
    pub(super) dnt: Signal,
    pub(super) notice: String,
    pub(super) form: Option<ConsentForm>,
}

pub(super) fn read(consent: &mut Section<'_>, identity: Read<Identity>, count: Read<Count>) -> Consent {
    let policy = consent.choice("policy", POLICIES);
    let before = consent.choice("before", BEFORES);
    let settled = identity.settled(super::visitor::IDENTITY);
    if let Some((identity, count)) = settled.zip(count.settled(super::track::COUNT)) {
        check(consent, &policy, identity, count);
    }
    let policy = policy.or(Policy::None);
    let before = match (before, settled) {
        (Read::Is(Before::Cookieless), Some(identity @ (Identity::Cookieless | Identity::None)))
            if policy == Policy::OptIn =>
        {
            let why = match identity {
                Identity::Cookieless => "asks for nothing with visitor.identity = \"cookieless\"",
                _ => "gives an id that visitor.identity = \"none\" does not",
            };
            consent.mistake("before", format!("\"cookieless\" {why}; write \"anonymous\" or \"skip\""));
            Before::Cookieless
        }
        (before, Some(Identity::Cookie) | None) => before.or(Before::Cookieless),
        (before, _) => before.or(Before::Anonymous),
    };
    let denied = consent.choice("denied", DENIEDS).or(Denied::Anonymous);
    let gpc = consent.choice("gpc", SIGNALS).or(Signal::Honour);
    let dnt = consent.choice("dnt", SIGNALS).or(Signal::Ignore);
    let notice = consent.text("notice", "a text of 1 to 4096 bytes without control characters", |text| {
        let fits = !text.trim().is_empty() && text.len() <= MAX_NOTICE;
        let plain = !text.contains(|c: char| c.is_control() && c != '\n');
        (fits && plain).then(|| text.to_owned())
    });
    let usual = if policy == Policy::OptIn { QUESTION } else { NOTICE };
    let form = form(consent);
    Consent { policy, before, denied, gpc, dnt, notice: notice.or(usual.to_owned()), form }
}

/// Where visitors answer, and what stands on the buttons.
fn form(consent: &mut Section<'_>) -> Option<ConsentForm> {
    let path = consent
        .text("path", super::beacon::PATH, |text| super::beacon::is_path(text).then(|| text.to_owned()));
    let mut button = |key, usual: &str| {
        let label = consent.text(key, "a text of 1 to 200 bytes without control characters", |text| {
            let fits = !text.trim().is_empty() && text.len() <= MAX_BUTTON;
            (fits && !text.contains(char::is_control)).then(|| text.to_owned())
        });
        label.or(usual.to_owned())
    };
    let (allow, refuse) = (button("allow", "Allow"), button("refuse", "Do not allow"));
    path.ok().map(|path| ConsentForm { path, allow, refuse })
}

/// What visitors are told or asked is for whoever knows their law, where there is a cookie.
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
             write \"notice\" (visitors are told on their first page), \"opt-in\" (they are asked first), \
             \"opt-out\" (they are told, and may refuse) or \"none\" (nothing is asked for), or do without a \
             cookie by visitor.identity = \"cookieless\" or \"none\"",
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
