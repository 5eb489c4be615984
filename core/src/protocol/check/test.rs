use std::sync::Arc;

use super::*;
use crate::{
    Headers, Moment,
    config::{Config, Destination, Receiver},
    protocol::{Key, Needs, Outcome, Protocol, ReceiverType, Values, WrongKey},
};

const NONE: [(&str, &str); 0] = [];

/// A receiver of a user's, without a check of its own.
static MINE: ReceiverType = ReceiverType::new("mine", KEYS, make);

static KEYS: &[Key] = &[
    Key::url("url").required("a URL").identity(),
    Key::secret("pass").required("a pass"),
    Key::bool("tells"),
];

fn make(values: &Values) -> Result<Arc<dyn Protocol>, WrongKey> {
    let tells = if values.is_true("tells") { Tells::Whole } else { Tells::Nothing };
    Ok(Arc::new(Mine(
        values.text("url").to_owned(),
        values.secret("pass").cloned().unwrap_or_default(),
        tells,
    )))
}

#[derive(Debug)]
struct Mine(String, crate::config::Secret, Tells);

impl Protocol for Mine {
    fn needs(&self) -> Needs {
        Needs { tells: self.2, ..Needs::default() }
    }

    fn admit(&self, hit: &Hit) -> Result<(), Reason> {
        match hit.site() {
            "" => Err(Reason::NoSite),
            "large.example" => Err(Reason::TooLarge),
            _ if hit.visitor().is_none() => Err(Reason::NoVisitor),
            _ => Ok(()),
        }
    }

    fn group(&self, _: &Hit) -> u64 {
        0
    }

