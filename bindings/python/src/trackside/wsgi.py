"""Counts the traffic of a WSGI application.

>>> from trackside.wsgi import TracksideMiddleware
>>> application = TracksideMiddleware(application, consent="notice")   # doctest: +SKIP

The application finds its :class:`~trackside.Exchange` as ``environ["trackside.exchange"]``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from http.client import responses
from types import GeneratorType
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from trackside import _cgi
from trackside._middleware import ENVIRON_KEY, quoted, tracker_for
from trackside.exchange import Answer, Exchange
from trackside.hooks import Editor, Filter
from trackside.tracker import Tracker
from trackside.transport import Deliver, RecordingTransport

if TYPE_CHECKING:
    from _typeshed import OptExcInfo
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class TracksideMiddleware:
    """Counts the traffic of a WSGI application, and lets its bodies through untouched.

    Where two of them overlap, the outermost counts.

    :param consent: ``notice``, ``opt-in``, ``opt-out`` or ``none``; it depends on the visitors' law. May be
        missing where the configuration has it.
    :param config: the configuration, a mapping or the text of a TOML file. The environment overrides it.
    :param file: as of :class:`~trackside.Tracker`, as are ``transport``, ``sinks``, ``filter`` and ``edit``.
    :param env: whether the environment is read. Defaults to true; False for all but one of several trackers
        in a process, as it would lie over each of them.
    :param tracker: a tracker that is open already, in place of all others.

    :raises ConfigError: the configuration has mistakes; the text tells all of them.
    """

    def __init__(
        self,
        app: WSGIApplication,
        *,
        consent: str | None = None,
        config: Mapping[str, Any] | str | None = None,
        file: str | os.PathLike[str] | None = None,
        env: bool = True,
        tracker: Tracker | None = None,
        transport: RecordingTransport | Deliver | None = None,
        sinks: Mapping[str, Deliver] | None = None,
        filter: Filter | None = None,
        edit: Editor | None = None,
    ) -> None:
        self.app = app
        self.tracker = tracker_for(
            tracker,
            env,
            consent=consent,
            config=config,
            file=file,
            transport=transport,
            sinks=sinks,
            filter=filter,
            edit=edit,
        )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        outer = environ.get(ENVIRON_KEY)
        # One that is over is of an earlier request: some callers use an environ again.
        if isinstance(outer, Exchange) and not outer.is_over:
            return self.app(environ, start_response)
        if self.tracker.endpoints:
            answered = answer(self.tracker, environ)
            if answered is not None:
                return _answered(answered, start_response)
        try:
            exchange = environ[ENVIRON_KEY] = begin(self.tracker, environ)
        except Exception:
            self.tracker.failures.note("beginning an exchange")
            environ[ENVIRON_KEY] = Exchange(self.tracker, None)
            return self.app(environ, start_response)
        head = _Head(exchange, start_response)
        try:
            body = self.app(environ, head.start_response)
        except BaseException:
            exchange.abandon()
            raise
        # A generator, too, may still replace its head, as long as it has given nothing.
        if head.status is None or (isinstance(body, GeneratorType) and not head.is_sent):
            return _Late(body, head)
        if not head.is_sent:
            try:
                head.send()
            except BaseException:
                # The server will not have this head, and never sees the body that came with it.
                _close(body)
                raise
        return body


def _answered(answer: Answer, start_response: StartResponse) -> list[bytes]:
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers]
    if answer.body:
        headers.append(("Content-Length", str(len(answer.body))))
    start_response(f"{answer.status} {responses.get(answer.status, '')}", headers)
    return [answer.body] if answer.body else []


class _Head:
    """A response's head, kept back until it is certain: an application may replace it as long as it has given
    nothing of the body."""

    __slots__ = ("_exc_info", "_exchange", "_headers", "_start_response", "_write", "is_sent", "status")

    def __init__(self, exchange: Exchange, start_response: StartResponse) -> None:
        self._exchange = exchange
        self._start_response = start_response
        self._headers: Iterable[tuple[str, str]] = []
        self._exc_info: OptExcInfo | None = None
        self._write: Callable[[bytes], object] | None = None
        self.status: str | None = None
        self.is_sent = False

    def start_response(
        self, status: str, headers: list[tuple[str, str]], /, exc_info: OptExcInfo | None = None
    ) -> Callable[[bytes], object]:
        if self.status is not None and exc_info is None and not self.is_sent:
            self.send()  # A mistake of the application's, of which the server says what it thinks.
        if self.is_sent:
            return _started(self._start_response, status, headers, exc_info)
        self.status, self._headers, self._exc_info = status, headers, exc_info
        return self.write

    def write(self, data: bytes) -> object:
        write = self._write or self.send()
        return write(data)

    def send(self) -> Callable[[bytes], object]:
        """Judges the exchange, and hands the head to the server, with what is to be appended."""
        self.is_sent = True
        status, given = self.status or "", self._headers
        # What can be read but once is read here, and the server gets that.
        headers = given if isinstance(given, list) else list(given)
        appended = self._judge(status, headers)
        if appended:
            headers = [*headers, *appended]
        exc_info, self._exc_info = self._exc_info, None
        self._write = _started(self._start_response, status, headers, exc_info)
        return self._write

    def _judge(self, status: str, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        exchange = self._exchange
        try:
            number = int(status[:3])
        except (TypeError, ValueError):
            exchange.abandon()
            return []
        appended = exchange.finish(number, headers).headers
        return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in appended]

    def abandon(self) -> None:
        self._exchange.abandon()


def _started(
    start_response: StartResponse,
    status: str,
    headers: list[tuple[str, str]],
    exc_info: OptExcInfo | None,
) -> Callable[[bytes], object]:
    # Without exc_info as the application called it: not every server takes the third argument.
    if exc_info is None:
        return start_response(status, headers)
    return start_response(status, headers, exc_info)


class _Late:
    """The body of an application that starts its response only when it is asked for the body, or may start it
    anew then, such as a generator. From the first piece on it adds nothing."""

    __slots__ = ("_body", "_head", "_iterator")

    def __init__(self, body: Iterable[bytes], head: _Head) -> None:
        self._body = body
        self._head = head
        self._iterator: Iterator[bytes] | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._iterator is None:
            self._iterator = iter(self._body)
        head = self._head
        if head.is_sent:
            return next(self._iterator)
        try:
            piece = next(self._iterator)
        except StopIteration:
            if head.status is not None and not head.is_sent:
                head.send()  # A response without a body.
            raise
        except BaseException:
            head.abandon()
            raise
        if head.status is not None and not head.is_sent:
            head.send()
        return piece

    def close(self) -> None:
        if not self._head.is_sent:
            self._head.abandon()
        _close(self._body)


def _close(body: Iterable[bytes]) -> None:
    close = getattr(body, "close", None)
    if close is not None:
        close()


def begin(tracker: Tracker, environ: WSGIEnvironment) -> Exchange:
    """Begins the exchange of the request in an environ; for adapters."""
    method = environ.get("REQUEST_METHOD", "")
    secure = environ.get("wsgi.url_scheme") == "https"
    return _cgi.begin(tracker, environ, method, target(environ), "", secure, _cgi.PROXY_FIX in environ)


def answer(tracker: Tracker, environ: WSGIEnvironment) -> Answer | None:
    """What trackside answers itself to the request in an environ, if it is one of its own; for adapters."""
    try:
        asked = target(environ)
        if not asked.startswith(tracker.endpoints):
            return None
        return tracker.answer(
            environ.get("REQUEST_METHOD", ""),
            asked,
            sent_headers(environ),
            peer=environ.get("REMOTE_ADDR"),
            secure=environ.get("wsgi.url_scheme") == "https",
            resolved=_cgi.PROXY_FIX in environ,
        )
    except Exception:
        tracker.failures.note("answering a request")
        return None


def sent_headers(environ: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The headers of the request in an environ. Those that have no text are left out."""
    sent = ((key, value) for key, value in environ.items() if key.startswith("HTTP_"))
    return [(key[5:].replace("_", "-"), value) for key, value in sent if isinstance(value, str)]


def target(environ: WSGIEnvironment) -> str:
    """What the client asked for, with its query, before any mounting: SCRIPT_NAME and PATH_INFO.

    WSGI gives them decoded. The original spelling is taken from REQUEST_URI or RAW_URI, where the server
    gives one of them and it means the same path; else they are encoded anew.
    """
    path = (environ.get("SCRIPT_NAME") or "") + (environ.get("PATH_INFO") or "")
    query = environ.get("QUERY_STRING")
    raw = environ.get("REQUEST_URI") or environ.get("RAW_URI")
    if raw:
        asked = raw.partition("?")[0]
        if asked != path and not _means(asked, path):
            asked = quoted(path, "latin-1")
    else:
        asked = quoted(path, "latin-1")
    if not asked:
        asked = "/"
    return f"{asked}?{query}" if query else asked


def _means(raw: str, path: str) -> bool:
    return "%" in raw and unquote_to_bytes(raw.encode("latin-1", "replace")) == path.encode(
        "latin-1", "replace"
    )
