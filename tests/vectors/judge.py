"""The verdict on one exchange, written a second time: see README.md for the rules in words.

Everything is bytes: nothing makes a client send UTF-8.
"""

import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import unquote_to_bytes

import proxy
import consent
import record
import urls
from cookieless import cookieless_id
from record import Hit

HTML = (b"text/html", b"application/xhtml+xml")
NIL = "00000000-0000-0000-0000-000000000000"
MAX = "ffffffff-ffff-ffff-ffff-ffffffffffff"


@dataclass
class Request:
    method: bytes
    target: bytes
    headers: list
    authority: bytes | None = None
    peer: str | None = None
    secure: bool = False
    resolved: bool = False

    def values(self, name):
        return values(self.headers, name)


@dataclass
class Response:
    status: int
    headers: list


@dataclass
class Visitor:
    """What a cookie said, or what a visitor without one would be given."""

    id: str
    first: int
    start: int
    seen: int
    known: bool
    bare: bool = False


@dataclass
class Verdict:
    outcome: str
    headers: list
    notice: dict | None
    visitor: tuple
    hits: list


def values(headers, name):
    """The usable values of `name`: those with control bytes other than a tab count as absent."""
    found = []
    for key, value in headers:
        if key.lower() == name and not re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", value):
            found.append(value.strip(b" \t"))
    return found


def first(found):
    return found[0] if found else None


# --- what the request asks for ---


def split_target(target):
    """(authority or None, path, query)."""
    absolute = re.match(rb"[A-Za-z][A-Za-z0-9+.\-]*://([^/?#]*)", target)
    authority = absolute[1] if absolute else None
    rest = target[absolute.end() :] if absolute else target
    rest = rest.split(b"#", 1)[0]
    path, _, query = rest.partition(b"?")
    return authority, path or (b"/" if absolute else b""), query


def site_of(request, config):
    """The request's host in lower case; None if it is missing, invalid or not one of ours."""
    authority = request.authority
    site = host_in(authority)
    if authority is None:
        site = host_in(proxy.arrival(config.proxies, request)[2])
    if authority is None and site is None:
        authority = split_target(request.target)[0]
        site = host_in(first(request.values(b"host")) if authority is None else authority)
    path = split_target(request.target)[1]
    if site is None or path not in (b"", b"*") and path[:1] != b"/":
        return None
    return site if not config.sites or site in config.sites else None


def host_in(authority):
    """The host of an authority in lower case; None if it is none."""
    match = authority is not None and re.fullmatch(
        rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._\-]+?)\.?(:[0-9]*)?", authority
    )
    return match[1].lower().decode() if match and len(match[1]) <= 255 else None


def decoded(path):
    """Percent-decoded once; broken escapes stay as they are."""
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda m: bytes([int(m[1], 16)]), path)


def covers(pattern, path):
    pattern = pattern.encode()
    if b"*" not in pattern:
        return path.startswith(pattern)
    runs = b".*".join(re.escape(part) for part in pattern.split(b"*"))
    return re.fullmatch(runs, path, re.DOTALL) is not None


def is_prefetch(request):
    for name in (b"sec-purpose", b"x-sec-purpose"):
        for value in request.values(name):
            for member in value.split(b","):
                if member.split(b";")[0].strip(b" \t").lower() == b"prefetch":
                    return True
    plain = {
        b"purpose": (b"prefetch",),
        b"x-purpose": (b"prefetch", b"preview", b"instant"),
        b"x-moz": (b"prefetch",),
        b"hx-preloaded": (b"true",),
    }
    return any(
        value.lower() in wanted for name, wanted in plain.items() for value in request.values(name)
    )


def accepted(request):
    """The media ranges of Accept that are not refused by q=0; None without the header."""
    found = request.values(b"accept")
    if not found:
        return None
    ranges = set()
    for member in b",".join(found).split(b","):
        media, *parameters = [part.strip(b" \t").lower() for part in member.split(b";")]
        if not any(re.fullmatch(rb"q\s*=\s*0(\.0*)?", p) for p in parameters):
            ranges.add(media)
    return ranges


def wants_html(request):
    """As the notice asks it: a missing Accept or */* will do, and a script that fetches a page."""
    dest = first(request.values(b"sec-fetch-dest"))
    if dest is not None and asked(request) != "visit":
        return dest == b"document"
    ranges = accepted(request)
    return ranges is None or not ranges.isdisjoint((*HTML, b"*/*"))


SELECTORS = re.compile(rb"body|html|main|:main|:layer|\[up-main.*", re.DOTALL)


