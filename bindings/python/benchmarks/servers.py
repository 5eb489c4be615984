"""What the bare middlewares add to a request of WSGI and of ASGI."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

from benchmarks import request
from benchmarks.effort import Effort
from benchmarks.pair import added
from benchmarks.report import Row
from trackside import Tracker, asgi, wsgi


def measure(effort: Effort) -> list[Row]:
    in_wsgi, in_asgi = [], []
    with tempfile.TemporaryDirectory() as folder:
        store = {"type": "sqlite", "path": Path(folder, "trackside.db")}
        with Tracker({"consent": {"policy": "none"}, "destination": [store]}, env=False) as tracker:
            cookie = _cookie(tracker)
            for _ in range(effort.runs):
                bare, counted = (
                    _wsgi(_page, cookie),
                    _wsgi(wsgi.TracksideMiddleware(_page, tracker=tracker), cookie),
                )
                in_wsgi.append(added(bare, counted, effort.pairs))
                tracker.flush()
                bare, counted = (
                    _asgi(_apage, cookie),
                    _asgi(asgi.TracksideMiddleware(_apage, tracker=tracker), cookie),
                )
                in_asgi.append(added(bare, counted, effort.pairs))
                tracker.flush()
            book, expected = tracker.stats().destinations["sqlite"], 2 * effort.runs * effort.pairs + 1
            if not book.delivered == book.offered == expected:
                raise RuntimeError(f"{book}: not all of {expected} were delivered")
    return [
        Row("WSGI, added to a tracked request, µs", in_wsgi),
        Row("ASGI, added to a tracked request, µs", in_asgi),
    ]


def _cookie(tracker: Tracker) -> str:
    exchange = tracker.begin("GET", request.PATH, request.CHROME, peer=request.PEER, secure=True)
    headers = dict(exchange.finish(200, request.HTML).headers)
    return headers[b"Set-Cookie"].partition(b";")[0].decode()


def _page(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    start_response("200 OK", request.HTML.copy())
    return [request.BODY]


def _wsgi(app: Callable[..., Iterable[bytes]], cookie: str) -> Callable[[], object]:
    environ = request.environ(cookie)

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> object:
        return None

    return lambda: app(environ.copy(), start_response)


_HEAD = [(name.lower().encode(), value.encode()) for name, value in request.HTML]


async def _apage(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": _HEAD.copy()})
    await send({"type": "http.response.body", "body": request.BODY})


def _asgi(app: Callable[..., Coroutine[Any, Any, None]], cookie: str) -> Callable[[], object]:
    scope = request.scope(cookie)

    async def send(message: Any) -> None:
        pass

    def visit() -> None:
        # Nothing waits in it: without an event loop, whose turn would take longer than all else.
        try:
            app(scope.copy(), None, send).send(None)
        except StopIteration:
            return

    return visit
