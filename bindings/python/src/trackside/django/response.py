"""A response of Django's, and the headers that a verdict appends to it."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control

from trackside import Exchange, _block
from trackside._native import RESPONSE_HEADERS

pages = _block.Pages()

# Of the headers that are read most responses have but this.
OFTEN = "content-type"
SELDOM = frozenset(RESPONSE_HEADERS) - {OFTEN}


def end(exchange: Exchange, request: HttpRequest, response: HttpResponseBase) -> None:
    """Ends an exchange with the response to its request, and appends what the verdict says."""
    block = _known(request, response) if exchange._annotations is None else None
    if block is not None:
        headers = exchange._append(block)
    else:
        tell_route(exchange, request)
        headers = exchange.finish(response.status_code, response.items()).headers
    if headers:
        append(request, response, headers)


def _known(request: HttpRequest, response: HttpResponseBase) -> bytes | None:
    """The block of a page of which the view has said nothing: there are few different ones."""
    # Django's mapping makes its pairs anew one by one, in Python; it holds them as they are needed here.
    store = getattr(response.headers, "_store", None)
    if not isinstance(store, dict):
        return None
    route = getattr(request.resolver_match, "route", None)
    mounted = request.META.get("SCRIPT_NAME")
    if SELDOM.isdisjoint(store):
        key: tuple[object, ...] = (response.status_code, route, mounted, store.get(OFTEN))
    else:
        key = (response.status_code, route, mounted, *map(store.get, RESPONSE_HEADERS))
    block = pages.get(key)
    if block is None:
        # Of nothing but the key: what is kept is of every visitor.
        told, text = [store[name] for name in RESPONSE_HEADERS if name in store], _route_of(request)
        said = [] if text is None else [(_block.ROUTE, _block.text(text, 2048))]
        block = _block.response(response.status_code, told, said)
        pages.keep(key, block)
    return block


def tell_route(exchange: Exchange, request: HttpRequest) -> None:
    """Annotates an exchange with the route, unless the view has."""
    if exchange.route is None:
        exchange.route = _route_of(request)


def _route_of(request: HttpRequest) -> str | None:
    route = getattr(request.resolver_match, "route", None)
    if route is None:
        return None
    # As other frameworks tell it: from the root of the host, and without the mark of its beginning.
    mounted = str(request.META.get("SCRIPT_NAME", "")).rstrip("/")
    return f"{mounted}/{route.removeprefix('^')}"


def append(request: HttpRequest, response: HttpResponseBase, headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Appends headers, beside those of the same name."""
    for name, value in headers:
        text = value.decode("latin-1")
        if name.lower() == b"set-cookie":
            _set_cookie(response, text)
            # Older Djangos' cache keeps a page that is `no-store`, and would keep the cookie with it.
            request._cache_update_cache = False  # type: ignore[attr-defined]  # Where the cache looks.
            continue
        key = name.decode("latin-1")
        # Django holds one line of a name; several mean the same as one with commas (RFC 9110 §5.3).
        response[key] = f"{response[key]}, {text}" if response.has_header(key) else text


def keep_private(response: HttpResponseBase) -> None:
    """Keeps a page that shows the notice from shared caches, Django's too, unless it tells them what to do:
    it is for this visitor alone."""
    said = response.get("Cache-Control", "").lower()
    if not any(word in said for word in ("private", "no-store", "public", "max-age", "s-maxage")):
        patch_cache_control(response, private=True)


def _set_cookie(response: HttpResponseBase, line: str) -> None:
    """Through Django's own cookies, where its caches, test client and middlewares look for them."""
    pair, *attributes = line.split("; ")
    name, _, value = pair.partition("=")
    response.cookies[name] = value
    morsel = response.cookies[name]
    for attribute in attributes:
        key, equals, text = attribute.partition("=")
        morsel[key.lower()] = text if equals else True
