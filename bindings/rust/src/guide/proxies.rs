//! Behind a proxy: whose request it is, and a recipe for each platform.
//!
//! Behind a proxy the peer of every connection is the proxy. What it tells of the client stands in headers that
//! anybody can write; so nobody is believed until `[proxy]` names whom, and a client that gets past the proxy, or
//! writes the header itself, changes nothing but what stands to the left of the truth. The visitor's address is what
//! `privacy.ip` masks, what tells visitors without a cookie apart and what a receiver is told; the scheme decides
//! whether the cookie is `Secure` (`visitor.cookie.secure = "auto"`); the host is held against `site`. Where a proxy
//! stands that nobody trusts, the log warns of it once.
//!
//! The keys are told in [`config`](crate::config#proxy); [`Tracker::explain`](crate::Tracker::explain), and
//! `trackside explain --peer ADDR` with a request as your server gets it, show the way from proxy to proxy: who is trusted
//! and why, and the address, scheme and host that come of it. What a host has found out itself it says by [`Request::with_resolved`] (with the
//! tower layer by the extension [`Resolved`](crate::Resolved)): then it is not found out twice.
//!
//! ```
//! use trackside::{Annotations, Config, Request, Response, Tracker, transport::Recording};
//!
//! let config = Config::builder()
//!     .toml("consent.policy = 'none'\nprivacy.ip = 'full'")
//!     .trusted_proxy("10.0.0.0/8")
//!     .build()?;
//! let recording = std::sync::Arc::new(Recording::new());
//! let tracker = Tracker::builder(config).transport(recording.clone()).open()?;
//!
//! // The client forged the first entry; the proxy at 10.0.0.7 added the second, and that at 10.0.0.3 the third.
//! let headers = [
//!     ("host", "www.example.com"),
//!     ("x-forwarded-for", "192.0.2.66, 198.51.100.7, 10.0.0.7"),
//!     ("x-forwarded-proto", "https"),
//! ];
//! let request = Request::new("GET", "/", &headers).with_peer("10.0.0.3".parse().ok());
//! let response = [("content-type", "text/html")];
//! tracker.begin(&request).finish(&request, &Response::new(200, &response), &Annotations::new());
//!
//! let hit = &recording.hits()[0];
//! assert_eq!((hit.ip(), hit.is_secure()), ("198.51.100.7".parse().ok(), true));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Networks or hops
//!
//! `trusted` names networks: whoever comes from elsewhere is not believed, so it holds where a server can be reached
//! past its proxy, too. `hops` counts: it is for platforms whose proxies have no fixed addresses, and holds only
//! where nobody can go round them. With one proxy too many counted, a client can forge its address.
//!
//! Let the proxy set `X-Forwarded-Host`, or name your hosts in `site`: a proxy that does not set that header hands on
//! what the client wrote there.
//!
//! # nginx
//!
//! ```text
//! location / {
//!     proxy_pass http://127.0.0.1:8080;
//!     proxy_set_header Host $host;
//!     proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
//!     proxy_set_header X-Forwarded-Proto $scheme;
//!     proxy_set_header X-Forwarded-Host $host;
//! }
//! ```
//!
//! ```toml
//! [proxy]
//! trusted = ["127.0.0.1", "::1"]
//! ```
//!
//! On another machine its address stands there, or the network of your machines, such as `"10.0.0.0/8"`.
//!
//! # A unix socket
//!
//! The same with `proxy_pass http://unix:/run/app.sock;`. There is no peer's address, which `"unix"` stands for:
//!
//! ```toml
//! [proxy]
//! trusted = ["unix"]
//! ```
//!
//! # Caddy
//!
//! `reverse_proxy 127.0.0.1:8080` sets `X-Forwarded-For`, `-Proto` and `-Host` itself, and takes none of a client
//! that it does not trust.
//!
//! ```toml
//! [proxy]
//! trusted = ["127.0.0.1", "::1"]
//! ```
//!
//! # Heroku
//!
//! The router adds the client's address to `X-Forwarded-For`, and nobody can go round it. Its own address changes.
//!
//! ```toml
//! site = ["www.example.com"]
//!
//! [proxy]
//! hops = 1
//! ```
//!
//! Render, Railway, Cloud Run and other platforms with one router in front work in the same way; so does one load
//! balancer whose targets accept connections of it alone.
//!
//! # Fly.io
//!
//! ```toml
//! site = ["www.example.com"]
//!
//! [proxy]
//! trusted = ["private"]
//! header = "fly-client-ip"
//! ```
//!
//! # Fastly
//!
//! `Fastly-Client-IP` is what Fastly saw first, but a client that
//! [sends the header itself](https://www.fastly.com/documentation/reference/http/http-headers/Fastly-Client-IP) is
//! believed, unless your VCL says otherwise in `vcl_recv`:
//!
//! ```text
//! if (fastly.ff.visits_this_service == 0 && req.restarts == 0) {
//!     set req.http.Fastly-Client-IP = client.ip;
//! }
//! ```
//!
//! Then name the networks that Fastly publishes as `proxy.trusted`, and `header = "fastly-client-ip"`.
//!
//! # Cloudflare
//!
//! Straight from Cloudflare, whose networks it publishes (<https://www.cloudflare.com/ips/>; compare the list from time
//! to time):
//!
//! ```toml
//! site = ["www.example.com"]
//!
//! [proxy]
//! trusted = [
//!     "173.245.48.0/20", "103.21.244.0/22", "103.22.200.0/22", "103.31.4.0/22", "141.101.64.0/18",
//!     "108.162.192.0/18", "190.93.240.0/20", "188.114.96.0/20", "197.234.240.0/22", "198.41.128.0/17",
//!     "162.158.0.0/15", "104.16.0.0/13", "104.24.0.0/14", "172.64.0.0/13", "131.0.72.0/22",
//!     "2400:cb00::/32", "2606:4700::/32", "2803:f800::/32", "2405:b500::/32", "2405:8100::/32",
//!     "2a06:98c0::/29", "2c0f:f248::/32",
//! ]
//! header = "cf-connecting-ip"
//! ```
//!
//! Through a tunnel (`cloudflared`), which is the peer:
//!
//! ```toml
//! site = ["www.example.com"]
//!
//! [proxy]
//! trusted = ["127.0.0.1", "::1"]
//! header = "cf-connecting-ip"
//! ```
//!
//! With an nginx of yours between the two, let nginx add to `X-Forwarded-For` as above, and name both: Cloudflare's
//! networks and nginx's address in `trusted`, without `header`.
//!
//! # Where the visitor is
//!
//! Some proxies tell of the country, and with more work of the region and the city. What they tell is believed where
//! the peer is one of `trusted`, or with `hops`:
//!
//! ```toml
//! [geo]
//! cdn = "cloudflare"          # app-engine, cloudflare, cloudfront or vercel
//!
//! [privacy]
//! geo = "country"             # the default; region or city are finer
//! ```
//!
//! Cloudflare sends the country by itself, region and city with the managed transform "Add visitor location headers";
//! CloudFront what an origin request policy names. A proxy of your own writes it by a name that you choose, as nginx
//! does with its module `geoip2`; let it set the header always, so that a client cannot:
//!
//! ```toml
//! [geo]
//! country = "x-geo-country"   # proxy_set_header X-Geo-Country $geoip2_data_country_code;
//! ```
//!
//! These headers have no list that says who wrote them: as with a header of one address, see to it that nobody reaches
//! your server, or the trusted proxy before it, past the one that sets them. Fastly sends none by itself; its VCL has
//! [`client.geo`](https://www.fastly.com/documentation/reference/vcl/variables/geolocation) to set one of. Fly.io tells
//! of no country: [`Fly-Region`](https://fly.io/docs/networking/request-headers/) is its own place, not the visitor's.
//! The names that `cdn` stands for, with the page of each, are those of [`Cdn`](crate::config::Cdn).
//!
//! Without such a proxy a MaxMind DB file does it (`geo.file`, feature `geo`), on the worker, from as much of the address
//! as is recorded: by default the network, which is enough for the country and mostly for the region. Download it anew
//! beside the old one and move it over; it is read again within a minute. Where it is damaged here and there, those
//! addresses have no place.
//!
//! # Forwarded
//!
//! Proxies that write RFC 7239's header are believed by `header = "forwarded"`; the scheme and the host come from the
//! same element of it:
//!
//! ```toml
//! [proxy]
//! trusted = ["private"]
//! header = "forwarded"
//! ```
//!
//! [`Request::with_resolved`]: crate::Request::with_resolved
