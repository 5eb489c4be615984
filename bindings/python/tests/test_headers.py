"""Headers in the forms that hosts have them in; and what is none."""

from __future__ import annotations

import logging
from collections import UserDict
from collections.abc import Callable
from http.client import HTTPMessage
from types import MappingProxyType
from typing import Any

import pytest
from recorded import BROWSER, HOST, HTML, Site

TEXTS = {name.decode(): value.decode() for name, value in BROWSER}


@pytest.fixture(params=[dict, MappingProxyType, UserDict, dict.items, list], ids=lambda made: made.__name__)
def made(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    """A form, of a dict."""
    given = request.param
    return (lambda texts: list(texts.items())) if given is list else lambda texts: given(dict(texts))


def test_a_mapping_is_as_good_as_pairs(site: Site, made: Any) -> None:
    exchange = site.tracker.begin("GET", "/a", made(TEXTS))
    assert exchange.finish(200, made({"Content-Type": "text/html", "X-None": None})).is_tracked
    exchange = site.tracker.begin("GET", "/b", made(dict(BROWSER)))
    assert exchange.finish(200, made(dict(HTML))).is_tracked
    exchange = site.tracker.begin("GET", "/c", made(TEXTS))
    assert exchange.finish(200, made({"Content-Type": "application/json"})).reason == "content-type"
    assert [(hit.site, hit.path) for hit in site.transport.hits] == [(HOST, "/a"), (HOST, "/b")]
    assert site.failures == 0


def test_explain_and_answer_take_one_too(made: Any) -> None:
    tracker = Site(beacon={"path": "/t/"}).tracker
    json = {"Content-Type": "application/json"}
    assert "content-type" in tracker.explain("GET", "/", made(TEXTS), response_headers=made(json))
    assert HOST in tracker.explain("GET", "/", made(TEXTS))
    answer = tracker.answer("GET", "/t/s.js", made(TEXTS))
    assert answer is not None
    tracker.close()


def message() -> HTTPMessage:
    """One that has its headers by name, and is no mapping."""
    message = HTTPMessage()
    message["Content-Type"] = "text/html"
    return message


NO_HEADERS: list[tuple[Any, str]] = [
    (["Content-Type: text/html"], "not the str 'Content-Type:'"),
    ([b"Cookie: secret"], "not the bytes 'Cookie:'"),
    (["ab"], "not the str 'ab'"),
    ("Host: a", "not the str 'Host:'"),
    (message(), "not the str 'Content-Type'"),
    ([("Content-Type", "text/html", "utf-8")], "a tuple of 3"),
    ([("Content-Type",)], "a tuple of 1"),
    ([["Content-Type: text/html"]], "a list of 1"),
    ([7], "not int"),
    (7, "not int"),
    (None, "not NoneType"),
]


@pytest.mark.parametrize(("headers", "says"), NO_HEADERS, ids=lambda given: None)
def test_what_are_no_headers_is_told(site: Site, headers: Any, says: str) -> None:
    asked = Site(beacon={"path": "/t/"}).tracker
    for call in (
        lambda: site.tracker.begin("GET", "/", headers),
        lambda: site.tracker.explain("GET", "/", headers),
        lambda: site.tracker.explain("GET", "/", BROWSER, response_headers=headers),
        lambda: asked.answer("GET", asked.endpoints[0], headers),
    ):
        with pytest.raises(TypeError, match=says) as raised:
            call()
        assert "mapping" in str(raised.value)
    asked.close()


@pytest.mark.parametrize(("headers", "says"), NO_HEADERS, ids=lambda given: None)
def test_a_response_with_none_is_judged_and_the_failure_told(
    site: Site, caplog: pytest.LogCaptureFixture, headers: Any, says: str
) -> None:
    exchange = site.tracker.begin("GET", "/", BROWSER)
    exchange.title = "News"
    with caplog.at_level(logging.ERROR, "trackside"):
        verdict = exchange.finish(200, headers)
    # Where none are given, the request says whether it is a page.
    assert (verdict.reason, site.failures) == (None, 1)
    assert [hit.title for hit in site.transport.hits] == ["News"]
    [record] = caplog.records
    assert "reading a response's headers failed" in record.message
    assert says in caplog.text
    assert "secret" not in caplog.text


def test_a_response_without_headers_is_no_failure(site: Site) -> None:
    others: list[Any] = [[], {}, (), [("X-Mine", "1")], [["x-mine", "1"]], [(b"x-mine", b"1")]]
    for headers in others:
        assert site.tracker.begin("GET", "/", BROWSER).finish(200, headers).is_tracked
    assert site.failures == 0
