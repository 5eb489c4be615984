"""What takes hits in place of the configured receivers: a record of them for tests, or functions of yours."""

from __future__ import annotations

import enum
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Optional

from trackside import _attach, _native, hit
from trackside._native import ffi, lib
from trackside.errors import ConfigError, TracksideError
from trackside.hit import Hit

if TYPE_CHECKING:
    from trackside.log import Failures
    from trackside.tracker import Tracker


class Outcome(enum.IntEnum):
    """What became of the hits of one attempt at delivery."""

    #: The receiver took them.
    DELIVERED = lib.TRACKSIDE_OUTCOME_DELIVERED
    #: It certainly did not process them, and may take them later: they are tried again. See
    #: :meth:`Batch.answered`.
    RETRY = lib.TRACKSIDE_OUTCOME_RETRY
    #: They were perhaps processed, perhaps not: they are dropped (ambiguous).
    UNKNOWN = lib.TRACKSIDE_OUTCOME_UNKNOWN
    #: They are too many for one request: they are tried again in halves.
    SPLIT = lib.TRACKSIDE_OUTCOME_SPLIT
    #: It will never take them.
    REFUSED = lib.TRACKSIDE_OUTCOME_REFUSED
    #: It cannot take them, and waiting would not help: they are dropped (store-unavailable).
    UNAVAILABLE = lib.TRACKSIDE_OUTCOME_UNAVAILABLE


@dataclass(frozen=True)
class Outgoing:
    """An HTTP request that a destination would send; Host and Content-Length are left to whoever sends it."""

    method: str
    #: With secrets: to be sent, never to be shown; ``shown_url`` has ``***`` in place of each.
    url: str
    shown_url: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def __repr__(self) -> str:
        return f"Outgoing({self.method} {self.shown_url}, {len(self.body)} bytes)"


def read_outgoing(view: Any) -> Outgoing:
    return Outgoing(
        _native.text_out(view.method),
        _native.text_out(view.url),
        _native.text_out(view.shown_url),
        _native.headers_out(view.headers, view.header_count),
        _native.bytes_out(view.body),
    )


class Batch:
    """The hits of one attempt at delivery, at least one. Its hits may be kept; the rest is over when the
    function that was given it returns."""

    def __init__(self, handle: Any, destination: str) -> None:
        self._handle = handle
        # A function that does not wait for its own threads may return while they are at it here.
        self._lock = Lock()
        #: The name of the destination.
        self.destination = destination
        place = ffi.new("trackside_hit **")
        hits = []
        for index in range(lib.trackside_batch_count(handle)):
            _native.call(lib.trackside_batch_hit, handle, index, place)
            hits.append(hit.read(place[0]))
        #: In the order in which they came.
        self.hits: tuple[Hit, ...] = tuple(hits)

    def __len__(self) -> int:
        return len(self.hits)

    def request(self) -> Outgoing:
        """The request that the destination's protocol would send, for as many of the leading hits as one may
        hold: the attempt is about these alone, and the others come again.

        :raises UnsupportedError: the destination's type has no wire format.
        """
        view = _native.new_struct("trackside_outgoing_view")
        with self._live() as handle:
            _native.call(lib.trackside_batch_request, handle, view)
            return read_outgoing(view)

    def classify(
        self, status: int, headers: Iterable[tuple[bytes, bytes]] = (), body: bytes = b""
    ) -> Outcome:
        """Reads an answer to :meth:`request` as the destination's protocol does: return what it says."""
        pairs = [(_native.text_in(name), _native.text_in(value)) for name, value in headers]
        array = ffi.new("trackside_header[]", [{"name": name[0], "value": value[0]} for name, value in pairs])
        text, kept = _native.text_in(body[: 64 * 1024])
        outcome = ffi.new("trackside_outcome *")
        with self._live() as handle:
            _native.call(lib.trackside_batch_classify, handle, status, array, len(pairs), text, outcome)
        del kept
        return Outcome(outcome[0])

    def taken(self, leading: int) -> None:
        """Says that the attempt is about the first ``leading`` hits alone: the others come again at once."""
        with self._live() as handle:
            _native.call(lib.trackside_batch_taken, handle, leading)

    def refuse(self, index: int) -> None:
        """Says that the receiver will never take the hit at ``index``, when it took others of the attempt."""
        with self._live() as handle:
            _native.call(lib.trackside_batch_refuse, handle, index)

    def retry_after(self, seconds: float) -> None:
        """Says how long the receiver asked to be left alone, where the outcome is ``RETRY``."""
        with self._live() as handle:
            _native.call(lib.trackside_batch_retry_after, handle, max(0, int(seconds * 1000)))

    def answered(self) -> None:
        """Says that the failure is the receiver's own answer, where the outcome is ``RETRY`` or ``UNKNOWN``:
        it may lie with the hits. After three in a row others are tried first, and a hit over which the
        receiver fails while it takes others is refused (poison). Without this, hits are tried until they are
        older than ``max_age``. :meth:`classify` says it by itself."""
        with self._live() as handle:
            _native.call(lib.trackside_batch_answered, handle)

    @contextmanager
    def _live(self) -> Iterator[Any]:
        with self._lock:
            if self._handle is None:
                raise TracksideError("the delivery of this batch is over")
            yield self._handle

    def _end(self) -> None:
        with self._lock:
            self._handle = None


