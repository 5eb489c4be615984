//! Behind a cache: a CDN, Varnish, nginx, or a cache of the server's own.
//!
//! A cache answers in place of the server, which then sees only some of the views. And what a cache keeps it
//! gives to everybody: a visitor's cookie must not be in it.
//!
//! # What is set when
//!
//! | the response says | cookie | counted by |
//! | --- | --- | --- |
//! | `private` or `no-store` | set when due | the server |
//! | nothing that would settle it: no freshness, no `private`, no `no-store` | set when due, together with `Cache-Control: private` | the server |
//! | `public`, `s-maxage`, or a positive `max-age` or `Expires`, without `private` and `no-store` | never set | without a beacon, the server: the views that reach it; with one, the beacon: all |
//! | a positive age in `CDN-Cache-Control` or `Surrogate-Control` (RFC 9213), without `private` and `no-store` in that same header | never set | likewise |
//!
//! Nothing else is ever added to a response, `Vary` least of all: what a cache keeps, and how often it
//! answers, stays as it is without trackside. A page that is counted without a cookie being set holds a known
//! visitor's id all the same, as that is read from the request.
//!
//! A page that shows a banner to those who have not answered is another one for each of them: say `Cache-Control: private`
//! on it where a cache might keep what says nothing. In Django trackside does, as it shows the banner there.
//!
//! # The beacon
//!
//! ```toml
//! [beacon]
//! path = "/t/"    # any path of your site that is free; not one that blockers look for
//! ```
//!
//! Then trackside answers below that path itself, and the page that holds this markup is counted by the
//! browser's report:
//!
//! ```html
//! <script defer src="/t/s.js"></script>
//! <noscript><img src="/t/" width="1" height="1" alt=""></noscript>
//! ```
//!
//! `Visit::beacon` of the features `tower`, `axum` and `actix` gives it to a template:
//!
#![cfg_attr(feature = "tower", doc = "```")]
#![cfg_attr(not(feature = "tower"), doc = "```ignore")]
//! use trackside::Visit;
//!
//! fn page(visit: &Visit) -> String {
//!     format!("<!doctype html><title>News</title>{}", visit.beacon().unwrap_or_default())
//! }
//! # assert_eq!(page(&Visit::default()), "<!doctype html><title>News</title>");
//! ```
//!
//! Each view is counted once: with a beacon, a page that shared caches may keep is skipped(`beacon`) by the
//! server, and so is every page that got its markup from that call. By hand, write the markup only into pages
//! that shared caches may keep, or with `data-counted` on the script into those that never are kept.
//! [`endpoint::beacon`](crate::endpoint::beacon) tells why, and what the reports hold.
//!
//! The script is less than 1 KB, keeps nothing in the browser, and reports to its own origin alone. A Content
//! Security Policy needs `script-src 'self'`, `connect-src 'self'` and `img-src 'self'`, no more. Routes of
//! applications that draw their own pages (`pushState`) are views, too; a change of the fragment alone is none.
//!
//! With `consent.policy = "notice"` give the page a place where new visitors are told:
//!
//! ```html
//! <p id="trackside-notice" role="status" hidden></p>
//! ```
//!
//! Without it, a visitor that has no cookie yet gets none from the beacon.
//!
//! # Recipes
//!
//! The beacon's path must reach the server, with cookies and query; its answers are `private, no-store`, so
//! most caches need no rule for it. The script may be kept, and says so. Where the beacon counts all pages,
//! `visitor.cookie.path = "/t/"` keeps the cookie from all other requests.
//!
//! ## Varnish
//!
//! By its own rules Varnish keeps no response that sets a cookie, and looks up no request that has one. The first
//! is right; by the second no returning visitor gets a page from the cache, whoever has set the cookie. So that
//! pages come from the cache all the same, and the server sees the cookie where they do not:
//!
//! ```text
//! sub vcl_recv {
//!     if (req.url ~ "^/t/") { return (pass); }
//!     set req.http.X-Cookie = req.http.Cookie;
//!     unset req.http.Cookie;
//! }
//! sub vcl_backend_fetch {
//!     if (bereq.http.X-Cookie) { set bereq.http.Cookie = bereq.http.X-Cookie; }
//!     unset bereq.http.X-Cookie;
//! }
//! ```
//!
//! This is for sites whose pages are the same for everybody unless they say `private` or `no-store`.
//!
//! ## nginx
//!
//! `proxy_cache` keeps no response with `Set-Cookie`, or with `private` or `no-store`; do not switch that off
//! by `proxy_ignore_headers`. A cookie of the request does not matter to it.
//!
//! ```text
//! location /t/ {
//!     proxy_pass http://app;
//!     proxy_set_header Host $http_host;
//! }
//! location / {
//!     proxy_pass http://app;
//!     proxy_set_header Host $http_host;
//!     proxy_cache pages;
//! }
//! ```
//!
//! By `proxy_cache_valid`, as by Varnish's `default_ttl`, pages are kept that say nothing themselves. Such a page
//! carries `private` whenever it sets the cookie, so nobody gets another's; but its views that the cache answers
//! are counted by nobody, as neither the server nor the beacon knows of them. Let pages say what they are.
//!
//! ## A CDN
//!
//! A rule that bypasses the cache for `/t/*`, and no "cache everything" that overrides `private`: a CDN that
//! is told to keep what the server forbids also keeps cookies, whoever sets them. Say what it may keep in
//! `CDN-Cache-Control` or `Surrogate-Control` if browsers are to be told something else. Headers that one provider alone
//! reads (`Cloudflare-CDN-Cache-Control`, `Vercel-CDN-Cache-Control`, `Edge-Control`, `X-Accel-Expires` …) are not looked
//! at: with one of them such a page may set a cookie.
