//! The one configuration: its keys, and the final types, which hold only what has been checked.
//!
//! It is read from TOML, JSON, the environment or a typed [`Builder`], in layers that override each other
//! key by key; all of them have the same keys and pass the same checks. Unknown keys are mistakes, and all
//! mistakes are told at once ([`ConfigError`]).
//!
//! ```
//! use trackside_core::config::{Config, Mode, Policy};
//!
//! let config = Config::builder()
//!     .toml(
//!         r#"
//!         site = ["www.example.com"]
//!         consent.policy = "notice"
//!         track.ignore = ["/admin/", "/feeds/*"]
//!
//!         [[destination]]
//!         type = "sqlite"
//!         keep = "25 months"
//!         "#,
//!     )
//!     .env([("TRACKSIDE__MODE".to_owned(), "dry-run".to_owned())])
//!     .build()?;
//! assert_eq!(config.mode(), Mode::DryRun);
//! assert_eq!(config.consent(), Policy::Notice);
//! # Ok::<(), trackside_core::config::ConfigError>(())
//! ```
//!
//! # How values are written
//!
//! | | |
//! | --- | --- |
//! | duration | a text: a whole number and `ms`, `s`, `m`, `h` or `d` (24 h), as `"200ms"`; up to `"36500d"` |
//! | size | a text: a whole number and `B`, `KiB`, `MiB` or `GiB` (powers of 1,024), as `"16MiB"`; or a number of bytes; from 1 byte to 1,024 GiB |
//! | number | an integer; in the environment its digits may be grouped as in TOML, `10_000` |
//! | secret | a text: the secret itself, `"env:NAME"` or `"file:PATH"`, which [`Builder::secrets`] looks up; one line, not empty; the newline at a file's end is cut |
//! | path pattern | a text; without `*` covers what begins with it; with `*`, which stands for any run of bytes, `/` included, it covers a whole path. At most 65,536 a list, of 2,048 bytes each |
//!
//! A document may have 8 MiB. JSON has neither `null` nor a key given twice, as TOML has neither. In the
//! environment the key `visitor.cookie.name` is `TRACKSIDE__VISITOR__COOKIE__NAME`, and the `url` of the
//! first destination `TRACKSIDE__DESTINATION__0__URL`; an index may change an entry of an earlier layer's
//! list or be the next one, no more.
//!
//! # Top level
//!
//! | key | default | meaning |
//! | --- | --- | --- |
//! | `mode` | `"on"` | `"dry-run"`: verdicts as usual, but no headers and no hits; `"off"`: every request is skipped(`off`). The rest is checked all the same |
//! | `site` | `[]` | list of the host names that count; others are skipped(`unknown-site`), as are targets that begin with no `/`; none: whatever host the request names. A host name alone; lower case and the root's dot do not matter |
//! | `shutdown` | `"5s"` | duration above zero; how long the process waits for delivery at its exit |
//!
//! # `[visitor]`
//!
//! | key | default | meaning |
//! | --- | --- | --- |
//! | `identity` | `"cookie"` | how visitors are told apart: by a first-party cookie; `"cookieless"`, by a hash of site, address and agent under a key that is another one every day; or `"none"`, not at all. With `"cookie"`, a hit whose visitor cannot be given one takes the cookieless id |
//! | `keys` | `"trackside.keys"` | where the key of each UTC day comes from, under which visitors without a cookie are told apart for that day: the path of a file that holds it, shared by all processes that can reach it; or `"derived"`: from `secret`, for hosts without a common disk. Who has the secret can compute the keys of all days, past ones too; those of a file are drawn at random, and gone after 48 h |
//! | `secret` | none | secret of at least 16 bytes; needed for `keys = "derived"` and `user_id = "hashed"` |
//! | `user_id` | `"plain"` | what is recorded of a user's id that the host gives: the id; or `"hashed"`: the first 128 bits of its HMAC-SHA256 under `secret`, as 32 hex digits |
//! | `session_timeout` | `"30m"` | duration of at least 1 s. A pause that is more than a tenth longer ends a session, one that is no longer does not; in between it depends on when the cookie, which is written at most once in a tenth of this, was written last |
//!
//! # `[visitor.cookie]`
//!
//! | key | default | meaning |
//! | --- | --- | --- |
//! | `name` | `"trackside"` | token (RFC 6265 §4.1.1) of at most 256 bytes; `__Host-` and `__Secure-` ask of the other keys what browsers ask: `"__Host-trackside"` is a cookie that no other host, and nobody without https, can set |
//! | `path` | `"/"` | begins with `/`, printable ASCII without `;`, at most 1,024 bytes; on pages outside of it browsers send no cookie, so that each of their views is a new visitor's: leave them out with [`track.only`](#track) |
//! | `domain` | `""` | a host name, whose subdomains get the cookie too, that of a `site` or above it; empty: the site's own host alone |
//! | `max_age` | `"365d"` | duration of at least 1 s, from the first visit; over 400 days (RFC 6265bis §5.5) it is clamped, with a [warning](Config::warnings) |
//! | `renew` | `false` | `true`: `max_age` counts from the last visit |
//! | `same_site` | `"lax"` | or `"none"`, with which `secure = "auto"` means always, and `secure = false` is a mistake; or `"strict"`: browsers send no such cookie when somebody follows a link from another site, so that each who comes by one is a new visitor |
//! | `http_only` | `true` | whether scripts cannot read it |
//! | `secure` | `"auto"` | `"auto"`: when the host or a trusted proxy says that the client came by https, and always where browsers refuse the cookie without; or `true` or `false` |
//!
//! # `[consent]`
//!
//! | key | default | meaning |
//! | --- | --- | --- |
//! | `policy` | none | `"notice"`: visitors are told on their first page, and get no cookie from what is none, such as JSON or a frame; `"opt-in"`: they are asked, on every page until they answer, and get a cookie when they agree; `"opt-out"`: they are told, and may refuse; `"none"`: nothing is asked for. It depends on the visitors' law and so must be written where `identity` is `"cookie"` and `count` is `"pages"`; elsewhere it is `"none"`, and cannot be `"notice"`, since there is no cookie to tell of. Who is heard first: [`consent`](crate::visitor::consent) |
//! | `before` | `"cookieless"`; where `identity` is not `"cookie"`, `"anonymous"` | with `"opt-in"`, what is recorded of a visitor who has not answered: a hit with the cookieless id; `"anonymous"`, one without id, session, user, address, place and click ids; or `"skip"`, nothing: skipped(`consent`). Third parties are told of neither: they refuse it (`no-consent`) |
//! | `denied` | `"anonymous"` | what is recorded of a visitor who has refused: as above, or `"skip"` |
//! | `gpc` | `"honour"` | what `Sec-GPC: 1` means: that ads are refused, and third parties not told; `"strict"`, that the visitor has refused altogether; or `"ignore"`, nothing |
//! | `dnt` | `"ignore"` | the same for `DNT: 1` |
//! | `notice` | `"{site} uses a cookie to count visits."`; with `"opt-in"`, `"May {site} count your visits?"` | the notice; `{site}` stands for the site's name. 1 to 4,096 bytes |
//! | `path` | none: nobody is answered | where visitors [grant and withdraw](mod@crate::endpoint::consent): below it `POST …grant` and `POST …withdraw` are answered, which the banner's form sends. As `beacon.path`, and it may be the same |
//! | `allow` | `"Allow"` | what stands on the banner's button that grants, 1 to 200 bytes |
//! | `refuse` | `"Do not allow"` | what stands on the banner's button that withdraws, 1 to 200 bytes |
//!
//! # `[track]`
//!
//! | key | default | with `count = "api"` | meaning |
//! | --- | --- | --- | --- |
//! | `count` | `"pages"` | | the preset of the keys below; `"api"` sets no cookie and shows no notice |
//! | `ignore` | `[]` | `[]` | list of paths that are skipped(`ignored`): `"/admin/"` is all that begins so; with `*`, which stands for any run of characters, slashes too, the whole path is meant: `"*/feed"`. `["/admin/", "*/admin"]` is `/admin` and all below it |
//! | `only` | `[]` | `[]` | list of such paths; if there are any, others are skipped(`not-only`) |
//! | `status` | `["200", "304"]` | `["2xx"]` | list of the statuses that count: `"200"`, `200`, `"2xx"` or `"200-299"` |
//! | `methods` | `["GET"]` | all but HEAD and OPTIONS | list of the methods that count; their case matters (RFC 9110 §9.1) |
//! | `content_types` | `["text/html", "application/xhtml+xml"]` | any | list of the types that count, without parameters; a page that a script puts in the place of the one shown (Turbo Drive, htmx with `HX-Boosted` or restoring its history, Inertia, Unpoly for a whole layer, Livewire's navigation, pjax, swup) counts whatever its type |
//! | `downloads` | `[]` | `[]` | list of what is no page view but an event of its own (skipped(`download`)): `"attachment"`, whatever `Content-Disposition` wants to be saved; a file name's extension, such as `"pdf"`, unless the response is HTML; a content type; or `"common"`, which stands for `"attachment"` and the extensions of the usual documents, archives, programs, audio and video. Only statuses that count (`status`) are looked at, so that the later pieces of a file (206) are none. The event has the kind and the name `download`, and the file's path; GA4 is told `file_download` |
//! | `not_found` | `false` | `false` | whether a 404, whatever `status` says, is an event of its own (skipped(`not-found`)) of the kind and the name `not-found`, with path and referrer; GA4 is told `page_not_found` |
//! | `search` | `[]` | `[]` | list of the parameters that tell what was searched for on the site, such as `"q"`: the first that is given names the term, which the page view carries as its label, whatever `privacy.query` says, and which an event of the kind and the name `search` carries after it; GA4 is told `view_search_results`. A term that looks like an e-mail address or a token is `***` |
//! | `canonical` | `false` | `false` | whether one spelling is recorded of paths that mean the same: escapes (RFC 3986 §6.2.2), dot segments, `//`. Case and a slash at the end are left alone; `ignore` and `only` look at the path as it came, decoded once |
//! | `fragments` | `false` | `true` | whether parts of pages count too: what a script fetches for itself (Turbo's frames, other requests of htmx and Unpoly, Livewire's updates, React Server Components, XMLHttpRequest and fetch), frames, images and what else is not shown as a page; else they are skipped(`fragment`) |
//! | `bots` | `"separate"` | `"keep"` | hits of programs: `"separate"`: marked as such, and refused(`bot`) by receivers that cannot mark them (ga4, ga-v1, celery); `"drop"`: refused(`bot`) everywhere; `"keep"`: nobody looks |
//! | `bots_allow` | `[]` | `[]` | list of texts; an agent that has one of them anywhere, in whatever case, is a person's. `*` stands for anything between its pieces. At most 1,000, of 256 bytes each |
//! | `bots_deny` | `[]` | `[]` | list of such texts; an agent that has one of them is a bot's, unless it is allowed |
//! | `bots_list` | none: the list that came with this version | none | the path of a list of crawlers to look for instead: a file as `crawler-user-agents.json` of <https://github.com/monperrus/crawler-user-agents> is, a JSON list of objects with a `pattern` (a regular expression, whose case matters) and perhaps `tags`; at most 20,000 patterns of 1,000 bytes. Read when the tracker is opened (not with `mode = "off"`): a file that cannot be used is an error then. AI agents and what calls itself a robot are told apart without it |
//!
//! What is written wins over the preset.
//!
//! # `[privacy]`
//!
//! | key | default | meaning |
//! | --- | --- | --- |
//! | `ip` | `"masked"` | what is recorded of the client's address: its network (IPv4 /24, IPv6 /48), `"full"` or `"none"` |
//! | `query` | `"campaign"` | what is recorded of the query: what names a campaign; `"keep"`: all, with `***` for the values of secret names (`token`, `password`, `key`, `code`, `session`, `email` and their like), for tokens without a name and for pairs whose name is a token or an e-mail address; `"raw"`: all as it is; or `"drop"`: nothing. But for `"raw"`, a value that is an e-mail address is `***`; a campaign's parameter with such a name is left out. Of the referrer's query only `"keep"` and `"raw"` record anything |
//! | `path` | `"redacted"` | what is recorded of the path, and of the referrer's. `"full"`: all; `"redacted"`: segments that look like an e-mail address or a token (32 characters or more) become `:email` and `:token`, the values of `;jsessionid=…` and its like `***`; `"anonymous"`: ids, too (UUIDs, six figures or more, random texts of 12 characters or more), become `:id`; `"route"`: the route's template, where the host tells it, else as `"anonymous"`. What a link gives away to its holder is nothing to keep, while a page's id is what tells it from the others: hence the default |
//! | `geo` | `"country"` | what is recorded of where the visitor is, if `[geo]` says who knows it: `"country"`; `"region"`, that and the part of the country; `"city"`, the city too; or `"none"`. A small place tells more of a person than a large one. Of a visitor who is anonymous nothing is recorded |
//!
//! # `[beacon]`
//!
//! | key | default | meaning |
//! | --- | --- | --- |
//! | `path` | none: there is no beacon | where [pages report their views](crate::endpoint::beacon) that caches answer: begins and ends with `/`, and is not `/` itself; letters, digits, `-`, `.`, `_`, `~` and `/`; at most 256 bytes; not with `track.count = "api"`. A name that blockers' lists have, such as `/analytics/`, is a bad one |
//!
//! # `[proxy]`
//!
//! The operator's own proxies, whose word on the client's address, scheme and host is taken. Nobody is trusted
//! until named: anybody can write a forwarding header.
//!
//! | key | default | meaning |
//! | --- | --- | --- |
//! | `trusted` | `[]` | list of networks (`"10.0.0.0/8"`, `"2001:db8::/32"`), addresses, `"private"` (loopback, RFC 1918, link-local and IPv6 unique local addresses) and `"unix"` (a peer without an address). Where the peer is among them, the header is walked from the right, past those who are among them too |
//! | `hops` | `0` | instead of `trusted`: how many of the operator's own proxies each request passes, 1 to 100; the peer is the nearest of them. It is for proxies without fixed addresses, where nobody can go round them |
//! | `header` | `"x-forwarded-for"` | the one header that is read of the address: a list (`"x-forwarded-for"` or `"forwarded"`, RFC 7239), or one that the proxy sets to a single address: `"cf-connecting-ip"`, `"do-connecting-ip"`, `"fastly-client-ip"` (only where your VCL sets it: Fastly takes a client's), `"fly-client-ip"`, `"true-client-ip"`, `"x-azure-clientip"`, `"x-client-ip"`, `"x-envoy-external-address"`, `"x-nf-client-connection-ip"` or `"x-real-ip"`. The scheme and the host come from the same element of `Forwarded`, beside the other headers from `X-Forwarded-Proto` and `X-Forwarded-Host` |
//!
//! An entry that is no address ends the walk: the client's address is then the last that a trusted proxy has
//! vouched for, or the peer's.
//!
//! # `[geo]`
//!
//! Who knows where the visitor is. Nobody is asked by default. What a trusted proxy tells comes first, then the file.
//!
//! | key | default | meaning |
//! | --- | --- | --- |
//! | `cdn` | none | whose headers tell of it: `"app-engine"`, `"cloudflare"`, `"cloudfront"` or `"vercel"` ([their names](Cdn::headers)). They are believed where the peer is a trusted proxy (`[proxy]`), and of those that come twice nobody is |
//! | `country` | none | instead of `cdn`: the name of the header in which your proxy tells of the country, by its ISO 3166-1 code of two letters |
//! | `region` | none | with `country`: the header of its part, by its ISO 3166-2 code, with the country's in front or not |
//! | `city` | none | with `country`: the header of the city's name, in UTF-8, percent-encoded or not |
//! | `file` | none | the path of a MaxMind DB file (GeoLite2 or GeoIP2 Country or City, DB-IP's, …), where the address is looked up as far as it is recorded: of a network by default, and with `ip = "none"` not at all. It is read when the tracker is opened (not with `mode = "off"`), into memory, and again within a minute after another file was moved to its place; a file that cannot be used is an error when the tracker is opened, later a warning in the log. It takes a build with the feature `geo` |
//!
//! # `[spool]`
//!
//! Where hits are kept for destinations with `spool = "always"` or `"overflow"`. Nothing else is in it than what the
//! receiver is told, or would be without `set` and `drop`, and with another's `join` what that is told, as a record is one
//! for all. If it cannot be written, hits stay in memory, and the log says so.
//!
//! | key | default | meaning |
//! | --- | --- | --- |
//! | `dir` | `"trackside-spool"` | the path of a folder on a disk of this machine, which is made if it is missing, for its owner alone; several processes may share it |
//! | `bytes` | `"1GiB"` | size of at least `"1MiB"`; how much a process may keep there, what it took over from others included; beyond that hits stay in memory |
//! | `fsync` | `"never"` | when what was written is sure to outlive the machine, too: when the system sees fit; an interval, as `"1s"`; or `"always"`, within milliseconds, which costs the disk much. No request waits for it |
//!
//! # `[[destination]]`
//!
//! Where hits go; each has its own queue and workers. None configured: one of type `sqlite`.
//!
//! | key | default | meaning |
//! | --- | --- | --- |
//! | `type` | required | `"sqlite"`, `"file"`, `"ga4"`, `"ga-v1"`, `"callback"` or `"celery"`; or one of [the others](crate::protocol#the-receivers), or of [the host's own](Builder::receiver) |
//! | `name` | the type | names the ledger's row; unique; 1 to 64 of A-Z, a-z, 0-9, `.`, `_` and `-`, not dots alone |
//! | `ip` | `privacy.ip` | what this destination is told of the client's address. For a receiver that tells visitors apart by it, as plausible does, it must be written, and is not `"none"` |
//! | `only.hits` | `[]` | list of what this destination takes: `"page"`, `"event"` (those of the host's), `"download"`, `"not-found"` or `"search"`, or events by name, as `"event:purchase"` or, where `*` stands for any run of characters, `"event:cart_*"`; none: everything. What it does not take it refuses(`filtered`) |
//! | `only.sites` | `[]` | list of the host names whose hits it takes; none: all |
//! | `only.visitors` | `100` | of how many of a hundred visitors it takes the hits, 1 to 100: of each visitor all or none, the same at every destination; a hit without a visitor is one of its own. The others it refuses(`sampled`) |
//! | `set.agent`, `set.category`, `set.label`, `set.language`, `set.name`, `set.path`, `set.query`, `set.referrer`, `set.route`, `set.title`, `set.user_id` | none | what this destination puts in place of a field of each hit, for itself alone: a text in one line that is not empty, no longer than a hit has it; of a page view not `category`, `label` and `name`, which are an event's |
//! | `set.properties` | `{}` | table of the properties that it puts into each hit, as `{ env = "prod" }`: texts of up to 1,024 bytes, numbers, or truth values; at most 64 |
//! | `drop` | `[]` | list of what it takes out of each hit: `"agent"`, `"category"`, `"label"`, `"language"`, `"query"`, `"referrer"`, `"route"`, `"title"`, `"user_id"`; `"visitor"`, with session and user id; or properties by name, as `"properties.plan"` |
//! | `third_party` | `false` for sqlite, file and callback, else `true` | whether somebody else runs it |
//! | `workers` | `"auto"`, for celery 1 | how many threads deliver, 1 to 64. `"auto"`: 1 where a request holds a batch; up to 8, started on demand, where it holds one hit or one visitor |
//! | `queue.hits` | `10_000` | how many hits wait at most, 1 to 1,000,000; not below `batch.hits` |
//! | `queue.bytes` | `"16MiB"` | size; how many bytes wait at most; not below `batch.bytes` nor below 64 KiB, the largest hit |
//! | `queue.when_full` | `"drop-newest"` | what gives way: the hit that comes, or, with `"drop-oldest"`, the one that has waited longest; with a spool, only where that has no room either, and of what waits in memory |
//! | `queue.important` | `[]` | the names of the events, such as `["purchase"]`, that travel in a second queue of a tenth of both bounds: they are delivered before all others, and never give way to one that comes. Not with `spool = "always"`: on the disk all hits wait in their order |
//! | `batch.hits` | `100` | how many hits a batch holds at most; never above the receiver's limit (ga4 25, ga-v1 and celery 1, [the others](crate::protocol#the-receivers)), and the default not above `queue.hits` |
//! | `batch.bytes` | `"256KiB"` | size; how many bytes of records a batch holds at most |
//! | `batch.age` | `"200ms"` | duration; how long the first hit waits for others. For `goatcounter`, which takes few requests, `"2s"` |
//! | `timeout` | `"10s"` | duration above zero; how long one attempt over the network may take |
//! | `max_age` | `"1h"`, with a spool `"72h"` | duration above zero; up to which age a hit is tried again, and up to which it is tried at all if it comes from the spool; then it is dropped(`expired`) |
//! | `after_unknown` | `"drop"` | what becomes of hits of which nobody knows whether they arrived, as the connection broke or the receiver failed in the midst of it: dropped(`ambiguous`), or, with `"resend"`, sent again, so that some may count twice. The store knows a second copy: it is sent them again in any case, and `"resend"` is a mistake there |
//! | `spool` | `"off"` | which hits go to the disk: `"always"`, all of them, as they come, so that they outlive the process; `"overflow"`, those that the queue has no room for, so that an outage is outlasted; or none. What a process leaves there the next one with the same `dir`, name, receiver and `ip` delivers, as its first hit comes |
//!
//! `set` and `drop` are the work of the destination's workers, after the host's own hooks: channel, campaign and source are
//! found anew in the hit that comes of it, and whether the receiver takes it is asked of that one. `only` is asked of the hit
//! as it was, and what was a bot's stays a bot's. With a spool, what is dropped stands on the disk until it is delivered.
//!
//! Keys that not every type has:
//!
//! | type | key | default | meaning |
//! | --- | --- | --- | --- |
//! | sqlite | `path` | `"trackside.db"` | the database file; no other destination's. It is made for its owner alone, with those ending in `-wal` and `-shm`; one that is there keeps its mode. In a process that writes it nobody else may open it |
//! | sqlite | `keep` | for ever | how long hits are kept: `"25 months"`, `"2 years"`, `"90 days"`. What is older is deleted once an hour, by each process that has stored a hit, and written over with zeros |
//! | file | `path` | required | the file to which JSON lines are appended, in a folder that is there; no store's; `"-"` for the standard output. It is made for its owner alone; one that is there keeps its mode, as that of logrotate's `create 0640 www-data adm` |
//! | ga4 | `measurement_id` | required | the data stream, `"G-…"` |
//! | ga4 | `api_secret` | required | secret of the data stream |
//! | ga4 | `user_properties` | none | the properties that are the user's, with commas between: up to 25 names of 1 to 24 letters, digits and underscores |
//! | ga4 | `url` | `"https://www.google-analytics.com/mp/collect"` | absolute, http or https, without userinfo and fragment, at most 2,048 bytes |
//! | ga4 | `join` | `false` | whether a visitor whose browser has the cookies of Google's tag, `_ga` and `_ga_…`, is the one that the tag made, in the same session: see [below](#one-visitor-in-the-browser-and-here) |
//! | ga4 | `timeouts.resolve`, `timeouts.connect`, `timeouts.send`, `timeouts.answer` | that of `timeout` | duration above zero, not above `timeout`; how long each stage of an attempt may take |
//! | ga4 | `proxy` | none | secret; the proxy that connects to the receiver (by CONNECT), `"http://proxy.example:3128"` or `"http://user:password@proxy.example:3128"`. What the environment says of proxies is never heeded |
//! | ga4 | `ca` | the built-in ones | the path of a file of certificates in PEM: the authorities that vouch for the receiver, in place of the built-in ones. It is read when the tracker is opened, where a file that cannot be used is an error, and again by each worker. It takes a build with the feature `tls` |
//! | ga4 | `compression` | `"auto"` | whether bodies above 1 KiB are compressed: `"gzip"`, `"none"`, or, with `"auto"`, gzip where the receiver is known to take it, which of those here posthog alone is; `"gzip"` for another is warned of |
//! | ga-v1 | `timeouts.resolve`, `timeouts.connect`, `timeouts.send`, `timeouts.answer`, `proxy`, `ca`, `compression` | as for ga4 | as for ga4 |
//! | ga-v1 | `tracking_id` | required | `tid`: 1 to 64 printable ASCII characters |
//! | ga-v1 | `version` | `"1"` | `v`: 1 to 64 printable ASCII characters |
//! | ga-v1 | `url` | `"https://www.google-analytics.com/collect"` | as for ga4; Google's own counts nothing any more |
//! | ga-v1 | `data_source` | none | `ds`: 1 to 64 printable ASCII characters, such as `"web"` |
//! | ga-v1 | `page` | `"dh"` | how a page is told: `"dh"`, its site and path apart, or `"dl"`, its address whole, with what is kept of the query |
//! | ga-v1 | `time` | `"qt"` | how a late hit's time is told: `"qt"`, by its age, `"et"`, by its second, as Yandex Metrica has it, or `"none"` |
//! | ga-v1 | `dialect` | `"google"` | whose protocol it is: `"google"`, or `"metrica"`, what Yandex Metrica has of it: page views and events alone, numbers for visitors, and no hit without one |
//! | ga-v1 | `session_start` | `false` | whether the first page view of a session begins one there, too |
//! | ga-v1 | `bulk` | `false` | whether one request holds up to 20 hits, a line each; one whose path ends with `/batch` does in any case |
//! | ga-v1 | `dimensions`, `metrics` | none | custom dimensions and metrics, as names of properties and their numbers there, such as `{ plan = 1 }` |
//! | ga-v1 | `token` | none | secret; the token that a collector asks for |
//! | ga-v1 | `token_as` | `"ms"` | the parameter in which the token is sent: 1 to 16 of a-z, 0-9 and underscore |
//! | ga-v1 | `join` | `false` | the same, by `_ga`; with `dialect = "metrica"` by `_ym_uid` |
//! | celery | `tracking_id`, `version`, `url`, `join` | as for ga-v1 | what the task is handed: the parameters that ga-v1 would post, and where to |
//! | celery | `task` | `"trackside.celery.submit_tracking"` | the name of the task `task(params, provider_url)`: names of Python with dots between them, at most 255 bytes |
//!
//! The keys of the other types stand [with their receivers](crate::protocol#the-receivers); each has those of the network,
//! from `timeouts.resolve` to `compression`, as ga4 has them.
//!
//! # One visitor in the browser and here
//!
//! Where a receiver's script runs on the pages, too, it has a name of its own for each visitor, in a cookie. With `join =
//! true`, which ga4, ga-v1, celery and matomo have, it is read, and what the destination is told of the visitor is that
//! name; where the browser sends none, or one that is malformed, it is the name that trackside would have given. No other
//! destination is told.
//!
//! Such a cookie is read where the visitor has a cookie of trackside's, or would be given one by a page that can carry it,
//! and nothing else was said: it takes `visitor.identity = "cookie"`, and it is not read of who has denied consent, has
//! not yet given it where that is asked for (`"opt-in"`), or refuses third parties (`gpc`, `dnt`), not even for the
//! operator's own Matomo. It is read when the exchange begins: what the host says of consent after that can take it back,
//! and not allow it.
//!
//! # Those of the host's own
//!
//! `callback` has no keys of its own: the host gives the sink when it opens the tracker, under the
//! destination's name. How long an attempt may take is for that sink to see to. The sink of `celery` comes
//! with the Python binding; without that, it is the host's to give, too.

