"""The hit: its ids, its caps, what the privacy policies leave of it, and its JSON."""

import hashlib
import hmac
import ipaddress
import re
from dataclasses import dataclass, field, replace

import urls

URL, AGENT, LANGUAGE, METHOD, TITLE = 2_048, 1_024, 35, 32, 1_500
USER_ID, EVENT, KEY, VALUE, PROPERTIES, EVENTS = 256, 500, 128, 1_024, 64, 64
CLICKS = b"gclid dclid gbraid wbraid fbclid msclkid ttclid li_fat_id twclid".split()
CAMPAIGN = [b"pk_campaign", b"pk_kwd", *CLICKS]


# --- ids, out of the 64 bytes of entropy ---


def hyphenated(number):
    digits = f"{number:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def version_7(micros, random):
    """RFC 9562 §5.7: 48 bits of milliseconds, then the random bytes under version and variant."""
    block = bytearray((micros // 1_000 & (1 << 48) - 1).to_bytes(6, "big") + random)
    block[6] = block[6] & 0x0F | 0x70
    block[8] = block[8] & 0x3F | 0x80
    return int.from_bytes(block, "big")


def page_id(micros, entropy):
    return hyphenated(version_7(micros, entropy[0:10]))


def event_id(micros, entropy, n):
    """The first event's id plus n within its last 62 bits."""
    first = version_7(micros, entropy[32:42])
    low = (1 << 62) - 1
    return hyphenated(first & ~low | (first + n) & low)


def visitor_id(entropy):
    """RFC 9562 §5.4."""
    block = bytearray(entropy[16:32])
    block[6] = block[6] & 0x0F | 0x40
    block[8] = block[8] & 0x3F | 0x80
    return hyphenated(int.from_bytes(block, "big"))


# --- caps ---


def cut(text, most):
    """The longest beginning within `most` bytes that ends inside no character and no percent escape."""
    if len(text) <= most:
        return text
    end = most
    if text[end] & 0xC0 == 0x80:
        for back in (1, 2, 3):
            if end >= back and text[end - back] & 0xC0 != 0x80:
                end -= back if text[end - back] >= 0xC0 else 0
                break
    for back in (1, 2):
        if end >= back and text[end - back] == ord("%"):
            return text[: end - back]
    return text[:end]


def cut_str(text, most):
    return text.encode()[:most].decode(errors="ignore")


# --- privacy ---


# The 32 bits that follow are an IPv4 address.
SIX_TO_FOUR = ipaddress.ip_network("2002::/16")


def masked(peer, policy):
    if peer is None or policy == "none":
        return None
    address = ipaddress.ip_address(peer)
    address = getattr(address, "ipv4_mapped", None) or address
    if policy == "full":
        return str(address)
    network = 24 if address.version == 4 else 40 if address in SIX_TO_FOUR else 48
    return str(ipaddress.ip_network((address, network), strict=False).network_address)


def tells_click(name):
    plain = re.split(rb"[\[=]", urls.unescaped(name))[0].lower()
    return plain in CLICKS or plain in b"_ga _gl srsltid yclid ysclid".split()


def kept_query(query, policy, room, clicks=True):
    """The pairs that `policy` keeps, whole ones as long as they fit; the one that does not fit is cut."""
    kept = b""
    for pair in query.split(b"&") if policy != "drop" else []:
        name = pair.split(b"=")[0]
        if not pair or policy == "campaign" and not (name[:4] in (b"utm_", b"mtm_") or name in CAMPAIGN):
            continue
        if not clicks and tells_click(name) or policy == "campaign" and urls.shape(name) == "email":
            continue
        joint = b"&" if kept else b""
        pair = urls.hidden_pair(pair, policy)
        piece = cut(pair, room - len(kept) - len(joint)) if room > len(kept) + len(joint) else b""
        if not piece:
            break
        kept += joint + piece
    return kept


def cleaned_referrer(referrer, config):
    """Without user information and fragment, without query unless it is kept; else nothing."""
    match = re.fullmatch(rb"([A-Za-z][A-Za-z0-9+.\-]*://)([^#]*)(?:#.*)?", referrer, re.DOTALL)
    if not match:
        return b""
    scheme, rest = match[1], match[2]
    if config.query not in ("keep", "raw"):
        rest = rest.split(b"?", 1)[0]
    authority = re.match(rb"[^/?\\]*", rest)[0]
    host = authority.rpartition(b"@")[2]
    if not host:
        return b""
    path, mark, query = rest[len(authority) :].partition(b"?")
    pairs = query.split(b"&")
    shown_pairs = [urls.hidden_pair(pair, config.query) for pair in pairs]
    if shown_pairs != pairs:
        query = b"&".join(pair for pair in shown_pairs if pair)
    shown_path = urls.redacted(urls.canonical(path) if config.canonical else path, config.path)
    return scheme + cut(host + shown_path + mark + query, URL - len(scheme))


def recorded_user(user, config):
    """The user's id, or the first half of its HMAC-SHA256 in hex; none stays none."""
    if config.user_id == "plain" or not user:
        return user
    tag = b"trackside user id 1\0" + user.encode()
    return hmac.new(config.secret.encode(), tag, hashlib.sha256).hexdigest()[:32]


def without_clicks(referrer):
    page, mark, query = referrer.partition(b"?")
    pairs = [pair for pair in query.split(b"&") if pair and not tells_click(pair.split(b"=")[0])]
    return page + (mark + b"&".join(pairs) if pairs else b"")


def first_language(value):
    tag = re.split(rb"[,;]", value, maxsplit=1)[0].strip(b" \t")
    return tag.decode() if re.fullmatch(rb"[A-Za-z0-9-]{1,35}", tag) else ""


# --- the record ---


@dataclass
class Hit:
    id: str
    micros: int
    site: str
    secure: bool
    method: bytes
    path: bytes
    query: bytes
    status: int
    referrer: bytes
    agent: bytes
    language: bytes
    peer: str | None
    place: dict
    visitor: str | None
    cookieless: bool
    new: bool
    first_visit: int | None
    session: int | None
    user_id: str
    route: str
    anonymous: bool
    confined: bool
    ads: bool
    kind: str = "page"
    title: str = ""
    name: str = ""
    category: str = ""
    label: str = ""
    value: float | None = None
    properties: dict = field(default_factory=dict)
    # What the browser's cookies say of whoever may be recognised by them: (name, value), in order.
    cookies: list = field(default_factory=list)

    def page(self, annotations, term):
        return replace(
            self, label=term, title=annotations.get("title", ""), properties=annotations.get("properties", {})
        )

    def special(self, kind, id, label):
        """An event that is told apart without the host."""
        return replace(self, id=id, kind=kind, name=kind, label=label)

    def event(self, event, id):
        return replace(
            self,
            id=id,
            kind="event",
            name=event["name"],
            category=event.get("category", ""),
            label=event.get("label", ""),
            value=event.get("value"),
            properties=event.get("properties", {}),
        )

    def shown_path(self, config):
        if config.path == "route" and self.route:
            return ("/" + self.route.removeprefix("/")).encode()
        return urls.redacted(urls.canonical(self.path) if config.canonical else self.path, config.path)

    def sealed(self, config, policy):
        """The hit as it is stored, under one `ip` policy."""
        path = cut(self.shown_path(config), URL)
        clicks = not self.anonymous
        referrer = cleaned_referrer(self.referrer, config)
        return replace(
            self,
            method=cut(self.method, METHOD),
            path=path,
            query=kept_query(self.query, config.query, URL - len(path) - 1, clicks),
            referrer=without_clicks(referrer) if not clicks else referrer,
            agent=cut(self.agent, AGENT),
            language=first_language(self.language),
            peer=masked(self.peer, policy),
            user_id=cut_str(recorded_user(self.user_id, config), USER_ID),
            route=cut_str(self.route, URL),
            title=cut_str(self.title, TITLE),
            name=cut_str(self.name, EVENT),
            category=cut_str(self.category, EVENT),
            label=cut_str(self.label, EVENT),
            properties={
                cut_str(key, KEY): cut_str(value, VALUE) if isinstance(value, str) else value
                for key, value in sorted(self.properties.items())[:PROPERTIES]
            },
        )

    def json(self):
        """What the file sink writes: absent and empty fields are left out."""
        has_first = self.visitor is not None and not self.cookieless
        fields = {
            "id": self.id,
            "kind": self.kind,
            "at": self.micros,
            "site": self.site,
            "secure": self.secure,
            "method": shown(self.method),
            "path": shown(self.path),
            "query": shown(self.query),
            "status": self.status,
            "referrer": shown(self.referrer),
            "agent": shown(self.agent),
            "language": self.language,
            "ip": self.peer,
            "place": self.place,
            "visitor": self.visitor,
            "new": self.new if has_first else None,
            "first_visit": self.first_visit if has_first else None,
            "cookieless": self.cookieless or None,
            "session": self.session,
            "confined": self.confined or None,
            "ads": self.ads or None,
            "user_id": self.user_id,
            "title": self.title,
            "route": self.route,
            "name": self.name,
            "category": self.category,
            "label": self.label,
            "value": number(self.value),
            "properties": {key: number(value) for key, value in self.properties.items()},
        }
        return {key: value for key, value in fields.items() if value not in (None, "", {})}


def number(value):
    """Whole numbers stand without a fraction."""
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) < 2**53
    return int(value) if is_whole else value


def shown(text):
    """Text, or {"hex": …} for bytes outside UTF-8."""
    try:
        return text.decode()
    except UnicodeDecodeError:
        return {"hex": text.hex()}
