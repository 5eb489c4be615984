"""One contract for all adapters: ``tests/adapters`` of the repository. Each site is served over HTTP."""

from __future__ import annotations

import http.client
import json
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from trackside import RecordingTransport, Tracker

SCENARIOS = json.loads((Path(__file__).parents[4] / "tests/adapters/contract.json").read_text("utf-8"))
CONFIG = {
    "consent": {"policy": "notice", "path": "/consent/", "dnt": "strict"},
    "privacy": {"ip": "full"},
    "track": {"ignore": ["/admin/"]},
    "proxy": {"trusted": ["127.0.0.1"]},
}
HTML = ("Content-Type", "text/html")

#: In seconds: how long anything may take before it counts as hanging.
PATIENCE = 30.0


def respond(path: str, exchange: Any) -> tuple[int, list[tuple[str, str]], list[bytes]]:
    """What a site answers, but for ``/breaks`` and ``/waits``."""
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
    if path == "/refused":
        exchange.set_consent(analytics=False)
    if path == "/notice":
        return 200, [HTML], [exchange.notice.text.encode() if exchange.notice else b""]
    found = path in ("/", "/admin/", "/said", "/refused", "/shop/items/7")
    return 200 if found else 404, [HTML], []


class Quiet(WSGIRequestHandler):
    """A handler that logs nothing, and takes the names for all that they are."""

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Server(socketserver.ThreadingMixIn, WSGIServer):
    """Each request has a thread."""

    daemon_threads = True


@contextmanager
def by_wsgi(app: Any) -> Iterator[int]:
    """Serves an application of WSGI's, on the port that it tells."""
    with make_server("127.0.0.1", 0, app, Server, Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@contextmanager
def by_asgi(app: Any) -> Iterator[int]:
    """Serves an application of ASGI's, on the port that it tells."""
    import uvicorn

    is_started = threading.Event()

    class Telling(uvicorn.Server):
        async def startup(self, *args: Any, **kwargs: Any) -> None:
            await super().startup(*args, **kwargs)
            is_started.set()

    config = uvicorn.Config(app, "127.0.0.1", 0, log_level="critical", lifespan="off", proxy_headers=False)
    server = Telling(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    assert is_started.wait(PATIENCE)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


def keep_the_contract(
    tracker: Tracker,
    transport: RecordingTransport,
    port: int,
    *,
    now: int,
    waiting: threading.Event | None,
) -> None:
    """Holds what a site makes of each scenario against the contract.

    :param waiting: is set by the page ``/waits``; None where no handler is told that its client has left.
    :param now: the tracker's time, in seconds.
    """
    skipped: dict[str, int] = {}
    tracked = hits = 0
    for scenario in SCENARIOS:
        name = scenario["name"]
        leaves = scenario.get("leaves", False)
        if leaves and waiting is None:
            continue
        connection = send(port, scenario, now - 10)
        if leaves:
            assert waiting is not None
            assert waiting.wait(PATIENCE), name
        else:
            compare(scenario, connection)
        connection.close()
        if scenario["reason"] is None:
            tracked += 1
        else:
            skipped[scenario["reason"]] = skipped.get(scenario["reason"], 0) + 1
        # All is counted before the head is sent; where there is none, somewhen, and nobody is told.
        until = time.monotonic() + PATIENCE
        while (requests := tracker.stats().requests).seen < tracked + sum(skipped.values()):
            assert scenario.get("status") is None, name
            assert time.monotonic() < until, f"{name}: it is not counted"
            time.sleep(0.01)
        assert (requests.tracked, dict(requests.skipped)) == (tracked, skipped), name
        new, hits = transport.hits[hits:], len(transport.hits)
        assert len(new) == len(scenario["hits"]), name
        for hit, expected in zip(new, scenario["hits"]):
            told = hit.json()
            assert {key: told.get(key) for key in expected} == expected, name
    assert tracker.failures.count == 0
    assert tracked >= 13


def send(port: int, scenario: dict[str, Any], seen: int) -> http.client.HTTPConnection:
    """Sends a request; the answer is still to come."""
    headers = {"Host": "www.example.com", "Accept": "text/html", **scenario.get("headers", {})}
    if scenario.get("known"):
        headers["Cookie"] = f"trackside=5b2a9c0e-54a0-4a36-9f0e-3a2a7a1b9d11.{seen}.{seen}.{seen}"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request(scenario.get("method", "GET"), scenario["path"], headers=headers)
    return connection


def compare(scenario: dict[str, Any], connection: http.client.HTTPConnection) -> None:
    """Holds an answer against what is to be said of it."""
    name, status = scenario["name"], scenario["status"]
    try:
        answer = connection.getresponse()
    except http.client.RemoteDisconnected:
        assert status is None, f"{name}: there is no answer"
        return
    body = answer.read().decode()
    assert answer.status == (500 if status is None else status), name
    cookies = answer.headers.get_all("set-cookie") or []
    if "cookie" in scenario:
        assert any(value.startswith("trackside=") for value in cookies) == scenario["cookie"], name
    if "private" in scenario:
        assert ("private" in (answer.headers.get_all("cache-control") or [])) == scenario["private"], name
    if "set_cookies" in scenario:
        assert [dressed(cookie) for cookie in cookies] == [dressed(it) for it in scenario["set_cookies"]], (
            name
        )
    if "location" in scenario:
        assert answer.headers["location"] == scenario["location"], name
    if "body" in scenario:
        assert body == scenario["body"], name


def dressed(cookie: str) -> tuple[str, set[str]]:
    """What a cookie sets, and with which attributes: their order and quotes mean nothing."""
    pair, *attributes = cookie.split("; ")
    return pair.replace('""', ""), {attribute.lower() for attribute in attributes}
