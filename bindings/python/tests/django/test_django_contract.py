"""Django's middleware keeps the contract, by WSGI with views that block and by ASGI with views that do not.

A view that fails is a page of Django's, a 500 that is judged as such. What breaks off is what Django does not
catch: an exit, or a task that is cancelled.
"""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import django
import pytest
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import override_settings
from django.urls import re_path
from django_kit import Recorded
from kit.adapters import CONFIG, by_asgi, by_wsgi, keep_the_contract, respond

#: A form's token is looked for before the view; not where trackside answers.
MIDDLEWARE = ["django.middleware.csrf.CsrfViewMiddleware", *settings.MIDDLEWARE]

waiting = threading.Event()


def page(request: HttpRequest) -> HttpResponseBase:
    if request.path == "/breaks":
        raise SystemExit
    return answer(request, lambda pieces: iter(pieces))


async def apage(request: HttpRequest) -> HttpResponseBase:
    async def each(pieces: list[bytes]) -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    if request.path == "/breaks":
        raise asyncio.CancelledError
    if request.path == "/waits":
        waiting.set()
        await asyncio.Event().wait()
    return answer(request, each)


def answer(request: HttpRequest, stream: Any) -> HttpResponseBase:
    if request.path == "/fails":
        raise RuntimeError("on purpose")
    status, headers, pieces = respond(request.path, request.trackside)  # type: ignore[attr-defined]
    if status == 404:
        raise Http404
    response: HttpResponseBase = (
        StreamingHttpResponse(stream(pieces), status=status)
        if request.path == "/stream"
        else HttpResponse(b"".join(pieces), status=status)
    )
    del response["Content-Type"]
    for name, value in headers:
        response[name] = value
    return response


def site(view: Any) -> override_settings:
    return override_settings(TRACKSIDE=CONFIG, MIDDLEWARE=MIDDLEWARE, ROOT_URLCONF=(re_path("", view),))


def test_django_by_wsgi(hits: Recorded) -> None:
    with site(page):
        handler = WSGIHandler()

        def mounted(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
            if environ["PATH_INFO"].startswith("/shop/"):
                environ["SCRIPT_NAME"], environ["PATH_INFO"] = "/shop", environ["PATH_INFO"][5:]
            return handler(environ, start_response)  # type: ignore[return-value]

        with by_wsgi(mounted) as port:
            keep_the_contract(hits.tracker, hits.transport, port, now=int(time.time()), waiting=None)


# Django leaves the file for the body of a request that it cancels to the collector.
@pytest.mark.filterwarnings("ignore:.*SpooledTemporaryFile:pytest.PytestUnraisableExceptionWarning")
def test_django_by_asgi(hits: Recorded) -> None:
    with site(apage):
        handler: Any = ASGIHandler()

        async def mounted(scope: dict[str, Any], receive: Any, send: Any) -> None:
            if scope["path"].startswith("/shop/"):
                scope["root_path"] = "/shop"
            await handler(scope, receive, send)

        # Older ones look at their client when they have something to send.
        told = waiting if django.VERSION >= (5, 0) else None
        with by_asgi(mounted) as port:
            keep_the_contract(hits.tracker, hits.transport, port, now=int(time.time()), waiting=told)
    # Here, and not in the middle of another test.
    gc.collect()