def asked(request):
    """"page", "visit" (a page for a script to put in the place of another) or "fragment"."""
    dest = first(request.values(b"sec-fetch-dest"))
    if dest not in (None, b"empty"):
        return "page" if dest == b"document" else "fragment"

    def has(name):
        return bool(request.values(name))

    if has(b"turbo-frame") or has(b"rsc") or has(b"x-livewire") or has(b"x-inertia-partial-component"):
        return "fragment"
    if has(b"x-inertia") or has(b"hx-history-restore-request") or has(b"hx-boosted"):
        return "visit"
    if has(b"hx-request"):
        return "fragment"
    if has(b"x-up-target"):
        selectors = b",".join(request.values(b"x-up-target")).split(b",")
        whole = any(SELECTORS.fullmatch(selector.strip(b" \t")) for selector in selectors)
        return "visit" if whole else "fragment"
    if has(b"x-livewire-navigate") or has(b"x-pjax"):
        return "visit"
    if [v.lower() for v in request.values(b"accept")] == [b"text/html, application/xhtml+xml"]:
        return "visit"
    if dest is not None:
        return "page" if first(request.values(b"sec-fetch-mode")) == b"navigate" else "fragment"
    if any(v.lower() == b"xmlhttprequest" for v in request.values(b"x-requested-with")):
        return "fragment"
    ranges = accepted(request)
    allowed = ranges is None or not ranges.isdisjoint((*HTML, b"*/*", b"text/*"))
    return "page" if allowed else "fragment"


# --- the rules, in their order ---


def begin_reason(config, request):
    """The first rule of `begin` that says no."""
    if not config.counts_method(request.method):
        return "method"
    reason = held_back(config, request)
    if reason is None and not config.fragments and asked(request) == "fragment":
        return "fragment"
    return reason


def held_back(config, request):
    """The rules of `begin` that hold events back too."""
    path = decoded(split_target(request.target)[1])
    if site_of(request, config) is None:
        return "unknown-site"
    if any(covers(pattern, path) for pattern in config.ignore):
        return "ignored"
    if config.only and not any(covers(pattern, path) for pattern in config.only):
        return "not-only"
    return "prefetch" if is_prefetch(request) else None


COMMON = """7z aac apk avi bz2 csv deb dmg doc docx epub exe flac gz ics iso jar key m4a mkv mobi mov mp3 mp4 mpeg
    mpg msi odp ods odt ogg pdf pkg pps ppt pptx rar rpm rtf tar tgz wav webm xls xlsx xz zip""".split()


def is_download(config, request, response):
    listed = list(config.downloads)
    if "common" in listed:
        listed += ["attachment", *COMMON]

    def word(name):
        found = first(values(response.headers, name))
        return found.split(b";")[0].strip(b" \t").lower().decode("latin-1") if found else ""

    if "attachment" in listed and word(b"content-disposition") == "attachment":
        return True
    media = word(b"content-type")
    if media and media in listed:
        return True
    name = split_target(request.target)[1].split(b"/")[-1].lower().decode("latin-1")
    stem, dot, extension = name.rpartition(".")
    is_html = media.encode() in HTML
    return bool(stem and dot) and not is_html and extension in set(listed) - {"common", "attachment"}


def search_term(config, query):
    """What was searched for, or nothing."""
    for pair in query.split(b"&"):
        name, _, value = pair.partition(b"=")
        if unquote_to_bytes(name.replace(b"+", b" ")) in config.search:
            term = unquote_to_bytes(value.replace(b"+", b" ")).decode(errors="replace").strip()
            shapes = (urls.shape(term.encode()), urls.shape(value))
            return "***" if term and ("email" in shapes or "token" in shapes) else term
    return ""


def finish_reason(config, request, response, has_beacon, now):
    reason = response_reason(config, request, response)
    is_beacons = config.beacon is not None and (has_beacon or is_shared(response.headers, now))
    return reason or ("beacon" if is_beacons else None)


def response_reason(config, request, response):
    if response.status == 101:
        return "upgrade"
    if config.not_found and response.status == 404:
        return "not-found"
    if not any(low <= response.status <= high for low, high in config.status):
        return "status"
    if is_download(config, request, response):
        return "download"
    if config.content_types is None or asked(request) == "visit":
        return None
    found = first([v for v in values(response.headers, b"content-type") if v])
    if found is not None:
        counts = found.split(b";")[0].strip(b" \t").lower() in config.content_types
    elif request.values(b"sec-fetch-dest"):
        counts = first(request.values(b"sec-fetch-dest")) == b"document"
    else:
        counts = not (accepted(request) or set()).isdisjoint(config.content_types)
    return None if counts else "content-type"


# --- the visitor and the cookie ---


UUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"


