"""A destination of type celery, against a real broker: what its messages say, and what an outage costs."""

from __future__ import annotations

import json
import socket
import threading
import time
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery, _state, current_app
from kit.broker import Redis
from kit.process import free_port, python

from trackside import ConfigError, Tracker
from trackside.celery import TaskSink

HEADERS = [("host", "shop.example"), ("user-agent", "tests"), ("accept", "text/html")]
HTML = [("content-type", "text/html")]
URL = "https://stats.example/collect"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Redis]:
    with Redis(tmp_path) as broker:
        yield broker


@pytest.fixture(autouse=True)
def _no_app() -> Iterator[None]:
    """Celery's apps are the process's: each test begins without one."""
    _state._tls.current_app = _state.default_app = None
    _state._apps.clear()
    yield
    _state._tls.current_app = _state.default_app = None


def config(**destination: object) -> dict[str, Any]:
    to = {"type": "celery", "tracking_id": "UA-12345-6", "url": URL, **destination}
    return {"consent": {"policy": "none"}, "track": {"bots": "keep"}, "shutdown": "2s", "destination": [to]}


def visit(tracker: Tracker, path: str) -> None:
    tracker.begin("GET", path, HEADERS).finish(200, HTML)


def messages(broker: Redis, count: int) -> list[tuple[dict[str, Any], list[Any]]]:
    """Takes so many from the queue, oldest first: each its headers, and the task's arguments."""
    taken: list[tuple[dict[str, Any], list[Any]]] = []
    with redis.Redis(port=broker.port) as client:
        for _ in range(count):
            item = client.brpop(["celery"], timeout=30)
            assert item is not None, f"{len(taken)} of {count} came"
            message = json.loads(item[1])
            taken.append((message["headers"], json.loads(b64decode(message["body"]))[0]))
        assert client.llen("celery") == 0
    return taken


def test_each_hit_is_a_task_with_the_parameters_of_ga_v1(broker: Redis) -> None:
    Celery("shop", broker=broker.url)
    with Tracker(config(), env=False) as tracker:
        exchange = tracker.begin("GET", "/caf%C3%A9?utm_source=x", HEADERS, peer="203.0.113.9")
        exchange.title = "Cart & checkout"
        visitor = exchange.visitor_id
        exchange.finish(200, HTML)
        [(headers, (params, url))] = messages(broker, 1)
    assert headers["task"] == "trackside.celery.submit_tracking"
    assert url == URL
    assert params == {
        "v": "1",
        "z": params["z"],
        "t": "pageview",
        "dt": "Cart & checkout",
        "dh": "shop.example",
        "dp": "/café",
        "tid": "UA-12345-6",
        "cid": visitor,
        "uip": "203.0.113.0",
        "ua": "tests",
        "cs": "x",
    }


def test_the_task_has_the_hits_id(broker: Redis) -> None:
    Celery("shop", broker=broker.url)
    seen: list[str] = []
    sink = TaskSink()

    def noting(batch: Any) -> Any:
        seen.extend(hit.id for hit in batch.hits)
        return sink(batch)

    with Tracker(config(), env=False, sinks={"celery": noting}) as tracker:
        visit(tracker, "/")
        [(headers, _)] = messages(broker, 1)
    assert seen == [headers["id"]]


def test_bytes_that_are_no_text_do_not_stop_a_hit(broker: Redis) -> None:
    Celery("shop", broker=broker.url)
    with Tracker(config(), env=False) as tracker:
        tracker.begin("GET", b"/\xff%FE", [*HEADERS[:1], ("user-agent", b"\x80&v=2")]).finish(200, HTML)
        [(_, (params, _))] = messages(broker, 1)
    assert (params["dp"], params["ua"], params["v"]) == ("/\ufffd\ufffd", "\ufffd&v=2", "1")


def test_another_task_by_its_name_alone_and_with_its_options(broker: Redis) -> None:
    app = Celery("shop", broker=broker.url)
    with Tracker(config(task="analytics.tasks.submit_tracking"), env=False) as tracker:
        visit(tracker, "/")
        [(headers, _)] = messages(broker, 1)
        assert headers["task"] == "analytics.tasks.submit_tracking"

        @app.task(name="analytics.tasks.submit_tracking", expires=7)  # type: ignore[untyped-decorator]  # Celery's
        def submit_tracking(params: dict[str, str], provider_url: str) -> None:
            pass

        visit(tracker, "/")
        [(headers, _)] = messages(broker, 1)
        assert headers["expires"] is not None


def test_a_hit_that_the_protocol_would_not_count_is_refused(broker: Redis) -> None:
    Celery("shop", broker=broker.url)
    settings = {**config(), "visitor": {"identity": "none"}}
    with Tracker(settings, env=False) as tracker:
        visit(tracker, "/")
        tracker.flush(30)
        book = tracker.stats().destinations["celery"]
        assert book.refused == {"no-visitor": 1}
    messages(broker, 0)


