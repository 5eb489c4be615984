use memchr::memchr;

use super::cap::cut;
use crate::{config::QueryPolicy, request::split};

/// What `policy` keeps of `query`, as pairs in their order, at most `max` bytes with the ampersands.
pub(super) fn kept(query: &[u8], policy: QueryPolicy, max: usize) -> impl Iterator<Item = &[u8]> {
    let query = match policy {
        QueryPolicy::Drop => &[],
        QueryPolicy::Campaign | QueryPolicy::Keep => query,
    };
    let mut room = max;
    split(query, b'&')
        .filter(move |pair| !pair.is_empty() && (policy == QueryPolicy::Keep || is_campaign(pair)))
        .enumerate()
        .map_while(move |(n, pair)| {
            let ampersand = usize::from(n > 0);
            let pair = cut(pair, room.checked_sub(ampersand)?);
            room -= ampersand + pair.len();
            (!pair.is_empty()).then_some(pair)
        })
}

fn is_campaign(pair: &[u8]) -> bool {
    if pair.starts_with(b"utm_") || pair.starts_with(b"mtm_") {
        return true;
    }
    // Most pairs end here.
    if !matches!(pair.first(), Some(b'p' | b'g' | b'd' | b'w' | b'f' | b'm' | b't' | b'l')) {
        return false;
    }
    let name = &pair[..memchr(b'=', pair).unwrap_or(pair.len())];
    matches!(
        name,
        b"pk_campaign"
            | b"pk_kwd"
            | b"gclid"
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

#[cfg(test)]
mod test {
    use super::*;

    fn joined(query: &str, policy: QueryPolicy, max: usize) -> String {
        let pairs: Vec<_> = kept(query.as_bytes(), policy, max).collect();
        String::from_utf8(pairs.join(&b'&')).unwrap()
    }

    #[test]
    fn campaign_keeps_what_names_a_campaign() {
        let query = "a=1&utm_source=x&gclid=y&&gclid2=z&mtm_=&pk_kwd&Utm_source=q";
        assert_eq!(joined(query, QueryPolicy::Campaign, 99), "utm_source=x&gclid=y&mtm_=&pk_kwd");
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
