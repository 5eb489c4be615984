//! `trackside check`: what it says of each receiver, and of what stands between.

mod command;
mod faults;
mod receivers;

use serde_json::Value;
use trackside_tests::collector::{Answer, Collector};

use crate::{
    place::{Place, Ran},
    server::LONG,
};

/// A secret of every receiver, in each form in which one is sent.
const SECRET: &str = "whsec_czNjcmV0czNjcmV0czNjcmV0czNjcmV0";

/// `echo -n whsec_czNjcmV0czNjcmV0czNjcmV0czNjcmV0: | base64`
const IN_BASE64: &str = "d2hzZWNfY3pOamNtVjBjek5qY21WMGN6TmpjbVYwY3pOamNtVjA6";

/// A receiver on the loopback interface, and a folder to check it from.
struct Bench {
    place: Place,
    collector: Collector,
}

impl Bench {
    /// With one destination: its keys are `lines`, in which `URL` is where the collector listens.
    fn new(kind: &str, lines: &str) -> Self {
        let bench = Self { place: Place::new(), collector: Collector::start().unwrap() };
        bench.configure("", kind, lines);
        bench
    }

    /// `more` is for the top of the configuration.
    fn configure(&self, more: &str, kind: &str, lines: &str) {
        let lines = lines.replace("URL", &self.collector.url("")).replace("SECRET", SECRET);
        self.place.write(
            "my.toml",
            format!(
                "{more}\nsite = ['www.example.com']\nconsent.policy = 'none'\nprivacy.ip = 'full'\n[[destination]]\n\
                 type = '{kind}'\nip = 'full'\n{lines}\n"
            ),
        );
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.place.run(&[&["check", "--config", "my.toml"], arguments].concat())
    }

    /// What is said where the receiver gives these answers, in turn; it is asked no more than that.
    fn check(&self, answers: impl IntoIterator<Item = Answer>, arguments: &[&str]) -> Said {
        let (before, answers) = (self.collector.count(), answers.into_iter().collect::<Vec<_>>());
        let most = answers.len();
        self.collector.always(Answer::hang_up());
        self.collector.script(answers);
        let said = Said::of(self.run(&[arguments, &["--format", "json"]].concat()));
        // Of a request that was given up it may not have heard yet.
        self.collector.wait_for(before + most, LONG);
        assert_eq!(self.collector.count() - before, most, "{}", said.ran.out);
        said
    }
}

/// What was said of the one destination.
struct Said {
    ran: Ran,
    grade: String,
    /// Grade, what it is and what to do, in one text each.
    findings: Vec<String>,
}

impl Said {
    fn of(ran: Ran) -> Self {
        let document: Value =
            serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}{}", ran.out, ran.err));
        let destination = &document["destinations"][0];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let findings = destination["findings"].as_array().unwrap().iter();
        let findings =
            findings.map(|it| ["grade", "what", "to_do"].map(|key| text(&it[key])).join(" | ")).collect();
        let said = Self { grade: text(&destination["grade"]), findings, ran };
        let code = if said.grade == "wrong" { 1 } else { 0 };
        assert_eq!(said.ran.code, Some(code), "{}{}", said.ran.out, said.ran.err);
        said
    }

    /// Sees that there are as many findings, and that each has what is said of it.
    fn has(&self, findings: &[&str]) {
        assert_eq!(self.findings.len(), findings.len(), "{:#?}", self.findings);
        for (found, parts) in self.findings.iter().zip(findings) {
            for part in parts.split(" … ") {
                assert!(found.contains(part), "{part} in: {found}");
            }
        }
    }
}

fn json(body: &str) -> Answer {
    Answer::status(200).header("content-type", "application/json").body(body)
}
