//! `receivers.md`, what the documentation tells of each type, against the table of types.

use std::{env, fmt::Write, fs, iter, path::Path};

use super::*;
use crate::{
    config::{Config, Receiver},
    protocol::{Absent, Holds, Needs, Part, Tells},
};

const PAGE: &str = include_str!("receivers.md");

/// The parts of a hit, and the heads of their columns.
const PARTS: &[(Part, &str)] = &[
    (Part::Visitor, "visitor"),
    (Part::User, "user"),
    (Part::Session, "session"),
    (Part::Time, "time"),
    (Part::Page, "page"),
    (Part::Event, "event"),
    (Part::Properties, "properties"),
    (Part::Title, "title"),
    (Part::Referrer, "referrer"),
    (Part::Campaign, "campaign"),
    (Part::Language, "language"),
    (Part::Address, "address"),
    (Part::Agent, "agent"),
];

fn needs(kind: &ReceiverType) -> Needs {
    let document = format!("[[destination]]\ntype = \"{}\"\n{}", kind.name, kind.example);
    let config = Config::builder().toml("consent.policy = 'none'").toml(&document);
    let config = config.secrets(|_| Ok("whsec_c2VjcmV0LW9mLXRoZS1yZWNlaXZlci0x".to_owned())).build().unwrap();
    match &config.destinations()[0].receiver {
        Receiver::Remote(remote) => remote.protocol().needs(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_type_shows_its_name_and_a_receiver_its_values_without_secrets() {
    let kind = ReceiverType::new("own", &[], |_| Err(WrongKey::new("url", ""))).example("url = \"x\"");
    assert_eq!((format!("{kind:?}").as_str(), kind.lines()), ("ReceiverType(\"own\")", "url = \"x\""));
    let document =
        "[[destination]]\ntype = 'matomo'\nurl = 'https://a.example/'\nsite_id = 7\ntoken = 'hidden'";
    let config = Config::builder().toml("visitor.identity = 'none'").toml(document).build().unwrap();
    let shown = format!("{:?}", config.destinations()[0].receiver);
    for part in ["Remote", "\"matomo\"", "https://a.example/", "Number(7)", "***"] {
        assert!(shown.contains(part), "{shown}");
    }
    assert!(!shown.contains("hidden"), "{shown}");
}

fn row(cells: impl IntoIterator<Item = String>) -> String {
    cells.into_iter().fold("|".to_owned(), |row, cell| row + " " + &cell + " |") + "\n"
}

fn rule(columns: usize) -> String {
    row(iter::repeat_n("---".to_owned(), columns))
}

fn window(seconds: u64) -> String {
    match seconds {
        u64::MAX => "any time".to_owned(),
        s if s % 31_536_000 == 0 => format!("{} years", s / 31_536_000),
        s if s % 3_600 == 0 => format!("{} h", s / 3_600),
        s => format!("{} min", s / 60),
    }
}

fn tells(tells: Tells) -> &'static str {
    match tells {
        Tells::Counts => "how many",
        Tells::Each => "which",
        Tells::Nothing => "nothing",
        Tells::Whole => "all or none",
    }
}

fn contracts(page: &mut String) {
    let heads = [
        "type",
        "receiver",
        "hits a request",
        "every",
        "of one visitor",
        "knows a copy",
        "how far back",
        "gzip",
    ];
    let heads = heads.into_iter().chain(["tells what it throws away", "of bots, too", "asks for"]);
    *page += &row(heads.map(str::to_owned));
    *page += &rule(11);
    for kind in TYPES {
        let needs = needs(kind);
        let yes = |yes: bool| (if yes { "yes" } else { "" }).to_owned();
        let asks = match (needs.visitor, needs.address) {
            (true, _) => "a visitor",
            (false, true) => "an address",
            (false, false) => "",
        };
        *page += &row([
            format!("`{}`", kind.name),
            kind.title.to_owned(),
            needs.batch.to_string(),
            needs.pace.map(|pace| format!("{} s", pace.as_secs())).unwrap_or_default(),
            yes(needs.one_visitor && needs.batch > 1),
            yes(needs.dedupe),
            window(needs.window),
            yes(needs.gzip),
            tells(needs.tells).to_owned(),
            yes(needs.tells_bots),
            asks.to_owned(),
        ]);
    }
}

fn parts(page: &mut String) {
    *page += &row(iter::once("type").chain(PARTS.iter().map(|(_, head)| *head)).map(str::to_owned));
    *page += &rule(PARTS.len() + 1);
    for kind in TYPES {
        let told = needs(kind).parts;
        let cells = PARTS.iter().map(|(part, _)| (if told.has(*part) { "yes" } else { "" }).to_owned());
        *page += &row(iter::once(format!("`{}`", kind.name)).chain(cells));
    }
}

fn default(key: &Key) -> String {
    match (key.absent, key.holds) {
        (Absent::Bool(value), _) => format!("`{value}`"),
        (Absent::Mistake(_), _) => "required".to_owned(),
        (Absent::Number(number), _) => format!("`{number}`"),
        (Absent::Text(text), _) => format!("`\"{text}\"`"),
        (Absent::Nothing, Holds::Bool) => "`false`".to_owned(),
        (Absent::Nothing, _) => "none".to_owned(),
    }
}

fn holds(key: &Key) -> String {
    match key.holds {
        Holds::Bool => "`true` or `false`".to_owned(),
        Holds::Number { least, most } => format!("a number from {least} to {most}"),
        Holds::Numbers { expected, .. } => format!("a table of numbers: {expected}"),
        Holds::Secret => "secret".to_owned(),
        Holds::Text { expected, .. } => expected.to_owned(),
        Holds::Url => "an absolute http or https URL".to_owned(),
        Holds::Word(words) => {
            words.iter().map(|word| format!("`\"{word}\"`")).collect::<Vec<_>>().join(" or ")
        }
    }
}

fn keys(page: &mut String, kind: &ReceiverType) {
    writeln!(page, "\n## `{}`: {}\n", kind.name, kind.title).unwrap();
    writeln!(page, "```toml\n[[destination]]\ntype = \"{}\"\n{}\n```\n", kind.name, kind.example).unwrap();
    *page += &row(["key", "default", "what it holds", "meaning"].map(str::to_owned));
    *page += &rule(4);
    for key in kind.keys {
        *page += &row([format!("`{}`", key.name), default(key), holds(key), key.doc.to_owned()]);
    }
}

fn rendered() -> String {
    let mut page = String::from(
        "# The receivers\n\n\
         What each type can take, and what its answer proves. Where a receiver knows no copy, hits of which nobody knows \
         whether they arrived are dropped(`ambiguous`), unless `after_unknown` says otherwise; what is older than it \
         looks back is dropped(`expired`). Where a receiver wants few requests, `batch` is by default one of as many hits \
         as it may hold, every so often. Where its answer tells nothing, the type itself refuses what the receiver \
         would throw away, as far as that is known. Hits that it takes for a bot's count as delivered where it \
         tells nothing of bots: umami does of a hit that goes alone, and of a batch, from 3.0.2 on, if all in it that is \
         not wrong otherwise are a bot's.\n\n",
    );
    contracts(&mut page);
    page += "\nWhat of a hit it is told with the keys of its example below. `dimensions` of matomo and ga-v1 and \
             `properties_schema` of snowplow add the properties:\n\n";
    parts(&mut page);
    page += "\nEach has, beside its own keys, those of every `[[destination]]` and those of the network: `timeouts`, \
             `proxy`, `ca` and `compression`.\n";
    for kind in TYPES {
        keys(&mut page, kind);
    }
    page
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a test that writes a file of the sources when it is asked to")]
fn receivers_page_is_what_the_types_declare() {
    let rendered = rendered();
    if env::var_os("TRACKSIDE_WRITE").is_some() {
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/protocol/receivers.md"), &rendered)
            .unwrap();
    } else {
        assert_eq!(
            rendered, PAGE,
            "write it with TRACKSIDE_WRITE=1 cargo test -p trackside-core --lib receivers_page"
        );
    }
}
