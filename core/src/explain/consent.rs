//! What was said of the visitor's consent, and by whom.

use http::{
    HeaderName,
    header::{COOKIE, DNT},
};

use super::escape;
use crate::{
    Request,
    config::{Config, Mode, Signal},
    request::{each_value, split},
    visitor::consent::{Choice, Consent},
};

static SEC_GPC: HeaderName = HeaderName::from_static("sec-gpc");

/// One who may say what the visitor has allowed.
#[derive(Debug)]
#[non_exhaustive]
pub struct Voice {
    /// The host, a header or a cookie.
    pub source: String,
    /// What it says, and what that means here.
    pub view: String,
}

/// Everybody who is heard, in the order in which they are believed.
pub(super) fn voices(config: &Config, request: &Request<'_>) -> Vec<Voice> {
    if config.mode == Mode::Off {
        return Vec::new();
    }
    let banner = format!("{}_consent", config.cookie.name);
    vec![
        Voice { source: "the host".to_owned(), view: host(request.consent) },
        Voice { source: "sec-gpc".to_owned(), view: signal(request, &SEC_GPC, "gpc", config.gpc) },
        Voice { source: "dnt".to_owned(), view: signal(request, &DNT, "dnt", config.dnt) },
        Voice { view: cookies(request, &banner), source: banner },
    ]
}

fn host(consent: Consent) -> String {
    if consent == Consent::default() { "says nothing".to_owned() } else { said(consent) }
}

fn said(Consent { analytics, ads }: Consent) -> String {
    let named = [("analytics", analytics), ("ads", ads)].map(|(what, choice)| match choice {
        Choice::Denied => format!("{what} denied"),
        Choice::Granted => format!("{what} granted"),
        Choice::Unknown => format!("{what} left open"),
    });
    named.join(", ")
}

fn signal(request: &Request<'_>, name: &HeaderName, key: &str, signal: Signal) -> String {
    let mut values = Vec::new();
    each_value(request.headers, name, |value| values.push(value));
    let Some(value) = values.iter().find(|value| **value == b"1").or(values.first()) else {
        return "not sent".to_owned();
    };
    let shown = escape(value);
    if *value != b"1" {
        return format!("`{shown}`, which says nothing, as `1` alone does");
    }
    match signal {
        Signal::Honour => {
            format!("`1`: ads denied, and nothing to third parties (consent.{key} = \"honour\")")
        }
        Signal::Ignore => format!("`1`, which is not minded (consent.{key} = \"ignore\")"),
        Signal::Strict => format!("`1`: analytics denied, ads denied (consent.{key} = \"strict\")"),
    }
}

/// What the banner's cookies say. Of several one that denies stands, else the first that says anything.
fn cookies(request: &Request<'_>, name: &str) -> String {
    let mut views = Vec::new();
    each_value(request.headers, &COOKIE, |line| {
        for pair in split(line, b';').map(<[u8]>::trim_ascii) {
            let value = pair.strip_prefix(name.as_bytes()).and_then(|rest| rest.strip_prefix(b"="));
            views.extend(value.map(|value| match Consent::of_cookie(value) {
                Some(consent) => format!("`{}`: {}", escape(value), said(consent)),
                None => format!("`{}`, which says nothing", escape(value)),
            }));
        }
    });
    if views.is_empty() { "not sent".to_owned() } else { views.join("; ") }
}
