//! What the guide has of configuration is right: each recipe can be read, those for proxies find the client in what the
//! platform that they are for sends, and of each receiver every key is told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use trackside::{Annotations, Config, Request, Response, Tracker, protocol::TYPES};

/// The client of every chain.
const CLIENT: &str = "198.51.100.7";
/// What a client forges.
const FORGED: &str = "192.0.2.66";

/// A recipe by its heading and its place there, the proxy that connects, and the headers as they come, in which `{}` stands
/// for what the client wrote in front.
type Sent = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// nginx adds `$remote_addr` to the list and sets the others; Caddy takes nothing of a stranger and sets them all; the
/// platforms' routers add to the list or set a header of their own, and hand on the client's list as it came.
const SENT: &[Sent] = &[
    (
        "nginx",
        "127.0.0.1",
        &[
            ("x-forwarded-for", "{}198.51.100.7"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "www.example.com"),
        ],
    ),
    (
        "A unix socket",
        "",
        &[
            ("x-forwarded-for", "{}198.51.100.7"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "www.example.com"),
        ],
    ),
    (
        "Caddy",
        "::1",
        &[
            ("x-forwarded-for", "198.51.100.7"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "www.example.com"),
        ],
    ),
    ("Heroku", "10.1.42.7", &[("x-forwarded-for", "{}198.51.100.7"), ("x-forwarded-proto", "https")]),
    (
        "Fly.io",
        "172.16.3.4",
        &[
            ("x-forwarded-for", "{}198.51.100.7, 66.241.124.1"),
            ("fly-client-ip", "198.51.100.7"),
            ("x-forwarded-proto", "https"),
        ],
    ),
    (
        "Cloudflare",
        "172.68.1.9",
        &[
            ("x-forwarded-for", "{}198.51.100.7"),
            ("cf-connecting-ip", "198.51.100.7"),
            ("x-forwarded-proto", "https"),
        ],
    ),
    (
        "Cloudflare",
        "127.0.0.1",
        &[
            ("x-forwarded-for", "{}198.51.100.7"),
            ("cf-connecting-ip", "198.51.100.7"),
            ("x-forwarded-proto", "https"),
        ],
    ),
    (
        "Forwarded",
        "10.0.0.2",
        &[("forwarded", "for=192.0.2.66;proto=http, for=198.51.100.7;proto=https;host=www.example.com")],
    ),
];

/// Each recipe of a page, with its heading.
fn recipes(page: &str) -> Vec<(String, String)> {
    let (mut recipes, mut heading, mut open) = (Vec::new(), String::new(), None::<String>);
    for line in page.lines().filter_map(|line| line.strip_prefix("//!")) {
        let line = line.trim_start_matches(' ');
        match (&mut open, line) {
            (None, "```toml") => open = Some(String::new()),
            (None, line) => {
                if let Some(text) = line.strip_prefix("# ") {
                    heading = text.to_owned();
                }
            }
            (Some(_), "```") => recipes.push((heading.clone(), open.take().unwrap())),
            (Some(recipe), line) => *recipe += &format!("{line}\n"),
        }
    }
    recipes
}

