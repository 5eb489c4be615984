"""Under async everything happens on the event loop, in no thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import iscoroutinefunction
from django.contrib.sites.models import SITE_CACHE, Site
from django.core.handlers.base import BaseHandler
from django.http import HttpRequest, HttpResponse
from django.test import AsyncRequestFactory, override_settings
from django_kit import PAGE, Recorded

from trackside.django import Middleware


class Loop(asyncio.SelectorEventLoop):
    """A loop that counts what is sent to threads."""

    def __init__(self) -> None:
        super().__init__()
        self.hops = 0

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:  # type: ignore[override]  # Any will do.
        """Counts, and goes on."""
        self.hops += 1
        return super().run_in_executor(executor, func, *args)


@pytest.fixture
def loop() -> Iterator[Loop]:
    """A loop."""
    made = Loop()
    yield made
    made.run_until_complete(made.shutdown_default_executor())
    made.close()


def request(path: str = "/apage/") -> HttpRequest:
    made: HttpRequest = AsyncRequestFactory().get(path, headers=PAGE)
    return made


@pytest.fixture
def handler() -> Iterator[BaseHandler]:
    """Django's own, with our middleware alone."""
    with override_settings(MIDDLEWARE=["trackside.django.Middleware"], TRACKSIDE_TITLE="html"):
        made = BaseHandler()
        made.load_middleware(is_async=True)
        yield made


def test_nothing_of_a_request_goes_to_a_thread(loop: Loop, handler: BaseHandler, hits: Recorded) -> None:
    response = loop.run_until_complete(handler.get_response_async(request()))
    assert response.status_code == 200
    assert loop.hops == 0
    assert [hit.route for hit in hits()] == ["/apage/"]


def test_the_site_alone_is_looked_up_in_a_thread_and_once(
    loop: Loop, handler: BaseHandler, hits: Recorded
) -> None:
    Site.objects.update_or_create(pk=8, defaults={"domain": "async.example.org", "name": "Async"})
    SITE_CACHE.clear()
    with override_settings(SITE_ID=8):
        for _ in range(3):
            loop.run_until_complete(handler.get_response_async(request()))
    assert [hit.site for hit in hits()] == ["async.example.org"] * 3
    assert loop.hops == 1


def test_visitors_who_come_at_once_are_told_apart(loop: Loop, handler: BaseHandler, hits: Recorded) -> None:
    async def all_at_once() -> list[Any]:
        return await asyncio.gather(*(handler.get_response_async(request()) for _ in range(50)))

    responses = loop.run_until_complete(all_at_once())
    given = [response.cookies["trackside"].value.partition(".")[0] for response in responses]
    assert len(set(given)) == 50
    assert sorted(given) == sorted(hit.visitor for hit in hits())


def test_who_goes_away_before_the_answer_leaves_an_abandoned_exchange(loop: Loop, hits: Recorded) -> None:
    async def never(request: HttpRequest) -> HttpResponse:
        return await asyncio.Event().wait()  # type: ignore[return-value]  # It does not return.

    async def gone() -> None:
        task = asyncio.ensure_future(Middleware(never)(request()))  # type: ignore[arg-type]  # A coroutine.
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    loop.run_until_complete(gone())
    assert hits.tracker.stats().requests.skipped == {"abandoned": 1}


def test_the_class_is_what_its_next_one_is(hits: Recorded) -> None:
    async def answer(request: HttpRequest) -> HttpResponse:
        return HttpResponse(str(threading.get_ident()))

    assert iscoroutinefunction(Middleware(answer))
    assert not iscoroutinefunction(Middleware(lambda request: HttpResponse()))
    assert Middleware.sync_capable
    assert Middleware.async_capable
