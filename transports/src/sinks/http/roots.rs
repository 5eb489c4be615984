//! The authorities that vouch for a receiver, from a file in PEM (RFC 7468).

use std::path::Path;

use ureq::tls::{Certificate, PemItem, parse_pem};

use crate::files;

/// No bundle of authorities comes near it.
const MOST: usize = 4 << 20;

const WAY_OUT: &str = "write the path of a file with one or more blocks `-----BEGIN CERTIFICATE-----`";

/// The certificates in the file at `path`, at least one.
pub(super) fn read(path: &Path) -> Result<Vec<Certificate<'static>>, String> {
    let pem = files::read(path, MOST)?;
    let items: Result<Vec<_>, _> = parse_pem(&pem).collect();
    let items = items.map_err(|_| format!("it is not PEM; {WAY_OUT}"))?;
    let certificates: Vec<_> = items
        .into_iter()
        .filter_map(|item| match item {
            PemItem::Certificate(certificate) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() {
        return Err(format!("it holds no certificate; {WAY_OUT}"));
    }
    Ok(certificates)
}
