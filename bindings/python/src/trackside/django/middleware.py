"""The middleware, sync and async in one class."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Union

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from trackside import Exchange

from . import live, messages, title, user
from .request import begin, outer
from .response import append, pairs

GetResponse = Callable[[HttpRequest], Union[HttpResponseBase, Awaitable[HttpResponseBase]]]


class Middleware:
    """Counts the site's requests; ``"trackside.django.Middleware"`` in ``MIDDLEWARE``.

    It stands after ``MessageMiddleware``, so that the notice can be a message, and before
    ``FetchFromCacheMiddleware``, so that pages from the cache count. Views find the
    :class:`~trackside.Exchange` as ``request.trackside``.

    :raises ImproperlyConfigured: the settings are wrong: when the server starts, and never later.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)
        live.current()

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answers a request."""
        if self._is_async:
            return self._acall(request)
        now = live.current()
        visit = Visit(now, request, now.site.domain() if now.site is not None else "")
        try:
            response = self.get_response(request)
        except BaseException:
            visit.abandon()
            raise
        visit.finish(response)  # type: ignore[arg-type]  # It is no coroutine, as was seen at the start.
        return response

    async def _acall(self, request: HttpRequest) -> HttpResponseBase:
        now = live.current()
        visit = Visit(now, request, await now.site.adomain() if now.site is not None else "")
        try:
            response: HttpResponseBase = await self.get_response(request)  # type: ignore[misc]  # A coroutine.
        except BaseException:
            visit.abandon()
            raise
        visit.finish(response)
        return response


class Visit:
    """A request on its way through the middleware. Nothing here raises."""

    __slots__ = ("_exchange", "_is_outermost", "_now", "_request", "_shown")

    def __init__(self, now: live.Live, request: HttpRequest, authority: str) -> None:
        self._now = now
        self._request = request
        self._is_outermost = False
        self._shown: messages.Shown | None = None
        try:
            found = outer(request)
            self._is_outermost = found is None
            self._exchange = begin(now.tracker, request, authority) if found is None else found
        except Exception:
            now.tracker.failures.note("beginning an exchange")
            self._exchange = Exchange(now.tracker, None)
        request.trackside = self._exchange  # type: ignore[attr-defined]  # Where views look.
        try:
            if "_trackside_shown" not in vars(request):
                self._shown = messages.offer(request, self._exchange)
                request._trackside_shown = self._shown  # type: ignore[attr-defined]  # Where the tag looks.
        except Exception:
            now.tracker.failures.note("offering the notice")

    def finish(self, response: HttpResponseBase) -> None:
        """Ends it, now that the response's head is known."""
        try:
            if self._shown is not None:
                self._shown.take_back()
            self._annotate(response)
        except Exception:
            self._now.tracker.failures.note("annotating an exchange")
        if not self._is_outermost:
            return
        try:
            verdict = self._exchange.finish(response.status_code, pairs(response))
            if verdict.headers:
                append(response, verdict.headers)
        except Exception:
            self._now.tracker.failures.note("finishing an exchange")

    def abandon(self) -> None:
        """Ends it without a response."""
        if self._is_outermost:
            self._exchange.abandon()

    def _annotate(self, response: HttpResponseBase) -> None:
        exchange, request, options = self._exchange, self._request, self._now.options
        match = request.resolver_match
        if match is not None and exchange.route is None:
            # As other frameworks tell it: from the root of the host, and without the mark of its beginning.
            mounted = str(request.META.get("SCRIPT_NAME", "")).rstrip("/")
            exchange.route = f"{mounted}/{match.route.removeprefix('^')}"
        if (options.scan_title or "current_page" in vars(request)) and exchange.title is None:
            exchange.title = title.of(request, response, options.scan_title)
        if options.user and exchange.user_id is None:
            exchange.user_id = user.key_of(request)
