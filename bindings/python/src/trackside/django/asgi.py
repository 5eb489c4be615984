"""The lifespan, which Django does not know: where the server ends by a signal, hits are delivered before.

A server such as uvicorn, when it is asked to end by SIGTERM, ends by that signal: what Python does at exit is
not done then. In ``asgi.py``::

    from trackside.django.asgi import Lifespan

    application = Lifespan(get_asgi_application())
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from trackside.asgi import Receive, Scope, Send

from . import live


class Lifespan:
    """An ASGI application around Django's, which ends when what waits is delivered, within ``shutdown``."""

    def __init__(self, application: Callable[..., Awaitable[None]]) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers the lifespan itself; all else is Django's."""
        if scope["type"] != "lifespan":
            return await self._application(scope, receive, send)
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await asyncio.get_running_loop().run_in_executor(None, live.flush)
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return None
