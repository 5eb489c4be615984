"""Filters and editors in Python: what they see and may change, and what becomes of their mistakes."""

from __future__ import annotations

import logging
import sys
from types import SimpleNamespace

import pytest

from trackside.errors import ConfigError, TracksideError
from trackside.hit import Hit
from trackside.hooks import Edit, Editor, Filter
from trackside.tracker import Tracker
from trackside.transport import Batch

CONFIG = "consent.policy = 'none'\n[[destination]]\ntype = 'callback'\nname = 'mine'\n"


class Kept:
    """What arrives."""

    def __init__(self) -> None:
        self.hits: list[Hit] = []

    def __call__(self, batch: Batch) -> None:
        self.hits.extend(batch.hits)


def opened(filter: Filter | None = None, edit: Editor | None = None) -> tuple[Tracker, Kept]:
    kept = Kept()
    return Tracker(CONFIG, env=False, sinks={"mine": kept}, filter=filter, edit=edit), kept


def visit(tracker: Tracker, *paths: str) -> None:
    for path in paths:
        headers = [("host", "www.example.com"), ("accept", "text/html")]
        exchange = tracker.begin("GET", path, headers, peer="203.0.113.9")
        exchange.finish(200, [("content-type", "text/html")])
    tracker.close(60)


def test_hits_are_filtered() -> None:
    tracker, kept = opened(filter=lambda hit: hit.path != "/no")
    visit(tracker, "/a", "/no", "/b")
    assert [hit.path for hit in kept.hits] == ["/a", "/b"]
    book = tracker.stats().destinations["mine"]
    assert book.refused == {"filtered": 1}


def test_hits_are_edited() -> None:
    def edit(hit: Hit, edit: Edit) -> None:
        edit.set(path=hit.path + "edited", title="A title")
        edit.property("text", "x")
        edit.property("number", 2)
        edit.property("truth", True)
        edit.property("gone", "x")
        edit.remove_property("gone")
        edit.forget_visitor()
        edit.forget_ip()

    tracker, kept = opened(edit=edit)
    visit(tracker, "/")
    (hit,) = kept.hits
    assert (hit.path, hit.title, hit.visitor, hit.ip) == ("/edited", "A title", "", "")
    assert hit.properties == {"text": "x", "number": 2.0, "truth": True}


def test_exceptions_count_and_the_hit_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    def fail(hit: Hit) -> bool:
        raise SystemExit("no list")

    def spoil(hit: Hit, edit: Edit) -> None:
        edit.set(path="/never")
        raise ValueError("no names")

    with caplog.at_level(logging.ERROR, "trackside"):
        tracker, kept = opened(fail, spoil)
        visit(tracker, "/", "/b")
    assert [hit.path for hit in kept.hits] == ["/", "/b"]
    stats = tracker.stats()
    assert (stats.destinations["mine"].panics, tracker.failures.count) == (4, 4)
    told = [record for record in caplog.records if record.exc_info]
    assert len(told) == 1
    assert told[0].getMessage().startswith("the filter of hits failed")


def test_an_edit_is_over_with_its_function() -> None:
    edits: list[Edit] = []
    tracker, _ = opened(edit=lambda _, edit: edits.append(edit))
    visit(tracker, "/")
    with pytest.raises(TracksideError, match="edit"):
        edits[0].forget_ip()


def test_what_is_no_function_is_an_error_at_start() -> None:
    with pytest.raises(TypeError, match="filter is a function, not str"):
        Tracker(CONFIG, env=False, sinks={"mine": Kept()}, filter="/no")  # type: ignore[arg-type]


def test_without_threads_it_is_an_error_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uwsgi", SimpleNamespace(has_threads=False))
    with pytest.raises(ConfigError, match="--enable-threads"):
        Tracker({"consent": {"policy": "none"}}, env=False, filter=lambda hit: True)