    fn encode(&self, batch: &[Enriched<'_>], _: u64, out: &mut Outgoing) -> usize {
        out.start("POST", &self.0);
        out.secret_header("authorization", "Bearer ", &self.1);
        batch.iter().for_each(|enriched| out.body().extend_from_slice(enriched.hit.path()));
        batch.len()
    }

    fn classify(&self, status: u16, headers: &dyn Headers, body: &[u8]) -> Outcome {
        match body {
            b"bot" => Outcome::Refused(Reason::BotThere),
            b"some" => Outcome::Partial(vec![(0, Reason::Rejected)]),
            _ => crate::protocol::answer::classify(status, headers),
        }
    }
}

/// `more` of the configuration, and of its destination.
fn config(more: &str, of_mine: &str) -> Config {
    let mine = format!(
        "[[destination]]\ntype = 'mine'\nurl = 'https://mine.example/'\npass = 's3/c+r\"ét'\n{of_mine}"
    );
    Config::builder().receiver(&MINE).toml("consent.policy = 'none'").toml(more).toml(&mine).build().unwrap()
}

fn hit_of(config: &Config, destination: &Destination) -> Hit {
    hit(config, destination, None, &Moment::new(1_784_714_400_000_000, [7; 64]))
}

/// What the answer to the first question tells.
fn heard(more: &str, status: u16, headers: &[(&str, &str)], body: &[u8]) -> Vec<Finding> {
    let config = config("", more);
    let destination = &config.destinations()[0];
    let Receiver::Remote(remote) = &destination.receiver else { panic!("{destination:?}") };
    let hit = hit_of(&config, destination);
    let test = Test::new(remote, &hit, hit.micros());
    let mut out = Outgoing::new();
    test.first().ask(&test, &mut out);
    assert_eq!(out.payload(), PATH.as_bytes());
    let headers = headers.to_vec();
    let answer = Answer::new(&test, &out, status, &headers, body);
    assert_eq!(
        format!("{answer:?}"),
        format!("Answer {{ status: {status}, .. }}"),
        "all else may hold secrets"
    );
    let heard = test.first().hear(&test, &answer);
    assert!(heard.next.is_none());
    heard.findings
}

#[test]
fn a_receiver_without_a_check_is_sent_a_hit_and_classifies_the_answer() {
    let right = Finding::right("mine took the test hit (status 200)");
    let [first, second] = &heard("", 200, &NONE, b"")[..] else { panic!() };
    assert_eq!((first, second.grade()), (&right, Grade::Unproven));
    assert!(second.to_do().contains(PATH) && second.to_do().contains(TITLE), "{second:?}");
    assert_eq!(heard("tells = true", 200, &NONE, b""), [right]);
    for (body, says) in
        [(&b"bot"[..], "refused(bot-there): \"bot\""), (b"some", "refused(rejected): \"some\"")]
    {
        let findings = heard("", 200, &NONE, body);
        assert!(findings[0].is_wrong() && findings[0].what().contains(says), "{findings:?}");
    }
}

#[test]
fn means_have_words_for_persons_and_for_programs() {
    for (means, words, code) in [
        (Means::Debug, "the debug endpoint, which counts nothing", "debug"),
        (Means::ForgedHit, "a test hit with a wrong signature", "forged-hit"),
        (Means::Health, "whether it is up", "health"),
        (Means::TestHit, "a test hit, which counts", "test-hit"),
    ] {
        assert_eq!((means.as_str(), means.code()), (words, code));
    }
    assert_eq!(format!("{TEST_HIT:?}"), "Question(TestHit)");
}

#[test]
fn each_status_has_its_way_out() {
    for (status, what, to_do) in [
        (401, "does not let the test hit in (status 401)", "compare `pass`"),
        (404, "nothing takes hits at `url`", "path included"),
        (429, "takes nothing for the moment", "check again later"),
        (400, "refuses the test hit (status 400)", "see what it says"),
        (503, "is not there for the moment", "whether it runs"),
        (500, "fails by itself", "its own log"),
        (999, "which says nothing", "what listens"),
    ] {
        let findings = heard("", status, &NONE, b"");
        let [finding] = &findings[..] else { panic!("{findings:?}") };
        assert!(finding.is_wrong() && finding.what().contains(what), "{finding:?}");
        assert!(finding.to_do().contains(to_do), "{finding:?}");
    }
}

#[test]
fn a_redirect_is_told_without_its_query() {
    let findings = heard("", 301, &[("location", "https://other.example/s3/c+r%22%c3%a9t?token=abc#x")], b"");
    assert!(findings[0].what().contains("`https://other.example/***` (status 301)"), "{findings:?}");
}

#[test]
fn words_of_the_receiver_are_short_and_show_no_secret() {
    for spelling in [r#"s3/c+r"ét"#, r#"s3\/c\u002Br\"\u00e9t"#, "s3%2Fc%2Br%22%C3%A9t", "s3/c%2br%22%c3%a9t"]
    {
        let findings = heard("", 400, &NONE, format!(" unknown\r\n pass: {spelling} ").as_bytes());
        assert!(findings[0].what().ends_with(": \"unknown pass: ***\""), "{findings:?}");
    }
    let findings = heard("", 400, &NONE, "ä".repeat(5_000).as_bytes());
    assert!(findings[0].what().ends_with("ä…\""), "{findings:?}");
    assert_eq!(findings[0].what().matches('ä').count(), 300);
    for body in [&b"<html>gone</html>"[..], b"\xff\xfe", b""] {
        assert!(heard("", 400, &NONE, body)[0].what().ends_with("(status 400)"));
    }
}

#[test]
fn the_hit_holds_no_more_than_a_real_one() {
    let of = |more: &str| {
        let config = self::config(more, "");
        hit_of(&config, &config.destinations()[0])
    };
    let full = of("privacy.ip = 'full'\nsite = ['a.example', 'b.example']");
    assert_eq!((full.site(), full.ip()), ("a.example", "203.0.113.9".parse().ok()));
    assert_eq!((full.visitor(), full.title()), (Some(VISITOR), TITLE));
    assert_eq!(of("").ip(), "203.0.113.0".parse().ok());
    assert_eq!(of("").site(), "trackside-check.invalid");
    assert_eq!(of("privacy.ip = 'none'").ip(), None);
    let config = self::config("", "drop = ['title', 'visitor']\nset.properties = { env = 'prod' }");
    let changed = hit_of(&config, &config.destinations()[0]);
    assert_eq!((changed.title(), changed.visitor(), changed.properties().count()), ("", None, 1));
    let nobody = of("visitor.identity = 'none'");
    assert_eq!((nobody.visitor(), nobody.session()), (None, None));
    assert!(of("visitor.identity = 'cookieless'").is_cookieless() && !of("").is_cookieless());
    for policy in ["full", "redacted", "anonymous", "route"] {
        assert_eq!(of(&format!("privacy.path = '{policy}'")).path(), PATH.as_bytes(), "{policy}");
    }
}

#[test]
fn what_the_receiver_would_refuse_is_found_before_anything_is_sent() {
    for (more, site, what, to_do) in [
        ("visitor.identity = 'none'", None, "refused(no-visitor)", "`visitor.identity`"),
        ("", Some(""), "refused(no-site)", "write the host names that count as `site`"),
        ("", Some("large.example"), "refused(too-large)", "look the reason up in the reference"),
    ] {
        let config = config(more, "");
        let destination = &config.destinations()[0];
        let Receiver::Remote(remote) = &destination.receiver else { panic!("{destination:?}") };
        let hit = hit(&config, destination, site, &Moment::new(1_784_714_400_000_000, [7; 64]));
        let finding = Test::new(remote, &hit, 0).admit().unwrap_err();
        assert!(finding.is_wrong() && finding.what().contains(what), "{finding:?}");
        assert!(finding.to_do().contains(to_do), "{finding:?}");
    }
}

#[test]
fn a_debug_endpoint_stands_beside_the_other() {
    let debug = |url: &str| {
        let mut out = Outgoing::new();
        out.start("POST", url);
        out.push_secret(&crate::config::Secret::new("s3cret"));
        out.insert_into_url(counterpart(url, "/collect")?, "/debug");
        Some((out.url().to_owned(), out.shown_url()))
    };
    let [url, shown] =
        ["s3cret", "***"].map(|secret| format!("https://a.example/x/debug/collect?k={secret}"));
    assert_eq!(debug("https://a.example/x/collect?k="), Some((url, shown)));
    assert_eq!(debug("https://a.example/com.google.analytics/v1?x=/collect"), None);
}