def known_visitor(config, request, now):
    """What the first well-formed cookie that has not expired says."""
    for header in request.values(b"cookie"):
        for pair in header.split(b";"):
            name, _, value = pair.strip(b" \t").partition(b"=")
            if name.decode("latin-1") != config.cookie_name:
                continue
            visitor = parsed(value.decode("latin-1"), now)
            if visitor and (config.renew or visitor.first + config.max_age > now):
                return visitor
    return None


def parsed(value, now):
    match = re.fullmatch(rf"({UUID})(?:\.([0-9]{{1,12}})\.([0-9]{{1,12}})\.([0-9]{{1,12}}))?", value)
    if not match or match[1].lower() in (NIL, MAX):
        return None
    if match[2] is None:
        return Visitor(match[1].lower(), now, now, now, known=True, bare=True)
    seen = min(int(match[4]), now)
    start = min(int(match[3]), seen)
    # Of a clock that was set back: more than clocks of servers may differ.
    stray = int(match[3]) > now + 60
    return Visitor(match[1].lower(), min(int(match[2]), start), start, seen, known=True, bare=stray)


def set_cookie(config, request, visitor, now):
    age = config.max_age if config.renew else visitor.first + config.max_age - now
    secure = proxy.arrival(config.proxies, request)[1] if config.secure == "auto" else config.secure
    parts = [f"{config.cookie_name}={visitor.id}.{visitor.first}.{visitor.start}.{now}"]
    parts += ["HttpOnly"] * config.http_only
    parts += [f"SameSite={config.same_site.capitalize()}"]
    parts += ["Secure"] * bool(secure)
    parts += [f"Path={config.cookie_path}"]
    parts += [f"Domain={config.domain}"] * bool(config.domain)
    parts += [f"Max-Age={age}"]
    return ["set-cookie", "; ".join(parts)]


def directives(headers, name):
    """{directive: argument or None}, quotes taken off."""
    found = {}
    for member in re.findall(rb'(?:"(?:\\.|[^"\\])*"|[^,"])+', b",".join(values(headers, name))):
        key, equals, argument = member.strip(b" \t").partition(b"=")
        found[key.strip(b" \t").lower()] = argument.strip(b' \t"') if equals else None
    return found


def positive(argument):
    return argument is not None and re.fullmatch(rb"[0-9]*[1-9][0-9]*", argument) is not None


def is_private(found):
    """A qualified private="…" hides some fields only and does not count."""
    return b"no-store" in found or found.get(b"private", b"-") is None


def date(value):
    try:
        return parsedate_to_datetime(value.decode("ascii")).timestamp()
    except (ValueError, TypeError, AttributeError):
        return None


def expires_later(headers, now):
    value = first(values(headers, b"expires"))
    expires = date(value) if value is not None else None
    sent = first(values(headers, b"date"))
    sent = date(sent) if sent is not None else None
    return expires is not None and expires > (now if sent is None else sent)


def is_shared(headers, now):
    for name in (b"cdn-cache-control", b"surrogate-control"):
        own = directives(headers, name)
        age = positive(own.get(b"max-age")) or positive(own.get(b"s-maxage"))
        if age and not is_private(own):
            return True
    found = directives(headers, b"cache-control")
    fresh = (
        b"public" in found
        or b"s-maxage" in found
        or positive(found.get(b"max-age"))
        or expires_later(headers, now)
    )
    return fresh and not is_private(found)


# --- begin and finish ---


def notice(config, request, site):
    def escaped(text):
        for raw, reference in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#39;")):
            text = text.replace(raw, reference)
        return text

    text = config.notice.replace("{site}", site)
    told = {"text": text, "html": escaped(text)}
    if config.consent_path:
        told["banner"] = (
            '<section class="trackside-consent" role="region" aria-labelledby="trackside-consent-text">'
            f'<p id="trackside-consent-text">{told["html"]}</p>'
            f'<form method="post" action="{config.consent_path}withdraw">'
            f'<button type="submit" formaction="{config.consent_path}grant">{escaped(config.allow)}</button> '
            f'<button type="submit" formaction="{config.consent_path}withdraw">{escaped(config.refuse)}</button>'
            "</form></section>"
        )
    return told


def is_given(request, signal):
    return any(part.strip(b" \t") == b"1" for value in request.values(signal) for part in value.split(b","))


def cookies_of(request):
    pairs = [pair.strip(b" \t").partition(b"=") for value in request.values(b"cookie") for pair in value.split(b";")]
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, mark, value in pairs if mark]


