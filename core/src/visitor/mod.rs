//! Whose request it is: the visitor cookie, its session, the notice, and where a cookie may be set.

mod caching;
mod caller;
pub mod consent;
mod cookie;
mod cookieless;
mod daily_key;
mod derived_key;
mod notice;
pub(crate) mod scripts;
mod session;
mod snapshot;
mod user_id;

use uuid::Uuid;

use self::consent::Footing;
pub(crate) use self::notice::escaped;
pub(crate) use self::{
    caching::Caching,
    caller::Caller,
    cookie::{Cookies, Known, set_cookie},
    cookieless::Cookieless,
    derived_key::derived_key,
    session::Session,
    user_id::UserIds,
};
pub use self::{daily_key::DailyKey, notice::Notice, snapshot::Visitor};
use crate::{
    Moment,
    config::{Config, Count, Identity},
    decide::Facts,
};

/// What the request tells about its visitor.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Identified {
    /// Nothing, and nothing is to be found out.
    Anonymous,
    /// The visitor came with a cookie.
    Known(Known),
    /// The visitor has no valid cookie yet; this is the id it would be given.
    New(Uuid),
}

impl Identified {
    /// `may_be_new` is false where no cookie will be set whatever the response.
    pub(crate) fn of(known: Option<Known>, moment: &Moment, may_be_new: bool) -> Self {
        match known {
            Some(known) => Self::Known(known),
            None if may_be_new => Self::New(moment.visitor_id()),
            None => Self::Anonymous,
        }
    }

    pub(crate) fn id(&self) -> Option<Uuid> {
        match self {
            Self::Anonymous => None,
            Self::Known(known) => Some(known.id),
            Self::New(id) => Some(*id),
        }
    }

    pub(crate) fn is_new(&self) -> bool {
        matches!(self, Self::New(_))
    }

    /// Whether the cookie is to be set, if the response can carry it.
    pub(crate) fn needs_cookie(&self, config: &Config, now: u64) -> bool {
        match self {
            Self::Anonymous => false,
            Self::Known(known) => Session::of(known, now, config.session_timeout).rewrites_cookie(),
            Self::New(_) => true,
        }
    }
}

/// Whose hit it is, once it is known whether the cookie can be set.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Owner {
    pub(crate) visitor: Option<Uuid>,
    pub(crate) is_new: bool,
    /// Whether the visitor's id is the one of the day.
    pub(crate) is_cookieless: bool,
    pub(crate) first_visit: u64,
    pub(crate) session: Option<u64>,
    /// The cookie to set.
    pub(crate) cookie: Option<Known>,
}

impl Owner {
    /// Settles whose hit it is. An id that cannot be handed out is not recorded, as it would never be
    /// seen again: the cookieless one takes its place, if there is one. A session that lapsed where no cookie
    /// can be set stays empty.
    pub(crate) fn settle(facts: &Facts<'_>, caller: &Caller, now: u64, may_set_cookie: bool) -> Self {
        match caller.standing.footing {
            Footing::Anonymous | Footing::Skip => return Self::default(),
            Footing::Cookieless => return Self::cookieless(caller.cookieless.id(facts)),
            Footing::Full => {}
        }
        match caller.identified {
            Identified::Anonymous => Self::cookieless(caller.cookieless.id(facts)),
            Identified::New(_) if !may_set_cookie => Self::cookieless(caller.cookieless.id(facts)),
            Identified::New(id) => {
                let cookie = Known::new(id, now);
                Self {
                    visitor: Some(id),
                    is_new: true,
                    is_cookieless: false,
                    first_visit: now,
                    session: Some(now),
                    cookie: Some(cookie),
                }
            }
            Identified::Known(known) => {
                let session = Session::of(&known, now, facts.config.session_timeout);
                let start = match session {
                    Session::Runs { .. } => Some(known.session_start),
                    Session::Lapsed if may_set_cookie => Some(now),
                    Session::Lapsed => None,
                };
                let rewrite = may_set_cookie && session.rewrites_cookie();
                Self {
                    visitor: Some(known.id),
                    is_new: false,
                    is_cookieless: false,
                    first_visit: known.first_visit,
                    session: start,
                    cookie: start.filter(|_| rewrite).map(|start| Known {
                        session_start: start,
                        last_seen: now,
                        ..known
                    }),
                }
            }
        }
    }

    /// Whoever has the id of the day. Its first visit and its session cannot be told from one request, and no
    /// state is kept for them: who counts can tell a session by the gaps between the hits of one id.
    fn cookieless(id: Option<Uuid>) -> Self {
        Self { visitor: id, is_cookieless: id.is_some(), ..Self::default() }
    }
}

/// Whether a new visitor could be given a cookie at all: it is not for calls of an API.
pub(crate) fn hands_out_ids(config: &Config) -> bool {
    config.identity == Identity::Cookie && config.count == Count::Pages
}
