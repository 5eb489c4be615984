"""What a worker finds out about a hit, written a second time: see README.md for the rules in words.

The lists are the ones that the library has (core/src/enrich/lists/); how they are read is this file's own.
"""

import ipaddress
import json
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote_to_bytes

import places
import proxy

LISTS = Path(__file__).resolve().parents[2] / "core" / "src" / "enrich" / "lists"
CLICKS = "dclid fbclid gbraid gclid li_fat_id msclkid ttclid twclid wbraid".split()
CAMPAIGN = {
    "source": ("utm_source", "mtm_source"),
    "medium": ("utm_medium", "mtm_medium"),
    "name": ("utm_campaign", "mtm_campaign", "pk_campaign"),
    "term": ("utm_term", "mtm_kwd", "mtm_keyword", "pk_kwd"),
    "content": ("utm_content", "mtm_content"),
    "id": ("utm_id", "mtm_cid"),
}
# Of the tags of crawler-user-agents those that vectors have.
TAGS = {"seo": "seo", "monitoring": "monitor"}
MAIL = ("email", "e-mail", "e_mail", "e mail", "mail", "newsletter")
MAIL_HOSTS = """com.google.android.gm com.microsoft.office.outlook e.mail.ru outlook.live.com outlook.office.com
    outlook.office365.com""".split()


@cache
def rows(name):
    return [line.split("\t", 2) for line in (LISTS / name).read_text("utf-8").splitlines()]


@cache
def crawlers():
    return [(name, kind, re.compile(pattern.encode())) for name, kind, pattern in rows("crawlers.tsv")]


@cache
def spammers():
    return {host for (host,) in rows("spammers.txt")}


def look(hit, config):
    """The fields beside the hit's own in the file sink's JSON."""
    campaign = campaign_of(hit.query)
    channel, source = channel_of(hit, campaign, config.sites)
    found = {"bot": bot_of(hit, config), "channel": channel, "source": source, "campaign": campaign}
    if config.geo_file and not hit.place and hit.peer:
        country, *finer = places.locate(hit.peer)
        found["place"] = proxy.narrowed(config, country, *finer) if country else {}
    return {key: value for key, value in found.items() if value}


# --- agents ---


def bot_of(hit, config):
    agent = hit.agent.strip(b" \t\r\n\x0c")
    if config.bots == "keep" or word_of(config.bots_allow, agent):
        return None
    denied = word_of(config.bots_deny, agent)
    if denied:
        return {"class": "denied", "name": denied}
    host, _ = host_of(hit.referrer)
    for spammer in parents(host):
        if spammer in spammers():
            return {"class": "spam", "name": spammer}
    if not agent:
        return {"class": "empty"}
    if is_absurd(agent):
        return {"class": "absurd"}
    return ai(agent) or (own(agent, config) if config.bots_list else crawler(agent)) or guess(agent)


def word_of(words, agent):
    for word in words:
        pattern = b".*".join(re.escape(piece.encode()) for piece in word.split("*"))
        if re.search(pattern, agent, re.IGNORECASE | re.DOTALL):
            return word
    return None


def is_absurd(agent):
    if len(agent) >= 1_024 or not re.search(rb"[A-Za-z]", agent) or re.search(rb"[\x00-\x1f\x7f<]|\$\{", agent):
        return True
    if re.fullmatch(rb"[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", agent):
        return True
    try:
        return bool(ipaddress.ip_address(agent.decode()))
    except ValueError:
        return False


def ai(agent):
    best = None
    for name, operator, purpose in rows("ai.tsv"):
        pattern = rb"(?<![A-Za-z0-9])" + re.escape(name.encode()) + rb"(?![A-Za-z0-9])"
        if re.search(pattern, agent, re.IGNORECASE) and (best is None or len(name) > len(best["name"])):
            best = {"class": "ai", "name": name, "operator": operator, "purpose": purpose}
    return best and {key: value for key, value in best.items() if value}


