"""uWSGI as a real process, without any flag about threads: none but its own ever gets the interpreter."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from kit.collector import Collector
from kit.load import Load
from kit.process import MERCY, Process, free_port, script
from kit.store import counted
from test_gunicorn import to

SITES = Path(__file__).parent / "sites"
#: uWSGI forks in C, with the application loaded; or before that.
LAZY = {"preforked": ["--need-app"], "lazy": ["--lazy-apps"]}


class Server(Process):
    def __init__(
        self, folder: Path, env: dict[str, str], options: Sequence[str] = (), module: str = "wsgi_site"
    ) -> None:
        self.port = free_port()
        command = [script("uwsgi"), f"--http-socket=127.0.0.1:{self.port}", f"--module={module}"]
        command += ["--master", "--processes=2", "--die-on-term", "--disable-logging", MERCY]
        command += [f"--pythonpath={SITES}", f"--pythonpath={folder}", *options]
        super().__init__(command, cwd=folder, env=env)

    def started(self) -> Server:
        # A lazy worker that is ended while it loads the application hangs, whatever that is.
        line = "WSGI app 0 .* ready" if "--lazy-apps" in self.command else "spawned uWSGI worker"
        for _ in range(2):
            self.expect(line)
        return self

    def books(self) -> list[dict[str, Any]]:
        return [json.loads(line[5:]) for line in self.lines if line.startswith("BOOK ")]


@pytest.mark.parametrize("lazy", LAZY)
def test_nothing_is_lost_and_nothing_doubled(lazy: str, tmp_path: Path) -> None:
    with Collector() as collector, Server(tmp_path, to(collector.url), LAZY[lazy]) as server:
        load = Load(server.started().port)
        load.run(400)
        assert len(load.seen) == 400
        assert server.stop() == 0
        load.check(collector.counted())
        books = server.books()
        assert sum(book["seen"] for book in books) == len(collector.posts) == 400
        assert sum(book["to"]["ga-v1"]["delivered"] for book in books) == 400
        assert sum(book["seen"] > 0 for book in books) == 2


@pytest.mark.parametrize("lazy", LAZY)
def test_what_waits_is_stored_when_it_ends(lazy: str, tmp_path: Path) -> None:
    store = tmp_path / "trackside.db"
    env = {"TRACKSIDE__DESTINATION__0__TYPE": "sqlite", "TRACKSIDE__DESTINATION__0__BATCH__AGE": "1h"}
    with Server(tmp_path, env, LAZY[lazy]) as server:
        load = Load(server.started().port)
        load.run(90)
        assert not store.exists()
        assert server.stop() == 0
    load.check(counted(store))
    assert len(load.seen) == 90


def test_workers_are_recycled(tmp_path: Path) -> None:
    options = ["--max-requests=150", "--min-worker-lifetime=0"]
    with Collector() as collector, Server(tmp_path, to(collector.url), options) as server:
        load = Load(server.started().port)
        load.run(500)
        # A worker that is ended as soon as it is there does not hear of it.
        for _ in range(2):
            server.expect("Respawned uWSGI worker")
        assert server.stop() == 0
        load.check(collector.counted())
        assert len(load.seen) > 300
        assert sum(book["seen"] > 0 for book in server.books()) > 2


def test_it_is_ended_under_load(tmp_path: Path) -> None:
    with Collector() as collector, Server(tmp_path, to(collector.url)) as server:
        load = Load(server.started().port)
        load.start()
        load.wait(200)
        assert server.stop() == 0
        load.stop()
        load.check(collector.counted())


SINK = """
from trackside.wsgi import TracksideMiddleware
from wsgi_site import pages

def sink(batch):
    with open("delivered", "a") as out:
        for hit in batch.hits:
            out.write(hit.path + "\\n")

application = TracksideMiddleware(
    pages, consent="none", config={"destination": [{"type": "callback"}]}, sinks={"callback": sink}
)
"""


HOOKS = """
from trackside import Tracker
from trackside.wsgi import TracksideMiddleware
from wsgi_site import pages

def only_even(hit):
    return hit.path[-1] in "02468"

def title(hit, edit):
    edit.set(title="edited")

destination = {"type": "file", "path": "hits.jsonl"}
tracker = Tracker({"destination": [destination]}, consent="none", filter=only_even, edit=title)
application = TracksideMiddleware(pages, tracker=tracker)
"""


@pytest.mark.parametrize(
    ("program", "what"),
    [
        (SINK, "destination `callback` is delivered by Python"),
        (HOOKS, "a filter or an editor of hits is Python"),
    ],
)
def test_what_calls_python_is_a_mistake_that_names_the_flag(tmp_path: Path, program: str, what: str) -> None:
    (tmp_path / "calling_site.py").write_text(program)
    with Server(tmp_path, {}, ["--need-app"], module="calling_site") as server:
        assert server.wait() != 0
        assert f"ConfigError: {what}" in server.output
        assert "--enable-threads" in server.output


def test_with_the_flag_a_sink_delivers(tmp_path: Path) -> None:
    (tmp_path / "sink_site.py").write_text(SINK)
    with Server(tmp_path, {}, ["--enable-threads"], module="sink_site") as server:
        load = Load(server.started().port)
        load.run(40)
        assert server.stop() == 0
    delivered = (tmp_path / "delivered").read_text().split()
    assert sorted(delivered) == sorted(load.seen)


@pytest.mark.parametrize("lazy", LAZY)
def test_with_the_flag_hooks_are_asked(lazy: str, tmp_path: Path) -> None:
    (tmp_path / "hooks_site.py").write_text(HOOKS)
    options = ["--enable-threads", *LAZY[lazy]]
    with Server(tmp_path, {}, options, module="hooks_site") as server:
        load = Load(server.started().port)
        load.run(40)
        assert server.stop() == 0
    hits = [json.loads(line) for line in (tmp_path / "hits.jsonl").read_text().splitlines()]
    assert sorted(hit["path"] for hit in hits) == sorted(path for path in load.seen if path[-1] in "02468")
    assert {hit["title"] for hit in hits} == {"edited"}


LOGGING = """
import logging

class Handler(logging.Handler):
    def emit(self, record):
        print(f"LOG {record.levelname} {record.getMessage()}", flush=True)

logging.getLogger("trackside").addHandler(Handler())
logging.getLogger("trackside").setLevel(logging.INFO)
from wsgi_site import application
"""


def test_what_the_library_has_to_say_is_told_by_the_next_request(tmp_path: Path) -> None:
    (tmp_path / "logging_site.py").write_text(LOGGING)
    env = {
        "TRACKSIDE__DESTINATION__0__TYPE": "file",
        "TRACKSIDE__DESTINATION__0__PATH": str(tmp_path / "missing" / "hits.jsonl"),
        "TRACKSIDE__DESTINATION__0__BATCH__AGE": "1ms",
        "TRACKSIDE__SHUTDOWN": "1s",
    }
    with Server(tmp_path, env, ["--processes=1"], module="logging_site") as server:
        server.expect(r"spawned uWSGI worker \d")
        load = Load(server.port, visitors=1)
        load.start()
        # A worker of the library has found out; a request's thread tells.
        server.expect("LOG (WARNING|ERROR) .*missing")
        load.stop()
        server.stop()