mod beacon;
mod builder;
mod consent;
mod destination;
mod destination_builder;
mod elsewhere;
mod env;
mod error;
mod geo;
mod json;
mod nearest;
mod network;
mod only;
mod privacy;
mod proxy;
mod reader;
mod schema;
mod spool;
#[cfg(test)]
mod test;
mod toml;
mod track;
mod tree;
mod units;
mod visitor;

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use http::HeaderName;

pub(crate) use self::{beacon::Beacon, consent::ConsentForm, privacy::Urls, track::Track, visitor::Cookie};
pub use self::{
    builder::{Builder, SecretSource},
    consent::{Before, Denied, Policy, Signal},
    destination::{AfterUnknown, Batch, Destination, Keep, Queue, Receiver, Secret, WhenFull, Workers},
    destination_builder::{DestinationBuilder, KeyValue},
    error::ConfigError,
    geo::Cdn,
    network::{Compression, Http, Stages},
    only::{Only, Wanted},
    privacy::{GeoPolicy, IpPolicy, PathPolicy, QueryPolicy},
    proxy::ProxyHeader,
    spool::{Fsync, Spool, Spooling},
    track::{Bots, Count},
    visitor::{Identity, Keys, SameSite, Secure, UserId},
};
use crate::{
    hit::cap::{self, cut_str},
    protocol::ScriptCookie,
    proxy::Proxies,
    visitor::{UserIds, derived_key},
};

