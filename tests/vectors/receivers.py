"""The receivers that take JSON: which hits each refuses, and the request that carries one hit."""

import base64
import datetime
import hashlib
import hmac
import json
import re
import unicodedata
import uuid
from urllib.parse import unquote_to_bytes

import look
import record
import schema

VERSION = "0.1.0"
LIBRARY = {"name": "trackside", "version": VERSION}
JSON = ["content-type", "application/json"]


def present(table):
    return {key: value for key, value in table.items() if value not in (None, "")}


# --- texts ---


def units(text, most):
    """The first UTF-16 units of a text, as JavaScript and Java count."""
    whole = text.encode("utf-16-le")[: 2 * most]
    return whole.decode("utf-16-le", errors="ignore")


def clean(text, most=1 << 30):
    """Without control characters but tabs and ends of lines, and without what is not UTF-8."""
    if isinstance(text, bytes):
        text = text.decode(errors="replace")
    return units(re.sub("[\0-\x08\x0b\x0c\x0e-\x1f\x7f]", "\ufffd", text), most)


def uri(text, most=4096):
    """RFC 3986: everything else is percent-encoded, and escapes that are none."""
    whole = ""
    for match in re.finditer(rb"%[0-9A-Fa-f]{2}|.", text, re.DOTALL):
        unit = match[0]
        if len(unit) == 1 and not re.match(rb"[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=]", unit):
            unit = b"%%%02X" % unit[0]
        if len(whole) + len(unit) > most:
            break
        whole += unit.decode()
    return whole


def page_url(hit, most=4096):
    if not hit.site or not hit.path:
        return None
    scheme = b"https://" if hit.secure else b"http://"
    query = b"?" + hit.query if hit.query else b""
    return uri(scheme + hit.site.encode() + hit.path + query, most)


def referrer_host(hit):
    match = re.match(rb"(?i:https?)://([A-Za-z0-9._-]{1,255})(:[0-9]{0,5})?(?=[/?#]|\Z)", hit.referrer)
    return match[1].decode() if match else None


def referrer(hit, most=4096):
    return uri(hit.referrer, most) if referrer_host(hit) else None


def iso(micros):
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=micros // 1000)
    return moment.isoformat(timespec="milliseconds") + "Z"


def session_id(hit):
    """A UUID v7 of the session's first millisecond, and of the visitor."""
    if not hit.session or not hit.visitor:
        return None
    block = bytearray((hit.session * 1000).to_bytes(6, "big") + uuid.UUID(hit.visitor).bytes[6:])
    block[6] = block[6] & 0x0F | 0x70
    block[8] = block[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(block)))


def joined(hit, joint):
    return joint.join(part for part in (hit.category, hit.name) if part)


def revenue(hit):
    """What an event has earned."""
    currency, amount = hit.properties.get("currency"), hit.properties.get("revenue")
    if not is_number(amount):
        amount = hit.value
    if hit.kind != "event" or amount is None or not re.fullmatch("[A-Z]{3}", str(currency)):
        return None
    return {"currency": currency, "amount": record.number(amount)}


def fits(number):
    """Some stores have fifteen digits before the point."""
    return abs(number) < 10**15


def storable(sale):
    return sale if sale and fits(sale["amount"]) else None


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def told(hit, most=1 << 30):
    """What an event has besides its name."""
    return present({
        "category": clean(hit.category, most),
        "label": clean(hit.label, most),
        "value": record.number(hit.value),
        "revenue": (revenue(hit) or {}).get("amount"),
    })


def properties(hit, own, most=1 << 30):
    return {
        key: clean(value, most) if isinstance(value, str) else record.number(value)
        for key, value in hit.properties.items()
        if key and value != "" and not re.search("[\0-\x1f\x7f]", key) and not own(key)
    }


def is_blank(text):
    """Of Unicode's white space, to which Python adds four control characters."""
    return all(character.isspace() and character not in "\x1c\x1d\x1e\x1f" for character in text)


def whole_user(hit, most=1 << 30):
    """A part of an id could be somebody else's, and a blank one is nobody's."""
    is_whole = len(hit.user_id.encode("utf-16-le")) <= 2 * most
    return hit.user_id if is_whole and not is_blank(hit.user_id) else ""


def is_background(hit):
    return hit.kind != "page" and hit.properties.get("non_interaction") is True


def unsold(hit, own):
    """What is earned by a sale is told once, in a number."""
    return lambda key: own(key) or key == "revenue" and revenue(hit) is not None


def need_name(hit):
    return "bad-name" if hit.kind == "event" and not hit.name else None


# Letters and the like by their category, and signs, of which nothing is to be seen.
BLANKS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"


def is_seen(character):
    """What RudderStack's gateway leaves of an id."""
    return unicodedata.category(character)[0] in "LMNPS" and character not in BLANKS


