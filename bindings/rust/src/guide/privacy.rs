//! What is stored and what is sent, field by field, in this version.
//!
//! The operator decides by the configuration; trackside itself sends nothing anywhere. What may not be stored
//! is cut before a hit is queued, so it is in no queue and no file either.
//!
//! # What a hit holds
//!
//! | field | from | of it |
//! | --- | --- | --- |
//! | id | drawn at random, with the time in it (UUID v7) | |
//! | time | the server's clock, when the request came | |
//! | site, method, path, status, https or not | request and response | the path up to 2,048 bytes, as asked for |
//! | query | the request | what names a campaign (`utm_*`, `gclid` …); `privacy.query = "keep"`: all; `"drop"`: nothing |
//! | referrer | `Referer` | without userinfo and fragment, its query as `privacy.query` says |
//! | agent | `User-Agent` | up to 1,024 bytes |
//! | language | `Accept-Language` | the first tag |
//! | address | the connection | its network, an IPv4 /24 or IPv6 /48; `privacy.ip = "full"`: all; `"none"`: nothing |
//! | visitor, first visit, session | the cookie | a random id (UUID v4) and two times; `visitor.identity = "none"`: nothing |
//! | title, user id, route, properties, events | your code | what it gives |
//!
//! Nothing else of a request is recorded: no other header, no other cookie, no body. A path may hold personal
//! data if your site's paths do; `track.ignore` leaves such out.
//!
//! # What the browser gets
//!
//! With `visitor.identity = "cookie"`, the default, one first-party cookie, `trackside`: the visitor's id,
//! the time of the first visit, of the session's start and of the last seen page. It lasts for a year from
//! the first visit (`visitor.cookie.max_age`), is not for scripts (`HttpOnly`) and is not sent along from other
//! sites' forms and frames (`SameSite=Lax`). It is never set on an error, a HEAD, a 304, or a response that
//! shared caches may keep; where a response does not say whether they may, `Cache-Control: private` goes out
//! with it. With `"none"`, or `track.count = "api"`, no cookie is set.
//!
//! Whether visitors have to be told or asked is for their law to say; that is why `consent.policy` has no
//! default. In this version it is `"notice"` or `"none"`; asking for consent first is not in it, and neither
//! are `DNT` and `Sec-GPC` read.
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
//! | `celery` | the parameters of `ga-v1`, through a broker of yours, for the task to post to `url` |
//! | `ga4` | a third party, unless `url` is yours. The visitor as a number made of its id, user id, session, time, the page's address with site, path and recorded query, referrer, title, language, agent, address, events and properties; as consent, that ads' data and personalisation are denied. Not the method, status, route and first visit. [Each parameter](crate::protocol::ga4) |
//! | `ga-v1` | a third party, unless `url` is yours. The visitor's id, site, path without its query, referrer, title, agent, address, and of events category, name, label and value. Not the user id, properties, session and the hit's time. [Each parameter](crate::protocol::ga_v1) |
//!
//! What a destination is told of the address can be narrowed or widened for it alone by its `ip`. Hits
//! without a visitor are refused by `ga4`, `ga-v1` and `celery`, which could not count them.
//!
//! # What the log gets
//!
//! Verdicts at debug level name the method and the target of the request, its query included: keep that
//! level for yourself. Secrets of the configuration are never shown.
