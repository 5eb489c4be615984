"""gunicorn as a real process: workers are forked, recycled and ended; the books agree with a collector's."""

from __future__ import annotations

import json
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from kit.collector import Collector
from kit.load import Load
from kit.process import Process, free_port, script
from kit.store import counted

SITES = Path(__file__).parent / "sites"
KINDS = {
    "sync": ["wsgi_site", "--worker-class=sync"],
    "gthread": ["wsgi_site", "--worker-class=gthread", "--threads=4"],
    "uvicorn": ["asgi_site", "--worker-class=uvicorn_worker.UvicornWorker"],
}
PRELOAD = {"preload": ["--preload"], "no-preload": []}


def to(url: str, **more: str) -> dict[str, str]:
    """The environment that sends hits to a collector."""
    destination = {"TYPE": "ga-v1", "TRACKING_ID": "UA-1", "URL": url, **more}
    return {f"TRACKSIDE__DESTINATION__0__{key}": value for key, value in destination.items()}


class Server(Process):
    def __init__(self, kind: str, options: Sequence[str], env: dict[str, str], folder: Path) -> None:
        self.port = free_port()
        module, *worker = KINDS[kind]
        command = [
            script("gunicorn"),
            f"{module}:application",
            f"--bind=127.0.0.1:{self.port}",
            "--workers=2",
        ]
        command += [f"--pythonpath={SITES}", "--graceful-timeout=20", *worker, *options]
        super().__init__(command, cwd=folder, env=env)

    def __enter__(self) -> Server:
        super().__enter__()
        self.expect("Listening at")
        for _ in range(2):
            self.expect("Booting worker")
        return self

    def books(self) -> list[dict[str, Any]]:
        """Those of the processes that have ended."""
        return [json.loads(line[5:]) for line in self.lines if line.startswith("BOOK ")]


def compare(server: Server, load: Load, collector: Collector, are_recycled: bool = False) -> None:
    """A worker that is ended before it listens to signals, as may be where workers are recycled, is killed;
    it has counted nothing."""
    load.check(collector.counted())
    books = server.books()
    seen = sum(book["seen"] for book in books)
    delivered = sum(book["to"]["ga-v1"]["delivered"] for book in books)
    # Each worker's own book, and of what nobody saw the end of, no more than was asked for.
    assert len(load.seen) <= seen <= len(load.seen) + len(load.failed)
    assert delivered == seen == len(collector.posts)
    assert all(book["to"]["ga-v1"]["pending"] == book["failures"] == 0 for book in books)
    if not are_recycled:
        assert "SIGKILL" not in server.output
    assert "Traceback" not in server.output


@pytest.mark.parametrize("preload", PRELOAD)
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_lost_and_nothing_doubled(kind: str, preload: str, tmp_path: Path) -> None:
    with Collector() as collector, Server(kind, PRELOAD[preload], to(collector.url), tmp_path) as server:
        load = Load(server.port)
        load.run(400)
        assert len(load.seen) == 400
        assert server.stop() == 0
        compare(server, load, collector)


@pytest.mark.parametrize("preload", PRELOAD)
@pytest.mark.parametrize("kind", KINDS)
def test_what_waits_is_stored_when_it_ends(kind: str, preload: str, tmp_path: Path) -> None:
    store = tmp_path / "trackside.db"
    # A batch that nothing but the end sends.
    env = {"TRACKSIDE__DESTINATION__0__TYPE": "sqlite", "TRACKSIDE__DESTINATION__0__BATCH__AGE": "1h"}
    with Server(kind, PRELOAD[preload], env, tmp_path) as server:
        load = Load(server.port)
        load.run(90)
        assert not store.exists() or not counted(store)
        assert server.stop() == 0
        load.check(counted(store))
        assert len(load.seen) == 90


@pytest.mark.parametrize("preload", PRELOAD)
@pytest.mark.parametrize("kind", KINDS)
def test_workers_are_recycled(kind: str, preload: str, tmp_path: Path) -> None:
    options = ["--max-requests=40", "--max-requests-jitter=20", *PRELOAD[preload]]
    with Collector() as collector, Server(kind, options, to(collector.url), tmp_path) as server:
        load = Load(server.port)
        load.run(400)
        assert server.stop() == 0
        assert len(load.seen) > 300
        compare(server, load, collector, are_recycled=True)
        assert sum(book["seen"] > 0 for book in server.books()) > 2


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_ended_under_load(kind: str, tmp_path: Path) -> None:
    with Collector() as collector, Server(kind, ["--preload"], to(collector.url), tmp_path) as server:
        load = Load(server.port)
        load.start()
        load.wait(200)
        assert server.stop() == 0
        load.stop()
        compare(server, load, collector)


def test_it_is_reloaded_under_load(tmp_path: Path) -> None:
    with Collector() as collector, Server("gthread", [], to(collector.url), tmp_path) as server:
        load = Load(server.port)
        load.start()
        load.wait(100)
        server.send(signal.SIGHUP)
        for _ in range(2):
            server.expect("Booting worker")
        load.wait(len(load.seen) + 100)
        load.stop()
        assert server.stop() == 0
        compare(server, load, collector)


@pytest.mark.parametrize("kind", KINDS)
def test_it_ends_in_time_though_the_collector_does_not_answer(kind: str, tmp_path: Path) -> None:
    # Beyond gunicorn's graceful-timeout a worker is killed, and says nothing.
    with Collector(lambda _: None) as collector:
        env = {**to(f"http://127.0.0.1:{free_port()}/collect"), "TRACKSIDE__SHUTDOWN": "1s"}
        with Server(kind, ["--preload"], env, tmp_path) as server:
            load = Load(server.port)
            load.run(50)
            assert server.stop() == 0
            assert len(load.seen) == 50
            assert "SIGKILL" not in server.output
            books = [book["to"]["ga-v1"] for book in server.books()]
            assert sum(book["offered"] for book in books) == 50
            assert sum(book["pending"] + book["dropped"].get("shutdown", 0) for book in books) == 50
        assert collector.posts == []
