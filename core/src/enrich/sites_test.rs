use super::*;

fn find(address: &str) -> Option<(Channel, &'static str)> {
    let (host, path) = host_and_path(address.as_bytes())?;
    Sites::built_in().find(&host, path)
}

fn spammer(sites: &Sites, address: &str) -> Option<&'static str> {
    let (host, _) = host_and_path(address.as_bytes())?;
    sites.spammer(&host)
}

#[test]
fn every_host_of_the_list_is_found() {
    let sites = Sites::built_in();
    for line in LIST.lines() {
        let columns: Vec<_> = line.split('\t').collect();
        let host = columns[2].replace("{}", "de");
        let (host, path) = host.split_at(host.find('/').unwrap_or(host.len()));
        let found = sites.find(host, path.as_bytes()).map(|(channel, _)| channel.code());
        assert_eq!(found, Some(columns[0]), "{line}");
    }
    for spammer in SPAMMERS.lines() {
        assert!(self::spammer(&sites, &format!("http://{spammer}/")).is_some(), "{spammer}");
    }
}

#[test]
fn search_engines_have_countries_and_no_parts() {
    assert_eq!(find("https://www.google.com/"), Some((Channel::Search, "Google")));
    assert_eq!(find("https://www.google.de/url?q=x"), Some((Channel::Search, "Google")));
    assert_eq!(find("https://www.google.co.uk"), Some((Channel::Search, "Google")));
    assert_eq!(find("https://docs.google.com/"), None);
    assert_eq!(find("https://de.search.yahoo.com/"), Some((Channel::Search, "Yahoo!")));
    assert_eq!(find("https://duckduckgo.com:443/"), Some((Channel::Search, "DuckDuckGo")));
    assert_eq!(find("https://google.com.evil.example/"), None);
}

#[test]
fn social_networks_and_assistants_have_parts() {
    assert_eq!(find("https://l.facebook.com/l.php"), Some((Channel::Social, "Facebook")));
    assert_eq!(find("https://old.facebook.com/"), Some((Channel::Social, "Facebook")));
    assert_eq!(find("https://notfacebook.com/"), None);
    assert_eq!(find("https://chatgpt.com/c/1"), Some((Channel::Ai, "ChatGPT")));
    assert_eq!(find("https://gemini.google.com/app"), Some((Channel::Ai, "Gemini")));
    assert_eq!(find("https://x.com/i/grok"), Some((Channel::Ai, "Grok")));
    assert_eq!(find("https://x.com/someone"), Some((Channel::Social, "Twitter")));
}

#[test]
fn an_assistant_is_found_as_among_all_sites() {
    let sites = Sites::built_in();
    for line in LIST.lines() {
        let host = line.split('\t').nth(2).unwrap();
        let found = sites.find(host, b"").filter(|(channel, _)| *channel == Channel::Ai);
        assert_eq!(sites.assistant(host), found.map(|(_, name)| name), "{line}");
    }
}

#[test]
fn a_spammers_parts_are_its_own() {
    let sites = Sites::built_in();
    let name = SPAMMERS.lines().next().unwrap();
    assert_eq!(spammer(&sites, &format!("https://x.{name}:80/a")), Some(name));
    assert_eq!(spammer(&sites, &format!("https://x{name}.example/")), None);
}

#[test]
fn hosts_out_of_addresses() {
    let host = |address: &str| host_and_path(address.as_bytes()).map(|(host, path)| (host, path.to_vec()));
    let is = |host: &str, path: &str| Some((host.to_owned(), path.as_bytes().to_vec()));
    assert_eq!(host("https://A.example.:8443/b?c"), is("a.example", "/b?c"));
    assert_eq!(host("android-app://com.google.android.gm/"), is("com.google.android.gm", "/"));
    assert_eq!(host("http://[2001:db8::1]:80/"), is("[2001:db8::1]", "/"));
    assert_eq!(host("http://a.example?b"), is("a.example", "?b"));
    assert_eq!(host("a:b:/c://d.example/e://f"), is("d.example", "/e://f"));
    assert_eq!(host("http:///a"), None);
    assert_eq!(host("a:b:/c"), None);
    assert_eq!(host("/a"), None);
    assert_eq!(host(&format!("http://{}/", "a.".repeat(200))), None);
}

#[test]
fn a_text_longer_than_any_host_is_none() {
    let sites = Sites::built_in();
    let source = |labels: usize| format!("{}chatgpt.com", "a.".repeat(labels));
    assert_eq!(sites.find(&source(100), b""), Some((Channel::Ai, "ChatGPT")));
    assert_eq!(sites.find(&source(1_000), b""), None, "and none of its parts is looked up");
    assert_eq!(sites.assistant(&source(100)), Some("ChatGPT"));
    assert_eq!(sites.assistant(&source(1_000)), None);
}
