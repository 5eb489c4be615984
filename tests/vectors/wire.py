"""What a destination's protocol makes of one hit: a reason to refuse it, or the request that carries it."""

import re
from dataclasses import replace
from urllib.parse import parse_qsl, quote

import joined
import look
import receivers
import record
from judge import decoded

# Names that GA4 keeps for itself.
RESERVED = set(
    """ad_activeview ad_click ad_exposure ad_query ad_reward adunit_exposure app_clear_data app_exception
    app_install app_remove app_store_refund app_update app_upgrade dynamic_link_app_open
    dynamic_link_app_update dynamic_link_first_open error firebase_campaign
    firebase_in_app_message_action firebase_in_app_message_dismiss firebase_in_app_message_impression
    first_open first_visit notification_dismiss notification_foreground notification_open
    notification_receive notification_send os_update session_start user_engagement ad_impression
    in_app_purchase screen_view""".split()
)
DAY = 86_400
HOURS_72 = 3 * DAY * 1_000_000


def outcome(config, destination, hit, found, now):
    """A vector's entry for one destination; `now` is the time of sending, in µs."""
    if destination.third_party and hit.confined:
        return {"outcome": "no-consent"}
    unwanted = why_not(destination.keys.get("only", {}), hit)
    changed = with_changes(destination.keys, hit)
    if changed != hit:
        # A bot stays one, whatever its agent is said to be.
        bot = {"bot": found["bot"]} if "bot" in found else {}
        again = {key: value for key, value in look.look(changed, config).items() if key != "bot"}
        hit, found = changed, {**bot, **again}
    protocol = PROTOCOLS.get(destination.type) or receivers.PROTOCOLS.get(destination.type)
    # A store, a file and a host's own sink are told which hits are bots'.
    is_unmarked = protocol and destination.type != "webhook"
    if "bot" in found and (config.bots == "drop" or is_unmarked and config.bots == "separate"):
        return {"outcome": "bot"}
    if protocol is None:
        return {"outcome": unwanted or "admitted"}
    admit, encode = protocol
    takes_keys = destination.type in ("umami", "ga-v1", "ga4")
    reason = admit(destination.keys, hit) if takes_keys else admit(hit)
    if reason is not None:
        return {"outcome": reason}
    if unwanted:
        return {"outcome": unwanted}
    if destination.type in receivers.PROTOCOLS or destination.type == "ga-v1":
        return {"outcome": "admitted", "request": encode(destination.keys, hit, found, now)}
    keys = {**destination.keys, "session_timeout": config.session_timeout}
    return {"outcome": "admitted", "request": encode(keys, hit, now)}


def why_not(only, hit):
    """Why `only` does not let the destination have the hit; none if it does."""
    wanted = only.get("hits") or [hit.kind]
    names = [entry.removeprefix("event:") for entry in wanted if entry.startswith("event:")]
    patterns = [".*".join(map(re.escape, name.split("*"))) for name in names]
    is_named = hit.kind == "event" and any(re.fullmatch(p, hit.name, re.DOTALL) for p in patterns)
    if hit.kind not in wanted and not is_named:
        return "filtered"
    if only.get("sites") and hit.site not in [site.lower() for site in only["sites"]]:
        return "filtered"
    # The last 32 bits of an id are as good as drawn.
    is_in = int((hit.visitor or hit.id)[-8:], 16) * 100 < only.get("visitors", 100) * 2**32
    return None if is_in else "sampled"


def with_changes(keys, hit):
    """The hit with what `set` says, and without what `drop` names."""
    constants = dict(keys.get("set", {}))
    more = dict(sorted(constants.pop("properties", {}).items()))
    properties = {key: value for key, value in hit.properties.items() if key not in more} | more
    for name in keys.get("drop", []):
        if name.startswith("properties."):
            properties.pop(name.removeprefix("properties."), None)
        elif name == "visitor":
            nobody = {"visitor": None, "session": None, "new": False, "cookieless": False}
            nobody |= {"user_id": "", "cookies": []}
            hit = replace(hit, **nobody)
        else:
            constants[name] = ""
    if hit.kind == "page":
        constants = {key: text for key, text in constants.items() if key not in ("name", "category", "label")}
    in_bytes = ("path", "query", "referrer", "agent")
    texts = {key: text.encode() if key in in_bytes else text for key, text in constants.items()}
    return replace(hit, **texts, properties=properties)