def need_anybody(hit):
    is_user = any(is_seen(character) for character in hit.user_id)
    return "no-visitor" if not hit.visitor and not is_user else need_name(hit)


def post(url, body, *headers):
    return {"method": "POST", "url": url, "headers": [JSON, *headers], "body": {"json": body}}


def place_of(hit, found):
    """Whoever knew it; nothing where there is an address."""
    return {} if hit.peer else hit.place or found.get("place", {})


def click_of(hit):
    for pair in hit.query.split(b"&"):
        name, _, value = pair.partition(b"=")
        if name.decode("latin-1") in look.CLICKS and value:
            return {name.decode(): clean(unquote_to_bytes(value.replace(b"+", b" ")))}
    return {}


# --- posthog ---

NAMES = {"page": "$pageview", "download": "file_download", "not-found": "page_not_found", "search": "search"}


def posthog_admit(hit):
    if not hit.visitor and not whole_user(hit, 200):
        return "no-visitor"
    return "bad-name" if hit.kind == "event" and joined(hit, "_").startswith("$") else need_name(hit)


def posthog_own(key):
    own = "category label link_url new_visitor search_term title value".split()
    return key[0] == "$" or key.startswith("utm_") or key in own or key in look.CLICKS


def posthog_encode(keys, hit, found, now):
    place, campaign = place_of(hit, found), found.get("campaign", {})
    url = page_url(hit)
    sent = {
        "$current_url": url,
        "$host": hit.site if url else None,
        "$pathname": uri(hit.path) if url else None,
        "$referrer": referrer(hit),
        "$referring_domain": referrer_host(hit),
        "title": clean(hit.title),
        "$ip": hit.peer,
        "$geoip_disable": None if hit.peer else True,
        "$geoip_country_code": place.get("country"),
        "$geoip_subdivision_1_code": place.get("region"),
        "$geoip_city_name": place.get("city"),
        "$raw_user_agent": clean(hit.agent, 1000),
        "$browser_language": hit.language,
        "$session_id": session_id(hit) if keys.get("session", True) else None,
        "$lib": "trackside",
        "$lib_version": VERSION,
        "$process_person_profile": {"always": True, "never": False}.get(
            keys.get("person_profiles"), whole_user(hit, 200) != ""
        ),
        "new_visitor": True if hit.new and not hit.cookieless else None,
        "utm_source": clean(campaign.get("source", "")),
        "utm_medium": clean(campaign.get("medium", "")),
        "utm_campaign": clean(campaign.get("name", "")),
        "utm_term": clean(campaign.get("term", "")),
        "utm_content": clean(campaign.get("content", "")),
        **click_of(hit),
        "link_url": url if hit.kind == "download" else None,
        "search_term": clean(hit.label) if hit.kind == "search" else None,
        **(told(hit) if hit.kind == "event" else {}),
        **properties(hit, unsold(hit, posthog_own)),
    }
    event = {
        "uuid": hit.id,
        "event": NAMES.get(hit.kind) or clean(joined(hit, "_"), 200),
        "timestamp": iso(hit.micros),
        "distinct_id": clean(whole_user(hit, 200)) or hit.visitor,
        "properties": present(sent),
    }
    body = {
        "api_key": keys["api_key"],
        "historical_migration": keys.get("historical_migration", False),
        "batch": [event],
    }
    return post(keys.get("url", "https://us.i.posthog.com/batch/"), body)


# --- segment and rudderstack ---

TRACKS = {"download": "File Downloaded", "not-found": "Page Not Found", "search": "Products Searched"}
LARGEST_ITEM = 32_000


def segment_own(hit):
    words = "path referrer search title url" if hit.kind == "page" else "category label query url value"
    return lambda key: key in words.split()


def segment_encode(keys, hit, found, now):
    url = page_url(hit)
    page = present({
        "url": url,
        "path": uri(hit.path) if url else None,
        "search": uri(b"?" + hit.query, 1 << 30) if url and hit.query else None,
        "title": clean(hit.title),
        "referrer": referrer(hit),
    })
    campaign = {key: clean(text) for key, text in found.get("campaign", {}).items() if key not in ("id", "click")}
    place = place_of(hit, found)
    context = {
        "ip": hit.peer,
        "location": place or None,
        "userAgent": clean(hit.agent),
        "locale": hit.language,
        "sessionId": hit.session,
        "page": page or None,
        "campaign": campaign or None,
        "library": LIBRARY,
    }
    own = {
        "page": page,
        "event": told(hit),
        "search": {"query": clean(hit.label)},
    }.get(hit.kind, {"url": url})
    item = {
        "type": "page" if hit.kind == "page" else "track",
        "messageId": hit.id,
        "anonymousId": hit.visitor,
        "userId": clean(whole_user(hit)),
        "timestamp": iso(hit.micros),
        "context": present(context),
        "name": clean(hit.title) if hit.kind == "page" else None,
        "event": TRACKS.get(hit.kind) or (clean(joined(hit, " ")) if hit.kind == "event" else None),
        "properties": present(own),
    }
    item = present(item)
    for key, value in properties(hit, unsold(hit, segment_own(hit))).items():
        longer = {**item["properties"], key: value}
        if len(compact({**item, "properties": longer})) <= LARGEST_ITEM:
            item["properties"] = longer
    body = {"batch": [item], "sentAt": iso(now)}
    credentials = base64.b64encode(f"{keys['write_key']}:".encode()).decode()
    url = keys.get("url", "https://api.segment.io/v1/batch")
    return post(url, body, ["authorization", f"Basic {credentials}"])


