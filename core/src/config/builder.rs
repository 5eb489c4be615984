//! Lays one layer over the other, then reads the whole.

use std::{fmt, path::Path, time::Duration};

use super::{
    Before, Bots, Cdn, Config, ConfigError, Count, Denied, DestinationBuilder, GeoPolicy, Identity, IpPolicy,
    Keys, Mode, PathPolicy, Policy, ProxyHeader, QueryPolicy, SameSite, Secure, Signal, UserId, env,
    error::{Mistake, Report},
    json,
    schema::{
        self, BEFORES, BOTS, CDNS, COUNTS, DENIEDS, DERIVED, GEOS, IDENTITIES, IPS, MODES, PATHS, POLICIES,
        PROXY_HEADERS, QUERIES, SAME_SITES, SIGNALS, USER_IDS,
    },
    toml,
    tree::Tree,
    units,
};
use crate::protocol::ReceiverType;

/// The longest document that is read: room for 65,536 patterns of usual length.
const MAX_DOCUMENT: usize = 8 << 20;

pub(super) type Resolver = dyn Fn(SecretSource<'_>) -> Result<String, String> + Send;

/// Where a secret stands, for the resolver that [`Builder::secrets`] takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SecretSource<'a> {
    /// `env:NAME`: the environment variable of this name.
    Env(&'a str),
    /// `file:PATH`: the file at this path. The newline at its end is cut afterwards.
    File(&'a str),
}

/// Puts a [`Config`] together from layers, each of which overrides the earlier ones key by key.
///
/// A layer is a document ([`toml`](Self::toml), [`json`](Self::json)), the environment
/// ([`env`](Self::env)) or a typed setter. Of two documents that give the same list the later one's stands
/// alone; the environment changes entries of a list or adds to it; the setters of lists add to it. Nothing
/// is checked before [`build`](Self::build), which tells every mistake at once. The keys are those of
/// [`config`](super), where their defaults are told too.
#[must_use = "it does nothing until `build`"]
pub struct Builder {
    tree: Tree,
    report: Report,
    resolver: Option<Box<Resolver>>,
    receivers: Vec<&'static ReceiverType>,
}

impl Config {
    /// A configuration of defaults, to be overridden layer by layer.
    pub fn builder() -> Builder {
        Builder { tree: Tree::table(), report: Report::default(), resolver: None, receivers: Vec::new() }
    }
}

impl Builder {
    /// A TOML document of at most 8 MiB.
    pub fn toml(self, text: &str) -> Self {
        self.document(text, toml::parse)
    }

    /// A JSON document of at most 8 MiB, with the same keys as in TOML: an object.
    pub fn json(self, text: &str) -> Self {
        self.document(text, json::parse)
    }

    /// The environment, as names and values. Only names that begin with `TRACKSIDE__` are read; two
    /// underscores separate keys, and entries of lists are counted from 0:
    ///
    /// ```
    /// use trackside_core::config::Config;
    ///
    /// let env = [
    ///     ("TRACKSIDE__VISITOR__IDENTITY", "none"),
    ///     ("TRACKSIDE__DESTINATION__0__TYPE", "file"),
    ///     ("TRACKSIDE__DESTINATION__0__PATH", "hits.jsonl"),
    ///     ("TRACKSIDE__DESTINATION__0__QUEUE__HITS", "5_000"),
    /// ];
    /// let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
    /// let config = Config::builder().env(env).build()?;
    /// assert_eq!(config.destinations()[0].queue.hits, 5_000);
    /// # Ok::<(), trackside_core::config::ConfigError>(())
    /// ```
    pub fn env(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let variables = variables.into_iter().filter_map(|(name, value)| env::Variable::new(name, value));
        env::apply(variables.collect(), &mut self.tree, &self.report);
        self
    }

    /// How to look up the secrets that are given as `env:NAME` or `file:PATH`: core reads neither by
    /// itself. What the resolver fails with becomes part of the mistake, so it must show no secret.
    /// Defaults to none: such a secret is a mistake then.
    ///
    /// ```
    /// use trackside_core::config::{Config, Destination, SecretSource};
    ///
    /// let config = Config::builder()
    ///     .toml("visitor.identity = 'none'")
    ///     .destination(Destination::ga4("G-ABC123DEF4", "env:GA4_SECRET"))
    ///     .secrets(|source| match source {
    ///         SecretSource::Env("GA4_SECRET") => Ok("s3cret".to_owned()),
    ///         other => Err(format!("{other:?} is not known here")),
    ///     })
    ///     .build()?;
    /// # Ok::<(), trackside_core::config::ConfigError>(())
    /// ```
    pub fn secrets(
        mut self,
        resolver: impl Fn(SecretSource<'_>) -> Result<String, String> + Send + 'static,
    ) -> Self {
        self.resolver = Some(Box::new(resolver));
        self
    }

    /// Makes a type of receiver known that trackside does not bring: destinations can then have its name as their
    /// `type`, and its keys. A name that is there already is a mistake.
    pub fn receiver(mut self, kind: &'static ReceiverType) -> Self {
        self.receivers.push(kind);
        self
    }

    /// Sets `mode`.
    pub fn mode(self, mode: Mode) -> Self {
        self.set(&["mode"], word(mode, MODES))
    }

    /// Adds to `site`.
    pub fn site(self, host: impl Into<String>) -> Self {
        self.push(&["site"], host)
    }

    /// Sets `shutdown`, to the millisecond.
    pub fn shutdown(self, shutdown: Duration) -> Self {
        self.set(&["shutdown"], duration(shutdown))
    }

    /// Sets `visitor.identity`.
    pub fn identity(self, identity: Identity) -> Self {
        self.set(&["visitor", "identity"], word(identity, IDENTITIES))
    }

    /// Sets `visitor.keys`.
    pub fn keys(self, keys: Keys) -> Self {
        let keys = match keys {
            Keys::Derived => Tree::Text(DERIVED.to_owned()),
            Keys::File(path) => path_text(&path),
        };
        self.set(&["visitor", "keys"], keys)
    }

    /// Sets `visitor.secret`: `env:NAME`, `file:PATH`, or the secret itself.
    pub fn secret(self, secret: impl Into<String>) -> Self {
        self.set(&["visitor", "secret"], Tree::Text(secret.into()))
    }

    /// Sets `visitor.user_id`.
    pub fn user_id(self, user_id: UserId) -> Self {
        self.set(&["visitor", "user_id"], word(user_id, USER_IDS))
    }

    /// Sets `visitor.session_timeout`, to the millisecond.
    pub fn session_timeout(self, timeout: Duration) -> Self {
        self.set(&["visitor", "session_timeout"], duration(timeout))
    }

    /// Sets `visitor.cookie.name`.
    pub fn cookie_name(self, name: impl Into<String>) -> Self {
        self.set(&["visitor", "cookie", "name"], Tree::Text(name.into()))
    }

    /// Sets `visitor.cookie.path`.
    pub fn cookie_path(self, path: impl Into<String>) -> Self {
        self.set(&["visitor", "cookie", "path"], Tree::Text(path.into()))
    }

    /// Sets `visitor.cookie.domain`.
    pub fn cookie_domain(self, domain: impl Into<String>) -> Self {
        self.set(&["visitor", "cookie", "domain"], Tree::Text(domain.into()))
    }

    /// Sets `visitor.cookie.max_age`, to the millisecond.
    pub fn cookie_max_age(self, max_age: Duration) -> Self {
        self.set(&["visitor", "cookie", "max_age"], duration(max_age))
    }

    /// Sets `visitor.cookie.renew`.
    pub fn cookie_renew(self, renew: bool) -> Self {
        self.set(&["visitor", "cookie", "renew"], Tree::Bool(renew))
    }

    /// Sets `visitor.cookie.same_site`.
    pub fn cookie_same_site(self, same_site: SameSite) -> Self {
        self.set(&["visitor", "cookie", "same_site"], word(same_site, SAME_SITES))
    }

    /// Sets `visitor.cookie.http_only`.
    pub fn cookie_http_only(self, http_only: bool) -> Self {
        self.set(&["visitor", "cookie", "http_only"], Tree::Bool(http_only))
    }

    /// Sets `visitor.cookie.secure`.
    pub fn cookie_secure(self, secure: Secure) -> Self {
        let secure = match secure {
            Secure::Always => Tree::Bool(true),
            Secure::Auto => Tree::Text("auto".to_owned()),
            Secure::Never => Tree::Bool(false),
        };
        self.set(&["visitor", "cookie", "secure"], secure)
    }

    /// Sets `consent.policy`.
    pub fn consent(self, policy: Policy) -> Self {
        self.set(&["consent", "policy"], word(policy, POLICIES))
    }

    /// Sets `consent.before`.
    pub fn before(self, before: Before) -> Self {
        self.set(&["consent", "before"], word(before, BEFORES))
    }

    /// Sets `consent.denied`.
    pub fn denied(self, denied: Denied) -> Self {
        self.set(&["consent", "denied"], word(denied, DENIEDS))
    }

    /// Sets `consent.gpc`.
    pub fn gpc(self, signal: Signal) -> Self {
        self.set(&["consent", "gpc"], word(signal, SIGNALS))
    }

    /// Sets `consent.dnt`.
    pub fn dnt(self, signal: Signal) -> Self {
        self.set(&["consent", "dnt"], word(signal, SIGNALS))
    }

    /// Sets `consent.path`.
    pub fn consent_path(self, path: impl Into<String>) -> Self {
        self.set(&["consent", "path"], Tree::Text(path.into()))
    }

    /// Sets `consent.allow`.
    pub fn consent_allow(self, text: impl Into<String>) -> Self {
        self.set(&["consent", "allow"], Tree::Text(text.into()))
    }

    /// Sets `consent.refuse`.
    pub fn consent_refuse(self, text: impl Into<String>) -> Self {
        self.set(&["consent", "refuse"], Tree::Text(text.into()))
    }

    /// Sets `consent.notice`.
    pub fn notice(self, text: impl Into<String>) -> Self {
        self.set(&["consent", "notice"], Tree::Text(text.into()))
    }

    /// Sets `track.count`.
    pub fn count(self, count: Count) -> Self {
        self.set(&["track", "count"], word(count, COUNTS))
    }

    /// Adds to `track.ignore`.
    pub fn ignore(self, pattern: impl Into<String>) -> Self {
        self.push(&["track", "ignore"], pattern)
    }

    /// Adds to `track.only`.
    pub fn only(self, pattern: impl Into<String>) -> Self {
        self.push(&["track", "only"], pattern)
    }

    /// Adds to `track.status`: `200`, `2xx` or `200-299`.
    pub fn status(self, status: impl Into<String>) -> Self {
        self.push(&["track", "status"], status)
    }

    /// Adds to `track.methods`.
    pub fn method(self, method: impl Into<String>) -> Self {
        self.push(&["track", "methods"], method)
    }

    /// Adds to `track.content_types`.
    pub fn content_type(self, content_type: impl Into<String>) -> Self {
        self.push(&["track", "content_types"], content_type)
    }

    /// Sets `track.fragments`.
    pub fn fragments(self, fragments: bool) -> Self {
        self.set(&["track", "fragments"], Tree::Bool(fragments))
    }

    /// Sets `track.bots`.
    pub fn bots(self, bots: Bots) -> Self {
        self.set(&["track", "bots"], word(bots, BOTS))
    }

    /// Adds to `track.bots_allow`.
    pub fn bots_allow(self, part: impl Into<String>) -> Self {
        self.push(&["track", "bots_allow"], part)
    }

    /// Adds to `track.bots_deny`.
    pub fn bots_deny(self, part: impl Into<String>) -> Self {
        self.push(&["track", "bots_deny"], part)
    }

    /// Sets `track.bots_list`.
    pub fn bots_list(self, path: impl AsRef<Path>) -> Self {
        self.set(&["track", "bots_list"], path_text(path.as_ref()))
    }

    /// Adds to `track.downloads`: `common`, `attachment`, an extension or a content type.
    pub fn download(self, download: impl Into<String>) -> Self {
        self.push(&["track", "downloads"], download)
    }

    /// Sets `track.not_found`.
    pub fn not_found(self, not_found: bool) -> Self {
        self.set(&["track", "not_found"], Tree::Bool(not_found))
    }

    /// Adds to `track.search`.
    pub fn search(self, parameter: impl Into<String>) -> Self {
        self.push(&["track", "search"], parameter)
    }

    /// Sets `track.canonical`.
    pub fn canonical(self, canonical: bool) -> Self {
        self.set(&["track", "canonical"], Tree::Bool(canonical))
    }

    /// Sets `privacy.path`.
    pub fn path(self, path: PathPolicy) -> Self {
        self.set(&["privacy", "path"], word(path, PATHS))
    }

    /// Sets `privacy.ip`.
    pub fn ip(self, ip: IpPolicy) -> Self {
        self.set(&["privacy", "ip"], word(ip, IPS))
    }

    /// Sets `privacy.query`.
    pub fn query(self, query: QueryPolicy) -> Self {
        self.set(&["privacy", "query"], word(query, QUERIES))
    }

    /// Sets `privacy.geo`.
    pub fn geo(self, geo: GeoPolicy) -> Self {
        self.set(&["privacy", "geo"], word(geo, GEOS))
    }

    /// Sets `beacon.path`.
    pub fn beacon_path(self, path: impl Into<String>) -> Self {
        self.set(&["beacon", "path"], Tree::Text(path.into()))
    }

    /// Adds to `proxy.trusted`: a network, an address, `private` or `unix`.
    pub fn trusted_proxy(self, network: impl Into<String>) -> Self {
        self.push(&["proxy", "trusted"], network)
    }

    /// Sets `proxy.hops`.
    pub fn proxy_hops(self, hops: u8) -> Self {
        self.set(&["proxy", "hops"], Tree::Integer(hops.into()))
    }

    /// Sets `proxy.header`.
    pub fn proxy_header(self, header: ProxyHeader) -> Self {
        self.set(&["proxy", "header"], word(header, PROXY_HEADERS))
    }

    /// Sets `geo.cdn`.
    pub fn geo_cdn(self, cdn: Cdn) -> Self {
        self.set(&["geo", "cdn"], word(cdn, CDNS))
    }

    /// Sets `geo.country`: the name of a header.
    pub fn geo_country(self, header: impl Into<String>) -> Self {
        self.set(&["geo", "country"], Tree::Text(header.into()))
    }

    /// Sets `geo.region`: the name of a header.
    pub fn geo_region(self, header: impl Into<String>) -> Self {
        self.set(&["geo", "region"], Tree::Text(header.into()))
    }

    /// Sets `geo.city`: the name of a header.
    pub fn geo_city(self, header: impl Into<String>) -> Self {
        self.set(&["geo", "city"], Tree::Text(header.into()))
    }

    /// Sets `geo.file`.
    pub fn geo_file(self, path: impl AsRef<Path>) -> Self {
        self.set(&["geo", "file"], path_text(path.as_ref()))
    }

    /// Adds to `destination`.
    pub fn destination(mut self, destination: DestinationBuilder) -> Self {
        self.tree.push(&["destination"], destination.into_tree());
        self
    }

    /// Reads and checks the whole. With `mode = "off"` too, so that switching it on brings no surprise.
    ///
    /// # Errors
    ///
    /// Every mistake of every layer, at once.
    pub fn build(self) -> Result<Config, ConfigError> {
        let Self { tree, report, resolver, receivers } = self;
        let config = schema::read(tree, &report, resolver.as_deref(), &receivers);
        match config.filter(|_| report.is_clean()) {
            Some(config) => Ok(Config { warnings: report.into_warnings(), ..config }),
            None => Err(report.into_error()),
        }
    }

    fn document(mut self, text: &str, parse: fn(&str) -> Result<Tree, Mistake>) -> Self {
        let tree = if text.len() > MAX_DOCUMENT {
            let message = format!("{} bytes are too many for a configuration: at most 8 MiB", text.len());
            Err(Mistake::new("line 1, column 1".to_owned(), message))
        } else {
            parse(text)
        };
        match tree {
            Ok(tree) => self.tree.merge(tree),
            Err(mistake) => self.report.unreadable(mistake),
        }
        self
    }

    fn set(mut self, path: &[&str], value: Tree) -> Self {
        self.tree.set(path, value);
        self
    }

    fn push(mut self, path: &[&str], text: impl Into<String>) -> Self {
        self.tree.push(path, Tree::Text(text.into()));
        self
    }
}

/// Shows nothing: its layers may hold secrets.
impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").finish_non_exhaustive()
    }
}

/// The word that stands for `value` in documents.
pub(super) fn word<T: Copy + PartialEq>(value: T, choices: &[(&str, T)]) -> Tree {
    let found = choices.iter().find(|(_, choice)| *choice == value);
    Tree::Text(found.map_or("", |(word, _)| word).to_owned())
}

/// A path that is no text is not found under what it becomes here; documents could not name it either.
fn path_text(path: &Path) -> Tree {
    Tree::Text(path.to_string_lossy().into_owned())
}

pub(super) fn duration(duration: Duration) -> Tree {
    Tree::Text(units::duration_text(duration))
}