def present(table):
    return {key: value for key, value in table.items() if value not in (None, "")}


# --- ga-v1: the Measurement Protocol of Universal Analytics ---


def ga_v1_client(keys, hit):
    if keys.get("dialect") == "metrica":
        number = int(hit.visitor.replace("-", ""), 16) % 2**63 if hit.visitor else None
        return joined.metrica_client(keys, hit) or (str(number or 1) if hit.visitor else None)
    return joined.ga_client(keys, hit) or hit.visitor


def ga_v1_admit(keys, hit):
    if not ga_v1_client(keys, hit) and (not receivers.whole_user(hit) or keys.get("dialect") == "metrica"):
        return "no-visitor"
    return receivers.need_name(hit)


def whole(value):
    """Half a one more is one more, on either side of zero."""
    return str(int(value + (0.5 if value >= 0 else -0.5)))


def ga_v1_what(keys, hit):
    """The type, and the parameters that go with it; Metrica knows two types."""
    if hit.kind == "page":
        return "pageview", []
    has_habits = hit.kind == "event" and keys.get("dialect") != "metrica"
    if has_habits and hit.category == "exception":
        fatal = hit.properties.get("fatal") is True
        return "exception", [
            ("exd", record.cut_str(hit.label or hit.name, 150)),
            ("exf", "1" if fatal else "0"),
        ]
    if has_habits and hit.category == "timing" and hit.value is not None and 0 <= hit.value <= 2**53:
        return "timing", [
            ("utc", "timing"),
            ("utv", hit.name),
            ("utt", whole(hit.value)),
            ("utl", hit.label),
        ]
    if hit.kind != "event":
        actions = {"download": record.cut(raw_address(hit), 500), "search": record.cut_str(hit.label, 500)}
        return "event", [("ec", hit.kind), ("ea", actions.get(hit.kind) or hit.kind)]
    pairs = [("ec", record.cut_str(hit.category or "event", 150)), ("ea", hit.name), ("el", hit.label)]
    # Whole numbers from zero up are all that a value may be.
    if hit.value is not None and 0 <= hit.value <= 2**53:
        pairs.append(("ev", whole(hit.value)))
    sale = receivers.revenue(hit)
    if sale and 0 <= sale["amount"] <= 2**53:
        order = hit.properties.get("transaction_id", "")
        pairs += [("pa", "purchase"), ("ti", text_of(order) or hit.id), ("tr", text_of(sale["amount"]))]
        pairs.append(("cu", sale["currency"]))
    return "event", pairs


