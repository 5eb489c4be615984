"""The middleware, sync and async in one class."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Union

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from trackside import Exchange

from . import live, messages, plain, title, user
from .endpoint import answer
from .request import begin as begun
from .request import outer
from .response import end, keep_private, tell_route

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
        now = live._live or live.current()
        exchange = plain.begin(now, request)
        if exchange is None:
            return self._at_length(now, request)
        shown = None
        if exchange._scratch.is_new[0]:  # type: ignore[union-attr]  # It has only begun.
            shown = offer(now, request, exchange)
        try:
            response: HttpResponseBase = self.get_response(request)  # type: ignore[assignment]  # No coroutine.
        except BaseException:
            exchange.abandon()
            raise
        if shown is not None or not plain.end(now, exchange, request, response):
            finish(now, request, response, exchange, True, shown)
        return response

    def _at_length(self, now: live.Live, request: HttpRequest) -> HttpResponseBase:
        authority = now.site.domain() if now.site is not None else ""
        if now.tracker.endpoints and (own := answer(now.tracker, request, authority)) is not None:
            return own
        exchange, is_ours, shown = begin(now, request, authority)
        try:
            response: HttpResponseBase = self.get_response(request)  # type: ignore[assignment]  # No coroutine.
        except BaseException:
            if is_ours:
                exchange.abandon()
            raise
        finish(now, request, response, exchange, is_ours, shown)
        return response

    async def _acall(self, request: HttpRequest) -> HttpResponseBase:
        now = live.current()
        authority = await now.site.adomain() if now.site is not None else ""
        if now.tracker.endpoints and (own := answer(now.tracker, request, authority)) is not None:
            return own
        exchange, is_ours, shown = begin(now, request, authority)
        try:
            response: HttpResponseBase = await self.get_response(request)  # type: ignore[misc]  # A coroutine.
        except BaseException:
            if is_ours:
                exchange.abandon()
            raise
        finish(now, request, response, exchange, is_ours, shown)
        return response


def begin(
    now: live.Live, request: HttpRequest, authority: str
) -> tuple[Exchange, bool, messages.Shown | None]:
    """The request's exchange, whether it is ours to end, and the notice if it was offered. Nothing raises."""
    exchange, shown = None, None
    try:
        exchange = outer(request)
        is_ours = exchange is None
        if exchange is None:
            exchange = begun(now.tracker, request, authority)
    except Exception:
        now.tracker.failures.note("beginning an exchange")
        exchange, is_ours = Exchange(now.tracker, None), True
    request.trackside = exchange  # type: ignore[attr-defined]  # Where views look.
    # Who is known is told nothing, unless visitors are asked, and is looked for first: that is most requests.
    scratch = exchange._scratch
    if scratch is not None and (scratch.is_new[0] or now.tracker.asks):
        shown = offer(now, request, exchange)
    return exchange, is_ours, shown


def offer(now: live.Live, request: HttpRequest, exchange: Exchange) -> messages.Shown | None:
    """Offers the notice, if it is due. Nothing raises."""
    try:
        return messages.offer(request, exchange)
    except Exception:
        now.tracker.failures.note("offering the notice")
        return None


def finish(
    now: live.Live,
    request: HttpRequest,
    response: HttpResponseBase,
    exchange: Exchange,
    is_ours: bool,
    shown: messages.Shown | None,
) -> None:
    """Ends it, now that the response's head is known. Nothing raises."""
    options = now.options
    try:
        if shown is not None:
            if shown.is_shown:
                keep_private(response)
            shown.take_back()
        if (options.scan_title or "current_page" in vars(request)) and exchange.title is None:
            exchange.title = title.of(request, response, options.scan_title)
        if options.user and exchange.user_id is None:
            exchange.user_id = user.key_of(request)
        if not is_ours:
            tell_route(exchange, request)
    except Exception:
        now.tracker.failures.note("annotating an exchange")
    if not is_ours:
        return
    try:
        end(exchange, request, response)
    except Exception:
        now.tracker.failures.note("finishing an exchange")
        exchange.abandon()
