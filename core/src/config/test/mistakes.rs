//! Every mistake, with its key's path and what would be right.

use super::{mistakes, with_policy};
use crate::config::Config;

/// Each document makes one mistake, at this path, whose message says this.
fn each(cases: &[(&str, &str, &str)]) {
    for (text, path, says) in cases {
        let told = mistakes(text);
        let [(at, message)] = &told[..] else { panic!("{text}: {told:?}") };
        assert_eq!(at, path, "{text}: {message}");
        assert!(message.contains(says), "{text}: {message}");
    }
}

#[test]
fn of_words() {
    each(&[
        ("mode = 'onn'", "mode", r#""onn" is not "on" or "dry-run" or "off""#),
        ("mode = 'ON'", "mode", r#""ON" is not "on""#),
        ("mode = true", "mode", "true is not"),
        (
            "visitor.identity = 'session'",
            "visitor.identity",
            r#""session" is not "cookie" or "cookieless" or "none""#,
        ),
        (
            "consent.policy = 'ask'",
            "consent.policy",
            r#""ask" is not "notice" or "opt-in" or "opt-out" or "none""#,
        ),
        (
            "consent.before = 'cookie'",
            "consent.before",
            r#""cookie" is not "cookieless" or "anonymous" or "skip""#,
        ),
        ("consent.denied = 'cookieless'", "consent.denied", r#""cookieless" is not "anonymous" or "skip""#),
        ("consent.gpc = 'honor'", "consent.gpc", r#""honor" is not "honour" or "strict" or "ignore""#),
        ("consent.dnt = true", "consent.dnt", r#"true is not "honour" or "strict" or "ignore""#),
        ("track.count = 'all'", "track.count", r#""all" is not "pages" or "api""#),
        ("privacy.ip = 'hashed'", "privacy.ip", r#""hashed" is not "masked" or "full" or "none""#),
        ("privacy.query = ''", "privacy.query", r#""" is not "campaign" or "keep" or "raw" or "drop""#),
        (
            "privacy.path = 'none'",
            "privacy.path",
            r#""none" is not "redacted" or "anonymous" or "route" or "full""#,
        ),
        (
            "visitor.cookie.same_site = 'Lax'",
            "visitor.cookie.same_site",
            r#"is not "lax" or "strict" or "none""#,
        ),
        ("visitor.cookie.secure = 'always'", "visitor.cookie.secure", r#"is not "auto", true or false"#),
        ("visitor.cookie.renew = 'true'", "visitor.cookie.renew", r#""true" is not true or false"#),
        ("visitor.cookie.http_only = 1", "visitor.cookie.http_only", "1 is not true or false"),
    ]);
}

#[test]
fn of_the_beacon() {
    for path in ["", "/", "//", "t", "t/", "/t", "/t//", "/t/../", "/./", "/a b/", "/a%20/", "/ä/", "/a\"/"]
    {
        each(&[(&format!("beacon.path = '{path}'"), "beacon.path", "is not a path such as \"/t/\"")]);
    }
    each(&[
        (&format!("beacon.path = '/{}/'", "a".repeat(255)), "beacon.path", "at most 256 bytes"),
        ("beacon = '/t/'", "beacon", "is not a table of keys"),
        ("beacon.paht = '/t/'", "beacon.paht", "did you mean \"path\"?"),
    ]);
    let told = mistakes("beacon.path = '/t/'\ntrack.count = 'api'");
    assert!(
        told.iter().any(|(at, says)| at == "beacon.path" && says.contains("\"api\" counts none")),
        "{told:?}"
    );
}

#[test]
fn of_shapes() {
    each(&[
        ("visitor = 'cookie'", "visitor", r#""cookie" is not a table of keys"#),
        ("visitor.cookie = []", "visitor.cookie", "a list is not a table of keys"),
        ("site = 'a'", "site", r#""a" is not a list: write its entries in brackets"#),
        ("site = [['a']]", "site[0]", "a list is not a host name alone"),
        ("site.a = 1", "site", "a table is not a list"),
        ("destination = [1]", "destination[0]", "1 is not a table of keys"),
        ("destination.type = 'sqlite'", "destination", "a table is not a list: in TOML, [[destination]]"),
        ("shutdown = 5", "shutdown", "5 is not a duration"),
        ("shutdown = 5.0", "shutdown", "5.0 is not a duration"),
        ("shutdown = 12:00:00", "shutdown", "a date or time is not a duration"),
    ]);
    let error = Config::builder().json(r#"{"consent": {"policy": null}}"#).build().unwrap_err().to_string();
    assert_eq!(error, r#"consent.policy: null is not "notice" or "opt-in" or "opt-out" or "none""#);
}

#[test]
fn of_hosts() {
    for host in [
        "https://www.example.com",
        "www.example.com/",
        "www.example.com:80",
        "[::1]:80",
        "::1",
        "[::g]",
        "a..b",
        "",
        ".",
        "*.example.com",
        "a b",
        "user@a",
        "bücher.example",
        ".example.com",
        "a?b",
    ] {
        let told = mistakes(&format!("site = ['ok.example', '{host}']"));
        let [(path, message)] = &told[..] else { panic!("{host}: {told:?}") };
        assert_eq!(path, "site[1]");
        assert!(message.contains("is not a host name alone, such as \"www.example.com\""), "{message}");
    }
    let long = format!("{}.example", "a".repeat(64));
    assert_eq!(mistakes(&format!("site = ['{long}']")).len(), 1);
    assert_eq!(mistakes(&format!("site = ['{}']", ["a"; 128].join("."))).len(), 1);
}

#[test]
fn of_a_cookie_for_another_host() {
    let text = |sites: &str, domain: &str| format!("site = [{sites}]\nvisitor.cookie.domain = '{domain}'");
    for (sites, domain) in
        [("", "b.example"), ("'www.a.example'", "a.example"), ("'a.example', 'x.a.example'", ".A.example")]
    {
        with_policy(&text(sites, domain));
    }
    for (sites, domain) in [
        ("'www.a.example'", "b.example"),
        ("'ca.example', 'ba.example'", "a.example"),
        ("'example'", "a.example"),
    ] {
        each(&[(&text(sites, domain), "visitor.cookie.domain", "browsers refuse a cookie of")]);
    }
}

#[test]
fn of_durations() {
    let right = r#"is not a duration such as "200ms", "5s", "30m", "1h" or "365d""#;
    for text in [
        "",
        "5",
        "s",
        "5 s",
        "5S",
        "-5s",
        "+5s",
        "1.5h",
        "5s ",
        "1h30m",
        "5w",
        "٥s",
        "36501d",
        "99999999999999999999d",
        // 2^54 days are a multiple of 2^64 milliseconds.
        "18014398509481984d",
    ] {
        let told = mistakes(&format!("shutdown = '{text}'"));
        assert!(told.len() == 1 && told[0].1.contains(right), "{text}: {told:?}");
    }
    each(&[
        ("shutdown = '0s'", "shutdown", "\"0s\" is not a duration such as"),
        ("shutdown = '0s'", "shutdown", "of at least 1ms"),
        ("visitor.session_timeout = '999ms'", "visitor.session_timeout", "of at least 1s"),
        ("visitor.cookie.max_age = '0d'", "visitor.cookie.max_age", "of at least 1s"),
        ("destination = [{ type = 'sqlite', timeout = '0s' }]", "destination[0].timeout", "of at least 1ms"),
        ("destination = [{ type = 'sqlite', max_age = '0h' }]", "destination[0].max_age", "of at least 1ms"),
        (
            "destination = [{ type = 'sqlite', batch.age = 1 }]",
            "destination[0].batch.age",
            "1 is not a duration",
        ),
    ]);
}

#[test]
fn of_sizes_and_numbers() {
    for size in [
        "0",
        "-1",
        "'0KiB'",
        "''",
        "'16'",
        "'16 MiB'",
        "'16MB'",
        "'16mib'",
        "'1.5GiB'",
        "'1025GiB'",
        // 2^34 + 1, whose bytes are 2^64 and 1 GiB.
        "'17179869185GiB'",
        "1.0",
        "1_099_511_627_777",
    ] {
        for key in ["queue", "batch"] {
            let told = mistakes(&format!("destination = [{{ type = 'sqlite', {key}.bytes = {size} }}]"));
            let [(path, message)] = &told[..] else { panic!("{size}: {told:?}") };
            assert_eq!(*path, format!("destination[0].{key}.bytes"));
            assert!(message.contains("is not a size above zero such as \"256KiB\""), "{message}");
        }
    }
    for number in ["0", "-1", "1_000_001", "'10'", "10.0", "true", "9_223_372_036_854_775_807"] {
        for key in ["queue", "batch"] {
            let told = mistakes(&format!("destination = [{{ type = 'sqlite', {key}.hits = {number} }}]"));
            let [(path, message)] = &told[..] else { panic!("{number}: {told:?}") };
            assert_eq!(*path, format!("destination[0].{key}.hits"));
            assert!(message.contains("is not a number from 1 to 1000000"), "{message}");
        }
    }
    for workers in ["0", "65", "'4'", "'Auto'", "-1"] {
        let told = mistakes(&format!("destination = [{{ type = 'sqlite', workers = {workers} }}]"));
        assert!(told[0].1.ends_with(r#"is not "auto" or a number from 1 to 64"#), "{told:?}");
    }
}

#[test]
fn of_the_cookie() {
    for name in ["", "a b", "a;b", "a=b", "a,b", "ä", "a\\\"", "(a)", "a\\t", "a/b", "a@b", "a{b", "[a"] {
        let told = mistakes(&format!("visitor.cookie.name = \"{name}\""));
        assert!(told.len() == 1 && told[0].1.contains("is not a cookie's name"), "{name}: {told:?}");
    }
    for path in ["", "a", "/a;b", "/a\\u0007", "/\\u007f", "/ä", "/\\r\\nx: y"] {
        let told = mistakes(&format!("visitor.cookie.path = \"{path}\""));
        assert!(told.len() == 1 && told[0].1.contains("begins with / and has no ;"), "{path}: {told:?}");
    }
    let cookie = |keys: &str| mistakes(&format!("visitor.cookie = {{ {keys} }}"));
    for (keys, path, says) in [
        ("domain = 'https://a'", "domain", "is not a host name alone"),
        ("domain = 'a;b'", "domain", "is not a host name alone"),
        ("name = '__Host-a', path = '/a'", "path", "__Host-"),
        ("name = '__host-a', domain = 'a.example'", "domain", "__Host-"),
        ("name = '__Host-a', secure = false", "secure", "__Host-"),
        ("name = '__Secure-a', secure = false", "secure", "__Secure-"),
        ("same_site = 'none', secure = false", "same_site", "write secure = true"),
    ] {
        let told = cookie(keys);
        let [(at, message)] = &told[..] else { panic!("{keys}: {told:?}") };
        assert_eq!(*at, format!("visitor.cookie.{path}"), "{message}");
        assert!(message.contains(says), "{message}");
    }
    assert_eq!(
        cookie("name = '__Host-a', path = '/a', domain = 'a', secure = false, same_site = 'none'").len(),
        4
    );
}

#[test]
fn of_consent() {
    let error = |text: &str| Config::builder().toml(text).build().unwrap_err().to_string();
    for text in ["", "visitor.identity = 'cookie'", "track.count = 'pages'", "mode = 'off'"] {
        let told = error(text);
        assert!(told.starts_with("consent.policy: missing"), "{told}");
        assert!(told.contains("the visitors' law") && told.contains(r#"write "notice""#), "{told}");
        assert_eq!(told.lines().count(), 1);
    }
    for without in ["visitor.identity = 'none'", "visitor.identity = 'cookieless'", "track.count = 'api'"] {
        let told = error(&format!("consent.policy = 'notice'\n{without}"));
        let key = without.split(' ').next().unwrap();
        assert!(
            told.starts_with("consent.policy: \"notice\" has nothing to tell of with ") && told.contains(key),
            "{told}"
        );
    }
    for (identity, why) in [("cookieless", "asks for nothing"), ("none", "gives an id")] {
        let asked = format!("consent.policy = 'opt-in'\nvisitor.identity = '{identity}'");
        let told = error(&format!("{asked}\nconsent.before = 'cookieless'"));
        assert!(told.starts_with(&format!("consent.before: \"cookieless\" {why}")), "{told}");
        for before in ["anonymous", "skip"] {
            assert!(Config::builder().toml(&format!("{asked}\nconsent.before = '{before}'")).build().is_ok());
        }
        // Where nobody is asked it means nothing, and does no harm.
        let unasked = format!("visitor.identity = '{identity}'\nconsent.before = 'cookieless'");
        assert!(Config::builder().toml(&unasked).build().is_ok());
    }
    // What depends on a wrong key is not guessed at.
    assert!(error("visitor.identity = 'session'").starts_with("visitor.identity: "));
    assert_eq!(error("track.count = 'x'").lines().count(), 1);
    each(&[
        ("consent.notice = ''", "consent.notice", "is not a text of 1 to 4096 bytes"),
        ("consent.notice = ' '", "consent.notice", "is not a text of 1 to 4096 bytes"),
        ("consent.notice = \"\\u0007\"", "consent.notice", "is not a text of 1 to 4096 bytes"),
    ]);
}

#[test]
fn of_track() {
    for status in
        ["'20'", "'2000'", "'0xx'", "'20x'", "'299-200'", "'200-'", "'2XX'", "20", "-200", "200.0", "''"]
    {
        let told = mistakes(&format!("track.status = ['200', {status}]"));
        let [(path, message)] = &told[..] else { panic!("{status}: {told:?}") };
        assert_eq!(path, "track.status[1]");
        assert!(message.contains(r#"is not a status such as "200", "2xx" or "200-299""#), "{message}");
    }
    each(&[
        ("track.status = []", "track.status", "an empty list would count nothing"),
        ("track.methods = []", "track.methods", "an empty list would count nothing"),
        ("track.downloads = ['tar.gz']", "track.downloads[0]", "attachment"),
        ("track.downloads = ['text/*']", "track.downloads[0]", "attachment"),
        ("track.downloads = ['']", "track.downloads[0]", "attachment"),
        ("track.search = ['']", "track.search[0]", "is not a parameter's name"),
        ("track.content_types = []", "track.content_types", "an empty list would count nothing"),
        ("track.bots = 'none'", "track.bots", r#""none" is not "separate" or "drop" or "keep""#),
        ("track.bots_allow = ['']", "track.bots_allow[0]", r#""" is not a part of an agent"#),
        ("track.bots_deny = ['x', '**']", "track.bots_deny[1]", r#""**" is not a part of an agent"#),
        ("track.methods = ['']", "track.methods[0]", r#""" is not a method"#),
        ("track.methods = ['GE T']", "track.methods[0]", "is not a method"),
        ("track.content_types = ['text']", "track.content_types[0]", "is not a content type"),
        ("track.content_types = ['text/']", "track.content_types[0]", "is not a content type"),
        (
            "track.content_types = ['text/html; charset=utf-8']",
            "track.content_types[0]",
            "without parameters",
        ),
        ("track.content_types = ['text/*']", "track.content_types[0]", "is not a content type"),
        ("track.ignore = [1]", "track.ignore[0]", "1 is not a path's beginning"),
    ]);
}

#[test]
fn of_unknown_keys() {
    each(&[
        ("mod = 'on'", "mod", r#"unknown key; did you mean "mode"?"#),
        ("sites = ['a']", "sites", r#"did you mean "site"?"#),
        ("Mode = 'on'", "Mode", r#"did you mean "mode"?"#),
        ("visitor.session-timeout = '1h'", "visitor.session-timeout", r#"did you mean "session_timeout"?"#),
        ("visitor.timeout = '1h'", "visitor.timeout", r#"did you mean "session_timeout"?"#),
        ("visitor.cookie.samesite = 'lax'", "visitor.cookie.samesite", r#"did you mean "same_site"?"#),
        (
            "destination = [{ type = 'sqlite', queue.hit = 1 }]",
            "destination[0].queue.hit",
            r#"did you mean "hits"?"#,
        ),
        // Whatever follows a table's header is that table's.
        ("[track]\nsites = ['a']", "track.sites", r#""site" stands at the top level; in TOML, above"#),
        ("[track]\nvisitor.identity = 'none'", "track.visitor", r#""visitor" stands at the top level"#),
        (
            "[[destination]]\ntype = 'sqlite'\nmode = 'off'",
            "destination[0].mode",
            r#""mode" stands at the top"#,
        ),
        ("ignore = ['/a']", "ignore", r#"unknown key; "ignore" belongs to [track]"#),
        ("visitor.secure = true", "visitor.secure", r#""secure" belongs to [visitor.cookie]"#),
        ("\"a.b\" = 1", "\"a.b\"", "the keys here are mode, site, shutdown, visitor, "),
    ]);
}

#[test]
fn of_the_spool() {
    each(&[
        ("spool.dir = ''", "spool.dir", "the path of a folder"),
        ("spool.bytes = '512KiB'", "spool.bytes", "1MiB"),
        ("spool.bytes = 0", "spool.bytes", "a size above zero"),
        ("spool.fsync = 'sometimes'", "spool.fsync", "an interval"),
        ("spool.fsync = '0s'", "spool.fsync", "an interval"),
        ("spool.path = 'x'", "spool.path", "unknown key; "),
        (
            "destination = [{ type = 'sqlite', spool = 'always', queue.important = ['purchase'] }]",
            "destination[0].queue.important",
            r#"leave it out, or write spool = "overflow""#,
        ),
        (
            "destination = [{ type = 'sqlite', spool = true }]",
            "destination[0].spool",
            r#""off" or "overflow" or "always""#,
        ),
    ]);
}

#[test]
fn of_keys_that_are_not_there_yet() {
    let told = mistakes("destination = [{ type = 'sqlite', site_ids = 1 }]");
    let (path, why) = &told[0];
    assert!(
        told.len() == 1 && path == "destination[0].site_ids" && why.starts_with("unknown key; "),
        "{told:?}"
    );
    each(&[(
        "destination = [{ type = 'sqlit' }]",
        "destination[0].type",
        r#""sqlit" is not "sqlite" or "file" or "ga4" or "ga-v1" or "#,
    )]);
}

#[test]
fn of_how_the_receiver_is_reached() {
    let at = |key: &str| format!("destination[0].{key}");
    for (keys, path, says) in [
        (
            "timeouts.connect = '11s'",
            "timeouts.connect",
            "11s is above timeout = 10s, which ends the attempt",
        ),
        ("timeout = '1s', timeouts.answer = '2s'", "timeouts.answer", "2s is above timeout = 1s"),
        ("timeouts.send = '0s'", "timeouts.send", "of at least 1ms"),
        ("timeouts.total = '1s'", "timeouts.total", "the keys here are resolve, connect, send, answer"),
        ("ca = ''", "ca", "is not the path of a file"),
        ("compression = 'br'", "compression", r#""br" is not "auto" or "gzip" or "none""#),
        ("proxy = 3128", "proxy", "is not a text"),
        ("proxy = 'https://proxy.example'", "proxy", "is not a proxy such as"),
        ("proxy = 'socks5://proxy.example'", "proxy", "is not a proxy"),
        ("proxy = 'proxy.example:3128'", "proxy", "is not a proxy"),
        ("proxy = 'http://'", "proxy", "is not a proxy"),
        ("proxy = 'http://proxy.example/path'", "proxy", "is not a proxy"),
        ("proxy = 'http://proxy.example:99999'", "proxy", "is not a proxy"),
        ("proxy = 'http://proxy.example:'", "proxy", "is not a proxy"),
        ("proxy = 'http://me:s3cret@proxy.example?'", "proxy", "is not a proxy"),
        ("proxy = 'http://me:s3cret%ff@proxy.example'", "proxy", "of user and password is UTF-8"),
        ("proxy = 'http://%C3:s3cret@proxy.example'", "proxy", "of user and password is UTF-8"),
    ] {
        let told = mistakes(&format!("destination = [{{ type = 'ga-v1', tracking_id = 'a', {keys} }}]"));
        assert_eq!(told.len(), 1, "{keys}: {told:?}");
        assert_eq!(told[0].0, at(path), "{keys}");
        assert!(told[0].1.contains(says) && !told[0].1.contains("s3cret"), "{keys}: {told:?}");
    }
    for key in ["ca = 'a.pem'", "proxy = 'http://p'", "compression = 'gzip'", "timeouts.send = '1s'"] {
        let told = mistakes(&format!("destination = [{{ type = 'sqlite', {key} }}]"));
        let says =
            "belongs to destinations of type ga4, ga-v1, matomo and others, and this one is of type sqlite";
        assert!(told.len() == 1 && told[0].1 == says, "{key}: {told:?}");
    }
}

#[test]
fn of_what_a_destination_takes() {
    let one = |only: &str| mistakes(&format!("destination = [{{ type = 'sqlite', only = {{ {only} }} }}]"));
    for (only, path, says) in [
        ("hits = ['pages']", "hits[0]", r#""pages" is not "page", "event", "download""#),
        ("hits = ['page', 'event:']", "hits[1]", r#""event:" is not "page""#),
        ("hits = 'page'", "hits", "is not a list: write its entries in brackets"),
        ("sites = ['https://a.example/']", "sites[0]", "is not a host name alone"),
        ("visitors = 0", "visitors", "0 is not a number from 1 to 100"),
        ("visitors = 101", "visitors", "101 is not a number from 1 to 100"),
        ("visitors = '10%'", "visitors", "is not a number from 1 to 100"),
        ("events = ['a']", "events", "unknown key; the keys here are hits, sites, visitors"),
    ] {
        let told = one(only);
        let [(at, message)] = &told[..] else { panic!("{only}: {told:?}") };
        assert_eq!(*at, format!("destination[0].only.{path}"), "{message}");
        assert!(message.contains(says), "{only}: {message}");
    }
    let long = format!("hits = ['event:{}']", "a".repeat(501));
    assert_eq!(one(&long).len(), 1);
    let many = format!("sites = [{}]", vec!["'a'"; 257].join(", "));
    assert!(one(&many)[0].1.contains("257 entries are too many: at most 256"));
}

#[test]
fn of_what_a_destination_changes() {
    let one = |keys: &str| mistakes(&format!("destination = [{{ type = 'sqlite', {keys} }}]"));
    for (keys, path, says) in [
        ("set.title = ''", "set.title", "\"\" is not a text of 1 to 1500 bytes, without line breaks"),
        ("set.title = 1", "set.title", "1 is not a text of 1 to 1500 bytes"),
        (r#"set.name = "a\nb""#, "set.name", "is not a text of 1 to 500 bytes"),
        ("set.path = 'cart'", "set.path", "is not a path that begins with \"/\""),
        ("set.path = '/a?b'", "set.path", "is not a path that begins with \"/\""),
        ("set.path = '/ä'", "set.path", "percent-encoded"),
        ("set.query = '?a=b'", "set.query", "is not a query without its question mark"),
        ("set.query = 'a#b'", "set.query", "is not a query without its question mark"),
        ("set.referrer = '/a'", "set.referrer", "is not an absolute http or https URL"),
        ("set.language = 'en_GB'", "set.language", "is not a language such as \"en-GB\""),
        ("set.value = 2", "set.value", "unknown key; "),
        ("set.titel = 'a'", "set.titel", "unknown key; did you mean \"title\"?"),
        ("set.properties = 'a'", "set.properties", "\"a\" is not a table of properties"),
        (
            "set.properties.a = []",
            "set.properties.a",
            "a list is not a text of at most 1,024 bytes in one line",
        ),
        ("set.properties.a = nan", "set.properties.a", "NaN is not a text"),
        ("set.properties.a = 9007199254740993", "set.properties.a", "a number up to 2^53"),
        ("set.properties.'' = 1", "set.properties.\"\"", "its name has 1 to 128 bytes"),
        ("drop = 'title'", "drop", "is not a list"),
        ("drop = ['title', 'name']", "drop[1]", "\"name\" is not \"agent\", \"category\""),
        ("drop = ['path']", "drop[0]", "or the name of a property, as \"properties.plan\""),
        ("drop = ['properties.']", "drop[0]", "\"properties.\" is not"),
        ("drop = ['ip']", "drop[0]", "\"ip\" is not"),
        ("set.title = 'a', drop = ['title']", "drop[0]", "\"title\" is set, too; leave one of them out"),
        (
            "set.properties.a = 1, drop = ['label', 'properties.a']",
            "drop[1]",
            "\"properties.a\" is set, too; leave one of them out",
        ),
    ] {
        let told = one(keys);
        let [(at, message)] = &told[..] else { panic!("{keys}: {told:?}") };
        assert_eq!(*at, format!("destination[0].{path}"), "{message}");
        assert!(message.contains(says), "{keys}: {message}");
    }
    let ga_v1 = "destination = [{ type = 'ga-v1', tracking_id = 'UA-1-1', drop = ['title', 'visitor'] }]";
    let told = mistakes(ga_v1);
    assert!(told.len() == 1 && told[0].0 == "destination[0].drop[1]", "{told:?}");
    assert!(told[0].1.contains("counts no hit without a visitor"), "{told:?}");
    let count = |keys: &str| {
        let document = format!("consent.policy = 'none'\ndestination = [{{ type = 'sqlite', {keys} }}]");
        Config::builder().toml(&document).build().map_or_else(|error| error.mistakes().count(), |_| 0)
    };
    let title = |length| format!("set.title = '{}'", "a".repeat(length));
    assert_eq!((count(&title(1_500)), count(&title(1_501))), (0, 1));
    let properties = |count| {
        let entries: Vec<_> = (0..count).map(|n| format!("k{n} = {n}")).collect();
        format!("set.properties = {{ {} }}", entries.join(", "))
    };
    assert_eq!(count(&properties(64)), 0);
    assert!(one(&properties(65))[0].1.contains("65 entries are too many: at most 64"));
}

#[test]
fn of_joined_visitors() {
    let ga4 = "measurement_id = 'G-A1', api_secret = 's', join = true";
    for (kind, keys) in [
        ("ga4", ga4),
        ("ga-v1", "tracking_id = 'UA-1-1', join = true"),
        ("celery", "tracking_id = 'UA-1-1', join = true"),
        ("matomo", "url = 'https://a.example/', site_id = 1, join = true"),
    ] {
        for identity in ["none", "cookieless"] {
            let document = format!(
                "visitor.identity = '{identity}'\ndestination = [{{ type = 'file', path = '-' }}, {{ type = '{kind}', {keys} }}]"
            );
            let error = Config::builder().toml(&document).build().unwrap_err();
            let told: Vec<_> = error.mistakes().collect();
            let [(at, message)] = told[..] else { panic!("{document}: {told:?}") };
            assert_eq!(at, "destination[1].join");
            assert!(
                message.contains("is for visitor.identity = \"cookie\" alone; leave it out"),
                "{message}"
            );
            let without = document.replace("join = true", "join = false");
            assert!(Config::builder().toml(&without).build().is_ok());
        }
        let document = format!("consent.policy = 'none'\ndestination = [{{ type = '{kind}', {keys} }}]");
        assert!(Config::builder().toml(&document).build().is_ok(), "{document}");
    }
    each(&[
        (
            "destination = [{ type = 'umami', url = 'https://a.example/api/batch', join = true, \
             website = '3f9c2f5e-7f0a-4b52-9d5d-0e7a3c8b1f20' }]",
            "destination[0].join",
            "belongs to destinations of type ga4, ga-v1, matomo and others, and this one is of type umami",
        ),
        (
            "destination = [{ type = 'ga-v1', tracking_id = 'UA-1-1', join = '_ga' }]",
            "destination[0].join",
            "\"_ga\" is not true or false",
        ),
    ]);
}

#[test]
fn of_important_events() {
    each(&[
        (
            "destination = [{ type = 'sqlite', queue.important = ['a', ''] }]",
            "destination[0].queue.important[1]",
            r#""" is not the name of an event: 1 to 500 bytes"#,
        ),
        (
            "destination = [{ type = 'sqlite', queue.important = [3] }]",
            "destination[0].queue.important[0]",
            "3 is not the name of an event",
        ),
        (
            "destination = [{ type = 'sqlite', queue.important = 'purchase' }]",
            "destination[0].queue.important",
            "is not a list: write its entries in brackets",
        ),
    ]);
    let many = vec!["'a'"; 65].join(", ");
    let told = mistakes(&format!("destination = [{{ type = 'sqlite', queue.important = [{many}] }}]"));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].1.contains("65 entries are too many: at most 64"), "{told:?}");
}

#[test]
fn of_what_becomes_of_the_unknown() {
    each(&[
        (
            "destination = [{ type = 'file', path = '-', after_unknown = 'again' }]",
            "destination[0].after_unknown",
            r#""again" is not "drop" or "resend""#,
        ),
        (
            "destination = [{ type = 'sqlite', after_unknown = 'resend' }]",
            "destination[0].after_unknown",
            "a store knows a second copy and is sent such hits again in any case; leave it out",
        ),
    ]);
}

#[test]
fn of_receivers() {
    let one = |keys: &str| mistakes(&format!("destination = [{{ {keys} }}]"));
    for (keys, path, says) in [
        ("name = 'a'", "type", r#"missing: write "sqlite", "file", "ga4", "ga-v1", "#),
        ("name = 'a'", "type", r#", "callback" or "celery""#),
        ("type = 'file'", "path", "missing"),
        ("type = 'file', path = ''", "path", "is not the path of a file"),
        ("type = 'sqlite', path = ':memory:'", "path", "is not the path of a file"),
        ("type = 'sqlite', path = 'file:a.db?mode=ro'", "path", "is not the path of a file"),
        ("type = 'ga-v1'", "tracking_id", "missing"),
        ("type = 'ga-v1', tracking_id = 12345", "tracking_id", "12345 is not an id"),
        ("type = 'ga-v1', tracking_id = ''", "tracking_id", r#""" is not an id"#),
        ("type = 'ga-v1', tracking_id = 'a', version = 1", "version", "1 is not a version"),
        ("type = 'ga4', api_secret = 's'", "measurement_id", "missing"),
        ("type = 'ga4', measurement_id = 'G-1'", "api_secret", "missing"),
        ("type = 'ga4', api_secret = 's', measurement_id = 'UA-1'", "measurement_id", r#""G-" and up to 32"#),
        ("type = 'ga4', api_secret = 's', measurement_id = 'G-'", "measurement_id", "is not the id"),
        ("type = 'ga4', api_secret = 's', measurement_id = 'G-a'", "measurement_id", "is not the id"),
        ("type = 'ga4', measurement_id = 'G-1', api_secret = 1", "api_secret", "is not a text"),
        (
            "type = 'sqlite', keep = '25'",
            "keep",
            r#"is not a time to keep hits such as "25 months", "2 years" or "90 days" (up to 100 years)"#,
        ),
        ("type = 'sqlite', keep = '0 days'", "keep", "is not a time"),
        ("type = 'sqlite', keep = '1201 months'", "keep", "is not a time"),
        ("type = 'sqlite', keep = '25d'", "keep", "is not a time"),
        (
            "type = 'file', path = '-', keep = '1 day'",
            "keep",
            "belongs to destinations of type sqlite, and this one is of type file",
        ),
        (
            "type = 'sqlite', url = 'https://a/'",
            "url",
            "belongs to destinations of type ga4, ga-v1, matomo and others, and this one is of type sqlite",
        ),
        ("type = 'ga-v1', tracking_id = 'a', path = 'a'", "path", "type sqlite and file"),
        ("type = 'ga-v1', tracking_id = 'a', measurement_id = 'G-1'", "measurement_id", "type ga4, and"),
        ("type = 'ga-v1', tracking_id = 'a', api_secret = 's'", "api_secret", "type ga4, and"),
        ("type = 'file', path = '-', tracking_id = 'a'", "tracking_id", "type ga-v1 and celery, and"),
        ("type = 'file', path = '-', version = '1'", "version", "type ga-v1, umami and celery, and"),
        ("type = 'callback', path = 'a'", "path", "type sqlite and file, and this one is of type callback"),
        (
            "type = 'callback', url = 'https://a/'",
            "url",
            "type ga4, ga-v1, matomo and others, and this one is of type callback",
        ),
        ("type = 'callback', task = 'a.b'", "task", "type celery, and this one is of type callback"),
        ("type = 'celery'", "tracking_id", "missing"),
        ("type = 'celery', tracking_id = 'a', task = ''", "task", r#""" is not the name of a task such as "#),
        ("type = 'celery', tracking_id = 'a', task = 'submit'", "task", "is not the name of a task"),
        ("type = 'celery', tracking_id = 'a', task = 'a..b'", "task", "is not the name of a task"),
        ("type = 'celery', tracking_id = 'a', task = 'a.1b'", "task", "is not the name of a task"),
        ("type = 'celery', tracking_id = 'a', task = 'a b.c'", "task", "is not the name of a task"),
        ("type = 'celery', tracking_id = 'a', task = 1", "task", "1 is not the name of a task"),
        ("type = 'celery', tracking_id = 'a', url = '/collect'", "url", "is not"),
        ("type = 'celery', tracking_id = 'a', batch.hits = 2", "batch.hits", "above the limit of celery, 1"),
        ("type = 'file', path = '-', name = ''", "name", "is not a name: 1 to 64"),
        ("type = 'file', path = '-', name = 'a b'", "name", "is not a name"),
        ("type = 'file', path = '-', name = '..'", "name", "not dots alone"),
        ("type = 'sqlite', ip = 'no'", "ip", r#""no" is not "masked""#),
        ("type = 'sqlite', third_party = 0", "third_party", "0 is not true or false"),
        (
            "type = 'sqlite', queue.when_full = 'block'",
            "queue.when_full",
            r#"is not "drop-newest" or "drop-oldest""#,
        ),
    ] {
        let told = one(keys);
        let [(at, message)] = &told[..] else { panic!("{keys}: {told:?}") };
        assert_eq!(*at, format!("destination[0].{path}"), "{message}");
        assert!(message.contains(says), "{keys}: {message}");
    }
    let long = format!("type = 'file', path = '-', name = '{}'", "a".repeat(65));
    assert_eq!(one(&long).len(), 1);
}

#[test]
fn of_urls() {
    for url in [
        "",
        "/collect",
        "a.example",
        "//a.example/",
        "ftp://a.example/",
        "https://",
        "https:///x",
        "https://u:p@a/",
        "https://u@a/",
        "https://a/#x",
        "https://a:99999/",
        "https://a:/",
        "https://a b/",
        "https://[::1/",
        "mailto:a@b",
        "https://ü/",
        "https://a/\\r\\nx",
        "*",
    ] {
        let text = format!("destination = [{{ type = 'ga-v1', tracking_id = 'a', url = \"{url}\" }}]");
        let told = mistakes(&text);
        let [(path, message)] = &told[..] else { panic!("{url}: {told:?}") };
        assert_eq!(path, "destination[0].url");
        assert!(
            message.contains("is not an absolute http or https URL without user, password and fragment"),
            "{message}"
        );
    }
}

#[test]
fn of_bounds() {
    let ga4 = "type = 'ga4', measurement_id = 'G-1', api_secret = 's'";
    let ga_v1 = "type = 'ga-v1', tracking_id = 'a'";
    for (keys, path, says) in [
        (
            "type = 'sqlite', queue.hits = 99, batch.hits = 100".to_owned(),
            "queue.hits",
            "99 is below one batch of batch.hits = 100",
        ),
        ("type = 'sqlite', batch.hits = 10_001".to_owned(), "queue.hits", "10000 is below one batch"),
        (
            "type = 'sqlite', queue.bytes = '255KiB'".to_owned(),
            "queue.bytes",
            "255KiB is below one batch of batch.bytes = 256KiB; raise it or lower that",
        ),
        (
            "type = 'sqlite', batch.bytes = 16_777_217".to_owned(),
            "queue.bytes",
            "16MiB is below one batch of batch.bytes = 16777217B",
        ),
        (
            "type = 'sqlite', queue.bytes = 65_535, batch.bytes = 1".to_owned(),
            "queue.bytes",
            "65535B is below the largest hit; write 64KiB or more",
        ),
        (format!("{ga4}, batch.hits = 26"), "batch.hits", "26 is above the limit of ga4, 25 a request"),
        (format!("{ga_v1}, batch.hits = 2"), "batch.hits", "2 is above the limit of ga-v1, 1 a request"),
    ] {
        let told = mistakes(&format!("destination = [{{ {keys} }}]"));
        let [(at, message)] = &told[..] else { panic!("{keys}: {told:?}") };
        assert_eq!(*at, format!("destination[0].{path}"));
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn of_destinations_that_clash() {
    let told = mistakes(
        "destination = [
            { type = 'sqlite' },
            { type = 'file', path = '-', name = 'sqlite' },
            { type = 'file' },
            { type = 'file' },
        ]",
    );
    assert_eq!(told[2].0, "destination[1].name");
    assert!(told[2].1.starts_with("destination[0] and destination[1] are both named \"sqlite\""), "{told:?}");
    // Even where the destinations have other mistakes.
    assert_eq!(told[3].0, "destination[3].name");
    assert_eq!(told.len(), 4);

    for (first, second) in [("trackside.db", "./trackside.db"), ("a/b.db", "a//./b.db")] {
        let told = mistakes(&format!(
            "destination = [{{ type = 'sqlite', path = '{first}' }}, {{ type = 'sqlite', name = 'b', path = '{second}' }}]"
        ));
        let [(path, message)] = &told[..] else { panic!("{told:?}") };
        assert_eq!(path, "destination[1].path");
        assert!(message.starts_with("destination[0] and destination[1] are both stored in "), "{message}");
    }
    let file = "{ type = 'file', path = './trackside.db' }";
    for both in [format!("{{ type = 'sqlite' }}, {file}"), format!("{file}, {{ type = 'sqlite' }}")] {
        let told = mistakes(&format!("destination = [{both}]"));
        assert!(told.len() == 1 && told[0].0 == "destination[1].path", "{told:?}");
    }
    // Lines of two may stand in one file.
    with_policy(
        "destination = [{ type = 'file', path = 'a' }, { type = 'file', name = 'b', path = 'a', ip = 'none' }]",
    );
}

#[test]
fn of_syntax_have_a_line_and_a_column() {
    let error = |builder: crate::config::Builder| builder.build().unwrap_err().to_string();
    // Column 8 is where the value should begin.
    let toml = error(Config::builder().toml("mode = 'on'\nsite = = 1"));
    assert!(toml.starts_with("line 2, column 8: TOML: "), "{toml}");
    for (text, says) in [
        ("mode = on", "; a text is written in quotes"),
        ("path = trackside.db", "; a text is written in quotes"),
        ("track.ignore = [/admin/]", "; a text is written in quotes"),
        ("[destination]\n[destination]", " two pairs of brackets, such as [[destination]]"),
    ] {
        let toml = error(Config::builder().toml(text));
        assert!(toml.starts_with("line ") && toml.ends_with(says), "{toml}");
    }
    let json = error(Config::builder().json("{\n  \"mode\": }"));
    assert!(json.starts_with("line 2, column 11: JSON: "), "{json}");
    // What may stand in a layer that could not be read is not missed; what stands in another is checked.
    let both = error(Config::builder().toml("x").json(r#"{"mode": 1, "destination": [{"name": "a"}]}"#));
    let paths: Vec<_> = both.lines().filter_map(|line| line.split(": ").next()).collect();
    assert_eq!(paths, ["line 1, column 2", "mode"]);
}

#[test]
fn of_keys_given_twice() {
    let toml = Config::builder().toml("mode = 'on'\nmode = 'on'").build().unwrap_err().to_string();
    assert!(toml.starts_with("line 2, column 1: TOML: duplicate key"), "{toml}");
    let json = Config::builder().json(r#"{"track": {"count": "api", "count": "api"}}"#).build().unwrap_err();
    assert!(json.to_string().contains("JSON: the key \"count\" is given twice"), "{json}");
}

#[test]
fn of_json_that_is_no_object() {
    for text in ["[]", "null", "\"mode\"", "1"] {
        let error = Config::builder().json(text).build().unwrap_err().to_string();
        assert_eq!(error, "line 1, column 1: JSON: the document is not an object");
    }
    assert!(Config::builder().json("\u{feff}{\"consent\": {\"policy\": \"none\"}}").build().is_ok());
    assert!(Config::builder().toml("\u{feff}consent.policy = 'none'").build().is_ok());
}

#[test]
fn all_are_told_at_once() {
    let told = mistakes(
        r#"
        mode = "maybe"
        shutdown = "soon"
        site = ["https://a.example", "b.example", "c:80"]
        visitor = { identity = "session", cookie = { name = "a b", colour = "red" } }
        track = { status = ["ok"], ignore = "/admin/" }
        [[destination]]
        type = "ga4"
        batch.hits = 1_000
        [[destination]]
        typ = "file"
        "#,
    );
    let paths: Vec<_> = told.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "mode",
            "site[0]",
            "site[2]",
            "shutdown",
            "visitor.identity",
            "visitor.cookie.name",
            "visitor.cookie.colour",
            "track.ignore",
            "track.status[0]",
            "destination[0].measurement_id",
            "destination[0].api_secret",
            "destination[0].batch.hits",
            "destination[1].type",
            "destination[1].typ",
        ]
    );
}
