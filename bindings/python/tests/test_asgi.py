"""The ASGI middleware, between an application and what a server does with it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from recorded import BROWSER, CONFIG, HTML, PEER, Site

from trackside import ConfigError, RecordingTransport, Tracker
from trackside.asgi import TracksideMiddleware


def scope(path: str = "/", **changes: Any) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": BROWSER,
        "client": (PEER, 50000),
        "server": ("127.0.0.1", 8000),
        **changes,
    }


def start(status: int = 200, headers: Any = HTML) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": headers}


def body(data: bytes = b"<h1>Hello</h1>", more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


async def page(scope: Any, receive: Any, send: Any) -> None:
    await send(start())
    await send(body())


def run(app: Any, asked: dict[str, Any]) -> list[Any]:
    """What the server is sent."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(asked, receive, send))
    return sent


def wrapped(site: Site, app: Any) -> Any:
    return TracksideMiddleware(app, tracker=site.tracker)


def named(message: Any, name: bytes) -> list[bytes]:
    return [value for key, value in message["headers"] if key == name]


def test_a_page_is_counted_and_its_visitor_given_a_cookie(site: Site) -> None:
    first = start()
    app = _sending(first, body())
    sent = run(wrapped(site, app), scope("/news/", query_string=b"utm_source=mail&x=1"))
    assert sent[1] == body()
    [cookie] = named(sent[0], b"set-cookie")
    assert named(sent[0], b"cache-control") == [b"private"]
    assert first == start(), "the application's own message is left as it is"
    [hit] = site.transport.hits
    assert (hit.path, hit.query, hit.ip, hit.is_secure) == ("/news/", "utm_source=mail", "203.0.113.0", False)
    assert hit.visitor.encode() in cookie

    sent = run(wrapped(site, page), scope(headers=[*BROWSER, (b"cookie", cookie.partition(b";")[0])]))
    assert sent == [start(), body()]
    assert {hit.visitor for hit in site.transport.hits} == {hit.visitor}


def _sending(*messages: Any) -> Callable[[Any, Any, Any], Awaitable[None]]:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    return app


def test_the_exchange_stands_in_the_scope(site: Site) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        exchange = scope["trackside"]
        assert exchange.is_new
        assert exchange.notice
        exchange.title = "News"
        exchange.event("add", label="SKU-1")
        await page(scope, receive, send)
        assert exchange.is_over
        exchange.title = "too late"

    run(wrapped(site, app), scope())
    view, event = site.transport.hits
    assert (view.title, event.name, event.label) == ("News", "add", "SKU-1")
    assert site.tracker.stats().requests.late == 1


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"path": "/news/", "raw_path": b"/news/"}, "/news/"),
        ({"path": "/news/", "raw_path": None}, "/news/"),
        ({"path": "/caf\u00e9", "raw_path": b"/caf%c3%a9"}, "/caf%c3%a9"),
        ({"path": "/caf\u00e9", "raw_path": None}, "/caf%C3%A9"),
        ({"path": "/a/b", "raw_path": b"/a%2Fb"}, "/a%2Fb"),
        ({"path": "/a", "raw_path": b"/a?x=1"}, "/a"),
        ({"path": "", "raw_path": b""}, "/"),
        # The path has the root in front (uvicorn, a mounted application of Starlette), or it has not.
        ({"root_path": "/shop", "path": "/shop/cart", "raw_path": b"/shop/cart"}, "/shop/cart"),
        ({"root_path": "/shop", "path": "/shop/cart", "raw_path": b"/cart"}, "/shop/cart"),
        ({"root_path": "/shop", "path": "/cart", "raw_path": b"/cart"}, "/shop/cart"),
        ({"root_path": "/shop", "path": "/caf\u00e9", "raw_path": b"/caf%c3%a9"}, "/shop/caf%c3%a9"),
        ({"root_path": "/shop", "path": "/shopping", "raw_path": b"/shopping"}, "/shop/shopping"),
        ({"root_path": "/shop/", "path": "/cart", "raw_path": b"/cart"}, "/shop/cart"),
        # One that is of another path.
        ({"path": "/new", "raw_path": b"/old"}, "/new"),
    ],
)
def test_the_path_is_the_one_that_the_client_asked_for(site: Site, asked: dict[str, Any], path: str) -> None:
    run(wrapped(site, page), scope(**asked))
    assert (site.paths, site.failures) == ([path], 0)


