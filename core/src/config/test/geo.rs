//! `[geo]` and `privacy.geo`.

use crate::config::{Cdn, Config, GeoPolicy};

fn build(toml: &str) -> Config {
    Config::builder().toml("visitor.identity = 'none'").toml(toml).build().unwrap()
}

fn mistakes(toml: &str) -> Vec<(String, String)> {
    let error = Config::builder().toml("visitor.identity = 'none'").toml(toml).build().unwrap_err();
    error.mistakes().map(|(path, message)| (path.to_owned(), message.to_owned())).collect()
}

fn headers(config: &Config) -> Vec<&str> {
    let own = config.more_headers().iter().map(|name| name.as_str());
    own.filter(|name| !name.starts_with("x-forwarded-")).collect()
}

#[test]
fn nobody_is_asked_by_default() {
    let config = build("proxy.hops = 1");
    assert_eq!((config.geo(), config.geo_file()), (GeoPolicy::Country, None));
    assert!(headers(&config).is_empty() && config.warnings().is_empty());
}

#[test]
fn no_header_is_read_that_says_more_than_is_recorded() {
    let trusting = |toml: &str| build(&format!("proxy.hops = 1\n{toml}"));
    let cloudflare = trusting("geo.cdn = 'cloudflare'");
    assert_eq!(headers(&cloudflare), ["cf-ipcountry"]);
    let region = trusting("geo.cdn = 'cloudflare'\nprivacy.geo = 'region'");
    assert_eq!(headers(&region), ["cf-ipcountry", "cf-region-code"]);
    let own = trusting("privacy.geo = 'city'\ngeo = { country = 'X-C', city = 'X-Town' }");
    assert_eq!(headers(&own), ["x-c", "x-town"]);
    let none = trusting("geo = { cdn = 'vercel', file = 'x' }\nprivacy.geo = 'none'");
    assert!(headers(&none).is_empty() && none.geo_file().is_none());
    let typed = Config::builder().toml("visitor.identity = 'none'").proxy_hops(1);
    let typed = typed.geo(GeoPolicy::City).geo_cdn(Cdn::AppEngine).geo_file("x.mmdb").build().unwrap();
    assert_eq!(headers(&typed), Cdn::AppEngine.headers());
    assert_eq!(typed.geo_file().unwrap().to_str(), Some("x.mmdb"));
}

#[test]
fn what_cannot_be_meant_is_a_mistake() {
    let told = mistakes("geo = { cdn = 'cloudflare', country = 'X-C' }");
    assert!(told[0].0 == "geo.country" && told[0].1.contains("it stands for `cdn`"), "{told:?}");
    let told = mistakes("geo.city = 'X-City'");
    assert!(told[0].0 == "geo.country" && told[0].1.starts_with("missing"), "{told:?}");
    for (toml, path) in [
        ("geo.country = 'X C'", "geo.country"),
        ("geo.country = ''", "geo.country"),
        ("geo.cdn = 'fly'", "geo.cdn"),
        ("geo.file = ''", "geo.file"),
        ("privacy.geo = 'street'", "privacy.geo"),
        ("track.bots_list = ''", "track.bots_list"),
    ] {
        let told = mistakes(toml);
        assert!(told.len() == 1 && told[0].0 == path, "{told:?}");
    }
}

#[test]
fn what_would_tell_nothing_is_warned_of() {
    for (toml, begins) in [
        ("geo.cdn = 'vercel'", "geo.cdn: it is not read, as no proxy is trusted"),
        ("geo.country = 'X-C'", "geo.country: it is not read, as no proxy is trusted"),
        ("privacy.geo = 'city'", "privacy.geo: nobody knows it"),
        ("geo.file = 'x'\nprivacy.ip = 'none'", "geo.file: it tells nothing"),
        ("track = { bots = 'keep', bots_list = 'x' }", "track.bots_list: it is not read"),
    ] {
        let config = build(toml);
        assert!(matches!(config.warnings(), [told] if told.starts_with(begins)), "{:?}", config.warnings());
    }
}