/// A whole configuration, checked.
///
/// Begun by [`Config::builder`]; [the module](self) tells the keys.
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) mode: Mode,
    pub(crate) sites: Vec<String>,
    pub(crate) shutdown: Duration,
    pub(crate) identity: Identity,
    pub(crate) keys: Keys,
    pub(crate) secret: Option<Secret>,
    pub(crate) user_ids: UserIds,
    pub(crate) session_timeout: Duration,
    pub(crate) cookie: Cookie,
    pub(crate) consent: Policy,
    pub(crate) before: Before,
    pub(crate) denied: Denied,
    pub(crate) gpc: Signal,
    pub(crate) dnt: Signal,
    pub(crate) notice: String,
    pub(crate) consent_form: Option<ConsentForm>,
    pub(crate) count: Count,
    pub(crate) track: Track,
    pub(crate) urls: Urls,
    pub(crate) beacon: Option<Beacon>,
    /// None if nobody is trusted.
    pub(crate) proxies: Option<Proxies>,
    pub(crate) geo: GeoPolicy,
    pub(crate) geo_file: Option<PathBuf>,
    /// The names of headers that not every configuration has read.
    pub(crate) more_headers: Vec<HeaderName>,
    pub(crate) spool: Spool,
    pub(crate) destinations: Vec<Destination>,
    /// The cookies of receivers' scripts for which destinations ask.
    pub(crate) script_cookies: Vec<ScriptCookie>,
    /// The distinct `ip` policies of all destinations: one record is made for each.
    pub(crate) ip_policies: Vec<IpPolicy>,
    pub(crate) warnings: Vec<String>,
}

