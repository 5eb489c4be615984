"""Has every process of a server print its book, as one line of JSON, when there will be nothing to add."""

from __future__ import annotations

import atexit
import json
import os

from trackside import Tracker
from trackside.asgi import App, Message, Receive, Scope, Send


def print_at_exit(tracker: Tracker) -> None:
    # Handlers at exit are called last come, first served, and the tracker's own is there already: so this one
    # has to close it.
    def tell() -> None:
        tracker.close()
        write(tracker)

    atexit.register(tell)


def print_at_shutdown(app: App, tracker: Tracker) -> App:
    """For a server that ends by a signal, and calls no handlers at exit."""

    async def telling(scope: Scope, receive: Receive, send: Send) -> None:
        async def tell(message: Message) -> None:
            if message["type"] == "lifespan.shutdown.complete":
                write(tracker)
            await send(message)

        await app(scope, receive, tell)

    return telling


def write(tracker: Tracker) -> None:
    stats = tracker.stats()
    book = {
        "pid": os.getpid(),
        "seen": stats.requests.seen,
        "tracked": stats.requests.tracked,
        "failures": stats.failures,
        "to": {
            name: {
                "offered": to.offered,
                "delivered": to.delivered,
                "dropped": to.dropped,
                "pending": to.pending,
            }
            for name, to in stats.destinations.items()
        },
    }
    # One write, so that processes do not write into each other's lines.
    os.write(1, f"BOOK {json.dumps(book)}\n".encode())
