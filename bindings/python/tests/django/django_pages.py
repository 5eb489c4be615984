"""The pages of the site that the tests ask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.contrib import admin, messages
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import include, path, re_path
from django.utils.decorators import sync_and_async_middleware
from django.utils.functional import SimpleLazyObject
from django.views.decorators.cache import cache_control

from trackside import Exchange
from trackside.django import TracksideRequest

#: The paths of pages that a view has made.
made: list[str] = []


def page(request: HttpRequest, **_: Any) -> HttpResponse:
    """A page that shows messages."""
    made.append(request.path)
    return render(request, "messages.html", {"title": "Café &amp; more"})


async def apage(request: HttpRequest) -> HttpResponse:
    """As ``page``, on the event loop."""
    return render(request, "messages.html")


def bare(request: HttpRequest) -> HttpResponse:
    """A page that shows no messages."""
    return HttpResponse("<title> A\n bare &eacute; page </title>")


def tagged(request: HttpRequest) -> HttpResponse:
    """A page with the template tag, twice, and then messages."""
    return render(request, "tag.html")


def with_beacon(request: HttpRequest) -> HttpResponse:
    """A page that the beacon counts."""
    made.append(request.path)
    return render(request, "beacon.html")


def titled(request: TracksideRequest) -> HttpResponse:
    """A view that says more."""
    made.append(request.path)
    request.trackside.title = "Set by the view"
    request.trackside.property("colour", "red")
    request.trackside.event("read", value=2)
    return bare(request)


def cms(request: HttpRequest, looks: str) -> HttpResponse:
    """A page of django CMS, at which the view looks or not."""

    class Page:
        def get_page_title(self) -> str:
            return "From the CMS"

    request.current_page = SimpleLazyObject(Page)  # type: ignore[attr-defined]
    if looks == "yes":
        str(request.current_page.get_page_title())  # type: ignore[attr-defined]
    return bare(request)


def redirect(request: HttpRequest) -> HttpResponse:
    """A redirect to another language, say; with a message of the site's own."""
    if "message" in request.GET:
        messages.success(request, "Saved.")
    return HttpResponseRedirect("/page/")


def greeting(request: HttpRequest) -> HttpResponse:
    """A page that asks who is there."""
    return HttpResponse(f"Hello {request.user}")


async def agreeting(request: HttpRequest) -> HttpResponse:
    """As ``greeting``, on the event loop."""
    auser = getattr(request, "auser", None)
    return HttpResponse(f"Hello {await auser() if auser else ''}")


def stream(request: TracksideRequest) -> HttpResponseBase:
    """A page in pieces."""

    def pieces() -> Iterator[bytes]:
        yield b"<title>Streamed</title>"
        request.trackside.title = "Too late"
        yield b"the end"

    return StreamingHttpResponse(pieces())


def encoded(request: HttpRequest) -> HttpResponse:
    """A body that is not what it looks like."""
    return HttpResponse("<title>Encoded</title>", headers={"Content-Encoding": "br"})


def file(request: HttpRequest) -> HttpResponseBase:
    """A file."""
    return FileResponse(open(__file__, "rb"), content_type="text/html")


def api(request: TracksideRequest) -> HttpResponse:
    """No page."""
    return JsonResponse({"is_new": request.trackside.is_new})


def fails(request: HttpRequest) -> HttpResponse:
    """A bug of the site's."""
    raise RuntimeError("a bug of the site's")


#: Exchanges that a view has kept.
kept: list[Exchange] = []


def ends(request: TracksideRequest) -> HttpResponse:
    """A server that ends in the midst of a page, of which something is still held."""
    kept.append(request.trackside)
    raise SystemExit


@cache_control(public=True, max_age=600)
def shared(request: HttpRequest) -> HttpResponse:
    """A page that a shared cache may keep."""
    return HttpResponse("shared")


@cache_control(no_store=True)
def unstored(request: HttpRequest) -> HttpResponse:
    """A page that no cache may keep."""
    return HttpResponse("unstored")


@cache_control(no_cache=True)
def revalidated(request: HttpRequest) -> HttpResponse:
    """A page that a cache must ask for."""
    return HttpResponse("revalidated")


@sync_and_async_middleware
def spoil(get_response: Any) -> Any:
    """A middleware after which the page's title cannot be told."""

    class Page:
        def get_page_title(self) -> str:
            raise RuntimeError("a title that cannot be told")

    async def aspoiled(request: HttpRequest) -> HttpResponseBase:
        response = await get_response(request)
        request.current_page = Page()  # type: ignore[attr-defined]
        return response  # type: ignore[no-any-return]

    def spoiled(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        request.current_page = Page()  # type: ignore[attr-defined]
        return response  # type: ignore[no-any-return]

    return aspoiled if iscoroutinefunction(get_response) else spoiled


nested = [re_path(r"^(?P<year>[0-9]{4})/$", page)]

urlpatterns = [
    path("page/", page),
    path("apage/", apage),
    path("bare/", bare),
    path("tagged/", tagged),
    path("with-beacon/", with_beacon),
    path("titled/", titled),
    path("cms/<str:looks>/", cms),
    path("redirect/", redirect),
    path("greeting/", greeting),
    path("agreeting/", agreeting),
    path("stream/", stream),
    path("encoded/", encoded),
    path("file/", file),
    path("api/", api),
    path("fails/", fails),
    path("ends/", ends),
    path("shared/", shared),
    path("revalidated/", revalidated),
    path("unstored/", unstored),
    path("articles/<slug:slug>/", page),
    path("archive/", include(nested)),
    re_path(r"^old-(?P<year>[0-9]{4})/$", page),
    path("admin/", admin.site.urls),
]
