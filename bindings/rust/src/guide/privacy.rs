//! What is stored and what is sent, field by field, in this version.
//!
//! The operator decides by the configuration; trackside itself sends nothing anywhere. What may not be stored
//! is cut before a hit is queued, so it is in no queue and no file either.
//!
//! # What a hit holds
//!
//! How much is known of a visitor depends on the mode:
//!
//! - **cookie**: `visitor.identity = "cookie"`, for a visitor who has the cookie, and where visitors are asked, has
//!   agreed;
//! - **cookieless**: `visitor.identity = "cookieless"`; and, with `"cookie"`, where no cookie may be set;
//! - **none**: `visitor.identity = "none"`;
//! - **asked**: `consent.policy = "opt-in"`, before the visitor has answered, with `consent.before` as it is by
//!   default, `"cookieless"`; or with `"anonymous"`. With `"skip"` nothing at all is recorded;
//! - **denied**: whoever has refused, with `consent.denied` as it is by default, `"anonymous"`. With `"skip"` nothing
//!   at all is recorded.
//!
//! Field by field, as the file sink names them; *yes* is the whole of it, a dash nothing. Fields that were not there,
//! such as the title of a page for which your code gives none, are in no hit.
//!
//! | field | cookie | cookieless | none | asked | asked, `anonymous` | denied |
//! | --- | --- | --- | --- | --- | --- | --- |
//! | `id` | yes | yes | yes | yes | yes | yes |
//! | `kind` | yes | yes | yes | yes | yes | yes |
//! | `at` | yes | yes | yes | yes | yes | yes |
//! | `site` | yes | yes | yes | yes | yes | yes |
//! | `secure` | yes | yes | yes | yes | yes | yes |
//! | `method` | yes | yes | yes | yes | yes | yes |
//! | `path` | yes | yes | yes | yes | yes | yes |
//! | `status` | yes | yes | yes | yes | yes | yes |
//! | `agent` | yes | yes | yes | yes | yes | yes |
//! | `language` | yes | yes | yes | yes | yes | yes |
//! | `query` | campaign | campaign | campaign | campaign | campaign, no click ids | campaign, no click ids |
//! | `referrer` | without query | without query | without query | without query | without query | without query |
//! | `ip` | its network | its network | its network | its network | — | — |
//! | `place` | its country | its country | its country | its country | — | — |
//! | `visitor` | yes | id of the day | — | id of the day | — | — |
//! | `new` | yes | — | — | — | — | — |
//! | `first_visit` | yes | — | — | — | — | — |
//! | `session` | yes | — | — | — | — | — |
//! | `cookieless` | — | true | — | true | — | — |
//! | `confined` | — | — | — | true | true | true |
//! | `ads` | — | — | — | — | — | — |
//! | `user_id` | yes | yes | yes | yes | — | — |
//! | `title` | yes | yes | yes | yes | yes | yes |
//! | `route` | yes | yes | yes | yes | yes | yes |
//! | `name` | yes | yes | yes | yes | yes | yes |
//! | `category` | yes | yes | yes | yes | yes | yes |
//! | `label` | yes | yes | yes | yes | yes | yes |
//! | `value` | yes | yes | yes | yes | yes | yes |
//! | `properties` | yes | yes | yes | yes | yes | yes |
//!
//! `id` is drawn at random, with the time in it (UUID v7). `place` is there
//! where `[geo]` says who knows it, in `country`, `region` and `city`, as finely as `privacy.geo` says; a worker that looks
//! it up has the address as it is recorded. `path`, up to 2,048 bytes, is what was asked for, and
//! `agent`, up to 1,024, is `User-Agent`; `language` is the first tag of `Accept-Language`. `visitor` is a random id
//! out of the cookie (UUID v4), `first_visit` and `session` are times out of it. `ads` is there when the visitor has
//! agreed to ads, which `opt-in` asks of the banner's cookie or of your code. What your code gives (`user_id`,
//! `title`, `route`, events with their `name`, `category`, `label`, `value`, and `properties`) is recorded as it is
//! given, but for the user's id: nothing that your code puts there is taken out again.
//!
//! Nothing else of a request is recorded: no other header but those of `[geo]`, no body, and no other cookie but those that
//! a destination asks for by [`join`](crate::config#one-visitor-in-the-browser-and-here), of visitors who allow it: of these
//! the id alone is kept, and told that destination. In paths and referrers, segments that look like an e-mail address or a token are recorded as `:email` and `:token`, unless `privacy.path = "full"`;
//! with `"anonymous"` those that look like an id are `:id`, and with `"route"` the route's template is recorded instead.
//! That is a guess by their looks: a path may hold other personal data if your site's paths do; `track.ignore` leaves such
//! out. With `privacy.query = "keep"` the values of secret names (`token`, `password`, `email` and their like) are `***`,
//! and so is a whole parameter whose name is itself an e-mail address or a token.
//! So are values that are e-mail addresses, unless it is `"raw"`; of a campaign whose parameter's name is one nothing is
//! recorded.
//! With `track.search`, what visitors search for on your site is recorded as `label`, of the page view and of an event.
//!
//! Who is told of it at all: `third_party` says which destinations somebody else runs.
//!
//! | told | cookie | cookieless | none | asked | asked, `anonymous` | denied |
//! | --- | --- | --- | --- | --- | --- | --- |
//! | your own store, file or code | yes | yes | yes | yes | yes | yes |
//! | third parties | yes | yes | yes | — | — | — |
//!
//! Settings leave more or less of some fields. Of `GET /news/?q=secret&gclid=c1&utm_source=mail`, which came from
//! `203.0.113.9` and a link on `https://r.example/x?q=secret`, and whose user your code calls `u-42`:
//!
//! | setting | `ip` | `query` | `referrer` | `user_id` |
//! | --- | --- | --- | --- | --- |
//! | the defaults | `203.0.113.0` | `gclid=c1&utm_source=mail` | `https://r.example/x` | `u-42` |
//! | `privacy.ip = "full"` | `203.0.113.9` | `gclid=c1&utm_source=mail` | `https://r.example/x` | `u-42` |
//! | `privacy.ip = "none"` | — | `gclid=c1&utm_source=mail` | `https://r.example/x` | `u-42` |
//! | `privacy.query = "keep"` | `203.0.113.0` | `q=secret&gclid=c1&utm_source=mail` | `https://r.example/x?q=secret` | `u-42` |
//! | `privacy.query = "drop"` | `203.0.113.0` | — | `https://r.example/x` | `u-42` |
//! | `visitor.user_id = "hashed"` and `visitor.secret = "correct horse battery staple"` | `203.0.113.0` | `gclid=c1&utm_source=mail` | `https://r.example/x` | `01a47a0e4f7717dbca14b5d1dc13917d` |
//!
//! The project's tests run all this, and compare what is recorded with these tables.
//!
//! # The id of the day
//!
//! Without a cookie, visitors are told apart by a hash of the site, their address and their agent, under a key that
//! is another one each day. What it is made of is recorded only as far as the table says. As long as the key is
//! there, whoever has it and knows an address and an agent can find their hits: **until then the id is personal data,
//! not anonymous**, like the address that it is made of. With `visitor.keys` a file, the default, each day's key is
//! drawn at random and destroyed at most 48 hours after it was drawn; then nobody can tell whose an id was, and an id
//! never meets the same visitor's id of another day. With `keys = "derived"` whoever has `visitor.secret` can make
//! every key again. [What becomes of the file](crate::keys).
//!
//! A hashed user id is a pseudonym: who has `visitor.secret` and a list of ids can tell which is which.
//!
//! # What the browser gets
//!
//! With `visitor.identity = "cookie"`, the default, one first-party cookie, `trackside`: the visitor's id,
//! the time of the first visit, of the session's start and of the last seen page. It lasts for a year from
//! the first visit (`visitor.cookie.max_age`), is not for scripts (`HttpOnly`) and is not sent along from other
//! sites' forms and frames (`SameSite=Lax`). It is never set on an error, a HEAD, a 304, or a response that
//! shared caches may keep; where a response does not say whether they may, `Cache-Control: private` goes out
//! with it. In all other modes, and with `track.count = "api"`, no cookie is set.
//!
//! Who answers the banner's form gets a cookie with the answer, `trackside_consent` (the visitor cookie's name with `_consent`
//! behind it): `granted`, `granted.ads` or `denied`, the same for all who answer so. The
//! [form](mod@crate::endpoint::consent) is there with `consent.path`; a banner of your own may set that cookie, or your
//! code may say what a visitor has allowed.
//!
//! The visitor cookie is deleted when the form is sent to `POST …withdraw` below `consent.path`, or when your code
//! answers with the headers of [`consent::withdraw`](crate::consent::withdraw). No script can delete it, as it is
//! `HttpOnly`; but that of your own banner may send the request:
//! `fetch("/consent/withdraw", { method: "POST" })`. A banner that only sets `trackside_consent` to `denied`, a refusal
//! that your code tells of, and `consent.gpc = "strict"` make all hits anonymous, and **leave the visitor cookie in the
//! browser until it expires**: who grants later is the same visitor as before.
//!
//! Whether visitors have to be told or asked is for their law to say; that is why `consent.policy` has no
//! default, and nothing here says what a law asks for. `Sec-GPC` and `DNT` are minded as `consent.gpc` and
//! `consent.dnt` say: by default third parties are told nothing of who sends the former, and the latter is ignored.
//!
//! # How it goes away
//!
//! `keep = "25 months"` has the embedded store delete what is older, and what is deleted is written over with zeros. It
//! does so after it has stored hits, within an hour: a site that nobody visits keeps what it has. The zeros reach the
//! file at once, as the log is brought into it after each sweep; where somebody reads the store just then, that is left
//! for the next sweep, an hour later.
//!
//! `trackside forget ID` deletes all hits of a visitor, by the id or by the value of its cookie, or with `--user` of a
//! user, and rewrites the store, so that neither it nor its log holds a trace. Files of JSON lines, backups, and what
//! others were sent are out of its reach. The command is for sites in Python and C, too: in the checkout
//! `cargo install --locked --path bindings/cli` installs it, or copy the program that was built.
//!
//! # When a visitor asks for it
//!
//! What is held of a visitor is found by the id, and that stands in the visitor's own cookie: in `trackside`, what is
//! before the first dot. **Note it before the consent is withdrawn**, which deletes the cookie; afterwards nobody can
//! tell which hits were whose, unless they have a user's id.
//!
//! - Access: ask the store, from another process than the [server's](crate::guide::running#the-store). The id is
//!   written without hyphens: `sqlite3 -line trackside.db
//!   "SELECT * FROM hit WHERE visitor = x'5b2a9c0e54a04a369f0e3a2a7a1b9d11'"`; of a user `WHERE user_id = 'u-42'`.
//! - Erasure: `trackside forget`, with the id or the cookie's value, or with `--user` and the user's id. A hit keeps
//!   256 bytes of a user's id: users whose ids have these in common are one, and all of them are forgotten.
//! - Without a cookie there is the [id of the day](#the-id-of-the-day) at most. Nobody knows which it was, unless the
//!   key is there still, or can be made again.
//!
//! # Who can read it
//!
//! Files of hits and keys are for their owner alone (mode 0600) where trackside makes them: the store with its log and
//! index (`-wal`, `-shm`), the file of JSON lines, the keys and the spool. A store or a file of lines that is there
//! keeps its mode, so that you may let others read: by `chmod 640`, or by logrotate's `create 0640 www-data adm`, with
//! the user of your server. Of a store it is `chmod 640 trackside.db*`; others can read it as long as a process has it
//! open, as without one SQLite would have to make the index first.
//!
//! # The beacon
//!
//! With `beacon.path`, a script of less than 1 KB and an image are loaded from your own site by the pages that hold
//! them. They report path, query, referrer, title and status of the page, which pass the same rules as a request for
//! the page would, and keep nothing in the browser. See [`caches`](crate::guide::caches).
//!
//! # What each destination gets
//!
//! | type | gets |
//! | --- | --- |
//! | `sqlite` | every field above, in a file of yours; `keep` has old hits deleted |
//! | `file` | every field above, as a line of JSON in a file of yours or on the standard output |
//! | `callback` | every field above, as a [sink of yours](crate::guide::own_sink) sees it |
//! | `celery` | the parameters of `ga-v1`, through a broker of yours, for the task to post to `url`: a third party, unless you say `third_party = false` |
//! | `ga4` | a third party, unless `url` is yours. The visitor as a number made of its id, user id, session, time, the page's address with site, path and recorded query, referrer, title, language, agent, address (the place where there is none), events and properties; as consent, that ads' data and personalisation are denied. Not the method, status, route and first visit. [Each parameter](crate::protocol::ga4) |
//! | `ga-v1` | a third party, unless `url` is yours. The visitor's id, user id, time, site, path without its query (with `page = "dl"` the whole address, its recorded query among it), referrer, title, language, agent, address (the country where there is none), campaign, events, and the properties that `dimensions` and `metrics` name; of failures whether they were fatal, of sales what they earned. Not the method, status, route, session and first visit. [Each parameter](crate::protocol::ga_v1) |
//! | `matomo` | a third party, unless `url` is yours. The first 64 bits of the visitor's id, user id, time, the page's address with site, path and recorded query, referrer, title, language, agent, address (the place where there is none; neither without a token), events, and the properties that `dimensions` names. Not the method, status, route, session and first visit. [Each parameter](crate::protocol::matomo) |
//! | `plausible` | a third party, unless `url` is yours. The address and the agent, by which it tells visitors apart; the page's address with site, path and recorded query, referrer, events and properties. Not the visitor's id, user id, session, title, language and the hit's time. [Each key](crate::protocol::plausible) |
//! | `posthog` | a third party, unless `url` is yours. The user's id or the visitor's, session, time, the page's address with site, path and recorded query, referrer, title, language, agent, address (the place where there is none), campaign, events and properties. [Each field](crate::protocol::posthog) |
//! | `segment`, `rudderstack` | third parties, unless `url` is yours. The same, and the visitor's id beside the user's. [Each field](crate::protocol::segment) |
//! | `webhook` | every field above, at the address that you give: a third party, unless you say `third_party = false`. [Each field](crate::guide::receivers::webhook) |
//! | `umami` | a third party, unless you say `third_party = false`. The user's id or the visitor's, time, site, path and recorded query, referrer, title, language, agent, address, and of events name and properties. Not the session. [Each field](crate::protocol::umami) |
//! | `goatcounter` | a third party, likewise. A session's id, time, path and recorded query, referrer, title, language, agent, address (the country where there is none), and of events name and label. Not the user, properties and site. [Each field](crate::protocol::goatcounter) |
//! | `snowplow` | a third party, likewise. Visitor, user, session, time, the page's address, referrer, title, language, agent, address, events, and with `properties_schema` the properties. [Each field](crate::protocol::snowplow) |
//!
//! What a destination is told of the address can be narrowed or widened for it alone by its `ip`. Hits
//! without a visitor are refused by `ga4`, and without a user, too, by `ga-v1`, `celery`, `posthog`, `segment` and
//! `rudderstack`, which could not count them.
//!
//! # What the log gets
//!
//! Verdicts at debug level name the method and the target of the request, its query included: keep that
//! level for yourself. Secrets of the configuration are never shown.
