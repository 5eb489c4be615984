use std::net::IpAddr;

use super::*;
use crate::{
    config::IpPolicy,
    hit::{Draft, sample},
};

fn enricher(toml: &str) -> Enricher {
    let config = Config::builder().toml("visitor.identity = 'none'").toml(toml).build().unwrap();
    Enricher::new(&config, Arc::new(Lists::built_in()))
}

fn bot(enricher: &Enricher, agent: &str) -> Option<(Class, String)> {
    let hit = Draft { agent: agent.as_bytes(), ..sample::page() }.seal(IpPolicy::None);
    enricher.look(&hit).bot().map(|bot| (bot.class(), bot.name().to_owned()))
}

#[test]
fn a_crawler_an_ai_agent_and_a_person() {
    let enricher = enricher("");
    let is = |class, name: &str| Some((class, name.to_owned()));
    assert_eq!(bot(&enricher, "Mozilla/5.0 (compatible; Googlebot/2.1)"), is(Class::Search, "Googlebot"));
    assert_eq!(bot(&enricher, "Mozilla/5.0 (compatible; ClaudeBot/1.0)"), is(Class::Ai, "ClaudeBot"));
    assert_eq!(bot(&enricher, "curl/8.5.0"), is(Class::Library, "curl"));
    assert_eq!(bot(&enricher, "  "), is(Class::Empty, ""));
    assert_eq!(
        bot(&enricher, "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
        None
    );
}

#[test]
fn the_operators_words_go_first() {
    let enricher = enricher("track.bots_allow = ['acme*bot']\ntrack.bots_deny = ['firefox/12']");
    assert_eq!(bot(&enricher, "Acme-Health-Bot/1.0 curl"), None);
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
    assert_eq!(bot(&enricher, firefox), Some((Class::Denied, "firefox/12".to_owned())));
    assert_eq!(bot(&enricher, "acmebot Firefox/128"), None, "allowed wins");
}

#[test]
fn nobody_looks_at_agents_that_are_kept() {
    assert_eq!(bot(&enricher("track.bots = 'keep'"), "curl/8.5.0"), None);
    assert_eq!(bot(&enricher("track.count = 'api'"), "curl/8.5.0"), None);
    assert!(bot(&enricher("track.count = 'api'\ntrack.bots = 'separate'"), "curl/8.5.0").is_some());
}

#[test]
fn a_spammers_referrer_makes_a_bot() {
    let spammer = include_str!("lists/spammers.txt").lines().next().unwrap();
    let referrer = format!("https://www.{spammer}/");
    let hit = Draft { referrer: referrer.as_bytes(), ..sample::page() }.seal(IpPolicy::None);
    let found = enricher("").look(&hit);
    let bot = found.bot().unwrap();
    assert_eq!((bot.class(), bot.name(), bot.purpose()), (Class::Spam, spammer, None));
}

#[test]
fn json_has_what_was_found() {
    let hit = Draft { agent: b"GPTBot/1.2", ..sample::page() }.seal(IpPolicy::None);
    let enricher = enricher("");
    let found = enricher.look(&hit);
    let json = serde_json::to_value(Enriched::with(&hit, &found)).unwrap();
    assert_eq!(json["path"], "/cart");
    assert_eq!(
        json["bot"],
        serde_json::json!({"class": "ai", "name": "GPTBot", "operator": "OpenAI", "purpose": "training"})
    );
    assert_eq!((&json["channel"], &json["source"]), (&"email".into(), &"news".into()));
    assert_eq!(json["campaign"], serde_json::json!({"source": "news", "medium": "email", "name": "july"}));
    assert_eq!(serde_json::to_value(Enriched::new(&hit)).unwrap(), serde_json::to_value(&hit).unwrap());
}

/// Knows one address.
#[derive(Debug)]
struct Atlas;

impl Locate for Atlas {
    fn locate(&self, address: IpAddr) -> Option<Place> {
        (address == IpAddr::from([192, 0, 2, 7])).then(|| Place::named("DE", "BE", "Berlin"))?
    }
}

#[test]
fn a_place_is_a_proxys_or_else_the_addresss() {
    let enricher = enricher("privacy.geo = 'city'").with_places(Arc::new(Atlas));
    let place = |hit: &Hit| {
        let found = enricher.look(hit);
        let hit = Enriched::with(hit, &found);
        [hit.country(), hit.region(), hit.city()].map(str::to_owned)
    };
    let of = |ip: [u8; 4]| Draft { address: Some(ip.into()), ..sample::page() }.seal(IpPolicy::Full);
    let told = Place::named("FR", "", "Lyon").unwrap();
    assert_eq!(place(&of([192, 0, 2, 7])), ["DE", "BE", "Berlin"]);
    assert_eq!(place(&of([192, 0, 2, 8])), ["", "", ""]);
    assert_eq!(place(&of([192, 0, 2, 7]).at(&told)), ["FR", "", "Lyon"]);
    // What was found of another hit does not take the place of what a proxy has told.
    let found = enricher.look(&of([192, 0, 2, 7]));
    assert_eq!(Enriched::with(&of([192, 0, 2, 7]).at(&told), &found).region(), "");
    assert_eq!(Enriched::new(&of([192, 0, 2, 7]).at(&told)).city(), "Lyon");
}

#[test]
fn a_list_of_the_operators_own_takes_the_place_of_the_crawlers() {
    let config = Config::builder().toml("visitor.identity = 'none'").build().unwrap();
    let lists = Lists::with_crawlers(r#"[{"pattern": "Acme Reader", "tags": ["feed-reader"]}]"#).unwrap();
    let enricher = Enricher::new(&config, Arc::new(lists));
    assert_eq!(bot(&enricher, "Acme Reader 2"), Some((Class::Feed, "Acme Reader".to_owned())));
    assert_eq!(bot(&enricher, "Slurp (x)"), None);
    assert_eq!(bot(&enricher, "GPTBot (x)").map(|(class, _)| class), Some(Class::Ai), "the others stay");
}

#[test]
fn what_is_remembered_of_an_agent_is_what_a_look_finds() {
    let enricher = enricher("track.bots_allow = ['acme*bot']\ntrack.bots_deny = ['firefox/12']");
    let spammer = include_str!("lists/spammers.txt").lines().next().unwrap();
    let spam = format!("https://www.{spammer}/");
    let mut agents = Agents::default();
    for _ in 0..2 {
        for agent in
            ["", "curl/8.5.0", " curl/8.5.0 ", "Mozilla/5.0 GPTBot/1.2", "AcmeBot curl", "Firefox/128.0"]
        {
            for referrer in ["", spam.as_str()] {
                let page = Draft { agent: agent.as_bytes(), referrer: referrer.as_bytes(), ..sample::page() };
                let hit = page.seal(IpPolicy::None);
                assert_eq!(enricher.look_with(&mut agents, &hit), enricher.look(&hit), "{agent} {referrer}");
            }
        }
    }
}