@pytest.mark.parametrize("kind", ["websocket", "something.new"])
def test_what_is_not_http_passes_untouched(site: Site, kind: str) -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.extend((scope, receive, send))

    asked = {"type": kind}

    async def nobody(*_: Any) -> Any: ...

    asyncio.run(wrapped(site, app)(asked, nobody, nobody))
    assert seen == [asked, nobody, nobody]
    assert asked == {"type": kind}
    assert site.tracker.stats().requests.seen == 0


def test_the_lifespan_passes_as_it_is(site: Site) -> None:
    messages = [{"type": "lifespan.startup.complete"}, {"type": "lifespan.shutdown.complete"}]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert await receive() == {"type": "http.disconnect"}
        for message in messages:
            await send(message)

    asked = {"type": "lifespan"}
    sent = run(wrapped(site, app), asked)
    assert all(one is other for one, other in zip(sent, messages))
    assert (len(sent), asked) == (2, {"type": "lifespan"})
    assert site.tracker.stats().requests.seen == 0


def test_receive_is_the_servers_own(site: Site) -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(receive)
        await page(scope, receive, send)

    async def receive() -> Any: ...

    async def send(message: Any) -> None: ...

    asyncio.run(wrapped(site, app)(scope(), receive, send))
    assert seen == [receive]


def test_a_stream_is_counted_once_at_its_start_and_passes_as_it_is(site: Site) -> None:
    counted: list[int] = []
    parts = [body(b"data: 1\n\n", True), body(b"data: 2\n\n", True), body(b"")]
    extra = {"type": "http.response.trailers", "headers": []}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        counted.append(len(site.paths))
        await send(start())
        counted.append(len(site.paths))
        for part in parts:
            await send(part)
        await send(extra)

    sent = run(wrapped(site, app), scope())
    assert all(one is other for one, other in zip(sent[1:], [*parts, extra]))
    assert counted == [0, 1]


def test_an_event_stream_is_no_page(site: Site) -> None:
    headers = [(b"content-type", b"text/event-stream")]
    sent = run(wrapped(site, _sending(start(200, headers), body(b""))), scope())
    assert sent[0] == start(200, headers)
    assert site.skipped == {"content-type": 1}


def test_an_application_that_raises_is_abandoned_and_raises(site: Site) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        run(wrapped(site, app), scope())
    assert (site.skipped, site.failures) == ({"abandoned": 1}, 0)


def test_an_application_that_answers_nothing_is_abandoned(site: Site) -> None:
    assert run(wrapped(site, _sending()), scope()) == []
    assert site.skipped == {"abandoned": 1}


def test_an_application_that_is_cancelled_is_abandoned(site: Site) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.Event().wait()

    async def disconnected() -> None:
        task = asyncio.create_task(wrapped(site, app)(scope(), None, None))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(disconnected())
    assert site.skipped == {"abandoned": 1}


def test_a_mounted_application_sees_the_outer_exchange_and_counts_nothing(site: Site) -> None:
    inner = Site()
    run(wrapped(site, wrapped(inner, page)), scope())
    assert (len(site.paths), inner.tracker.stats().requests.seen) == (1, 0)


def test_a_scope_that_is_used_again_is_counted_again(site: Site) -> None:
    asked = scope()
    for _ in range(2):
        run(wrapped(site, page), asked)
    assert len(site.paths) == 2


