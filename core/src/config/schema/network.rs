//! How a destination on the network is reached: `timeout` and the keys that only those types have.

use std::time::Duration;

use http::Uri;
use percent_encoding::percent_decode_str;

use super::{
    MILLISECOND,
    receiver::{Kind, path_of},
};
use crate::config::{
    Compression, Http, Secret, Stages,
    builder::Resolver,
    reader::{Read, Section},
    units,
};

/// The keys that only receivers on the network have.
pub(super) const KEYS: &[&str] = &["ca", "compression", "proxy", "timeouts"];

const TIMEOUT: Duration = Duration::from_secs(10);

pub(in crate::config) const COMPRESSIONS: &[(&str, Compression)] =
    &[("auto", Compression::Auto), ("gzip", Compression::Gzip), ("none", Compression::None)];

pub(super) fn read(section: &mut Section<'_>, kind: Option<Kind>, resolver: Option<&Resolver>) -> Http {
    let timeout = section.duration("timeout", MILLISECOND);
    let mut http = Http::from(match timeout {
        Read::Is(timeout) => timeout,
        _ => TIMEOUT,
    });
    if !kind.is_some_and(Kind::is_remote) {
        // These keys are unknown, or told where they belong.
        return http;
    }
    let whole = timeout.settled(TIMEOUT);
    http.stages = section.table("timeouts", |table| {
        let mut stage = |key| {
            let stage = table.duration(key, MILLISECOND).or(http.timeout);
            if let Some(whole) = whole.filter(|whole| stage > *whole) {
                let (stage, whole) = (units::duration_text(stage), units::duration_text(whole));
                table.mistake(
                    key,
                    format!(
                        "{stage} is above timeout = {whole}, which ends the attempt; lower it or raise that"
                    ),
                );
            }
            stage
        };
        Stages {
            resolve: stage("resolve"),
            connect: stage("connect"),
            send: stage("send"),
            answer: stage("answer"),
        }
    });
    http.proxy = proxy(section, resolver);
    http.ca = path_of(section, "ca").ok();
    http.compression = section.choice("compression", COMPRESSIONS).or(Compression::Auto);
    http
}

/// The proxy. It may hold a password, so that no message shows it.
fn proxy(section: &mut Section<'_>, resolver: Option<&Resolver>) -> Option<Secret> {
    let text = section.secret("proxy", resolver).ok()?;
    if !is_proxy(&text) {
        section.mistake(
            "proxy",
            "is not a proxy such as \"http://proxy.example:3128\" or \"http://user:password@proxy.example:3128\": http, \
             a host, neither path nor query, and what is encoded of user and password is UTF-8",
        );
        return None;
    }
    Some(Secret::new(text))
}

fn is_proxy(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else {
        return false;
    };
    let Some(authority) = uri.authority() else {
        return false;
    };
    let (login, address) = authority.as_str().rsplit_once('@').unwrap_or(("", authority.as_str()));
    let port = address.strip_prefix(authority.host()).unwrap_or("?");
    uri.scheme_str() == Some("http")
        && percent_decode_str(login).decode_utf8().is_ok()
        && !authority.host().is_empty()
        && (port.is_empty() || authority.port_u16().is_some())
        && uri.path() == "/"
        && uri.query().is_none()
        && !text.contains('#')
}
