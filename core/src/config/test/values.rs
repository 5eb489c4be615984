//! Values that are taken, and what becomes of them.

use std::time::Duration;

use super::{POLICY, with_policy};
use crate::config::{
    AfterUnknown, Compression, Config, Destination, Identity, IpPolicy, Keep, Keys, Mode, PathPolicy, Policy,
    QueryPolicy, Receiver, SameSite, Secure, UserId, WhenFull, Workers,
};

#[test]
fn every_key_of_the_top() {
    let config = Config::builder()
        .toml(
            r#"
            mode = "dry-run"
            site = ["WWW.Example.com.", "localhost", "127.0.0.1", "[::1]", "my_host", "www.example.com"]
            shutdown = "1ms"
            [visitor]
            keys = "/var/lib/site/keys"
            secret = "sixteen bytes or"
            user_id = "hashed"
            session_timeout = "1h"
            [visitor.cookie]
            name = "__Host-v"
            max_age = "399d"
            renew = true
            same_site = "none"
            http_only = false
            secure = true
            [consent]
            policy = "notice"
            notice = "{site} zählt."
            [track]
            ignore = ["/admin/"]
            only = ["*"]
            status = [200, "3xx", "404-410"]
            methods = ["get", "PURGE"]
            content_types = ["Text/HTML"]
            fragments = true
            canonical = true
            downloads = ["PDF", ".zip", "Attachment", "Text/CSV"]
            not_found = true
            search = ["q"]
            [privacy]
            ip = "full"
            query = "drop"
            path = "anonymous"
            [beacon]
            path = "/a-b/t_1/"
            "#,
        )
        .build()
        .unwrap();
    assert_eq!(config.mode(), Mode::DryRun);
    assert_eq!(config.sites(), ["www.example.com", "localhost", "127.0.0.1", "[::1]", "my_host"]);
    assert_eq!(config.shutdown(), Duration::from_millis(1));
    assert_eq!(*config.keys(), Keys::File("/var/lib/site/keys".into()));
    assert_eq!(config.derived_key(1), None);
    assert_eq!(config.user_id(), UserId::Hashed);
    assert_eq!(config.session_timeout, Duration::from_secs(3_600));
    assert_eq!(config.cookie.name, "__Host-v");
    assert_eq!(config.cookie.max_age, Duration::from_secs(399 * 86_400));
    assert!(config.cookie.renew && !config.cookie.http_only);
    assert_eq!((config.cookie.same_site, config.cookie.secure), (SameSite::None, Secure::Always));
    assert_eq!(config.consent(), Policy::Notice);
    assert_eq!(config.notice, "{site} zählt.");
    assert!(config.track.fragments);
    assert_eq!(config.track.ignore.find(b"/admin/x"), Some("/admin/"));
    assert_eq!(config.track.only.find(b"/"), Some("*"));
    let counted = (100..1_000).filter(|&status| config.track.status.contains(status));
    assert!(counted.eq([200].into_iter().chain(300..=399).chain(404..=410)));
    assert!(config.track.methods.contains(b"get") && config.track.methods.contains(b"PURGE"));
    assert!(!config.track.methods.contains(b"GET"));
    assert_eq!((config.urls.query, config.urls.path), (QueryPolicy::Drop, PathPolicy::Anonymous));
    assert!(config.urls.canonical);
    let downloads = crate::decide::Downloads {
        attachment: true,
        extensions: vec!["pdf".to_owned(), "zip".to_owned()],
        types: vec!["text/csv".to_owned()],
    };
    assert_eq!(config.track.downloads, downloads);
    assert!(config.track.not_found);
    assert_eq!(config.track.search, ["q"]);
    assert_eq!(config.beacon.as_ref().map(|beacon| &*beacon.path), Some("/a-b/t_1/"));
    assert_eq!(config.ip_policies(), [IpPolicy::Full]);
}

