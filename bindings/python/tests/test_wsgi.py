"""The WSGI middleware, between an application and a server that the standard library's validator watches."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.util import FileWrapper, setup_testing_defaults
from wsgiref.validate import validator

import pytest
from recorded import CONFIG, HOST, PEER, Site

from trackside import ConfigError, RecordingTransport, Tracker
from trackside.wsgi import TracksideMiddleware

HTML = [("Content-Type", "text/html; charset=utf-8")]


def environ(path: str = "/", **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "PATH_INFO": path,
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "REMOTE_ADDR": PEER,
        "HTTP_HOST": HOST,
        "HTTP_USER_AGENT": "a browser",
        "HTTP_ACCEPT": "text/html",
    }
    setup_testing_defaults(made)
    made.update(changes)
    return made


class Server:
    """What a server does with an application, and the answer it would send."""

    def __init__(self) -> None:
        self.status = ""
        self.headers: list[tuple[str, str]] = []
        self.body = b""
        self.heads = 0
        self.written: list[bytes] = []
        self.result: Any = None

    def start_response(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        if exc_info is not None and self.body:
            raise exc_info[1]
        if self.heads and exc_info is None:
            raise AssertionError("start_response twice")
        self.heads += 1
        self.status, self.headers = status, list(headers)
        return self.write

    def write(self, data: bytes) -> None:
        assert self.heads, "nothing may be sent before the head"
        self.written.append(data)
        self.body += data

    def run(self, app: Any, asked: dict[str, Any]) -> Server:
        self.result = app(asked, self.start_response)
        try:
            for piece in self.result:
                assert self.heads, "nothing may be sent before the head"
                self.body += piece
        finally:
            if hasattr(self.result, "close"):
                self.result.close()
        return self

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]


def page(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", HTML)
    return [b"<h1>Hello</h1>"]


def wrapped(site: Site, app: Any) -> Any:
    return TracksideMiddleware(app, tracker=site.tracker)


def test_a_page_is_counted_and_its_visitor_given_a_cookie(site: Site) -> None:
    app = validator(wrapped(site, page))
    server = Server().run(app, environ("/news/", QUERY_STRING="utm_source=mail&x=1"))
    assert (server.status, server.body) == ("200 OK", b"<h1>Hello</h1>")
    [cookie] = server.header("set-cookie")
    assert cookie.startswith("trackside=")
    assert server.header("cache-control") == ["private"]
    [hit] = site.transport.hits
    assert (hit.site, hit.path, hit.query, hit.ip) == (HOST, "/news/", "utm_source=mail", "203.0.113.0")
    assert hit.visitor in cookie

    again = Server().run(app, environ("/", HTTP_COOKIE=cookie.partition(";")[0]))
    assert again.header("set-cookie") == []
    assert [hit.visitor for hit in site.transport.hits] == [hit.visitor] * 2


def test_what_stands_in_the_environ_is_as_pep_3333_wants_it(site: Site) -> None:
    # The validator wants texts behind all keys without a dot.
    server = Server().run(wrapped(site, validator(page)), environ("/news/"))
    assert (server.status, server.body) == ("200 OK", b"<h1>Hello</h1>")
    assert (site.paths, site.failures) == (["/news/"], 0)


def test_the_exchange_stands_in_the_environ(site: Site) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        exchange = environ["trackside.exchange"]
        assert exchange.is_new
        assert exchange.notice.text == f"{HOST} uses a cookie to count visits."
        exchange.title, exchange.user_id, exchange.route = "News", 42, "/{page}"
        exchange.property("plan", "pro")
        exchange.event("add", category="cart", value=2.5, properties={"gift": True})
        start_response("200 OK", [*HTML, ("X-Visitor", exchange.visitor_id)])
        return [b""]

    server = Server().run(validator(wrapped(site, app)), environ())
    view, event = site.transport.hits
    assert (view.title, view.user_id, view.route, view.properties) == (
        "News",
        "42",
        "/{page}",
        {"plan": "pro"},
    )
    assert (event.kind, event.name, event.category, event.value) == ("event", "add", "cart", 2.5)
    assert event.properties == {"gift": True}
    assert server.header("x-visitor") == [view.visitor]


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"PATH_INFO": "/news/"}, "/news/"),
        ({"PATH_INFO": ""}, "/"),
        ({"SCRIPT_NAME": "/shop", "PATH_INFO": "/cart"}, "/shop/cart"),
        ({"SCRIPT_NAME": "/shop", "PATH_INFO": ""}, "/shop"),
        ({"PATH_INFO": "/caf\u00c3\u00a9"}, "/caf%C3%A9"),
        ({"PATH_INFO": "/a b?c"}, "/a%20b%3Fc"),
        ({"PATH_INFO": "/\u00ff"}, "/%FF"),
        # The original spelling.
        ({"PATH_INFO": "/a/b", "RAW_URI": "/a%2Fb?x=1"}, "/a%2Fb"),
        ({"PATH_INFO": "/caf\u00c3\u00a9", "REQUEST_URI": "/caf%c3%a9"}, "/caf%c3%a9"),
        ({"PATH_INFO": "/~me", "REQUEST_URI": "/%7Eme"}, "/%7Eme"),
        ({"SCRIPT_NAME": "/shop", "PATH_INFO": "/cart", "REQUEST_URI": "/shop/cart"}, "/shop/cart"),
        # One that is of another path: of a proxy that took a prefix away, or a rewriting.
        ({"SCRIPT_NAME": "/shop", "PATH_INFO": "/cart", "REQUEST_URI": "/cart"}, "/shop/cart"),
        ({"PATH_INFO": "/new", "REQUEST_URI": "/old%20"}, "/new"),
        ({"PATH_INFO": "/page", "RAW_URI": "http://www.example.com/page"}, "/page"),
    ],
)
def test_the_path_is_the_one_that_the_client_asked_for(site: Site, asked: dict[str, str], path: str) -> None:
    Server().run(wrapped(site, page), environ(**asked))
    assert site.paths == [path]


def test_a_mounted_application_sees_the_outer_exchange_and_counts_nothing(site: Site) -> None:
    inner = Site()
    seen = []

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        seen.append(environ["trackside.exchange"])
        return page(environ, start_response)

    Server().run(wrapped(site, wrapped(inner, app)), environ())
    assert (len(site.paths), len(inner.paths), inner.tracker.stats().requests.seen) == (1, 0, 0)
    assert seen[0].is_over


def test_an_environ_that_is_used_again_is_counted_again(site: Site) -> None:
    asked = environ()
    for _ in range(2):
        Server().run(wrapped(site, page), asked)
    assert len(site.paths) == 2


def test_a_file_wrapper_is_the_servers_own(site: Site) -> None:
    file = FileWrapper(io.BytesIO(b"<p>"))

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", HTML)
        return file

    server = Server().run(wrapped(site, app), {**environ(), "wsgi.file_wrapper": FileWrapper})
    assert server.result is file
    assert server.body == b"<p>"
    assert len(site.paths) == 1


def test_a_list_is_handed_on_as_it_is(site: Site) -> None:
    body = [b"a", b"b"]

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", HTML)
        return body

    assert Server().run(wrapped(site, app), environ()).result is body


def test_a_generator_that_starts_late_is_counted_at_its_first_piece(site: Site) -> None:
    counted = []
    closed = []

    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        try:
            start_response("200 OK", HTML)
            counted.append(len(site.paths))
            yield b"a"
            counted.append(len(site.paths))
            yield b"b"
        finally:
            closed.append(True)

    server = Server().run(validator(wrapped(site, app)), environ())
    assert (server.body, server.heads) == (b"ab", 1)
    assert len(server.header("set-cookie")) == 1
    assert (counted, closed) == ([0, 1], [True])


def test_a_late_start_without_a_body_is_counted(site: Site) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", HTML)
        yield from ()

    server = Server().run(wrapped(site, app), environ())
    assert (server.heads, server.body, len(site.paths)) == (1, b"", 1)


def failed(start_response: Any) -> Iterable[bytes]:
    try:
        raise RuntimeError("after the head")
    except RuntimeError:
        start_response("500 Internal Server Error", HTML, sys.exc_info())
    return [b"sorry"]


def test_a_head_that_is_replaced_counts_as_what_replaced_it(site: Site) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", HTML)
        return failed(start_response)

    server = Server().run(validator(wrapped(site, app)), environ())
    assert (server.status, server.heads, server.body) == ("500 Internal Server Error", 1, b"sorry")
    assert server.header("set-cookie") == []
    assert (site.paths, site.skipped) == ([], {"status": 1})


def test_a_late_head_that_is_replaced_counts_as_what_replaced_it(site: Site) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", HTML)
        yield from failed(start_response)

    server = Server().run(wrapped(site, app), environ())
    assert (server.status, server.heads, server.body) == ("500 Internal Server Error", 1, b"sorry")
    assert (site.paths, site.skipped) == ([], {"status": 1})


def test_a_head_that_a_generator_replaces_counts_as_what_replaced_it(site: Site) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", HTML)
        return (piece for piece in failed(start_response))

    def late(start_response: Any) -> Iterator[bytes]:
        yield from failed(start_response)

    def another(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", HTML)
        return late(start_response)

    for replaces in (app, another):
        server = Server().run(wrapped(site, replaces), environ())
        assert (server.status, server.heads, server.body) == ("500 Internal Server Error", 1, b"sorry")
    assert (site.paths, site.skipped) == ([], {"status": 2})


def test_an_error_after_the_first_piece_is_the_servers(site: Site) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", HTML)
        yield b"a"
        yield from failed(start_response)

    server = Server()
    with pytest.raises(RuntimeError, match="after the head"):
        server.run(wrapped(site, app), environ())
    assert (server.status, server.body, len(site.paths)) == ("200 OK", b"a", 1)


def test_a_second_start_without_a_reason_is_the_servers_to_refuse(site: Site) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", HTML)
        start_response("404 Not Found", HTML)
        return []

    with pytest.raises(AssertionError, match="start_response twice"):
        Server().run(wrapped(site, app), environ())


def test_write_sends_the_head_first(site: Site) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        write = start_response("200 OK", HTML)
        write(b"a")
        assert len(site.paths) == 1
        write(b"b")
        return [b"c"]

    server = Server().run(wrapped(site, app), environ())
    assert (server.written, server.body, server.heads) == ([b"a", b"b"], b"abc", 1)
    assert len(server.header("set-cookie")) == 1


def _raising() -> Iterator[bytes]:
    raise RuntimeError("mine")


def test_an_application_that_raises_is_abandoned_and_raises(site: Site) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", HTML)
        raise RuntimeError("mine")

    def late(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        yield from _raising()

    for raises in (app, late):
        with pytest.raises(RuntimeError, match="mine"):
            Server().run(wrapped(site, raises), environ())
    assert (site.paths, site.skipped, site.failures) == ([], {"abandoned": 2}, 0)


def test_a_late_body_that_nobody_reads_is_abandoned_and_closed(site: Site) -> None:
    closed = []

    class Body:
        def __iter__(self) -> Iterator[bytes]:
            raise AssertionError("nobody reads it")

        def close(self) -> None:
            closed.append(True)

    body: Any = wrapped(site, lambda environ, start_response: Body())(environ(), Server().start_response)
    body.close()
    assert (closed, site.skipped) == ([True], {"abandoned": 1})


def test_a_head_that_the_server_refuses_closes_the_body(site: Site) -> None:
    closed = []

    class Body(list[bytes]):
        def close(self) -> None:
            closed.append(True)

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", HTML)
        return Body()

    def refuse(*_: Any) -> Any:
        raise ValueError("no such header")

    with pytest.raises(ValueError, match="no such header"):
        wrapped(site, app)(environ(), refuse)
    assert closed == [True]


@pytest.mark.parametrize("status", ["", "OK", "2", "99999 What"])
def test_a_status_that_is_none_harms_nobody(site: Site, status: str) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response(status, HTML)
        return [b"x"]

    server = Server().run(wrapped(site, app), environ())
    assert (server.status, server.body) == (status, b"x")
    assert site.paths == []


@pytest.mark.parametrize(
    "changes",
    [
        {"HTTP_USER_AGENT": b"bytes"},
        {"HTTP_USER_AGENT": None},
        {"HTTP_USER_AGENT": "\u00e9\u20ac\ud800"},
        {"HTTP_COOKIE": "\x00\xff" * 1000},
        {"REMOTE_ADDR": ""},
        {"REMOTE_ADDR": None},
        {"REMOTE_ADDR": "unix:"},
        {"REMOTE_ADDR": "fe80::1%eth0"},
        {"QUERY_STRING": None},
        {"PATH_INFO": None, "SCRIPT_NAME": None},
    ],
)
def test_odd_requests_are_counted_all_the_same(site: Site, changes: dict[str, Any]) -> None:
    server = Server().run(wrapped(site, page), environ(**changes))
    assert server.body == b"<h1>Hello</h1>"
    assert (len(site.paths), site.failures) == (1, 0)


@pytest.mark.parametrize(
    "missing", ["REMOTE_ADDR", "HTTP_USER_AGENT", "PATH_INFO", "QUERY_STRING", "SCRIPT_NAME"]
)
def test_what_a_server_leaves_out_is_none(site: Site, missing: str) -> None:
    asked = environ()
    del asked[missing]
    Server().run(wrapped(site, page), asked)
    assert (len(site.paths), site.failures) == (1, 0)


@pytest.mark.parametrize(
    "headers", [[], [("Content-Type", None)], [(b"Content-Type", b"text/html")], "no list"]
)
def test_odd_responses_pass(site: Site, headers: Any) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", headers)
        return [b"x"]

    assert Server().run(wrapped(site, app), environ()).body == b"x"


def test_a_failure_of_ours_is_counted_and_the_page_stands(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    asked = environ()
    asked["PATH_INFO"] = 7  # It cannot be added to a text.
    for _ in range(3):
        assert Server().run(wrapped(site, page), dict(asked)).body == b"<h1>Hello</h1>"
    assert (site.failures, site.tracker.stats().failures) == (3, 3)

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ["trackside.exchange"].title = "nobody hears it, and nobody minds"
        assert environ["trackside.exchange"].notice is None
        return page(environ, start_response)

    assert Server().run(wrapped(site, app), asked).body == b"<h1>Hello</h1>"
    [record] = caplog.records
    assert (record.name, record.levelname) == ("trackside", "ERROR")


@pytest.mark.parametrize(
    ("made", "error", "text"),
    [
        (lambda: TracksideMiddleware(page, consent="perhaps"), ConfigError, "consent.policy"),
        (lambda: TracksideMiddleware(page, config={"mood": "on"}), ConfigError, "mood"),
        (lambda: TracksideMiddleware(page), ConfigError, "consent.policy"),
        (lambda: TracksideMiddleware(page, config=3), TypeError, "config"),  # type: ignore[arg-type]  # that is it
        (lambda: TracksideMiddleware(page, tracker=3), TypeError, "Tracker"),  # type: ignore[arg-type]  # that is it
        (
            lambda: TracksideMiddleware(
                page, consent="none", tracker=Tracker(CONFIG, transport=RecordingTransport())
            ),
            TypeError,
            "consent",
        ),
    ],
)
def test_wrong_settings_are_told_at_the_start(
    made: Callable[[], Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        made()


def test_consent_is_all_that_is_asked_for(trackside_hits: RecordingTransport) -> None:
    Server().run(TracksideMiddleware(page, consent="notice", transport=trackside_hits), environ("/a"))
    assert [hit.path for hit in trackside_hits.hits] == ["/a"]


def test_a_head_without_an_error_may_say_so(site: Site) -> None:
    def page(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", HTML, exc_info=None)
        return [b"page"]

    server = Server()
    counted = TracksideMiddleware(page, tracker=site.tracker)
    assert b"".join(counted(environ(), server.start_response)) == b"page"
    assert server.status == "200 OK"
