use super::cap::{URL, cut};
use crate::config::QueryPolicy;

/// What may be recorded of a `Referer`, in two pieces: scheme and the rest. User information and fragment
/// are always cut, the query unless `policy` keeps it. What is no `scheme://host` address is left out.
pub(super) fn cleaned(referrer: &[u8], policy: QueryPolicy) -> [&[u8]; 2] {
    let Some(colon) = referrer.iter().position(|&b| b == b':') else {
        return [&[], &[]];
    };
    let (scheme, rest) = referrer.split_at(colon);
    let is_scheme = scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.iter().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b));
    let Some(rest) = rest.strip_prefix(b"://").filter(|_| is_scheme) else {
        return [&[], &[]];
    };
    let rest = until(rest, |b| b == b'#');
    let rest = match policy {
        QueryPolicy::Keep => rest,
        QueryPolicy::Campaign | QueryPolicy::Drop => until(rest, |b| b == b'?'),
    };
    let authority = until(rest, |b| matches!(b, b'/' | b'?' | b'\\'));
    let host = authority.iter().rposition(|&b| b == b'@').map_or(0, |at| at + 1);
    if host == authority.len() {
        return [&[], &[]];
    }
    let scheme = &referrer[..colon + b"://".len()];
    [scheme, cut(&rest[host..], URL.saturating_sub(scheme.len()))]
}

fn until(text: &[u8], stop: impl Fn(u8) -> bool) -> &[u8] {
    let end = text.iter().position(|&b| stop(b)).unwrap_or(text.len());
    &text[..end]
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
