"""The short way, which most requests go: by WSGI, and neither settings nor server nor view ask for more.

It does what the middleware does at length. From one request to the next all of this leaves the processor's
caches, so that what it costs is how much it touches: code, frames and objects.
"""

from __future__ import annotations

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from trackside import Exchange
from trackside._cgi import PROXY_FIX, shows_a_proxy
from trackside._middleware import ENVIRON_KEY, KEY

from . import live
from .response import OFTEN, SELDOM, append, pages


def begin(now: live.Live, request: HttpRequest) -> Exchange | None:
    """Begins the exchange of such a request; None, and nothing is done, for any other. Nothing raises."""
    if not now.begins_plainly or type(request) is not WSGIRequest:
        return None
    try:
        tracker, meta, attributes = now.tracker, request.META, request.__dict__
        get, path, query = meta.get, request.path, meta.get("QUERY_STRING")
        target = f"{path}?{query}" if query else path
        if (
            (get("REQUEST_URI") or get("RAW_URI")) != target
            or "HTTP_HOST" not in meta
            or "HTTP_X_FORWARDED_HOST" in meta
            or PROXY_FIX in meta
            or ENVIRON_KEY in meta
            or KEY in attributes
            # A middleware further out knows better whether it is secure.
            or "is_secure" in attributes
            or "_get_scheme" in attributes
            or (tracker._looks > 0 and shows_a_proxy(meta))
        ):
            return None
        authority = "" if now.site is None else now.site.domain()
        is_secure = request.environ.get("wsgi.url_scheme") == "https"
        exchange = tracker._begin_lines(request.method, target, authority, get, is_secure)
    except Exception:
        # What is no text, or has a line feed in it, goes the long way; and so does what fails.
        return None
    request.trackside = exchange  # type: ignore[attr-defined]  # Where views look.
    return exchange


def end(now: live.Live, exchange: Exchange, request: HttpRequest, response: HttpResponseBase) -> bool:
    """Ends it with a page as was seen before; False, and nothing is done, with another. Nothing raises."""
    try:
        match, store = request.resolver_match, response.headers._store
        if (
            not now.ends_plainly
            or exchange._annotations is not None
            or not SELDOM.isdisjoint(store)
            or match is None
            or "current_page" in request.__dict__
        ):
            return False
        page = response.status_code, match.route, request.META.get("SCRIPT_NAME"), store[OFTEN]
        headers = exchange._append(pages[page])
    except Exception:
        return False
    if headers:
        try:
            append(request, response, headers)
        except Exception:
            now.tracker.failures.note("finishing an exchange")
    return True