def test_requests_that_run_at_once_are_told_apart(site: Site) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        scope["trackside"].title = scope["path"]
        await asyncio.sleep(0)
        await page(scope, receive, send)

    async def all_at_once() -> None:
        async def send(message: Any) -> None: ...

        app_ = wrapped(site, app)
        await asyncio.gather(*(app_(scope(f"/{n}"), None, send) for n in range(100)))

    asyncio.run(all_at_once())
    assert sorted((hit.path, hit.title) for hit in site.transport.hits) == sorted(
        (f"/{n}", f"/{n}") for n in range(100)
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"client": None},
        {"client": ("", 0)},
        {"client": ("unix:/run/socket", None)},
        {"client": ["2001:db8::1", 1]},
        {"headers": [[b"host", b"www.example.com"], [b"user-agent", b"\xff\x00"], [b"accept", b"text/html"]]},
        {"headers": iter(BROWSER)},
        {"headers": [(b"user-agent", None), ("referer", "\u20ac"), *BROWSER]},
        {"query_string": None},
        {"root_path": None},
    ],
)
def test_odd_requests_are_counted_all_the_same(site: Site, changes: dict[str, Any]) -> None:
    assert run(wrapped(site, page), scope(**changes))[1] == body()
    assert (len(site.paths), site.failures) == (1, 0)


def test_a_request_without_a_host_has_no_site(site: Site) -> None:
    run(wrapped(site, page), scope(headers=[]))
    assert (site.skipped, site.failures) == ({"unknown-site": 1}, 0)


def test_headers_that_can_be_read_but_once_reach_the_application(site: Site) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert list(scope["headers"]) == BROWSER
        await page(scope, receive, send)

    run(wrapped(site, app), scope(headers=iter(BROWSER)))


@pytest.mark.parametrize(
    "message",
    [
        {"type": "http.response.start", "status": 200},
        start(headers=[]),
        start(headers=iter(HTML)),
        start(headers=[[b"content-type", b"text/html"]]),
        start(headers=[(b"content-type", None)]),
        start(headers=[("content-type", "text/html")]),
        start(headers=[(b"content-type",)]),
        start(status=99999),
        {"type": "http.response.start", "status": None},
    ],
)
def test_odd_responses_pass(site: Site, message: Any) -> None:
    sent = run(wrapped(site, _sending(message, body())), scope())
    assert (sent[0]["type"], sent[0]["status"], sent[1]) == (message["type"], message["status"], body())
    assert site.tracker.stats().requests.seen == 1


def test_headers_that_can_be_read_but_once_reach_the_server(site: Site) -> None:
    sent = run(wrapped(site, _sending(start(headers=iter(HTML)))), scope())
    assert list(sent[0]["headers"])[: len(HTML)] == HTML


def test_a_failure_of_ours_is_counted_and_the_page_stands(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        assert run(wrapped(site, page), scope(method=7)) == [start(), body()]
    assert (site.failures, len(caplog.records)) == (3, 1)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scope["trackside"].title = "nobody hears it, and nobody minds"
        assert scope["trackside"].notice is None
        await page(scope, receive, send)

    assert run(wrapped(site, app), scope(method=7)) == [start(), body()]


def test_the_loop_is_never_held_up_by_a_receiver() -> None:
    answers = threading.Event()
    config = {**CONFIG, "destination": [{"type": "callback", "name": "slow"}]}
    with Tracker(config, env=False, sinks={"slow": lambda batch: answer(answers)}) as tracker:
        app = TracksideMiddleware(page, tracker=tracker)

        async def send(message: Any) -> None: ...

        async def many() -> None:
            for _ in range(500):
                await app(scope(), None, send)  # type: ignore[arg-type]  # the page asks for nothing

        asyncio.run(many())
        # A request that waited would have waited for a delivery.
        book = tracker.stats().destinations["slow"]
        assert (book.offered, book.delivered, book.pending) == (500, 0, 500)
        answers.set()
        assert not tracker.flush(30)
        assert tracker.stats().destinations["slow"].delivered == 500


def answer(answers: threading.Event) -> None:
    assert answers.wait(60)


def test_wrong_settings_are_told_at_the_start() -> None:
    with pytest.raises(ConfigError, match=r"consent\.policy"):
        TracksideMiddleware(page, consent="perhaps")
    with pytest.raises(TypeError, match="Tracker"):
        TracksideMiddleware(page, tracker=object())  # type: ignore[arg-type]  # that is it


def test_consent_is_all_that_is_asked_for(trackside_hits: RecordingTransport) -> None:
    run(TracksideMiddleware(page, consent="notice", transport=trackside_hits), scope("/a"))
    assert [hit.path for hit in trackside_hits.hits] == ["/a"]
