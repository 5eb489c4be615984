//! What is made of real agents: every instance of the list of crawlers, and a thousand browsers. Run with
//! `--nocapture` to see the rates of wrong answers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::{
    sync::{Arc, LazyLock},
    time::Instant,
};

use trackside_core::{
    Annotations, Config, Hit, Moment, Request, Response,
    enrich::{Class, Enricher, Lists},
    judge,
};

/// Of all instances of the list of monperrus/crawler-user-agents.
const CRAWLERS: &str = include_str!("../lists/crawlers.txt");
/// Of a thousand browsers, out of intoli/user-agents.
const BROWSERS: &str = include_str!("../lists/browsers.txt");

static ENRICHER: LazyLock<Enricher> = LazyLock::new(|| {
    let config = Config::builder().toml("visitor.identity = 'none'").build().unwrap();
    Enricher::new(&config, Arc::new(Lists::built_in()))
});

fn hit(agent: &[u8]) -> Hit {
    let config = Config::builder().toml("visitor.identity = 'none'").build().unwrap();
    let headers: [(&str, &[u8]); 2] = [("host", b"www.example.com"), ("user-agent", agent)];
    let request = Request::new("GET", "/", &headers);
    let exchange = judge::begin(&config, &request, Moment::new(0, [7; 64]), None);
    let response = [("content-type", "text/html")];
    let response = Response::new(200, &response);
    let mut hits = Vec::new();
    let _tracked =
        judge::finish(&config, exchange, &request, &response, &Annotations::new(), &mut |hit| hits.push(hit));
    hits.pop().unwrap()
}

fn class(agent: &[u8]) -> Option<Class> {
    ENRICHER.look(&hit(agent)).bot().map(|bot| bot.class())
}

#[test]
fn all_instances_of_the_list_of_crawlers_are_found() {
    let missed: Vec<_> = CRAWLERS.lines().filter(|agent| class(agent.as_bytes()).is_none()).collect();
    let all = CRAWLERS.lines().count();
    println!("crawlers: {} of {all} taken for persons", missed.len());
    assert!(all > 2_000);
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn a_thousand_browsers_are_persons() {
    let wrong: Vec<_> =
        BROWSERS.lines().filter_map(|agent| class(agent.as_bytes()).map(|class| (class, agent))).collect();
    let all = BROWSERS.lines().count();
    println!(
        "browsers: {} of {all} taken for bots ({:.2} %)",
        wrong.len(),
        wrong.len() as f64 / all as f64 * 100.0
    );
    assert!(all >= 1_000);
    assert!(wrong.len() <= 2, "{wrong:#?}");
}

/// A rule of thumb for crawlers that no list knows yet: without the list, most are found all the same.
#[test]
fn most_crawlers_are_found_without_the_list() {
    let config = Config::builder().toml("visitor.identity = 'none'").build().unwrap();
    let enricher = Enricher::new(&config, Arc::new(Lists::with_crawlers("[]").unwrap()));
    let all = CRAWLERS.lines().count();
    let found =
        CRAWLERS.lines().filter(|agent| enricher.look(&hit(agent.as_bytes())).bot().is_some()).count();
    println!("crawlers without their list: {} of {all} taken for persons", all - found);
    assert!(found * 100 > all * 85, "{found} of {all}");
}

/// What costs the most for its length: it may take a few times as long as an agent of a browser, not more.
#[test]
fn hostile_agents_take_linear_time() {
    let time = |agent: &[u8]| {
        let hit = hit(agent);
        let run = || {
            let began = Instant::now();
            (0..20).for_each(|_| drop(ENRICHER.look(&hit)));
            began.elapsed()
        };
        run();
        (0..5).map(|_| run()).min().unwrap()
    };
    let browser = BROWSERS.lines().max_by_key(|agent| agent.len()).unwrap().repeat(8);
    let usual = time(&browser.as_bytes()[..1_000]);
    for pattern in [
        "Spider",
        "Current",
        "BlogTraffic/1",
        "a",
        "GoogleAssociationService",
        "Mozilla/5.0 (",
        "\u{ff}",
        "(^| )",
    ] {
        for tail in ["", " x"] {
            let agent = pattern.repeat(1_000 / pattern.len()) + tail;
            let hostile = time(agent.as_bytes());
            assert!(hostile < usual * 20, "{pattern}: {hostile:?}, and {usual:?} for a browser's");
        }
    }
}