#[test]
fn every_key_of_destinations() {
    let config = with_policy(
        r#"
        [[destination]]
        type = "sqlite"
        name = "Own.store_1-a"
        path = "a/b.db"
        keep = "25 months"
        ip = "none"
        third_party = true
        workers = 64
        queue = { hits = 1_000_000, bytes = "1GiB", when_full = "drop-oldest" }
        batch = { hits = 1_000_000, bytes = 1, age = "0ms" }
        timeout = "1ms"
        max_age = "72h"
        [[destination]]
        type = "ga4"
        measurement_id = "G-1"
        api_secret = "s"
        url = "http://[::1]:8080/mp?to=ga"
        batch.hits = 25
        [[destination]]
        type = "ga-v1"
        tracking_id = "12345"
        version = "2"
        url = "HTTPS://my_proxy/collect"
        ip = "none"
        workers = "auto"
        "#,
    );
    let [store, ga4, ga_v1] = config.destinations() else { panic!("{config:?}") };
    assert_eq!(store.name, "Own.store_1-a");
    let Receiver::Sqlite { path, keep } = &store.receiver else { panic!("{store:?}") };
    assert_eq!((path.as_os_str().to_str(), *keep), (Some("a/b.db"), Some(Keep::Months(25))));
    assert!(store.third_party);
    assert_eq!(store.workers, Workers::Count(64));
    assert_eq!((store.queue.hits, store.queue.bytes), (1_000_000, 1_073_741_824));
    assert_eq!(store.queue.when_full, WhenFull::DropOldest);
    assert_eq!((store.batch.hits, store.batch.bytes, store.batch.age), (1_000_000, 1, Duration::ZERO));
    assert_eq!((store.http.timeout, store.max_age), (Duration::from_millis(1), Duration::from_secs(259_200)));
    let Receiver::Remote(remote) = &ga4.receiver else { panic!("{ga4:?}") };
    let texts = ["url", "measurement_id"].map(|key| remote.values().text(key));
    assert_eq!(texts, ["http://[::1]:8080/mp?to=ga", "G-1"]);
    assert_eq!(remote.values().secret("api_secret").unwrap().reveal(), "s");
    let Receiver::Remote(remote) = &ga_v1.receiver else { panic!("{ga_v1:?}") };
    let texts = ["url", "tracking_id", "version"].map(|key| remote.values().text(key));
    assert_eq!(texts, ["HTTPS://my_proxy/collect", "12345", "2"]);
    // The first destination's own, privacy's for the second, and the third's is the first again.
    assert_eq!(config.ip_policies(), [IpPolicy::None, IpPolicy::Masked]);
}

