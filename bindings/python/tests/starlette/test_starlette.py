"""The middleware, in Starlette and FastAPI by their own client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

from trackside import ConfigError, RecordingTransport, Tracker
from trackside.starlette import TracksideMiddleware, exchange

BROWSER = {"Accept": "text/html", "User-Agent": "tests"}


async def user(request: Request) -> HTMLResponse:
    exchange(request).title = f"User {request.path_params['number']}"
    return HTMLResponse("<h1>User</h1>")


def site(transport: RecordingTransport, *routes: Any, **options: Any) -> TestClient:
    routes = (Route("/user/{number:int}", user), *routes)
    options = {"consent": "notice", "transport": transport, **options}
    app = Starlette(routes=routes, middleware=[Middleware(TracksideMiddleware, **options)])
    return TestClient(app, headers=BROWSER)


def test_a_page_is_counted_with_its_route_and_title(trackside_hits: RecordingTransport) -> None:
    answer = site(trackside_hits).get("/user/7?utm_source=x")
    assert answer.text == "<h1>User</h1>"
    [hit] = trackside_hits.hits
    assert (hit.path, hit.query, hit.title) == ("/user/7", "utm_source=x", "User 7")
    assert hit.route == "/user/{number:int}"
    assert answer.headers["Set-Cookie"].startswith(f"trackside={hit.visitor}")


def test_the_notice_is_shown_once(trackside_hits: RecordingTransport) -> None:
    async def notice(request: Request) -> HTMLResponse:
        due = exchange(request).notice
        return HTMLResponse(due.html if due else "none")

    client = site(trackside_hits, Route("/notice", notice))
    assert client.get("/notice").text == "testserver uses a cookie to count visits."
    assert client.get("/notice").text == "none"


def test_a_route_under_a_mount_is_as_long_as_the_path(trackside_hits: RecordingTransport) -> None:
    client = site(trackside_hits, Mount("/shop", routes=[Route("/user/{number}", user)]))
    client.get("/shop/user/7")
    [hit] = trackside_hits.hits
    assert (hit.path, hit.route) == ("/shop/user/7", "/shop/user/{number}")


def test_files_have_no_route(trackside_hits: RecordingTransport, tmp_path: Any) -> None:
    (tmp_path / "a.html").write_text("<h1>A</h1>")
    site(trackside_hits, Mount("/files", StaticFiles(directory=tmp_path))).get("/files/a.html")
    assert [(hit.path, hit.route) for hit in trackside_hits.hits] == [("/files/a.html", "")]


def test_a_handler_may_name_another_route(trackside_hits: RecordingTransport) -> None:
    async def page(request: Request) -> HTMLResponse:
        exchange(request).route = "/page"
        return HTMLResponse("")

    site(trackside_hits, Route("/{page:path}", page)).get("/a/b")
    assert [hit.route for hit in trackside_hits.hits] == ["/page"]


def test_a_middleware_of_starlettes_own_kind_sees_the_exchange(trackside_hits: RecordingTransport) -> None:
    class Naming(BaseHTTPMiddleware):
        async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
            exchange(request).user_id = "u-42"
            return await call_next(request)

    app = Starlette(routes=[Route("/user/{number}", user)])
    app.add_middleware(Naming)
    app.add_middleware(TracksideMiddleware, consent="none", transport=trackside_hits)
    TestClient(app, headers=BROWSER).get("/user/1")
    assert [(hit.user_id, hit.route) for hit in trackside_hits.hits] == [("u-42", "/user/{number}")]


def test_a_stream_is_counted_when_its_head_is_known(trackside_hits: RecordingTransport) -> None:
    async def stream(request: Request) -> StreamingResponse:
        async def pieces() -> AsyncIterator[str]:
            for _ in range(3):
                yield f"{len(trackside_hits.hits)} "
                await asyncio.sleep(0)

        return StreamingResponse(pieces(), media_type="text/html")

    assert site(trackside_hits, Route("/stream", stream)).get("/stream").text == "1 1 1 "


def test_a_websocket_passes_untouched(trackside_hits: RecordingTransport) -> None:
    async def echo(socket: WebSocket) -> None:
        assert "trackside" not in socket.scope
        await socket.accept()
        await socket.send_text(await socket.receive_text())
        await socket.close()

    client = site(trackside_hits, WebSocketRoute("/echo", echo))
    with client.websocket_connect("/echo") as socket:
        socket.send_text("hello")
        assert socket.receive_text() == "hello"
    assert trackside_hits.hits == []


def test_a_handler_that_fails_is_skipped(trackside_hits: RecordingTransport) -> None:
    async def fails(request: Request) -> Response:
        raise RuntimeError("not today")

    tracker = Tracker(consent="none", transport=trackside_hits, env=False)
    app = Starlette(routes=[Route("/fails", fails)])
    app.add_middleware(TracksideMiddleware, tracker=tracker)
    assert TestClient(app, raise_server_exceptions=False).get("/fails").status_code == 500
    assert tracker.stats().requests.skipped == {"abandoned": 1}
    tracker.close()


def test_fastapi_has_the_whole_template_of_an_included_router(trackside_hits: RecordingTransport) -> None:
    app, router = FastAPI(), APIRouter(prefix="/v1")

    @router.get("/items/{number}")
    async def item(number: int, request: Request) -> dict[str, int]:
        exchange(request).property("number", number)
        return {"number": number}

    @router.post("/items", status_code=201)
    def add() -> JSONResponse:
        return JSONResponse({}, 201)

    app.include_router(router, prefix="/api")
    app.add_middleware(TracksideMiddleware, config={"track": {"count": "api"}}, transport=trackside_hits)
    client = TestClient(app)
    assert client.get("/api/v1/items/7").json() == {"number": 7}
    assert "Set-Cookie" not in client.post("/api/v1/items").headers
    assert client.get("/api/v1/items/x").status_code == 422
    first, second = trackside_hits.hits
    assert (first.method, first.route, first.properties) == ("GET", "/api/v1/items/{number}", {"number": 7})
    assert (second.method, second.route, second.status) == ("POST", "/api/v1/items", 201)


def test_the_application_is_mounted_behind_a_root_path(trackside_hits: RecordingTransport) -> None:
    app = FastAPI()

    @app.get("/items/{number}")
    async def item(number: int) -> HTMLResponse:
        return HTMLResponse("")

    app.add_middleware(TracksideMiddleware, consent="none", transport=trackside_hits)
    TestClient(app, headers=BROWSER, root_path="/shop").get("/items/7")
    [hit] = trackside_hits.hits
    assert (hit.path, hit.route) == ("/shop/items/7", "/shop/items/{number}")


def test_without_the_middleware_the_helper_says_so() -> None:
    app = Starlette(routes=[Route("/user/{number}", user)])
    with pytest.raises(LookupError, match=r"add trackside\.starlette\.TracksideMiddleware"):
        TestClient(app).get("/user/1")


def test_wrong_settings_stop_the_start() -> None:
    app = Starlette(routes=[Route("/user/{number}", user)])
    app.add_middleware(TracksideMiddleware, consent="perhaps")
    with pytest.raises(ConfigError, match=r"consent\.policy"), TestClient(app):
        pass


def test_where_nothing_is_started_pages_are_served_uncounted(caplog: pytest.LogCaptureFixture) -> None:
    app = Starlette(routes=[Route("/user/{number}", user)])
    app.add_middleware(TracksideMiddleware, consent="perhaps")
    assert TestClient(app, headers=BROWSER).get("/user/1").text == "<h1>User</h1>"
    assert "nothing is counted" in caplog.text


def test_what_waits_is_delivered_before_the_lifespan_is_over() -> None:
    delivered: list[int] = []
    # A batch that only a flush ends.
    config = {"destination": [{"type": "callback", "batch": {"age": "1h"}}]}
    tracker = Tracker(
        config, consent="none", env=False, sinks={"callback": lambda batch: delivered.append(len(batch))}
    )
    app = Starlette(routes=[Route("/user/{number}", user)])
    app.add_middleware(TracksideMiddleware, tracker=tracker)
    with TestClient(app, headers=BROWSER) as client:
        for number in range(3):
            client.get(f"/user/{number}")
        assert delivered == []
    assert sum(delivered) == 3
    tracker.close()
