"""What is counted, and what a hit holds."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import django
import django_pages
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sites.models import SITE_CACHE, Site
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.test import Client, RequestFactory, override_settings
from django.test.utils import CaptureQueriesContext
from django_kit import PAGE, Recorded, Visitor

from trackside import RecordingTransport
from trackside.wsgi import TracksideMiddleware


def test_a_page_is_counted_with_its_route_and_visitor(visitor: Visitor, hits: Recorded) -> None:
    response = visitor.get("/articles/bridge/?utm_source=news&page=2", referer="https://example.org/x?y")
    (hit,) = hits()
    assert (hit.site, hit.path, hit.query) == ("testserver", "/articles/bridge/", "utm_source=news")
    assert (hit.route, hit.referrer, hit.ip) == (
        "/articles/<slug:slug>/",
        "https://example.org/x",
        "127.0.0.0",
    )
    assert response.cookies["trackside"].value.startswith(f"{hit.visitor}.")
    assert response["Cache-Control"] == "private"


def test_the_cookie_is_set_once_with_all_its_attributes(visitor: Visitor, hits: Recorded) -> None:
    cookie = visitor.get("/page/").cookies["trackside"]
    assert (cookie["path"], cookie["samesite"], cookie["httponly"], cookie["max-age"]) == (
        "/",
        "Lax",
        True,
        "31536000",
    )
    assert "trackside" not in visitor.get("/page/").cookies
    first, second = hits()
    assert (first.is_new, second.is_new) == (True, False)
    assert first.visitor == second.visitor != ""


def test_the_cookie_is_secure_where_django_says_that_the_client_came_by_https(
    visitor: Visitor, hits: Recorded
) -> None:
    with override_settings(SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https")):
        assert visitor.get("/page/", x_forwarded_proto="https").cookies["trackside"]["secure"]


def test_a_route_in_an_include_is_told_in_whole(visitor: Visitor, hits: Recorded) -> None:
    visitor.get("/archive/2026/")
    assert hits()[0].route == "/archive/(?P<year>[0-9]{4})/$"


def test_a_route_that_is_an_expression_begins_without_its_mark(visitor: Visitor, hits: Recorded) -> None:
    visitor.get("/old-2026/")
    assert hits()[0].route == "/old-(?P<year>[0-9]{4})/$"


@pytest.mark.parametrize("path", ["/page/", "/apage/"])
def test_views_of_both_kinds_are_counted(visitor: Visitor, hits: Recorded, path: str) -> None:
    assert visitor.get(path).status_code == 200
    assert [hit.path for hit in hits()] == [path]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/api/", "content-type"),
        ("/nowhere/", "status"),
        ("/redirect/", "status"),
        ("/admin/", "ignored"),
    ],
)
def test_what_is_no_page_is_not_counted(visitor: Visitor, hits: Recorded, path: str, reason: str) -> None:
    with override_settings(TRACKSIDE={"consent": {"policy": "notice"}, "track": {"ignore": ["/admin/"]}}):
        response = visitor.get(path)
        assert hits.tracker.stats().requests.skipped == {reason: 1}
    assert not response.cookies.keys() & {"trackside"}
    assert not hits()


ASKED = "/caf%C3%A9/%25/%3F"
ALL = {"consent": {"policy": "none"}, "track": {"status": ["404"]}}


def test_a_path_beyond_ascii_is_recorded_as_it_was_asked_for(hits: Recorded) -> None:
    with override_settings(TRACKSIDE=ALL):
        Client().get(f"{ASKED}?utm_source=a%20b", headers=PAGE)
        assert [(hit.path, hit.query) for hit in hits()] == [(ASKED, "utm_source=a%20b")]


def test_a_path_is_recorded_as_it_was_asked_for_by_asgi_too(hits: Recorded) -> None:
    with override_settings(TRACKSIDE=ALL):
        # Not by the test client, which makes Latin-1 of the path.
        asyncio.run(ask_by_asgi("/root/café/%/?", raw_path=b"/root/caf%c3%a9/%25/%3F", root_path="/root"))
        asyncio.run(ask_by_asgi("/café/"))
        assert [hit.path for hit in hits()] == ["/root/caf%c3%a9/%25/%3F", "/caf%C3%A9/"]


async def ask_by_asgi(path: str, **more: Any) -> None:
    """Asks the site as a server does."""
    sent: list[Any] = []
    received = [{"type": "http.request", "body": b""}]

    async def receive() -> Any:
        # A server that has nothing more to say keeps its silence.
        return received.pop() if received else await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"testserver"), (b"accept", b"text/html")],
        "client": ("203.0.113.9", 50000),
        "server": ("testserver", 80),
        **more,
    }
    await ASGIHandler()(scope, receive, send)
    assert sent[0]["type"] == "http.response.start"


@pytest.mark.parametrize("name", ["/mounted", "/mounted/"])
def test_a_script_name_belongs_to_the_path_and_to_the_route(hits: Recorded, name: str) -> None:
    Client().get("/articles/bridge/", SCRIPT_NAME=name, headers={"accept": "text/html"})
    assert hits()[0].path == "/mounted/articles/bridge/"
    assert hits()[0].route == "/mounted/articles/<slug:slug>/"


def test_a_root_path_belongs_to_the_path_and_to_the_route(hits: Recorded) -> None:
    asyncio.run(ask_by_asgi("/mounted/page/", raw_path=b"/mounted/page/", root_path="/mounted"))
    assert [(hit.path, hit.route) for hit in hits()] == [("/mounted/page/", "/mounted/page/")]


def test_the_server_s_spelling_of_the_path_is_kept(hits: Recorded) -> None:
    with override_settings(TRACKSIDE={"consent": {"policy": "none"}, "track": {"status": ["404"]}}):
        Client().get("/a~b/", headers={"accept": "text/html"}, RAW_URI="/a%7eb/?utm_source=x")
        Client().get("/rewritten/", headers={"accept": "text/html"}, REQUEST_URI="/asked/%7e/")
        assert [hit.path for hit in hits()] == ["/a%7eb/", "/rewritten/"]


def test_the_middleware_works_alone(is_async: bool, hits: Recorded) -> None:
    with override_settings(INSTALLED_APPS=[], MIDDLEWARE=["trackside.django.Middleware"]):
        response = Visitor(is_async).get("/titled/")
    assert response.cookies.keys() == {"trackside"}
    assert [hit.title for hit in hits() if hit.kind == "page"] == ["Set by the view"]


# Titles


def test_the_view_s_title_wins(visitor: Visitor, hits: Recorded) -> None:
    with override_settings(TRACKSIDE_TITLE="html"):
        visitor.get("/titled/")
    page, event = hits()
    assert (page.title, page.properties) == ("Set by the view", {"colour": "red"})
    assert (event.name, event.value) == ("read", 2.0)


def test_the_html_s_title_is_looked_for_if_that_is_asked(visitor: Visitor, hits: Recorded) -> None:
    visitor.get("/bare/")
    with override_settings(TRACKSIDE_TITLE="html"):
        visitor.get("/bare/")
        visitor.get("/page/")
    assert [hit.title for hit in hits()] == ["", "A bare é page", "Café & more"]


@pytest.mark.parametrize("path", ["/stream/", "/encoded/", "/file/"])
def test_a_body_that_is_not_at_hand_has_no_title(visitor: Visitor, hits: Recorded, path: str) -> None:
    with override_settings(TRACKSIDE_TITLE="html"):
        response = visitor.get(path)
        if not visitor.is_async and response.streaming:
            b"".join(response.streaming_content)
        response.close()
        late = hits.tracker.stats().requests.late
    assert [hit.title for hit in hits()] == [""]
    assert late == (1 if path == "/stream/" and not visitor.is_async else 0)


@pytest.mark.parametrize(("looks", "title"), [("yes", "From the CMS"), ("no", "")])
def test_the_cms_page_gives_the_title_where_it_was_shown(
    visitor: Visitor, hits: Recorded, looks: str, title: str
) -> None:
    visitor.get(f"/cms/{looks}/")
    assert hits()[0].title == title


# Users


#: Pages whose view looks at the user. Django 4.2 has no ``auser``.
LOOKING = ["/greeting/", "/agreeting/"] if django.VERSION >= (5, 0) else ["/greeting/"]


@pytest.fixture
def reader() -> Any:
    user, _ = User.objects.get_or_create(username="reader")
    return user


@pytest.mark.parametrize("path", LOOKING)
def test_the_user_is_recorded_when_asked_and_where_the_view_has_looked(
    visitor: Visitor, hits: Recorded, reader: Any, path: str
) -> None:
    visitor.client.force_login(reader)
    with override_settings(TRACKSIDE_USER=True):
        visitor.get(path)
        visitor.get("/bare/")
    assert [hit.user_id for hit in hits()] == [str(reader.pk), ""]


def test_nobody_is_recorded_unasked_or_where_nobody_is_logged_in(
    visitor: Visitor, hits: Recorded, reader: Any
) -> None:
    with override_settings(TRACKSIDE_USER=True):
        visitor.get("/greeting/")
        visitor.client.force_login(reader)
    visitor.get("/greeting/")
    assert [hit.user_id for hit in hits()] == ["", ""]


# Sites


@pytest.fixture
def site() -> Any:
    made, _ = Site.objects.update_or_create(pk=7, defaults={"domain": "www.example.org", "name": "Example"})
    SITE_CACHE.clear()
    with override_settings(SITE_ID=7):
        yield made
    SITE_CACHE.clear()


def test_the_site_is_the_framework_s_and_asked_for_once(visitor: Visitor, hits: Recorded, site: Any) -> None:
    visitor.get("/bare/")
    with CaptureQueriesContext(connection) as queries:
        visitor.get("/bare/")
    assert [hit.site for hit in hits()] == ["www.example.org"] * 2
    assert not queries.captured_queries


@pytest.mark.parametrize(
    ("domain", "host"),
    [
        ("müller.example:8000", "xn--mller-kva.example"),
        ("straße.example", "testserver"),
        ("https://www.example.org", "testserver"),
        ("www.example.org/", "testserver"),
    ],
)
def test_a_domain_is_the_host_that_it_says(
    visitor: Visitor, hits: Recorded, site: Any, domain: str, host: str
) -> None:
    site.domain = domain
    site.full_clean()
    site.save()
    visitor.get("/bare/")
    assert [hit.site for hit in hits()] == [host]


def test_a_site_that_is_saved_is_followed(visitor: Visitor, hits: Recorded, site: Any) -> None:
    visitor.get("/bare/")
    site.domain = "new.example.org"
    site.save()
    visitor.get("/bare/")
    assert [hit.site for hit in hits()] == ["www.example.org", "new.example.org"]


def test_without_its_site_the_host_counts(
    visitor: Visitor, hits: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    with override_settings(SITE_ID=999), caplog.at_level(logging.WARNING, "trackside"):
        visitor.get("/bare/")
        visitor.get("/bare/")
    assert [hit.site for hit in hits()] == ["testserver"] * 2
    assert sum("current site" in record.message for record in caplog.records) == 1


@pytest.mark.parametrize(
    "settings",
    [{"TRACKSIDE_SITE": "host"}, {"TRACKSIDE": {"consent": {"policy": "none"}, "site": ["testserver"]}}],
)
def test_the_host_counts_where_the_settings_say_so(
    visitor: Visitor, hits: Recorded, site: Any, settings: dict[str, Any]
) -> None:
    with override_settings(**settings):
        visitor.get("/bare/")
        assert hits()[0].site == "testserver"


def test_the_forwarded_host_counts_where_django_trusts_it(visitor: Visitor, hits: Recorded) -> None:
    visitor.get("/bare/", x_forwarded_host="www.example.net")
    with override_settings(USE_X_FORWARDED_HOST=True):
        visitor.get("/bare/", x_forwarded_host="www.example.net")
    assert [hit.site for hit in hits()] == ["testserver", "www.example.net"]


# What goes wrong


def test_a_site_s_bug_is_the_site_s_alone(visitor: Visitor, hits: Recorded) -> None:
    visitor.client.raise_request_exception = False
    with override_settings(DEBUG_PROPAGATE_EXCEPTIONS=False):
        assert visitor.get("/fails/").status_code == 500
    assert hits.tracker.stats().requests.skipped == {"status": 1}


def test_a_request_that_never_gets_its_response_is_abandoned(hits: Recorded) -> None:
    with pytest.raises(SystemExit):
        Client().get("/ends/", headers=PAGE)
    assert django_pages.kept.pop().is_over
    assert hits.tracker.stats().requests.skipped == {"abandoned": 1}


@pytest.mark.parametrize(
    "meta",
    [
        {"REMOTE_ADDR": ""},
        {"REMOTE_ADDR": None},
        {"REMOTE_ADDR": "/run/site.sock"},
        {"HTTP_REFERER": b"https://example.org/"},
        {"HTTP_REFERER": None},
        {"HTTP_REFERER": "caf\xe9 \u65e5\x00"},
        {"HTTP_COOKIE": "trackside=" + "x" * 100_000},
        {"QUERY_STRING": "\xff&utm_source=%"},
    ],
)
def test_whatever_a_server_hands_over_the_page_is_counted(hits: Recorded, meta: dict[str, Any]) -> None:
    assert Client().get("/bare/", headers=PAGE, **meta).status_code == 200
    assert [hit.path for hit in hits()] == ["/bare/"]
    assert hits.tracker.stats().failures == 0


def test_a_failure_of_ours_is_logged_and_the_page_wins(
    visitor: Visitor, hits: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    with override_settings(MIDDLEWARE=[*settings.MIDDLEWARE, "django_pages.spoil"]):
        clients = Visitor(visitor.is_async), Visitor(visitor.is_async)
        for one in clients:
            with caplog.at_level(logging.ERROR, "trackside"):
                assert one.get("/cms/yes/").status_code == 200
    assert hits.tracker.stats().failures == 2
    assert [hit.path for hit in hits()] == ["/cms/yes/"] * 2
    assert len([record for record in caplog.records if record.name == "trackside"]) == 1


def test_around_a_site_that_counts_itself_the_outermost_counts() -> None:
    transport = RecordingTransport()
    app = TracksideMiddleware(WSGIHandler(), config={"consent": {"policy": "none"}}, transport=transport)
    environ = (
        RequestFactory().get("/titled/", headers={"accept": "text/html", "host": "outer.example"}).environ
    )
    b"".join(app(environ, lambda *head: lambda data: None))
    page, _ = transport.hits
    assert (page.site, page.title, page.route) == ("outer.example", "Set by the view", "/titled/")
    transport.close()


def test_twice_in_the_list_it_counts_once(is_async: bool, hits: Recorded) -> None:
    with override_settings(MIDDLEWARE=[*settings.MIDDLEWARE, "trackside.django.Middleware"]):
        Visitor(is_async).get("/page/")
    assert len(hits()) == 1
