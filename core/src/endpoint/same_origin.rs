use http::{
    HeaderName,
    header::{ORIGIN, REFERER},
};

use crate::{
    Request,
    config::Config,
    decide::{self, Facts},
    explain::escape,
    request::first_value,
};

static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Who sent the request, by the header that is asked, for a person to read.
pub(super) fn sender(request: &Request<'_>) -> String {
    let named = [&SEC_FETCH_SITE, &ORIGIN, &REFERER]
        .into_iter()
        .find_map(|name| Some(format!("{name}: `{}`", escape(first_value(request.headers, name)?))));
    named.unwrap_or_else(|| "none of sec-fetch-site, origin and referer says so".to_owned())
}

/// Whether a page of the site itself sent the request: as `Sec-Fetch-Site` says (W3C Fetch Metadata §2.4),
/// which no page can forge; where a browser does not send it, as over plain http, by the host of `Origin`
/// (RFC 6454 §7), else of `Referer`. A request without any of them is nobody's.
///
/// Schemes and ports are not compared there: behind a proxy a server often knows neither.
pub(super) fn is_same_origin(config: &Config, request: &Request<'_>) -> bool {
    if let Some(site) = first_value(request.headers, &SEC_FETCH_SITE) {
        return site == b"same-origin";
    }
    let sender = first_value(request.headers, &ORIGIN).or_else(|| first_value(request.headers, &REFERER));
    let named = sender.and_then(decide::host_of);
    let host = Facts::new(config, request).host;
    named.zip(host).is_some_and(|(named, host)| named.eq_ignore_ascii_case(host))
}
