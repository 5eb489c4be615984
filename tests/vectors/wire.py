"""What a destination's protocol makes of one hit: a reason to refuse it, or the request that carries it."""

import re
from urllib.parse import quote

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
    protocol = PROTOCOLS.get(destination.type) or receivers.PROTOCOLS.get(destination.type)
    # A store, a file and a host's own sink are told which hits are bots'.
    is_unmarked = protocol and destination.type != "webhook"
    if "bot" in found and (config.bots == "drop" or is_unmarked and config.bots == "separate"):
        return {"outcome": "bot"}
    if protocol is None:
        return {"outcome": "admitted"}
    admit, encode = protocol
    reason = admit(hit)
    if reason is not None:
        return {"outcome": reason}
    if destination.type in receivers.PROTOCOLS:
        return {"outcome": "admitted", "request": encode(destination.keys, hit, found, now)}
    return {"outcome": "admitted", "request": encode(destination.keys, hit, now)}


def present(table):
    return {key: value for key, value in table.items() if value not in (None, "")}


# --- ga-v1: the Measurement Protocol of Universal Analytics ---


def ga_v1_admit(hit):
    return "no-visitor" if hit.visitor is None else None


def ga_v1_encode(keys, hit, now):
    pairs = [
        ("v", keys.get("version", "1")),
        ("z", str(int(hit.id.replace("-", ""), 16) & 0x7FFF_FFFF)),
        ("t", "pageview" if hit.kind == "page" else "event"),
        ("dt", hit.title),
        ("dh", hit.site),
        ("dr", hit.referrer),
        ("dp", decoded(hit.path)),
        ("tid", keys["tracking_id"]),
        ("cid", hit.visitor),
        ("uip", hit.peer or ""),
        ("geoid", "" if hit.peer else hit.place.get("country", "")),
        ("ua", hit.agent),
    ]
    if hit.kind != "page":
        pairs += [("ec", hit.category or "event"), ("ea", hit.name), ("el", hit.label)]
        # Whole numbers from zero up are all that a value may be.
        if hit.value is not None and hit.value >= 0:
            pairs.append(("ev", str(int(hit.value + 0.5))))
    return {
        "method": "POST",
        "url": keys.get("url", "https://www.google-analytics.com/collect"),
        "headers": [["content-type", "application/x-www-form-urlencoded"]],
        "body": "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs if value),
    }


# --- ga4: the Measurement Protocol of Google Analytics 4 ---


def address(text):
    """Bytes outside UTF-8 percent-encoded."""
    escaped = text.decode(errors="surrogateescape")
    return re.sub("[\udc80-\udcff]", lambda m: f"%{ord(m[0]) - 0xDC00:02X}", escaped)


def page_address(hit):
    url = ("https://" if hit.secure else "http://").encode() + hit.site.encode() + hit.path
    return address(url + (b"?" + hit.query if hit.query else b""))


def cleaned(name):
    return re.sub(r"[^A-Za-z0-9_]", "_", name)[:40]


OWN_NAMES = {
    "page": "page_view",
    "download": "file_download",
    "not-found": "page_not_found",
    "search": "view_search_results",
}


def ga4_name(hit):
    if hit.kind in OWN_NAMES:
        return OWN_NAMES[hit.kind]
    return cleaned("_".join(part for part in (hit.category, hit.name) if part))


def ga4_properties(hit, params):
    """Those whose names GA4 takes, as far as 25 parameters go."""
    for key, value in hit.properties.items():
        name = cleaned(key)
        is_free = re.match("(?!ga_|google_|firebase_)[A-Za-z]", name) and name not in params
        if is_free and value != "" and len(params) < 25:
            params[name] = value[:100] if isinstance(value, str) else record.number(value)


def ga4_admit(hit):
    if hit.visitor is None:
        return "no-visitor"
    if hit.kind == "event":
        name = ga4_name(hit)
        if name in RESERVED or not re.match("[A-Za-z]", name):
            return "bad-name"
    return None


def location(place):
    named = {"country_id": place.get("country"), "city": place.get("city")}
    if "region" in place:
        named["region_id"] = f"{place['country']}-{place['region']}"
    return present(named)


def ga4_encode(keys, hit, now):
    page = hit.kind == "page"
    digits = hit.visitor.replace("-", "")
    params = {
        # Without a session the start of the day: what has none is not counted.
        "session_id": str(hit.session or hit.micros // 1_000_000 // DAY * DAY),
        "engagement_time_msec": 1,
        "page_location": page_address(hit)[:1000],
    }
    if hit.kind == "download":
        params["link_url"] = params.pop("page_location")[:100]
        params["page_location"] = address(hit.referrer)[:1000]
        params["file_name"] = address(hit.path)[:100]
        stem, _, extension = hit.path.split(b"/")[-1].rpartition(b".")
        params["file_extension"] = address(extension if stem else b"")[:100]
    elif hit.kind == "not-found":
        params["page_referrer"] = address(hit.referrer)[:420]
    elif hit.kind == "search":
        params["search_term"] = hit.label[:100]
    elif page:
        params["page_referrer"] = address(hit.referrer)[:420]
        params["page_title"] = hit.title[:300]
        params["page_language"] = hit.language.lower()
    else:
        params["event_category"] = hit.category[:100]
        params["event_label"] = hit.label[:100]
        params["value"] = record.number(hit.value)
    params = present(params)
    ga4_properties(hit, params)
    ads = "GRANTED" if hit.ads else "DENIED"
    body = {
        "client_id": f"{max(1, int(digits[:8], 16))}.{max(1, int(digits[-8:], 16))}",
        "user_id": hit.user_id,
        "ip_override": hit.peer,
        "user_location": None if hit.peer else location(hit.place) or None,
        "user_agent": hit.agent.decode(errors="replace"),
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


PROTOCOLS = {"ga-v1": (ga_v1_admit, ga_v1_encode), "ga4": (ga4_admit, ga4_encode)}
