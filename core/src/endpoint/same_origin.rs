use http::{
    HeaderName,
    header::{HOST, ORIGIN, REFERER},
};

use crate::{
    Request,
    config::Config,
    decide::{self, Facts},
    explain::escape,
    request::each_value,
};

static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What the values of a header say together.
enum Said<'a> {
    Nothing,
    This(&'a [u8]),
    /// This and something else.
    Otherwise,
}

fn said<'a>(request: &Request<'a>, name: &HeaderName) -> Said<'a> {
    let mut said = Said::Nothing;
    each_value(request.headers, name, |value| {
        said = match said {
            Said::Nothing => Said::This(value),
            Said::This(known) if known == value => Said::This(known),
            Said::This(_) | Said::Otherwise => Said::Otherwise,
        };
    });
    said
}

/// Who sent the request, by the header that is asked, for a person to read.
pub(super) fn sender(request: &Request<'_>) -> String {
    let named = [&SEC_FETCH_SITE, &ORIGIN, &REFERER].into_iter().find_map(|name| {
        let mut values = Vec::new();
        each_value(request.headers, name, |value| values.push(format!("`{}`", escape(value))));
        (!values.is_empty()).then(|| format!("{name}: {}", values.join(" and ")))
    });
    named.unwrap_or_else(|| "none of sec-fetch-site, origin and referer says so".to_owned())
}

/// Whether a page of the site itself sent the request: as `Sec-Fetch-Site` says (W3C Fetch Metadata §2.4),
/// which no page can forge; where a browser does not send it, as over plain http, by the host of `Origin`
/// (RFC 6454 §7), else of `Referer`. A request without any of them is nobody's, and so is one in which a header that
/// is asked comes twice and says two things: no browser sends that, and another on the way may have read the other.
///
/// Schemes and ports are not compared there: behind a proxy a server often knows neither.
pub(super) fn is_same_origin(config: &Config, request: &Request<'_>) -> bool {
    match said(request, &SEC_FETCH_SITE) {
        Said::This(site) => return site == b"same-origin",
        Said::Otherwise => return false,
        Said::Nothing => {}
    }
    let sender = match said(request, &ORIGIN) {
        Said::Nothing => said(request, &REFERER),
        origin => origin,
    };
    let (Said::This(sender), Said::Nothing | Said::This(_)) = (sender, said(request, &HOST)) else {
        return false;
    };
    let host = Facts::new(config, request).host;
    decide::host_of(sender).zip(host).is_some_and(|(named, host)| named.eq_ignore_ascii_case(host))
}
