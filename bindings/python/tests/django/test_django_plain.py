"""The short way, which most requests go, leads where the long one does."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpResponse
from django.test import override_settings
from django.urls import ResolverMatch
from django_kit import Recorded

from trackside import Hit, wsgi
from trackside.django import live, middleware, plain

#: A navigation, as gunicorn hands it on.
ENVIRON = {
    "wsgi.url_scheme": "http",
    "REQUEST_METHOD": "GET",
    "SCRIPT_NAME": "",
    "PATH_INFO": "/bare/",
    "QUERY_STRING": "utm_source=news&page=2",
    "RAW_URI": "/bare/?utm_source=news&page=2",
    "SERVER_NAME": "127.0.0.1",
    "SERVER_PORT": "8000",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "REMOTE_ADDR": "203.0.113.9",
    "HTTP_HOST": "www.example.com",
    "HTTP_USER_AGENT": "a browser",
    "HTTP_ACCEPT": "text/html",
    "HTTP_ACCEPT_LANGUAGE": "en",
    "HTTP_REFERER": "https://example.org/x",
}

#: What is another's or of another moment.
VARIES = {"id", "visitor", "at", "first_visit", "session", "text"}


class Seen(NamedTuple):
    """What came of a request."""

    status: str
    #: Without what a cookie holds.
    headers: list[tuple[str, str]]
    body: bytes
    hits: list[dict[str, Any]]


@pytest.fixture(autouse=True)
def _no_log_of_failures() -> Iterator[None]:
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


def visit(hits: Recorded, **changes: Any) -> Seen:
    """A request with these changes of its environ; None takes out."""
    before = len(hits())
    status, headers, body = answered({**ENVIRON, **changes})
    plainly = [(name, value.partition("=")[0] if name == "Set-Cookie" else value) for name, value in headers]
    return Seen(status, plainly, body, [_shown(hit) for hit in hits()[before:]])


def answered(environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
    """What a server is told, and given."""
    told: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> Callable[[bytes], object]:
        told.append((status, headers))
        return lambda _: None

    whole = {**environ, "wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO()}
    kept = {name: value for name, value in whole.items() if value is not None}
    response = WSGIHandler()(kept, start_response)
    body = b"".join(response)
    response.close()
    ((status, headers),) = told
    return status, headers, body


def _shown(hit: Hit) -> dict[str, Any]:
    return {name: value for name, value in vars(hit).items() if name not in VARIES and name[0] != "_"}


def page(path: str) -> dict[str, str]:
    """The changes for a path."""
    return {"PATH_INFO": path, "QUERY_STRING": "", "RAW_URI": path}


def refuse(*_: object) -> Any:
    raise AssertionError("it went the long way")


def test_a_plain_request_goes_the_short_way(hits: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    cookie = {"HTTP_COOKIE": _cookie(hits)}
    monkeypatch.setattr(middleware, "begin", refuse)
    monkeypatch.setattr(middleware, "finish", refuse)
    seen = visit(hits, **cookie)
    assert seen.status == "200 OK"
    (hit,) = seen.hits
    assert (hit["site"], hit["path"], hit["query"], hit["route"], hit["is_new"]) == (
        "www.example.com",
        "/bare/",
        "utm_source=news",
        "/bare/",
        False,
    )


@pytest.mark.parametrize("name", ["is_secure", "_get_scheme"])
def test_who_knows_better_whether_it_is_secure_is_asked(hits: Recorded, name: str) -> None:
    environ = {**ENVIRON, "wsgi.input": io.BytesIO()}
    request = WSGIRequest(environ)
    setattr(request, name, lambda: "https")
    assert plain.begin(live.current(), request) is None
    begun = plain.begin(live.current(), WSGIRequest(environ))
    assert begun is not None
    begun.abandon()


@pytest.mark.parametrize("target", [ENVIRON["RAW_URI"], None], ids=["short", "long"])
def test_what_somebody_calls_a_scope_makes_no_request_of_asgi_s(hits: Recorded, target: str | None) -> None:
    request = WSGIRequest({**ENVIRON, "RAW_URI": target, "wsgi.input": io.BytesIO()})
    vars(request)["scope"] = "staff"
    middleware.Middleware(lambda _: HttpResponse("the page"))(request)
    assert [(hit.path, hit.ip) for hit in hits()] == [("/bare/", "203.0.113.0")]
    assert hits.tracker.failures.count == 0


def _cookie(hits: Recorded) -> str:
    """That of somebody who was here; empty where nobody is given one."""
    _, headers, _ = answered(ENVIRON)
    return dict(headers).get("Set-Cookie", "").partition(";")[0]


#: How much of each goes the short way.
REQUESTS: dict[str, tuple[int, dict[str, Any]]] = {
    "as it is": (2, {}),
    "no query": (2, page("/bare/")),
    "by https": (2, {"wsgi.url_scheme": "https"}),
    "another method": (2, {"REQUEST_METHOD": "HEAD"}),
    "mounted": (2, {"SCRIPT_NAME": "/site", "RAW_URI": "/site/bare/?utm_source=news&page=2"}),
    "an encoded path": (0, {**page("/articles/%C3%A9/"), "PATH_INFO": "/articles/\u00c3\u00a9/"}),
    "a path that is not encoded": (0, {**page("/articles/\u00c3\u00a9/")}),
    "a whole URL": (0, {"RAW_URI": "http://www.example.com/bare/?utm_source=news&page=2"}),
    "uWSGI's target": (2, {"RAW_URI": None, "REQUEST_URI": "/bare/?utm_source=news&page=2"}),
    "no target": (0, {"RAW_URI": None}),
    "no host": (0, {"HTTP_HOST": None}),
    "a proxy's host": (0, {"HTTP_X_FORWARDED_HOST": "shop.example"}),
    "a proxy": (0, {"HTTP_X_FORWARDED_FOR": "198.51.100.7"}),
    "a client that was found out": (0, {"werkzeug.proxy_fix.orig": {}}),
    "no peer": (2, {"REMOTE_ADDR": None}),
    "a socket's path": (2, {"REMOTE_ADDR": "unix:"}),
    "bytes": (0, {"HTTP_REFERER": b"https://example.org/x"}),
    "latin-1": (2, {"HTTP_USER_AGENT": "caf\u00e9"}),
    "beyond latin-1": (2, {"HTTP_USER_AGENT": "\u20ac"}),
    "a line feed": (0, {"HTTP_USER_AGENT": "one\ntwo"}),
    "a fragment": (2, {"HTTP_HX_REQUEST": "true"}),
    "no cookie that we know": (1, {"HTTP_COOKIE": "trackside=nonsense; other=1"}),
}

#: How much goes the short way of a request without a proxy, of one by a proxy, and of one whose client the
#: server has found out.
SETTINGS: dict[str, tuple[tuple[int, int, int], dict[str, Any]]] = {
    "as it is": ((2, 0, 0), {}),
    "the site's name": ((2, 0, 0), {"TRACKSIDE_SITE": "sites", "SITE_ID": 1}),
    "titles": ((1, 0, 0), {"TRACKSIDE_TITLE": "html"}),
    "users": ((1, 0, 0), {"TRACKSIDE_USER": True}),
    "a proxy's scheme": ((0, 0, 0), {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")}),
    "opt-in": ((0, 0, 0), {"TRACKSIDE": {"consent": {"policy": "opt-in"}}}),
    "a proxy that is trusted": (
        (2, 2, 0),
        {
            "TRACKSIDE": {
                "consent": {"policy": "notice"},
                "privacy": {"ip": "full"},
                "proxy": {"trusted": ["203.0.113.9"]},
            }
        },
    ),
    "off": ((2, 0, 0), {"TRACKSIDE": {"consent": {"policy": "none"}, "mode": "off"}}),
}

#: How much of each goes the short way.
PAGES = {
    "/page/": 2,
    "/bare/": 2,
    "/titled/": 1,
    "/cms/yes/": 1,
    "/cms/no/": 1,
    "/redirect/": 2,
    "/greeting/": 2,
    "/stream/": 2,
    "/api/": 2,
    "/shared/": 1,
    "/revalidated/": 1,
    "/archive/2026/": 2,
    "/nowhere/": 1,
    "/fails/": 2,
}


def noted(result: Any, went: list[bool]) -> Any:
    went.append(bool(result))
    return result


def compare(hits: Recorded, monkeypatch: pytest.MonkeyPatch, short: int, changes: dict[str, Any]) -> None:
    """The same request by both ways, the second time each: what is known by then is used.

    :param short: how much of it goes the short way, where that is open: 0, 1 (its beginning), 2.
    """
    changes = {"HTTP_COOKIE": _cookie(hits), **changes}
    visit(hits, **changes)
    went: list[bool] = []
    with monkeypatch.context() as patched:
        begin, end = plain.begin, plain.end
        patched.setattr(plain, "begin", lambda *of: noted(begin(*of), went))
        patched.setattr(plain, "end", lambda *of: noted(end(*of), went))
        shortly = visit(hits, **changes)
    assert sum(went) == short
    with monkeypatch.context() as patched:
        patched.setattr(plain, "begin", lambda *_: None)
        visit(hits, **changes)
        at_length = visit(hits, **changes)
    assert shortly == at_length
    with monkeypatch.context() as patched:
        patched.setattr(plain, "end", lambda *_: False)
        assert visit(hits, **changes) == at_length


@pytest.mark.parametrize(("short", "changes"), REQUESTS.values(), ids=list(REQUESTS))
def test_both_ways_say_the_same_of_a_request(
    hits: Recorded, monkeypatch: pytest.MonkeyPatch, short: int, changes: dict[str, Any]
) -> None:
    compare(hits, monkeypatch, short, changes)


@pytest.mark.parametrize("changes", [changes for _, changes in REQUESTS.values()], ids=list(REQUESTS))
def test_every_request_is_one_less_to_look_for_a_proxy_at(hits: Recorded, changes: dict[str, Any]) -> None:
    before = hits.tracker._looks
    visit(hits, **changes)
    assert hits.tracker._looks == before - 1


@pytest.mark.parametrize(("short", "changes"), SETTINGS.values(), ids=list(SETTINGS))
def test_both_ways_follow_the_settings(
    hits: Recorded, monkeypatch: pytest.MonkeyPatch, short: tuple[int, int, int], changes: dict[str, Any]
) -> None:
    known = {"HTTP_COOKIE": _cookie(hits), **page("/page/")}
    forwarded = {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_FOR": "198.51.100.7"}
    with override_settings(**changes):
        compare(hits, monkeypatch, short[0], known)
        compare(hits, monkeypatch, short[1], {**known, **forwarded})
        compare(hits, monkeypatch, short[2], {**known, **forwarded, "werkzeug.proxy_fix.orig": {}})


@pytest.mark.parametrize(("path", "short"), PAGES.items(), ids=list(PAGES))
def test_both_ways_say_the_same_of_a_response(
    hits: Recorded, monkeypatch: pytest.MonkeyPatch, path: str, short: int
) -> None:
    compare(hits, monkeypatch, short, page(path))


def title(request: Any, response: HttpResponse) -> None:
    request.trackside.title = "Set by the view"


def show(request: Any, response: HttpResponse) -> None:
    request.current_page = "A page of the CMS"


def share(request: Any, response: HttpResponse) -> None:
    response["Cache-Control"] = "public, max-age=600"


def hide(request: Any, response: HttpResponse) -> None:
    response.status_code = 404


def retype(request: Any, response: HttpResponse) -> None:
    response["Content-Type"] = "application/json"


def move(request: Any, response: HttpResponse) -> None:
    request.resolver_match.route = "elsewhere/"


def mount(request: Any, response: HttpResponse) -> None:
    request.META["SCRIPT_NAME"] = "/site"


@pytest.mark.parametrize("say", [title, show, share, hide, retype, move, mount])
def test_a_page_that_was_seen_before_may_be_another_this_time(hits: Recorded, say: Any) -> None:
    says = [lambda *_: None, say]

    def view(request: Any) -> HttpResponse:
        request.resolver_match = ResolverMatch(view, (), {}, route="page/")
        response = HttpResponse("the page")
        says[0](request, response)
        return response

    def ask() -> tuple[int, list[tuple[str, str]], list[str], list[dict[str, Any]]]:
        before = len(hits())
        response: Any = counting(WSGIRequest({**ENVIRON, "wsgi.input": io.BytesIO()}))
        shown = [_shown(hit) for hit in hits()[before:]]
        return response.status_code, list(response.items()), list(response.cookies), shown

    # Nobody is told anything, and so the short way is open to new visitors, to whom a cookie may be given.
    with override_settings(TRACKSIDE={"consent": {"policy": "none"}}):
        counting = middleware.Middleware(view)
        ask()
        before = ask()
        says.pop(0)
        seen = ask()
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(plain, "end", lambda *_: False)
            assert ask() == seen != before


def test_what_a_middleware_further_out_counts_is_counted_once(hits: Recorded) -> None:
    outer = wsgi.TracksideMiddleware(WSGIHandler(), tracker=hits.tracker)
    environ = {**ENVIRON, "wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO()}
    list(outer(environ, lambda *_: lambda _: None))
    assert [hit.path for hit in hits()] == ["/bare/"]


def test_a_verdict_that_cannot_be_appended_leaves_the_page_alone(
    hits: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    with override_settings(TRACKSIDE={"consent": {"policy": "none"}}):
        assert "Set-Cookie" in dict(visit(hits).headers)
        failures = live.tracker().failures
        monkeypatch.setattr(plain, "append", refuse)
        seen = visit(hits)
    assert (seen.status, len(seen.hits), failures.count) == ("200 OK", 1, 1)


@pytest.mark.parametrize("attribute", ["META", "environ", "method", "path", "resolver_match"])
def test_what_others_have_broken_of_a_request_leaves_the_page_alone(hits: Recorded, attribute: str) -> None:
    """As by a middleware between."""
    request = WSGIRequest({**ENVIRON, "wsgi.input": io.BytesIO()})
    setattr(request, attribute, object())
    response = HttpResponse("the page")
    assert middleware.Middleware(lambda _: response)(request) is response


@pytest.mark.parametrize("attribute", ["headers", "status_code", "cookies"])
def test_what_others_have_broken_of_a_response_leaves_the_page_alone(hits: Recorded, attribute: str) -> None:
    request = WSGIRequest({**ENVIRON, "wsgi.input": io.BytesIO()})
    request.resolver_match = ResolverMatch(refuse, (), {}, route="page/")
    response = HttpResponse("the page")
    setattr(response, attribute, object())
    assert middleware.Middleware(lambda _: response)(request) is response