impl Config {
    /// What the library does: `mode`. Defaults to [`Mode::On`].
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The host names that count, in lower case; any if there are none: `site`.
    pub fn sites(&self) -> &[String] {
        &self.sites
    }

    /// How visitors are told apart: `visitor.identity`. Defaults to [`Identity::Cookie`].
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// Where the key of each day comes from: `visitor.keys`. Defaults to the file `trackside.keys`.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The bytes of the key of the UTC day `day`, counted from 1970-01-01; none unless [`keys`](Self::keys) is
    /// [`Keys::Derived`].
    pub fn derived_key(&self, day: u64) -> Option<[u8; 32]> {
        let secret = self.secret.as_ref().filter(|_| self.keys == Keys::Derived)?;
        Some(derived_key(secret.reveal().as_bytes(), day))
    }

    /// Where hits are kept on disk for destinations that want it: `[spool]`.
    pub fn spool(&self) -> &Spool {
        &self.spool
    }

    /// What is recorded of a user's id: `visitor.user_id`. Defaults to [`UserId::Plain`].
    pub fn user_id(&self) -> UserId {
        match self.user_ids {
            UserIds::Plain => UserId::Plain,
            UserIds::Hashed(_) => UserId::Hashed,
        }
    }

    /// The ids under which hits may have the user `id`, cut as they are: as it is recorded and, where that is hashed, also
    /// itself, from before it was.
    pub fn recorded_user_ids(&self, id: &str) -> Vec<String> {
        let recorded = self.user_ids.recorded(id);
        let plain = Some(id).filter(|_| self.user_id() == UserId::Hashed);
        std::iter::once(recorded.as_str())
            .chain(plain)
            .map(|id| cut_str(id, cap::USER_ID).to_owned())
            .collect()
    }

