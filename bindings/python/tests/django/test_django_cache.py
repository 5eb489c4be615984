"""Django's per-site cache: pages from it count, and no visitor gets another's cookie from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import django_pages
import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import override_settings
from django_kit import Recorded, Visitor

ORDER = [
    "django.middleware.cache.UpdateCacheMiddleware",
    *settings.MIDDLEWARE,
    "django.middleware.cache.FetchFromCacheMiddleware",
]


@pytest.fixture(autouse=True)
def _cached() -> Iterator[None]:
    cache.clear()
    with override_settings(MIDDLEWARE=ORDER):
        yield
    cache.clear()


@pytest.fixture
def made() -> list[str]:
    """The paths of pages that a view has made."""
    django_pages.made.clear()
    return django_pages.made


def cookie(response: Any) -> str | None:
    morsel = response.cookies.get("trackside")
    return morsel.value.partition(".")[0] if morsel else None


def test_two_visitors_never_share_an_id(is_async: bool, hits: Recorded, made: list[str]) -> None:
    first, second, third = (Visitor(is_async) for _ in range(3))
    ids = [cookie(first.get("/page/")), cookie(second.get("/page/"))]
    assert None not in ids
    assert ids[0] != ids[1]
    # Who is known gets no cookie: that page may be kept.
    assert cookie(first.get("/page/")) is None
    assert len(made) == 3
    from_cache = third.get("/page/")
    assert len(made) == 3
    assert cookie(from_cache) is None
    assert "uses a cookie" not in from_cache.content.decode()
    *known, from_cache_of = [hit.visitor for hit in hits()]
    assert known == [*ids, ids[0]]
    # Where no cookie can be set the hit has the id of the day, or none.
    assert from_cache_of not in ids
    assert (hits()[-1].is_cookieless, hits()[-1].is_new) == (True, None)


ASKING = {"consent": {"policy": "opt-in", "path": "/consent/"}}


def test_a_banner_is_kept_for_nobody_else(is_async: bool, hits: Recorded, made: list[str]) -> None:
    with override_settings(TRACKSIDE=ASKING):
        asked, granted = Visitor(is_async), Visitor(is_async)
        granted.client.cookies["trackside_consent"] = "granted"
        for path in ("/page/", "/tagged/"):
            first = asked.get(path)
            assert "trackside-consent" in first.content.decode()
            assert first["Cache-Control"] == "private"
            assert "trackside-consent" not in granted.get(path).content.decode()
    assert made == ["/page/"] * 2


def test_a_page_that_shows_no_notice_is_kept_as_ever(is_async: bool, hits: Recorded) -> None:
    with override_settings(TRACKSIDE=ASKING):
        assert Visitor(is_async).get("/bare/")["Cache-Control"] == "max-age=600"


def test_pages_from_the_cache_count(is_async: bool, hits: Recorded, made: list[str]) -> None:
    visitor = Visitor(is_async)
    for _ in range(5):
        assert visitor.get("/titled/").status_code == 200
    assert made == ["/titled/"] * 2
    pages = [hit for hit in hits() if hit.kind == "page"]
    assert len(pages) == 5
    assert len({hit.visitor for hit in pages}) == 1
    # What a view says, it says only when it runs.
    assert [hit.title for hit in pages] == ["Set by the view"] * 2 + [""] * 3


def test_a_page_that_a_view_lets_be_shared_carries_no_cookie(is_async: bool, hits: Recorded) -> None:
    first, second = Visitor(is_async), Visitor(is_async)
    for visitor in (first, second):
        response = visitor.get("/shared/")
        assert cookie(response) is None
        assert "private" not in response["Cache-Control"]
    assert len({hit.visitor for hit in hits()}) == 1, "two of one address and one browser, without a cookie"
    assert [(hit.is_cookieless, hit.is_new) for hit in hits()] == [(True, None)] * 2


def test_a_page_that_is_marked_by_the_view_keeps_its_marks(is_async: bool, hits: Recorded) -> None:
    response = Visitor(is_async).get("/revalidated/")
    assert cookie(response) is not None
    assert response["Cache-Control"] == "no-cache, private"


def test_a_cookie_on_a_page_that_is_not_to_be_stored_is_not_kept(is_async: bool, hits: Recorded) -> None:
    first, second = Visitor(is_async), Visitor(is_async)
    second.get("/bare/")
    assert cookie(first.get("/unstored/")) is not None
    assert cookie(second.get("/unstored/")) is None
