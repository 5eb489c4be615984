"""Titles that are looked for in a page."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse

from trackside.django import title


def scanned(content: bytes | str, **more: Any) -> str | None:
    """The title that is found in a page."""
    return title.of(HttpRequest(), HttpResponse(content, **more), scan=True)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("<title>A page</title>", "A page"),
        ("<head><TITLE lang='en' >\n A\tpage \n</TITLE >", "A page"),
        ("<title>Caf&eacute; &amp; more &#8364; 日本</title>", "Café & more € 日本"),
        ("<title>a < b</title>", "a < b"),
        ("<titles>no</titles><title>yes</title>", "yes"),
        ("<title></title>", None),
        ("<title>never closed", None),
        ("<title", None),
        ("", None),
        ("x" * title.CAP + "<title>too far</title>", None),
    ],
)
def test_the_first_title_near_the_top_is_found(content: str, found: str | None) -> None:
    assert scanned(content) == found


def test_the_page_s_encoding_is_minded() -> None:
    assert scanned("<title>é</title>".encode("latin-1"), content_type="text/html; charset=latin-1") == "é"
    assert scanned("<title>é</title>".encode(), content_type="text/html; charset=nonsense") == "é"
    assert scanned(b"<title>\xff</title>") == "\ufffd"


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "image/svg+xml", ""])
def test_only_html_is_searched(content_type: str) -> None:
    assert scanned("<title>no page</title>", content_type=content_type) is None


def test_a_page_that_is_made_to_be_slow_is_not() -> None:
    began = time.process_time()
    assert scanned("<title " * 10_000) is None
    assert scanned("<title>" + "</titl" * 10_000) is None
    assert time.process_time() - began < 0.5


async def ask_in_a_loop(request: HttpRequest) -> str | None:
    return title.of(request, HttpResponse(), scan=False)


def test_a_cms_title_that_needs_a_query_is_left_alone_under_async() -> None:
    class Page:
        def get_page_title(self) -> str:
            return str(User.objects.count())

    request = HttpRequest()
    request.current_page = Page()  # type: ignore[attr-defined]
    assert title.of(request, HttpResponse(), scan=False) is not None
    assert asyncio.run(ask_in_a_loop(request)) is None


def test_another_cms_s_page_is_told_by_its_name() -> None:
    class Page:
        def __str__(self) -> str:
            return "By its name"

    request = HttpRequest()
    request.current_page = Page()  # type: ignore[attr-defined]
    assert title.of(request, HttpResponse(), scan=False) == "By its name"
