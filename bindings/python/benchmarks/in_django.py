"""G13: what a middleware adds to a request of Django's."""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import broker, origin, peers, site
from benchmarks.collector import Collector
from benchmarks.effort import Effort
from benchmarks.pair import added
from benchmarks.report import Row
from benchmarks.request import environ
from trackside.django import live

#: Pairs that are not measured.
WARM = 20

OURS = "trackside.django.Middleware"


class Lost(Exception):
    """Somebody has not delivered all: then the measurement was of something else."""


class Contender(NamedTuple):
    visit: Callable[[], object]
    #: Delivers what waits.
    flush: Callable[[], object]
    #: Pairs for each run: about as much time for each of them.
    pairs: int


def measure(effort: Effort) -> list[Row]:
    with Collector() as collector, broker.Redis() as redis, tempfile.TemporaryDirectory() as folder:
        site.configure(
            **origin.SETTINGS,
            ANALYTICS_PROVIDER_URL=f"{collector.url}/ours",
            ORIGIN_URL=f"{collector.url}/origin",
            TRACKSIDE={"destination": [{"type": "sqlite", "path": Path(folder, "trackside.db")}]},
        )
        origin.app.conf.broker_url = redis.url
        contenders = _contenders(collector, effort.pairs)
        bare = site.Site().visitor(environ(f"{origin.COOKIE}={uuid.uuid4()}"))
        taken: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(effort.runs):
            for name, contender in contenders.items():
                added(bare, contender.visit, WARM)
                contender.flush()
                taken[name].append(added(bare, contender.visit, contender.pairs))
                contender.flush()
        _account(collector, redis, {name: effort.runs * (c.pairs + WARM) for name, c in contenders.items()})
    ours = taken["ours"]
    row = "Django, added to a tracked request, µs"
    return [
        Row(row, ours, "G13", ("origin, not sent", taken["origin, not sent"]), at_most=1.0),
        Row(row, ours, "G13", ("origin, Celery", taken["origin, Celery"]), at_most=1 / 40),
        Row(row, ours, "", ("segment", taken["segment"])),
        Row(row, ours, "", ("posthog", taken["posthog"])),
    ]


def _contenders(collector: Collector, pairs: int) -> dict[str, Contender]:
    client = peers.PostHog.client = peers.posthog_client(collector.url)
    analytics = peers.Segment.client = peers.segment_client(collector.url)
    returning = environ(f"{origin.COOKIE}={uuid.uuid4()}")

    def with_(middleware: str, cookies: dict[str, Any] = returning) -> Callable[[], object]:
        return site.Site(middleware).visitor(cookies)

    def nothing() -> None:
        pass

    return {
        "ours": Contender(with_(OURS, _returning()), live.flush, pairs),
        "origin, not sent": Contender(with_("benchmarks.origin.BuildOnly"), nothing, pairs),
        "origin, Celery": Contender(with_("benchmarks.origin.WithCelery"), nothing, pairs // 5),
        "segment": Contender(with_("benchmarks.peers.Segment"), analytics.flush, pairs // 2),
        "posthog": Contender(with_("benchmarks.peers.PostHog"), client.flush, pairs // 2),
    }


def _returning() -> dict[str, Any]:
    """The environ of somebody to whom Trackside has nothing more to say."""
    ours = site.Site(OURS)
    ours.visit(environ(""))
    cookie = next(value for name, value in ours.headers if name == "Set-Cookie").partition(";")[0]
    made = environ(cookie)
    ours.visit(made)
    if any(name == "Set-Cookie" for name, _ in ours.headers):
        raise Lost("the returning visitor was not known")
    return made


def _account(collector: Collector, redis: broker.Redis, visits: dict[str, int]) -> None:
    """Has all delivered, and compares the counts."""
    # Two more found out who the visitor is.
    visits["ours"] += 2
    books = live.tracker().stats()
    for name, book in books.destinations.items():
        if not book.offered == book.delivered == visits["ours"]:
            raise Lost(f"{name}: {book}, of {visits['ours']} visits")
    peers.PostHog.client.shutdown()
    peers.Segment.client.join()
    if redis.waiting() != visits["origin, Celery"]:
        raise Lost(f"{redis.waiting()} of {visits['origin, Celery']} tasks are in Redis")
    child = broker.worker(redis.url)
    try:
        until = time.monotonic() + 120
        while collector.hits("origin") < visits["origin, Celery"] and time.monotonic() < until:
            time.sleep(0.2)
    finally:
        child.terminate()
        child.wait()
    came = {"ours": "ours", "origin, Celery": "origin", "segment": "segment", "posthog": "posthog"}
    for name, path in came.items():
        if collector.hits(path) != visits[name]:
            raise Lost(f"{name}: {collector.hits(path)} of {visits[name]} hits came: {collector.counts()}")
