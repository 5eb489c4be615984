use memchr::{memchr, memchr2, memchr3, memrchr};

use super::cap::{URL, cut};
use crate::config::QueryPolicy;

/// What may be recorded of a `Referer`, in two pieces: scheme and the rest. User information and fragment
/// are always cut, the query unless `policy` keeps it. What is no `scheme://host` address is left out.
pub(super) fn cleaned(referrer: &[u8], policy: QueryPolicy) -> [&[u8]; 2] {
    split(referrer, policy).unwrap_or_default()
}

fn split(referrer: &[u8], policy: QueryPolicy) -> Option<[&[u8]; 2]> {
    let is_scheme = |b: &u8| b.is_ascii_alphanumeric() || b"+-.".contains(b);
    let colon = referrer.iter().position(|b| !is_scheme(b))?;
    let rest = referrer[colon..].strip_prefix(b"://")?;
    referrer.first().filter(|b| b.is_ascii_alphabetic())?;
    let end = match policy {
        QueryPolicy::Keep => memchr(b'#', rest),
        QueryPolicy::Campaign | QueryPolicy::Drop => memchr2(b'#', b'?', rest),
    };
    let rest = &rest[..end.unwrap_or(rest.len())];
    let authority = &rest[..memchr3(b'/', b'?', b'\\', rest).unwrap_or(rest.len())];
    let host = memrchr(b'@', authority).map_or(0, |at| at + 1);
    let scheme = &referrer[..colon + b"://".len()];
    (host < authority.len()).then(|| [scheme, cut(&rest[host..], URL.saturating_sub(scheme.len()))])
}

#[cfg(test)]
mod test {
    use super::*;

    fn joined(referrer: &str, policy: QueryPolicy) -> String {
        String::from_utf8(cleaned(referrer.as_bytes(), policy).concat()).unwrap()
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
