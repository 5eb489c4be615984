"""Requests whose headers stand in a mapping by CGI's names: an environ of WSGI's, and Django's ``META``."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import repeat
from typing import Any

from trackside import _block
from trackside.errors import TracksideError
from trackside.exchange import Exchange
from trackside.tracker import Tracker

#: Where Werkzeug's ProxyFix keeps what it has replaced by the client's address, scheme and host.
PROXY_FIX = "werkzeug.proxy_fix.orig"

#: By which a proxy shows itself that nobody trusts.
_FORWARDING = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_CF_CONNECTING_IP")

#: What ``trackside_scratch_begin`` takes for a header that did not come.
_ABSENT = repeat("\0")


def begin(
    tracker: Tracker,
    meta: Mapping[str, Any],
    method: str,
    target: str,
    authority: str,
    secure: bool,
    resolved: bool,
) -> Exchange:
    """Begins the exchange of a request."""
    get, names = meta.get, tracker._cgi_names
    try:
        if tracker._looks > 0 and shows_a_proxy(tracker, meta):
            # The library warns of a proxy, if it is shown what that writes.
            tracker._looks -= 1
            names += _FORWARDING
            raise TypeError("there are no lines for these headers")
        lines = [method, target, authority, get("REMOTE_ADDR") or "", *map(get, names, _ABSENT)]
        return tracker._begin_lines("\n".join(lines).encode("latin-1", "replace"), secure | resolved << 1)
    except (TypeError, TracksideError):
        # What is no text, or has a line feed in it, is left to the slow way, which takes bytes and leaves out
        # what has no value.
        headers = [(name[5:].replace("_", "-"), get(name)) for name in names]
        block = _block.request(method, target, headers, authority, get("REMOTE_ADDR"), secure, resolved)
        return tracker._begin(block)


def shows_a_proxy(tracker: Tracker, meta: Mapping[str, Any]) -> bool:
    """Whether a proxy shows itself, of which the library is to hear. A request that shows none is one less to
    look at."""
    if not meta.keys().isdisjoint(_FORWARDING):
        return True
    tracker._looks -= 1
    return False
