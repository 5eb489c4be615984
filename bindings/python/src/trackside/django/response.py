"""A response of Django's, and the headers that a verdict appends to it."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from trackside import Exchange, _block
from trackside._native import RESPONSE_HEADERS

_pages = _block.Pages()


def end(exchange: Exchange, request: HttpRequest, response: HttpResponseBase) -> None:
    """Ends an exchange with the response to its request, and appends what the verdict says."""
    # Most pages are told from others by no more than this, and there are few such. Django's mapping makes its
    # pairs anew one by one, in Python; it holds them as they are needed here.
    block, key = None, None
    if exchange._annotations is None:
        try:
            match, get = request.resolver_match, response.headers._store.get
            route = match.route if match is not None else None
            key = (response.status_code, route, request.META.get("SCRIPT_NAME"), *map(get, RESPONSE_HEADERS))
            block = _pages.get(key)
        except Exception:
            key = None  # What is no mapping of Django's takes the slow way.
    if block is None:
        block = _block_of(exchange, request, response)
        if key is not None:
            _pages.keep(key, block)
    headers = exchange._end(block).headers
    if headers:
        append(response, headers)


def _block_of(exchange: Exchange, request: HttpRequest, response: HttpResponseBase) -> bytes:
    try:
        tell_route(exchange, request)
    except Exception:
        exchange._tracker.failures.note("the route of an exchange")
    return _block.response(response.status_code, response.items(), exchange._annotations)


def tell_route(exchange: Exchange, request: HttpRequest) -> None:
    """Annotates an exchange with the route, unless the view has."""
    match = request.resolver_match
    if match is not None and exchange.route is None:
        # As other frameworks tell it: from the root of the host, and without the mark of its beginning.
        mounted = str(request.META.get("SCRIPT_NAME", "")).rstrip("/")
        exchange.route = f"{mounted}/{match.route.removeprefix('^')}"


def append(response: HttpResponseBase, headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Appends headers, beside those of the same name."""
    for name, value in headers:
        text = value.decode("latin-1")
        if name.lower() == b"set-cookie":
            _set_cookie(response, text)
            continue
        key = name.decode("latin-1")
        # Django holds one line of a name; several mean the same as one with commas (RFC 9110 §5.3).
        response[key] = f"{response[key]}, {text}" if response.has_header(key) else text


def _set_cookie(response: HttpResponseBase, line: str) -> None:
    """Through Django's own cookies, where its caches, test client and middlewares look for them."""
    pair, *attributes = line.split("; ")
    name, _, value = pair.partition("=")
    response.cookies[name] = value
    morsel = response.cookies[name]
    for attribute in attributes:
        key, equals, text = attribute.partition("=")
        morsel[key.lower()] = text if equals else True
