"""Counts the traffic of an ASGI application.

>>> from trackside.asgi import TracksideMiddleware
>>> application = TracksideMiddleware(application, consent="notice")   # doctest: +SKIP

The application finds its :class:`~trackside.Exchange` as ``scope["trackside"]``.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import unquote

from trackside import _at_exit, _block
from trackside._middleware import KEY, quoted, tracker_for
from trackside.exchange import Answer, Exchange
from trackside.hooks import Editor, Filter
from trackside.tracker import Tracker
from trackside.transport import Deliver, RecordingTransport

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class TracksideMiddleware:
    """Counts the traffic of an ASGI application. Bodies, streams, websockets and the lifespan pass untouched.

    Before the lifespan is over, what waits is delivered, within ``shutdown``.

    Where two of them overlap, the outermost counts.

    :param consent: ``notice``, ``opt-in``, ``opt-out`` or ``none``; it depends on the visitors' law. May be
        missing where the configuration has it.
    :param config: the configuration, a mapping or the text of a TOML file. The environment overrides it.
    :param file: as of :class:`~trackside.Tracker`, as are ``transport``, ``sinks``, ``filter`` and ``edit``.
    :param env: whether the environment is read. Defaults to true; False for all but one of several trackers
        in a process, as it would lie over each of them.
    :param tracker: a tracker that is open already, in place of all others.

    :raises ConfigError: the configuration has mistakes; the text tells all of them.
    """

    def __init__(
        self,
        app: App,
        *,
        consent: str | None = None,
        config: Mapping[str, Any] | str | None = None,
        file: str | os.PathLike[str] | None = None,
        env: bool = True,
        tracker: Tracker | None = None,
        transport: RecordingTransport | Deliver | None = None,
        sinks: Mapping[str, Deliver] | None = None,
        filter: Filter | None = None,
        edit: Editor | None = None,
    ) -> None:
        self.app = app
        self.tracker = tracker_for(
            tracker,
            env,
            consent=consent,
            config=config,
            file=file,
            transport=transport,
            sinks=sinks,
            filter=filter,
            edit=edit,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        outer = scope.get(KEY)
        # One that is over is of an earlier request: some callers use a scope again.
        if scope["type"] != "http" or (isinstance(outer, Exchange) and not outer.is_over):
            if scope["type"] == "lifespan":
                send = self._send_lifespan(send)
            return await self.app(scope, receive, send)
        if self.tracker.endpoints:
            answered = answer(self.tracker, scope)
            if answered is not None:
                return await _send_answer(answered, send)
        try:
            exchange = scope[KEY] = begin(self.tracker, scope)
        except Exception:
            self.tracker.failures.note("beginning an exchange")
            scope[KEY] = Exchange(self.tracker, None)
            return await self.app(scope, receive, send)

        async def send_counted(message: Message) -> None:
            if message.get("type") == "http.response.start" and not exchange.is_over:
                message = finish(exchange, message)
            await send(message)

        try:
            await self.app(scope, receive, send_counted)
        finally:
            if not exchange.is_over:
                exchange.abandon()

    def _send_lifespan(self, send: Send) -> Send:
        # A server may end by the signal that it was ended by (uvicorn does): handlers at exit are not called
        # then.
        async def send_after_delivery(message: Message) -> None:
            if message["type"].startswith("lifespan.shutdown."):
                try:
                    loop = asyncio.get_running_loop()
                except RuntimeError:
                    # The loop is of another kind, and has nothing else to do.
                    _at_exit.flush_at_end(self.tracker)
                else:
                    await loop.run_in_executor(None, _at_exit.flush_at_end, self.tracker)
            await send(message)

        return send_after_delivery


async def _send_answer(answer: Answer, send: Send) -> None:
    headers = [(name.lower(), value) for name, value in answer.headers]
    if answer.body:
        headers.append((b"content-length", b"%d" % len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


def answer(tracker: Tracker, scope: Scope) -> Answer | None:
    """What trackside answers itself to the request in a scope, if it is one of its own; for adapters."""
    try:
        asked = target(scope)
        if not asked.decode("latin-1").startswith(tracker.endpoints):
            return None
        if not isinstance(scope["headers"], (list, tuple)):
            # They can be read but once: the application is to get what is read here.
            scope["headers"] = list(scope["headers"])
        client = scope.get("client")
        return tracker.answer(
            scope["method"],
            asked,
            scope["headers"],
            peer=client[0] if client else None,
            secure=scope.get("scheme") == "https",
            resolved=is_resolved(scope),
        )
    except Exception:
        tracker.failures.note("answering a request")
        return None


def finish(exchange: Exchange, message: Message) -> Message:
    """Judges the exchange by the start of its response, and gives the message to send; for adapters."""
    try:
        headers = message.get("headers") or ()
        if not isinstance(headers, (list, tuple)):
            # It can be read but once: the server is to get what is read here.
            headers = list(headers)
            message = {**message, "headers": headers}
        appended = exchange.finish(message["status"], headers).headers
    except Exception:
        exchange._tracker.failures.note("finishing an exchange")
        exchange.abandon()
        return message
    if not appended:
        return message
    return {**message, "headers": [*headers, *((name.lower(), value) for name, value in appended)]}


def begin(tracker: Tracker, scope: Scope) -> Exchange:
    """Begins the exchange of the request in a scope; for adapters."""
    client = scope.get("client")
    if not isinstance(scope["headers"], (list, tuple)):
        # They can be read but once: the application is to get what is read here.
        scope["headers"] = list(scope["headers"])
    return tracker._begin(
        _block.request(
            scope["method"].encode("latin-1"),
            target(scope),
            scope["headers"],
            b"",
            client[0] if client else None,
            scope.get("scheme") == "https",
            is_resolved(scope),
        )
    )


def is_resolved(scope: Mapping[str, Any]) -> bool:
    """Whether the server has put the client's address in place of the proxy's.

    Uvicorn leaves a tuple without a port then, unless the proxy tells the port, too. Django's test client has
    no port either, and a list.
    """
    client = scope.get("client")
    return isinstance(client, tuple) and client[1] == 0


def target(scope: Mapping[str, Any]) -> bytes:
    """What the client asked for, with its query, before any mounting.

    ``path`` is that, unless the server's ``root_path`` is missing in front of it. It is decoded; the original
    spelling is taken from ``raw_path``, where that means the same path; else it is encoded anew.
    """
    path: str = scope["path"]
    root: str = scope.get("root_path") or ""
    raw: bytes | None = scope.get("raw_path")
    if root and not (path.startswith(root) and path[len(root) : len(root) + 1] in ("", "/")):
        path = root.rstrip("/") + path
    asked = _spelled(raw, path) if raw else None
    if asked is None and raw and root:
        asked = _spelled(quoted(root.rstrip("/"), "utf-8").encode() + raw, path)
    if asked is None:
        asked = quoted(path, "utf-8").encode()
    query: bytes = scope.get("query_string") or b""
    return asked + b"?" + query if query else asked or b"/"


def _spelled(raw: bytes, path: str) -> bytes | None:
    """``raw``, if it means ``path``. Some servers leave the query at its end."""
    raw = raw.partition(b"?")[0]
    text = raw.decode("latin-1")
    return raw if text == path or ("%" in text and unquote(text) == path) else None
