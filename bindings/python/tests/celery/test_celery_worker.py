"""From a page to the collector: a real broker, and a real worker of Celery with the ready task."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery
from kit.broker import Redis
from kit.collector import Collector
from kit.load import Load
from kit.process import PATIENCE, Process, free_port, python, script
from kit.store import counted

from trackside.celery import SubmitError

PROJECT = """
import os
from celery import Celery

app = Celery("shop", broker=os.environ["BROKER"], backend=os.environ["BROKER"], include=["trackside.celery"])
app.conf.task_annotations = {"trackside.celery.submit_tracking": {"max_retries": 1, "retry_backoff_max": 0}}
app.conf.broker_connection_retry_on_startup = True
"""

SITE = """
import os, sys
import shop
from trackside import Tracker

tracker = Tracker({
    "consent": {"policy": "none"},
    "track": {"bots": "keep"},
    "destination": [{"type": "celery", "tracking_id": "UA-1", "url": os.environ["COLLECTOR"]}],
}, env=False)
first, count = map(int, sys.argv[1:])
for n in range(first, first + count):
    tracker.begin("GET", f"/{n}", [("host", "shop.example")]).finish(200, [("content-type", "text/html")])
"""


class Shop:
    """A site and its worker."""

    def __init__(self, folder: Path, broker: Redis) -> None:
        (folder / "shop.py").write_text(PROJECT)
        (folder / "site_.py").write_text(SITE)
        self.folder = folder
        self.broker = broker
        self.env = {"BROKER": broker.url, "PYTHONPATH": str(folder)}

    def worker(self) -> Process:
        options = ["worker", "--concurrency=2", "--loglevel=INFO", "--task-events", "--without-mingle"]
        return Process([script("celery"), "-A", "shop", *options], cwd=self.folder, env=self.env)

    def visit(self, collector: Collector, first: int, count: int) -> None:
        """A server that has so many visits, and ends."""
        env = {**self.env, "COLLECTOR": collector.url}
        with python("site_.py", str(first), str(count), cwd=self.folder, env=env) as site:
            assert site.wait() == 0, site.output


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Redis(tmp_path) as broker:
        yield Shop(tmp_path, broker)


def test_every_page_is_posted_once(shop: Shop) -> None:
    with Collector() as collector, shop.worker() as worker:
        worker.expect("ready")
        shop.visit(collector, 0, 30)
        collector.wait(30)
        assert worker.stop() == 0
        assert collector.counted() == {f"/{n}": 1 for n in range(30)}


def test_pages_wait_for_a_worker_that_starts_later(shop: Shop) -> None:
    with Collector() as collector:
        shop.visit(collector, 0, 10)
        assert collector.posts == []
        with shop.worker() as worker:
            collector.wait(10)
            assert worker.stop() == 0
        assert collector.counted() == {f"/{n}": 1 for n in range(10)}


def test_a_failure_is_seen_in_celery(shop: Shop) -> None:
    app = Celery("monitor", broker=shop.broker.url, backend=shop.broker.url, set_as_current=False)
    with Collector(lambda _: 500) as collector, shop.worker() as worker:
        worker.expect("ready")
        shop.visit(collector, 0, 1)
        said = worker.expect(r"Task trackside\.celery\.submit_tracking\[(\S+)\] raised unexpected: (.*)")
        assert said[2] == f"SubmitError('{collector.url} answered 500 Internal Server Error', 500)"
        # The first attempt, and the one that the annotation leaves.
        assert len(collector.posts) == 2
        with pytest.raises(SubmitError, match="answered 500"):
            app.AsyncResult(said[1]).get(timeout=PATIENCE)
        assert worker.stop() == 0
    app.close()


SERVED = """
import shop
from trackside.wsgi import TracksideMiddleware

def pages(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html")])
    return [b"<h1>Page</h1>"]

application = TracksideMiddleware(pages)
"""


@pytest.mark.parametrize("options", [["--preload"], ["--worker-class=gthread", "--threads=4"]])
def test_under_gunicorn_every_page_is_posted_once(shop: Shop, options: list[str]) -> None:
    (shop.folder / "served.py").write_text(SERVED)
    port = free_port()
    command = [script("gunicorn"), "served:application", f"--bind=127.0.0.1:{port}", "--workers=2"]
    with Collector() as collector, shop.worker() as worker:
        env = {
            **shop.env,
            "TRACKSIDE__CONSENT__POLICY": "none",
            "TRACKSIDE__DESTINATION__0__TYPE": "celery",
            "TRACKSIDE__DESTINATION__0__TRACKING_ID": "UA-1",
            "TRACKSIDE__DESTINATION__0__URL": collector.url,
        }
        worker.expect("ready")
        with Process([*command, *options], cwd=shop.folder, env=env) as server:
            for _ in range(2):
                server.expect("Booting worker")
            load = Load(port)
            load.run(100)
            assert server.stop() == 0
        assert len(load.seen) == 100
        collector.wait(100)
        assert worker.stop() == 0
        load.check(collector.counted())


COUNTING = """
import os
from celery import Celery
from trackside import Tracker

app = Celery("counting", broker=os.environ["BROKER"])
app.conf.broker_connection_retry_on_startup = True
tracker = Tracker(
    {"consent": {"policy": "none"}, "destination": [{"type": "sqlite", "batch": {"age": "1h"}}]}, env=False
)

@app.task
def work(number):
    exchange = tracker.begin("GET", f"/{number}", [("host", "shop.example")])
    exchange.finish(200, [("content-type", "text/html")])
    print(f"WORKED {number}", flush=True)
"""


def test_a_task_that_counts_loses_nothing_when_its_process_ends(shop: Shop) -> None:
    (shop.folder / "counting.py").write_text(COUNTING)
    env = shop.env
    command = [script("celery"), "-A", "counting", "worker", "--concurrency=2", "--max-tasks-per-child=4"]
    with Process(command, cwd=shop.folder, env=env) as worker:
        with python("-c", SEND, cwd=shop.folder, env=env) as sender:
            assert sender.wait() == 0, sender.output
        for _ in range(20):
            worker.expect("WORKED")
        assert worker.stop() == 0
    assert counted(shop.folder / "trackside.db") == {f"/{n}": 1 for n in range(20)}


SEND = """
import counting
for number in range(20):
    counting.work.delay(number)
"""
