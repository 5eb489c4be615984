//! Every receiver that trackside speaks to over HTTP by itself, configured.

use std::sync::Arc;

use trackside_core::{
    config::{Config, ConfigError},
    protocol::{self, Protocol},
};

/// By type: the keys without which it cannot be configured.
const NEEDS: &[(&str, &str)] = &[
    ("ga4", "measurement_id = 'G-ABC123DEF4'\napi_secret = 's3cretGa4'"),
    ("ga-v1", "tracking_id = 'UA-1-1'"),
    ("posthog", "api_key = 's3cretPosthog'"),
    ("segment", "write_key = 's3cretSegment'"),
    ("rudderstack", "url = 'https://data.example/v1/batch'\nwrite_key = 's3cretRudderstack'"),
    ("webhook", "url = 'https://hooks.example/'\nsecret = 'whsec_czNjcmV0czNjcmV0czNjcmV0czNjcmV0'"),
    ("umami", "url = 'https://umami.example/api/batch'\nwebsite = '3f9c2f5e-7f0a-4b52-9d5d-0e7a3c8b1f20'"),
    ("goatcounter", "url = 'https://stats.example/api/v0/count'\ntoken = 's3cretGoatcounter'"),
    ("snowplow", "url = 'https://sp.example/com.snowplowanalytics.snowplow/tp2'"),
];

/// No secret in [`all`] is without one of these, nor is anything else with one.
pub const SECRET: [&str; 2] = ["s3cret", "czNjcmV0"];

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
/// If its configuration is a mistake.
pub fn all() -> Result<Vec<Configured>, ConfigError> {
    let mut found = Vec::new();
    for (kind, needs) in NEEDS {
        let document = format!("consent.policy = 'none'\n[[destination]]\ntype = '{kind}'\n{needs}\n");
        let config = Config::builder().toml(&document).build()?;
        let protocols = config.destinations().iter().filter_map(|it| protocol::of(&it.receiver));
        found.extend(protocols.map(|protocol| Configured { name: kind, protocol }));
    }
    Ok(found)
}