#[test]
fn the_builder_says_what_a_document_says() {
    let document = r#"
        mode = "off"
        site = ["www.example.com"]
        shutdown = "1500ms"
        [visitor]
        identity = "cookie"
        session_timeout = "20m"
        [visitor.cookie]
        name = "v"
        path = "/shop"
        domain = "example.com"
        max_age = "30d"
        renew = true
        same_site = "strict"
        http_only = false
        secure = false
        [consent]
        policy = "notice"
        notice = "Cookies!"
        [track]
        count = "pages"
        ignore = ["/admin/", "/x"]
        only = ["/"]
        status = ["2xx"]
        methods = ["POST"]
        content_types = ["text/plain"]
        fragments = true
        canonical = true
        downloads = ["common"]
        not_found = true
        search = ["s"]
        [privacy]
        ip = "none"
        query = "keep"
        path = "route"
        [beacon]
        path = "/t/"
        [[destination]]
        type = "sqlite"
        path = "a.db"
        keep = "2 years"
        [[destination]]
        type = "file"
        path = "-"
        name = "log"
        [[destination]]
        type = "ga4"
        measurement_id = "G-1"
        api_secret = "s"
        url = "https://sgtm.example/mp"
        queue = { hits = 50, bytes = 65_536, when_full = "drop-oldest", important = ["purchase", "sign up"] }
        batch = { hits = 2, bytes = 500, age = "1s" }
        timeout = "2s"
        timeouts = { resolve = "1s", connect = "2s", send = "300ms", answer = "1500ms" }
        proxy = "http://me:pw@proxy.example:3128"
        ca = "ca.pem"
        compression = "gzip"
        max_age = "3m"
        after_unknown = "resend"
        [[destination]]
        type = "ga-v1"
        tracking_id = "UA-1"
        version = "2"
        ip = "full"
        third_party = false
        workers = 3
        [[destination]]
        type = "callback"
        name = "mine"
        batch.hits = 7
        [[destination]]
        type = "celery"
        tracking_id = "UA-2"
        task = "analytics.tasks.submit_tracking"
        url = "https://stats.example/collect"
    "#;
    let built = Config::builder()
        .mode(Mode::Off)
        .site("www.example.com")
        .shutdown(Duration::from_millis(1_500))
        .identity(Identity::Cookie)
        .session_timeout(Duration::from_secs(1_200))
        .cookie_name("v")
        .cookie_path("/shop")
        .cookie_domain("example.com")
        .cookie_max_age(Duration::from_secs(30 * 86_400))
        .cookie_renew(true)
        .cookie_same_site(SameSite::Strict)
        .cookie_http_only(false)
        .cookie_secure(Secure::Never)
        .consent(Policy::Notice)
        .notice("Cookies!")
        .count(crate::config::Count::Pages)
        .ignore("/admin/")
        .ignore("/x")
        .only("/")
        .status("2xx")
        .method("POST")
        .content_type("text/plain")
        .fragments(true)
        .canonical(true)
        .download("common")
        .not_found(true)
        .search("s")
        .path(PathPolicy::Route)
        .ip(IpPolicy::None)
        .query(QueryPolicy::Keep)
        .beacon_path("/t/")
        .destination(Destination::sqlite("a.db").keep(Keep::Months(24)))
        .destination(Destination::stdout().name("log"))
        .destination(
            Destination::ga4("G-1", "s")
                .url("https://sgtm.example/mp")
                .queue_hits(50)
                .queue_bytes(65_536)
                .when_full(WhenFull::DropOldest)
                .important("purchase")
                .important("sign up")
                .batch_hits(2)
                .batch_bytes(500)
                .batch_age(Duration::from_secs(1))
                .timeout(Duration::from_secs(2))
                .timeout_resolve(Duration::from_secs(1))
                .timeout_connect(Duration::from_secs(2))
                .timeout_send(Duration::from_millis(300))
                .timeout_answer(Duration::from_millis(1_500))
                .proxy("http://me:pw@proxy.example:3128")
                .ca("ca.pem")
                .compression(Compression::Gzip)
                .max_age(Duration::from_secs(180))
                .after_unknown(AfterUnknown::Resend),
        )
        .destination(
            Destination::ga_v1("UA-1")
                .version("2")
                .ip(IpPolicy::Full)
                .third_party(false)
                .workers(Workers::Count(3)),
        )
        .destination(Destination::callback("mine").batch_hits(7))
        .destination(
            Destination::celery("UA-2")
                .task("analytics.tasks.submit_tracking")
                .url("https://stats.example/collect"),
        );
    let read = Config::builder().toml(document).build().unwrap();
    assert_eq!(format!("{:?}", built.build().unwrap()), format!("{read:?}"));
}

#[test]
fn what_is_set_below_a_millisecond_does_not_vanish() {
    let destination =
        Destination::stdout().timeout(Duration::from_nanos(1)).max_age(Duration::from_micros(1_001));
    let config = Config::builder().toml(POLICY).destination(destination).build().unwrap();
    let [file] = config.destinations() else { panic!("{config:?}") };
    assert_eq!((file.http.timeout, file.max_age), (Duration::from_millis(1), Duration::from_millis(2)));
}

