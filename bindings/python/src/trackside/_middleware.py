"""What the middlewares share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from trackside.tracker import Tracker
from trackside.transport import Deliver, RecordingTransport

#: Where an exchange stands in an environ or a scope.
KEY = "trackside"

_PLAIN = re.compile(r"[A-Za-z0-9/._~!$&'()*+,;=:@-]*").fullmatch


def tracker_for(
    tracker: Tracker | None,
    consent: str | None,
    config: Mapping[str, Any] | str | None,
    transport: RecordingTransport | Deliver | None,
    sinks: Mapping[str, Deliver] | None,
) -> Tracker:
    """The tracker that a middleware was given, or one of its own.

    :raises TypeError: both are asked for.
    """
    if tracker is None:
        return Tracker(config, consent=consent, transport=transport, sinks=sinks)
    if not isinstance(tracker, Tracker):
        raise TypeError(f"tracker is a Tracker, not {type(tracker).__name__}")
    given = {"consent": consent, "config": config, "transport": transport, "sinks": sinks}
    twice = [name for name, value in given.items() if value is not None]
    if twice:
        raise TypeError(f"the tracker has its own {', '.join(twice)}: give that, or a tracker")
    return tracker


def quoted(path: str, encoding: str) -> str:
    """A decoded path as a client would have asked for it."""
    if _PLAIN(path):
        return path
    return quote(path.encode(encoding, "replace"), safe="/._~!$&'()*+,;=:@-")
