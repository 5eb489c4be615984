"""Whose request it is behind proxies, by the middlewares; and the warning where nobody is trusted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from recorded import BROWSER, CONFIG, HTML, Site

from trackside import asgi, wsgi

NEAR, CLIENT = "10.0.0.1", "198.51.100.7"
TRUSTED: dict[str, Any] = {**CONFIG, "privacy": {"ip": "full"}, "proxy": {"trusted": ["10.0.0.0/8", "unix"]}}
FORWARDED = {
    "x-forwarded-for": f"192.0.2.66, {CLIENT}",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "shop.example",
}


def by_wsgi(site: Site, peer: str, headers: dict[str, str], **changes: Any) -> None:
    def page(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/html")])
        return [b""]

    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "REMOTE_ADDR": peer,
        "wsgi.url_scheme": "http",
        **changes,
    }
    for name, value in {**{name.decode(): value.decode() for name, value in BROWSER}, **headers}.items():
        environ["HTTP_" + name.upper().replace("-", "_")] = value
    app: Any = wsgi.TracksideMiddleware(page, tracker=site.tracker)
    list(app(environ, lambda *_: lambda _: None))


def by_asgi(
    site: Site, peer: str, headers: dict[str, str], around: Callable[[Any], Any] = lambda app: app
) -> None:
    async def page(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HTML})

    async def nothing(*_: Any) -> Any:
        return None

    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [*BROWSER, *((name.encode(), value.encode()) for name, value in headers.items())],
        "client": (peer, 50_000) if peer else None,
    }
    app = around(asgi.TracksideMiddleware(page, tracker=site.tracker))
    asyncio.run(app(scope, nothing, nothing))


WAYS: list[Any] = [by_wsgi, by_asgi]


@pytest.mark.parametrize("ask", WAYS)
def test_what_a_trusted_proxy_says_is_believed(ask: Any) -> None:
    site = Site(TRUSTED)
    for peer in (NEAR, "", "203.0.113.9"):
        ask(site, peer, FORWARDED)
    seen = [(hit.ip, hit.is_secure, hit.site) for hit in site.transport.hits]
    believed = (CLIENT, True, "shop.example")
    assert seen == [believed, believed, ("203.0.113.9", False, "www.example.com")]


@pytest.mark.parametrize("ask", WAYS)
def test_the_one_header_that_is_configured_is_read(ask: Any) -> None:
    for header, value in (("forwarded", f"for={CLIENT};proto=https"), ("fly-client-ip", CLIENT)):
        site = Site(TRUSTED, proxy={"hops": 1, "header": header})
        ask(site, NEAR, {header: value, "x-forwarded-for": "192.0.2.66"})
        assert [hit.ip for hit in site.transport.hits] == [CLIENT]


def test_what_werkzeug_has_found_out_is_not_found_out_again() -> None:
    site = Site(TRUSTED)
    by_wsgi(site, "10.0.0.5", FORWARDED, **{"werkzeug.proxy_fix.orig": {"REMOTE_ADDR": NEAR}})
    assert [(hit.ip, hit.is_secure, hit.site) for hit in site.transport.hits] == [
        ("10.0.0.5", False, "www.example.com")
    ]


def test_what_uvicorn_has_found_out_is_not_found_out_again() -> None:
    from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

    site = Site(TRUSTED)
    # A client in a network that is trusted, and forges an entry.
    headers = {"x-forwarded-for": "192.0.2.66, 10.0.0.5"}

    by_asgi(site, NEAR, headers, around=lambda app: ProxyHeadersMiddleware(app, trusted_hosts=["10.0.0.1"]))
    assert [hit.ip for hit in site.transport.hits] == ["10.0.0.5"]


@pytest.mark.parametrize("ask", WAYS)
@pytest.mark.parametrize("peer", [NEAR, "127.0.0.1", ""])
def test_a_proxy_that_nobody_trusts_is_warned_of_once(
    ask: Any, peer: str, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site()
    ask(site, peer, {})
    ask(site, "203.0.113.9", FORWARDED)
    for _ in range(3):
        ask(site, peer, FORWARDED)
    site.tracker.stats()
    [record] = caplog.records
    assert (record.name, record.levelname) == ("trackside", "WARNING")
    assert "x-forwarded-for" in record.getMessage()
    assert "`proxy.trusted`" in record.getMessage()


def test_after_a_thousand_requests_nobody_looks_for_a_proxy(caplog: pytest.LogCaptureFixture) -> None:
    site = Site()
    for n in range(1_000):
        # One with a line feed begins by another way than the others.
        by_wsgi(site, NEAR, {"user-agent": "a\nb"} if n % 2 else {})
        assert site.tracker._looks == 999 - n
    by_wsgi(site, NEAR, FORWARDED)
    site.tracker.stats()
    assert caplog.records == []


def test_a_hundred_that_are_all_skipped_for_one_reason_are_warned_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    site = Site(track={"ignore": ["/"]})
    for _ in range(101):
        by_wsgi(site, "203.0.113.9", {})
    site.tracker.stats()
    [record] = caplog.records
    assert "skipped(ignored)" in record.getMessage()
    assert "`track.ignore`" in record.getMessage()
