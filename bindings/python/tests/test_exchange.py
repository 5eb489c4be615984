"""An exchange: what it tells, what it takes, and that nothing given to it raises."""

from __future__ import annotations

import gc
import math
import threading
from typing import Any

import pytest
from recorded import BROWSER, HTML, PEER, Site

from trackside import Exchange, Verdict, _native


def begin(site: Site, **changes: Any) -> Exchange:
    return site.tracker.begin("GET", "/", BROWSER, peer=PEER, **changes)


def test_the_visitor_is_told_as_long_as_it_is_open(site: Site) -> None:
    exchange = begin(site)
    assert exchange.is_new
    assert exchange.visitor_id is not None
    assert len(exchange.visitor_id) == 36
    assert exchange.notice is not None
    assert exchange.notice.text.startswith("www.example.com uses")
    verdict = exchange.finish(200, HTML)
    assert [name for name, _ in verdict.headers] == [b"Set-Cookie", b"Cache-Control"]
    told: tuple[object, ...] = (exchange.visitor_id, exchange.is_new, exchange.notice)
    assert (exchange.is_over, told) == (True, (None, False, None))


def test_a_notice_is_escaped_for_a_page() -> None:
    site = Site({"consent": {"policy": "notice", "notice": "<b>{site}</b> & cookies"}})
    notice = begin(site).notice
    assert notice is not None
    assert notice.text == "<b>www.example.com</b> & cookies"
    assert notice.html == "&lt;b&gt;www.example.com&lt;/b&gt; &amp; cookies"


def test_what_is_set_last_stands_and_can_be_read(site: Site) -> None:
    exchange = begin(site)
    assert exchange.title is None
    exchange.title = "first"
    exchange.title = "Käse \U0001f9c0"
    exchange.user_id = 7
    exchange.route = None
    assert (exchange.title, exchange.user_id, exchange.route) == ("Käse \U0001f9c0", "7", None)
    exchange.finish(200, HTML)
    [hit] = site.transport.hits
    assert (hit.title, hit.user_id, hit.route) == ("Käse \U0001f9c0", "7", "")


def test_what_comes_late_is_counted_and_ignored(site: Site) -> None:
    exchange = begin(site)
    exchange.finish(200, HTML)
    exchange.title = "late"
    exchange.property("late", 1)
    exchange.event("late")
    assert exchange.finish(500, []) == Verdict("abandoned", ())
    exchange.abandon()
    assert len(site.transport.hits) == 1
    requests = site.tracker.stats().requests
    assert (requests.seen, requests.late) == (1, 3)


def test_an_abandoned_exchange_sends_not_even_its_events(site: Site) -> None:
    exchange = begin(site)
    exchange.event("bought")
    exchange.abandon()
    assert site.transport.hits == []


def test_an_event_of_a_skipped_page_is_sent(site: Site) -> None:
    exchange = site.tracker.begin("POST", "/checkout", BROWSER)
    exchange.event("bought", value=12.5)
    assert exchange.finish(302, []).reason == "method"
    assert [(hit.kind, hit.name, hit.value) for hit in site.transport.hits] == [("event", "bought", 12.5)]


def test_a_value_that_is_no_number_is_none(site: Site) -> None:
    exchange = begin(site)
    for value in (math.nan, math.inf, 10**400):
        exchange.event("odd", value=value)
    exchange.finish(200, HTML)
    assert [hit.value for hit in site.transport.hits[1:]] == [None, None, None]
    assert site.failures == 0


def test_properties_and_events_are_bounded(site: Site) -> None:
    exchange = begin(site)
    for n in range(100_000):
        exchange.property(f"k{n}", n)
        exchange.event(f"e{n}")
    exchange.title = "x" * 10_000_000
    assert exchange.finish(200, HTML).is_tracked
    page, *events = site.transport.hits
    assert (len(page.properties), len(events), len(page.title)) == (64, 64, 1500)


class Hostile:
    def __str__(self) -> str:
        raise RuntimeError("not a text")

    __repr__ = __str__


@pytest.mark.parametrize("value", [Hostile(), "\ud800", b"bytes", [], {"a": 1}, object(), "x\0y"])
def test_odd_annotations_do_not_raise(site: Site, value: Any) -> None:
    exchange = begin(site)
    exchange.title = value
    exchange.user_id = value
    exchange.route = value
    exchange.property(value, value)
    exchange.property("key", value)
    exchange.event(value, category=value, label=value, value=value, properties=value)
    exchange.event("good")
    assert exchange.finish(200, HTML).is_tracked
    assert "good" in [hit.name for hit in site.transport.hits]


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (70_000, HTML),
        (-1, HTML),
        (None, HTML),
        ("200", HTML),
        (200, None),
        (200, [("a",)]),
        (200, [("a", "b", "c")]),
        (200, ["ab"]),
        (200, [(b"a", 7)]),
    ],
)
def test_an_odd_response_is_abandoned_or_judged_and_never_raises(
    site: Site, status: Any, headers: Any
) -> None:
    assert isinstance(begin(site).finish(status, headers), Verdict)
    assert site.tracker.stats().requests.seen == 1