#[test]
fn each_recipe_finds_the_client_that_its_proxy_tells_of() {
    let (recipes, places): (Vec<_>, Vec<_>) = recipes(include_str!("../src/guide/proxies.rs"))
        .into_iter()
        .partition(|(_, recipe)| recipe.contains("[proxy]"));
    assert_eq!((recipes.len(), places.len()), (SENT.len(), 2));
    for (heading, recipe) in places {
        // What tells of places is told by proxies.
        let config =
            Config::builder().toml("visitor.identity = 'none'\nproxy.hops = 1").toml(&recipe).build();
        assert!(config.is_ok(), "{heading}: {config:?}");
    }
    for ((heading, recipe), (proxy, peer, headers)) in recipes.iter().zip(SENT) {
        assert_eq!(heading, proxy);
        let config = Config::builder().toml("visitor.identity = 'none'").toml(recipe).build();
        let config = config.unwrap_or_else(|error| panic!("{error}\nin\n{recipe}"));
        assert!(config.trusts_proxies() && config.warnings().is_empty(), "{recipe}");
        let tracker = Tracker::open(config).unwrap();
        let client = |peer: &str, forged: &str| {
            let mut all = vec![("host".to_owned(), "www.example.com".to_owned())];
            all.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), value.replace("{}", forged))));
            let request = Request::new("GET", "/", &all).with_peer(peer.parse().ok());
            let response = [("content-type", "text/html")];
            let told = tracker.explain(&request, &Response::new(200, &response), &Annotations::new());
            assert!(told.verdict.is_tracked(), "{heading}: {told}");
            (told.client.address.map(|address| address.to_string()), told.client.is_secure)
        };
        let expected = (Some(CLIENT.to_owned()), true);
        assert_eq!(client(peer, ""), expected, "{heading}");
        assert_eq!(client(peer, &format!("{FORGED}, ")), expected, "{heading}, forged");
        if !recipe.contains("hops") {
            // Whoever goes round the proxy is the client itself.
            assert_eq!(
                client("203.0.113.9", ""),
                (Some("203.0.113.9".to_owned()), false),
                "{heading}, gone round"
            );
        }
    }
}

/// The pages below `folder`.
fn pages(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { pages(&path) } else { vec![path] }).collect()
}

#[test]
fn each_recipe_is_a_configuration() {
    let mut count = 0;
    for path in pages(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/guide")) {
        for (_, recipe) in recipes(&fs::read_to_string(&path).unwrap()) {
            // What asks for a proxy is shown beside it, as is what a visitor must be told.
            let hops = if recipe.contains("[geo]") { "proxy.hops = 1" } else { "" };
            let config = Config::builder()
                .toml("consent.policy = 'none'")
                .toml(hops)
                .toml(&recipe)
                .secrets(|_| Ok("whsec_c2VjcmV0LW9mLXRoZS1yZWNlaXZlci0x".to_owned()))
                .build();
            let config = config.unwrap_or_else(|error| panic!("{}: {error}\nin\n{recipe}", path.display()));
            assert!(config.warnings().is_empty(), "{}: {:?}", path.display(), config.warnings());
            count += 1;
        }
    }
    assert!(count >= 20, "{count}");
}

/// The keys of each type, as the table has them that a test of core compares with what is declared.
fn keys() -> BTreeMap<&'static str, Vec<&'static str>> {
    let page = include_str!("../../../core/src/protocol/receivers.md");
    let (mut keys, mut kind) = (BTreeMap::<_, Vec<_>>::new(), "");
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("## `") {
            kind = heading.split('`').next().unwrap();
        } else if let Some(row) = line.strip_prefix("| `").filter(|_| !kind.is_empty()) {
            keys.entry(kind).or_default().push(row.split('`').next().unwrap());
        }
    }
    keys
}

#[test]
fn each_receiver_has_a_page_with_its_lines_and_every_key() {
    let keys = keys();
    assert!(TYPES.iter().all(|kind| keys[kind.name()].contains(&"url")), "{keys:?}");
    for kind in TYPES {
        let name = kind.name();
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("src/guide/receivers/{}.rs", name.replace('-', "_")));
        let page = fs::read_to_string(&path).unwrap();
        assert!(page.contains(&format!("//! type = \"{name}\"\n")), "{name}");
        let cells: Vec<_> =
            page.lines().filter_map(|line| line.strip_prefix("//! |")?.split('|').next()).collect();
        for key in &keys[name] {
            let told = format!("`{key}`");
            assert!(cells.iter().any(|cell| cell.contains(&told)), "{}: {key}", path.display());
        }
        // What it has of keys beside its own, every destination has.
        let listed =
            cells.iter().skip_while(|cell| !cell.contains("key")).take_while(|cell| !cell.contains("field"));
        let listed: Vec<_> = listed.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
        for key in listed {
            assert!(keys[name].contains(&key) || key == "ip", "{}: {key} is no key", path.display());
        }
    }
}
