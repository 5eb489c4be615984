"""Functions in Python in place of a receiver."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest
from recorded import BROWSER, CONFIG, HTML, PEER

from trackside import (
    Batch,
    ConfigError,
    Outcome,
    RecordingTransport,
    ReentrantError,
    Tracker,
    TracksideError,
    UnsupportedError,
)

GA: dict[str, Any] = {"type": "ga-v1", "tracking_id": "UA-1-1", "url": "http://localhost:9/collect"}


def visit(tracker: Tracker, path: str = "/") -> None:
    assert tracker.begin("GET", path, BROWSER, peer=PEER).finish(200, HTML).is_tracked


def opened(sink: Any, **destination: Any) -> Tracker:
    one = {"type": "callback", "name": "mine", **destination}
    return Tracker({**CONFIG, "destination": [one]}, env=False, sinks={"mine": sink})


def test_a_sink_is_given_batches_on_a_thread_of_its_own() -> None:
    taken: list[Batch] = []
    threads = set()

    def sink(batch: Batch) -> None:
        taken.append(batch)
        threads.add(threading.get_ident())

    tracker = opened(sink)
    for n in range(10):
        visit(tracker, f"/{n}")
    assert not tracker.flush(30)
    assert sorted(hit.path for batch in taken for hit in batch.hits) == sorted(f"/{n}" for n in range(10))
    assert all(batch.destination == "mine" and len(batch) == len(batch.hits) for batch in taken)
    assert threading.get_ident() not in threads
    assert tracker.stats().destinations["mine"].delivered == 10


@pytest.mark.parametrize(
    ("outcome", "book", "reason"),
    [
        (None, "delivered", None),
        (Outcome.DELIVERED, "delivered", None),
        (Outcome.REFUSED, "refused", "rejected"),
        (Outcome.UNKNOWN, "dropped", "ambiguous"),
        (Outcome.UNAVAILABLE, "dropped", "store-unavailable"),
        (Outcome.SPLIT, "refused", "too-large"),
        ("what", "dropped", "ambiguous"),
        (99, "dropped", "ambiguous"),
        (RuntimeError("mine"), "dropped", "ambiguous"),
        (SystemExit(), "dropped", "ambiguous"),
    ],
)
def test_what_a_sink_says_stands_in_the_books(
    outcome: Any, book: str, reason: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    def sink(batch: Batch) -> Any:
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    tracker = opened(sink)
    visit(tracker)
    assert not tracker.flush(30)
    hits = tracker.stats().destinations["mine"]
    expected = {"delivered": 1} if reason is None else {book: {reason: 1}}
    assert {book: getattr(hits, book)} == expected
    is_failure = not isinstance(outcome, (Outcome, type(None)))
    assert tracker.failures.count == is_failure
    told = [record for record in caplog.records if "the sink of `mine` failed" in record.getMessage()]
    assert len(told) == is_failure


def test_what_is_to_be_tried_again_is() -> None:
    outcomes = [Outcome.RETRY, Outcome.DELIVERED]

    def sink(batch: Batch) -> Outcome:
        batch.retry_after(0)
        return outcomes.pop(0)

    tracker = opened(sink)
    visit(tracker)
    assert not tracker.flush(30)
    hits = tracker.stats().destinations["mine"]
    assert (outcomes, hits.delivered, hits.retries) == ([], 1, 1)


def test_a_hit_over_which_the_receiver_fails_is_refused_if_the_receiver_has_said_so() -> None:
    delivered: list[str] = []

    def sink(batch: Batch) -> Outcome:
        if batch.hits[0].path == "/bad":
            batch.answered()
            return Outcome.RETRY
        delivered.extend(hit.path for hit in batch.hits)
        return Outcome.DELIVERED

    tracker = opened(sink, batch={"hits": 1})
    for path in ["/bad", *(f"/{n}" for n in range(8))]:
        visit(tracker, path)
    assert not tracker.flush(30)
    assert delivered == [f"/{n}" for n in range(8)]
    hits = tracker.stats().destinations["mine"]
    assert (hits.delivered, hits.refused) == (8, {"poison": 1})


def test_part_of_a_batch_may_be_taken_or_refused() -> None:
    sizes = []

    def sink(batch: Batch) -> None:
        sizes.append(len(batch))
        batch.taken(1)
        if batch.hits[0].path == "/1":
            batch.refuse(0)

    tracker = opened(sink, batch={"age": "100ms"})
    for n in range(3):
        visit(tracker, f"/{n}")
    assert not tracker.flush(30)
    hits = tracker.stats().destinations["mine"]
    assert (hits.delivered, hits.refused) == (2, {"rejected": 1})
    assert sum(sizes) >= 3


def test_the_wire_format_of_a_destination_is_there_to_send() -> None:
    seen: list[Any] = []

    def sink(batch: Batch) -> Outcome:
        outgoing = batch.request()
        seen.append(outgoing)
        assert batch.classify(503, [(b"retry-after", b"0")]) == Outcome.RETRY
        return batch.classify(200, [], b"GIF89a")

    tracker = Tracker({**CONFIG, "track": {"bots": "keep"}, "destination": [GA]}, env=False, transport=sink)
    visit(tracker, "/news/")
    assert not tracker.flush(30)
    [outgoing] = seen
    assert (outgoing.method, outgoing.url) == ("POST", "http://localhost:9/collect")
    assert b"dp=%2Fnews%2F" in outgoing.body
    assert (b"content-type", b"application/x-www-form-urlencoded") in outgoing.headers
    assert tracker.stats().destinations["ga-v1"].delivered == 1


def test_a_batch_is_over_when_its_delivery_is() -> None:
    kept: list[Batch] = []
    tracker = opened(kept.append)
    visit(tracker)
    assert not tracker.flush(30)
    assert kept[0].hits[0].path == "/"
    with pytest.raises(TracksideError, match="over"):
        kept[0].taken(1)


def test_what_has_no_wire_format_says_so() -> None:
    said: list[Exception] = []

    def sink(batch: Batch) -> None:
        try:
            batch.request()
        except UnsupportedError as error:
            said.append(error)

    tracker = opened(sink)
    visit(tracker)
    assert not tracker.flush(30)
    assert len(said) == 1


def test_a_sink_cannot_wait_for_itself() -> None:
    said: list[Exception] = []

    def sink(batch: Batch) -> None:
        for wait in (tracker.flush, tracker.close):
            try:
                wait(1)
            except ReentrantError as error:
                said.append(error)

    tracker = opened(sink)
    visit(tracker)
    assert not tracker.flush(30)
    assert len(said) == 2


def test_a_transport_takes_what_each_destination_would() -> None:
    seen = []
    config = {
        **CONFIG,
        "track": {"bots": "keep"},
        "destination": [GA, {"type": "sqlite", "path": "/nowhere/at/all.db"}],
    }
    tracker = Tracker(config, env=False, transport=lambda batch: seen.append((batch.destination, len(batch))))
    visit(tracker)
    assert not tracker.flush(30)
    assert sorted(seen) == [("ga-v1", 1), ("sqlite", 1)]


def test_a_record_of_several_trackers_is_cleared_tracker_by_tracker() -> None:
    transport = RecordingTransport()
    first, second = (Tracker(CONFIG, env=False, transport=transport) for _ in range(2))
    visit(first, "/before")
    visit(second, "/before")
    transport.clear()
    assert transport.hits == []
    visit(first, "/after/1")
    visit(second, "/after/2")
    assert [hit.path for hit in transport.hits] == ["/after/1", "/after/2"]
    transport.close()


def test_where_threads_are_off_a_sink_is_an_error_that_names_the_flag(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Uwsgi:
        has_threads = 0

    monkeypatch.setitem(sys.modules, "uwsgi", Uwsgi())
    with pytest.raises(ConfigError, match="enable-threads"):
        opened(print)
    # The clock and the entropy are asked by threads of the library, too.
    with pytest.raises(ConfigError, match=r"the clock .*enable-threads"):
        Tracker(CONFIG, env=False, transport=RecordingTransport(), clock=lambda: 0)
    with pytest.raises(ConfigError, match=r"the entropy .*enable-threads"):
        Tracker(CONFIG, env=False, transport=RecordingTransport(), entropy=lambda: bytes(64))
    Tracker({**CONFIG, "track": {"bots": "keep"}, "destination": [GA]}, env=False).close()
    Uwsgi.has_threads = 1
    opened(print).close()


@pytest.mark.parametrize("answer", [True, False, 0, "delivered"])
def test_an_answer_that_is_no_outcome_is_a_mistake(answer: Any) -> None:
    tracker = opened(lambda batch: answer)
    visit(tracker)
    assert not tracker.flush(30)
    assert tracker.stats().destinations["mine"].dropped == {"ambiguous": 1}
    assert tracker.failures.count == 1
