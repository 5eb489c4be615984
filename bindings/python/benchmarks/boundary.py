"""G14: what the way from Python to the library costs."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks import pair
from benchmarks.effort import Effort
from benchmarks.report import Row
from benchmarks.request import CHROME, HTML, PATH, PEER, QUERY
from trackside import Tracker, _block, _native
from trackside._native import lib

TIMES = 1000


class Traffic:
    """The returning visitor, by whom a tracker is called in two ways."""

    def __init__(self, tracker: Tracker) -> None:
        self.tracker = tracker
        target, read = f"{PATH}?{QUERY}", set(_native.REQUEST_HEADERS)
        headers = [(name, value) for name, value in CHROME if name in read]
        verdict = tracker.begin("GET", target, headers, peer=PEER, secure=True).finish(200, HTML)
        cookies = [value.partition(b";")[0] for name, value in verdict.headers if name == b"Set-Cookie"]
        headers += [("cookie", cookie.decode()) for cookie in cookies]
        self.request = _block.request("GET", target, headers, "", PEER, True)
        self.response = _block.response(200, HTML)

    def natively(self, times: int) -> None:
        """Begin and end, each the one call that it is."""
        begin, end = lib.trackside_exchange_begin_blob, lib.trackside_exchange_end_blob
        tracker, request, response = self.tracker._handle, self.request, self.response
        scratch = _native.Scratch()
        place, error, buffer, needed = scratch.exchange, scratch.error, scratch.buffer, scratch.needed
        failed, length, capacity = 0, len(response), scratch.CAPACITY
        for _ in range(times):
            failed |= begin(tracker, request, len(request), place, error)
            failed |= end(place[0], response, length, buffer, capacity, needed, error)
        place[0] = _native.NULL  # What it shows has ended.
        if failed:
            raise RuntimeError("a call has failed")

    def exchanges(self, times: int) -> None:
        """Through the classes, with the response's block made each time."""
        begin, request = self.tracker._begin, self.request
        for _ in range(times):
            begin(request).finish(200, HTML)


def measure(effort: Effort) -> list[Row]:
    off, tracked, whole = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        store = {"type": "sqlite", "path": Path(folder, "trackside.db"), "queue": {"hits": 100_000}}
        # All of a run waits at once, so that the worker does not take the processor meanwhile.
        store["batch"] = {"hits": 10_000}
        config = {"consent": {"policy": "none"}, "destination": [store]}
        with Tracker({**config, "mode": "off"}, env=False) as idle, Tracker(config, env=False) as busy:
            idly, busily = Traffic(idle), Traffic(busy)
            for _ in range(effort.runs):
                off.append(pair.each(idly.natively, TIMES, effort.rounds) / 2)
                tracked.append(pair.each(busily.natively, TIMES, effort.rounds) / 2)
                busy.flush()
                whole.append(pair.each(busily.exchanges, TIMES, effort.rounds))
                busy.flush()
            book = busy.stats().destinations["sqlite"]
            expected = 2 * TIMES * effort.rounds * effort.runs + 1
            if not book.delivered == book.offered == expected:
                raise RuntimeError(f"{book}: not all of {expected} were delivered")
    return [
        Row("Python boundary, µs a call of begin or end, tracking off", off, "G14", limit=1.0),
        Row("Python boundary, µs a call of begin or end, tracked", tracked),
        Row("Exchange, begun and finished, tracked, µs", whole),
    ]
