"""Whose hits they are in the browser: the ids in the cookies of receivers' own scripts."""

import re

SECOND = r"[1-9][0-9]{0,9}"


def ids_in(hit, name, pattern):
    """What the cookies whose name and value match have, in order."""
    for key, value in hit.cookies:
        if re.fullmatch(name, key) and len(value) <= 256 and (match := re.fullmatch(pattern, value)):
            yield match


def ga_client(keys, hit):
    """The last two numbers of `_ga`."""
    if not keys.get("join"):
        return None
    found = ids_in(hit, "_ga", rf"GA1\.[0-9-]+(?:\.[0-9-]*)*?\.({SECOND}\.{SECOND})")
    return next((match[1] for match in found), None)


def metrica_client(keys, hit):
    """The number in `_ym_uid`."""
    if not keys.get("join"):
        return None
    found = ids_in(hit, "_ym_uid", r"([1-9][0-9]{0,19})")
    return next((match[1] for match in found if int(match[1]) < 2**64), None)


def ga_session(keys, hit, timeout):
    """The session of `_ga_…`, in the older layout or the newer one, unless it is over."""
    if not ga_client(keys, hit):
        return None
    name = re.escape("_ga_" + keys["measurement_id"].removeprefix("G-"))
    for match in ids_in(hit, name, r"GS([12])\.[0-9-]+\.(.*)"):
        if match[1] == "1":
            parts = match[2].split(".")
            session, last = (parts[0], parts[3]) if len(parts) > 3 else ("", "")
        else:
            # Of several pieces with one letter the first counts.
            pieces = {piece[:1]: piece[1:] for piece in reversed(match[2].split("$"))}
            session, last = pieces.get("s", ""), pieces.get("t", "")
        if re.fullmatch(SECOND, session) and re.fullmatch(SECOND, last):
            if int(last) >= hit.micros // 1_000_000 - timeout:
                return session
    return None


def matomo_visitor(keys, hit):
    """The 16 hex digits of `_pk_id.<site>.<hash>`."""
    if not keys.get("join"):
        return None
    name = rf"_pk_id\.{keys['site_id']}\..+"
    found = ids_in(hit, name, r"([0-9a-f]{16})\.[0-9][0-9.]*")
    return next((match[1] for match in found), None)
