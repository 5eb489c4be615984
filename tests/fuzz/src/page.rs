//! A page view through the judge, whose time and randomness stand still.

use trackside_core::{Annotations, Config, Hit, Moment, Request, Response, judge, judge::Verdict};

use crate::site::{ENTROPY, NOW};

/// The site that all pages are of.
pub const SITE: &str = "www.example.com";

/// What becomes of a page.
#[derive(Debug)]
pub struct Viewed {
    /// Its exchange, before it was finished.
    pub exchange: judge::Exchange,
    /// Its verdict.
    pub verdict: Verdict,
    /// Its hit, if it is tracked.
    pub hit: Option<Hit>,
}

/// A configuration that is one.
///
/// # Panics
///
/// When it is not.
pub fn config(toml: &str) -> Config {
    Config::builder().toml(toml).build().expect("it is a configuration")
}

/// Views the page at `target`, with these headers beside `Host`.
pub fn view(config: &Config, target: &[u8], headers: &[(&str, &[u8])]) -> Viewed {
    let headers = [&[("host", SITE.as_bytes())], headers].concat();
    let request = Request::new("GET", target, &headers);
    let exchange = judge::begin(config, &request, Moment::new(NOW, ENTROPY), None);
    let answered = [("content-type", "text/html"), ("cache-control", "private")];
    let (mut hit, response, none) = (None, Response::new(200, &answered), Annotations::new());
    let verdict = judge::finish(config, exchange.clone(), &request, &response, &none, &mut |it| {
        assert!(hit.replace(it).is_none(), "one page view is one hit");
    });
    Viewed { exchange, verdict, hit }
}
