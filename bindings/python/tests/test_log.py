"""What the library has to say, on Python's logger."""

from __future__ import annotations

import logging

import pytest
from recorded import BROWSER, CONFIG, HTML, Site

from trackside import Tracker, log

WARNS = {**CONFIG, "visitor": {"cookie": {"max_age": "500d"}}}
FAILING = {**CONFIG, "destination": [{"type": "file", "path": "/nowhere/at/all.jsonl"}]}


def test_a_warning_of_the_configuration_is_told_at_once(caplog: pytest.LogCaptureFixture) -> None:
    Site(WARNS)
    [record] = caplog.records
    assert (record.name, record.levelname) == ("trackside", "WARNING")
    assert "max_age" in record.getMessage()


def test_what_a_worker_says_is_told_by_the_next_call(caplog: pytest.LogCaptureFixture) -> None:
    tracker = Tracker(FAILING, env=False)
    tracker.begin("GET", "/", BROWSER).finish(200, HTML)
    # Waits natively, without telling.
    from trackside import _native

    _native.call(_native.lib.trackside_tracker_flush, tracker._handle, 30_000, _native.NULL)
    assert caplog.records == []
    assert log.waiting[0] > 0
    tracker.begin("GET", "/", BROWSER).abandon()
    assert "/nowhere/at/all.jsonl" in caplog.records[0].getMessage()
    assert log.waiting[0] == 0
    tracker.close()


def test_verdicts_are_told_on_request(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "trackside"):
        site = Site()
        site.tracker.begin("GET", "/news/", BROWSER).finish(200, HTML)
        site.tracker.stats()
        assert any("tracked" in record.getMessage() for record in caplog.records)
    log.listen()


def test_a_long_message_is_told_whole(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "trackside"):
        site = Site()
        site.tracker.begin("GET", "/" + "x" * 9_000, BROWSER).finish(200, HTML)
        site.tracker.stats()
        assert any(len(record.getMessage()) > 4_096 for record in caplog.records)
    log.listen()


def test_a_handler_that_raises_breaks_no_page() -> None:
    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise RuntimeError("no disk to log to")

    handler = Broken()
    log.logger.addHandler(handler)
    try:
        site = Site(WARNS)
        exchange = site.tracker.begin("GET", "/", BROWSER)
        exchange.event("odd", value="no number")  # type: ignore[arg-type]  # that is it
        assert exchange.finish(200, HTML).is_tracked
        assert site.failures == 1
    finally:
        log.logger.removeHandler(handler)


def test_more_failures_are_counted_than_told(caplog: pytest.LogCaptureFixture) -> None:
    failures = log.Failures()
    for _ in range(3):
        try:
            raise RuntimeError("mine")
        except RuntimeError:
            failures.note("a test")
    [record] = caplog.records
    assert (failures.count, record.levelname) == (3, "ERROR")
    assert record.exc_info is not None
