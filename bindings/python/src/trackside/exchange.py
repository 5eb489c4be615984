"""One request and its response: begun, annotated, finished or abandoned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from struct import Struct, unpack_from
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeVar

from trackside import _block, _native
from trackside._block import Annotation, Headers, Value
from trackside._native import NULL, Scratch, ffi, give_back, lib

if TYPE_CHECKING:
    from trackside.tracker import Tracker

T = TypeVar("T")

# Looked up once: it ends every request.
_native_end = lib.trackside_scratch_end


class Notice(NamedTuple):
    """What to tell the visitor, once."""

    #: Plain.
    text: str
    #: Escaped: safe to stand in a page.
    html: str
    #: The same with a form by which the visitor answers, safe to stand in a page; None without
    #: ``consent.path``.
    banner: str | None = None


class Consent(NamedTuple):
    """What a visitor has allowed; None where nobody said."""

    #: To be counted, with an id.
    analytics: bool | None = None
    #: That what is counted serves ads.
    ads: bool | None = None


class Verdict(NamedTuple):
    """What became of an exchange."""

    #: Why it was skipped, a stable code such as ``ignored``; None if it is tracked.
    reason: str | None
    #: To be appended to the response, beside whatever it has of the same name: often none.
    headers: tuple[tuple[bytes, bytes], ...]

    @property
    def is_tracked(self) -> bool:
        return self.reason is None


class Answer(NamedTuple):
    """What trackside answers to a request of its own, to be sent as it is."""

    status: int
    #: There is no ``Content-Length`` among them.
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    #: Why the request tells of no page view, a stable code; None if it does, which is tracked.
    reason: str | None


class Visitor:
    """A snapshot of an exchange's visitor, for events that are raised when the exchange is over."""

    __slots__ = ("_handle", "id")

    def __init__(self, handle: Any, id: str | None) -> None:
        self._handle = ffi.gc(handle, lib.trackside_visitor_free)
        #: The visitor's id. That of a new visitor holds only if the response could carry its cookie.
        self.id = id

    # It does not change.
    def __copy__(self) -> Visitor:
        return self

    def __deepcopy__(self, _: dict[int, object]) -> Visitor:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a visitor belongs to its process, and cannot be pickled")

    def __repr__(self) -> str:
        return f"Visitor(id={self.id!r})"


#: Verdicts without headers by their bytes: there are few different ones.
_BARE: dict[bytes, Verdict] = {}
_BARE_LENGTH = 8
_OVER = Verdict("abandoned", ())
_verdict_head = Struct("<2xHH2x").unpack

#: No more properties, and no more events, are taken by the library.
_MOST = 64


