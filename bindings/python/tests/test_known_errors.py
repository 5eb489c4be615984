"""Errors that were once there, one test each."""

from __future__ import annotations

import copy
import dataclasses
import logging
import math
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterable
from typing import Any

import pytest
from recorded import BROWSER, CONFIG, HTML, PEER, Site
from test_wsgi import Server, environ

from trackside import Batch, ConfigError, Exchange, RecordingTransport, Tracker, TracksideError
from trackside.wsgi import TracksideMiddleware


def begin(site: Site) -> Exchange:
    return site.tracker.begin("GET", "/", BROWSER, peer=PEER)


def test_a_copy_of_an_exchange_was_freed_with_it(site: Site) -> None:
    exchange = begin(site)
    assert copy.copy({"trackside": exchange})["trackside"] is exchange
    assert copy.copy(exchange) is exchange
    assert copy.deepcopy({"trackside": exchange})["trackside"] is exchange
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(exchange)
    assert exchange.finish(200, HTML).is_tracked


def test_a_tracker_and_a_visitor_spoke_of_cffi_when_they_were_pickled(site: Site) -> None:
    visitor = begin(site).visitor()
    for one, name in ((site.tracker, "a tracker"), (visitor, "a visitor")):
        with pytest.raises(TypeError, match=f"^{name} belongs to its process, and cannot be pickled"):
            pickle.dumps({"mine": one})
        assert copy.copy(one) is one
        assert copy.deepcopy({"mine": one})["mine"] is one
    site.tracker.event(copy.deepcopy(visitor), "paid")
    assert [hit.name for hit in site.transport.hits] == ["paid"]


def test_an_exchange_whose_making_was_interrupted_complained_at_its_end() -> None:
    # Pytest makes an error of what is raised there.
    del_ = Exchange.__new__(Exchange)
    del del_


def test_a_number_as_a_header_was_as_many_zeros(site: Site) -> None:
    # PyPy has none.
    tracemalloc = pytest.importorskip("tracemalloc", exc_type=ImportError)
    exchange = begin(site)
    headers: Any = [*HTML, ("Content-Length", 256 << 20)]
    tracemalloc.start()
    try:
        exchange.finish(200, headers)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20
    assert (len(site.paths), site.failures) == (1, 0)


def test_an_annotation_by_another_thread_could_spoil_the_block(site: Site) -> None:
    class Growing(list[Any]):
        """Whenever it is read, another thread is at it."""

        def __iter__(self) -> Any:
            self.append(self[0])
            return super().__iter__()

    exchange = begin(site)
    exchange.event("first")
    assert exchange._annotations is not None
    exchange._annotations = Growing([*exchange._annotations, *exchange._annotations])
    assert exchange.finish(200, HTML).is_tracked
    assert site.failures == 0


@pytest.mark.parametrize("status", [200, 2.5, b"200 OK", "2_0 OK"])
def test_a_status_that_is_no_text_raised_in_the_page(site: Site, status: Any) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response(status, [("Content-Type", "text/html")])
        return [b"x"]

    server = Server().run(TracksideMiddleware(app, tracker=site.tracker), environ())
    assert (server.status, server.body) == (status, b"x")


@pytest.mark.parametrize(
    "once", [iter, lambda headers: (header for header in headers), lambda headers: dict(headers).items()]
)
def test_headers_that_can_be_read_but_once_did_not_reach_the_server(site: Site, once: Any) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", once([("Content-Type", "text/html"), ("X-Mine", "1")]))
        return [b"x"]

    server = Server().run(TracksideMiddleware(app, tracker=site.tracker), environ())
    assert (server.header("content-type"), server.header("x-mine")) == (["text/html"], ["1"])
    assert len(server.header("set-cookie")) == 1


@pytest.mark.parametrize("peer", [b"203.0.113.9", 7, ("203.0.113.9", 80), ["203.0.113.9"], {}])
def test_an_odd_peer_lost_the_hit(site: Site, peer: Any) -> None:
    Server().run(
        TracksideMiddleware(lambda environ, start_response: page(start_response), tracker=site.tracker),
        environ(REMOTE_ADDR=peer),
    )
    assert site.tracker.begin("GET", "/", BROWSER, peer=peer).finish(200, HTML).is_tracked
    assert (len(site.paths), site.failures) == (2, 0)


