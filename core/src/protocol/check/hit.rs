//! The hit that destinations are tried with.

use uuid::{Uuid, uuid};

use crate::{
    Moment,
    config::{Config, Destination, Identity},
    hit::{Draft, Hit},
    visitor::consent::Standing,
};

/// The path of its page.
pub const PATH: &str = "/trackside-check";

/// The title of its page.
pub const TITLE: &str = "trackside check";

/// Its visitor, the same each time: where there are visitors, all test hits are this one's.
pub const VISITOR: Uuid = uuid!("74726163-6b73-4964-a563-6865636b2e2e");

/// The site of its page where nothing names one: no host can have the name (RFC 6761 §6.4).
const SITE: &str = "trackside-check.invalid";

/// That of a browser: some receivers count nothing else, and do not say so.
const AGENT: &[u8] = b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// For documentation (RFC 5737): nobody has it.
const ADDRESS: [u8; 4] = [203, 0, 113, 9];

/// A page view of the page [`PATH`] at this `moment` as `destination` would be told of it: with no more of visitor and
/// address than the configuration allows, and changed as its `set` and `drop` say. Its site is `site` if there is one, else the first of the configuration.
pub fn hit(config: &Config, destination: &Destination, site: Option<&str>, moment: &Moment) -> Hit {
    let seconds = moment.seconds();
    let has_visitor = config.identity != Identity::None;
    let site = site.or(config.sites.first().map(String::as_str)).unwrap_or(SITE);
    let draft = Draft {
        id: moment.page_id(),
        micros: moment.micros(),
        visitor: has_visitor.then_some(VISITOR),
        is_new: false,
        is_cookieless: config.identity == Identity::Cookieless,
        first_visit: seconds,
        session: has_visitor.then_some(seconds),
        standing: Standing::default(),
        address: Some(ADDRESS.into()),
        status: 200,
        secure: true,
        site: site.as_bytes(),
        method: b"GET",
        path: PATH.as_bytes(),
        query: b"",
        urls: config.urls,
        referrer: b"",
        agent: AGENT,
        language: b"en",
        title: TITLE,
        user_id: "",
        route: "",
        event: None,
        special: None,
        search: "",
        properties: &[],
    };
    let hit = draft.seal(destination.ip);
    destination.changes.apply(&hit).unwrap_or(hit)
}
