"""A response of Django's, and the headers that a verdict appends to it."""

from __future__ import annotations

from collections.abc import Iterable

from django.http.response import HttpResponseBase


def pairs(response: HttpResponseBase) -> Iterable[tuple[str, str]]:
    """The names and values of its headers."""
    # Django's mapping makes them anew one by one, in Python; it holds them as they are needed here.
    store = getattr(response.headers, "_store", None)
    return store.values() if isinstance(store, dict) else response.items()


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
