"""Requests by CGI's names: whatever stands there, it is what the headers in a list would be."""

from __future__ import annotations

from typing import Any

import pytest
from recorded import HTML, PEER, Site

from trackside import _cgi

META = {
    "HTTP_HOST": "www.example.com",
    "HTTP_USER_AGENT": "caf\xe9",
    "HTTP_ACCEPT": "text/html",
    "HTTP_REFERER": "https://example.org/x",
    "REMOTE_ADDR": PEER,
}


def begin(site: Site, meta: dict[str, Any], target: str = "/news/?utm_source=x") -> Any:
    exchange = _cgi.begin(site.tracker, meta, "GET", target, "", True, False)
    assert exchange.finish(200, HTML).is_tracked
    return site.transport.hits[-1]


def test_a_request_by_names_is_that_of_the_same_headers(site: Site) -> None:
    hit = begin(site, META)
    headers = [(key[5:].replace("_", "-"), value) for key, value in META.items() if key.startswith("HTTP")]
    exchange = site.tracker.begin("GET", "/news/?utm_source=x", headers, peer=PEER, secure=True)
    exchange.finish(200, HTML)
    other = site.transport.hits[-1]
    for name in ("site", "path", "query", "agent", "referrer", "ip", "is_secure"):
        assert getattr(hit, name) == getattr(other, name), name
    assert hit.referrer == "https://example.org/x"
    assert hit.ip != ""


@pytest.mark.parametrize(
    ("changes", "referrer"),
    [
        ({"HTTP_REFERER": b"https://example.org/y"}, "https://example.org/y"),
        ({"HTTP_REFERER": "https://example.org/\ny"}, ""),
        ({"HTTP_REFERER": "\n\n"}, ""),
        ({"HTTP_REFERER": "\0"}, ""),
        ({"HTTP_REFERER": ""}, ""),
        ({"HTTP_REFERER": None}, ""),
        ({"HTTP_COOKIE": "a\nb"}, META["HTTP_REFERER"]),
        ({"HTTP_PURPOSE": "\u65e5"}, META["HTTP_REFERER"]),
        ({"REMOTE_ADDR": "/run/site.sock"}, META["HTTP_REFERER"]),
        ({"REMOTE_ADDR": b"203.0.113.9"}, META["HTTP_REFERER"]),
        ({"REMOTE_ADDR": None}, META["HTTP_REFERER"]),
    ],
)
def test_whatever_stands_there_the_page_is_counted(
    site: Site, changes: dict[str, Any], referrer: str
) -> None:
    hit = begin(site, {**META, **changes})
    assert (hit.site, hit.path, hit.referrer) == ("www.example.com", "/news/", referrer)
    assert (hit.ip == "") == ("REMOTE_ADDR" in changes)
    assert site.failures == 0


@pytest.mark.parametrize("cookie", ["", "a\nb"])
def test_what_the_configuration_has_read_is_told(cookie: str) -> None:
    site = Site({"proxy": {"trusted": [PEER]}})
    hit = begin(site, {**META, "HTTP_X_FORWARDED_FOR": "198.51.100.7", "HTTP_COOKIE": cookie})
    assert hit.ip == "198.51.100.0"


def test_who_is_new_is_told_at_once(site: Site) -> None:
    exchange = _cgi.begin(site.tracker, META, "GET", "/", "", True, False)
    assert exchange.is_new
    name, value = exchange.finish(200, HTML).headers[0]
    assert name == b"Set-Cookie"
    cookie = value.partition(b";")[0].decode()
    again = _cgi.begin(site.tracker, {**META, "HTTP_COOKIE": cookie}, "GET", "/", "", True, False)
    assert again._scratch is not None
    assert (bool(again._scratch.is_new[0]), again.is_new) == (False, False)