def test_headers_may_be_of_any_kind_and_number(site: Site) -> None:
    many: Any = [(f"x-{n}", "v") for n in range(3000)]
    mixed: Any = [("accept", b"text/html"), (b"host", "www.example.com"), ("x", None), ("y", bytearray(b"z"))]
    for asked, answered in (
        (mixed, [("Content-Type", b"text/html")]),
        ([*BROWSER, *many], [*HTML, *many]),
        (tuple(BROWSER), tuple(HTML)),
        (iter(BROWSER), iter(HTML)),
        (dict(BROWSER).items(), dict(HTML).items()),
    ):
        assert site.tracker.begin(b"GET", "/", asked).finish(200, answered).is_tracked
    assert site.failures == 0


def test_a_cookie_too_long_for_the_buffer_is_told_all_the_same() -> None:
    site = Site({"visitor": {"cookie": {"path": "/" + "p" * 900, "name": "n" * 256}}})
    original = begin(site).finish(200, HTML)
    assert len(original.headers[0][1]) > 1000
    assert site.failures == 0


def test_finish_by_several_threads_counts_once(site: Site) -> None:
    for _ in range(200):
        exchange = begin(site)
        ready = threading.Barrier(4)
        verdicts: list[Verdict] = []

        def finish(
            exchange: Exchange = exchange,
            ready: threading.Barrier = ready,
            verdicts: list[Verdict] = verdicts,
        ) -> None:
            ready.wait()
            exchange.title = exchange.visitor_id
            verdicts.append(exchange.finish(200, HTML))

        threads = [threading.Thread(target=finish) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(verdict.is_tracked for verdict in verdicts) == 1
    assert site.tracker.stats().requests.seen == 200


def test_a_signal_that_ends_a_request_leaves_nothing_to_be_freed_twice(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: Any) -> None:
        """As where Ctrl-C, a worker's time-out or Celery's soft limit comes during the call."""
        assert _native.lib.trackside_scratch_end(*arguments) == 0
        raise KeyboardInterrupt

    exchange = begin(site)
    with monkeypatch.context() as patched:
        patched.setattr("trackside.exchange._native_end", interrupted)
        with pytest.raises(KeyboardInterrupt):
            exchange.finish(200, HTML)
    assert exchange.is_over
    assert exchange.finish(200, HTML) == Verdict("abandoned", ())
    assert (site.tracker.stats().requests.seen, site.failures) == (1, 0)


@pytest.mark.parametrize(("name", "limit"), [("title", 1500), ("user_id", 256), ("route", 2048)])
def test_a_text_reads_as_it_is_sent_and_none_changes_nothing(site: Site, name: str, limit: int) -> None:
    exchange = site.tracker.begin("GET", "/", BROWSER)
    setattr(exchange, name, "x" * 3000)
    setattr(exchange, name, None)
    assert getattr(exchange, name) == "x" * limit
    exchange.finish(200, HTML)
    (hit,) = site.tracker.hits()
    assert getattr(hit, name) == "x" * limit


def test_one_that_is_over_has_nothing_of_another(site: Site) -> None:
    first = begin(site)
    first.finish(200, HTML)
    second = begin(site)
    assert second._scratch is not None, "the places of the first are the second's"
    assert (first.visitor_id, first.visitor(), first.beacon()) == (None, None, "")
    first.set_consent(analytics=False)
    first.abandon()
    assert second.consent.analytics is not False
    assert second.finish(200, HTML).is_tracked
    assert site.tracker.stats().requests.late == 1


def test_one_that_is_collected_unfinished_is_abandoned(site: Site) -> None:
    exchange = begin(site)
    exchange.event("bought")
    del exchange
    gc.collect()
    assert site.transport.hits == []
    assert site.tracker.stats().requests.skipped["abandoned"] == 1
    assert begin(site).finish(200, HTML).is_tracked


def test_what_a_crowd_has_used_is_not_kept(site: Site) -> None:
    crowd = [begin(site) for _ in range(1000)]
    for exchange in crowd:
        exchange.abandon()
    assert len(_native._scratches) <= 256
