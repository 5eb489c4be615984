"""Requests whose headers stand in a mapping by CGI's names: an environ of WSGI's, and Django's ``META``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trackside import _block
from trackside.errors import TracksideError
from trackside.exchange import Exchange
from trackside.tracker import Tracker

#: Where Werkzeug's ProxyFix keeps what it has replaced by the client's address, scheme and host.
PROXY_FIX = "werkzeug.proxy_fix.orig"

#: By which a proxy shows itself that nobody trusts.
_FORWARDING = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_CF_CONNECTING_IP")


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
    if tracker._looks > 0 and shows_a_proxy(meta):
        # The library warns of a proxy, if it is shown what that writes, for which there are no lines.
        names += _FORWARDING
    else:
        try:
            return tracker._begin_lines(method, target, authority, get, secure | resolved << 1)
        except (TypeError, TracksideError):
            # What is no text, or has a line feed in it, is left to the slow way, which takes bytes and leaves
            # out what has no value.
            pass
    headers = [(name[5:].replace("_", "-"), get(name)) for name in names]
    block = _block.request(method, target, headers, authority, get("REMOTE_ADDR"), secure, resolved)
    return tracker._begin(block)


def shows_a_proxy(meta: Mapping[str, Any]) -> bool:
    """Whether a proxy shows itself, of which the library is to hear while the tracker looks for one."""
    return not meta.keys().isdisjoint(_FORWARDING)
