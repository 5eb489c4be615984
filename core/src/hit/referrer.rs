use std::borrow::Cow;

use memchr::{memchr, memchr2};

use super::{
    canonical::canonical,
    cap::{URL, cut},
    path::recorded,
    query::{self, Keeps},
};
use crate::config::{QueryPolicy, Urls};

/// Hands to `put`, piece by piece, what may be recorded of a `Referer`. User information and fragment are always
/// cut, the query unless it is kept; the path is recorded as a page's own. What is no `scheme://host` address is left
/// out.
pub(super) fn cleaned(referrer: &[u8], keeps: Keeps, urls: Urls, put: &mut dyn FnMut(&[u8])) {
    let Some(Parts { whole, scheme, host, path, query }) = split(referrer, keeps.policy) else {
        return;
    };
    // Behind a host it is a slash to browsers (URL standard §4.4, of http and https); left as it is, `:email` in its
    // segment's place would belong to the host.
    let slashed;
    let (whole, path) = match path.strip_prefix(b"\\") {
        Some(rest) => {
            slashed = [b"/", rest].concat();
            (None, slashed.as_slice())
        }
        None => (whole, path),
    };
    let mut room = URL;
    let mut put = |piece: &[u8]| {
        let fits = cut(piece, room);
        // What was cut ends there.
        room = if fits.len() < piece.len() { 0 } else { room - fits.len() };
        put(fits);
    };
    let spelt = if urls.canonical { canonical(path) } else { Cow::Borrowed(path) };
    match (whole, recorded(&spelt, urls.path)) {
        (Some(whole), Cow::Borrowed(same)) if same == path => put(whole),
        (_, path) => [scheme, host, &path].into_iter().for_each(&mut put),
    }
    let Some((_, pairs)) = query.split_first() else {
        return;
    };
    if keeps.clicks && !query::hides(pairs, keeps.policy) {
        return put(query);
    }
    for (n, pieces) in query::kept(pairs, keeps, URL).enumerate() {
        put(if n == 0 { b"?" } else { b"&" });
        pieces.into_iter().for_each(&mut put);
    }
}

/// An address in its parts, with the signs that part them.
struct Parts<'a> {
    /// Scheme, host and path in one, if nothing is between them.
    whole: Option<&'a [u8]>,
    scheme: &'a [u8],
    host: &'a [u8],
    path: &'a [u8],
    query: &'a [u8],
}

fn split(referrer: &[u8], policy: QueryPolicy) -> Option<Parts<'_>> {
    let colon = if referrer.starts_with(b"https:") { 5 } else { scheme(referrer)? };
    let rest = referrer[colon..].strip_prefix(b"://")?;
    let has_query = matches!(policy, QueryPolicy::Keep | QueryPolicy::Raw);
    let end = if has_query { memchr(b'#', rest) } else { memchr2(b'#', b'?', rest) };
    let rest = &rest[..end.unwrap_or(rest.len())];
    let is_web = [&b"https"[..], b"http"].iter().any(|web| referrer[..colon].eq_ignore_ascii_case(web));
    // Where the host begins and ends.
    let (mut host, mut authority) = (0, rest.len());
    for (at, byte) in rest.iter().enumerate() {
        match byte {
            b'@' => host = at + 1,
            b'\\' if !is_web => {}
            b'/' | b'?' | b'\\' => {
                authority = at;
                break;
            }
            _ => {}
        }
    }
    let behind = &rest[authority..];
    let path = if has_query { memchr(b'?', behind) } else { None };
    let (path, query) = behind.split_at(path.unwrap_or(behind.len()));
    let scheme = &referrer[..colon + b"://".len()];
    (host < authority).then(|| Parts {
        whole: (host == 0).then(|| &referrer[..scheme.len() + authority + path.len()]),
        scheme,
        host: &rest[host..authority],
        path,
        query,
    })
}

/// How long the scheme is (RFC 3986 §3.1).
fn scheme(referrer: &[u8]) -> Option<usize> {
    referrer.first().filter(|b| b.is_ascii_alphabetic())?;
    referrer.iter().position(|b| !b.is_ascii_alphanumeric() && !b"+-.".contains(b))
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::config::PathPolicy;

    fn joined(referrer: &str, policy: QueryPolicy) -> String {
        kept(referrer, Keeps { policy, clicks: true })
    }

    fn kept(referrer: &str, keeps: Keeps) -> String {
        let urls = Urls { query: keeps.policy, path: PathPolicy::Redacted, canonical: false };
        with(referrer, keeps, urls)
    }

    fn with(referrer: &str, keeps: Keeps, urls: Urls) -> String {
        let mut whole = Vec::new();
        cleaned(referrer.as_bytes(), keeps, urls, &mut |piece| whole.extend_from_slice(piece));
        String::from_utf8(whole).unwrap()
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
        assert_eq!(joined(referrer, QueryPolicy::Keep), "https://www.example.org/a?token=***");
        assert_eq!(joined(referrer, QueryPolicy::Raw), "https://www.example.org/a?token=1");
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
    fn a_backslash_behind_the_host_is_a_slash() {
        let keeps = Keeps { policy: QueryPolicy::Keep, clicks: true };
        for (canonical, expected) in [(false, "http://a/:email//b"), (true, "http://a/:email/b")] {
            let urls = Urls { query: keeps.policy, path: PathPolicy::Redacted, canonical };
            assert_eq!(with("http://a\\me:pw@example.com//b", keeps, urls), expected);
            assert_eq!(with(expected, keeps, urls), expected, "what was recorded stays");
        }
        assert_eq!(joined("http://a\\b?c=d", QueryPolicy::Drop), "http://a/b");
        assert_eq!(joined("HTTP://a\\b", QueryPolicy::Drop), "HTTP://a/b");
        assert_eq!(joined("other://me:p\\w@a/b", QueryPolicy::Drop), "other://a/b", "elsewhere it is none");
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

    #[test]
    fn its_path_is_recorded_as_a_page_s_own() {
        let referrer = "https://a/u/me%40example.com//x/../y?page=2&&key=k";
        let keeps = Keeps { policy: QueryPolicy::Keep, clicks: true };
        let urls = Urls { query: QueryPolicy::Keep, path: PathPolicy::Redacted, canonical: true };
        assert_eq!(with(referrer, keeps, urls), "https://a/u/:email/y?page=2&key=***");
        let urls = Urls { path: PathPolicy::Full, canonical: false, ..urls };
        assert_eq!(with(referrer, keeps, urls), "https://a/u/me%40example.com//x/../y?page=2&key=***");
    }

    #[test]
    fn nothing_follows_what_was_cut() {
        let (path, value) = ("x".repeat(1_000), "y".repeat(2_000));
        let referrer = format!("https://a/{path}?token=1&b={value}");
        let expected = format!("https://a/{path}?token=***&b={value}");
        assert_eq!(joined(&referrer, QueryPolicy::Keep), expected[..URL]);
        let referrer = format!("https://a/{}é?b=1", "x".repeat(URL - 11));
        assert_eq!(joined(&referrer, QueryPolicy::Keep).len(), URL - 1);
    }
}
