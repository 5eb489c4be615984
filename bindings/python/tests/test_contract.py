"""One contract for all adapters: ``tests/adapters`` of the repository. Each site is served over HTTP."""

from __future__ import annotations

import http.client
import json
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from recorded import HOST

from trackside import RecordingTransport, Tracker, asgi, wsgi

SCENARIOS = json.loads((Path(__file__).parents[3] / "tests/adapters/contract.json").read_text("utf-8"))
NOON = 1_795_348_800
SEEN = NOON - 10
KNOWN = f"trackside=5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11.{SEEN}.{SEEN}.{SEEN}"
CONFIG = {
    "consent": {"policy": "notice"},
    "privacy": {"ip": "full"},
    "track": {"ignore": ["/admin/"]},
    "proxy": {"trusted": ["127.0.0.1"]},
}
HTML = ("Content-Type", "text/html")


def respond(path: str, exchange: Any) -> tuple[int, list[tuple[str, str]], list[bytes]]:
    """What the site answers."""
    if path == "/unchanged":
        return 304, [], []
    if path == "/redirect":
        return 302, [("Location", "/"), HTML], []
    if path == "/data":
        return 200, [("Content-Type", "application/json")], [b"1"]
    if path == "/stream":
        return 200, [HTML], [b"one", b"two", b"three"]
    if path == "/fails":
        return 500, [HTML], []
    if path == "/said":
        exchange.title, exchange.user_id = "Said", "u-42"
        exchange.event("add")
    if path == "/notice":
        return 200, [HTML], [exchange.notice.text.encode() if exchange.notice else b""]
    found = path in ("/", "/admin/", "/said", "/shop/items/7")
    return 200 if found else 404, [HTML], []


class Quiet(WSGIRequestHandler):
    """A handler that logs nothing, and takes the names for all that they are."""

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Server(socketserver.ThreadingMixIn, WSGIServer):
    """Each request has a thread."""

    daemon_threads = True


@contextmanager
def by_wsgi(tracker: Tracker) -> Iterator[int]:
    def site(environ: dict[str, Any], start_response: Any) -> Any:
        if environ["PATH_INFO"].startswith("/shop/"):
            # As a dispatcher mounts a part of the site.
            environ["SCRIPT_NAME"], environ["PATH_INFO"] = "/shop", environ["PATH_INFO"][5:]
        path = environ["SCRIPT_NAME"] + environ["PATH_INFO"]
        status, headers, pieces = respond(path, environ["trackside"])
        start_response(f"{status} {http.client.responses[status]}", headers)
        return iter(pieces)

    app: Any = wsgi.TracksideMiddleware(site, tracker=tracker)
    with make_server("127.0.0.1", 0, app, Server, Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@contextmanager
def by_asgi(tracker: Tracker) -> Iterator[int]:
    import uvicorn

    async def site(scope: Any, receive: Any, send: Any) -> None:
        status, headers, pieces = respond(scope["path"], scope["trackside"])
        named = [(name.lower().encode(), value.encode()) for name, value in headers]
        await send({"type": "http.response.start", "status": status, "headers": named})
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    app: Any = asgi.TracksideMiddleware(site, tracker=tracker)
    config = uvicorn.Config(app, "127.0.0.1", 0, log_level="critical", lifespan="off", proxy_headers=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    until = time.monotonic() + 30
    while not server.started:
        assert time.monotonic() < until
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


Way = Callable[[Tracker], Any]
WAYS: list[Way] = [by_wsgi, by_asgi]


@pytest.mark.parametrize("serve", WAYS, ids=["wsgi", "asgi"])
def test_the_adapter_keeps_the_contract(serve: Way) -> None:
    transport = RecordingTransport()
    tracker = Tracker(CONFIG, env=False, transport=transport, clock=lambda: NOON * 1_000_000)
    skipped: dict[str, int] = {}
    tracked = hits = 0
    with serve(tracker) as port:
        for scenario in SCENARIOS:
            name = scenario["name"]
            answer, body = ask(port, scenario)
            cookies = answer.headers.get_all("set-cookie") or []
            assert answer.status == scenario["status"], name
            assert any(value.startswith("trackside=") for value in cookies) == scenario["cookie"], name
            assert ("private" in (answer.headers.get_all("cache-control") or [])) == scenario["private"], name
            assert body == scenario.get("body", body), name
            if scenario["reason"] is None:
                tracked += 1
            else:
                skipped[scenario["reason"]] = skipped.get(scenario["reason"], 0) + 1
            requests = tracker.stats().requests
            assert (requests.tracked, dict(requests.skipped)) == (tracked, skipped), name
            new, hits = transport.hits[hits:], len(transport.hits)
            assert len(new) == len(scenario["hits"]), name
            for hit, expected in zip(new, scenario["hits"]):
                told = hit.json()
                assert {key: told.get(key) for key in expected} == expected, name
    assert tracker.failures.count == 0
    assert tracked >= 9


def ask(port: int, scenario: dict[str, Any]) -> tuple[http.client.HTTPResponse, str]:
    headers = {"Host": HOST, "Accept": "text/html", **scenario.get("headers", {})}
    if scenario.get("known"):
        headers["Cookie"] = KNOWN
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(scenario.get("method", "GET"), scenario["path"], headers=headers)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer, body
