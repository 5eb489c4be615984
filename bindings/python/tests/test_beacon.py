"""The beacon by WSGI and ASGI: answered before the application; pages that get its markup are its own."""

from __future__ import annotations

from typing import Any
from wsgiref.validate import validator

import pytest
from recorded import HTML, Site
from test_asgi import body, run, scope, start
from test_wsgi import HTML as TEXTS
from test_wsgi import environ

from trackside import asgi, wsgi

ON = {"consent": {"policy": "none"}, "beacon": {"path": "/t/"}}


def by_wsgi(site: Site, method: str, target: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """The answer of a server; its application says that it was asked."""
    path, _, query = target.partition("?")
    asked = environ(path, REQUEST_METHOD=method, QUERY_STRING=query)
    asked.update({f"HTTP_{name.upper()}": value for name, value in headers.items()})
    heads: list[tuple[str, list[tuple[str, str]]]] = []

    def application(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [*TEXTS, ("Cache-Control", "public")])
        # The head is kept back until the body is there.
        return [environ["trackside.exchange"].beacon().encode()]

    counted = wsgi.TracksideMiddleware(application, tracker=site.tracker)

    def start_response(status: str, pairs: list[tuple[str, str]], _: Any = None) -> Any:
        heads.append((status, pairs))
        return lambda data: None

    given = validator(counted)(asked, start_response)
    content = b"".join(given)
    given.close()  # type: ignore[attr-defined]
    ((status, pairs),) = heads
    return int(status[:3]), {name.lower(): value for name, value in pairs}, content


def by_asgi(site: Site, method: str, target: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """As ``by_wsgi``."""
    path, _, query = target.partition("?")
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    asked = scope(path, method=method, query_string=query.encode())
    asked["headers"] = [*asked["headers"], *named]

    async def application(scope: Any, receive: Any, send: Any) -> None:
        markup = scope["trackside"].beacon().encode()
        await send(start(headers=[*HTML, (b"cache-control", b"public")]))
        await send(body(markup))

    head, content = run(asgi.TracksideMiddleware(application, tracker=site.tracker), asked)
    pairs = {name.decode(): value.decode() for name, value in head["headers"]}
    return head["status"], pairs, content["body"]


WAYS = {"wsgi": by_wsgi, "asgi": by_asgi}
OWN = {"sec_fetch_site": "same-origin"}


@pytest.mark.parametrize("way", WAYS)
def test_the_beacon_is_answered_and_pages_with_it_are_its_own(way: str) -> None:
    ask, site = WAYS[way], Site(ON)
    status, _, page = ask(site, "GET", "/news/")
    assert status == 200
    assert page.startswith(b'<script defer src="/t/s.js"></script><noscript><img src="/t/"')
    status, headers, script = ask(site, "GET", "/t/s.js")
    assert (status, headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert headers["content-length"] == str(len(script))
    assert len(script) <= 1024
    status, headers, empty = ask(
        site, "POST", "/t/?p=%2Fnews%2F&r=https%3A%2F%2Fexample.org%2F&t=News", **OWN
    )
    assert (status, empty) == (204, b"")
    assert headers["cache-control"] == "private, no-store"
    assert headers["set-cookie"].startswith("trackside=")
    status, _, pixel = ask(site, "GET", "/t/?p=/archive/", **OWN)
    assert (status, len(pixel)) == (200, 43)
    assert ask(site, "POST", "/t/?p=/", sec_fetch_site="cross-site")[0] == 403
    assert ask(site, "GET", "/t/of-the-application")[0] == 200
    assert site.paths == ["/news/", "/archive/"]
    hit = site.transport.hits[0]
    assert (hit.title, hit.referrer, hit.ip) == ("News", "https://example.org/", "203.0.113.0")
    assert site.skipped == {"beacon": 2, "endpoint": 1, "cross-origin": 1}
    assert site.failures == 0


@pytest.mark.parametrize("way", WAYS)
def test_without_a_beacon_there_is_none(way: str) -> None:
    site = Site()
    assert site.tracker.endpoints == ()
    status, headers, page = WAYS[way](site, "GET", "/t/?p=/x", **OWN)
    assert (status, page) == (200, b"")
    assert "set-cookie" not in headers
    assert site.paths == ["/t/"]


@pytest.mark.parametrize("way", WAYS)
def test_an_outer_middleware_has_the_request(way: str) -> None:
    outer, inner = Site(ON), Site(ON)
    if way == "wsgi":
        exchange = outer.tracker.begin("GET", "/", [("host", "www.example.com")])
        middleware = wsgi.TracksideMiddleware(
            lambda environ, start: [b"the application's"], tracker=inner.tracker
        )
        asked = environ("/t/", **{"trackside.exchange": exchange})
        assert list(middleware(asked, lambda *_: lambda _: None)) == [b"the application's"]
        exchange.abandon()
    else:

        async def application(scope: Any, receive: Any, send: Any) -> None:
            await send(start(404))

        nested = asgi.TracksideMiddleware(application, tracker=inner.tracker)
        run(asgi.TracksideMiddleware(nested, tracker=outer.tracker), scope("/t/x"))
    assert inner.tracker.stats().requests.seen == 0


def test_what_is_no_request_is_left_to_the_application() -> None:
    site = Site(ON)
    asked = environ(
        "/t/", QUERY_STRING="p=/", REMOTE_ADDR="not an address", HTTP_SEC_FETCH_SITE="same-origin"
    )
    assert wsgi.answer(site.tracker, asked) is not None
    assert wsgi.answer(site.tracker, {**asked, "PATH_INFO": 7}) is None
    assert site.failures == 1


def test_after_the_end_there_is_no_markup() -> None:
    site = Site(ON)
    exchange = site.tracker.begin("GET", "/", [("host", "www.example.com")])
    assert exchange.beacon().startswith("<script")
    assert exchange.finish(200, HTML).reason == "beacon"
    assert exchange.beacon() == ""
