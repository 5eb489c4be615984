//! The target `agent`: what is found out about a hit of any agent, referrer and query.
//!
//! Everybody may call themselves what they like: what is found is short, of known words, the same each time, and
//! what a list names is found whatever stands around it.

use std::sync::{Arc, LazyLock};

use trackside_core::{
    Config,
    enrich::{Channel, Class, Enricher, Found, Lists},
    is_field_value,
};

use crate::{
    escapes::{find, parts},
    page::{SITE, config, view},
};

static CONFIG: LazyLock<Config> = LazyLock::new(|| config("visitor.identity = 'none'"));
static LISTS: LazyLock<Arc<Lists>> = LazyLock::new(|| Arc::new(Lists::built_in()));
static ENRICHER: LazyLock<Enricher> = LazyLock::new(|| Enricher::new(&CONFIG, LISTS.clone()));
static WORDED: LazyLock<Enricher> = LazyLock::new(|| {
    let words = "visitor.identity = 'none'\ntrack = { bots_allow = ['Acme'], bots_deny = ['bad*guy'] }";
    Enricher::new(&config(words), LISTS.clone())
});

/// More than any name that a list has, in characters of up to three bytes.
const MOST: usize = 3 * 80;

fn look(enricher: &Enricher, agent: &[u8], referrer: &[u8], query: &[u8]) -> Found {
    let target = [b"/?", query].concat();
    let hit = view(&CONFIG, &target, &[("user-agent", agent), ("referer", referrer)]).hit;
    enricher.look(&hit.expect("it is tracked"))
}

/// Looks at an agent, a referrer and a query, with NULs between them.
///
/// # Panics
///
/// When the library does what it should not.
pub fn run(data: &[u8]) {
    let [agent, referrer, query] = parts(data);
    if ![agent, referrer].into_iter().all(is_field_value) {
        return;
    }
    let found = look(&ENRICHER, agent, referrer, query);
    check(&found);
    assert_eq!(look(&ENRICHER, agent, referrer, query), found);
    // What the list names is found, unless the agent is one that nobody has.
    let named = [b"GPTBot/1.2 ", agent].concat();
    let bot = look(&ENRICHER, &named, b"", b"").bot().cloned().expect("it calls itself a bot");
    assert!(matches!(bot.class(), Class::Ai | Class::Absurd), "{bot:?}");

    // An operator's word is the last one.
    let allowed = [agent, b" aCME"].concat();
    if allowed.len() < 1_000 {
        assert_eq!(look(&WORDED, &allowed, referrer, query).bot(), None);
        let denied = [b"bAD ", agent, b"GUY"].concat();
        let class = look(&WORDED, &denied, referrer, query).bot().map(|bot| bot.class());
        let is_allowed = find(&agent.to_ascii_lowercase(), b"acme").is_some();
        assert_eq!(class, (!is_allowed).then_some(Class::Denied));
    }
    // A page of the site itself is no other's, whatever its address.
    let own = [b"https://", SITE.to_uppercase().as_bytes(), b"/", referrer].concat();
    assert_eq!(look(&ENRICHER, agent, &own, query).channel(), Channel::Internal);
}

fn check(found: &Found) {
    if let Some(bot) = found.bot() {
        assert!(bot.name().len() <= MOST, "{bot:?}");
        assert_eq!(bot.purpose().is_some(), bot.class() == Class::Ai);
        assert!(bot.class() == Class::Ai || bot.operator().is_empty());
    }
    let has_source = !found.source().is_empty();
    match found.channel() {
        Channel::Direct | Channel::Internal => assert!(!has_source),
        Channel::Ai | Channel::Search | Channel::Social | Channel::Referral => assert!(has_source),
        _ => {}
    }
}
