//! Host names and URLs.

use std::net::Ipv6Addr;

use http::Uri;

/// A host name as the requests will name it: in lower case and without the dot of the root.
pub(super) fn site(text: &str) -> Option<String> {
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    is_host(&name).then_some(name)
}

/// A name of DNS, with the underscores that are seen in practice, or an address; IPv6 in brackets, as in
/// URLs.
fn is_host(name: &str) -> bool {
    if let Some(address) = name.strip_prefix('[') {
        return address.strip_suffix(']').is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    }
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

/// The longest URL that is taken.
const MAX_URL: usize = 2_048;

pub(super) const URL: &str = "an absolute http or https URL without user, password and fragment, such as \
     \"https://stats.example.com/collect\"";

/// An absolute http or https URL without userinfo and fragment (RFC 9110 §4.2).
pub(super) fn url(text: &str) -> Option<String> {
    // `Uri` would cut a fragment in silence.
    if text.len() > MAX_URL || text.contains('#') {
        return None;
    }
    let uri: Uri = text.parse().ok()?;
    let authority = uri.authority()?;
    let port = authority.as_str().strip_prefix(authority.host())?;
    let port_fits = port.is_empty() || authority.port_u16().is_some();
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    (is_http && port_fits && site(authority.host()).is_some()).then(|| text.to_owned())
}

/// What an error may show of a URL that was refused: not what could be a password or a token.
pub(super) fn shown_url(text: &str) -> String {
    let (scheme, rest) = match text.split_once("//") {
        Some((scheme, rest)) => (format!("{scheme}//"), rest),
        None => (String::new(), text),
    };
    let rest = rest.rsplit_once('@').map_or(rest.to_owned(), |(_, rest)| format!("***@{rest}"));
    match rest.find(['?', '#']) {
        Some(end) => format!("{scheme}{}***", &rest[..=end]),
        None => scheme + &rest,
    }
}
