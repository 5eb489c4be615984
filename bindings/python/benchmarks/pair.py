"""How long something takes beside nothing."""

from __future__ import annotations

import gc
from collections.abc import Callable
from statistics import median
from time import perf_counter_ns

Call = Callable[[], object]


def added(bare: Call, measured: Call, pairs: int) -> float:
    """The microseconds by which ``measured`` takes longer than ``bare``: the median of the differences of so
    many pairs, in which each of them comes first in turn."""
    differences: list[int] = []
    gc.collect()
    for n in range(pairs):
        first, second = (bare, measured) if n & 1 else (measured, bare)
        start = perf_counter_ns()
        first()
        middle = perf_counter_ns()
        second()
        end = perf_counter_ns()
        differences.append((end - middle) - (middle - start) if n & 1 else (middle - start) - (end - middle))
    return median(differences) / 1e3


def each(call: Callable[[int], object], times: int, rounds: int) -> float:
    """The microseconds of one of ``times`` in a loop that ``call`` runs: the least of so many rounds. What is
    more is the work of others, as ``timeit`` says."""
    taken: list[int] = []
    for _ in range(rounds):
        start = perf_counter_ns()
        call(times)
        taken.append(perf_counter_ns() - start)
    return min(taken) / times / 1e3
