"""The configuration of a vector, with every default written out. Unknown keys are errors."""

from dataclasses import dataclass, field

import proxy

UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
# Browsers hold no cookie for longer than 400 days.
LONGEST_COOKIE = 400 * 86_400
NOTICE = "{site} uses a cookie to count visits."
QUESTION = "May {site} count your visits?"

NETWORK = {"timeouts", "proxy", "ca", "compression"}
RECEIVERS = {
    "callback": set(),
    "file": {"path"},
    "sqlite": {"path", "keep"},
    "ga-v1": {"url", "tracking_id", "version", "data_source", "page", "time", "bulk", "dimensions", "metrics", "token", "token_as", "join", "dialect", "session_start"} | NETWORK,
    "ga4": {"url", "measurement_id", "api_secret", "user_properties", "join"} | NETWORK,
    "matomo": {"url", "site_id", "token", "bulk", "visitor_as", "dimensions", "bots", "ecommerce", "join", "session_start", "server_time"} | NETWORK,
    "plausible": {"url", "domain", "interactive", "max_name"} | NETWORK,
    "posthog": {"url", "api_key", "person_profiles", "session", "historical_migration"} | NETWORK,
    "segment": {"url", "write_key"} | NETWORK,
    "rudderstack": {"url", "write_key"} | NETWORK,
    "webhook": {"url", "secret", "dedupe"} | NETWORK,
    "umami": {"url", "website", "version", "tag"} | NETWORK,
    "goatcounter": {"url", "token", "filter"} | NETWORK,
    "snowplow": {"url", "app_id", "namespace", "platform", "properties_schema"}
    | {"programming_language", "true_time"}
    | NETWORK,
}
# Whom trackside does not reach by itself is no third party.
OWN = {"callback", "file", "sqlite"}
COMMON = {"type", "name", "ip", "third_party", "workers", "queue", "batch", "timeout", "max_age"} | {"after_unknown", "spool", "only", "set", "drop"}


@dataclass
class Destination:
    type: str
    name: str
    ip: str
    third_party: bool
    keys: dict


@dataclass
class Config:
    mode: str
    sites: list
    identity: str
    secret: str | None
    user_id: str
    session_timeout: int
    cookie_name: str
    cookie_path: str
    domain: str
    max_age: int
    renew: bool
    same_site: str
    http_only: bool
    secure: str | bool
    policy: str
    consent_path: str | None
    allow: str
    refuse: str
    before: str
    denied: str
    gpc: str
    dnt: str
    notice: str
    count: str
    ignore: list
    only: list
    status: list
    methods: list
    content_types: list | None
    fragments: bool
    bots: str
    bots_allow: list
    bots_deny: list
    bots_list: str | None
    canonical: bool
    downloads: list
    not_found: bool
    search: list
    path: str
    query: str
    proxies: proxy.Trust
    geo: str
    place_headers: list
    geo_file: str | None
    beacon: str | None
    destinations: list = field(default_factory=list)

    def counts_method(self, method):
        if self.methods is None:
            return method not in (b"HEAD", b"OPTIONS")
        return method.decode("latin-1") in self.methods

    def ip_policies(self):
        """The distinct ones, in the order in which the destinations name them."""
        return list(dict.fromkeys(destination.ip for destination in self.destinations))


class Table:
    """Hands out keys one by one and then insists that none is left."""

    def __init__(self, name, keys):
        self.name, self.keys = name, dict(keys)

    def take(self, key, default=None):
        return self.keys.pop(key, default)

    def table(self, key):
        return Table(f"{self.name}{key}.", self.take(key, {}))

    def end(self):
        if self.keys:
            raise ValueError(f"unknown key {self.name}{next(iter(self.keys))}")


def seconds(text):
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    return int(float(digits) * UNITS[text[len(digits) :]])


def status_range(text):
    if text.endswith("xx"):
        return int(text[0]) * 100, int(text[0]) * 100 + 99
    low, _, high = text.partition("-")
    return int(low), int(high or low)


def read(tree):
    root = Table("", tree)
    visitor, consent, track, privacy = map(root.table, ("visitor", "consent", "track", "privacy"))
    cookie = visitor.table("cookie")
    beacon, geo = root.table("beacon"), root.table("geo")
    count = track.take("count", "pages")
    api = count == "api"
    ip = privacy.take("ip", "masked")
    root.take("shutdown")
    # Calls give the key of the day themselves.
    visitor.take("keys")
    types = track.take("content_types", None if api else ["text/html", "application/xhtml+xml"])
    identity = visitor.take("identity", "cookie")
    config = Config(
        mode=root.take("mode", "on"),
        sites=[site.lower().removesuffix(".") for site in root.take("site", [])],
        identity=identity,
        secret=visitor.take("secret"),
        user_id=visitor.take("user_id", "plain"),
        session_timeout=seconds(visitor.take("session_timeout", "30m")),
        cookie_name=cookie.take("name", "trackside"),
        cookie_path=cookie.take("path", "/"),
        domain=cookie.take("domain", ""),
        max_age=min(seconds(cookie.take("max_age", "365d")), LONGEST_COOKIE),
        renew=cookie.take("renew", False),
        same_site=cookie.take("same_site", "lax"),
        http_only=cookie.take("http_only", True),
        secure=cookie.take("secure", "auto"),
        policy=(policy := consent.take("policy", "none")),
        before=consent.take("before", "cookieless" if identity == "cookie" else "anonymous"),
        denied=consent.take("denied", "anonymous"),
        gpc=consent.take("gpc", "honour"),
        dnt=consent.take("dnt", "ignore"),
        consent_path=consent.take("path"),
        allow=consent.take("allow", "Allow"),
        refuse=consent.take("refuse", "Do not allow"),
        notice=consent.take("notice", QUESTION if policy == "opt-in" else NOTICE),
        count=count,
        ignore=track.take("ignore", []),
        only=track.take("only", []),
        status=[status_range(s) for s in track.take("status", ["2xx"] if api else ["200", "304"])],
        methods=track.take("methods", None if api else ["GET"]),
        fragments=track.take("fragments", api),
        canonical=track.take("canonical", False),
        downloads=[entry.lower().lstrip(".") for entry in track.take("downloads", [])],
        not_found=track.take("not_found", False),
        search=[name.encode() for name in track.take("search", [])],
        path=privacy.take("path", "redacted"),
        content_types=None if types is None else [name.lower().encode() for name in types],
        bots=track.take("bots", "keep" if api else "separate"),
        bots_allow=track.take("bots_allow", []),
        bots_deny=track.take("bots_deny", []),
        bots_list=track.take("bots_list"),
        query=privacy.take("query", "campaign"),
        proxies=proxy.read(root.table("proxy")),
        geo=privacy.take("geo", "country"),
        place_headers=proxy.CDNS.get(geo.take("cdn")) or [geo.take(key) for key in ("country", "region", "city")],
        geo_file=geo.take("file"),
        beacon=beacon.take("path"),
        destinations=[
            destination(Table(f"destination.{n}.", keys), ip)
            for n, keys in enumerate(root.take("destination", [{"type": "sqlite"}]))
        ],
    )
    for table in (beacon, geo, cookie, visitor, consent, track, privacy, root):
        table.end()
    return config


def destination(table, ip):
    kind = table.keys["type"]
    unknown = table.keys.keys() - COMMON - RECEIVERS[kind]
    if unknown:
        raise ValueError(f"unknown key {table.name}{unknown.pop()}")
    third_party = table.keys.get("third_party", kind not in OWN)
    return Destination(kind, table.keys.get("name", kind), table.keys.get("ip", ip), third_party, table.keys)