#: One attempt at delivering a batch, on a thread of the destination's own; None means ``DELIVERED``. An
#: exception is counted and logged, and its hits are ``UNKNOWN``.
Deliver = Callable[[Batch], Optional[Outcome]]


class RecordingTransport:
    """Keeps the hits of the trackers that are opened with it in memory, in place of delivering them: for
    tests."""

    def __init__(self) -> None:
        # With how many of their hits were forgotten.
        self._trackers: dict[Tracker, int] = {}

    @property
    def hits(self) -> list[Hit]:
        """Those recorded since :meth:`clear`, in their order, tracker by tracker."""
        return [hit for tracker, cleared in self._trackers.items() for hit in tracker.hits()[cleared:]]

    def clear(self) -> None:
        """Forgets what was recorded so far."""
        self._trackers = {tracker: len(tracker.hits()) for tracker in self._trackers}

    def close(self) -> None:
        """Closes the trackers that were opened with it."""
        for tracker in self._trackers:
            tracker.close()


class Sink:
    """A function of the host's, as the library calls it."""

    def __init__(self, deliver: Deliver, destination: str, failures: Failures) -> None:
        self.deliver = deliver
        self.destination = destination
        self.failures = failures

    def attempt(self, handle: Any) -> int:
        try:
            batch = Batch(handle, self.destination)
            try:
                outcome = self.deliver(batch)
            finally:
                batch._end()
            if outcome is None:
                return Outcome.DELIVERED
            if not isinstance(outcome, Outcome):
                # True is 1, which is RETRY.
                raise TypeError(f"a sink answers a trackside.Outcome or None, and not {outcome!r}")
            return outcome
        except BaseException:  # Nobody is there to take a SystemExit.
            self.failures.note(f"the sink of `{self.destination}`")
            return Outcome.UNKNOWN


# What the library holds on to, until it says that it lets go.
_held: set[Any] = set()


_callbacks: tuple[Any, Any] | None = None
_making = Lock()


def _make_callbacks() -> tuple[Any, Any]:
    """Made by the first sink, as they need memory that is written and executed, which some systems refuse."""

    @ffi.callback("trackside_outcome(void *, trackside_batch *)", error=Outcome.UNKNOWN)  # type: ignore[untyped-decorator]  # cffi's
    def deliver(userdata: Any, batch: Any) -> int:
        sink: Sink = ffi.from_handle(userdata)
        return sink.attempt(batch)

    @ffi.callback("void(void *)")  # type: ignore[untyped-decorator]  # cffi's
    def free(userdata: Any) -> None:
        _held.discard(userdata)

    return deliver, free


def give(options: Any, sink: Sink) -> None:
    """Gives a sink to options, which need it for the destination of its name.

    :raises ConfigError: where it cannot be called.
    """
    global _callbacks
    # Once: those that are replaced would be gone while the library holds them.
    with calling_python(f"destination `{sink.destination}` is delivered by Python"), _making:
        _callbacks = _callbacks or _make_callbacks()
    deliver, free = _callbacks
    handle = ffi.new_handle(sink)
    _held.add(handle)
    struct = _native.new_struct("trackside_sink")
    struct.userdata = handle
    struct.deliver = deliver
    struct.free = free
    name, kept = _native.text_in(sink.destination)
    _native.call(lib.trackside_options_sink, options, name, struct)
    del kept


@contextmanager
def calling_python(what: str) -> Iterator[None]:
    """Where something is made that the library calls on threads of its own.

    :raises ConfigError: no thread but the server's own may run Python, or nothing may be made to be called.
    """
    uwsgi: Any = sys.modules.get("uwsgi")
    if uwsgi is not None and not getattr(uwsgi, "has_threads", True):
        raise ConfigError(
            f"{what}, and uWSGI lets no other thread run Python: "
            "start it with `enable-threads = true` (--enable-threads)"
        )
    try:
        _attach.prepare()
        yield
    except MemoryError as error:
        raise ConfigError(f"{what}, which this system does not let a library call: {error}") from None