def own(agent, config):
    """By the operator's list, in place of the built-in one."""
    for entry in json.loads(Path(config.bots_list).read_text("utf-8")):
        if re.search(entry["pattern"].encode(), agent):
            kind = next((TAGS[tag] for tag in entry.get("tags", []) if tag in TAGS), "other")
            return {"class": kind, "name": entry["pattern"].translate({ord(c): None for c in "\\^$"}).rstrip("/ ")}
    return None


def crawler(agent):
    for name, kind, pattern in crawlers():
        if pattern.search(agent):
            return {"class": kind, "name": name} | ({"purpose": "other"} if kind == "ai" else {})
    return None


def guess(agent):
    def named(kind, name):
        name = name[:64].decode(errors="replace")
        return {"class": kind, "name": name} if name else {"class": kind}

    if agent.startswith((b"Dillo/", b"Lynx/", b"NetSurf/", b"w3m/")):
        return None
    if b" " not in agent and b"(" not in agent:
        return named("library", agent.split(b"/")[0])
    word = re.search(rb"(?<!cu)bot(?![a-z])|crawler|headless|scraper|spider", agent, re.IGNORECASE)
    if word:
        start = re.search(rb"[A-Za-z0-9_-]*\Z", agent[: word.start()]).start()
        return named("other", re.match(rb"[A-Za-z0-9_-]*", agent[start:])[0])
    return {"class": "other"} if b"://" in agent else None


# --- where visitors come from ---


def campaign_of(query):
    campaign = {}
    for pair in query.split(b"&"):
        name, _, value = pair.partition(b"=")
        text = unquote_to_bytes(value.replace(b"+", b" ")).decode(errors="replace")
        for field, names in CAMPAIGN.items():
            if name.decode("latin-1") in names and text:
                campaign.setdefault(field, text)
        if name.decode("latin-1") in CLICKS and value:
            campaign.setdefault("click", name.decode())
    return campaign


def host_of(address):
    match = re.search(rb"://([^/?#\\]*)(.*)", address, re.DOTALL)
    if not match:
        return "", b""
    host = re.sub(rb":[0-9]*\Z", b"", match[1]).removesuffix(b".")
    try:
        return (host.decode().lower() if len(host) <= 256 else ""), match[2]
    except UnicodeDecodeError:
        return "", b""


def parents(host):
    labels = host.split(".")
    return [".".join(labels[at:]) for at in range(len(labels))]


def site_of(host, path):
    host = host.removeprefix("www.")
    suffixes = parents(host)
    for wanted in ("ai", "search", "social"):
        for kind, name, known in rows("sites.tsv"):
            known, slash, part = known.partition("/")
            if kind != wanted:
                continue
            if slash:
                if known == host and path.startswith(b"/" + part.encode()):
                    return kind, name
            elif kind == "search":
                # A country's two letters; at the end also behind co, com and the like.
                pattern = re.escape(known).replace(r"\{\}", "{}")
                pattern = re.sub(r"{}\Z", r"(?:(?:co|com|edu|it|net|org)\\.)?[a-z]{2}", pattern).replace("{}", "[a-z]{2}")
                if re.fullmatch(pattern, host):
                    return kind, name
            elif known in suffixes:
                return kind, name
    return None


def channel_of(hit, campaign, own):
    host, path = host_of(hit.referrer)
    if host and host.removeprefix("www.") in {site.removeprefix("www.") for site in (hit.site, *own)}:
        return "internal", ""
    if campaign:
        given, medium = campaign.get("source", ""), campaign.get("medium", "")
        source = given or campaign.get("click") or host
        if (medium or given).lower() in MAIL:
            return "email", source
        site = site_of(given.lower(), b"")
        return site if site and site[0] == "ai" else ("campaign", source)
    if not host:
        return "direct", ""
    if host.split(".")[0] in ("email", "mail", "webmail") or host in MAIL_HOSTS:
        return "email", host
    return site_of(host, path) or ("referral", host)