class Exchange:
    """One request and its response.

    Nothing here raises because of what is given, or when: what comes after :meth:`finish` is ignored, and
    counted as late. One that could not be begun is over from the start, so that pages need not ask. It may be
    used by several threads, if by one at a time as a rule; an exchange that is collected unfinished is
    abandoned.
    """

    __slots__ = ("__weakref__", "_annotations", "_scratch", "_tracker")

    def __init__(self, tracker: Tracker, scratch: Scratch | None) -> None:
        self._tracker = tracker
        # Whose lock lets in one at a time. None when it is over; under the lock alone it becomes so.
        self._scratch = scratch
        self._annotations: list[Annotation] | None = None

    # A request can be finished but once: copies of an environ or a scope hold the same exchange.
    def __copy__(self) -> Exchange:
        return self

    def __deepcopy__(self, _: dict[int, object]) -> Exchange:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("an exchange belongs to its process, and cannot be pickled")

    @property
    def is_over(self) -> bool:
        """Whether it is finished or abandoned."""
        return self._scratch is None

    @property
    def visitor_id(self) -> str | None:
        """The visitor's id; None without one. That of a new visitor is recorded only if the response can
        carry its cookie. None too when the exchange is over."""
        return self._ask(_visitor_id, None)

    @property
    def is_new(self) -> bool:
        """Whether the visitor came without a valid cookie and would be given one; False when it is over."""
        return self._ask(_is_new, False)

    @property
    def consent(self) -> Consent:
        """What the visitor has allowed, whoever said so; nothing when the exchange is over."""
        return self._ask(_consent, Consent())

    def set_consent(self, analytics: bool | None = None, ads: bool | None = None) -> None:
        """Says what the visitor has allowed: the last word, before Sec-GPC, DNT and the banner's cookie. None
        leaves things as they are. It is not kept for the next request: for that, set the cookie that is named
        like the visitor cookie with ``_consent`` behind it, to ``granted``, ``granted.ads`` or ``denied``."""

        def say(handle: Any) -> bool:
            lib.trackside_exchange_set_consent(handle, choice(analytics), choice(ads), NULL)
            return True

        if not self._ask(say, False):
            self._tracker._count_late()

    @property
    def notice(self) -> Notice | None:
        """The notice to show, where one is due: on the visitor's first page, or, with the policy ``opt-in``,
        on each until there is an answer. None when the exchange is over."""
        return self._ask(_notice, None)

    def beacon(self) -> str:
        """The markup that loads the beacon, for the page to hold: then the beacon counts the page, and the
        exchange is skipped (``beacon``). A page from a cache of your own that holds it is to be noted so,
        too, by a call of this. Empty without ``beacon.path``, and when the exchange is over."""
        return self._ask(_beacon, "")

    def visitor(self) -> Visitor | None:
        """A snapshot for events that are raised later, see :meth:`Tracker.event`; None when it is over."""
        return self._ask(_visitor, None)

    @property
    def title(self) -> str | None:
        """The page's title; cut at 1,500 bytes. None, here and below, changes nothing."""
        return self._text(_block.TITLE)

    @title.setter
    def title(self, title: object) -> None:
        self._set(_block.TITLE, "title", title, 1500)

    @property
    def user_id(self) -> str | None:
        """The id of the signed-in user; cut at 256 bytes."""
        return self._text(_block.USER_ID)

    @user_id.setter
    def user_id(self, user_id: object) -> None:
        self._set(_block.USER_ID, "user_id", user_id, 256)

    @property
    def route(self) -> str | None:
        """The route template that answers, such as ``/user/{id}``; cut at 2,048 bytes."""
        return self._text(_block.ROUTE)

    @route.setter
    def route(self, route: object) -> None:
        self._set(_block.ROUTE, "route", route, 2048)

    def property(self, key: str, value: Value) -> None:
        """Adds a property of the page view; 64 are taken."""
        self._add(_block.PROPERTY, "a property", _block.property_, key, value)

    def event(
        self,
        name: str,
        *,
        category: str | None = None,
        label: str | None = None,
        value: float | None = None,
        properties: Mapping[str, Value] | None = None,
    ) -> None:
        """Raises an event; 64 are taken. It is sent when the exchange is finished, whether the page view
        counts or not, unless the exchange is skipped for the mode, its site or path, or as fetched ahead."""
        self._add(_block.EVENT, "an event", _block.event, name, category, label, value, properties)

    def finish(self, status: int, headers: Headers) -> Verdict:
        """Judges the exchange, now that the response's head is known, and submits its hits. It never waits.

        A second call changes nothing, and says skipped(abandoned).

        :param headers: as of :meth:`Tracker.begin`. Where they are neither a mapping nor pairs, that is a
            failure, which is counted and logged, and the response is judged as one without headers.
        """
        try:
            try:
                block = _block.response(status, headers, self._annotations)
            except TypeError:
                self._tracker.failures.note("reading a response's headers")
                block = _block.response(status, [], self._annotations)
            return self._end(block)
        except Exception:
            self._tracker.failures.note("finishing an exchange")
            self.abandon()
            return _OVER

    def _end(self, block: bytes) -> Verdict:
        """As ``finish``, of a response's block, but raises."""
        scratch = self._over()
        if scratch is None:
            return _OVER
        status = _native_end(scratch.places, block, len(block))
        if status:
            return self._otherwise(status, scratch)
        verdict = _BARE.get(scratch.bytes[:8]) or _verdict(scratch.bytes)
        give_back(scratch)
        return verdict

    def _append(self, block: bytes) -> tuple[tuple[bytes, bytes], ...]:
        """As ``_end``, but tells the headers of the verdict alone: mostly there are none."""
        scratch = self._scratch
        if scratch is None:
            return ()
        with scratch.lock:  # As in `_over`.
            if self._scratch is not scratch:
                return ()
            self._scratch = None
        status = _native_end(scratch.places, block, len(block))
        if status:
            return self._otherwise(status, scratch).headers
        headers = _verdict(scratch.bytes).headers if scratch.needed[0] != _BARE_LENGTH else ()
        give_back(scratch)
        return headers

    def abandon(self) -> None:
        """Ends it as skipped (abandoned): nothing is sent, not even its events."""
        scratch = self._over()
        if scratch is not None:
            place = scratch.exchange
            handle, place[0] = place[0], NULL
            lib.trackside_exchange_free(handle)
            give_back(scratch)

    def _over(self) -> Scratch | None:
        """Makes it be over. What it had is the caller's, whose alone it is; None if it was over."""
        scratch = self._scratch
        if scratch is None:
            return None
        with scratch.lock:
            if self._scratch is not scratch:
                return None
            self._scratch = None
        return scratch

    def _ask(self, ask: Callable[[Any], T], otherwise: T) -> T:
        """What ``ask`` says of its handle; ``otherwise`` when it is over."""
        scratch = self._scratch
        if scratch is not None:
            with scratch.lock:
                # Or it ended meanwhile, and what it had may be another's by now.
                if self._scratch is scratch:
                    return ask(scratch.exchange[0])
        return otherwise

    def _otherwise(self, status: int, scratch: Scratch) -> Verdict:
        """A verdict that the buffer cannot hold; all else has failed, and left it as it was."""
        if status != _native.BUFFER:
            self._scratch = scratch
            raise _native.failure(status, scratch.error)
        place = scratch.exchange
        handle, place[0] = place[0], NULL
        headers, count = ffi.new("trackside_header **"), ffi.new("size_t *")
        reason = ffi.new("trackside_reason *")
        try:
            _native.call(lib.trackside_exchange_reason, handle, reason)
            _native.call(lib.trackside_exchange_headers, handle, headers, count)
            return Verdict(_native.reason_code(reason[0]), _native.headers_out(headers[0], count[0]))
        finally:
            lib.trackside_exchange_free(handle)
            give_back(scratch)

    def _text(self, tag: int) -> str | None:
        for of, payload in self._annotations or ():
            if of == tag:
                return payload.decode("utf-8")
        return None

    def _set(self, tag: int, name: str, value: object, limit: int) -> None:
        if value is None:
            return
        if self._scratch is None:
            self._tracker._count_late()
            return
        try:
            annotation = (tag, _block.text(value, limit))
            before = self._annotations
            if before is None:
                self._annotations = [annotation]
            elif any(of == tag for of, _ in before):
                self._annotations = [*(one for one in before if one[0] != tag), annotation]
            else:
                before.append(annotation)
        except Exception:
            self._tracker.failures.note(f"the {name} of an exchange")

    def _add(self, tag: int, what: str, made: Any, *arguments: object) -> None:
        if self._scratch is None:
            self._tracker._count_late()
            return
        try:
            annotation = (tag, made(*arguments))
            if self._annotations is None:
                self._annotations = []
            if sum(of == tag for of, _ in self._annotations) < _MOST:
                self._annotations.append(annotation)
        except Exception:
            self._tracker.failures.note(f"{what} of an exchange")