def page(start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/html")])
    return [b"x"]


@pytest.mark.parametrize("given", [b"short", b"", None, "text", 64, b"x" * 65])
def test_bad_entropy_gave_all_visitors_one_id_or_showed_memory(given: Any) -> None:
    tracker = Tracker(CONFIG, env=False, transport=RecordingTransport(), entropy=lambda: given)
    ids = {tracker.begin("GET", "/", BROWSER).visitor_id for _ in range(10)}
    assert len(ids) == 10
    # Theirs, and that of the key of the day.
    assert tracker.failures.count == 11


@pytest.mark.parametrize("now", [-1, 1 << 64, math.nan, None, "now"])
def test_a_bad_clock_told_the_year_1970(now: Any) -> None:
    transport = RecordingTransport()
    tracker = Tracker(CONFIG, env=False, transport=transport, clock=lambda: now)
    tracker.begin("GET", "/", BROWSER).finish(200, HTML)
    [hit] = transport.hits
    assert hit.at > 1_700_000_000_000_000
    assert tracker.failures.count > 0


def test_a_recorded_hit_could_not_be_copied_pickled_or_held_in_a_set(site: Site) -> None:
    begin(site).finish(200, HTML)
    [hit] = site.transport.hits
    for made in (copy.copy(hit), copy.deepcopy(hit), pickle.loads(pickle.dumps(hit))):
        assert made == hit
    assert {hit, copy.deepcopy(hit)} == {hit}
    assert dataclasses.asdict(hit)["path"] == "/"


def test_the_repr_of_a_hit_told_who_it_was(site: Site) -> None:
    exchange = begin(site)
    exchange.user_id, exchange.title = "ada@example.org", "Ada's page"
    exchange.property("mail", "ada@example.org")
    exchange.finish(200, [*HTML])
    [hit] = site.transport.hits
    assert repr(hit) == f"Hit(id='{hit.id}', kind='page', site='www.example.com', path='/', name='', ...)"
    assert hit.visitor
    for personal in (hit.visitor, hit.ip, hit.agent, hit.user_id, hit.title):
        assert personal not in repr([hit])


def test_an_event_with_odd_values_raised(site: Site) -> None:
    visitor = begin(site).visitor()
    assert visitor is not None
    odd: Any = {1: 10**400, "nan": math.nan, None: None, "\ud800": b"x", "big": "x" * 1_000_000}
    name: Any = 7
    category: Any = ["a"]
    site.tracker.event(visitor, name, category=category, label="\ud800", value=10**400, properties=odd)
    site.tracker.event(visitor, "many", properties={f"k{n}": n for n in range(1000)})
    assert [(hit.name, hit.value) for hit in site.transport.hits] == [("7", None), ("many", None)]


def circle() -> dict[str, Any]:
    made: dict[str, Any] = {}
    made["track"] = made
    return made


def abyss() -> dict[str, Any]:
    made: dict[str, Any] = {}
    for _ in range(100_000):
        made = {"track": made}
    return made


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"config": circle()}, ConfigError),
        ({"config": abyss()}, ConfigError),
        ({"config": {**CONFIG, "sample": math.nan}}, ConfigError),
        ({"config": CONFIG, "clock": 3}, TypeError),
        ({"config": CONFIG, "entropy": b"x" * 64}, TypeError),
        ({"config": CONFIG, "sinks": [print]}, TypeError),
        ({"config": CONFIG, "file": "/nowhere/\udcff.toml"}, TracksideError),
    ],
    ids=["circle", "abyss", "nan", "clock", "entropy", "sinks", "file"],
)
def test_a_wrong_setting_was_no_typed_error(options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        Tracker(env=False, **options)


def test_a_batch_was_used_by_another_thread_after_it_was_freed() -> None:
    errors: list[BaseException] = []
    stop = threading.Event()
    batches: list[Batch] = []

    def use() -> None:
        while not stop.is_set():
            for batch in batches[-4:]:
                try:
                    batch.classify(200)
                    batch.request()
                except TracksideError:
                    pass
                except BaseException as error:
                    errors.append(error)

    one = {"type": "ga-v1", "name": "mine", "tracking_id": "UA-1-1"}
    tracker = Tracker({**CONFIG, "destination": [one]}, env=False, sinks={"mine": batches.append})
    threads = [threading.Thread(target=use) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(300):
        tracker.begin("GET", "/", BROWSER).finish(200, HTML)
    assert not tracker.flush(30)
    stop.set()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_logging_handler_that_raised_broke_the_page(site: Site) -> None:
    class Raising(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise RuntimeError("mine")

    handler = Raising()
    logger = logging.getLogger("trackside")
    logger.addHandler(handler)
    try:
        asked = environ()
        asked["PATH_INFO"] = 7
        app = TracksideMiddleware(lambda environ, start_response: page(start_response), tracker=site.tracker)
        assert Server().run(app, asked).body == b"x"
    finally:
        logger.removeHandler(handler)
    assert site.failures == 1


def test_a_tracker_could_not_be_opened_when_the_main_thread_had_ended() -> None:
    code = """
import threading
from trackside import Tracker

ended = threading.Event()
threading._register_atexit(ended.set)

def late():
    ended.wait()
    one = {"type": "callback", "name": "mine"}
    config = {"consent": {"policy": "none"}, "destination": [one]}
    tracker = Tracker(config, env=False, sinks={"mine": lambda batch: None})
    headers = [("host", "www.example.com")]
    tracker.begin("GET", "/", headers).finish(200, [("content-type", "text/html")])
    assert not tracker.flush(30)
    print(tracker.stats().destinations["mine"].delivered)

threading.Thread(target=late).start()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], timeout=60, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")
