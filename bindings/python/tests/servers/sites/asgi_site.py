"""A Starlette site. What it sends where says the environment."""

from __future__ import annotations

from books import print_at_shutdown
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from trackside import Tracker
from trackside.starlette import TracksideMiddleware


async def page(request: Request) -> HTMLResponse:
    return HTMLResponse("<h1>Page</h1>")


tracker = Tracker(consent="none")
site = Starlette(routes=[Route("/{page:path}", page)])
site.add_middleware(TracksideMiddleware, tracker=tracker)
application = print_at_shutdown(site, tracker)