def compact(table):
    return json.dumps(table, ensure_ascii=False, separators=(",", ":")).encode()


# --- webhook ---


def webhook_admit(hit):
    return None


def webhook_encode(keys, hit, found, now):
    body = {"version": 1, "sent_at": now, "hits": [{**hit.json(), **found}]}
    head = f"{hit.id}-1.{now // 1_000_000}."
    key = base64.b64decode(keys["secret"].removeprefix("whsec_"))
    signature = base64.b64encode(hmac.digest(key, head.encode() + compact(body), hashlib.sha256)).decode()
    return post(
        keys["url"],
        body,
        ["webhook-id", f"{hit.id}-1"],
        ["webhook-timestamp", str(now // 1_000_000)],
        ["webhook-signature", f"v1,{signature}"],
    )


# --- umami ---

BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


def umami_version(keys):
    return tuple(int(number) for number in keys.get("version", "3.1").split("."))[:2]


def umami_admit(keys, hit):
    is_by_address = umami_version(keys) < (2, 18)
    is_batch = keys["url"].split("?")[0].rstrip("/").endswith("/batch")
    if is_by_address and not hit.peer or (is_by_address or is_batch) and not hit.agent.strip():
        return "no-visitor"
    return need_name(hit)


def umami_url(hit):
    whole = page_url(hit)
    if whole is None:
        return None
    is_relative = hit.path[:1] == b"/" and hit.path[:2] != b"//" and len(hit.site) <= 100
    return uri(hit.path + (b"?" + hit.query if hit.query else b"")) if is_relative else whole


def umami_encode(keys, hit, found, now):
    since = umami_version(keys)
    data = None
    if hit.kind != "page":
        own = {
            "download": {"link_url": page_url(hit, 500)},
            "search": {"search_term": clean(hit.label, 500)},
            "event": told(hit, 500),
        }.get(hit.kind, {})
        names = "category label link_url search_term value".split()
        data = {**present(own), **properties(hit, unsold(hit, lambda key: key in names), 500)}
        data = {key: value for key, value in data.items() if not is_number(value) or fits(value)}
    payload = {
        "website": keys["website"],
        "hostname": hit.site if len(hit.site) <= 100 else None,
        "url": umami_url(hit),
        "title": clean(hit.title, 500),
        "referrer": referrer(hit, 500),
        "language": hit.language,
        "ip": hit.peer if since >= (2, 10) else None,
        "tag": keys.get("tag") if since >= (2, 11) else None,
        "userAgent": clean(hit.agent) if since >= (2, 16) else None,
        "timestamp": hit.micros // 1_000_000 if since >= (2, 17) else None,
        "id": (clean(whole_user(hit, 50)) or hit.visitor) if since >= (2, 18) else None,
        "name": None if hit.kind == "page" else NAMES.get(hit.kind) or clean(joined(hit, "_"), 50),
        "data": data,
    }
    event = {"type": "event", "payload": present(payload)}
    headers = []
    is_batch = keys["url"].split("?")[0].rstrip("/").endswith("/batch")
    if is_batch:
        headers.append(["user-agent", BROWSER])
    elif hit.agent:
        headers.append(["user-agent", re.sub(r"[^ -~]", "?", hit.agent.decode("latin-1"))])
    if not is_batch and hit.peer and since < (2, 10):
        headers.append(["x-forwarded-for", hit.peer])
    return post(keys["url"], [event] if is_batch else event, *headers)


# --- goatcounter ---


def slug(*texts):
    words = re.findall(r"[^\W_]+", " ".join(texts))
    return "-".join(words).lower()


def goatcounter_admit(hit):
    if hit.kind == "page":
        return None if hit.path else "bad-name"
    if hit.kind == "event" and (not hit.name or not slug(hit.category, hit.name)):
        return "bad-name"
    return None


def goatcounter_encode(keys, hit, found, now):
    page = hit.kind == "page"
    path = {
        "page": lambda: uri(hit.path, 2048),
        "download": lambda: uri(b"download" + hit.path, 2048),
        "not-found": lambda: uri(b"not-found" + hit.path, 2048),
        "search": lambda: slug("search", hit.label),
        "event": lambda: slug(hit.category, hit.name),
    }[hit.kind]()
    sent = {
        "path": path,
        "query": uri(hit.query, 1 << 30) if page else None,
        "event": None if page else True,
        "title": clean(hit.title if page else hit.label, 1024),
        "ref": referrer(hit, 2048),
        "ip": hit.peer,
        "location": place_of(hit, found).get("country"),
        "user_agent": clean(hit.agent, 512),
        "language": hit.language,
        "created_at": iso(hit.micros),
        "session": session_id(hit) or hit.visitor,
    }
    body = {"hits": [present(sent)]}
    if not hit.visitor and not (hit.peer and hit.agent):
        body["no_sessions"] = True
    if keys.get("filter") is False:
        body["filter"] = []
    return post(keys["url"], body, ["authorization", f"Bearer {keys['token']}"])


# --- snowplow ---

IGLU = "iglu:com.snowplowanalytics.snowplow/"


def described(hit, keys):
    """The schema of a hit that has one, and its data."""
    if hit.kind == "download" and page_url(hit):
        return "link_click/jsonschema/1-0-1", {"targetUrl": page_url(hit)}
    if hit.kind == "search" and hit.label.split():
        data = {"terms": [clean(term) for term in hit.label.split()[:64]]}
        return "site_search/jsonschema/1-0-0", data
    if hit.kind == "event" and hit.category == "exception":
        language = keys.get("programming_language", "RUST")
        data = {"programmingLanguage": language, "message": clean(hit.label or hit.name, 2048)}
        if isinstance(hit.properties.get("fatal"), bool):
            data["isFatal"] = hit.properties["fatal"]
        return "application_error/jsonschema/1-0-2", data
    if hit.kind == "event" and hit.category == "timing" and hit.value is not None:
        data = {"category": "timing", "variable": clean(hit.name, 1000), "timing": record.number(hit.value)}
        return "timing/jsonschema/1-0-0", {**data, **present({"label": clean(hit.label, 1000)})}
    return None


def snowplow_url(hit):
    """Enrichment takes a path of 3,000 bytes and no longer one."""
    if not page_url(hit):
        return None
    scheme = b"https://" if hit.secure else b"http://"
    query = b"?" + hit.query if hit.query else b""
    return uri(scheme + hit.site.encode() + uri(hit.path, 3000).encode() + query)


def snowplow_encode(keys, hit, found, now):
    event = {
        "eid": hit.id,
        "dtm": str(hit.micros // 1000),
        "p": keys.get("platform", "srv"),
        "tv": f"trackside-{VERSION}",
        "tna": keys.get("namespace"),
        "aid": keys.get("app_id"),
        "stm": str(now // 1000),
        "ttm": str(hit.micros // 1000) if keys.get("true_time") else None,
        "duid": hit.visitor,
        "tnuid": hit.visitor,
        "uid": clean(whole_user(hit, 255)),
        "sid": session_id(hit),
        "vid": "1" if hit.new and not hit.cookieless else None,
        "ip": hit.peer,
        "ua": clean(hit.agent, 1000),
        "lang": hit.language,
        "url": snowplow_url(hit),
        "page": clean(hit.title),
        "refr": referrer(hit),
    }
    special = described(hit, keys)
    if hit.kind == "page":
        event["e"] = "pv"
    elif special:
        event["e"] = "ue"
        data = {"schema": IGLU + special[0], "data": special[1]}
        wrapper = {"schema": IGLU + "unstruct_event/jsonschema/1-0-0", "data": data}
        event["ue_pr"] = compact(wrapper).decode()
    else:
        event["e"] = "se"
        event["se_ca"] = clean(hit.category or "event", 1000)
        event["se_ac"] = clean(hit.name, 1000)
        event["se_la"] = clean(hit.label, 1000)
        earned = (revenue(hit) or {}).get("amount", record.number(hit.value))
        event["se_va"] = None if earned is None else str(earned)
    own = properties(hit, lambda key: False)
    if "properties_schema" in keys and own:
        context = [{"schema": keys["properties_schema"], "data": own}]
        event["co"] = compact({"schema": IGLU + "contexts/jsonschema/1-0-0", "data": context}).decode()
    body = {"schema": IGLU + "payload_data/jsonschema/1-0-4", "data": [present(event)]}
    schema.check_body(body)
    return post(keys["url"], body)


PROTOCOLS = {
    "posthog": (posthog_admit, posthog_encode),
    "segment": (need_anybody, segment_encode),
    "rudderstack": (need_anybody, segment_encode),
    "webhook": (webhook_admit, webhook_encode),
    "umami": (umami_admit, umami_encode),
    "goatcounter": (goatcounter_admit, goatcounter_encode),
    "snowplow": (need_name, snowplow_encode),
}