def _visitor_id(handle: Any) -> str | None:
    place = ffi.new("char[37]")
    status = lib.trackside_exchange_visitor_id(handle, place, NULL)
    return None if status else ffi.string(place).decode()


def _is_new(handle: Any) -> bool:
    return bool(lib.trackside_exchange_is_new(handle))


def _consent(handle: Any) -> Consent:
    analytics, ads = ffi.new("trackside_choice *"), ffi.new("trackside_choice *")
    lib.trackside_exchange_consent(handle, analytics, ads, NULL)
    return Consent(_ALLOWED[analytics[0]], _ALLOWED[ads[0]])


def _notice(handle: Any) -> Notice | None:
    text, html = ffi.new("trackside_bytes *"), ffi.new("trackside_bytes *")
    if lib.trackside_exchange_notice(handle, text, html, NULL):
        return None
    banner = ffi.new("trackside_bytes *")
    has_banner = not lib.trackside_exchange_banner(handle, banner, NULL)
    return Notice(
        _native.text_out(text),
        _native.text_out(html),
        _native.text_out(banner) if has_banner else None,
    )


def _beacon(handle: Any) -> str:
    html = ffi.new("trackside_bytes *")
    return "" if lib.trackside_exchange_beacon(handle, html, NULL) else _native.text_out(html)


def _visitor(handle: Any) -> Visitor | None:
    place = ffi.new("trackside_visitor **")
    if lib.trackside_exchange_visitor(handle, place, NULL):
        return None
    return Visitor(place[0], _visitor_id(handle))


def _verdict(verdict: Any) -> Verdict:
    head: bytes = verdict[:8]
    reason, count = _verdict_head(head)
    code = _native.reason_code(reason)
    if count:
        return Verdict(code, _headers(verdict, count))
    bare = _BARE[head] = Verdict(code, ())
    return bare


def choice(allowed: object) -> int:
    """The library's number for what was allowed, or not, or not said."""
    if allowed is None:
        return int(lib.TRACKSIDE_CHOICE_UNKNOWN)
    return int(lib.TRACKSIDE_CHOICE_GRANTED if allowed else lib.TRACKSIDE_CHOICE_DENIED)


_ALLOWED: dict[int, bool | None] = {choice(allowed): allowed for allowed in (None, True, False)}


def _headers(verdict: Any, count: int) -> tuple[tuple[bytes, bytes], ...]:
    lengths = unpack_from(f"<{2 * count}I", verdict, 8)
    at = 8 + 8 * count
    parts = []
    for length in lengths:
        parts.append(verdict[at : at + length])
        at += length
    return tuple(zip(parts[::2], parts[1::2]))
