"""Closes what is open before the interpreter ends: a thread of the library that calls a sink in Python must not
find it half gone.

The library closes its trackers when the process exits, but that is later than the interpreter's end, and children
of ``multiprocessing`` skip it: they end by ``os._exit``, after the finalizers of their own.
"""

from __future__ import annotations

import atexit
import os
import weakref
from multiprocessing import util
from typing import TYPE_CHECKING

from trackside import log

if TYPE_CHECKING:
    from trackside.tracker import Tracker

_open: weakref.WeakSet[Tracker] = weakref.WeakSet()
_registered_in = 0


def close_later(tracker: Tracker) -> None:
    """Has the tracker closed, within its ``shutdown``, when the process ends."""
    _open.add(tracker)
    _register()


def _register() -> None:
    global _registered_in
    if _registered_in == os.getpid():
        return
    if not _registered_in:
        atexit.register(_close_all)
        # A child of multiprocessing begins without its parent's finalizers.
        util.register_after_fork(_open, lambda _: _register())
    _registered_in = os.getpid()
    # Called before the pools and managers of multiprocessing itself go, which have priorities above 0.
    util.Finalize(None, _close_all, exitpriority=100)


def _close_all() -> None:
    for tracker in list(_open):
        try:
            tracker.close()
        except Exception:
            log.logger.exception("a tracker was not closed")
