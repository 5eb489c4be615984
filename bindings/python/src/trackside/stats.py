"""The two books: what became of every request and of every hit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from trackside import _native
from trackside._native import ffi, lib
from trackside.errors import TracksideError


@dataclass(frozen=True)
class Left:
    """What a flush or a close left undone at its deadline."""

    #: Hits waiting in memory; after a close, those that were dropped (shutdown).
    queued: int = 0
    #: Hits inside an attempt, whose late outcome will still be counted.
    in_flight: int = 0
    #: Hits waiting on disk.
    spooled: int = 0

    def __bool__(self) -> bool:
        return bool(self.queued or self.in_flight or self.spooled)


@dataclass(frozen=True)
class Requests:
    """seen = tracked + the sum of skipped."""

    seen: int
    tracked: int
    #: By reason.
    skipped: dict[str, int]
    #: Annotations that came after their exchange was over.
    late: int


@dataclass(frozen=True)
class Hits:
    """offered + adopted = delivered + the sum of refused + the sum of dropped + pending."""

    name: str
    #: Hits that this process handed to the destination.
    offered: int
    delivered: int
    #: By reason.
    refused: dict[str, int]
    #: By reason.
    dropped: dict[str, int]
    pending: int
    queued: int
    in_flight: int
    spooled: int
    #: Sinks that failed by a bug and were replaced.
    panics: int
    retries: int
    #: Whether deliveries are attempted at present: "closed" (they are), "half-open" (one is) or "open" (none
    #: is: the receiver failed too often in a row).
    breaker: str = "closed"
    #: How often the breaker has opened.
    openings: int = 0
    #: Hits that another process left in the spool and this one took over, beside those offered.
    adopted: int = 0
    #: Those of the pending hits that an end of the process would lose although ``spool = "always"``:
    #: they came while the spool could not be written.
    volatile: int = 0


@dataclass(frozen=True)
class Stats:
    """Both books at one instant."""

    requests: Requests
    #: By name, in the configuration's order.
    destinations: dict[str, Hits]
    #: What failed in this binding or in functions of yours that it called; the first of each minute is
    #: logged.
    failures: int


def _empty() -> Stats:
    return Stats(Requests(0, 0, {}, 0), {}, 0)


@dataclass(frozen=True, eq=False)
class Closed(Left):
    """What a close answers: what was left, and both books. It equals what says the same was left: the
    books are not compared."""

    #: Both books of the whole life, when it was closed: what was in flight may still end.
    stats: Stats = field(default_factory=_empty)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Left):
            return NotImplemented
        left = (self.queued, self.in_flight, self.spooled)
        return left == (other.queued, other.in_flight, other.spooled)

    __hash__ = Left.__hash__


# Reasons are numbered by what they say: skipped below 100, refused below 200, dropped below 300.
_SKIPPED, _REFUSED, _DROPPED = range(1, 100), range(100, 200), range(200, 300)


_BREAKER = {lib.TRACKSIDE_BREAKER_HALF_OPEN: "half-open", lib.TRACKSIDE_BREAKER_OPEN: "open"}


def _known(numbers: range) -> dict[int, str]:
    known = {n: lib.trackside_reason_code(n) for n in numbers}
    return {n: ffi.string(code).decode() for n, code in known.items() if code}


def snapshot(tracker: Any) -> Any:
    """The library's own of both books."""
    place = ffi.new("trackside_stats **")
    _native.call(lib.trackside_tracker_stats, tracker, place)
    return owned(place)


def owned(place: Any) -> Any:
    """What was handed out at ``place``."""
    return ffi.gc(place[0], lib.trackside_stats_free)


def read(stats: Any, failures: int) -> Stats:
    """What a snapshot says."""
    book = _native.new_struct("trackside_requests_book")
    _native.call(lib.trackside_stats_requests, stats, book)
    skipped = {code: lib.trackside_stats_skipped(stats, n) for n, code in _known(_SKIPPED).items()}
    requests = Requests(book.seen, book.tracked, {code: n for code, n in skipped.items() if n}, book.late)
    count = lib.trackside_stats_destination_count(stats)
    books = [_destination(stats, index) for index in range(count)]
    return Stats(requests, {hits.name: hits for hits in books}, failures)


def prometheus(stats: Any) -> str:
    """What a snapshot says, as text for Prometheus."""
    needed = ffi.new("size_t *", 16 * 1024)
    while True:
        buffer = ffi.new("char[]", needed[0])
        try:
            _native.call(lib.trackside_stats_prometheus, stats, buffer, len(buffer), needed)
        except TracksideError as error:
            if error.code != _native.BUFFER:
                raise
            continue
        return str(ffi.string(buffer).decode("utf-8", "replace"))


def _destination(stats: Any, index: int) -> Hits:
    book = _native.new_struct("trackside_hits_book")
    _native.call(lib.trackside_stats_destination, stats, index, book)

    def reasons(numbers: range) -> dict[str, int]:
        counts = {code: lib.trackside_stats_hits(stats, index, n) for n, code in _known(numbers).items()}
        return {code: n for code, n in counts.items() if n}

    return Hits(
        name=_native.text_out(book.name),
        offered=book.offered,
        delivered=book.delivered,
        refused=reasons(_REFUSED),
        dropped=reasons(_DROPPED),
        pending=book.pending,
        queued=book.queued,
        in_flight=book.in_flight,
        spooled=book.spooled,
        panics=book.panics,
        retries=book.retries,
        breaker=_BREAKER.get(book.breaker, "closed"),
        openings=book.openings,
        adopted=book.adopted,
        volatile=book.volatile_hits,
    )
