"""The table: figure, goal, ours, peer, ratio, met or not."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

#: One value for each run.
Series = Sequence[float]


class Row(NamedTuple):
    figure: str
    ours: Series
    #: The goal's number, as ``G13``; empty where there is none.
    goal: str = ""
    #: Who else was measured, and what came out.
    peer: tuple[str, Series] | None = None
    #: What ours may be at most, as a part of the peer's.
    at_most: float | None = None
    #: What ours must be at least, as a multiple of the peer's.
    at_least: float | None = None
    #: What ours may be at most, in its own unit.
    limit: float | None = None

    @property
    def ratios(self) -> list[float]:
        return [ours / other for ours, other in zip(self.ours, self.peer[1])] if self.peer else []

    @property
    def is_met(self) -> bool:
        if self.at_most is not None and median(self.ratios) > self.at_most:
            return False
        if self.at_least is not None and median(self.ratios) < self.at_least:
            return False
        return self.limit is None or median(self.ours) <= self.limit

    @property
    def wanted(self) -> str:
        if self.at_most is not None:
            return f"≤ {self.at_most:.3g} x"
        if self.at_least is not None:
            return f"≥ {self.at_least:.3g} x"
        return "" if self.limit is None else f"≤ {self.limit:.3g}"


HEAD = ("figure", "goal", "ours", "peer", "ratio", "wanted", "")


def table(rows: Sequence[Row]) -> str:
    lines = [HEAD, *map(_cells, rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(HEAD))]
    lines.insert(1, tuple("-" * width for width in widths))  # type: ignore[arg-type]  # As many as in HEAD.
    padded = [(cell.ljust(width) for cell, width in zip(line, widths)) for line in lines]
    return "\n".join("  ".join(line).rstrip() for line in padded)


def _cells(row: Row) -> tuple[str, str, str, str, str, str, str]:
    peer = f"{row.peer[0]} {_shown(row.peer[1])}" if row.peer else ""
    verdict = ("met" if row.is_met else "NOT MET") if row.wanted else ""
    return row.figure, row.goal, _shown(row.ours), peer, _shown(row.ratios), row.wanted, verdict


def _shown(series: Series) -> str:
    if not series:
        return ""
    middle = _short(median(series))
    return middle if len(series) == 1 else f"{middle} ({_short(min(series))}-{_short(max(series))})"


def _short(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value / 1000:.1f} k"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