    /// Whether [`begin`](crate::judge::begin) makes use of the day's key: visitors may come to be told apart
    /// without a cookie.
    pub fn takes_daily_key(&self) -> bool {
        self.mode != Mode::Off && self.identity != Identity::None
    }

    /// What is counted: `track.count`. Defaults to [`Count::Pages`].
    pub fn count(&self) -> Count {
        self.count
    }

    /// What becomes of the hits of programs: `track.bots`. Defaults to [`Bots::Separate`], with
    /// [`Count::Api`] to [`Bots::Keep`].
    pub fn bots(&self) -> Bots {
        self.track.bots
    }

    /// The crawlers to look for in place of those of the built-in list: `track.bots_list`. Defaults to none; also none
    /// with [`Bots::Keep`].
    pub fn bots_list(&self) -> Option<&Path> {
        self.track.bots_list.as_deref()
    }

    /// What is recorded of where the visitor is: `privacy.geo`. Defaults to [`GeoPolicy::Country`].
    pub fn geo(&self) -> GeoPolicy {
        self.geo
    }

    /// The database that says where an address is: `geo.file`. Defaults to none; also none with
    /// [`GeoPolicy::None`].
    pub fn geo_file(&self) -> Option<&Path> {
        self.geo_file.as_deref()
    }

