"""The notice: once, on the first page, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.sessions.models import Session
from django.test import override_settings
from django_kit import Recorded, Visitor

NOTICE = "testserver uses a cookie to count visits."


def shown(response: Any) -> int:
    """How often the notice stands in a page."""
    count: int = response.content.decode().count("uses a cookie")
    return count


def test_the_first_page_shows_it_as_a_message_and_no_other_page(visitor: Visitor, hits: Recorded) -> None:
    page = visitor.get("/page/").content.decode()
    assert f'<p class="alert-info info">{NOTICE}</p><p>{NOTICE}</p>' in page
    assert shown(visitor.get("/page/")) == 0


def test_the_site_is_escaped_for_both_ways_of_showing_it(visitor: Visitor, hits: Recorded) -> None:
    text = {"policy": "notice", "notice": '{site} <b>counts</b> & "tells"'}
    with override_settings(TRACKSIDE={"consent": text}):
        page = visitor.get("/page/").content.decode()
    html = "testserver &lt;b&gt;counts&lt;/b&gt; &amp; &quot;tells&quot;"
    assert f"{html}</p><p>{html}</p>" in page


def test_a_redirect_shows_it_once_on_the_page_it_leads_to(visitor: Visitor, hits: Recorded) -> None:
    assert shown(visitor.get("/redirect/")) == 0
    assert shown(visitor.get("/page/")) == 2  # The page shows each message in two ways.
    assert shown(visitor.get("/page/")) == 0


def test_a_message_of_the_site_s_own_survives_the_redirect(visitor: Visitor, hits: Recorded) -> None:
    visitor.get("/redirect/?message")
    page = visitor.get("/page/").content.decode()
    assert page.count("Saved.") == 2
    assert page.count("uses a cookie") == 2


def test_a_page_without_messages_leaves_nothing_behind(visitor: Visitor, hits: Recorded) -> None:
    response = visitor.get("/bare/")
    assert response.cookies.keys() == {"trackside"}
    assert shown(visitor.get("/page/")) == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_dest": "empty", "accept": "*/*"},
        {"sec_fetch_dest": "", "accept": "application/json"},
    ],
)
def test_who_asks_for_no_page_is_told_nothing(
    visitor: Visitor, hits: Recorded, headers: dict[str, str]
) -> None:
    assert shown(visitor.get("/page/", **headers)) == 0


@pytest.mark.parametrize("method", ["post", "head"])
def test_only_a_get_is_told(visitor: Visitor, hits: Recorded, method: str) -> None:
    track = {"methods": ["GET", "POST", "HEAD"]}
    with override_settings(TRACKSIDE={"consent": {"policy": "notice"}, "track": track}):
        response = visitor.request(method, "/page/")
        assert len(hits()) == 1
    assert shown(response) == 0
    assert "messages" not in response.cookies


@pytest.mark.parametrize(
    "storage", ["cookie.CookieStorage", "session.SessionStorage", "fallback.FallbackStorage"]
)
def test_every_storage_of_messages_will_do(is_async: bool, hits: Recorded, storage: str) -> None:
    with override_settings(MESSAGE_STORAGE=f"django.contrib.messages.storage.{storage}"):
        visitor = Visitor(is_async)
        visitor.get("/redirect/")
        assert shown(visitor.get("/page/")) == 2
        assert shown(visitor.get("/page/")) == 0


class FullStorage(FallbackStorage):
    """One that takes no message."""

    def add(self, level: int, message: str, extra_tags: str | None = "") -> None:
        raise OSError("no room")


def test_a_storage_that_takes_no_message_costs_no_hit(visitor: Visitor, hits: Recorded) -> None:
    with override_settings(MESSAGE_STORAGE=f"{__name__}.FullStorage"):
        before = hits.tracker.failures.count
        assert visitor.get("/articles/bridge/").cookies.keys() == {"trackside"}
    assert [hit.route for hit in hits()] == ["/articles/<slug:slug>/"]
    assert hits.tracker.failures.count == before + 1


def test_where_messages_of_its_level_are_not_wanted_the_site_s_own_are_left_alone(
    visitor: Visitor, hits: Recorded
) -> None:
    with override_settings(MESSAGE_LEVEL=25):
        visitor.get("/redirect/?message")
        page = visitor.get("/page/").content.decode()
    assert (page.count("Saved."), page.count("uses a cookie")) == (2, 0)


def test_the_tag_shows_it_in_place_of_the_message(visitor: Visitor, hits: Recorded) -> None:
    page = visitor.get("/tagged/").content.decode()
    assert page.split() == (f'<div class="alert alert-info" role="status">{NOTICE}</div> <i></i>').split()
    assert "uses" not in visitor.get("/tagged/").content.decode()


def test_the_tag_needs_no_messages(is_async: bool, hits: Recorded) -> None:
    order = [path for path in settings.MIDDLEWARE if "MessageMiddleware" not in path]
    with override_settings(MIDDLEWARE=order):
        visitor = Visitor(is_async)
        assert shown(visitor.get("/tagged/")) == 1
        assert shown(visitor.get("/tagged/")) == 0


def test_the_tag_escapes_the_site(visitor: Visitor, hits: Recorded) -> None:
    with override_settings(TRACKSIDE={"consent": {"policy": "notice", "notice": "<b>"}}):
        assert "&lt;b&gt;" in visitor.get("/tagged/").content.decode()


@pytest.mark.parametrize(("path", "is_shown"), [("/page/", 0), ("/tagged/", 1)])
def test_a_question_without_a_form_is_for_the_site_to_ask(
    visitor: Visitor, hits: Recorded, path: str, is_shown: int
) -> None:
    with override_settings(TRACKSIDE={"consent": {"policy": "opt-in"}}):
        assert visitor.get(path).content.decode().count("May testserver") == is_shown


@pytest.mark.parametrize(
    ("path", "is_private"), [("/redirect/", False), ("/page/", True), ("/tagged/", True)]
)
def test_a_page_that_shows_it_is_the_visitor_s_alone(
    visitor: Visitor, hits: Recorded, path: str, is_private: bool
) -> None:
    with override_settings(TRACKSIDE={"consent": {"policy": "notice"}, "track": {"status": ["500"]}}):
        response = visitor.get(path)
    assert "trackside" not in response.cookies
    assert (response.get("Cache-Control") == "private") is is_private


def test_without_a_notice_there_is_none(visitor: Visitor, hits: Recorded) -> None:
    for changed in ({"consent": {"policy": "none"}}, {"consent": {"policy": "notice"}, "mode": "dry-run"}):
        with override_settings(TRACKSIDE=changed):
            assert shown(visitor.get("/page/")) == 0


# The session


@pytest.mark.parametrize("path", ["/page/", "/bare/", "/redirect/", "/tagged/", "/titled/"])
def test_the_session_is_neither_read_nor_written(visitor: Visitor, hits: Recorded, path: str) -> None:
    Session.objects.all().delete()
    with override_settings(TRACKSIDE_USER=True, TRACKSIDE_TITLE="html"):
        for _ in range(2):
            response = visitor.get(path)
            assert not response.has_header("Vary")
            request = response.asgi_request if visitor.is_async else response.wsgi_request
            assert not request.session.accessed
            assert response.cookies.keys() <= {"trackside"}
    assert not Session.objects.exists()


@pytest.mark.parametrize(
    "storage", ["cookie.CookieStorage", "session.SessionStorage", "fallback.FallbackStorage"]
)
def test_where_no_page_reads_messages_no_storage_is_touched(
    is_async: bool, hits: Recorded, storage: str
) -> None:
    Session.objects.all().delete()
    with override_settings(MESSAGE_STORAGE=f"django.contrib.messages.storage.{storage}"):
        for path in ("/bare/", "/redirect/"):
            response = Visitor(is_async).get(path)
            assert not response.has_header("Vary")
            assert response.cookies.keys() <= {"trackside"}
    assert not Session.objects.exists()
