"""What the middlewares share."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from trackside.tracker import Tracker

#: Where an exchange stands in a scope, and as an attribute of Django's requests; and a tracker in Flask.
KEY = "trackside"
#: Where an exchange stands in an environ: only keys with a dot may have values that are no texts (PEP 3333).
ENVIRON_KEY = "trackside.exchange"

_PLAIN = re.compile(r"[A-Za-z0-9/._~!$&'()*+,;=:@-]*").fullmatch


def tracker_for(tracker: Tracker | None, env: bool, **options: Any) -> Tracker:
    """The tracker that a middleware was given, or one of its own, with these options of :class:`Tracker`.

    :raises TypeError: both are asked for.
    """
    if tracker is None:
        return Tracker(env=env, **options)
    if not isinstance(tracker, Tracker):
        raise TypeError(f"tracker is a Tracker, not {type(tracker).__name__}")
    twice = [name for name, value in options.items() if value is not None]
    # True is what it is if nobody says anything, too.
    if not env:
        twice.append("env")
    if twice:
        raise TypeError(f"the tracker has its own {', '.join(twice)}: give that, or a tracker")
    return tracker


def quoted(path: str, encoding: str) -> str:
    """A decoded path as a client would have asked for it."""
    if _PLAIN(path):
        return path
    return quote(path.encode(encoding, "replace"), safe="/._~!$&'()*+,;=:@-")
