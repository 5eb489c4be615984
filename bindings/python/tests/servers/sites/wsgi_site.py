"""A WSGI site. What it sends where says the environment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from books import print_at_exit

from trackside.wsgi import TracksideMiddleware

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def pages(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/html")])
    return [b"<h1>Page</h1>"]


application = TracksideMiddleware(pages, consent="none")
print_at_exit(application.tracker)
