"""Whose request it is behind proxies: see README.md for the rule in words.

The chain is laid out as a list, the nearest entry first, and then walked.
"""

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
QUOTED = rb'"(?:[^"\\]|\\.)*"'
# Colons and brackets want quotes, which not everybody gives.
LOOSE = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z:\[\]]+"
PAIR = rb"(" + TOKEN + rb")=(" + QUOTED + rb"|" + LOOSE + rb")"
ELEMENT = re.compile(rb"[ \t]*(?:;[ \t]*)*(?:" + PAIR + rb"[ \t]*(?:;[ \t]*(?:" + PAIR + rb"[ \t]*)?)*)?(?=,|$)", re.DOTALL)

LISTS = ("x-forwarded-for", "forwarded")
CDNS = {
    "app-engine": ["X-AppEngine-Country", "X-AppEngine-Region", "X-AppEngine-City"],
    "cloudflare": ["CF-IPCountry", "CF-Region-Code", "CF-IPCity"],
    "cloudfront": ["CloudFront-Viewer-Country", "CloudFront-Viewer-Country-Region", "CloudFront-Viewer-City"],
    "vercel": ["X-Vercel-IP-Country", "X-Vercel-IP-Country-Region", "X-Vercel-IP-City"],
}
PRIVATE = [
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16")
    + ("::1/128", "fc00::/7", "fe80::/10")
]


@dataclass
class Trust:
    networks: list = field(default_factory=list)
    unix: bool = False
    hops: int = 0
    header: str = "x-forwarded-for"

    @property
    def anybody(self):
        return bool(self.networks or self.unix or self.hops)

    def of(self, depth, address):
        """Whether the one at `depth` from the right, the peer at 0, is a proxy of ours."""
        if self.hops:
            return depth < self.hops
        if address is None:
            return self.unix
        return any(address in net for net in self.networks if net.version == address.version)


def read(table):
    trust = Trust(hops=table.take("hops", 0), header=table.take("header", "x-forwarded-for"))
    for text in table.take("trusted", []):
        if text == "private":
            trust.networks += PRIVATE
        elif text == "unix":
            trust.unix = True
        else:
            trust.networks.append(ipaddress.ip_network(text))
    table.end()
    return trust


def canonical(address):
    return getattr(address, "ipv4_mapped", None) or address


def node(text):
    """The address of an entry; None if it is none."""
    match = re.fullmatch(
        r"(?:\[([0-9A-Fa-f:.]+)(?:%[A-Za-z0-9._~\-]+)?\]|([0-9.]+))(?::(?:[0-9]{1,5}|_[A-Za-z0-9._\-]+))?"
        r"|([0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)(?:%[A-Za-z0-9._~\-]+)?",
        text.decode("latin-1"),
    )
    if not match or len(text) > 96:
        return None
    try:
        if match[2]:
            return ipaddress.IPv4Address(match[2])
        return canonical(ipaddress.IPv6Address(match[1] or match[3]))
    except ValueError:
        return None


def entries(request, name):
    """The values of a list that is not quoted, from the left."""
    pieces = [piece.strip(b" \t") for value in request.values(name) for piece in value.split(b",")]
    return [piece for piece in pieces if piece]


def elements(request):
    """The elements of Forwarded from the left: (address or None, scheme, host), None for what is broken."""
    found = []
    for line in request.values(b"forwarded"):
        at = 0
        while at < len(line):
            if line[at : at + 1] in (b",", b" ", b"\t"):
                at += 1
                continue
            match = ELEMENT.match(line, at)
            if match:
                found.append(element(match[0]))
                at = match.end()
                continue
            found.append(None)
            comma = line.find(b",", at)
            end = len(line) if comma < 0 else comma
            # Where there is a quote, nobody knows what the comma belongs to.
            at = len(line) if b'"' in line[at:end] else end
    return found


def element(text):
    pairs = {}
    for name, value in re.findall(PAIR, text, re.DOTALL):
        name = name.lower()
        if name in pairs and name in (b"for", b"proto", b"host"):
            return None
        pairs[name] = value
    raw = {name: value[1:-1] if value[:1] == b'"' else value for name, value in pairs.items()}
    plain = {name: value for name, value in raw.items() if b"\\" not in value}
    client = re.sub(rb"\\(.)", rb"\1", raw.get(b"for", b""), flags=re.DOTALL)
    return node(client), plain.get(b"proto"), plain.get(b"host")


def at_place(request, name, place):
    """The value at a place from the right, from 1; the one furthest to the left if there are fewer."""
    found = entries(request, name)
    return found[-min(place, len(found))] if found else None


def arrival(trust, request):
    """(address, whether by https, host or None) of the request as the outermost trusted proxy received it."""
    peer = canonical(ipaddress.ip_address(request.peer)) if request.peer is not None else None
    address, scheme, host = peer, None, None
    if trust.anybody and not request.resolved and trust.of(0, peer):
        if trust.header == "forwarded":
            address, scheme, host = by_elements(trust, peer, elements(request)[::-1])
        else:
            if trust.header == "x-forwarded-for":
                chain = [node(entry) for entry in entries(request, b"x-forwarded-for")][::-1]
            else:
                only = request.values(trust.header.encode())
                chain = [node(only[0])] if len(only) == 1 else []
            depth = 0
            for place, found in enumerate(chain, 1):
                if found is None:
                    break
                address, depth = found, place
                if not trust.of(place, found) or trust.header not in LISTS:
                    break
            scheme = at_place(request, b"x-forwarded-proto", max(depth, 1))
            host = at_place(request, b"x-forwarded-host", max(depth, 1))
    by_scheme = {b"https": True, b"wss": True, b"http": False, b"ws": False}
    secure = by_scheme.get((scheme or b"").lower(), request.secure)
    return address and str(address), secure, host


def told_place(config, request):
    """What the proxies tell of the client's place: {country, region, city}, as far as it is known and recorded."""
    peer = canonical(ipaddress.ip_address(request.peer)) if request.peer is not None else None
    if request.resolved or not config.proxies.anybody or not config.proxies.of(0, peer):
        return {}
    told = [request.values(name.lower().encode()) if name else [] for name in config.place_headers]
    country, region, city = (values[0] if len(values) == 1 else b"" for values in told)
    if not re.fullmatch(rb"[A-Za-z]{2}", country) or country.upper() in (b"XX", b"ZZ"):
        return {}
    code = re.fullmatch(rb"(?:" + country + rb"-|" + country + rb"(?=.{2}))?([A-Za-z0-9]{1,3})", region, re.IGNORECASE)
    region = code[1].decode().upper() if code else ""
    try:
        city = unquote_to_bytes(city).decode().strip()
    except UnicodeDecodeError:
        city = ""
    is_name = any(c.isalnum() for c in city) and not any(c < " " or "\x7f" <= c <= "\x9f" for c in city)
    city = city.encode()[:128].decode(errors="ignore") if is_name else ""
    return narrowed(config, country.decode().upper(), "" if region == "ZZ" else region, city)


def narrowed(config, *place):
    """The first of country, region and city, as many as `privacy.geo` has recorded."""
    most = ("none", "country", "region", "city").index(config.geo)
    named = zip(("country", "region", "city"), place[:most])
    return {key: text for key, text in named if text}


def by_elements(trust, address, chain):
    scheme = host = None
    for place, found in enumerate(chain, 1):
        if found is None:
            break
        client, told_scheme, told_host = found
        # The further out, the nearer to the client.
        scheme, host = told_scheme or scheme, told_host or host
        if client is None:
            break
        address = client
        if not trust.of(place, client):
            break
    return address, scheme, host
