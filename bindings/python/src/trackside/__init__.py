"""Server-side web analytics that any Python server can embed.

In scope: handing requests and responses to the library, and what Python's servers and frameworks need for
that. Out of scope: any decision. What is tracked, what a hit holds and how it is delivered is the library's.

>>> from trackside import RecordingTransport, Tracker
>>> transport = RecordingTransport()
>>> tracker = Tracker({"consent": {"policy": "none"}}, env=False, transport=transport)
>>> exchange = tracker.begin("GET", "/news/", [("Host", "www.example.com")], peer="203.0.113.9")
>>> exchange.title = "News"
>>> exchange.finish(200, [("Content-Type", "text/html")]).is_tracked
True
>>> [(hit.site, hit.path, hit.title) for hit in transport.hits]
[('www.example.com', '/news/', 'News')]
"""

from __future__ import annotations

from trackside.errors import (
    ArgumentError,
    ConfigError,
    FileError,
    NotFoundError,
    PanicError,
    ReentrantError,
    RefusedError,
    TracksideError,
    UnsupportedError,
)
from trackside.exchange import Answer, Consent, Exchange, Notice, Verdict, Visitor
from trackside.hit import Hit
from trackside.stats import Closed, Hits, Left, Requests, Stats
from trackside.tracker import Tracker
from trackside.transport import Batch, Outcome, Outgoing, RecordingTransport

__all__ = [
    "Answer",
    "ArgumentError",
    "Batch",
    "Closed",
    "ConfigError",
    "Consent",
    "Exchange",
    "FileError",
    "Hit",
    "Hits",
    "Left",
    "NotFoundError",
    "Notice",
    "Outcome",
    "Outgoing",
    "PanicError",
    "RecordingTransport",
    "ReentrantError",
    "RefusedError",
    "Requests",
    "Stats",
    "Tracker",
    "TracksideError",
    "UnsupportedError",
    "Verdict",
    "Visitor",
]
