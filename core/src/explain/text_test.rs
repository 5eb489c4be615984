use std::sync::Arc;

use super::super::explain;
use crate::{
    Annotations, Config, Moment, Request, Response,
    config::SecretSource,
    enrich::{Enricher, Lists},
    explain::Explanation,
    visitor::DailyKey,
};

/// 2026-07-22 10:00:00 UTC, and sevens for all randomness.
fn explained(toml: &str, target: &str, headers: &[(&str, &str)], status: u16) -> Explanation {
    explained_with(None, toml, target, headers, status)
}

/// As [`explained`], on a day of this key.
fn explained_with(
    key: Option<&DailyKey>,
    toml: &str,
    target: &str,
    headers: &[(&str, &str)],
    status: u16,
) -> Explanation {
    let config = Config::builder().toml(toml).secrets(|source| match source {
        SecretSource::Env("SECRET") => Ok("s3cret".to_owned()),
        other => Err(format!("{other:?}")),
    });
    let headers = headers.to_vec();
    let request =
        Request::new("GET", target, &headers).with_peer("203.0.113.9".parse().ok()).with_secure(true);
    let response = [("content-type", "text/html")];
    let moment = Moment::new(1_784_714_400_000_000, [7; 64]);
    let config = config.build().unwrap();
    explain(
        &config,
        &Enricher::new(&config, Arc::new(Lists::built_in())),
        &request,
        &Response::new(status, &response),
        &Annotations::new(),
        moment,
        key,
    )
}