def test_an_outage_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    port = free_port()
    Celery("shop", broker=f"redis://127.0.0.1:{port}/0")
    with Tracker(config(), env=False) as tracker:
        for n in range(20):
            visit(tracker, f"/{n}")
        with Redis(tmp_path, port) as broker:
            first = messages(broker, 20)
        # The broker is gone, and with it the connection.
        for n in range(20, 40):
            visit(tracker, f"/{n}")
        with Redis(tmp_path, port) as broker:
            second = messages(broker, 20)
        tracker.flush(30)
        book = tracker.stats().destinations["celery"]
    assert sorted(params["dp"] for _, (params, _) in first + second) == sorted(f"/{n}" for n in range(40))
    assert (book.offered, book.delivered) == (40, 40)


def test_a_broker_that_does_not_answer_is_given_up_and_not_felt() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        Celery("shop", broker=f"redis://127.0.0.1:{port}/0")
        tracker = Tracker(config(), env=False)
        visit(tracker, "/")
        silent.settimeout(30)
        connection, _ = silent.accept()
        with connection:
            left = tracker.close(0.2)
        assert (left.queued, left.in_flight) == (0, 1)
        book = tracker.stats().destinations["celery"]
        assert (book.offered, book.pending) == (1, 1)


def test_a_process_ends_in_time_though_the_broker_does_not_answer(tmp_path: Path) -> None:
    program = """
import socket, sys, threading
from celery import Celery
from trackside import Tracker
silent = socket.create_server(("127.0.0.1", 0))
Celery("shop", broker=f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
tracker = Tracker({"consent": {"policy": "none"}, "track": {"bots": "keep"}, "shutdown": "500ms",
    "destination": [{"type": "celery", "tracking_id": "UA-1"}]}, env=False)
for n in range(5):
    tracker.begin("GET", f"/{n}", [("host", "a")]).finish(200, [("content-type", "text/html")])
held = silent.accept()
print("accepted", flush=True)
"""
    with python("-c", program, cwd=tmp_path) as process:
        process.expect("accepted")
        # The deadline is half a second; whatever hangs would hang for ever.
        assert process.wait(10) == 0
        assert "Error" not in process.output


def test_an_app_is_found_whichever_thread_made_it(broker: Redis) -> None:
    tracker = Tracker(config(), env=False)
    apps: list[Celery] = []
    thread = threading.Thread(target=lambda: apps.append(Celery("shop", broker=broker.url)))
    thread.start()
    thread.join()
    visit(tracker, "/")
    messages(broker, 1)
    tracker.close()


def test_the_app_that_celery_makes_up_is_not_meant(broker: Redis) -> None:
    # In a thread without a current app, Celery makes one for a broker on localhost, for good.
    assert current_app.main == "default"
    tracker = Tracker(config(), env=False)
    apps: list[Celery] = []
    thread = threading.Thread(target=lambda: apps.append(Celery("shop", broker=broker.url)))
    thread.start()
    thread.join()
    visit(tracker, "/")
    messages(broker, 1)
    tracker.close()


def test_a_broker_that_has_no_room_is_told_again(broker: Redis) -> None:
    Celery("shop", broker=broker.url)
    with redis.Redis(port=broker.port) as client, Tracker(config(), env=False) as tracker:
        visit(tracker, "/0")
        first = messages(broker, 1)
        client.config_set("maxmemory", "1")
        for n in range(1, 10):
            visit(tracker, f"/{n}")
        for _ in range(100):
            tracker.flush(0.1)
            if tracker.stats().destinations["celery"].retries:
                break
        client.config_set("maxmemory", "0")
        rest = messages(broker, 9)
        assert tracker.flush(30).queued == 0
        assert tracker.stats().destinations["celery"].dropped == {}
    assert sorted(params["dp"] for _, (params, _) in first + rest) == [f"/{n}" for n in range(10)]


def test_without_an_app_hits_wait_for_one(broker: Redis, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "trackside"), Tracker(config(), env=False) as tracker:
        visit(tracker, "/")
        deadline = time.monotonic() + 30
        while "this process has no Celery app yet" not in caplog.text:
            assert time.monotonic() < deadline, caplog.text
            time.sleep(0.01)
        Celery("shop", broker=broker.url)
        messages(broker, 1)
        tracker.flush(30)
    assert "the broker of Celery takes hits again" in caplog.text


def test_several_apps_are_told_apart_by_who_gives_the_sink(broker: Redis, tmp_path: Path) -> None:
    kept: list[Celery] = []

    def make() -> None:
        kept.extend(Celery(name, broker="redis://127.0.0.1:1/0") for name in ("one", "two"))
        kept.append(Celery("three", broker=broker.url))

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    sinks = {"celery": TaskSink(app=kept[-1])}
    with Tracker(config(), env=False, sinks=sinks) as tracker:
        visit(tracker, "/")
        messages(broker, 1)


@pytest.mark.parametrize("task", ["", "submit", "a b.c"])
def test_a_task_that_cannot_be_one_is_a_mistake_of_the_configuration(task: str) -> None:
    with pytest.raises(ConfigError, match=r"destination\[0\]\.task: .* is not the name of a task"):
        Tracker(config(task=task), env=False)
