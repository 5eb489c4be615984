//! A request and its response, put before one rule: for the rules' tests to build upon.

use super::{Facts, Rule};
use crate::{Config, Reason, Request, Response};

pub(super) struct Scenario<'a> {
    /// Keys beside the defaults, in TOML.
    pub(super) config: &'a str,
    pub(super) method: &'a str,
    pub(super) target: &'a str,
    pub(super) headers: &'a [(&'a str, &'a str)],
    /// The status and the headers, once they are known.
    pub(super) response: Option<(u16, &'a [(&'a str, &'a str)])>,
    /// Whether the page was given the beacon.
    pub(super) has_beacon: bool,
}

impl Default for Scenario<'_> {
    /// A page that is asked for.
    fn default() -> Self {
        let headers = &[("host", "www.example.com"), ("accept", "text/html")];
        Self { config: "", method: "GET", target: "/", headers, response: None, has_beacon: false }
    }
}

impl Scenario<'_> {
    /// What `rule` says, and what it says that it saw.
    pub(super) fn ask(&self, rule: &Rule) -> (Result<(), Reason>, String) {
        let toml = format!("consent.policy = 'none'\n{}", self.config);
        let config = Config::builder().toml(&toml).build().unwrap();
        let request = Request::new(self.method, self.target, &self.headers);
        let answered = self.response.as_ref().map(|(status, headers)| Response::new(*status, headers));
        let facts = Facts::new(&config, &request).with_beacon(self.has_beacon, 1_784_714_400);
        let facts = match &answered {
            Some(response) => facts.with_response(response),
            None => facts,
        };
        ((rule.check)(&facts), (rule.view)(&facts))
    }
}
