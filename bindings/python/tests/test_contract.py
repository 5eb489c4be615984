"""WSGI's and ASGI's middleware keep the contract."""

from __future__ import annotations

import http.client
import threading
from typing import Any

from kit.adapters import CONFIG, by_asgi, by_wsgi, keep_the_contract, respond

from trackside import RecordingTransport, Tracker, asgi, wsgi

NOON = 1_795_348_800


def recording() -> tuple[Tracker, RecordingTransport]:
    transport = RecordingTransport()
    return Tracker(CONFIG, env=False, transport=transport, clock=lambda: NOON * 1_000_000), transport


def test_wsgi() -> None:
    def site(environ: dict[str, Any], start_response: Any) -> Any:
        if environ["PATH_INFO"].startswith("/shop/"):
            # As a dispatcher mounts a part of the site.
            environ["SCRIPT_NAME"], environ["PATH_INFO"] = "/shop", environ["PATH_INFO"][5:]
        path = environ["SCRIPT_NAME"] + environ["PATH_INFO"]
        if path == "/breaks":
            raise RuntimeError("on purpose")
        status, headers, pieces = respond(path, environ["trackside.exchange"])
        start_response(f"{status} {http.client.responses[status]}", headers)
        return iter(pieces)

    tracker, transport = recording()
    with by_wsgi(wsgi.TracksideMiddleware(site, tracker=tracker)) as port:
        keep_the_contract(tracker, transport, port, now=NOON, waiting=None)


def test_asgi() -> None:
    waiting = threading.Event()

    async def site(scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"]
        if path == "/breaks":
            raise RuntimeError("on purpose")
        if path == "/waits":
            waiting.set()
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        status, headers, pieces = respond(path, scope["trackside"])
        named = [(name.lower().encode(), value.encode()) for name, value in headers]
        await send({"type": "http.response.start", "status": status, "headers": named})
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    tracker, transport = recording()
    with by_asgi(asgi.TracksideMiddleware(site, tracker=tracker)) as port:
        keep_the_contract(tracker, transport, port, now=NOON, waiting=waiting)
