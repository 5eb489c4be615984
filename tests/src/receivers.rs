//! Every receiver that trackside speaks to over HTTP by itself, configured.

use std::sync::Arc;

use trackside_core::{
    config::{Config, ConfigError},
    protocol::{self, Protocol, TYPES},
};

/// The secret of all of them; nothing else that is sent holds it.
pub const SECRET: &str = "whsec_czNjcmV0czNjcmV0czNjcmV0czNjcmV0";

/// A type of receiver, configured.
#[derive(Debug)]
#[non_exhaustive]
pub struct Configured {
    /// The word for it.
    pub name: &'static str,
    /// Its wire format.
    pub protocol: Arc<dyn Protocol>,
}

/// Each type of receiver, with the keys without which it cannot be configured.
///
/// # Errors
///
/// If they are a mistake.
pub fn all() -> Result<Vec<Configured>, ConfigError> {
    let mut found = Vec::new();
    for kind in TYPES {
        let document = format!("[[destination]]\ntype = '{}'\n{}\n", kind.name(), kind.lines());
        let config = Config::builder()
            .toml("consent.policy = 'none'\nprivacy.ip = 'full'")
            .toml(&document)
            .secrets(|_| Ok(SECRET.to_owned()))
            .build()?;
        let protocols = config.destinations().iter().filter_map(|it| protocol::of(&it.receiver));
        found.extend(protocols.map(|protocol| Configured { name: kind.name(), protocol }));
    }
    Ok(found)
}
