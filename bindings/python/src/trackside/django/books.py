"""The books of all processes: each leaves its own in a folder, where ``trackside_stats`` adds them up.

A ledger is in its process's memory, and a site has several processes. With ``TRACKSIDE_STATS`` each of them
writes its books when a response is over, not before: no visitor waits for it. What that takes is kept below a
hundredth of the time; so under load the file is as old as a hundred of its writes.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.signals import request_finished

from trackside import Stats, Tracker, _at_exit

#: Of the time, for writing.
SHARE = 0.01

#: In seconds: what nobody has touched for so long is of a process that has ended, and is removed.
AGE = 7 * 24 * 3600.0

#: Held from the look at the books until they are written: what is written last is what was seen last, also
#: where the process ends while a thread writes.
_writing = threading.Lock()

#: In seconds: neither the process's end nor a signal's handler, which may have come in between, waits longer.
PATIENCE = 1.0


def _renew() -> None:
    """In a forked child, whose copy may be held by a thread that it has not."""
    global _writing
    _writing = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)


class Books:
    """A process's file of books."""

    def __init__(self, folder: str, tracker: Callable[[], Tracker]) -> None:
        self._folder = Path(folder)
        self._tracker = tracker
        self._pid = 0
        self._path = self._folder
        self._next = 0.0

    def open(self) -> None:
        """Follows the requests of this process, until it ends."""
        request_finished.connect(self._on_finished, dispatch_uid="trackside")
        _at_exit.afterwards(self.leave)

    def close(self) -> None:
        """Stops that."""
        request_finished.disconnect(dispatch_uid="trackside")
        _at_exit.not_afterwards(self.leave)

    def _on_finished(self, **_: Any) -> None:
        if time.monotonic() < self._next:
            return
        began = time.monotonic()
        self._leave(0)
        ended = time.monotonic()
        self._next = ended + (ended - began) / SHARE

    def leave(self) -> None:
        """Writes them now. Raises nothing."""
        self._leave(PATIENCE)

    def _leave(self, patience: float) -> None:
        tracker, lock = self._tracker(), _writing
        try:
            if lock.acquire(timeout=patience):
                try:
                    self._write(tracker.stats())
                finally:
                    lock.release()
        except Exception:
            tracker.failures.note(f"leaving the books in {self._folder}")

    def _write(self, stats: Stats) -> None:
        if stats.requests.seen == 0:
            return
        if self._pid != os.getpid():
            self._begin()
        content = json.dumps(
            {"host": socket.gethostname(), "pid": self._pid, "at": time.time(), **asdict(stats)}
        )
        # A reader finds the old file or the new one, and never half of it.
        beside = self._path.with_suffix(".new")
        beside.write_text(content, encoding="utf-8")
        os.replace(beside, self._path)

    def _begin(self) -> None:
        """A file of this process's own, which may be a fork of another."""
        self._folder.mkdir(parents=True, exist_ok=True)
        pid = os.getpid()
        self._path = self._folder / f"{socket.gethostname()}-{pid}-{time.time_ns()}.json"
        # Last: until then the path may be the parent's.
        self._pid = pid
        for path in self._folder.glob("*.json"):
            # Another process may be at it, too.
            with suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > AGE:
                    path.unlink()


def read(folder: str) -> list[dict[str, Any]]:
    """The books in a folder, the latest first. What is none is left out."""
    books = []
    for path in Path(folder).glob("*.json"):
        try:
            book = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(book, dict) and {"at", "requests", "destinations", "failures"} <= book.keys():
            books.append(book)
    return sorted(books, key=lambda book: -float(book["at"]))


def has_ended(book: dict[str, Any]) -> bool:
    """Whether a book's process is gone, as far as can be seen: that of another machine cannot."""
    pid = book.get("pid")
    # On Windows the question itself would end it.
    if book.get("host") != socket.gethostname() or not isinstance(pid, int) or sys.platform == "win32":
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):  # Somebody else's.
        return False
    return False


def total(books: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """All books as one. Whether a receiver is away only living processes know."""
    added: dict[str, Any] = {}
    for book in books:
        _add(added, {key: book[key] for key in ("requests", "destinations", "failures")}, has_ended(book))
    return added


def of(stats: Stats) -> dict[str, Any]:
    """The books of one process, as ``total`` has them."""
    return asdict(stats)


#: What a breaker may be, by how bad it is; what a later version says is not known to be bad.
_BREAKERS = {"closed": 1, "half-open": 2, "open": 3}


def _add(into: dict[str, Any], book: dict[str, Any], is_over: bool) -> None:
    for key, value in book.items():
        if isinstance(value, dict):
            _add(into.setdefault(key, {}), value, is_over)
        elif isinstance(value, int):
            into[key] = into.get(key, 0) + value
        elif key == "breaker":
            now = "closed" if is_over else value
            into[key] = max(into.get(key, now), now, key=lambda word: _BREAKERS.get(word, 0))
        else:
            into[key] = value
