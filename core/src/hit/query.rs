use memchr::memchr;

use super::cap::cut;
use crate::{config::QueryPolicy, request::split};

/// What may be kept of a query.
#[derive(Clone, Copy)]
pub(super) struct Keeps {
    pub(super) policy: QueryPolicy,
    /// Whether it may tell one click on an ad from the others.
    pub(super) clicks: bool,
}

impl Keeps {
    fn has(self, pair: &[u8]) -> bool {
        match self.policy {
            QueryPolicy::Keep => self.clicks || !is_click(pair),
            QueryPolicy::Campaign => is_campaign(pair) || (self.clicks && is_click(pair)),
            QueryPolicy::Drop => false,
        }
    }
}

/// What is kept of `query`, as pairs in their order, at most `max` bytes with the ampersands.
pub(super) fn kept(query: &[u8], keeps: Keeps, max: usize) -> impl Iterator<Item = &[u8]> {
    let query = match keeps.policy {
        QueryPolicy::Drop => &[],
        QueryPolicy::Campaign | QueryPolicy::Keep => query,
    };
    let mut room = max;
    split(query, b'&').filter(move |pair| !pair.is_empty() && keeps.has(pair)).enumerate().map_while(
        move |(n, pair)| {
            let ampersand = usize::from(n > 0);
            let pair = cut(pair, room.checked_sub(ampersand)?);
            room -= ampersand + pair.len();
            (!pair.is_empty()).then_some(pair)
        },
    )
}

fn is_campaign(pair: &[u8]) -> bool {
    if pair.starts_with(b"utm_") || pair.starts_with(b"mtm_") {
        return true;
    }
    pair.starts_with(b"pk_") && matches!(name(pair), b"pk_campaign" | b"pk_kwd")
}

/// Whether it is the id of one click on an ad.
fn is_click(pair: &[u8]) -> bool {
    // Most pairs end here.
    if !matches!(pair.first(), Some(b'g' | b'd' | b'w' | b'f' | b'm' | b't' | b'l')) {
        return false;
    }
    matches!(
        name(pair),
        b"gclid"
            | b"dclid"
            | b"gbraid"
            | b"wbraid"
            | b"fbclid"
            | b"msclkid"
            | b"ttclid"
            | b"li_fat_id"
            | b"twclid"
    )
}

fn name(pair: &[u8]) -> &[u8] {
    &pair[..memchr(b'=', pair).unwrap_or(pair.len())]
}

#[cfg(test)]
mod test {
    use super::*;

    fn joined(query: &str, policy: QueryPolicy, max: usize) -> String {
        let pairs: Vec<_> = kept(query.as_bytes(), Keeps { policy, clicks: true }, max).collect();
        String::from_utf8(pairs.join(&b'&')).unwrap()
    }

    #[test]
    fn campaign_keeps_what_names_a_campaign() {
        let query = "a=1&utm_source=x&gclid=y&&gclid2=z&mtm_=&pk_kwd&Utm_source=q";
        assert_eq!(joined(query, QueryPolicy::Campaign, 99), "utm_source=x&gclid=y&mtm_=&pk_kwd");
    }

    #[test]
    fn without_clicks_no_id_of_one_is_kept() {
        let query =
            b"gclid=1&utm_source=x&dclid=1&gbraid=1&wbraid=1&a=2&fbclid=1&msclkid=1&ttclid&li_fat_id=1&\
            twclid=1&gclid2=3&pk_kwd=4";
        let kept = |policy| {
            let pairs: Vec<_> = kept(query, Keeps { policy, clicks: false }, 999).collect();
            String::from_utf8(pairs.join(&b'&')).unwrap()
        };
        assert_eq!(kept(QueryPolicy::Keep), "utm_source=x&a=2&gclid2=3&pk_kwd=4");
        assert_eq!(kept(QueryPolicy::Campaign), "utm_source=x&pk_kwd=4");
        assert_eq!(kept(QueryPolicy::Drop), "");
    }

    #[test]
    fn drop_keeps_nothing_and_keep_everything() {
        assert_eq!(joined("a=1&utm_source=x", QueryPolicy::Drop, 99), "");
        assert_eq!(joined("a=1&utm_source=x", QueryPolicy::Keep, 99), "a=1&utm_source=x");
    }

    #[test]
    fn the_cap_counts_ampersands() {
        assert_eq!(joined("a=1&b=2&c=3", QueryPolicy::Keep, 7), "a=1&b=2");
        assert_eq!(joined("a=1&b=2&c=3", QueryPolicy::Keep, 6), "a=1&b=");
        assert_eq!(joined("a=1&b=2&c=3", QueryPolicy::Keep, 4), "a=1");
        assert_eq!(joined("a=1", QueryPolicy::Keep, 0), "");
    }
}
