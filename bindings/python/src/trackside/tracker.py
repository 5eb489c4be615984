"""Counts a server's traffic: judges its exchanges and delivers their hits off the request thread."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from itertools import islice, repeat
from types import TracebackType
from typing import Any, NoReturn

from trackside import _at_exit, _block, _native, _options, hit, log, stats, transport
from trackside._block import Headers, Text, Value
from trackside._native import Scratch, ffi, lib, take_scratch
from trackside.errors import ArgumentError, ConfigError, RefusedError, TracksideError
from trackside.exchange import Answer, Exchange, Visitor, choice
from trackside.hit import Hit
from trackside.hooks import Editor, Filter
from trackside.stats import Closed, Left, Stats
from trackside.transport import Deliver, Outgoing, RecordingTransport

#: So many requests are shown to the library with what proxies write, that it may warn of one.
_LOOKS = 1_000

# Looked up once: it begins every request.
_native_begin = lib.trackside_scratch_begin
_new = object.__new__

# What that takes for a header that did not come.
_ABSENT = repeat("\0")


class Tracker:
    """Counts a server's traffic. Open one for the process, before it forks or after; it may be used by any
    thread.

    :param config: the configuration: a mapping, or the text of a TOML file. With neither this nor a file the
        environment alone is read.
    :param consent: ``consent.policy``, in place of what ``config`` says: ``notice``, ``opt-in``, ``opt-out``
        or ``none``.
    :param file: a file of the configuration, ``.toml`` or ``.json``. It overrides ``config``.
    :param env: whether the variables ``TRACKSIDE__…`` override both, and ``TRACKSIDE_CONFIG`` names a file
        where ``file`` does not. Defaults to true.
    :param transport: what takes the hits in place of all destinations: a :class:`RecordingTransport`, or a
        function that is given what each destination would be (``batch.destination`` names it).
    :param sinks: by the destination's name, the functions that deliver for it; one of type ``callback`` has
        no other.
    :param filter: whether the destinations are to have a hit, on a thread of a destination's. An exception
        is counted and logged, and the hit goes on. Not asked with a :class:`RecordingTransport`.
    :param edit: what is to be changed about a hit before they have it, likewise; it is given the hit and an
        :class:`~trackside.hooks.Edit`.
    :param clock: the time in microseconds since the Unix epoch. Defaults to the machine's. It is kept for as
        long as the process lives.
    :param entropy: 64 random bytes. Defaults to the machine's. It is kept, too.
    :param keys: the 32 bytes of the key of a UTC day, counted from 1970-01-01, under which visitors without a
        cookie are told apart; None: there is none. Defaults to what ``visitor.keys`` says, or with a
        :class:`RecordingTransport` or a ``clock`` to those of a secret that is drawn here. It is kept, too.

    :raises ConfigError: the configuration has mistakes; the text tells all of them.
    :raises FileError: a file cannot be read.
    :raises TypeError: an argument is of another type.
    """

    def __init__(
        self,
        config: Mapping[str, Any] | str | None = None,
        *,
        consent: str | None = None,
        file: str | os.PathLike[str] | None = None,
        env: bool = True,
        transport: RecordingTransport | Deliver | None = None,
        sinks: Mapping[str, Deliver] | None = None,
        filter: Filter | None = None,
        edit: Editor | None = None,
        clock: Callable[[], int] | None = None,
        entropy: Callable[[], bytes] | None = None,
        keys: Callable[[int], bytes | None] | None = None,
    ) -> None:
        self._handle: Any = None
        # Whether sinks in Python deliver.
        self._runs_python = False
        # Whether somebody was answered what a close left.
        self._is_answered = False
        #: What failed at request time.
        self.failures = log.Failures()
        log.listen()
        place = ffi.new("trackside_options **")
        _native.call(lib.trackside_options_new, place)
        options = ffi.gc(place[0], lib.trackside_options_free)
        _options.swap_sources(options, clock, entropy, keys, self.failures)
        _options.configure(options, config, consent, file, env)
        recording = transport if isinstance(transport, RecordingTransport) else None
        opened = ffi.new("trackside_tracker **")
        try:
            if recording is not None:
                _native.call(lib.trackside_options_recording, options)
            else:
                self._runs_python = _options.give_sinks(
                    options, _options.as_deliver(transport, "transport"), sinks or {}, self.failures
                )
                if _options.give_hooks(options, filter, edit, self.failures):
                    self._runs_python = True
            _native.call(lib.trackside_tracker_open, options, opened)
        except ConfigError as error:
            raise ConfigError(log.mistakes() or error.text) from None
        log.drain()
        self._handle = ffi.gc(opened[0], lib.trackside_tracker_free)
        #: Whether visitors are asked (``consent.policy = "opt-in"``): then a notice may be due on any page.
        self.asks = bool(lib.trackside_tracker_asks(self._handle))
        more = _native.names(partial(lib.trackside_tracker_header, self._handle))
        # The request headers that are read, by CGI's names, as `trackside_scratch_begin` wants them.
        self._cgi_names = tuple(cgi_name(name) for name in (*_native.REQUEST_HEADERS, *more))
        #: The beginnings of the paths of requests that :meth:`answer` may answer: none without a beacon.
        self.endpoints = _endpoints(self._handle)
        # Who trusts no proxy is warned of one by the first requests. Each that begins is one less.
        self._looks = 0 if {"forwarded", "x-forwarded-proto"}.intersection(more) else _LOOKS
        if recording is not None:
            recording._trackers[self] = 0
        _at_exit.close_later(self)

    def begin(
        self,
        method: Text,
        target: Text,
        headers: Headers,
        *,
        authority: Text = b"",
        peer: str | None = None,
        secure: bool = False,
        resolved: bool = False,
    ) -> Exchange:
        """Looks at a request that has come.

        :param method: as in the request line.
        :param target: as in the request line, with its query: the path as the client asked for it, before any
            mounting or rewriting.
        :param headers: pairs of a name and a value, or a mapping; one whose value is None is left out. Texts
            are Latin-1, as in WSGI.
        :param authority: the host (and port), where it does not stand in the header Host.
        :param peer: the address at the other end of the connection; what is no address counts as none. It is
            to be what the socket says: which client stands behind a proxy is found out by ``proxy`` of the
            configuration.
        :param secure: whether the client came by https.
        :param resolved: whether peer, scheme and host are the client's already, as the server or a framework
            has found them out. Then ``proxy`` is not asked again.
        """
        return self._begin(_block.request(method, target, headers, authority, peer, secure, resolved))

    def _begin(self, block: bytes) -> Exchange:
        if log.waiting[0]:
            log.drain()
        try:
            scratch = take_scratch()
        except IndexError:
            scratch = Scratch()
        status = lib.trackside_exchange_begin_blob(
            self._handle, block, len(block), scratch.exchange, scratch.error
        )
        if status:
            raise _native.failure(status, scratch.error)
        if self._looks:
            self._looks -= 1
        # It was not told: whoever needs to know asks.
        scratch.is_new[0] = True
        return Exchange(self, scratch)

    def _begin_lines(
        self, method: Any, target: str, authority: str, get: Callable[..., Any], flags: int
    ) -> Exchange:
        """As ``_begin``, of the lines that ``trackside_scratch_begin`` takes; ``get`` finds by CGI's names.

        :raises TypeError: something is no text.
        """
        values = [method, target, authority, get("REMOTE_ADDR") or "", *map(get, self._cgi_names, _ABSENT)]
        lines = "\n".join(values).encode("latin-1", "replace")
        if log.waiting[0]:
            log.drain()
        try:
            scratch = take_scratch()
        except IndexError:
            scratch = Scratch()
        status = _native_begin(scratch.places, self._handle, lines, len(lines), flags)
        if status:
            raise _native.failure(status, scratch.error)
        if self._looks:
            self._looks -= 1
        # As `Exchange(self, scratch)`, without a call of Python's.
        exchange: Exchange = _new(Exchange)
        exchange._tracker, exchange._scratch, exchange._annotations = self, scratch, None
        return exchange

    def answer(
        self,
        method: Text,
        target: Text,
        headers: Headers,
        *,
        authority: Text = b"",
        peer: str | None = None,
        secure: bool = False,
        resolved: bool = False,
    ) -> Answer | None:
        """Answers a request that is not the host's but trackside's own, as those of the beacon are, counts
        it, and submits what it tells of. None: the request is the host's, and is to :meth:`begin`. For
        adapters, which ask this first, with all of the request's headers.

        The arguments are those of :meth:`begin`.
        """
        if not self.endpoints:
            return None
        kept: list[Any] = []
        if peer and not _block.packed_peer(peer):
            peer = None
        request = _request(method, target, headers, authority, peer, secure, kept)
        request.resolved = resolved
        place = ffi.new("trackside_answer **")
        if not _native.found(lib.trackside_tracker_answer, self._handle, request, place):
            return None
        answer = ffi.gc(place[0], lib.trackside_answer_free)
        first, count = ffi.new("trackside_header **"), ffi.new("size_t *")
        _native.call(lib.trackside_answer_headers, answer, first, count)
        return Answer(
            lib.trackside_answer_status(answer),
            _native.headers_out(first[0], count[0]),
            _native.bytes_out(lib.trackside_answer_body(answer)),
            _native.reason_code(lib.trackside_answer_reason(answer)),
        )

    def explain(
        self,
        method: Text,
        target: Text,
        headers: Headers,
        *,
        authority: Text = b"",
        peer: str | None = None,
        secure: bool = False,
        resolved: bool = False,
        analytics: bool | None = None,
        ads: bool | None = None,
        status: int = 200,
        response_headers: Headers = (("content-type", "text/html"),),
    ) -> str:
        """Says why a request would be judged as it would be, and what would be sent, for a person to read.
        Nothing is sent or counted. What a view adds to an exchange (title, user, route, properties, events)
        changes no judgement, and is not shown.

        :param analytics: what the view would say by :meth:`Exchange.set_consent`, as ``ads``.
        """
        kept: list[Any] = []
        request = _request(method, target, headers, authority, peer, secure, kept)
        request.resolved = resolved
        response = _native.new_struct("trackside_response")
        response.headers, response.header_count = _array(response_headers, kept)
        response.status = status
        needed = ffi.new("size_t *", 16 * 1024)
        while True:
            buffer = ffi.new("char[]", needed[0])
            try:
                _native.call(
                    lib.trackside_tracker_explain,
                    self._handle,
                    request,
                    response,
                    choice(analytics),
                    choice(ads),
                    buffer,
                    len(buffer),
                    needed,
                )
            except TracksideError as error:
                if error.code != _native.BUFFER:
                    raise
                continue
            return str(ffi.string(buffer).decode("utf-8", "replace"))

    def event(
        self,
        visitor: Visitor | None,
        name: str,
        *,
        category: str | None = None,
        label: str | None = None,
        value: float | None = None,
        properties: Mapping[str, Value] | None = None,
    ) -> None:
        """Raises an event outside an exchange, for a visitor that :meth:`Exchange.visitor` gave out. Does
        nothing for None, which that is of an exchange that is over."""
        if visitor is None:
            return
        event, _kept = _event(name, category, label, value, properties)
        _native.call(lib.trackside_tracker_event, self._handle, visitor._handle, event)

    def event_within(
        self,
        visitor: Visitor | None,
        name: str,
        seconds: float | None = None,
        *,
        category: str | None = None,
        label: str | None = None,
        value: float | None = None,
        properties: Mapping[str, Value] | None = None,
    ) -> str | None:
        """:meth:`event` for importers, who rather wait than lose an event: where a destination's queue is
        full, waits for room for at most ``seconds`` (None: the configuration's ``shutdown``). With several
        destinations it waits for each in turn, for at most that in all. Never for the thread of a request.
        Other threads run meanwhile.

        Answers why no destination took the event: ``"queue-full"`` or ``"queue-bytes"`` if there was no
        room in time, another reason if it was not waited for; None if one took it. For no visitor (None) it
        is ``"abandoned"``, as of an exchange that is over.

        :raises ReentrantError: called from a sink, which cannot wait for itself; the event was not taken.
        """
        if visitor is None:
            return "abandoned"
        event, _kept = _event(name, category, label, value, properties)
        reason = ffi.new("trackside_reason *")
        _native.call(
            lib.trackside_tracker_event_within,
            self._handle,
            visitor._handle,
            event,
            _milliseconds(seconds),
            reason,
        )
        log.drain()
        return _native.reason_code(reason[0])

    def stats(self) -> Stats:
        """Both books at one instant."""
        log.drain()
        return stats.read(stats.snapshot(self._handle), self.failures.count)

    def prometheus(self) -> str:
        """Both books at one instant, as text that Prometheus reads: what a view of ``/metrics`` answers, as
        ``text/plain; version=0.0.4; charset=utf-8``. It had better not be open to the world."""
        log.drain()
        return stats.prometheus(stats.snapshot(self._handle))

    def flush(self, seconds: float | None = None) -> Left:
        """Waits until every hit submitted so far has been delivered or given up, for at most ``seconds``
        (None: the configuration's ``shutdown``)."""
        left = _native.new_struct("trackside_left")
        _native.call(lib.trackside_tracker_flush, self._handle, _milliseconds(seconds), left)
        log.drain()
        return Left(left.queued, left.in_flight, left.spooled)

    def close(self, seconds: float | None = None) -> Closed:
        """Delivers what can be delivered within ``seconds`` (None: the configuration's ``shutdown``), and
        stops for good. Requests are judged as before, but their hits are dropped (closed). To call it again
        does no harm. Answers what was left, and both books of the whole life."""
        left, place = _native.new_struct("trackside_left"), ffi.new("trackside_stats **")
        _native.call(lib.trackside_tracker_close_stats, self._handle, _milliseconds(seconds), left, place)
        self._is_answered = True
        log.drain()
        books = stats.read(stats.owned(place), self.failures.count)
        return Closed(left.queued, left.in_flight, left.spooled, books)

    def _end(self, seconds: float | None = None) -> Closed:
        """As :meth:`close`, where nobody is there to be answered: the log is told of what was left."""
        is_answered, closed = self._is_answered, self.close(seconds)
        if not is_answered and (closed.queued or closed.in_flight):
            for name, hits in closed.stats.destinations.items():
                given_up = hits.dropped.get("shutdown", 0)
                if given_up or hits.in_flight:
                    log.tell_of_left(name, Left(given_up, hits.in_flight, hits.spooled))
        return closed

    # There is one, with one queue: what is copied with it has the same.
    def __copy__(self) -> Tracker:
        return self

    def __deepcopy__(self, _: dict[int, object]) -> Tracker:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a tracker belongs to its process, and cannot be pickled: open one there")

    def __enter__(self) -> Tracker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    def hits(self) -> list[Hit]:
        """What a recording tracker has kept so far.

        :raises UnsupportedError: the tracker does not record.
        """
        count = ffi.new("size_t *")
        _native.call(lib.trackside_tracker_recorded_count, self._handle, count)
        hits = []
        place = ffi.new("trackside_hit **")
        for index in range(count[0]):
            _native.call(lib.trackside_tracker_recorded, self._handle, index, place)
            owned = ffi.gc(place[0], lib.trackside_hit_free)
            hits.append(hit.read(owned, owned))
        return hits

    def look(self, recorded: Hit) -> Hit:
        """A copy of a recorded hit whose ``json()`` has what a worker finds out about it as well: ``bot``,
        ``channel``, ``source`` and ``campaign``. Filters and editors are not asked."""
        if recorded._handle is None:
            raise ArgumentError("the hit is not one of `tracker.hits()`")
        place = ffi.new("trackside_hit **")
        _native.call(lib.trackside_tracker_look, self._handle, recorded._handle, place)
        looked = ffi.gc(place[0], lib.trackside_hit_free)
        return hit.read(looked, looked)

    def encode(self, destination: str, hit: Hit) -> Outgoing:
        """The request that the destination would send for a recorded hit, if it were sent alone and now.

        :raises NotFoundError: there is no such destination, or it is not offered this hit.
        :raises RefusedError: it would refuse the hit.
        :raises UnsupportedError: it has no wire format, but takes hits as they are.
        """
        if hit._handle is None:
            raise ArgumentError("the hit is not one of `tracker.hits()`")
        place, refused = ffi.new("trackside_outgoing **"), ffi.new("trackside_reason *")
        name, kept = _native.text_in(destination)
        try:
            _native.call(lib.trackside_tracker_encode, self._handle, name, hit._handle, place, refused)
        except RefusedError as error:
            error.reason = _native.reason_code(refused[0]) or ""
            raise
        del kept
        outgoing = ffi.gc(place[0], lib.trackside_outgoing_free)
        view = _native.new_struct("trackside_outgoing_view")
        _native.call(lib.trackside_outgoing_request, outgoing, view)
        return transport.read_outgoing(view)

    def _leak(self) -> None:
        """Leaves the native tracker to the end of the process."""
        ffi.gc(self._handle, None)

    def _count_late(self) -> None:
        lib.trackside_tracker_count_late(self._handle)


def cgi_name(name: str) -> str:
    """A request header's name where it stands in an environ (RFC 3875 §4.1.18)."""
    return "HTTP_" + name.upper().replace("-", "_")


def _endpoints(handle: Any) -> tuple[str, ...]:
    found: list[str] = []
    while (prefix := lib.trackside_tracker_endpoint(handle, len(found))).length:
        found.append(_native.text_out(prefix))
    return tuple(found)


def _request(
    method: Text,
    target: Text,
    headers: Headers,
    authority: Text,
    peer: str | None,
    secure: bool,
    kept: list[Any],
) -> Any:
    """A request in the library's struct; ``kept`` must live as long as that."""
    request = _native.new_struct("trackside_request")
    for name, part in (
        ("method", method),
        ("target", target),
        ("authority", authority),
        ("peer", peer or ""),
    ):
        setattr(request, name, _view(part, kept))
    request.headers, request.header_count = _array(headers, kept)
    request.secure = secure
    return request


def _view(text: Text, kept: list[Any]) -> Any:
    view, data = _native.text_in(_block.as_bytes(text))
    kept.append(data)
    return view


def _array(headers: Headers, kept: list[Any]) -> tuple[Any, int]:
    pairs = [
        {"name": _view(name, kept), "value": _view(value, kept)}
        for name, value in map(_block.pair, _block.listed(headers))
        if value is not None
    ]
    kept.append(ffi.new("trackside_header[]", pairs))
    return kept[-1], len(pairs)


def _milliseconds(seconds: float | None) -> int:
    return _native.AS_CONFIGURED if seconds is None else int(min(max(0, seconds), 1e12) * 1000)


def _event(
    name: str,
    category: str | None,
    label: str | None,
    value: float | None,
    properties: Mapping[str, Value] | None,
) -> tuple[Any, list[Any]]:
    """The event, and what is to be kept as long as it is used."""
    kept: list[Any] = []
    event = _native.new_struct("trackside_event")
    for part, text in (("name", name), ("category", category), ("label", label)):
        setattr(event, part, _view(b"" if text is None else _block.text(text, 500), kept))
    if value is not None:
        event.value, event.has_value = _block.as_number(value), True
    given = list(islice((properties or {}).items(), 64))
    made = ffi.new("trackside_property[]", len(given))
    for place, (key, of) in zip(made, given):
        _put_property(place, key, of, kept)
    event.properties, event.property_count = made, len(made)
    return event, [*kept, made]


def _put_property(place: Any, key: str, value: Value, kept: list[Any]) -> None:
    place.size = ffi.sizeof("trackside_property")
    place.key = _view(_block.text(key, 128), kept)
    if isinstance(value, bool):
        place.type, place.truth = lib.TRACKSIDE_TYPE_TRUTH, value
    elif isinstance(value, (int, float)):
        place.type, place.number = lib.TRACKSIDE_TYPE_NUMBER, _block.as_number(value)
    else:
        place.type, place.text = lib.TRACKSIDE_TYPE_TEXT, _view(_block.text(value, 1024), kept)