#[test]
fn a_destination_that_changes_its_hits_shows_what_it_makes_of_them() {
    let explanation = explained(
        "visitor.identity = 'none'
         [[destination]]
         type = 'sqlite'
         set.title = \"ab\u{202e}c\"
         drop = ['referrer']
         [[destination]]
         type = 'webhook'
         url = 'https://hooks.example/'
         secret = 'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='
         set.properties = { env = 'prod' }
         [[destination]]
         type = 'file'
         path = '-'
         only.visitors = 1
         drop = ['title']",
        "/",
        &[("Host", "www.example.com"), ("Accept", "text/html"), ("Referer", "https://a.example/")],
        200,
    );
    let text = explanation.to_string();
    let (_, destinations) = text.split_once("destination sqlite: ").unwrap();
    let (sqlite, others) = destinations.split_once("destination webhook: ").unwrap();
    assert!(sqlite.starts_with("writes the hit, changed\n  {\"id\":"), "{text}");
    assert!(sqlite.contains("\"title\":\"a") && !sqlite.contains("a.example"), "{text}");
    assert!(!sqlite.contains('\u{202e}'), "{text}");
    assert!(others.contains(r#""referrer":"https://a.example/""#), "{text}");
    assert!(others.contains(r#""properties":{"env":"prod"}"#), "{text}");
    assert!(others.trim_end().ends_with("destination file: refuses the hit (sampled)"), "{text}");
}

#[test]
fn the_visitor_is_described_as_scripts_in_the_browser_know_it() {
    let line_of = |more: &str, cookie: &str, destination: &str| {
        let toml = format!(
            "consent.policy = 'notice'\n{more}[[destination]]\ntype = 'ga-v1'\ntracking_id = 'UA-1-1'\njoin = true"
        );
        let headers = [("Host", "a.example"), ("Cookie", cookie), ("Sec-Fetch-Dest", destination)];
        let text = explained(&toml, "/", &headers, 200).to_string();
        text.lines().find(|line| line.starts_with("visitor: ")).unwrap().to_owned()
    };
    let line = |more: &str, cookie: &str| line_of(more, cookie, "document");
    let id = "07070707-0707-4707-8707-070707070707";
    assert_eq!(
        line("", "_ga=GA1.1.11.22"),
        format!("visitor: new, would be {id}; in the browser `_ga` says 11.22")
    );
    assert_eq!(
        line("", "_ga=GA1.1.11"),
        format!(
            "visitor: new, would be {id}; none of the cookies that `join` asks for tells its id in the browser"
        )
    );
    assert_eq!(
        line("", "_ga=GA1.1.11.22; trackside_consent=denied"),
        "visitor: none: without consent; the cookies that `join` asks for are not read without consent"
    );
    // A frame cannot show the notice, so that its visitor is given no cookie.
    let framed = line_of("track.fragments = true\n", "_ga=GA1.1.11.22", "iframe");
    assert!(
        framed.ends_with("the cookies that `join` asks for are not read of who has no cookie of trackside's"),
        "{framed}"
    );
}

#[test]
fn a_caller_of_an_api_is_described_as_its_hit_has_it() {
    let explanation =
        explained_with(Some(&DailyKey([7; 32])), "track.count = 'api'", "/", &[("Host", "a.example")], 200);
    let id = explanation.hits[0].hit.visitor().unwrap();
    let text = explanation.to_string();
    assert!(text.contains(&format!("visitor: cookieless, {id} until the end of the day (UTC)\n")), "{text}");
}

#[test]
fn a_new_visitor() {
    let explanation = explained(
        "consent.policy = 'notice'\ntrack.ignore = ['/admin/']",
        "/news/?utm_source=mail&session=1",
        &[("Host", "www.example.com"), ("Accept", "text/html")],
        200,
    );
    let expected = "\
verdict: tracked

rules:
  mode          yes                on
  method        yes                `GET`; counted: GET
  site          yes                `www.example.com`; counted: any
  path          yes                `/news/`: ignored by no pattern
  prefetch      yes                not announced as fetched ahead
  fragment      yes                a page (as no header says otherwise); counted: pages
  consent       yes                as configured
  upgrade       yes                the connection stays with HTTP
  not-found     yes                pages that are not found are not told apart
  status        yes                200; counted: 200, 304
  download      yes                downloads are not told apart
  content-type  yes                `text/html`; counted: text/html, application/xhtml+xml
  beacon        yes                no `beacon.path`

client:
  peer               203.0.113.9: the client, as no proxy is trusted
  address            203.0.113.9
  scheme             https, by the server
  host               www.example.com, by the Host header

visitor: new, would be 07070707-0707-4707-8707-070707070707

consent: told, not asked (recorded as configured)
  the host           says nothing
  sec-gpc            not sent
  dnt                not sent
  trackside_consent  not sent

notice: www.example.com uses a cookie to count visits.

headers to append:
  Set-Cookie: trackside=07070707-0707-4707-8707-070707070707.1784714400.1784714400.1784714400; \
HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=31536000
  Cache-Control: private

hit:
  {\"id\":\"019f8944-9100-7707-8707-070707070707\",\"kind\":\"page\",\"at\":1784714400000000,\
\"site\":\"www.example.com\",\"secure\":true,\"method\":\"GET\",\"path\":\"/news/\",\
\"query\":\"utm_source=mail\",\"status\":200,\"ip\":\"203.0.113.0\",\
\"visitor\":\"07070707-0707-4707-8707-070707070707\",\"new\":true,\"first_visit\":1784714400,\
\"session\":1784714400}

found by the worker:
  {\"bot\":{\"class\":\"empty\"},\"channel\":\"email\",\"source\":\"mail\",\"campaign\":{\"source\":\"mail\"}}

destination sqlite: writes the hit
";
    assert_eq!(explanation.to_string(), expected);
}

#[test]
fn every_rule_is_asked_and_nothing_of_a_skipped_request_is_sent() {
    let explanation = explained(
        "consent.policy = 'none'\ntrack.ignore = ['/admin/']",
        "/admin/\u{1b}[2J",
        &[("Host", "www.example.com"), ("Sec-Purpose", "prefetch")],
        404,
    );
    let expected = "\
verdict: skipped(ignored)

rules:
  mode          yes                on
  method        yes                `GET`; counted: GET
  site          yes                `www.example.com`; counted: any
  path          no (ignored)       `/admin/\\x1b[2J`: ignored by `/admin/`
  prefetch      no (prefetch)      fetched ahead: sec-purpose: `prefetch`
  fragment      yes                a page (as no header says otherwise); counted: pages
  consent       yes                as configured
  upgrade       yes                the connection stays with HTTP
  not-found     yes                pages that are not found are not told apart
  status        no (status)        404; counted: 200, 304
  download      yes                downloads are not told apart
  content-type  yes                `text/html`; counted: text/html, application/xhtml+xml
  beacon        yes                no `beacon.path`

client:
  peer               203.0.113.9: the client, as no proxy is trusted
  address            203.0.113.9
  scheme             https, by the server
  host               www.example.com, by the Host header

visitor: none

consent: nobody asks (recorded as configured)
  the host           says nothing
  sec-gpc            not sent
  dnt                not sent
  trackside_consent  not sent

notice: not due

headers to append: none

hits: none
";
    assert_eq!(explanation.to_string(), expected);
}

const GA4: &str = "
    track.bots = 'keep'
    visitor.identity = 'none'
    [[destination]]
    type = 'ga4'
    measurement_id = 'G-ABC123DEF4'
    api_secret = 'env:SECRET'
    ip = 'full'
    [[destination]]
    type = 'ga-v1'
    tracking_id = 'UA-1-1'
    url = 'https://stats.example.com/collect'
    ip = 'full'
";

#[test]
fn a_request_is_shown_without_its_secrets() {
    let toml = GA4.replace("visitor.identity = 'none'", "consent.policy = 'none'");
    let text = explained(&toml, "/", &[("Host", "www.example.com")], 200).to_string();
    let url = "https://www.google-analytics.com/mp/collect?measurement_id=G-ABC123DEF4&api_secret=***";
    assert!(text.contains(&format!("\ndestination ga4: sends the request\n  POST {url}\n")), "{text}");
    assert!(!text.contains("s3cret"));
}

#[test]
fn a_destination_refuses_what_it_could_not_count() {
    let text = explained(GA4, "/", &[("Host", "www.example.com")], 200).to_string();
    assert!(text.contains("\ndestination ga4: refuses the hit (no-visitor)\n"), "{text}");
}
