"""Counts the traffic of a Starlette or FastAPI application.

>>> from trackside.starlette import TracksideMiddleware
>>> app.add_middleware(TracksideMiddleware, consent="notice")   # doctest: +SKIP

Hits have the template of the route that answered, such as ``/user/{id}``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from starlette.requests import HTTPConnection
from starlette.routing import Mount

from trackside import asgi
from trackside._middleware import KEY, tracker_for
from trackside.asgi import App, Message, Receive, Scope, Send
from trackside.errors import TracksideError
from trackside.exchange import Exchange
from trackside.hooks import Editor, Filter
from trackside.log import logger
from trackside.tracker import Tracker
from trackside.transport import Deliver, RecordingTransport


class TracksideMiddleware:
    """As :class:`trackside.asgi.TracksideMiddleware`, with the route's template.

    Starlette makes its middlewares when the server starts it: what is wrong with the settings is told there,
    and the server does not start. Where a server starts nothing (``--lifespan off``), it is logged, and pages
    are served uncounted. To have it raised where it stands, open the tracker first, and give it as
    ``tracker``.
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
        self._error: TracksideError | TypeError | None = None
        try:
            tracker = tracker_for(
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
        except (TracksideError, TypeError) as error:
            self._error = error
            logger.error("nothing is counted: %s", error)
            tracker = Tracker({"mode": "off"}, consent="none", env=False)
        self.tracker = tracker
        self._counted = asgi.TracksideMiddleware(_Routed(app), tracker=tracker)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._error is not None and scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.failed", "message": f"trackside: {self._error}"})
            raise self._error
        await self._counted(scope, receive, send)


class _Routed:
    """Tells the exchange which route answers, once that is known and before it is judged."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = scope.get(KEY)
        if not isinstance(exchange, Exchange):
            return await self.app(scope, receive, send)

        async def send_routed(message: Message) -> None:
            if message["type"] == "http.response.start" and not exchange.is_over and exchange.route is None:
                exchange.route = _template(scope)
            await send(message)

        await self.app(scope, receive, send_routed)


def _template(scope: Scope) -> str | None:
    route = scope.get("route")
    # Newer FastAPIs keep the route as it stands in its router, and the whole beside it.
    inside = scope.get("fastapi")
    whole = inside.get("effective_route_context") if isinstance(inside, dict) else None
    path = getattr(whole if getattr(whole, "original_route", None) is route else route, "path", None)
    # What is mounted and is no router has no routes; for what is, the mount's own part stands in `root_path`.
    if not isinstance(path, str) or isinstance(route, Mount):
        return None
    root: str = scope.get("root_path") or ""
    return root + path


def exchange(connection: HTTPConnection) -> Exchange:
    """The exchange of a request: ``exchange(request).title = "Cart"``.

    :raises LookupError: the application has no :class:`TracksideMiddleware`.
    """
    found = connection.scope.get(KEY)
    if isinstance(found, Exchange):
        return found
    raise LookupError("no exchange: add trackside.starlette.TracksideMiddleware to the application")
