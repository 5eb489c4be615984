"""A tracker: where its configuration comes from, what is wrong with it, what it answers."""

from __future__ import annotations

import fcntl
import gc
import json
import sys
import threading
import time
import weakref
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from recorded import BROWSER, CONFIG, HTML, PEER, Site

from trackside import (
    ArgumentError,
    Batch,
    ConfigError,
    FileError,
    Left,
    NotFoundError,
    RecordingTransport,
    Tracker,
    TracksideError,
    UnsupportedError,
)


def is_ignored(tracker: Tracker, path: str) -> bool:
    return tracker.begin("GET", path, BROWSER).finish(200, HTML).reason == "ignored"


def recording(*arguments: Any, **options: Any) -> Tracker:
    return Tracker(*arguments, transport=RecordingTransport(), **options)


def test_a_mapping_is_the_schema() -> None:
    tracker = recording({"consent": {"policy": "none"}, "track": {"ignore": ("/a/", "/b/")}}, env=False)
    assert is_ignored(tracker, "/a/1")
    assert not is_ignored(tracker, "/c/1")


def test_a_text_is_toml() -> None:
    tracker = recording('consent.policy = "none"\n[track]\nignore = ["/a/"]', env=False)
    assert is_ignored(tracker, "/a/1")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("trackside.toml", 'consent.policy = "none"\ntrack.ignore = ["/a/"]'),
        ("trackside.json", '{"consent": {"policy": "none"}, "track": {"ignore": ["/a/"]}}'),
    ],
)
def test_a_file_overrides_what_is_given(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    tracker = recording({"track": {"ignore": ["/b/"]}}, file=path, env=False)
    assert is_ignored(tracker, "/a/1")
    assert not is_ignored(tracker, "/b/1")


def test_the_environment_overrides_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKSIDE__TRACK__IGNORE__0", "/a/")
    monkeypatch.setenv("TRACKSIDE__CONSENT__POLICY", "none")
    assert is_ignored(recording({"track": {"ignore": ["/b/"]}}), "/a/1")
    assert is_ignored(recording(), "/a/1")
    with pytest.raises(ConfigError, match=r"consent\.policy"):
        recording({"track": {"ignore": ["/b/"]}}, env=False)


def test_consent_may_stand_beside_the_configuration() -> None:
    assert recording({"consent": {"policy": "notice"}}, consent="none", env=False).stats().failures == 0
    with pytest.raises(ConfigError, match="perhaps"):
        recording(CONFIG, consent="perhaps", env=False)


@pytest.mark.parametrize("transport", [None, RecordingTransport()])
def test_all_mistakes_are_told_at_once_and_by_the_exception_alone(
    transport: RecordingTransport | None, caplog: pytest.LogCaptureFixture
) -> None:
    config = {
        "mood": "on",
        "visitor": {"cookie": {"name": "a b", "max_age": "x"}},
        "track": {"status": ["1", "2"], "count": "maybe"},
        "privacy": {"ip": "?"},
    }
    with pytest.raises(ConfigError) as caught:
        Tracker(config, env=False, transport=transport)
    assert caught.value.code == 5
    for key in (
        "visitor.cookie.name",
        "visitor.cookie.max_age",
        "track.status[1]",
        "track.count",
        "privacy.ip",
        "mood",
    ):
        assert f"{key}: " in caught.value.text
    assert str(caught.value) == caught.value.text
    assert caplog.records == []


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"config": 3}, TypeError, "config is a mapping"),
        ({"config": ["a"]}, TypeError, "config is a mapping"),
        ({"config": b"mode = 'on'"}, TypeError, "config is a mapping"),
        ({"config": {**CONFIG, "site": object()}}, TypeError, "no value of a configuration"),
        ({"config": "a ="}, ConfigError, "line 1"),
        ({"config": {**CONFIG, "site": 3}}, ConfigError, "site"),
        ({"file": "/nowhere/at/all.toml"}, FileError, "/nowhere/at/all.toml"),
        ({"file": "/nowhere/at/all.yaml"}, ArgumentError, "toml"),
        ({"file": 3}, TypeError, "PathLike"),
        ({"transport": 3}, TypeError, "transport is a function"),
        ({"sinks": {"sqlite": 3}}, TypeError, "the sink of `sqlite`"),
        ({"sinks": {"sqlite": None}}, TypeError, "the sink of `sqlite`"),
        ({"sinks": {"nobody": print}}, NotFoundError, "nobody"),
        ({"config": {**CONFIG, "destination": [{"type": "callback"}]}}, ConfigError, "no sink"),
    ],
)
def test_wrong_settings_are_typed_errors(options: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        Tracker(**{"config": CONFIG, "env": False, **options})


def test_a_destination_that_needs_celery_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("celery", "trackside.celery"):
        monkeypatch.setitem(sys.modules, module, None)
    config = {**CONFIG, "destination": [{"type": "celery", "tracking_id": "UA-1"}]}
    with pytest.raises(ConfigError, match=r"destination `celery` needs Celery: pip install"):
        Tracker(config, env=False)


def test_every_error_is_a_trackside_error_with_its_code() -> None:
    with pytest.raises(TracksideError) as caught:
        Tracker("x = 1\nconsent.policy = 'none'", env=False)
    assert (type(caught.value), caught.value.code) == (ConfigError, 5)


def test_explain_says_why_and_counts_nothing(site: Site) -> None:
    text = site.tracker.explain("GET", "/news/", BROWSER, peer=PEER)
    assert "/news/" in text
    assert "tracked" in text
    assert "status" in site.tracker.explain("GET", "/", BROWSER, status=404)
    assert site.tracker.stats().requests.seen == 0
    assert len(site.tracker.explain("GET", "/" + "x" * 40_000, BROWSER)) > 2_000
    with pytest.raises(ArgumentError, match="peer"):
        site.tracker.explain("GET", "/", BROWSER, peer="nowhere")


def test_an_event_outside_an_exchange_is_the_visitors(site: Site) -> None:
    exchange = site.tracker.begin("GET", "/", BROWSER, peer=PEER)
    visitor = exchange.visitor()
    assert visitor is not None
    exchange.finish(200, HTML)
    assert exchange.visitor() is None
    site.tracker.event(
        visitor, "paid", category="shop", label="SKU", value=3, properties={"a": "b", "n": 1.5, "t": True}
    )
    page, event = site.transport.hits
    assert (event.kind, event.name, event.category, event.label) == ("event", "paid", "shop", "SKU")
    assert (event.value, event.properties) == (3.0, {"a": "b", "n": 1.5, "t": True})
    assert event.visitor == page.visitor == visitor.id


@pytest.mark.parametrize(
    ("options", "are_kept"),
    [
        ({"transport": lambda batch: None}, True),
        ({"sinks": {"mine": lambda batch: None}}, True),
        ({"sinks": {"mine": lambda batch: None}, "clock": lambda: time.time_ns() // 1000}, False),
        ({"transport": RecordingTransport()}, False),
    ],
    ids=["transport", "sinks", "clock", "recording"],
)
def test_only_what_is_for_tests_does_without_the_keys(
    tmp_path: Path, options: dict[str, Any], are_kept: bool
) -> None:
    keys = tmp_path / "keys"
    visitor = {"identity": "cookieless", "keys": str(keys)}
    config = {"visitor": visitor, "destination": [{"type": "callback", "name": "mine"}]}
    with Tracker(config, consent="none", env=False, **options) as tracker:
        assert tracker.begin("GET", "/", BROWSER, peer=PEER).visitor_id is not None
    assert keys.exists() == are_kept


def test_an_event_of_no_visitor_is_none(site: Site) -> None:
    exchange = site.tracker.begin("GET", "/", BROWSER, peer=PEER)
    assert exchange.finish(200, HTML).is_tracked
    site.tracker.event(exchange.visitor(), "paid")
    assert site.tracker.event_within(exchange.visitor(), "paid", 60) == "abandoned"
    assert exchange.finish(200, HTML).reason == "abandoned", "the word for it is the same"
    assert [hit.kind for hit in site.transport.hits] == ["page"]
    assert site.failures == 0


def test_the_books_balance(site: Site) -> None:
    site.tracker.begin("GET", "/", BROWSER).finish(200, HTML)
    site.tracker.begin("GET", "/", BROWSER).finish(404, HTML)
    site.tracker.begin("GET", "/", BROWSER).abandon()
    del_me = site.tracker.begin("GET", "/", BROWSER)
    del del_me
    gc.collect()
    stats = site.tracker.stats()
    assert (stats.requests.seen, stats.requests.tracked) == (4, 1)
    assert stats.requests.skipped == {"status": 1, "abandoned": 2}
    [hits] = stats.destinations.values()
    assert (hits.offered, hits.delivered, hits.pending) == (1, 1, 0)


def spooling(folder: Path) -> dict[str, Any]:
    """To a receiver that is away: nobody listens on that port."""
    to: dict[str, Any] = {
        "type": "ga-v1",
        "name": "away",
        "tracking_id": "UA-1",
        "url": "http://127.0.0.1:9/",
    }
    to["spool"] = "always"
    return {**CONFIG, "spool": {"dir": str(folder)}, "destination": [to]}


def leave_a_hit(config: dict[str, Any]) -> None:
    """In the spool, whose folder is let go when the tracker has gone."""
    with Tracker(config, env=False) as tracker:
        tracker.begin("GET", "/a", BROWSER).finish(200, HTML)
        wait_until(lambda: tracker.stats().destinations["away"].volatile == 0)
        left = tracker.close(0)
        # It may be in an attempt just now, after which it waits there again.
        assert left.in_flight + left.spooled == 1
    # The tracker has gone once its worker has let go of the folder.
    wait_until(lambda: all(map(is_free, Path(config["spool"]["dir"]).rglob("*.lock"))))


def is_free(lock: Path) -> bool:
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


class Takes(BaseHTTPRequestHandler):
    """A receiver that takes all."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(204)
        self.end_headers()


def test_what_another_left_in_the_spool_is_counted_apart(tmp_path: Path) -> None:
    receiver = HTTPServer(("127.0.0.1", 0), Takes, bind_and_activate=False)
    receiver.server_bind()
    config = spooling(tmp_path / "spool")
    config["destination"][0]["url"] = f"http://127.0.0.1:{receiver.server_address[1]}/"
    leave_a_hit(config)
    receiver.server_activate()
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    with Tracker(config, env=False) as tracker:
        tracker.begin("GET", "/b", BROWSER).finish(200, HTML)
        wait_until(lambda: tracker.stats().destinations["away"].delivered == 2)
        hits = tracker.stats().destinations["away"]
        assert (hits.offered, hits.adopted, hits.pending) == (1, 1, 0)
    receiver.shutdown()
    receiver.server_close()


def test_what_is_not_in_the_spool_though_it_should_be_is_volatile(tmp_path: Path) -> None:
    place = tmp_path / "spool"
    place.write_text("not a folder")
    with Tracker(spooling(place), env=False) as tracker:
        tracker.begin("GET", "/a", BROWSER).finish(200, HTML)
        hits = tracker.stats().destinations["away"]
        assert (hits.pending, hits.volatile, hits.spooled) == (1, 1, 0)
        tracker.close(0)


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_importer_waits_and_is_told_what_became_of_an_event(tmp_path: Path) -> None:
    is_open, batches = threading.Event(), []

    def sink(batch: Batch) -> None:
        batches.append([hit.name for hit in batch.hits])
        is_open.wait(60)

    to = {"type": "callback", "name": "mine", "queue": {"hits": 1}, "batch": {"hits": 1}}
    with Tracker({**CONFIG, "destination": [to]}, sinks={"mine": sink}, env=False) as tracker:
        visitor = tracker.begin("GET", "/", BROWSER).visitor()
        assert visitor is not None
        assert tracker.event_within(visitor, "first", value=1.5) is None
        wait_until(lambda: bool(batches))
        assert tracker.event_within(visitor, "second", 60) is None
        began = time.monotonic()
        assert tracker.event_within(visitor, "lost", 0.03) == "queue-full"
        assert time.monotonic() - began >= 0.03
        answers: list[str | None] = []
        waits = threading.Thread(target=lambda: answers.append(tracker.event_within(visitor, "third", 60)))
        waits.start()
        wait_until(lambda: tracker.stats().destinations["mine"].offered == 4)
        assert not answers
        is_open.set()
        waits.join()
        assert answers == [None]
        tracker.close(60)
        assert batches == [["first"], ["second"], ["third"]]
        assert tracker.event_within(visitor, "late", 60) == "closed"


def test_close_may_be_called_again_and_later_hits_are_dropped(tmp_path: Path) -> None:
    lines = tmp_path / "hits.jsonl"
    config = {**CONFIG, "destination": [{"type": "file", "path": str(lines)}]}
    with Tracker(config, env=False) as tracker:
        tracker.begin("GET", "/a", BROWSER).finish(200, HTML)
        assert tracker.flush(30) == Left()
        assert not tracker.flush(30)
    assert tracker.close() == Left()
    assert tracker.begin("GET", "/b", BROWSER).finish(200, HTML).is_tracked
    assert [json.loads(line)["path"] for line in lines.read_text().splitlines()] == ["/a"]
    [hits] = tracker.stats().destinations.values()
    assert (hits.delivered, hits.dropped) == (1, {"closed": 1})


def test_close_answers_both_books() -> None:
    tracker = Tracker(CONFIG, env=False, transport=RecordingTransport())
    assert tracker.begin("GET", "/a", BROWSER).finish(200, HTML).is_tracked
    tracker.begin("GET", "/a", BROWSER).finish(404, HTML)
    closed = tracker.close()
    assert not closed
    assert closed == Left() == closed
    assert closed != Left(queued=1)
    assert (closed.stats.requests.seen, closed.stats.requests.skipped) == (2, {"status": 1})
    assert closed.stats == tracker.stats()
    tracker.begin("GET", "/b", BROWSER).finish(200, HTML)
    assert closed.stats.requests.seen == 2
    [hits] = tracker.close().stats.destinations.values()
    assert (hits.delivered, hits.dropped) == (1, {"closed": 1})


def test_the_books_are_text_for_prometheus() -> None:
    # So many that the text is longer than what is first tried.
    names = [f"destination-{n}" for n in range(40)]
    config = {**CONFIG, "destination": [{"type": "callback", "name": name} for name in names]}
    with Tracker(config, env=False, transport=lambda batch: None) as tracker:
        tracker.begin("GET", "/a", BROWSER).finish(404, HTML)
        lines = tracker.prometheus().splitlines()
    assert len("\n".join(lines)) > 16 * 1024
    assert 'trackside_requests_total{outcome="skipped",reason="status"} 1' in lines
    assert f'trackside_hits_total{{destination="{names[39]}",outcome="delivered"}} 0' in lines


def test_what_does_not_record_has_no_hits(tmp_path: Path) -> None:
    config = {**CONFIG, "destination": [{"type": "file", "path": str(tmp_path / "x")}]}
    with Tracker(config, env=False) as tracker, pytest.raises(UnsupportedError):
        tracker.hits()


def test_clock_and_randomness_are_swapped() -> None:
    now = 1_784_714_400_000_000
    hits = []
    for _ in range(2):
        transport = RecordingTransport()
        tracker = Tracker(
            CONFIG, env=False, transport=transport, clock=lambda: now, entropy=lambda: bytes(range(64))
        )
        tracker.begin("GET", "/", BROWSER).finish(200, HTML)
        hits += transport.hits
    assert hits[0] == hits[1]
    assert hits[0].at == now


def test_a_clock_is_there_for_what_a_tracker_has_left_behind() -> None:
    def clock() -> int:
        return 1_784_714_400_000_000

    kept = weakref.ref(clock)
    Tracker(CONFIG, env=False, transport=RecordingTransport(), clock=clock).close()
    del clock
    gc.collect()
    assert kept() is not None


def test_a_clock_that_raises_harms_no_page(caplog: pytest.LogCaptureFixture) -> None:
    tracker = Tracker(
        CONFIG,
        env=False,
        transport=RecordingTransport(),
        clock=lambda: int("now"),
        entropy=lambda: b"short",
    )
    assert tracker.begin("GET", "/", BROWSER).finish(200, HTML).is_tracked
    assert tracker.failures.count >= 1
    assert caplog.records[0].name == "trackside"
