//! Types of receivers: those that trackside brings, and one of a host's own.

use std::{sync::Arc, time::Duration};

use super::{POLICY, env};
use crate::{
    Headers,
    config::{Config, Destination, Receiver, Wanted},
    hit::{Edit, Hit, Kind, Text},
    ledger::Reason,
    protocol::{
        self, Enriched, Key, Needs, Outcome, Outgoing, Protocol, ReceiverType, TYPES, Values, WrongKey,
    },
};

/// Three hits a request, and what its keys hold as its URL.
#[derive(Debug)]
struct Mine(String);

impl Protocol for Mine {
    fn needs(&self) -> Needs {
        Needs { batch: 3, ..Needs::default() }
    }

    fn admit(&self, _: &Hit) -> Result<(), Reason> {
        Ok(())
    }

    fn group(&self, _: &Hit) -> u64 {
        0
    }

    fn encode(&self, batch: &[Enriched<'_>], _: u64, out: &mut Outgoing) -> usize {
        out.start("POST", &self.0);
        batch.len().min(3)
    }

    fn classify(&self, _: u16, _: &dyn Headers, _: &[u8]) -> Outcome {
        Outcome::Delivered
    }
}

static MINE: ReceiverType = ReceiverType::new("mine", KEYS, make);

static KEYS: &[Key] = &[
    Key::url("url").required("where hits are posted").identity(),
    Key::number("site_id", 1, 9).required("the site's number").identity(),
    Key::secret("token"),
    Key::word("region", &["eu", "us"]).default_text("eu"),
    Key::bool("verbose").default_bool(true),
    Key::number("level", 0, 5).default_number(2),
    Key::text("tag", "a tag of a to z", |text| text.bytes().all(|b| b.is_ascii_lowercase())),
    Key::numbers("dimensions", 2, "a name and a number above 0", |name, number| {
        !name.is_empty() && number > 0
    }),
];

fn make(values: &Values) -> Result<Arc<dyn Protocol>, WrongKey> {
    if values.is_true("verbose") && values.text("region") == "us" {
        return Err(WrongKey::new("verbose", "cannot be had in the region \"us\"; leave it out"));
    }
    Ok(Arc::new(Mine(values.text("url").to_owned())))
}

const LEAST: &str = "type = 'mine', url = 'https://a/', site_id = 7";

fn build(keys: &str) -> Result<Config, Vec<(String, String)>> {
    let config = Config::builder().toml(POLICY).receiver(&MINE);
    config.toml(&format!("destination = [{{ {keys} }}]")).build().map_err(|error| {
        error.mistakes().map(|(path, message)| (path.to_owned(), message.to_owned())).collect()
    })
}

fn values(config: &Config) -> &Values {
    match &config.destinations()[0].receiver {
        Receiver::Remote(remote) => remote.values(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_receiver_of_the_hosts_own_is_configured_as_the_others_are() {
    let config = build(LEAST).unwrap();
    let destination = &config.destinations()[0];
    assert_eq!((destination.name.as_str(), destination.receiver.kind()), ("mine", "mine"));
    assert_eq!((destination.third_party, destination.batch.hits), (true, 3));
    assert_eq!(destination.receiver.url(), Some("https://a/"));
    assert_eq!(protocol::of(&destination.receiver).unwrap().needs().batch, 3);
    let Receiver::Remote(remote) = &destination.receiver else { panic!() };
    assert_eq!(remote.identity().collect::<Vec<_>>(), ["https://a/", "7"]);
}

#[test]
fn a_receiver_that_wants_few_requests_is_sent_many_hits_in_each() {
    let bounds = |more: &str| {
        let goatcounter = "type = 'goatcounter', url = 'https://a/', token = 't'";
        let batch = build(&format!("{goatcounter}{more}")).unwrap().destinations()[0].batch;
        (batch.hits, batch.age)
    };
    let (usual, pace) = (Duration::from_millis(200), Duration::from_secs(2));
    assert_eq!(bounds(""), (500, pace));
    assert_eq!(bounds(", batch.hits = 20"), (20, pace));
    assert_eq!(bounds(", batch.age = '200ms'"), (500, usual));
    assert_eq!(bounds(", queue.hits = 300"), (300, pace));
    let config = build(LEAST).unwrap();
    assert_eq!((config.destinations()[0].batch.hits, config.destinations()[0].batch.age), (3, usual));
}

#[test]
fn keys_have_their_defaults() {
    let config = build(LEAST).unwrap();
    let values = values(&config);
    assert_eq!((values.text("region"), values.text("tag")), ("eu", ""));
    assert_eq!((values.is_true("verbose"), values.number("level")), (true, Some(2)));
    assert!(values.secret("token").is_none() && values.numbers("dimensions").is_empty());
    // Of another kind, and of nobody.
    assert_eq!((values.text("level"), values.number("url"), values.text("nobody")), ("", None, ""));
}

#[test]
fn keys_hold_what_is_given_in_any_language() {
    let keys = "token = 's3cret', region = 'us', verbose = false, level = 0, tag = 'a', dimensions = { plan = 1, b = 2 }";
    let config = build(&format!("{LEAST}, {keys}")).unwrap();
    let environment = env([
        ("DESTINATION__0__TYPE", "mine"),
        ("DESTINATION__0__URL", "https://a/"),
        ("DESTINATION__0__SITE_ID", "7"),
        ("DESTINATION__0__TOKEN", "s3cret"),
        ("DESTINATION__0__REGION", "us"),
        ("DESTINATION__0__VERBOSE", "false"),
        ("DESTINATION__0__LEVEL", "0"),
        ("DESTINATION__0__TAG", "a"),
        ("DESTINATION__0__DIMENSIONS__PLAN", "1"),
        ("DESTINATION__0__DIMENSIONS__B", "2"),
    ]);
    let from_environment = Config::builder().toml(POLICY).receiver(&MINE).env(environment).build().unwrap();
    let typed = Destination::of("mine")
        .with("url", "https://a/")
        .with("site_id", 7)
        .with("token", "s3cret")
        .with("region", "us")
        .with("verbose", false)
        .with("level", 0)
        .with("tag", "a")
        .with("dimensions.plan", 1)
        .with("dimensions.b", 2);
    let typed = Config::builder().toml(POLICY).receiver(&MINE).destination(typed).build().unwrap();
    for config in [&config, &from_environment, &typed] {
        let values = values(config);
        assert_eq!(values.secret("token").unwrap().reveal(), "s3cret");
        assert_eq!((values.text("region"), values.text("tag")), ("us", "a"));
        assert_eq!((values.is_true("verbose"), values.number("level")), (false, Some(0)));
        assert_eq!(values.numbers("dimensions"), [("b".to_owned(), 2), ("plan".to_owned(), 1)]);
        assert!(!format!("{config:?}").contains("s3cret"));
    }
}

#[test]
fn every_mistake_in_its_keys_is_told_at_once() {
    let keys = "type = 'mine', url = 'ftp://a/?k=s3cret', site_id = 10, token = 1, region = 'x', verbose = 1, \
        level = -1, tag = 'A', dimensions = { a = 0, '' = 1 }, batch.hits = 4";
    let told = build(keys).unwrap_err();
    let told: Vec<_> = told.iter().map(|(path, message)| (path.as_str(), message.as_str())).collect();
    let at = |key: &str| told.iter().find(|(path, _)| *path == format!("destination[0].{key}")).unwrap().1;
    assert!(at("url").starts_with(r#""ftp://a/?***" is not an absolute http"#));
    assert_eq!(at("site_id"), "10 is not a number from 1 to 9");
    assert!(at("token").starts_with("is not a text"));
    assert_eq!(at("region"), r#""x" is not "eu" or "us""#);
    assert_eq!(at("verbose"), "1 is not true or false");
    assert_eq!(at("level"), "-1 is not a number from 0 to 5");
    assert_eq!(at("tag"), r#""A" is not a tag of a to z"#);
    assert_eq!(at("dimensions.a"), "0 is not a name and a number above 0");
    assert_eq!(at(r#"dimensions."""#), "1 is not a name and a number above 0");
    assert_eq!(at("batch.hits"), "4 is above the limit of mine, 3 a request; write 3 or less");
    assert_eq!(told.len(), 10, "{told:?}");

    let told = build("type = 'mine', verbos = true").unwrap_err();
    let told: Vec<_> = told.iter().map(|(_, message)| message.as_str()).collect();
    assert_eq!(
        told,
        [
            "missing: where hits are posted",
            "missing: the site's number",
            "unknown key; did you mean \"verbose\"?"
        ]
    );
}

#[test]
fn what_one_key_demands_of_another_is_told_when_each_is_right() {
    let told = build(&format!("{LEAST}, region = 'us'")).unwrap_err();
    let wrong = "cannot be had in the region \"us\"; leave it out".to_owned();
    assert_eq!(told, [("destination[0].verbose".to_owned(), wrong)]);
    let told = build("type = 'mine', url = 'https://a/', region = 'us'").unwrap_err();
    assert_eq!(told, [("destination[0].site_id".to_owned(), "missing: the site's number".to_owned())]);
}

#[test]
fn what_a_receiver_will_not_take_is_warned_of() {
    let told = |toml: &str| Config::builder().toml(toml).build().unwrap().warnings().to_vec();
    let with = |identity: &str, keys: &str| {
        told(&format!("visitor.identity = '{identity}'\ndestination = [{{ {keys}, ip = 'full' }}]"))
    };
    let (ga4, snowplow, posthog) = (
        "type = 'ga4', measurement_id = 'G-ABC123DEF4', api_secret = 's'",
        "type = 'snowplow', url = 'https://a/com.snowplowanalytics.snowplow/tp2'",
        "type = 'posthog', api_key = 'k'",
    );
    let [warning] = &with("none", ga4)[..] else { panic!("{:?}", with("none", ga4)) };
    assert!(warning.starts_with("destination[0].type: ga4 counts no hit of nobody"), "{warning}");
    for (identity, keys) in [("cookieless", ga4), ("none", snowplow)] {
        assert!(with(identity, keys).is_empty(), "{identity} {keys}");
    }
    let gzip = |keys: &str| with("cookieless", &format!("{keys}, compression = 'gzip'"));
    let [warning] = &gzip(snowplow)[..] else { panic!("{:?}", gzip(snowplow)) };
    assert!(warning.starts_with("destination[0].compression: snowplow is not known to take"), "{warning}");
    assert!(gzip(posthog).is_empty());
    assert!(with("cookieless", &format!("{snowplow}, compression = 'none'")).is_empty());
}

#[test]
fn who_tells_visitors_apart_by_their_address_is_told_it() {
    let one = |keys: &str| build(&format!("type = 'plausible'{keys}"));
    for ip in ["full", "masked"] {
        assert!(one(&format!(", ip = '{ip}'")).is_ok(), "{ip}");
    }
    for (keys, says) in
        [("", "missing: plausible tells visitors apart"), (", ip = 'none'", "\"none\" will not do: ")]
    {
        let told = one(keys).unwrap_err();
        assert!(
            told.len() == 1 && told[0].0 == "destination[0].ip" && told[0].1.starts_with(says),
            "{told:?}"
        );
    }
    let told = one(", ip = 'no'").unwrap_err();
    assert!(told.len() == 1 && told[0].1.starts_with("\"no\" is not"), "{told:?}");
}

#[test]
fn what_a_destination_takes_is_said_in_any_language() {
    let only = "{ hits = ['page', 'event:buy', 'not-found'], sites = ['A.example.'], visitors = 5 }";
    let document = format!("destination = [{{ type = 'sqlite', only = {only} }}]");
    let typed = Destination::of("sqlite")
        .with("only.hits", ["page", "event:buy", "not-found"])
        .with("only.sites", ["A.example."])
        .with("only.visitors", 5);
    for config in [
        Config::builder().toml(POLICY).toml(&document),
        Config::builder().toml(POLICY).destination(typed),
        Config::builder().toml(POLICY).env(env([
            ("DESTINATION__0__TYPE", "sqlite"),
            ("DESTINATION__0__ONLY__HITS__0", "page"),
            ("DESTINATION__0__ONLY__HITS__1", "event:buy"),
            ("DESTINATION__0__ONLY__HITS__2", "not-found"),
            ("DESTINATION__0__ONLY__SITES__0", "A.example."),
            ("DESTINATION__0__ONLY__VISITORS", "5"),
        ])),
    ] {
        let config = config.build().unwrap();
        let only = &config.destinations()[0].only;
        let wanted =
            [Wanted::Kind(Kind::Page), Wanted::Event("buy".to_owned()), Wanted::Kind(Kind::NotFound)];
        assert_eq!(
            (&only.hits[..], &only.sites[..], only.visitors),
            (&wanted[..], &["a.example".to_owned()][..], 5)
        );
    }
}

#[test]
fn what_a_destination_changes_is_said_in_any_language() {
    let document = "
        [[destination]]
        type = 'sqlite'
        set = { title = 'A', properties = { env = 'prod', seats = 3, beta = true } }
        drop = ['user_id', 'properties.plan', 'visitor']";
    let typed = Destination::of("sqlite")
        .with("set.title", "A")
        .with("set.properties.env", "prod")
        .with("set.properties.seats", 3)
        .with("set.properties.beta", true)
        .with("drop", ["user_id", "properties.plan", "visitor"]);
    let mut expected = Edit::new();
    expected.set(Text::Title, "A");
    expected.property("beta", true);
    expected.property("env", "prod");
    expected.property("seats", 3);
    expected.set(Text::UserId, "");
    expected.remove_property("plan");
    expected.forget_visitor();
    for config in [Config::builder().toml(document), Config::builder().destination(typed)] {
        let config = config.toml(POLICY).build().unwrap();
        assert_eq!(config.destinations()[0].changes, expected);
    }
    let config = Config::builder().toml(POLICY).env(env([
        ("DESTINATION__0__TYPE", "sqlite"),
        ("DESTINATION__0__SET__TITLE", "A"),
        ("DESTINATION__0__SET__PROPERTIES__ENV", "3"),
        ("DESTINATION__0__DROP__0", "user_id"),
    ]));
    // What the environment says of a property is a text: nothing tells what else it should be.
    let mut expected = Edit::new();
    expected.set(Text::Title, "A");
    expected.property("env", "3");
    expected.set(Text::UserId, "");
    assert_eq!(config.build().unwrap().destinations()[0].changes, expected);
}

#[test]
fn its_keys_belong_to_it_alone() {
    let told = build("type = 'file', path = '-', level = 1").unwrap_err();
    let says = "belongs to destinations of type mine, and this one is of type file".to_owned();
    assert_eq!(told, [("destination[0].level".to_owned(), says)]);
}

#[test]
fn a_type_that_cannot_be_had_is_told() {
    static TAKEN: ReceiverType = ReceiverType::new("ga4", KEYS, make);
    static NAMELESS: ReceiverType = ReceiverType::new("My own", KEYS, make);
    static LONG: ReceiverType = ReceiverType::new("a234567890123456", KEYS, make);
    static GREEDY: ReceiverType = ReceiverType::new("greedy", &[Key::bool("queue")], make);
    for (kind, says) in [
        (&TAKEN, r#""ga4" that the host gives is there already; give it another name"#),
        (&NAMELESS, "has no name of 1 to 15 of a-z, 0-9 and hyphen"),
        (&LONG, "has no name of 1 to 15 of a-z, 0-9 and hyphen"),
        (&GREEDY, r#"has a key "queue", which every destination has; call it something else"#),
    ] {
        let error = Config::builder().toml(POLICY).receiver(kind).build().unwrap_err();
        let told: Vec<_> = error.mistakes().collect();
        assert!(matches!(told[..], [("destination", message)] if message.contains(says)), "{told:?}");
    }
    let twice = Config::builder().toml(POLICY).receiver(&MINE).receiver(&MINE).build().unwrap_err();
    assert!(twice.to_string().contains("is there already"), "{twice}");
}

#[test]
fn no_type_takes_a_key_that_every_destination_has() {
    let error = Config::builder().toml("[[destination]]\ntype = 'callback'\nzzzzzz = 1").build().unwrap_err();
    let told = error.mistakes().find_map(|(_, told)| told.strip_prefix("unknown key; the keys here are "));
    let common: Vec<_> = told.unwrap().split(", ").map(str::to_owned).collect();
    assert!(common.len() > 9, "{common:?}");
    for key in common {
        let keys = Box::leak(Box::new([Key::bool(String::leak(key))]));
        let kind = Box::leak(Box::new(ReceiverType::new("greedy", keys, make)));
        let error = Config::builder().toml(POLICY).receiver(kind).build().unwrap_err().to_string();
        assert!(error.contains("which every destination has"), "{error}");
    }
}

/// One that every receiver takes.
const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

#[test]
fn each_type_that_trackside_brings_can_be_had_as_its_example_says() {
    for kind in TYPES {
        let document = format!("[[destination]]\ntype = \"{}\"\n{}", kind.name, kind.example);
        let config = Config::builder().toml(POLICY).toml(&document).secrets(|_| Ok(SECRET.to_owned()));
        let config = config.build().unwrap_or_else(|error| panic!("{document}\n{error}"));
        let destination = &config.destinations()[0];
        assert_eq!(destination.receiver.kind(), kind.name);
        assert!(destination.receiver.url().is_some_and(|url| !url.is_empty()), "{} has a url", kind.name);
        assert!(!kind.title.is_empty() && kind.keys.iter().all(|key| !key.doc.is_empty()), "{}", kind.name);
        assert!(!format!("{config:?}").contains(SECRET), "{}", kind.name);
    }
}

#[test]
fn no_type_that_trackside_brings_has_a_flaw() {
    for kind in TYPES {
        let copy: &'static ReceiverType = Box::leak(Box::new(**kind));
        let error = Config::builder().toml(POLICY).receiver(copy).build().unwrap_err().to_string();
        assert!(error.ends_with("is there already; give it another name"), "{error}");
    }
}
