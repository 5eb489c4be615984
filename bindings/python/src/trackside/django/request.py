"""A request of Django's, as the library takes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest

from trackside import Exchange, Tracker, _cgi, asgi
from trackside._cgi import PROXY_FIX
from trackside._middleware import ENVIRON_KEY, KEY, quoted


class TracksideRequest(HttpRequest):
    """What views are given, for type checkers: ``def view(request: TracksideRequest) -> HttpResponse``."""

    #: The request's exchange; what is said of it after the view, as by a stream, comes too late.
    trackside: Exchange


def begin(tracker: Tracker, request: HttpRequest, authority: str) -> Exchange:
    """Begins the exchange of a request.

    Peer and scheme are those that Django knows, after what middlewares further out have made of them.
    """
    # Not by an attribute `scope`: a request of WSGI's may have one of somebody's, too.
    if isinstance(request, ASGIRequest):
        asked, resolved = target(request), is_resolved(request)
    else:
        # As these say it, without a call of each.
        meta = request.META
        raw = meta.get("REQUEST_URI") or meta.get("RAW_URI")
        path, query = request.path, meta.get("QUERY_STRING")
        asked = f"{path}?{query}" if query else path
        if raw != asked:
            asked = target(request)
        resolved = PROXY_FIX in meta
    meta = request.META
    if not authority and ("HTTP_X_FORWARDED_HOST" in meta or "HTTP_HOST" not in meta):
        authority = _host(meta)
    return _cgi.begin(tracker, meta, request.method or "", asked, authority, request.is_secure(), resolved)


def authority_of(request: HttpRequest, authority: str) -> str:
    """The host, where the header Host is not it; else empty. ``authority`` is the site's, if it has one."""
    return authority or _host(request.META)


def is_resolved(request: HttpRequest) -> bool:
    """Whether the server or a middleware further out has put the client's address in place of the proxy's."""
    if PROXY_FIX in request.META:
        return True
    return isinstance(request, ASGIRequest) and asgi.is_resolved(request.scope)


def outer(request: HttpRequest) -> Exchange | None:
    """The exchange of a middleware further out, which counts the request."""
    found = vars(request).get(KEY) or request.META.get(ENVIRON_KEY)
    if found is None and isinstance(request, ASGIRequest):
        found = request.scope.get(KEY)
    return found if isinstance(found, Exchange) else None


def target(request: HttpRequest) -> str:
    """What the client asked for, with its query, before any mounting.

    Django's path is decoded. The original spelling is taken from what the server has of it, where that means
    the same path; else the path is encoded anew.
    """
    if isinstance(request, ASGIRequest):
        scope = request.scope
        if isinstance(scope.get("query_string"), str):
            # Bytes, says ASGI; but not Django's test client.
            scope = {**scope, "query_string": scope["query_string"].encode("latin-1", "replace")}
        return asgi.target(scope).decode("latin-1")
    meta = request.META
    path, query = request.path, meta.get("QUERY_STRING")
    raw = meta.get("REQUEST_URI") or meta.get("RAW_URI")
    plain = f"{path}?{query}" if query else path
    if raw == plain:
        return plain
    asked = raw.partition("?")[0] if raw else ""
    if asked != path and not ("%" in asked and unquote(asked) == path):
        asked = quoted(path, "utf-8")
    return f"{asked}?{query}" if query else asked


def _host(meta: Mapping[str, Any]) -> str:
    """The host, where the header Host is not it; else empty."""
    if "HTTP_X_FORWARDED_HOST" in meta and settings.USE_X_FORWARDED_HOST:
        return str(meta["HTTP_X_FORWARDED_HOST"])
    return "" if "HTTP_HOST" in meta else str(meta.get("SERVER_NAME", ""))
