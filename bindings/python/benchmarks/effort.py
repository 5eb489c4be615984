"""How exactly to measure."""

from __future__ import annotations

from typing import NamedTuple


class Effort(NamedTuple):
    #: How many times everything is measured.
    runs: int
    #: Requests with and without a middleware, in a run.
    pairs: int
    #: Rounds of a thousand calls, in a run.
    rounds: int
    #: Hits that are delivered, in a run.
    hits: int


FULL = Effort(runs=5, pairs=3_000, rounds=30, hits=50_000)
QUICK = Effort(runs=2, pairs=500, rounds=10, hits=5_000)