    /// The distinct `ip` policies of the destinations, in the order in which they first stand there: one
    /// record of a hit is made for each. There is at least one.
    pub fn ip_policies(&self) -> &[IpPolicy] {
        &self.ip_policies
    }

    /// How long the process waits for delivery at its exit: `shutdown`. Defaults to 5 s.
    pub fn shutdown(&self) -> Duration {
        self.shutdown
    }

    /// What visitors are told or asked: `consent.policy`. Without a default where there is a cookie.
    pub fn consent(&self) -> Policy {
        self.consent
    }

    /// Whether any proxy's word is taken: `proxy.trusted` or `proxy.hops`. Defaults to not.
    pub fn trusts_proxies(&self) -> bool {
        self.proxies.is_some()
    }

    /// Whether the peer at this address is a proxy whose word is taken; none is a unix socket's.
    pub fn trusts_peer(&self, peer: Option<IpAddr>) -> bool {
        self.proxies.as_ref().is_some_and(|proxies| proxies.trust_peer(peer))
    }

    /// The request headers that [`begin`](crate::judge::begin) reads with this configuration, beside
    /// [`REQUEST_HEADERS`](crate::REQUEST_HEADERS). Defaults to none.
    pub fn more_headers(&self) -> &[HeaderName] {
        &self.more_headers
    }

    /// Where the hits go: every `[[destination]]`. Defaults to the embedded store, `trackside.db`.
    pub fn destinations(&self) -> &[Destination] {
        &self.destinations
    }

    /// What was accepted but is likely not what was meant, one sentence each.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

/// What the library does: `mode`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Mode {
    /// `dry-run`: verdicts as usual, but no headers and no hits.
    DryRun,
    /// `off`: every request is skipped(`off`).
    Off,
    /// `on`.
    On,
}
