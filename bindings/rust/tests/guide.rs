//! The recipes of the guide are configurations, and are without warnings.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use trackside::Config;

#[test]
fn each_recipe_for_a_proxy_is_a_configuration() {
    let page = include_str!("../src/guide/proxies.rs");
    let lines = page.lines().map(|line| line.strip_prefix("//!").unwrap().trim_start_matches(' '));
    let page: Vec<_> = lines.collect();
    let mut count = 0;
    for block in page.join("\n").split("```toml\n").skip(1) {
        let recipe = block.split("```").next().unwrap();
        let config = Config::builder().toml("consent.policy = 'none'").toml(recipe).build();
        let config = config.unwrap_or_else(|error| panic!("{error}\nin\n{recipe}"));
        assert!(config.trusts_proxies() && config.warnings().is_empty(), "{recipe}");
        count += 1;
    }
    assert_eq!(count, 8);
}
