//! The feature sets of a package: read off its manifest, so that no second list can fall behind.

use std::fs;

use crate::{cargo, root};

/// Checks `package`, whose manifest lies in `folder`, without features and with each one alone. That is
/// where code left over by a feature shows, so warnings count as errors.
///
/// # Errors
///
/// When a set does not compile, or compiles with warnings.
pub(crate) fn check_each(package: &str, folder: &str) -> Result<(), String> {
    let path = root().join(folder).join("Cargo.toml");
    let manifest =
        fs::read_to_string(&path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    check(package, &[])?;
    for feature in declared(&manifest) {
        check(package, &["--features", feature])?;
    }
    Ok(())
}

fn check(package: &str, features: &[&str]) -> Result<(), String> {
    let arguments = [&["check", "--quiet", "--package", package, "--no-default-features"], features].concat();
    let messages = cargo::run(&arguments)?;
    match cargo::warnings(&messages).len() {
        0 => Ok(()),
        n => Err(format!("{n} warnings from `cargo {}`", arguments.join(" "))),
    }
}

/// The names under `[features]`, but `default`.
fn declared(manifest: &str) -> Vec<&str> {
    manifest
        .lines()
        .map(str::trim)
        .skip_while(|line| *line != "[features]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name.trim().trim_matches('"'))
        .filter(|name| *name != "default")
        .collect()
}

#[cfg(test)]
mod test {
    use super::declared;

    #[test]
    fn features_are_read_off_the_manifest() {
        let manifest = r#"
[package]
name = "x"

[features]
# Supported = yes
default = ["http"]
http = ["dep:ureq"]   # the network
"tls" = [
    "http",
    "ureq/rustls",
]

[dependencies]
ureq = { version = "3" }
"#;
        assert_eq!(declared(manifest), ["http", "tls"]);
    }

    #[test]
    fn a_package_without_features_has_none() {
        assert!(declared("[package]\nname = \"x\"\n").is_empty());
    }
}