def judge(config, micros, entropy, key, said, request, response, annotations):
    now = micros // 1_000_000
    if config.mode == "off":
        return Verdict("off", [], None, (None, False), [])

    reason = begin_reason(config, request)
    begun = reason is None
    has_cookie = config.identity == "cookie"
    hands_out = has_cookie and config.count == "pages"
    signs = (
        consent.of_cookies(request.values(b"cookie"), config.cookie_name),
        is_given(request, b"sec-gpc"),
        is_given(request, b"dnt"),
    )
    at_first = consent.outcome(config, (None, None), *signs)
    is_told_first = config.policy in ("notice", "opt-out") and at_first.analytics is None
    visitor = known_visitor(config, request, now) if has_cookie else None
    if visitor is None and hands_out and begun and (wants_html(request) or not is_told_first):
        visitor = Visitor(record.visitor_id(entropy), now, now, now, known=False)
    is_new = visitor is not None and not visitor.known
    site = site_of(request, config)
    agent = first(request.values(b"user-agent")) or b""
    # The id of the day, for whoever has no other.
    stand_in = None
    if config.identity != "none" and held_back(config, request) is None:
        stand_in = cookieless_id(key, site, proxy.arrival(config.proxies, request)[0], agent)
    allowed = consent.outcome(config, said, *signs)
    # The cookies are read when the exchange begins, before the host says anything.
    ways = (allowed, at_first)
    joins = visitor is not None and all(way.footing == "full" and not way.confined for way in ways)
    concerned = {"notice": is_new, "opt-out": is_new, "opt-in": begun}.get(config.policy, False)
    due = concerned and allowed.analytics is None and config.mode == "on" and wants_html(request)
    # Nothing but what they allow is known of them.
    if allowed.footing != "full":
        visitor, is_new = None, False
    if allowed.footing in ("anonymous", "skip"):
        stand_in = None
    shown = allowed.footing == "cookieless" or config.identity == "cookieless"
    seen = visitor.id if visitor else stand_in if shown else None
    verdict = Verdict(
        reason or "abandoned",
        [],
        notice(config, request, site) if due else None,
        (seen, is_new),
        [],
    )
    if response is None:
        return verdict

    if allowed.footing == "skip":
        reason = reason or "consent"
    reason = reason or finish_reason(config, request, response, annotations.get("beacon", False), now)
    verdict.outcome = reason or "tracked"
    if config.mode == "dry-run":
        return verdict

    may_set = (
        reason is None
        and hands_out
        and allowed.footing == "full"
        and request.method != b"HEAD"
        and response.status < 400
        and response.status != 304
        and not is_shared(response.headers, now)
    )
    session = None
    if visitor is not None:
        idle = now - visitor.seen
        lapsed = is_new or visitor.bare or 10 * idle > 11 * config.session_timeout
        if lapsed and may_set:
            visitor.start = now
        if may_set and (lapsed or 10 * idle > config.session_timeout):
            verdict.headers.append(set_cookie(config, request, visitor, now))
            if not is_private(directives(response.headers, b"cache-control")):
                verdict.headers.append(["cache-control", "private"])
        if may_set or not lapsed:
            session = visitor.start
        if is_new and not may_set:
            visitor, is_new = None, False

    if held_back(config, request) is None and allowed.footing != "skip":
        anonymous = allowed.footing == "anonymous"
        _, path, query = split_target(request.target)
        address, secure, _ = proxy.arrival(config.proxies, request)
        hit = Hit(
            id=record.page_id(micros, entropy),
            micros=micros,
            site=site,
            secure=secure,
            method=request.method,
            path=path,
            query=query,
            status=response.status,
            referrer=first(request.values(b"referer")) or b"",
            agent=agent,
            language=first(request.values(b"accept-language")) or b"",
            peer=None if anonymous else address,
            place={} if anonymous else proxy.told_place(config, request),
            visitor=visitor.id if visitor else stand_in,
            cookieless=visitor is None and stand_in is not None,
            new=is_new,
            first_visit=visitor and visitor.first,
            session=session,
            user_id="" if anonymous else annotations.get("user_id", ""),
            anonymous=anonymous,
            confined=allowed.confined,
            ads=allowed.ads == "granted",
            route=annotations.get("route", ""),
            cookies=cookies_of(request) if joins else [],
        )
        if reason is None:
            term = search_term(config, query)
            verdict.hits.append(hit.page(annotations, term))
            if term:
                verdict.hits.append(hit.special("search", record.event_id(micros, entropy, record.EVENTS), term))
        elif reason in ("download", "not-found"):
            verdict.hits.append(hit.special(reason, hit.id, ""))
        for n, event in enumerate(annotations.get("events", [])[: record.EVENTS]):
            verdict.hits.append(hit.event(event, record.event_id(micros, entropy, n)))
    return verdict
