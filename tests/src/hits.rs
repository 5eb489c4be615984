//! Hits as the judge makes them.

use trackside_core::{
    Annotations, Event, Hit, Moment, Request, Response,
    config::{Config, ConfigError},
    judge,
};

/// The time of the hits made here: 2026-11-22T00:00:00Z, in microseconds since the Unix epoch.
pub const NOW: u64 = 1_795_305_600_000_000;

/// A configuration that records all there is, without a destination's own `ip`.
///
/// # Errors
///
/// If it is no valid configuration.
pub fn config() -> Result<Config, ConfigError> {
    Config::builder()
        .toml(
            r#"
            [consent]
            policy = "none"
            [track]
            methods = ["GET", "POST"]
            status = ["2xx"]
            [privacy]
            ip = "full"
            query = "keep"
            "#,
        )
        .build()
}

/// `count` page views of new visitors, `/page/0` first, no two of one id.
///
/// # Errors
///
/// If [`config`] fails.
pub fn pages(count: usize) -> Result<Vec<Hit>, ConfigError> {
    pages_from(0, count)
}

/// `count` page views as those of [`pages`], numbered from `first`.
///
/// # Errors
///
/// If [`config`] fails.
pub fn pages_from(first: usize, count: usize) -> Result<Vec<Hit>, ConfigError> {
    let config = config()?;
    let mut hits = Vec::with_capacity(count);
    for n in first..first + count {
        let path = format!("/page/{n}");
        judge_one(&config, n, (path.as_bytes(), 200), &HEADERS, &Annotations::new(), &mut hits);
    }
    Ok(hits)
}

/// `count` page views of new visitors with all that a real visit tells: referrer, campaign, language, agent, address, a
/// title and a user, no two of one id.
///
/// # Errors
///
/// If [`config`] fails.
pub fn visits(count: usize) -> Result<Vec<Hit>, ConfigError> {
    let config = config()?;
    let mut hits = Vec::with_capacity(count);
    for n in 0..count {
        let target = format!(
            "/walks/twelve-walks/{n}?utm_source=newsletter&utm_medium=email&utm_campaign=july&utm_content=header&page=2"
        );
        let user = format!("u-{n}");
        let annotations =
            Annotations::new().title("Twelve walks along the old railway").user_id(user.as_str());
        judge_one(&config, n, (target.as_bytes(), 200), &HEADERS, &annotations, &mut hits);
    }
    Ok(hits)
}

/// Page views and an event whose every text tries to break out of SQL, JSON, a line, a header or UTF-8.
///
/// # Errors
///
/// If [`config`] fails.
pub fn hostile() -> Result<Vec<Hit>, ConfigError> {
    let config = config()?;
    let long = "x".repeat(70_000);
    let texts: [&[u8]; 9] = [
        b"/'; DROP TABLE hit; --",
        b"/\"},{\"id\":1}\n{\"id\":2}\r\n",
        b"/\xff\xfe\x80?\xc3\x28=\xf0\x9f",
        b"/\0?\0",
        b"/%00%0d%0aX-Evil:%201?%0a",
        b"*",
        b"",
        "/\u{202e}\u{1f600}\u{feff}?q=\u{2028}".as_bytes(),
        long.as_bytes(),
    ];
    let mut hits = Vec::new();
    for (n, text) in texts.into_iter().enumerate() {
        let lossy = String::from_utf8_lossy(text);
        let annotations = Annotations::new()
            .title(lossy.as_ref())
            .user_id(lossy.as_ref())
            .route(lossy.as_ref())
            .property(lossy.as_ref(), lossy.as_ref())
            .property(lossy.as_ref(), f64::MAX)
            .event(Event::new(lossy.as_ref()).category(lossy.as_ref()).label(lossy.as_ref()).value(-0.5));
        let referrer = [b"https://evil.example/", text].concat();
        let headers: [(&[u8], &[u8]); 4] = [
            (b"host", b"www.example.com"),
            (b"user-agent", text),
            (b"referer", &referrer),
            (b"accept-language", text),
        ];
        judge_one(&config, n, (text, 200), &headers, &annotations, &mut hits);
    }
    Ok(hits)
}

/// What is no mere page view: a search, a download, a page that is not there, and events with properties, some of which
/// receivers have a place of their own for. What is recorded of addresses is as `ip` says, and a proxy tells the place.
///
/// # Errors
///
/// If `ip` is no policy.
pub fn kinds(ip: &str) -> Result<Vec<Hit>, ConfigError> {
    let config = Config::builder()
        .toml(
            r#"
            consent.policy = "none"
            geo.cdn = "cloudflare"
            proxy.trusted = ["203.0.113.0/24"]
            privacy.geo = "city"
            [track]
            downloads = ["pdf"]
            not_found = true
            search = ["q"]
            bots = "keep"
            "#,
        )
        .toml(&format!("privacy.ip = '{ip}'"))
        .build()?;
    let headers: Vec<(&[u8], &[u8])> = HEADERS
        .into_iter()
        .chain([(&b"cf-ipcountry"[..], &b"DE"[..]), (b"cf-region-code", b"BE"), (b"cf-ipcity", b"Berlin")])
        .collect();
    let events = [
        Event::new("add")
            .category("cart")
            .label("SKU-1")
            .value(2.0)
            .property("colour", "red")
            .property("n", 1.5),
        Event::new("order").value(9.5).property("currency", "EUR"),
        Event::new("render").category("timing").label("cart").value(137.0),
        Event::new("E42").category("exception").label("no disk").property("fatal", true),
    ];
    let annotations = Annotations::new().title("Cart").user_id("u-42").property("plan", "pro");
    let annotations = events.into_iter().fold(annotations, Annotations::event);
    let targets: [(&[u8], u16); 4] =
        [(b"/search?q=red%20shoes", 200), (b"/files/a.pdf", 200), (b"/gone", 404), (b"/cart", 200)];
    let mut hits = Vec::new();
    for (n, (target, status)) in targets.into_iter().enumerate() {
        judge_one(&config, n, (target, status), &headers, &annotations, &mut hits);
    }
    Ok(hits)
}

const HEADERS: [(&[u8], &[u8]); 4] = [
    (b"host", b"www.example.com"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"),
    (b"referer", b"https://search.example/"),
    (b"accept-language", b"en-GB,en;q=0.7"),
];

fn judge_one(
    config: &Config,
    n: usize,
    (target, status): (&[u8], u16),
    headers: &[(&[u8], &[u8])],
    annotations: &Annotations<'_>,
    hits: &mut Vec<Hit>,
) {
    let mut entropy = [0; 64];
    // Every id is drawn from a block of its own.
    for (place, block) in (0..).zip(entropy.chunks_exact_mut(16)) {
        block[..8].copy_from_slice(&(n as u64).to_be_bytes());
        block[8] = place;
    }
    let moment = Moment::new(NOW + n as u64 * 1_000, entropy);
    let request =
        Request::new("GET", target, &headers).with_peer("203.0.113.9".parse().ok()).with_secure(true);
    let content_type = if target.ends_with(b".pdf") { "application/pdf" } else { "text/html" };
    let response_headers = [("cache-control", "private"), ("content-type", content_type)];
    let response = Response::new(status, &response_headers);
    let exchange = judge::begin(config, &request, moment, None);
    // Nothing is appended to a response here.
    let _verdict =
        judge::finish(config, exchange, &request, &response, annotations, &mut |hit| hits.push(hit));
}
