"""The beacon in Django: answered by the middleware, loaded by a template tag; how cached pages count."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import django_pages
import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import override_settings
from django_kit import Recorded, Visitor

CACHED = [
    "django.middleware.cache.UpdateCacheMiddleware",
    *settings.MIDDLEWARE,
    "django.middleware.cache.FetchFromCacheMiddleware",
]

OWN = {
    "accept": "*/*",
    "sec_fetch_dest": "empty",
    "sec_fetch_mode": "same-origin",
    "sec_fetch_site": "same-origin",
}


@pytest.fixture(autouse=True)
def _with_a_beacon(request: pytest.FixtureRequest) -> Iterator[None]:
    policy = getattr(request, "param", "none")
    with override_settings(TRACKSIDE={"consent": {"policy": policy}, "beacon": {"path": "/t/"}}):
        yield


def report(visitor: Visitor, path: str) -> Any:
    """What the script does when a page is shown."""
    return visitor.request("post", f"/t/?p={path}", **OWN)


def test_the_tag_gives_the_page_to_the_beacon(visitor: Visitor, hits: Recorded) -> None:
    page = visitor.get("/with-beacon/").content.decode()
    script = re.search(r'<script defer src="([^"]+)"></script>', page)
    assert script is not None
    answer = visitor.get(script[1])
    assert answer["Content-Type"] == "text/javascript; charset=utf-8"
    assert "Set-Cookie" not in answer
    answer = report(visitor, "/with-beacon/")
    assert (answer.status_code, answer.content) == (204, b"")
    assert "Content-Type" not in answer
    assert answer["Cache-Control"] == "private, no-store"
    assert "trackside" in answer.cookies
    assert [hit.path for hit in hits()] == ["/with-beacon/"]
    assert hits.tracker.stats().requests.skipped == {"beacon": 1, "endpoint": 1}


def test_other_pages_are_counted_by_the_server(visitor: Visitor, hits: Recorded) -> None:
    assert visitor.get("/page/").status_code == 200
    assert [hit.path for hit in hits()] == ["/page/"]


def test_a_form_token_is_not_asked_for_and_other_sites_are_refused(visitor: Visitor, hits: Recorded) -> None:
    visitor.client.handler.enforce_csrf_checks = True
    assert report(visitor, "/a/").status_code == 204
    assert visitor.request("post", "/t/?p=/a/", **{**OWN, "sec_fetch_site": "cross-site"}).status_code == 403
    assert [hit.path for hit in hits()] == ["/a/"]


def test_two_visitors_of_a_cached_page_are_two_and_each_view_counts_once(
    is_async: bool, hits: Recorded
) -> None:
    cache.clear()
    django_pages.made.clear()
    with override_settings(MIDDLEWARE=CACHED):
        visitors = [Visitor(is_async) for _ in range(3)]
        for _ in range(2):
            for visitor in visitors:
                page = visitor.get("/with-beacon/")
                assert "trackside" not in page.cookies
                assert "Cookie" not in page.get("Vary", "")
                assert "/t/s.js" in page.content.decode()
                report(visitor, "/with-beacon/")
    cache.clear()
    assert django_pages.made == ["/with-beacon/"], "the cache answers all but the first"
    ids = [hit.visitor for hit in hits()]
    assert len(ids) == 6
    assert ids[:3] == ids[3:]
    assert len(set(ids)) == 3
    assert "" not in ids
    assert hits.tracker.stats().requests.skipped == {"beacon": 6}
