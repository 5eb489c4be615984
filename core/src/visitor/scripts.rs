//! What the scripts of receivers in the browser call the visitor.

use http::header::COOKIE;

use super::{
    Caller,
    consent::{Footing, Standing},
};
use crate::{
    Request,
    config::Config,
    hit::Joined,
    request::{each_value, split},
};

/// The ids that the request's cookies have of those that destinations ask for, at the second `now`. The first of a name
/// that has one stands.
pub(crate) fn joined(config: &Config, request: &Request<'_>, now: u64) -> Joined {
    let since = now.saturating_sub(config.session_timeout.as_secs());
    let mut joined = Joined::default();
    each_value(request.headers, &COOKIE, |value| {
        for pair in split(value, b';') {
            for cookie in &config.script_cookies {
                if let Some(id) = cookie.id(pair.trim_ascii(), since) {
                    joined.add(cookie.name(), &id);
                }
            }
        }
    });
    joined
}

/// Whether they may be read, and recorded: of who allows it, and has a cookie of trackside's or would be given one.
pub(crate) fn may_join(caller: &Caller) -> bool {
    is_allowed(&caller.standing) && caller.identified.id().is_some()
}

/// Whether the visitor allows everything that the configuration wants to know, for third parties, too.
pub(crate) fn is_allowed(standing: &Standing) -> bool {
    standing.footing == Footing::Full && !standing.is_confined
}
