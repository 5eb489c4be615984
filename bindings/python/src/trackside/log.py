"""What the library has to say, on Python's logger ``trackside``; and the failures of this binding.

No thread of the library ever needs the interpreter for it: messages are kept there, and taken by the next
call that finds some.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from trackside import _native

if TYPE_CHECKING:
    from trackside.stats import Left

logger = logging.getLogger("trackside")

_LEVELS = {1: logging.ERROR, 2: logging.WARNING, 3: logging.INFO, 4: logging.DEBUG, 5: logging.DEBUG}

#: Its first item is not 0 while messages wait. Reading it is no call.
waiting: Any = _native.ffi.new("uint32_t *")


def listen() -> None:
    """Has the library keep what the logger's level lets through: verdicts too, if that is DEBUG.

    Opening a tracker does this. Call it again when the level was changed after that.
    """
    global waiting
    lib = _native.lib
    wanted = lib.TRACKSIDE_LOG_DEBUG if logger.isEnabledFor(logging.DEBUG) else lib.TRACKSIDE_LOG_INFO
    place = _native.ffi.new("uint32_t **")
    _native.call(lib.trackside_log_keep, wanted, place)
    waiting = place[0]


def drain() -> None:
    """Hands on what waits."""
    for level, message in taken():
        _tell(level, "%s", message)


def tell_of_left(destination: str, left: Left) -> None:
    """Says what a destination had left at the deadline, where nobody asked."""
    _tell(
        logging.WARNING,
        "%s: hits were left as the process, or the `with` of the tracker, ended: %d given up, %d in flight, "
        "their end unknown, %d in the spool, for the next process; a longer `shutdown` gives them more time",
        destination,
        left.queued,
        left.in_flight,
        left.spooled,
    )


def _tell(level: int, message: str, *arguments: object, exc_info: bool = False) -> None:
    # A handler or a filter of the host's that raises is not to break a page.
    with suppress(Exception):
        logger.log(level, message, *arguments, exc_info=exc_info)


def taken() -> list[tuple[int, str]]:
    """What waits, with the levels of ``logging``; it waits no longer."""
    ffi = _native.ffi
    needed, level, lost = ffi.new("size_t *"), ffi.new("int32_t *"), ffi.new("uint64_t *")
    capacity = 4096
    buffer = ffi.new("char[]", capacity)
    messages: list[tuple[int, str]] = []
    while True:
        status = _native.lib.trackside_log_take(buffer, capacity, needed, level, lost, ffi.NULL)
        if status == _native.BUFFER:
            capacity = needed[0]
            buffer = ffi.new("char[]", capacity)
            continue
        if status:
            return messages
        text = ffi.string(buffer, needed[0]).decode("utf-8", "replace")
        messages.append((_LEVELS.get(level[0], logging.INFO), text))
        if lost[0]:
            messages.append((logging.WARNING, f"{lost[0]} messages were lost"))


_MISTAKES = "mistakes in the configuration:\n"


def mistakes() -> str | None:
    """All mistakes of a configuration, of which an error struct holds but the first; hands on what else
    waits."""
    found = None
    for level, message in taken():
        if message.startswith(_MISTAKES):
            found = message[len(_MISTAKES) :]
        else:
            _tell(level, "%s", message)
    return found


class Failures:
    """What failed at request time: counted, and logged once a minute, with what caused it."""

    def __init__(self) -> None:
        self.count = 0
        self._quiet_until = float("-inf")
        self._untold = 0

    def note(self, what: str) -> None:
        """Counts the exception that is being handled."""
        self.count += 1
        now = time.monotonic()
        if now < self._quiet_until:
            self._untold += 1
            return
        self._quiet_until = now + 60
        untold, self._untold = self._untold, 0
        more = f" ({untold} more failures in the last minute)" if untold else ""
        _tell(logging.ERROR, "%s failed; the page is not affected%s", what, more, exc_info=True)
