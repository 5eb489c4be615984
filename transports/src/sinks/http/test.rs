use trackside_core::{
    Headers, Reason,
    config::Secret,
    hit::Hit,
    protocol::{Enriched, Needs, Outcome, Outgoing},
};

use std::time::Duration;

use super::*;

#[derive(Debug)]
struct To(&'static str, &'static str);

impl Protocol for To {
    fn needs(&self) -> Needs {
        Needs::default()
    }

    fn admit(&self, _: &Hit) -> Result<(), Reason> {
        Ok(())
    }

    fn group(&self, _: &Hit) -> u64 {
        0
    }

    fn encode(&self, batch: &[Enriched<'_>], _: u64, out: &mut Outgoing) -> usize {
        out.start("POST", self.0);
        out.push_secret(&Secret::new("s3cret"));
        out.secret_header("authorization", "Bearer ", &Secret::new(self.1));
        batch.len()
    }

    fn classify(&self, _: u16, _: &dyn Headers, _: &[u8]) -> Outcome {
        Outcome::Delivered
    }
}

fn refusal(url: &'static str) -> String {
    refusal_with(url, "t0ken ~\t")
}

fn refusal_with(url: &'static str, token: &'static str) -> String {
    factory(Arc::new(To(url, token)), Duration::from_secs(1))()
        .err()
        .map(|e| e.to_string())
        .unwrap_or_default()
}

#[test]
fn a_url_that_cannot_be_spoken_to_is_an_error_that_says_why() {
    assert_eq!(refusal("http://127.0.0.1:1/?key="), "");
    assert_eq!(refusal("not a url?key="), "`not a url?key=***` is not a URL");
    assert_eq!(refusal("/collect?key="), "`/collect?key=***` names no host");
    assert_eq!(
        refusal("ftp://127.0.0.1/?key="),
        "`ftp://127.0.0.1/?key=***` begins with neither http:// nor https://"
    );
}

#[test]
fn a_token_that_no_header_can_hold_is_an_error_that_does_not_show_it() {
    for token in ["t\u{f6}k\u{e9}n", "t0ken\n", "t0ken\u{7f}"] {
        assert_eq!(
            refusal_with("http://127.0.0.1:1/?key=", token),
            "`http://127.0.0.1:1/?key=***` cannot be sent the header `authorization`: the token or key that is \
             configured for it has a character that is no printable ASCII"
        );
    }
}

#[test]
#[cfg(not(feature = "tls"))]
fn https_without_tls_names_the_feature() {
    assert_eq!(
        refusal("https://127.0.0.1/?key="),
        "`https://127.0.0.1/?key=***` needs TLS, which this build is without: build with the feature `tls`"
    );
}

#[test]
#[cfg(feature = "tls")]
fn https_is_spoken() {
    assert_eq!(refusal("https://127.0.0.1/?key="), "");
}

#[test]
fn errors_that_hold_the_url_are_not_shown() {
    let error = ureq::Error::BadUri("http://127.0.0.1/?key=s3cret".to_owned());
    assert_eq!(line::cause(&error), "failed");
}
