"""Visitors with browsers, and what was recorded of them."""

from __future__ import annotations

import asyncio
from typing import Any

from django.test import AsyncClient, Client

from trackside import Hit, RecordingTransport, Tracker
from trackside.django import tracker

PAGE = {"accept": "text/html", "sec-fetch-dest": "document", "sec-fetch-mode": "navigate"}


class Visitor:
    """A browser with cookies of its own, which talks to the site by WSGI's or by ASGI's handler."""

    #: Whether requests by WSGI come as a server's do, and not as those of Django's test client.
    is_served = False

    def __init__(self, is_async: bool) -> None:
        self.client: Any = AsyncClient() if is_async else Client()
        self.is_async = is_async

    def get(self, path: str, **headers: str) -> Any:
        """A navigation; names of headers have ``_`` for ``-``, and one that is empty is left out."""
        return self.request("get", path, **headers)

    def request(self, method: str, path: str, **headers: str) -> Any:
        """Any request."""
        named = {**PAGE, **{name.replace("_", "-"): value for name, value in headers.items()}}
        sent = {name: value for name, value in named.items() if value}
        more: dict[str, Any] = {"RAW_URI": path} if self.is_served and not self.is_async else {}
        if more and "host" not in sent:
            more["HTTP_HOST"] = "testserver"
        answer = getattr(self.client, method)(path, headers=sent, **more)
        return asyncio.run(answer) if self.is_async else answer


class Recorded:
    """What the site has recorded."""

    def __init__(self, transport: RecordingTransport) -> None:
        self.transport = transport

    def __call__(self) -> list[Hit]:
        """All hits so far."""
        return self.transport.hits

    @property
    def tracker(self) -> Tracker:
        """The site's tracker."""
        return tracker()
