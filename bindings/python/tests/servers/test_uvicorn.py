"""uvicorn as a real process, which ends by the signal that it is sent; the FastAPI example; and a loop that
is never blocked."""

from __future__ import annotations

import http.client
import json
import signal
from pathlib import Path
from uuid import UUID

import pytest
from kit.collector import Collector
from kit.load import Load
from kit.process import Process, python
from kit.store import counted, rows
from test_gunicorn import to

SITES = Path(__file__).parent / "sites"
EXAMPLE = Path(__file__).parents[2] / "examples" / "fastapi"


def serve(application: str, folder: Path, cwd: Path, *options: str, **env: str) -> Process:
    arguments = ["-m", "uvicorn", application, "--app-dir", str(folder), "--port", "0", *options]
    return python(*arguments, cwd=cwd, env=env)


def port(server: Process) -> int:
    return int(server.expect(r"running on http://127\.0\.0\.1:(\d+)")[1])


def test_what_waits_is_stored_when_it_ends(tmp_path: Path) -> None:
    store = tmp_path / "trackside.db"
    env = {"TRACKSIDE__DESTINATION__0__TYPE": "sqlite", "TRACKSIDE__DESTINATION__0__BATCH__AGE": "1h"}
    with serve("asgi_site:application", SITES, tmp_path, "--no-access-log", **env) as server:
        load = Load(port(server))
        load.run(90)
        assert not store.exists()
        assert server.stop() == -signal.SIGTERM
    load.check(counted(store))
    assert len(load.seen) == 90


def test_it_is_ended_under_load(tmp_path: Path) -> None:
    with Collector() as collector:
        env = to(collector.url)
        with serve("asgi_site:application", SITES, tmp_path, "--no-access-log", **env) as server:
            load = Load(port(server))
            load.start()
            load.wait(200)
            server.stop()
            load.stop()
        load.check(collector.counted())
        assert len(load.seen) >= 200
        assert "Traceback" not in server.output


def test_a_stalled_collector_never_blocks_the_loop(tmp_path: Path) -> None:
    # Asyncio's own debugging tells of every step that took longer than this.
    site = tmp_path / "slow_site.py"
    site.write_text(
        """
import asyncio
from contextlib import asynccontextmanager
import asgi_site

@asynccontextmanager
async def watch(_):
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 1.0
    yield

asgi_site.site.router.lifespan_context = watch
application = asgi_site.application
"""
    )
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/collect"
        env = {
            **to(url, QUEUE__HITS="50"),
            "TRACKSIDE__SHUTDOWN": "1s",
            "PYTHONPATH": str(SITES),
        }
        with serve("slow_site:application", tmp_path, tmp_path, "--no-access-log", **env) as server:
            load = Load(port(server))
            load.run(300)
            server.stop()
        assert len(load.seen) == 300
        # Neither while the queue was full, nor while it was waited for what was left.
        assert "Executing <" not in server.output
        [book] = [json.loads(line[5:]) for line in server.lines if line.startswith("BOOK ")]
        assert book["seen"] == book["tracked"] == 300
        assert book["to"]["ga-v1"]["dropped"]["queue-full"] > 0


def test_wrong_settings_stop_the_start(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text(
        """
from starlette.applications import Starlette
from trackside.starlette import TracksideMiddleware

application = Starlette()
application.add_middleware(TracksideMiddleware, consent="perhaps")
"""
    )
    with serve("wrong:application", tmp_path, tmp_path) as server:
        assert server.wait() == 3
        assert "trackside: mistakes" in server.output or "consent.policy" in server.output
        assert "Application startup failed" in server.output


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_the_example(end: signal.Signals, tmp_path: Path) -> None:
    with serve("main:app", EXAMPLE, tmp_path) as server:
        client = http.client.HTTPConnection("127.0.0.1", port(server), timeout=30)
        for method, path, status in [
            ("GET", "/items/7", 200),
            ("POST", "/items", 201),
            ("GET", "/items/none", 422),
            ("GET", "/health", 200),
            ("OPTIONS", "/items", 405),
        ]:
            client.request(method, path)
            answer = client.getresponse()
            answer.read()
            assert (answer.status, answer.headers["Set-Cookie"]) == (status, None)
        client.close()
        server.stop(end)
    assert rows(tmp_path / "trackside.db", "kind, method, path, route, name, properties") == [
        ("page", "GET", "/items/7", "/items/{number}", None, '{"is_even":false}'),
        ("page", "POST", "/items", "/items", None, None),
        ("event", "POST", "/items", "/items", "add", None),
    ]
    # One caller, without a cookie: by the id of the day.
    [visitor] = counted(tmp_path / "trackside.db", "visitor")
    assert UUID(bytes=visitor).version == 8