def text_of(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else number_text(value)


def number_text(value):
    """As short as it can be: JavaScript's exponents, from where Python has them."""
    text = repr(float(value) + 0.0).removesuffix(".0").replace("e+", "e")
    return re.sub(r"(?<=e-)0|^-0$", lambda match: "0" if match[0] == "-0" else "", text)


def ga_v1_campaign(keys, hit, found):
    """Whoever has the address reads it there, by Google's names."""
    is_there = len(raw_address(hit)) <= 2048 and not re.search(b"(?:^|&)(?:mtm|pk)_", hit.query)
    if keys.get("page") == "dl" and is_there:
        return []
    campaign = found.get("campaign", {})
    limits = {"cn": 100, "cs": 100, "cm": 50, "ck": 500, "cc": 500, "ci": 100}
    fields = dict(zip(limits, ("name", "source", "medium", "term", "content", "id")))
    pairs = [(key, record.cut_str(campaign.get(fields[key], ""), most)) for key, most in limits.items()]
    clicks = [(name, text) for name, text in receivers.click_of(hit).items() if name in ("gclid", "dclid")]
    return pairs + [(name, text) for name, text in clicks if len(text.encode()) <= 500]


def begins_session(keys, hit):
    is_first = hit.kind == "page" and hit.session == hit.micros // 1_000_000
    return bool(keys.get("session_start")) and is_first


def ga_v1_indexed(keys, hit):
    for name, number in sorted(keys.get("dimensions", {}).items()):
        yield f"cd{number}", record.cut_str(text_of(hit.properties.get(name, "")), 150)
    for name, number in sorted(keys.get("metrics", {}).items()):
        value = hit.properties.get(name)
        yield f"cm{number}", whole(value) if receivers.is_number(value) and abs(value) <= 2**53 else ""


def ga_v1_fitting(pairs, room):
    """One text after the other gives up characters, and bytes that are none, until the form fits."""
    for name in ("dr", "dt", "cc", "ck", "el", "ua", "dl", "dp"):
        pairs = [(key, as_text(value) if key == name else value) for key, value in pairs]
        while len(form(pairs)) > room and dict(pairs).get(name):
            pairs = [(key, value[:-1] if key == name else value) for key, value in pairs]
    return pairs


def as_text(value):
    return value.decode(errors="surrogateescape") if isinstance(value, bytes) else value


def form(pairs):
    """A field without a value is left out. The form is held to what a reader that is nobody's here makes of it."""
    fields = [(name, as_text(value)) for name, value in pairs if value]
    text = "&".join(f"{name}={quote(value, '', errors='surrogateescape')}" for name, value in fields)
    read = parse_qsl(text, strict_parsing=True, errors="surrogateescape", separator="&")
    if read != fields or len(dict(read)) != len(read):
        raise ValueError(f"the form reads as {read}")
    return text


def ga_v1_encode(keys, hit, found, now):
    what, own = ga_v1_what(keys, hit)
    is_whole = keys.get("page") == "dl"
    has_page = hit.site and (hit.path or hit.kind == "page")
    time = keys.get("time", "qt")
    age = (now - hit.micros) // 1000
    pairs = [
        ("v", keys.get("version", "1")),
        ("z", str(int(hit.id.replace("-", ""), 16) & 0x7FFF_FFFF)),
        ("t", what),
        ("dt", hit.title),
        ("dh", "" if is_whole else hit.site),
        ("dr", hit.referrer),
        ("dp", "" if is_whole else decoded(hit.path)),
        ("dl", record.cut(raw_address(hit), 2048) if is_whole and has_page else ""),
        ("tid", keys["tracking_id"]),
        ("ds", keys.get("data_source", "")),
        ("cid", ga_v1_client(keys, hit)),
        ("uid", receivers.whole_user(hit)),
        ("uip", hit.peer or ""),
        ("geoid", "" if hit.peer else hit.place.get("country", "")),
        ("ua", hit.agent),
        ("ul", hit.language.lower()[:20]),
        *ga_v1_campaign(keys, hit, found),
        ("sc", "start" if begins_session(keys, hit) else ""),
        ("qt", str(age) if time == "qt" and age >= 1000 else ""),
        ("et", str(min(hit.micros, now) // 1_000_000) if time == "et" else ""),
        *own,
        ("ni", "1" if receivers.is_background(hit) and keys.get("dialect") != "metrica" else ""),
    ]
    token = (keys.get("token_as", "ms"), keys.get("token", ""))
    # As if each of the token's bytes were escaped.
    room = 8192 - (len(f"&{token[0]}=") + 3 * len(token[1]) if token[1] else 0)
    pairs = ga_v1_fitting(pairs, room)
    for pair in ga_v1_indexed(keys, hit):
        pairs += [pair] if len(form([*pairs, pair])) <= room else []
    pairs.append(token)
    url = keys.get("url", "https://www.google-analytics.com/collect")
    is_bulk = keys.get("bulk") or url.endswith("/batch")
    kind = "text/plain" if is_bulk else "application/x-www-form-urlencoded"
    return {
        "method": "POST",
        "url": url,
        "headers": [["content-type", kind]],
        "body": form(pairs),
    }


# --- ga4: the Measurement Protocol of Google Analytics 4 ---


def address(text):
    """Bytes outside UTF-8 percent-encoded."""
    escaped = text.decode(errors="surrogateescape")
    return re.sub("[\udc80-\udcff]", lambda m: f"%{ord(m[0]) - 0xDC00:02X}", escaped)


def cut_address(text, most):
    """No escape is cut in two."""
    return re.sub("%.?$", "", text[:most]) if len(text) > most else text


def raw_address(hit):
    url = ("https://" if hit.secure else "http://").encode() + hit.site.encode() + hit.path
    return url + (b"?" + hit.query if hit.query else b"")


def page_address(hit):
    return address(raw_address(hit))


def cleaned(name):
    return re.sub(r"[^A-Za-z0-9_]", "_", name)[:40]


OWN_NAMES = {
    "page": "page_view",
    "download": "file_download",
    "not-found": "page_not_found",
    "search": "view_search_results",
}


# Parameters that a property may not be, in any hit, and in those of one kind.
OWN_PARAMS = set(
    """engagement_time_msec event_category event_label page_language page_location page_referrer page_title
    session_id value""".split()
)
OWN_PARAMS_OF = {
    "file_download": {"link_url", "file_name", "file_extension"},
    "view_search_results": {"search_term"},
    "exception": {"description", "fatal"},
    "timing_complete": {"name"},
}


def ga4_habit(hit):
    if hit.kind == "event" and hit.category == "exception":
        return "exception"
    if hit.kind == "event" and hit.category == "timing" and hit.value is not None:
        return "timing_complete"
    return None


def ga4_name(hit):
    if hit.kind in OWN_NAMES:
        return OWN_NAMES[hit.kind]
    if ga4_habit(hit):
        return ga4_habit(hit)
    joint = "_".join(part for part in (hit.category, hit.name) if part)
    return cleaned(re.sub("^[^A-Za-z]+", "", joint))


def of_user(keys):
    return [name.strip() for name in keys.get("user_properties", "").split(",") if name.strip()]


def ga4_properties(keys, hit, params):
    """Those whose names GA4 takes, as far as 25 parameters go."""
    own = OWN_PARAMS | (OWN_PARAMS_OF.get(ga4_name(hit), set()) if hit.kind != "event" or ga4_habit(hit) else set())
    for key, value in hit.properties.items():
        name = cleaned(key)
        is_free = re.match("(?!ga_|google_|firebase_)[A-Za-z]", name) and name not in own | params.keys()
        if is_free and key not in of_user(keys) and value != "" and len(params) < 25:
            params[name] = value[:100] if isinstance(value, str) else record.number(value)


def ga4_admit(keys, hit):
    if hit.visitor is None and not joined.ga_client(keys, hit):
        return "no-visitor"
    if hit.kind == "event":
        name = ga4_name(hit)
        if not hit.name or name in RESERVED or not re.match("[A-Za-z]", name):
            return "bad-name"
    return None


def location(place):
    named = {"country_id": place.get("country"), "city": place.get("city")}
    if "region" in place:
        named["region_id"] = f"{place['country']}-{place['region']}"
    return present(named)


def ga4_client(keys, hit):
    if client := joined.ga_client(keys, hit):
        return client
    digits = hit.visitor.replace("-", "")
    return f"{max(1, int(digits[:8], 16))}.{max(1, int(digits[-8:], 16))}"


def ga4_encode(keys, hit, now):
    page = hit.kind == "page"
    session = joined.ga_session(keys, hit, keys["session_timeout"])
    params = {
        # Without a session the start of the day: what has none is not counted.
        "session_id": session or str(hit.session or hit.micros // 1_000_000 // DAY * DAY),
        "engagement_time_msec": 1,
        "page_location": cut_address(page_address(hit), 1000),
        "page_title": hit.title[:300],
        "page_language": hit.language.lower(),
    }
    if hit.kind == "download":
        params["link_url"] = cut_address(page_address(hit), 100)
        params["page_location"] = cut_address(address(hit.referrer), 1000)
        params["file_name"] = cut_address(address(hit.path), 100)
        stem, _, extension = hit.path.split(b"/")[-1].rpartition(b".")
        params["file_extension"] = cut_address(address(extension if stem else b""), 100)
    elif hit.kind == "not-found":
        params["page_referrer"] = cut_address(address(hit.referrer), 420)
    elif hit.kind == "search":
        params["search_term"] = hit.label[:100]
    elif page:
        params["page_referrer"] = cut_address(address(hit.referrer), 420)
    else:
        if ga4_habit(hit) == "exception":
            params["description"] = (hit.label or hit.name)[:100]
            if isinstance(hit.properties.get("fatal"), bool):
                params["fatal"] = hit.properties["fatal"]
        else:
            if ga4_habit(hit):
                params["name"] = hit.name[:100]
            params["event_category"] = hit.category[:100]
            params["event_label"] = hit.label[:100]
        sale = receivers.revenue(hit)
        params["value"] = sale["amount"] if sale else record.number(hit.value)
    params = present(params)
    ga4_properties(keys, hit, params)
    users = {
        name: {"value": value[:36] if isinstance(value, str) else record.number(value)}
        for name in of_user(keys)
        if (value := hit.properties.get(name, "")) != ""
    }
    ads = "GRANTED" if hit.ads else "DENIED"
    body = {
        "client_id": ga4_client(keys, hit),
        "user_id": receivers.whole_user(hit),
        "ip_override": hit.peer,
        "user_location": None if hit.peer else location(hit.place) or None,
        "user_agent": hit.agent.decode(errors="replace"),
        "user_properties": users or None,
        "consent": {"ad_user_data": ads, "ad_personalization": ads},
        "events": [
            {
                "name": ga4_name(hit),
                "timestamp_micros": max(min(hit.micros, now), now - HOURS_72),
                "params": params,
            }
        ],
    }
    url = keys.get("url", "https://www.google-analytics.com/mp/collect")
    secret = quote(keys["api_secret"], safe="")
    return {
        "method": "POST",
        "url": f"{url}?measurement_id={keys['measurement_id']}&api_secret={secret}",
        "headers": [["content-type", "application/json"]],
        "body": {"json": present(body)},
    }


# --- matomo: the Tracking HTTP API ---


def matomo_admit(hit):
    if hit.kind == "event":
        return None if hit.name.strip() else "bad-name"
    return None if hit.site else "no-site"


def plain(value):
    """A property as a form has it."""
    return ("true" if value else "false") if isinstance(value, bool) else number_text(value)


def matomo_order(hit):
    order = hit.properties.get("transaction_id", "")
    text = "" if isinstance(order, bool) else order if isinstance(order, str) else plain(order)
    return hit.id if text in ("", "0") or len(text) > 100 else text


def matomo_server_time(keys, hit):
    millis = hit.properties.get(keys.get("server_time"))
    is_time = hit.kind == "page" and receivers.is_number(millis) and 0 <= millis < 2**24
    return whole(millis) if is_time else ""


def matomo_pairs(keys, hit, now):
    is_event = hit.kind in ("event", "not-found")
    url = cut_address(page_address(hit), 1024) if hit.site and (hit.path or not is_event) else ""
    pairs = [
        ("idsite", str(keys["site_id"])),
        ("rec", "1"),
        ("apiv", "1"),
        (keys.get("visitor_as", "cid"), joined.matomo_visitor(keys, hit) or (hit.visitor or "").replace("-", "")[:16]),
        ("uid", receivers.whole_user(hit) if len(hit.user_id) <= 200 else ""),
        ("url", url),
        ("action_name", hit.title[:1024] if hit.kind == "page" else ""),
        ("new_visit", "1" if begins_session(keys, hit) else ""),
        ("pf_srv", matomo_server_time(keys, hit)),
        ("urlref", "" if hit.kind in ("event", "search") else cut_address(address(hit.referrer), 1024)),
        ("ua", hit.agent.decode(errors="replace")),
        ("lang", hit.language),
        ("cdt", str(min(hit.micros, now) // 1_000_000)),
    ]
    if "token" in keys and hit.peer:
        pairs.append(("cip", hit.peer))
    elif "token" in keys:
        country = hit.place.get("country", "").lower()
        pairs += [("country", country), ("region", hit.place.get("region", "")), ("city", hit.place.get("city", ""))]
    if hit.kind == "download":
        pairs.append(("download", url))
    elif hit.kind == "not-found":
        pairs += [("e_c", "not-found"), ("e_a", "not-found"), ("e_n", cut_address(address(hit.path), 1024)), ("ca", "1")]
    elif hit.kind == "event":
        category = hit.category if hit.category.strip() else "event"
        value = "" if hit.value is None else plain(hit.value)
        sale = receivers.revenue(hit)
        if keys.get("ecommerce") and sale and sale["amount"] >= 0:
            pairs += [("idgoal", "0"), ("ec_id", matomo_order(hit)), ("revenue", plain(sale["amount"]))]
        elif hit.name == "search" and hit.label:
            results = whole(hit.value) if hit.value is not None and 0 <= hit.value < 2**32 else ""
            pairs += [("search", hit.label), ("search_cat", hit.category[:200]), ("search_count", results)]
        else:
            pairs += [("e_c", category), ("e_a", hit.name), ("e_n", hit.label), ("e_v", value), ("ca", "1")]
    elif hit.kind == "search":
        pairs.append(("search", hit.label))
    for name, dimension in sorted(keys.get("dimensions", {}).items()):
        if name in hit.properties:
            value = hit.properties[name]
            text = value[:255] if isinstance(value, str) else plain(value)
            pairs.append((f"dimension{dimension}", text))
    if keys.get("bots"):
        pairs.append(("bots", "1"))
    return pairs


def matomo_encode(keys, hit, now):
    pairs = matomo_pairs(keys, hit, now)
    token = keys.get("token")
    if keys.get("bulk", True):
        kind = "application/json"
        body = {"json": present({"requests": ["?" + form(pairs)], "token_auth": token})}
    else:
        kind = "application/x-www-form-urlencoded"
        body = form([*pairs, ("send_image", "0"), ("token_auth", token)])
    return {"method": "POST", "url": keys["url"], "headers": [["content-type", kind]], "body": body}


# --- plausible: the Events API ---


def header_text(agent):
    return "".join(chr(byte) for byte in agent if 0x20 <= byte <= 0x7E)


def plausible_admit(hit):
    if not hit.peer or not header_text(hit.agent).strip(" "):
        return "no-visitor"
    if not hit.site:
        return "no-site"
    return "bad-name" if hit.kind == "event" and not hit.name else None


def plausible_address(hit):
    query = b"?" + hit.query if hit.query else b""
    scheme = b"https://" if hit.secure else b"http://"
    text = address(scheme + hit.site.encode() + (hit.path or b"/") + query)
    return cut_address(re.sub("%(?![0-9A-Fa-f]{2})", "%25", text), 2000)


def plausible_encode(keys, hit, now):
    props = {}
    if hit.kind == "download":
        props["url"] = plausible_address(hit)
    elif hit.kind == "not-found":
        props["path"] = cut_address(address(hit.path), 2000)
    elif hit.kind == "search":
        props["search_query"] = hit.label
    elif hit.kind == "event":
        props = {"category": hit.category, "label": hit.label, "value": record.number(hit.value)}
    # What stands there by itself is no property's to say, even where it is missing.
    own, props = props.keys(), present(props)
    for name, value in hit.properties.items():
        is_name = name and not re.search("[\0-\x1f\x7f]", name)
        if is_name and name not in own and value != "" and len(props) < 30:
            props[name] = value if isinstance(value, str) else record.number(value)
    is_still = hit.kind != "page" and not keys.get("interactive")
    names = {"page": "pageview", "download": "File Download", "not-found": "404", "search": "Search"}
    body = {
        "domain": keys.get("domain", hit.site),
        "name": names.get(hit.kind) or (f"{hit.category}: {hit.name}" if hit.category else hit.name)[: keys.get("max_name", 120)],
        "url": plausible_address(hit),
        "referrer": "" if hit.kind in ("event", "search") else cut_address(address(hit.referrer), 2000),
        "interactive": False if receivers.is_background(hit) or is_still else None,
        "revenue": receivers.storable(receivers.revenue(hit)),
        "props": props or None,
    }
    return {
        "method": "POST",
        "url": keys.get("url", "https://plausible.io/api/event"),
        "headers": [
            ["content-type", "application/json"],
            ["user-agent", header_text(hit.agent)],
            ["x-forwarded-for", hit.peer],
        ],
        "body": {"json": present(body)},
    }


PROTOCOLS = {
    "ga-v1": (ga_v1_admit, ga_v1_encode),
    "ga4": (ga4_admit, ga4_encode),
    "matomo": (matomo_admit, matomo_encode),
    "plausible": (plausible_admit, plausible_encode),
}
