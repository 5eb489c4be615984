use memchr::{memchr, memchr2};

use super::{
    cap::{URL, cut},
    query::{self, Keeps},
};
use crate::config::QueryPolicy;

/// What may be recorded of a `Referer`, in two pieces: scheme and the rest. User information and fragment
/// are always cut, the query unless it is kept. What is no `scheme://host` address is left out.
pub(super) fn cleaned<'a>(referrer: &'a [u8], keeps: Keeps, put: &mut dyn FnMut(&'a [u8])) {
    let [scheme, rest] = split(referrer, keeps.policy).unwrap_or_default();
    put(scheme);
    let Some(mark) = memchr(b'?', rest).filter(|_| !keeps.clicks) else {
        return put(rest);
    };
    let (page, query) = rest.split_at(mark);
    put(page);
    for (n, pair) in query::kept(&query[1..], keeps, query.len()).enumerate() {
        put(if n == 0 { b"?" } else { b"&" });
        put(pair);
    }
}

fn split(referrer: &[u8], policy: QueryPolicy) -> Option<[&[u8]; 2]> {
    let colon = if referrer.starts_with(b"https:") { 5 } else { scheme(referrer)? };
    let rest = referrer[colon..].strip_prefix(b"://")?;
    let end = match policy {
        QueryPolicy::Keep => memchr(b'#', rest),
        QueryPolicy::Campaign | QueryPolicy::Drop => memchr2(b'#', b'?', rest),
    };
    let rest = &rest[..end.unwrap_or(rest.len())];
    // Where the host begins and ends.
    let (mut host, mut authority) = (0, rest.len());
    for (at, byte) in rest.iter().enumerate() {
        match byte {
            b'@' => host = at + 1,
            b'/' | b'?' | b'\\' => {
                authority = at;
                break;
            }
            _ => {}
        }
    }
    let scheme = &referrer[..colon + b"://".len()];
    (host < authority).then(|| [scheme, cut(&rest[host..], URL.saturating_sub(scheme.len()))])
}

/// How long the scheme is (RFC 3986 §3.1).
fn scheme(referrer: &[u8]) -> Option<usize> {
    referrer.first().filter(|b| b.is_ascii_alphabetic())?;
    referrer.iter().position(|b| !b.is_ascii_alphanumeric() && !b"+-.".contains(b))
}

#[cfg(test)]
mod test {
    use super::*;

    fn joined(referrer: &str, policy: QueryPolicy) -> String {
        kept(referrer, Keeps { policy, clicks: true })
    }

    fn kept(referrer: &str, keeps: Keeps) -> String {
        let mut pieces = Vec::new();
        cleaned(referrer.as_bytes(), keeps, &mut |piece| pieces.push(piece));
        String::from_utf8(pieces.concat()).unwrap()
    }

    #[test]
    fn clicks_are_cut_without_consent() {
        let kept = |referrer| kept(referrer, Keeps { policy: QueryPolicy::Keep, clicks: false });
        assert_eq!(kept("https://a/b?x=1&gclid=2&&y"), "https://a/b?x=1&y");
        assert_eq!(kept("https://a/b?gclid=2#c"), "https://a/b");
        assert_eq!(kept("https://a/b?"), "https://a/b");
        assert_eq!(kept("https://a/gclid=2"), "https://a/gclid=2");
    }

    #[test]
    fn secrets_are_cut() {
        let referrer = "https://me:pw@www.example.org/a?token=1#top";
        assert_eq!(joined(referrer, QueryPolicy::Campaign), "https://www.example.org/a");
        assert_eq!(joined(referrer, QueryPolicy::Drop), "https://www.example.org/a");
        assert_eq!(joined(referrer, QueryPolicy::Keep), "https://www.example.org/a?token=1");
        assert_eq!(joined("http://a@b@c/", QueryPolicy::Keep), "http://c/");
        assert_eq!(joined("http://c?x=me@home", QueryPolicy::Keep), "http://c?x=me@home");
    }

    #[test]
    fn what_is_no_address_is_left_out() {
        for referrer in [
            "",
            "about:client",
            "/relative",
            "://x",
            "1a://x",
            "http://",
            "http://me@",
            "javascript:alert(1)",
        ] {
            assert_eq!(joined(referrer, QueryPolicy::Keep), "", "{referrer}");
        }
    }

    #[test]
    fn other_schemes_are_kept() {
        assert_eq!(joined("android-app://org.example/", QueryPolicy::Drop), "android-app://org.example/");
    }

    #[test]
    fn a_long_one_is_cut() {
        let referrer = format!("https://a/{}", "x".repeat(9_000));
        assert_eq!(joined(&referrer, QueryPolicy::Drop).len(), URL);
    }
}