#[test]
fn json_says_what_toml_says() {
    let json = r#"{
        "consent": {"policy": "none"},
        "site": ["a.example"],
        "track": {"status": [200, "3xx"], "ignore": ["/ü"]},
        "visitor": {"cookie": {"secure": true, "max_age": "500d"}},
        "destination": [{"type": "file", "path": "-", "queue": {"hits": 500, "bytes": 262144}}]
    }"#;
    let toml = r#"
        consent.policy = "none"
        site = ["a.example"]
        track = { status = [200, "3xx"], ignore = ["/ü"] }
        visitor.cookie = { secure = true, max_age = "500d" }
        destination = [{ type = "file", path = "-", queue = { hits = 500, bytes = 262144 } }]
    "#;
    let read = [Config::builder().json(json), Config::builder().toml(toml)];
    let [json, toml] = read.map(|builder| format!("{:?}", builder.build().unwrap()));
    assert_eq!(json, toml);
    assert!(json.contains("a.example"));
}

#[test]
fn json_makes_the_mistakes_that_toml_makes() {
    let json = r#"{"mode": 1, "shutdown": 1.5, "track": {"status": [true]}, "site": "a", "x\ny": {}}"#;
    let toml = "mode = 1\nshutdown = 1.5\ntrack.status = [true]\nsite = 'a'\n\"x\\ny\" = {}";
    let read = [Config::builder().json(json), Config::builder().toml(toml)];
    let [json, toml] = read.map(|builder| builder.build().unwrap_err().to_string());
    assert_eq!(json, toml);
    assert_eq!(json.lines().count(), 6);
}

#[test]
fn a_cookie_that_browsers_would_not_keep_so_long_is_clamped() {
    let config = with_policy("visitor.cookie.max_age = '401d'");
    assert_eq!(config.cookie.max_age, Duration::from_secs(400 * 86_400));
    let [warning] = config.warnings() else { panic!("{:?}", config.warnings()) };
    assert!(warning.starts_with("visitor.cookie.max_age: 401d is clamped to 400d"), "{warning}");
    assert!(with_policy("visitor.cookie.max_age = '400d'").warnings().is_empty());
}

#[test]
fn a_cookies_domain_loses_its_dot() {
    assert_eq!(with_policy("visitor.cookie.domain = '.Example.com'").cookie.domain, "example.com");
}

#[test]
fn patterns_that_cannot_be_meant_are_warned_of() {
    let config =
        with_policy("track.ignore = ['/a', '', 'admin/', '/100%-off', '/reset?token=*', '/caf%C3%A9']");
    let paths: Vec<_> = config.warnings().iter().filter_map(|warning| warning.split(": ").next()).collect();
    assert_eq!(paths, [1, 2, 4, 5].map(|n| format!("track.ignore[{n}]")));
}

#[test]
fn a_list_of_patterns_has_room_for_the_bounds() {
    let only = |patterns: Vec<String>| {
        Config::builder().toml(POLICY).toml(&format!("track.only = ['{}']", patterns.join("','"))).build()
    };
    let numbered = |count: usize| (0..count).map(|n| format!("/{n:05}")).collect();
    assert_eq!(only(numbered(65_536)).unwrap().track.only.find(b"/65535/x"), Some("/65535"));
    let error = only(numbered(65_537)).unwrap_err().to_string();
    assert_eq!(error, "track.only: 65537 entries are too many: at most 65536");
    // One pattern over and over costs no more than once.
    assert!(only(vec!["/same".to_owned(); 65_536]).is_ok());
    assert!(only(vec![format!("/{}", "x".repeat(2_047))]).is_ok());
    let error = only(vec![format!("/{}", "x".repeat(2_048))]).unwrap_err().to_string();
    assert!(error.starts_with("track.only[0]: "), "{error}");
}

#[test]
fn where_browsers_want_secure_auto_means_always() {
    let secure = |cookie: &str| {
        let text = format!("consent.policy = 'none'\nvisitor.cookie = {{ {cookie} }}");
        Config::builder().toml(&text).build().unwrap().cookie.secure
    };
    for cookie in ["name = '__Host-v'", "name = '__secure-v'", "same_site = 'none'"] {
        assert_eq!(secure(cookie), Secure::Always, "{cookie}");
    }
    for cookie in ["name = '__v'", "name = 'v__Host-'", "same_site = 'strict'"] {
        assert_eq!(secure(cookie), Secure::Auto, "{cookie}");
    }
}
