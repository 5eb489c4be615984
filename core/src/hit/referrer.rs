use memchr::{memchr, memchr2};

use super::cap::{URL, cut};
use crate::config::QueryPolicy;

/// What may be recorded of a `Referer`, in two pieces: scheme and the rest. User information and fragment
/// are always cut, the query unless `policy` keeps it. What is no `scheme://host` address is left out.
pub(super) fn cleaned(referrer: &[u8], policy: QueryPolicy) -> [&[u8]; 2] {
    split(referrer, policy).unwrap_or_default()
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
