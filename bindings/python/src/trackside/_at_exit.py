"""Closes what is open before the interpreter ends: a thread of the library that calls a sink in Python must
not find it half gone.

Before that, and before Python refuses new threads (and with them the import of many a module), sinks in
Python get their time: what they need they may still begin then.

The library closes its trackers when the process exits, but that is later than the interpreter's end, and
children of ``multiprocessing`` skip it: they end by ``os._exit``, after the finalizers of their own.
"""

from __future__ import annotations

import atexit
import importlib
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable
from multiprocessing import util
from typing import TYPE_CHECKING, Any

from trackside import log

if TYPE_CHECKING:
    from trackside.tracker import Tracker

_open: weakref.WeakSet[Tracker] = weakref.WeakSet()
_afterwards: list[Callable[[], None]] = []
_registered_in = 0


def close_later(tracker: Tracker) -> None:
    """Has the tracker closed, within its ``shutdown``, when the process ends."""
    _open.add(tracker)
    _register()
    if tracker._runs_python:
        _register_early()


def afterwards(function: Callable[[], None]) -> None:
    """Has it called when all trackers are closed, for what is to know how they ended. It must not raise."""
    _afterwards.append(function)


def not_afterwards(function: Callable[[], None]) -> None:
    """Takes that back."""
    _afterwards.remove(function)


def _register() -> None:
    global _registered_in
    if _registered_in == os.getpid():
        return
    if not _registered_in:
        atexit.register(_close_all)
        # A child of multiprocessing begins without finalizers: its parent's, and, where it is no copy of
        # that, those of the modules that it has imported itself.
        util.register_after_fork(_open, lambda _: _finalize())
    _registered_in = os.getpid()
    _finalize()
    # The processes of a worker of Celery end by os._exit, too. Who counts in them has imported it.
    signals: Any = sys.modules.get("celery.signals")
    if signals is not None:
        signals.worker_process_shutdown.connect(_close_in_celery, weak=False, dispatch_uid="trackside")


def _close_in_celery(**_: object) -> None:
    _close_all()


def _finalize() -> None:
    # Called before the pools and managers of multiprocessing itself go, which have priorities above 0.
    util.Finalize(None, _close_all, exitpriority=100)


_is_registered_early = False


def _register_early() -> None:
    global _is_registered_early
    if _is_registered_early:
        return
    _is_registered_early = True
    try:
        # It cannot be imported any more when the main thread has ended, and whatever uses it with it.
        importlib.import_module("concurrent.futures.thread")
        # What it uses itself for this purpose: handlers of `atexit` come too late. Who registers last is
        # called first.
        register = getattr(threading, "_register_atexit", None)
        if register is not None:
            register(_flush_sinks)
    except RuntimeError:
        # It has ended already: a tracker that is opened now, by a thread that goes on, is closed as all are.
        return


#: When trackers that had used up their time were left, by the monotonic clock.
_given_up: weakref.WeakKeyDictionary[Tracker, float] = weakref.WeakKeyDictionary()

#: For how long the end of the process has waited in vain, in seconds.
_in_vain = 0.0

#: Trackers deliver side by side: where one has waited for so long in vain, the others had that time too.
#: Those with less to wait may do so one after the other.
_ENOUGH = 1.0


def flush_at_end(tracker: Tracker, seconds: float | None = None) -> None:
    """Delivers what waits, within ``shutdown``, where the process is about to end. It never raises."""
    try:
        if tracker.flush(seconds):
            _given_up[tracker] = time.monotonic()
    except Exception:
        log.logger.exception("a tracker was not flushed")


def _flush_sinks() -> None:
    """Called when the main thread has ended; others may go on, and count, for as long as they please."""
    for tracker in list(_open):
        if tracker._runs_python:
            began = time.monotonic()
            flush_at_end(tracker, _left_to_wait())
            if _given_up.get(tracker, 0.0) >= began:
                _count(began)


def _close_all() -> None:
    for tracker in list(_open):
        began = time.monotonic()
        try:
            # Time that was used up just now is not given twice.
            is_over = began - _given_up.get(tracker, float("-inf")) < 5
            if tracker._end(0 if is_over else _left_to_wait()):
                _count(began)
        except Exception:
            log.logger.exception("a tracker was not closed")
        # What Python collects at its end it collects in any order: a tracker that was freed then would let go
        # of its sinks by a function that may be gone before it.
        tracker._leak()
    for function in list(_afterwards):
        function()


def _left_to_wait() -> float | None:
    return 0 if _in_vain >= _ENOUGH else None


def _count(began: float) -> None:
    global _in_vain
    _in_vain += time.monotonic() - began
